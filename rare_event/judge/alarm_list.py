"""Alarms that are fixed, such as those of a control system: judged like those of a model at a threshold.

A list of alarms has one operating point. It ranks nothing, so it has no AUC and no curve; its false alarms a
day are what they are, and a model is compared with it at that rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from rare_event.config import AlarmPolicy
from rare_event.judge.alarms import alarms
from rare_event.judge.chance import OFFSETS, figure_intervals, sources
from rare_event.judge.evaluation import Evaluation, evaluate
from rare_event.judge.ledger import ledger
from rare_event.judge.load import Load, load_at
from rare_event.judge.resampling import interval_of
from rare_event.judge.scores import Scores

# Columns of a ledger that only a score gives.
OF_SCORES = ("ended", "peak", "row", "fold", "sensors")


@dataclass(frozen=True)
class ByChance:
    """Events that the same alarms would catch at other times: the mean, and the 95% interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class JudgedAlarms:
    """What fixed alarms are worth on scored windows.

    Parameters
    ----------
    windows
        1 where an alarm stands, 0 elsewhere.
    policy
        The alarm policy; see `fixed_policy`.
    evaluation
        Figures; without those of a ranking.
    intervals
        `low` and `high` of each figure, as returned by `figure_intervals`; without the AUC.
    chance
        What the alarms would catch at other times.
    """

    windows: Scores
    policy: AlarmPolicy
    evaluation: Evaluation
    intervals: pd.DataFrame
    chance: ByChance

    @property
    def load(self) -> Load:
        """What the alarms ask of an operator."""
        return load_at(self.windows, dict.fromkeys(np.unique(self.windows.fold).tolist(), 1.0), self.policy)

    @property
    def against_chance(self) -> str:
        """``more``, ``fewer`` or ``as many``: events caught, as against what chance would catch."""
        caught = self.evaluation.caught
        return "more" if caught > self.chance.high else "fewer" if caught < self.chance.low else "as many"


def fixed_policy(policy: AlarmPolicy, lead: float | None = None) -> AlarmPolicy:
    """Return a policy for alarms that are fixed: not counted k of n again, muted or suppressed.

    Parameters
    ----------
    policy
        That of a model.
    lead
        Lead window in minutes; None: that of the policy.
    """
    fixed = replace(policy.unsuppressed(), k=1, n=1, mute=0)
    return fixed if lead is None else fixed.with_lead(lead)


def judge_alarms(
    windows: Scores, alarmed: np.ndarray, policy: AlarmPolicy, offsets: int = OFFSETS
) -> JudgedAlarms:
    """Judge fixed alarms on the windows of a model.

    Parameters
    ----------
    windows
        Scored windows; their scores play no part.
    alarmed
        Whether an alarm stands in each of them, bool of shape (n,).
    policy
        The alarm policy; its k, n and mute play no part.
    offsets
        Number of times that the alarms are shifted for the figures of chance.
    """
    policy = fixed_policy(policy)
    called = windows.with_score(alarmed.astype(float))
    thresholds = dict.fromkeys(np.unique(called.fold).tolist(), 1.0)
    figures = evaluate(called, thresholds, policy)
    return JudgedAlarms(
        called,
        policy,
        replace(figures, auc=None, average_precision=None),
        figure_intervals(called, thresholds, policy, offsets=0).drop(index="auc")[["low", "high"]],
        _by_chance(called, policy, offsets),
    )


def _by_chance(called: Scores, policy: AlarmPolicy, offsets: int) -> ByChance:
    inside = np.flatnonzero(called.in_lead_window(policy) & called.in_time(policy))
    event, alarmed, series = called.event[inside], called.y_score >= 1, called.series
    drawn = [float(len(np.unique(event[alarmed[sources(series, seed)[inside]]]))) for seed in range(offsets)]
    low, high = interval_of(np.array(drawn)[:, None])
    return ByChance(float(np.mean(drawn)), float(low[0]), float(high[0]))


def alarm_ledger(judged: JudgedAlarms, of_event: Sequence[str] = ()) -> pd.DataFrame:
    """Write the ledger of fixed alarms.

    Parameters
    ----------
    judged
        The alarms.
    of_event
        Machine of each event, by its number.

    Returns
    -------
    pandas.DataFrame
        That of `ledger`, without what only a score gives; `row` is that of the first alarm, missing where
        an event is missed.
    """
    called, policy = judged.windows, judged.policy
    lines = ledger(called, 1.0, policy, of_event=of_event)
    inside = (called.y_score >= 1) & called.in_lead_window(policy) & called.in_time(policy)
    first = pd.Series(called.row[inside]).groupby(called.event[inside]).min()
    listed = alarms(called, 1.0, policy)
    row = pd.concat(
        [lines.loc[lines["kind"] == "event", "event"].map(first), listed.loc[listed["false"], "first_row"]]
    )
    return lines.drop(columns=list(OF_SCORES)).assign(row=row.astype("Int64").array)


def alarm_periods(called: Scores) -> pd.DataFrame:
    """List the periods in which an alarm stands in each window, one for each unbroken run of a stretch.

    Merged by a policy they are the alarms of that policy, so a list of them is judged as its source was.

    Parameters
    ----------
    called
        Windows scored 1 where they are alarmed, after k of n and mute.

    Returns
    -------
    pandas.DataFrame
        `first_row`, `last_row`.
    """
    alarmed, age = called.y_score >= 1, called.age
    before = np.append(False, alarmed[:-1])[: len(alarmed)] & (age > 0)
    later = np.append(alarmed[1:] & (age[1:] > 0), False)[: len(alarmed)]
    return pd.DataFrame(
        {"first_row": called.row[alarmed & ~before], "last_row": called.row[alarmed & ~later]}
    )
