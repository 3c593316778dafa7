"""Category columns by row: the value, and how long ago it changed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True, eq=False)
class Grade:
    """A category column; arrays have shape (n_rows,).

    Parameters
    ----------
    values
        Its text in each row; missing where the cell is empty.
    since
        Minutes since it changed, which an empty cell does not; infinite where no change is known.
    """

    values: np.ndarray
    since: np.ndarray

    def take(self, rows: np.ndarray) -> Grade:
        """Return some rows."""
        return Grade(self.values[rows], self.since[rows])


@dataclass(frozen=True)
class LastGrade:
    """What the next rows of a machine need to know of a category column.

    Parameters
    ----------
    value
        Its text in the last row that has one; None before the first.
    changed
        When it changed to that, in minutes of the clock; None where no change is known.
    """

    value: str | None = None
    changed: float | None = None


def grade_of(values: np.ndarray, clock: np.ndarray, asset: np.ndarray | None = None) -> Grade:
    """Find since when each row of a table has its value.

    Parameters
    ----------
    values, clock
        Text and minutes of each row, shape (n_rows,).
    asset
        Number of each row's machine, never falling: a change is one of the same machine. None: there is one.

    Examples
    --------
    >>> grade_of(np.array(["a", "b", "b", "a"]), np.array([0.0, 2, 4, 6])).since.tolist()
    [inf, 0.0, 2.0, 0.0]
    """
    since = np.full(len(values), np.inf)
    starts = np.flatnonzero(np.diff(asset)) + 1 if asset is not None else np.empty(0, np.int64)
    for rows in np.split(np.arange(len(values)), starts):
        since[rows] = next_grade(values[rows], clock[rows], LastGrade())[0].since
    return Grade(values, since)


def next_grade(values: np.ndarray, clock: np.ndarray, last: LastGrade) -> tuple[Grade, LastGrade]:
    """Find since when each of the next rows of a machine has its value.

    Parameters
    ----------
    values, clock
        Text and minutes of each row, shape (n_rows,).
    last
        Of the rows before.
    """
    if not len(values):
        return Grade(values, np.empty(0)), last
    known = pd.notna(values)
    place = np.arange(len(values))
    latest = np.maximum.accumulate(np.where(known, place, -1))
    earlier = np.array([last.value], object)
    text = np.concatenate([np.asarray(values, object), earlier])[latest]
    before = np.concatenate([earlier, text[:-1]])
    is_new = known & (before != text) & pd.notna(before)
    at = np.maximum.accumulate(np.where(is_new, place, -1))
    changed = np.where(at >= 0, clock[at], -np.inf if last.changed is None else last.changed)
    when = float(changed[-1]) if np.isfinite(changed[-1]) else None
    value = None if text[-1] is None else str(text[-1])
    return Grade(values, clock - changed), LastGrade(value, when)
