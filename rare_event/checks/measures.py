"""Measures of one sensor by which the checks of its signal decide."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

NEARLY = 0.9  # share of one value from which a sensor is nearly constant
STUCK = 0.05  # share of its lowest or highest value from which a sensor is saturated
OUTSTANDING = 5.0  # how much more often than any other value
FROZEN = 20  # rows of one value that are never called frozen
LIVELY = 0.1  # most still steps of a sensor that moves; a set point holds its value for long
UNUSUAL = 5.0  # longest still stretch, in lengths that chance would give
SPIKE = 5.0  # height of a one-row spike, in widths of the middle 98% of the values
RETURN = 0.25  # how much of the spike may be left in the next row
MOST_SPIKES = 1e-3  # more frequent ones are how the sensor behaves
LEAST_PART = 100  # rows of the first and the last fifth, from which their levels are compared
SAMPLE = 50_000


def sampled(values: np.ndarray, most: int = SAMPLE) -> np.ndarray:
    """Return at most twice `most` of the values, evenly spaced."""
    return values[:: max(1, len(values) // most)]


def share_of_mode(values: np.ndarray) -> tuple[float, float]:
    """Return the value in the middle and its share, which is that of the commonest if above one half."""
    middle = float(np.partition(sampled(values), len(sampled(values)) // 2)[len(sampled(values)) // 2])
    return middle, float(np.count_nonzero(values == middle) / len(values))


def stuck_at(values: np.ndarray) -> list[tuple[float, int]]:
    """Return the lowest and the highest value where the sensor is saturated there, with their numbers."""
    found = []
    for end in (values.min(), values.max()):
        count = int(np.count_nonzero(values == end))
        if count < max(STUCK * len(values), 10):
            continue
        few = sampled(values)
        others = pd.Series(few[few != end]).value_counts()
        share = count / len(values) * len(few)
        # In whole numbers any value is frequent; a limit stands out against its neighbours.
        if len(others) > 10 and share >= OUTSTANDING * others.iloc[0]:
            found.append((float(end), count))
    return found


def longest_still(values: np.ndarray) -> tuple[int, int] | None:
    """Return first and last row of a moving sensor's unusually long stretch of one value; None without one.

    Still steps of share `p` would give a longest run of about log(n) / log(1 / p) rows by chance.
    """
    still = values[1:] == values[:-1]
    if not still.any():
        return None
    edges = np.flatnonzero(np.diff(np.concatenate([[False], still, [False]])))
    first, last = edges[::2], edges[1::2]
    longest = int(np.argmax(last - first))
    length = int(last[longest] - first[longest])
    rest = (np.count_nonzero(still) - length) / max(1, len(still) - length)
    if rest > LIVELY:
        return None
    by_chance = np.log(len(values)) / -np.log(max(rest, 1e-9))
    if length + 1 <= max(FROZEN, UNUSUAL * by_chance):
        return None
    return int(first[longest]), int(last[longest])


@np.errstate(invalid="ignore", over="ignore")  # 1.8e308 for a missing value
def spikes(values: np.ndarray) -> np.ndarray:
    """Return the rows that leave the course of a sensor and return to it in the next row."""
    if len(values) < 20:
        return np.empty(0, dtype=np.int64)
    few = sampled(values)
    few = few[np.isfinite(few)]
    if not len(few):
        return np.empty(0, dtype=np.int64)
    low, high = np.quantile(few.astype(np.float64), [0.01, 0.99])
    # Few rows are far enough outside to be looked at one by one.
    outside = (values < low - SPIKE * (high - low)) | (values > high + SPIKE * (high - low))
    rows = np.flatnonzero(outside[1:-1] & np.isfinite(values[1:-1])) + 1
    if high <= low or not len(rows) or len(rows) > MOST_SPIKES * len(values) + 10:
        return np.empty(0, dtype=np.int64)
    before, at, after = (values[rows + k].astype(np.float64) for k in (-1, 0, 1))
    height = np.minimum(abs(at - before), abs(at - after))
    alone = (height > SPIKE * (high - low)) & (abs(after - before) <= RETURN * height)
    found: np.ndarray = rows[alone]
    return found if len(found) <= max(1, MOST_SPIKES * len(values)) else np.empty(0, dtype=np.int64)


@dataclass(frozen=True)
class Level:
    """Where the middle 90% of a sensor's values lie in the first and in the last fifth of the rows."""

    first: tuple[float, float]
    last: tuple[float, float]

    @property
    def apart(self) -> bool:
        """Whether the two do not overlap."""
        return self.first[1] < self.last[0] or self.last[1] < self.first[0]


def levels(values: np.ndarray, finite: np.ndarray) -> Level | None:
    """Compare the first and the last fifth of the rows; None if either has too few values."""
    part = len(values) // 5
    ends = [values[rows][finite[rows]] for rows in (slice(0, part), slice(len(values) - part, None))]
    if min(len(end) for end in ends) < LEAST_PART:
        return None
    first, last = (_middle(end) for end in ends)
    return Level(first, last)


def _middle(values: np.ndarray) -> tuple[float, float]:
    few = sampled(values).astype(np.float64)
    return float(np.quantile(few, 0.05)), float(np.quantile(few, 0.95))


def copies(columns: list[np.ndarray], least: float) -> list[tuple[int, int, float]]:
    """Return the pairs of columns that correlate above `least`, by a sample of their rows.

    Parameters
    ----------
    columns
        Values, each of shape (n_rows,); not finite ones are left out pair by pair.
    least
        Absolute correlation.

    Returns
    -------
    list of (int, int, float)
        Positions of the earlier and of the later column, and the correlation, negative for a mirrored copy.
    """
    few: np.ndarray = np.array([sampled(column, 5_000) for column in columns], dtype=np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        few -= np.nanmean(np.where(np.isfinite(few), few, np.nan), axis=1, keepdims=True)
        few = np.where(np.isfinite(few), few, 0.0)
        few /= np.abs(few).max(axis=1, keepdims=True)
        few /= np.linalg.norm(few, axis=1, keepdims=True)
        alike = np.triu(abs(few @ few.T) > least - 0.01, 1)
    found = []
    for one, other in np.argwhere(alike):
        both = np.isfinite(columns[one]) & np.isfinite(columns[other])
        pair = np.array([columns[k][both] for k in (one, other)], dtype=np.float64)
        if pair.shape[1] > 2 and (np.ptp(pair, axis=1) > 0).all():
            alike_by = float(np.asarray(np.corrcoef(pair))[0, 1])
            if abs(alike_by) > least:
                found.append((int(one), int(other), alike_by))
    return found
