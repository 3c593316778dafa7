"""Comparison: whether the data can tell two models apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rare_event.clock import MINUTES, TimeUnit
from rare_event.judge.blend import shared_windows
from rare_event.judge.evaluation import ranking
from rare_event.judge.needed import for_difference
from rare_event.judge.resampling import interval_of, mean_auc_draws
from rare_event.judge.scores import Scores, join
from rare_event.text import capital


@dataclass(frozen=True)
class Comparison:
    """Difference of two models' mean fold AUC, on the windows both scored.

    Parameters
    ----------
    difference, low, high
        With its 95% interval.
    n_events, days
        Events of these windows, and their running time in days, or thousands of rows.
    time_unit
        Of the windows.
    """

    difference: float
    low: float
    high: float
    n_events: int
    days: float = 0.0
    time_unit: TimeUnit = MINUTES

    @property
    def needed(self) -> str:
        """The events it takes until a difference of this size could be seen, as a sentence."""
        needed = for_difference(self.difference, self.low, self.high, self.n_events, self.days)
        return needed.in_words(self.time_unit)

    @property
    def separable(self) -> bool:
        """Whether the interval leaves 0 out."""
        return not self.low <= 0 <= self.high

    def in_words(self, first: str, second: str) -> str:
        """Say the result in one sentence."""
        events = "this one event" if self.n_events == 1 else f"these {self.n_events:,} events"
        if not self.separable:
            return (
                f"{capital(events)} cannot show whether {first} or {second} is better: "
                f"the AUC of the first minus that of the second is "
                f"{_in_digits(2, self.difference, self.low, self.high)}."
            )
        if self.high < 0:
            return Comparison(-self.difference, -self.high, -self.low, self.n_events).in_words(second, first)
        # An interval that leaves 0 out must not read as if it began there.
        digits = max(2, int(np.ceil(-np.log10(self.low))))
        return (
            f"{first} is better than {second} on {events}: "
            f"its AUC is higher by {_in_digits(digits, self.difference, self.low, self.high)}."
        )


def _in_digits(digits: int, value: float, low: float, high: float) -> str:
    # Adding 0 makes -0.0 a plain 0.
    shown = [f"{round(number, digits) + 0.0:.{digits}f}" for number in (value, low, high)]
    return f"{shown[0]} (95% interval {shown[1]} to {shown[2]})"


def compare(first: Sequence[Scores], second: Sequence[Scores], seed: int = 0) -> Comparison | None:
    """Compare two models by their mean fold AUC, whole stretches being drawn for both at once.

    Good and bad days are then the same for both and cancel in the difference (a paired bootstrap:
    Efron and Tibshirani 1993, section 16.4).

    Parameters
    ----------
    first, second
        Scored windows of each fold. Windows only one model scored are left out, and those that are
        positive for one and normal for the other, as with another shift.
    seed
        Of the resampling.

    Returns
    -------
    Comparison or None
        None where nothing is shared, or what is shared of a fold has one class only or too few
        stretches to tell.
    """
    if not first or not second:
        return None
    one, other = shared_windows([join(list(first)), join(list(second))])
    agreed = one.y_true == other.y_true
    one, other = one.where(agreed), other.where(agreed)
    # All but the score is the first model's, so that the same stretches are drawn for both.
    pairs = [list(scores.by_fold().values()) for scores in (one, one.with_score(other.y_score))]
    draws = [mean_auc_draws(parts, seed) for parts in pairs]
    aucs = [[ranking(part)[0] for part in parts] for parts in pairs]
    if draws[0] is None or draws[1] is None:
        return None
    low, high = interval_of((draws[0] - draws[1])[:, None])
    difference = float(np.mean(np.array(aucs[0], float) - np.array(aucs[1], float)))
    events = np.intersect1d(one.total_events, other.total_events)
    days, unit = one.once().days, one.time_unit
    return Comparison(difference, float(low[0]), float(high[0]), len(events), days, unit)


def groups(draws: np.ndarray) -> np.ndarray:
    """Group models that the data cannot tell apart from the best of their group.

    Parameters
    ----------
    draws
        A figure of each model in the same resamples, higher is better, the best model first; shape
        (n_models, resamples), not a number where not defined.

    Returns
    -------
    numpy.ndarray
        Number of each model's group, from 1, shape (n_models,). A model begins a group when the 95%
        interval of its difference to the first of the present one leaves 0 out; where no resample
        tells, it stays.

    Examples
    --------
    >>> groups(np.array([[0.9, 0.8, 0.9], [0.8, 0.9, 0.8], [0.6, 0.5, 0.6]]))
    array([1, 1, 2])
    """
    begins = np.zeros(len(draws), bool)
    begins[:1] = True
    start = 0
    while start < len(draws):
        low, high = interval_of((draws[start] - draws[start:]).T)
        apart = np.flatnonzero((low > 0) | (high < 0))
        if not len(apart):
            break
        start += int(apart[0])
        begins[start] = True
    return np.cumsum(begins)
