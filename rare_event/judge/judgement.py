"""Judgement of a model over all folds: its ranking with an interval, and its counts of events and alarms."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np

from rare_event.clock import MINUTES, MS_PER_MINUTE, TimeUnit, rate_of
from rare_event.config import AlarmPolicy, Rule
from rare_event.judge.arrays import AsLists
from rare_event.judge.evaluation import caught_and_rate, ranking
from rare_event.judge.resampling import ends_of, mean_auc_draws
from rare_event.judge.rules import choose
from rare_event.judge.scores import OLDER_LEAD, Scores
from rare_event.judge.thresholds import OperatingPoints, operating_points
from rare_event.judge.trailing import PastAlarms, follow

# False alarms a day.
BUDGETS = (1.0, 2.0, 5.0)
# Budgets followed at once: each takes memory for all windows.
AT_ONCE = 2
# A threshold that follows the scores; the quantile itself comes from the budget.
TRAILING = Rule("trailing-quantile", 0.99)

# Raise this when the counting of alarms or events changes: older figures are then not compared.
COUNTED_SINCE = 1

Threshold = Literal["past", "trailing", "hindsight"]


@dataclass(frozen=True)
class Count:
    """Events caught and false alarms at a budget.

    Parameters
    ----------
    threshold
        How it is chosen. ``past``: on the validation part of each fold. ``trailing``: it follows the
        scores (rule ``trailing-quantile``). ``hindsight``: on the test rows, so an upper bound.
    budget
        False alarms a day that were aimed at.
    lead
        Lead window in minutes.
    caught
        Events caught.
    false_alarms_per_day
        The actual rate; None for less than a day of running time, and in records of older versions that
        did not keep it.
    """

    threshold: Threshold
    budget: float
    lead: float
    caught: int
    false_alarms_per_day: float | None


@dataclass(frozen=True)
class Judgement:
    """Figures of one model over folds.

    Parameters
    ----------
    name
        Name of the model.
    lead_windows
        Minutes before an event in which an alarm counts; see `Scores.lead_windows`.
    windows
        Digest of the windows and labels it was judged on. Only equal ones can be compared.
    fold_auc
        ROC AUC of each fold; None where a fold has one class only.
    interval
        95% interval of the mean over folds; None where not defined.
    auc_draws
        That mean in each resample of stretches, shape (resamples,); empty where not defined.
        Draws of equal `windows` are paired.
    pooled_auc, average_precision
        Over all folds together; None with one class only.
    base_rate
        Share of positive windows: the average precision of chance.
    n_events
        Events of all test parts.
    counts
        One for each kind of threshold, budget and lead window.
    time_unit
        Unit of lead windows and rates: rows where the file has no clock.

    Examples
    --------
    >>> judgement = Judgement(
    ...     "dense", (4.0, 20.0), "a digest", fold_auc=(0.75, 0.5), interval=None, auc_draws=np.empty(0),
    ...     pooled_auc=0.6, average_precision=0.04, base_rate=0.01, n_events=78,
    ...     counts=(Count("past", budget=2.0, lead=4.0, caught=14, false_alarms_per_day=3.2),),
    ... )
    >>> judgement.mean_fold_auc
    0.625
    >>> judgement.count("past", 2.0).caught
    14
    """

    name: str
    lead_windows: tuple[float, float]
    windows: str
    fold_auc: tuple[float | None, ...]
    interval: tuple[float, float] | None
    auc_draws: Annotated[np.ndarray, AsLists()]
    pooled_auc: float | None
    average_precision: float | None
    base_rate: float
    n_events: int
    counts: tuple[Count, ...]
    time_unit: TimeUnit = MINUTES

    @property
    def mean_fold_auc(self) -> float | None:
        """Mean over the folds that have an AUC; None where none has."""
        known = [auc for auc in self.fold_auc if auc is not None]
        return float(np.mean(known)) if known else None

    def count(self, threshold: Threshold, budget: float, lead: float | None = None) -> Count:
        """Find a count; at the narrower lead window unless another is given.

        Raises
        ------
        ValueError
            If it was not counted.
        """
        lead = self.lead_windows[0] if lead is None else lead
        for count in self.counts:
            if (count.threshold, count.budget, count.lead) == (threshold, budget, lead):
                return count
        raise ValueError(f"No {threshold} count at {budget:g} false alarms a day, {lead:g} minutes.")


def judge(validation: Scores, test: Scores, policy: AlarmPolicy, name: str) -> Judgement:
    """Judge a model over folds.

    Raises
    ------
    DataError
        If a part has no window.
    """
    folds = np.unique(test.fold).tolist()
    pasts = {fold: validation.of_fold(fold) for fold in folds}
    tests = [test.of_fold(fold) for fold in folds]
    draws = mean_auc_draws(tests)
    pooled_auc, average_precision = ranking(test)
    by_lead = [_Counted.of(policy.with_lead(lead), test, pasts) for lead in dict.fromkeys(test.lead_windows)]
    clustered = {
        fold: PastAlarms.of(part, policy, TRAILING.days) for fold, part in validation.by_fold().items()
    }

    def follow_at(budget: float) -> Scores:
        quantiles = {fold: alarms.quantile(budget) for fold, alarms in clustered.items()}
        return follow(test, TRAILING, validation, quantiles)

    counts: list[Count] = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        # Quantiles of long data are most of a judgement, and pandas computes them without Python.
        for budget, followed in zip(BUDGETS, pool.map(follow_at, BUDGETS), strict=True):
            for counted in by_lead:
                counts += counted.at(budget, test, followed)
    return Judgement(
        name=name,
        lead_windows=test.lead_windows,
        windows=windows_digest(test),
        fold_auc=tuple(ranking(part)[0] for part in tests),
        interval=ends_of(draws),
        auc_draws=np.empty(0) if draws is None else draws,
        pooled_auc=pooled_auc,
        average_precision=average_precision,
        base_rate=test.n_positive / len(test),
        n_events=len(test.total_events),
        counts=tuple(counts),
        time_unit=test.time_unit,
    )


@dataclass(frozen=True, eq=False)
class _Counted:
    """All thresholds counted under one policy: of the test part, and of each fold's past."""

    policy: AlarmPolicy
    points: OperatingPoints
    past: Mapping[int, OperatingPoints]

    @classmethod
    def of(cls, policy: AlarmPolicy, test: Scores, pasts: Mapping[int, Scores]) -> _Counted:
        past = {fold: operating_points(part, policy) for fold, part in pasts.items()}
        return cls(policy, operating_points(test, policy), past)

    def at(self, budget: float, test: Scores, followed: Scores) -> Iterator[Count]:
        """Count at the thresholds that keep a budget: in hindsight, from the past, and trailing."""
        rule, lead = Rule("fa-per-day", budget), test.lead_of(self.policy)
        at = self.points.at(choose(self.points, rule))
        # Without a threshold that keeps the budget there is no alarm.
        kept = at < len(self.points)
        caught, false = (self.points.caught[at], self.points.false_alarms[at]) if kept else (0, 0)
        yield Count("hindsight", budget, lead, int(caught), rate_of(false, self.points.days))
        past = {fold: choose(points, rule) for fold, points in self.past.items()}
        yield Count("past", budget, lead, *caught_and_rate(test, past, self.policy))
        # A score of 1 is the trailing quantile that the past says will keep the budget.
        ones = dict.fromkeys(past, 1.0)
        yield Count("trailing", budget, lead, *caught_and_rate(followed, ones, self.policy))


def windows_digest(test: Scores) -> str:
    """Return a digest of which windows were judged under which labels and folds."""
    # Only where the label's lead window is another, or rows stand for time, were alarms counted
    # otherwise before.
    lead = [] if test.lead == OLDER_LEAD else [round(test.lead * MS_PER_MINUTE)]
    counted = [COUNTED_SINCE, *lead, *([-1] if test.time_unit.reason else [])]
    columns = (np.array(counted), test.row, test.fold, test.y_true, test.total_events)
    joined = b"".join(np.ascontiguousarray(column, np.int64).tobytes() for column in columns)
    return hashlib.sha256(joined).hexdigest()[:16]
