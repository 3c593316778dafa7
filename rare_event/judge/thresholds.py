"""Operating points: what every threshold would do, exactly, for rows, alarms and events at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from rare_event.config import AlarmPolicy, Rule
from rare_event.errors import DataError
from rare_event.judge.alarms import alarm_level
from rare_event.judge.scores import Scores


@dataclass(frozen=True)
class OperatingPoints:
    """Counts at every distinct score used as threshold, rising; arrays of shape (n_points,).

    Parameters
    ----------
    threshold
        Distinct scores; a row is called positive at or above it.
    tp, fp
        Rows called positive, rightly and wrongly.
    caught
        Events caught.
    alarms, false_alarms
        Alarms, and those with no event in their lead window.
    n_positive, n_normal, n_events
        Rows of either class and events of the part.
    days
        Running time in days.
    """

    threshold: np.ndarray
    tp: np.ndarray
    fp: np.ndarray
    caught: np.ndarray
    alarms: np.ndarray
    false_alarms: np.ndarray
    n_positive: int
    n_normal: int
    n_events: int
    days: float

    def __len__(self) -> int:
        """Return the number of points."""
        return len(self.threshold)

    @property
    def precision(self) -> np.ndarray:
        """Share of the rows called positive that are."""
        return self.tp / (self.tp + self.fp)

    @property
    def recall(self) -> np.ndarray:
        """Share of the positive rows called positive; not a number without positives."""
        return self.tp / self.n_positive if self.n_positive else np.full(len(self), np.nan)

    @property
    def false_positive_rate(self) -> np.ndarray:
        """Share of the normal rows called positive; not a number without normals."""
        return self.fp / self.n_normal if self.n_normal else np.full(len(self), np.nan)

    @property
    def false_alarms_per_day(self) -> np.ndarray:
        """False alarms per day of running time."""
        return self.false_alarms / self.days

    def f_beta(self, beta: float = 1.0) -> np.ndarray:
        """F-beta of the rows (van Rijsbergen 1979): recall weighs `beta` times as much.

        Parameters
        ----------
        beta
            Above 0.
        """
        weight = beta**2
        return (1 + weight) * self.tp / (weight * self.n_positive + self.tp + self.fp)

    def at(self, threshold: float) -> int:
        """Index of the point that a threshold amounts to; `len(self)` above the highest score.

        Parameters
        ----------
        threshold
            Any number.
        """
        return int(np.searchsorted(self.threshold, threshold, side="left"))

    def to_frame(self) -> pd.DataFrame:
        """Return the points as a frame, one row for each, with every rate."""
        return pd.DataFrame(
            {
                "threshold": self.threshold,
                "tp": self.tp,
                "fp": self.fp,
                "fn": self.n_positive - self.tp,
                "tn": self.n_normal - self.fp,
                "precision": self.precision,
                "recall": self.recall,
                "false_positive_rate": self.false_positive_rate,
                "caught": self.caught,
                "missed": self.n_events - self.caught,
                "alarms": self.alarms,
                "false_alarms": self.false_alarms,
                "false_alarms_per_day": self.false_alarms_per_day,
            }
        )


def operating_points(scores: Scores, policy: AlarmPolicy) -> OperatingPoints:
    """Count rows, alarms and events at every distinct threshold.

    All counts are sums over rows of "+1 for thresholds in (a, b]" with a and b among the scores,
    so they come from histograms of ranks; nothing is counted threshold by threshold.

    Parameters
    ----------
    scores
        Scored windows, at least one.
    policy
        The alarm policy.

    Raises
    ------
    DataError
        If nothing was scored.
    """
    if not len(scores):
        raise DataError("No window of this part could be scored. Use a shorter lookback or more data.")
    threshold, rank = np.unique(scores.y_score, return_inverse=True)
    n_points = len(threshold)
    level = alarm_level(rank, scores, policy, -1)
    predicted = _at_or_above(rank, n_points)
    tp = _at_or_above(rank[scores.y_true == 1], n_points)
    counted = _count_alarms(scores, level, policy, n_points)
    return OperatingPoints(
        threshold,
        tp,
        predicted - tp,
        *counted,
        n_positive=scores.n_positive,
        n_normal=len(scores) - scores.n_positive,
        n_events=len(scores.total_events),
        days=scores.days,
    )


def _at_or_above(rank: np.ndarray, n_points: int) -> np.ndarray:
    """How many ranks are at or above each point; negative ranks are at none."""
    return np.cumsum(np.bincount(rank[rank >= 0], minlength=n_points)[::-1])[::-1]


def _count_alarms(
    scores: Scores, level: np.ndarray, policy: AlarmPolicy, n_points: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Events caught, alarms and false alarms at each point."""
    # A row begins an alarm at thresholds above every level of the cooldown before it.
    first = np.searchsorted(scores.clock, scores.clock - policy.cooldown, side="right")
    before = trailing_max(level, np.maximum(first, scores.first_of_stretch))
    alarms = _at_or_above(level, n_points) - _at_or_above(np.minimum(before, level), n_points)

    near = np.flatnonzero((scores.event >= 0) & (scores.to_event <= policy.lead))
    if not len(near):
        return np.zeros(n_points, np.int64), alarms, alarms
    near_level, near_event = level[near], scores.event[near]
    begins = np.flatnonzero(np.concatenate([[True], near_event[1:] != near_event[:-1]]))
    # Alarms of an event: one if any row of its lead window is alarmed, and one more for each row
    # there that begins an alarm although an earlier row of the lead window is alarmed already.
    highest = np.maximum.reduceat(near_level, begins)
    first_near = np.repeat(begins, np.diff(np.append(begins, len(near))))
    again = np.minimum(near_level, trailing_max(near_level, first_near))
    true_alarms = (
        _at_or_above(highest, n_points)
        + _at_or_above(again, n_points)
        - _at_or_above(np.minimum(again, before[near]), n_points)
    )
    in_time = np.where(scores.to_event[near] >= policy.min_lead, near_level, -1)
    caught = _at_or_above(np.maximum.reduceat(in_time, begins), n_points)
    return caught, alarms, alarms - true_alarms


