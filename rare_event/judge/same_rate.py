"""A model against fixed alarms, at the same false alarms a day: which events only one of them catches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from rare_event.clock import MINUTES, TimeUnit, rate_of
from rare_event.config import AlarmPolicy, Rule
from rare_event.judge.alarm_list import JudgedAlarms
from rare_event.judge.alarms import event_ledger
from rare_event.judge.evaluation import call, evaluate, false_alarms_in_words
from rare_event.judge.exact import exact_share
from rare_event.judge.rules import choose
from rare_event.judge.scores import Scores
from rare_event.judge.thresholds import operating_points
from rare_event.text import plural

Answer = Literal["better", "worse", "cannot be told"]


@dataclass(frozen=True)
class SameRate:
    """Events caught by a model and by fixed alarms, at the same false alarms a day.

    Parameters
    ----------
    n_events
        Events of the windows.
    model, alarms
        Events that either catches.
    only_model, only_alarms
        Those of them that the other misses.
    false_alarms, model_false_alarms
        Of the fixed alarms, and of the model: as many, or the next lower number that a threshold gives.
    days
        Running time in days, or thousands of rows.
    always_on
        Why the fixed alarms cannot be compared; empty if they can.
    time_unit
        Of the windows.

    Examples
    --------
    >>> one = SameRate(56, model=27, alarms=11, only_model=20, only_alarms=4, false_alarms=9,
    ...                model_false_alarms=9, days=6.0)
    >>> one.answer, one.p_value < 0.01
    ('better', True)
    """

    n_events: int
    model: int
    alarms: int
    only_model: int
    only_alarms: int
    false_alarms: int
    model_false_alarms: int
    days: float
    always_on: str = ""
    time_unit: TimeUnit = MINUTES

    @property
    def answer(self) -> Answer:
        """Whether the model is better.

        Events that both catch, or both miss, say nothing. Of the others, each would be the model's or the
        alarms' with even odds if they were alike; the exact 95 % interval of the model's share must leave
        one half out (McNemar 1947, with the interval of Clopper and Pearson 1934).
        """
        if self.always_on:
            return "cannot be told"
        low, high = exact_share(self.only_model, self.only_model + self.only_alarms)
        return "better" if low > 0.5 else "worse" if high < 0.5 else "cannot be told"

    @property
    def p_value(self) -> float:
        """Chance of a difference as large as this one between two that are alike (exact McNemar test)."""
        from scipy.stats import binomtest

        differing = self.only_model + self.only_alarms
        return float(binomtest(self.only_model, differing).pvalue) if differing else 1.0

    @property
    def rate(self) -> float | None:
        """False alarms a day of the fixed alarms; None where the time is too short for a rate."""
        return rate_of(self.false_alarms, self.days)

    def in_words(self, model: str, alarms: str) -> str:
        """Say the result in one sentence.

        Parameters
        ----------
        model, alarms
            Names of the model and of the fixed alarms, as shown.
        """
        if self.always_on:
            return (
                f"It cannot be told whether {model} beats {alarms}: {alarms} is on in more than half of the "
                "windows, so it is on at events without warning of them."
            )
        at = false_alarms_in_words(self.false_alarms, self.days, self.time_unit)
        fewer = ""
        if self.model_false_alarms < self.false_alarms:
            fewer = f" or fewer ({self.model_false_alarms:,} against {self.false_alarms:,} in all)"
        figures = (
            f"at the same {at}{fewer} it catches {self.model:,} of {plural(self.n_events, 'event')}, "
            f"{alarms} {self.alarms:,} ({self.only_model:,} are caught by the model only, "
            f"{self.only_alarms:,} by the alarms only)."
        )
        begin = {
            "better": f"{model} is better than {alarms}",
            "worse": f"{model} is worse than {alarms}",
            "cannot be told": f"These data cannot show whether {model} or {alarms} is better",
        }[self.answer]
        if self.answer == "cannot be told":
            figures = figures.replace(" it catches", f" {model} catches", 1)
        return f"{begin}: {figures}"


def at_same_rate(scores: Scores, policy: AlarmPolicy, judged: JudgedAlarms) -> SameRate:
    """Compare a model with fixed alarms on the same windows.

    The model's threshold is the lowest that gives no more false alarms than the fixed alarms have in these
    windows: their number decides it, not the events.

    Parameters
    ----------
    scores
        The model's, of the windows on which the alarms were judged, in the same order.
    policy
        The model's alarm policy; it takes its lead window from that of the alarms.
    judged
        The fixed alarms.

    Raises
    ------
    ValueError
        If the windows are not the same.
    """
    windows, fixed = judged.windows, judged.evaluation
    if (
        len(scores) != len(windows)
        or (scores.row != windows.row).any()
        or (scores.fold != windows.fold).any()
    ):
        raise ValueError("The model and the alarms are not on the same windows.")
    if judged.policy.lead is not None:
        policy = policy.with_lead(judged.policy.lead)
    budget = fixed.false_alarms / scores.days if scores.days else 0.0
    threshold = choose(operating_points(scores, policy), Rule("fa-per-day", budget))
    thresholds = dict.fromkeys(np.unique(scores.fold).tolist(), threshold)
    model = evaluate(scores, thresholds, policy)
    caught = event_ledger(call(scores, thresholds), 1.0, policy).set_index("event")["caught"]
    theirs = event_ledger(windows, 1.0, judged.policy).set_index("event")["caught"]
    return SameRate(
        n_events=len(caught),
        model=int(caught.sum()),
        alarms=int(theirs.sum()),
        only_model=int((caught & ~theirs).sum()),
        only_alarms=int((theirs & ~caught).sum()),
        false_alarms=fixed.false_alarms,
        model_false_alarms=model.false_alarms,
        days=fixed.days,
        always_on=fixed.always_on,
        time_unit=fixed.time_unit,
    )
