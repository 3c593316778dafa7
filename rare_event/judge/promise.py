"""The promise: bounds on false alarms and events caught that hold at whichever threshold is chosen."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from rare_event.clock import MINUTES, TimeUnit
from rare_event.config import AlarmPolicy, Rule
from rare_event.judge.bounds import CONFIDENCE, Dispersion, dispersion, lowest_share, upper_rates
from rare_event.judge.evaluation import always_on, evaluate
from rare_event.judge.scores import Scores
from rare_event.judge.thresholds import OperatingPoints, operating_points
from rare_event.judge.trailing import follow
from rare_event.text import number, plural


@dataclass(frozen=True)
class Promise:
    """Bounds that hold together with the confidence, whichever threshold was chosen on the same data.

    Parameters
    ----------
    rate
        At most so many false alarms, per day of running time or per 1,000 rows; None where nothing can be
        promised.
    share
        At least this share of the events is caught; 0: no share can be promised.
    caught, n_events
        Events of the data that it comes from.
    false_alarms, running
        Their false alarms, and their running time in days, or in thousands of rows.
    dispersion
        How many times the variance of false alarms between stretches exceeds that of independent ones; 1 or
        more.
    thresholds
        How many thresholds were chosen: one for each fold, or one for all.
    reason
        Why nothing can be promised, as a sentence; empty if something is.
    confidence
        Of both bounds together.
    """

    rate: float | None
    share: float
    caught: int
    n_events: int
    false_alarms: int
    running: float
    dispersion: float = 1.0
    thresholds: int = 1
    reason: str = ""
    confidence: float = CONFIDENCE

    @property
    def days(self) -> float:
        """Running time as an `Evaluation` names it: days, or thousands of rows."""
        return self.running

    @property
    def bounds(self) -> tuple[float, float] | None:
        """Both bounds as the sentence writes them, rounded to the safe side; None without a promise."""
        if self.rate is None:
            return None
        return rounded_up(self.rate), rounded_down(self.share)

    def in_words(self, unit: TimeUnit = MINUTES) -> str:
        """Say what is promised, with its confidence and its condition.

        Examples
        --------
        >>> promise = Promise(3.04, 0.1291, caught=10, n_events=36, false_alarms=13, running=8.7)
        >>> bounds, condition = promise.in_words().split(", if ")
        >>> bounds
        'With 95% confidence: at most 3.1 false alarms a day and at least 12% of the events caught'
        >>> condition
        'the coming weeks are like the validation data (36 events, 8.7 days).'
        """
        if self.bounds is None:
            return f"Nothing can be promised at this threshold. {self.reason}".rstrip()
        most, least = self.bounds
        alarms = unit.reword(f"at most {unit.alarms(number(most))}")
        events = f" and at least {number(100 * least)}% of the events caught" if least else ""
        few = ""
        if self.n_events and not least:
            of = plural(self.n_events, "event")
            why = (
                f"catching {self.caught:,} of {of} could be chance"
                if self.caught
                else f"0 of {of} were caught"
            )
            few = f" No share of the events can be promised: {why}."
        if not self.n_events and unit.labelled:
            few = " The validation data have no events, so nothing is promised about events."
        return (
            f"With {100 * self.confidence:.0f}% confidence: {alarms}{events}, if the coming "
            f"{'rows' if unit.reason else 'weeks'} are like {self._data(unit)}.{few}"
        )

    def _data(self, unit: TimeUnit) -> str:
        events = f"{plural(self.n_events, 'event')}, " if unit.labelled else ""
        folds = ""
        if self.thresholds > 1:
            every = "both" if self.thresholds == 2 else f"all {self.thresholds}"
            folds = f" of {every} folds together, each at its own threshold"
        return f"the validation data{folds} ({events}{unit.total(self.running)})"


def rounded_up(rate: float) -> float:
    """Round up to two significant digits.

    Examples
    --------
    >>> rounded_up(3.04), rounded_up(0.123), rounded_up(2.0)
    (3.1, 0.13, 2.0)
    """
    if not rate:
        return 0.0
    scale = 10.0 ** (1 - math.floor(math.log10(rate)))
    return math.ceil(round(rate * scale, 6)) / scale


def rounded_down(share: float) -> float:
    """Round down to whole per cents, or below 1% to tenths.

    Examples
    --------
    >>> rounded_down(0.1291), rounded_down(0.0079), rounded_down(0.0009)
    (0.12, 0.007, 0.0)
    """
    scale = 100 if share >= 0.01 else 1000
    return math.floor(round(share * scale, 6)) / scale


def promise_of(
    scores: Scores, thresholds: Mapping[int, float], policy: AlarmPolicy, spread: Dispersion | None = None
) -> Promise:
    """Promise what the validation data allow at thresholds that were chosen on them.

    The thresholds may have been chosen by any rule or by hand: the bounds come from bands that hold at all
    thresholds at once (`rare_event.judge.bands`). They do not allow for a choice among alarm policies or
    models.

    *Events*: each is caught or not, independently of the others (Clopper and Pearson 1934). *False alarms*: a
    Poisson process, widened by its dispersion between stretches. With one threshold for each fold, the bound
    is that of the total of all folds: each of them may hide one alarm just below its threshold.

    Parameters
    ----------
    scores
        Of the validation parts, each row once; divided by the trailing quantile under a trailing rule.
    thresholds
        Of each fold.
    policy
        The alarm policy.
    spread
        The dispersion, if it is known.
    """
    spread = dispersion(scores, policy) if spread is None else spread
    if len(set(thresholds.values())) == 1:
        return promise_at(operating_points(scores, policy), next(iter(thresholds.values())), spread)
    figures = evaluate(scores, thresholds, policy)
    seen = Promise(None, 0.0, figures.caught, figures.n_events, figures.false_alarms, figures.days)
    counted = _highest_counts(scores, thresholds, policy)
    return _bounded(replace(seen, thresholds=len(thresholds)), figures.always_on, counted, spread)


def promise_at(points: OperatingPoints, threshold: float, spread: Dispersion) -> Promise:
    """Promise what the validation data allow at one threshold for all folds, as `promise_of` does.

    Parameters
    ----------
    points
        Operating points of the validation parts, each row once.
    threshold
        The threshold.
    spread
        Dispersion of the false alarms.
    """
    at = points.at(threshold)
    caught, counts = np.append(points.caught, 0), np.append(points.false_alarms, 0)
    standing = 0.0
    if points.standing is not None:
        standing = float(np.append(points.standing, 0)[at]) / (points.n_positive + points.n_normal)
    seen = Promise(None, 0.0, int(caught[at]), points.n_events, int(counts[at]), points.days)
    return _bounded(seen, always_on(standing), int(counts[at:].max()), spread)


def _bounded(seen: Promise, reason: str, counted: int, spread: Dispersion) -> Promise:
    """Add the bounds to what was counted, or why there are none; `counted` alarms are bounded."""
    rate = float(upper_rates(np.array([counted]), seen.days, spread, seen.thresholds)[0])
    if not reason and not seen.days:
        reason = "The validation data have no running time."
    if not reason and not math.isfinite(rate):
        reason = f"{counted:,} false alarms in the validation data are too many for a bound."
    seen = replace(seen, dispersion=float(spread.at(np.array([counted]))[0]), reason=reason)
    if reason:
        return seen
    return replace(
        seen,
        rate=rate,
        share=lowest_share(seen.caught, seen.n_events, seen.thresholds),
    )


def promised_by(
    validation: Scores, thresholds: Mapping[int, float], rule: Rule, policy: AlarmPolicy
) -> Promise | None:
    """Promise what the validation parts of all folds allow under a rule; None without windows.

    Parameters
    ----------
    validation
        Scores of the validation parts, which may share rows.
    thresholds
        Of each fold.
    rule
        The rule that chose them.
    policy
        The alarm policy.
    """
    return promise_of(follow(validation, rule).once(), thresholds, policy) if len(validation) else None


def _highest_counts(scores: Scores, thresholds: Mapping[int, float], policy: AlarmPolicy) -> int:
    """Add up the highest number of false alarms at or above the threshold in each fold.

    Alarms that merge as the threshold falls lower the count, but not the number that was to be expected.
    """
    total = 0
    for fold, part in scores.by_fold().items():
        points = operating_points(part, policy)
        total += int(points.false_alarms[points.at(thresholds[fold]) :].max(initial=0))
    return total