def trailing_max(values: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Maximum of `values[first[i]:i]` for each i, -1 where that is empty.

    Each range is a sum of powers of two, so log2 of the longest range passes over the array do.

    Parameters
    ----------
    values
        Integers from -1, shape (n,).
    first
        First position of each range, at most i, shape (n,).

    Examples
    --------
    >>> trailing_max(np.array([3, 1, 2, 0]), np.array([0, 0, 1, 1]))
    array([-1,  3,  1,  2])
    """
    end = np.arange(len(values))
    length = end - first
    result = np.full(len(values), -1, values.dtype)
    block, size = values, 1
    while size <= length.max(initial=0):
        chosen = np.flatnonzero(length & size)
        result[chosen] = np.maximum(result[chosen], block[end[chosen] - 1])
        end[chosen] -= size
        block = np.maximum(block, np.concatenate([np.full(size, -1, values.dtype), block[:-size]]))
        size *= 2
    return result


def choose(points: OperatingPoints, rule: Rule) -> float:
    """Choose a threshold by a rule, from validation data only.

    Parameters
    ----------
    points
        Operating points of the validation part.
    rule
        ``fa-per-day``: the lowest threshold such that no threshold above it exceeds the budget.
        (Further down the count can fall again, when alarms merge into one that never stops.)

    Returns
    -------
    float
        The threshold; just above the highest score where even that exceeds the budget.
    """
    if rule.kind == "fixed":
        return rule.value
    kept = np.logical_and.accumulate((points.false_alarms_per_day <= rule.value)[::-1])
    within = int(kept.sum())
    highest = float(points.threshold[-1])
    return float(points.threshold[-within]) if within else float(np.nextafter(highest, np.inf))
