"""What a plant has today, judged on the windows of a leaderboard, and whether a model beats it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rare_event.config import AlarmPolicy
from rare_event.experiment.alarm_list import Today, judge_list, judge_rule, sentence_of
from rare_event.experiment.suppressing import unapplied
from rare_event.judge.same_rate import SameRate, at_same_rate
from rare_event.judge.scores import Scores
from rare_event.judge.standing import Row
from rare_event.prepare.table import Table
from rare_event.store.alarm_lists import StoredAlarms


@dataclass(frozen=True, eq=False)
class TodayRow:
    """An alarm list or a rule on a leaderboard.

    Parameters
    ----------
    stored
        The list or rule.
    today
        What it is worth.
    against
        The comparison with a model.
    unapplied
        That suppression is not applied to it, in words; empty where the alarm policy has none.
    """

    stored: StoredAlarms
    today: Today
    against: SameRate
    unapplied: str = ""

    def sentences(self, model: str) -> list[str]:
        """Say whether a model beats it, what it catches, which alarms count, and what is not applied.

        Parameters
        ----------
        model
            Name of the model.
        """
        counted = self.today.counted
        return [
            self.against.in_words(f"“{model}”", f"“{self.stored.name}”"),
            sentence_of(self.today),
            *(counted.in_words() if counted else ()),
            *([self.unapplied] if self.unapplied else []),
        ]


def today_row(stored: StoredAlarms, table: Table, scores: Scores, policy: AlarmPolicy) -> TodayRow:
    """Judge an alarm list or a rule on the windows of a model, and compare the two.

    Parameters
    ----------
    stored
        The list or rule.
    table
        The rows.
    scores
        The model's test scores, each row once.
    policy
        The model's alarm policy, with the lead window in which alarms count.

    Raises
    ------
    RareEventError
        If the list cannot be read, or does not fit the table.
    """
    if stored.rule is not None:
        today = judge_rule(table, stored.rule, scores, policy)
    else:
        today = judge_list(table, stored.alarms(), scores, policy)
    said = unapplied(policy, "list" if stored.rule is None else "rule", model=True)
    return TodayRow(stored, today, at_same_rate(scores, policy, today.judged), said)


def model_against(board: Sequence[Row], own: str) -> Row | None:
    """Return the row of the model that today's alarms are compared with: the run in use, or the best.

    Parameters
    ----------
    board
        The leaderboard.
    own
        Id of the run in use; empty if it is not on the board.
    """
    models = [row for row in board if row.run]
    return next((row for row in models if row.run == own), next(iter(models), None))
