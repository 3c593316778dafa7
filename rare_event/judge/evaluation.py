"""Evaluation: what a committed threshold is worth on a part of the data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rare_event.clock import MINUTES, TimeUnit, rate_of
from rare_event.config import AlarmPolicy
from rare_event.judge.alarms import alarm_level, alarms, event_ledger, still_standing
from rare_event.judge.exact import exact_count
from rare_event.judge.hysteresis import holds_up_to
from rare_event.judge.ranks import ranks_of
from rare_event.judge.scores import Scores
from rare_event.judge.thresholds import MOST_STANDING
from rare_event.text import number, plural


@dataclass(frozen=True)
class Evaluation:
    """Figures of one part at one threshold.

    Parameters
    ----------
    n, n_positive
        Scored windows, and the positive ones among them.
    auc, average_precision
        Over all thresholds; None where the part has one class only.
    tn, fp, fn, tp
        Rows.
    caught, n_events
        Events.
    alarms, false_alarms
        Alarms, and those with no event in their lead window.
    days
        Running time in days, or thousands of rows.
    median_lead
        Minutes, or rows, from the first alarm of an event to the event; None if none was caught. The
        delay where `during`.
    time_unit
        Of the scores.
    standing
        Share of the windows in which an alarm stands.
    during
        Whether events are detected while they last.
    """

    n: int
    n_positive: int
    auc: float | None
    average_precision: float | None
    tn: int
    fp: int
    fn: int
    tp: int
    caught: int
    n_events: int
    alarms: int
    false_alarms: int
    days: float
    median_lead: float | None
    time_unit: TimeUnit = MINUTES
    standing: float = 0.0
    during: bool = False

    @property
    def always_on(self) -> str:
        """A sentence where an alarm stands in most windows, as then it warns of nothing; else empty."""
        return always_on(self.standing)

    @property
    def precision(self) -> float | None:
        """Share of the rows called positive that are; None if none is called so."""
        called = self.tp + self.fp
        return self.tp / called if called else None

    @property
    def recall(self) -> float | None:
        """Share of the positive rows called positive; None without positives."""
        return self.tp / self.n_positive if self.n_positive else None

    @property
    def false_alarms_per_day(self) -> float:
        """False alarms per day of running time, or per 1,000 rows, however short the time is."""
        return self.false_alarms / self.days if self.days else 0.0

    @property
    def rate(self) -> float | None:
        """The same where the time is long enough for it to be shown; else None."""
        return rate_of(self.false_alarms, self.days)


def always_on(standing: float) -> str:
    """Say that an alarm stands in most windows, given their share; empty where it does not."""
    if standing <= MOST_STANDING:
        return ""
    return (
        f"An alarm is on in {standing:.0%} of the windows, so an alarm before an event means "
        "little. Choose a higher threshold."
    )


def false_alarms_in_words(false_alarms: int, days: float, unit: TimeUnit) -> str:
    """Write the false alarms as a rate; in less than a day, or 1,000 rows, as a count with its interval.

    Examples
    --------
    >>> false_alarms_in_words(9, 6.0, MINUTES), false_alarms_in_words(0, 12 / 1440, MINUTES)
    ('1.5 false alarms a day', '0 false alarms in 12 min of running time (0 to 443 a day)')
    """
    rate = rate_of(false_alarms, days)
    if rate is not None:
        return unit.alarms(number(rate))
    counted = f"{plural(false_alarms, 'false alarm')} in {unit.running(days)}"
    if not days:
        return counted
    low, high = (float(end) / days for end in exact_count(false_alarms))
    return f"{counted} ({number(low)} to {number(high)} {unit.a_day})"


def ranking(scores: Scores) -> tuple[float | None, float | None]:
    """ROC AUC and average precision; None where the part has one class only.

    As of scikit-learn, which sorts the scores once for each, and as exact as their division.

    Examples
    --------
    >>> row = np.arange(4)
    >>> before = dict(event=0 * row, to_event=8.0 - 2 * row, total_events=np.array([0]), step=2.0)
    >>> y_true, y_score = np.array([0, 1, 0, 1]), np.array([0.1, 0.2, 0.2, 0.9])
    >>> auc, average_precision = ranking(Scores(row, 2.0 * row, 0 * row, 0 * row, y_true, y_score, **before))
    >>> auc, round(average_precision, 3)
    (0.875, 0.833)
    """
    n_positive, n_normal = scores.n_positive, len(scores) - scores.n_positive
    if not (n_positive and n_normal):
        return None, None
    _, rank, predicted = ranks_of(scores.y_score)
    positive = np.bincount(rank[scores.y_true == 1], minlength=len(predicted))
    at_or_above = np.cumsum(positive[::-1])[::-1]
    normal = -np.diff(predicted, append=0) - positive
    # Twice the number of pairs in order; of a pair with equal scores half counts.
    in_order = int((normal * (2 * at_or_above - positive)).sum())
    auc = in_order / (2 * n_positive * n_normal)
    return auc, float((positive * (at_or_above / predicted)).sum() / n_positive)


def call(scores: Scores, thresholds: Mapping[int, float], policy: AlarmPolicy) -> Scores:
    """Replace each score by 1 where it reaches its fold's threshold and 0 elsewhere.

    Where it reaches only the level at which an alarm ends, the share that this is of the threshold
    takes the place of 0.
    """
    folds, of_row = np.unique(scores.fold, return_inverse=True)
    of_row = np.array([thresholds[fold] for fold in folds])[of_row]
    held = policy.end_share * (holds_up_to(scores.y_score, policy.end_share) >= of_row)
    return scores.with_score(np.where(scores.y_score >= of_row, 1.0, held))


def caught_and_rate(
    scores: Scores, thresholds: Mapping[int, float], policy: AlarmPolicy
) -> tuple[int, float | None]:
    """Count the events caught and the false alarms a day at each fold's threshold, as `evaluate` does."""
    called = call(scores, thresholds, policy)
    caught = event_ledger(called, 1.0, policy)["caught"].sum()
    return int(caught), rate_of(int(alarms(called, 1.0, policy)["false"].sum()), scores.days)


def evaluate(scores: Scores, thresholds: Mapping[int, float], policy: AlarmPolicy) -> Evaluation:
    """Evaluate a part at the threshold of each fold."""
    auc, average_precision = ranking(scores)
    called = call(scores, thresholds, policy)
    positive, above = scores.y_true == 1, called.y_score == 1
    listed = alarms(called, 1.0, policy)
    ledger = event_ledger(called, 1.0, policy)
    alarmed = alarm_level(called.y_score, called, policy, -np.inf) >= 1
    stands = alarmed | still_standing(alarmed, called, policy)
    return Evaluation(
        n=len(scores),
        n_positive=scores.n_positive,
        auc=auc,
        average_precision=average_precision,
        tn=int((~positive & ~above).sum()),
        fp=int((~positive & above).sum()),
        fn=int((positive & ~above).sum()),
        tp=int((positive & above).sum()),
        caught=int(ledger["caught"].sum()),
        n_events=len(ledger),
        alarms=len(listed),
        false_alarms=int(listed["false"].sum()),
        days=scores.days,
        median_lead=float(ledger["lead"].median()) if ledger["caught"].any() else None,
        time_unit=scores.time_unit,
        during=scores.during,
        standing=float(stands.mean()) if len(scores) else 0.0,
    )
