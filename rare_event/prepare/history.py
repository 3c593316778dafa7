"""Compare each row with the earlier rows of its stretch, never across a stop.

In these functions `values` has shape (n_rows, n_columns) and `age`, as `ages` returns it, (n_rows,). `lag` is
the number of rows to look back, 1 or more; `trailing` the rows in a mean, fewer in a younger stretch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

# Values processed at once: 32 MB of float64, whatever the size of the data.
AT_ONCE = 2**22


def ages(stretch: np.ndarray) -> np.ndarray:
    """Count the rows of the same stretch before each row.

    Parameters
    ----------
    stretch
        Stretch id of each row, never falling, shape (n_rows,).

    Returns
    -------
    numpy.ndarray
        int64, shape (n_rows,).

    Examples
    --------
    >>> ages(np.array([0, 0, 0, 1, 1]))
    array([0, 1, 2, 0, 1])
    """
    position = np.arange(len(stretch))
    starts = np.diff(stretch, prepend=-1) != 0
    return position - np.maximum.accumulate(np.where(starts, position, 0))


@dataclass(frozen=True)
class Block:
    """Rows to process at once, and the same `extended` by the earlier rows that they depend on.

    Each row of the data is in one block. Ages are those of `extended`, counted from its first row at most.
    """

    rows: slice
    extended: slice
    age: np.ndarray

    def own(self, result: np.ndarray) -> np.ndarray:
        """Drop the results of the earlier rows; `result` has one row for each of `extended`."""
        return result[self.rows.start - self.extended.start :]


def blocks(age: np.ndarray, reach: int, width: int) -> Iterator[Block]:
    """Divide rows into blocks, so that memory does not grow with their number.

    Parameters
    ----------
    age
        As returned by `ages`, shape (n_rows,).
    reach
        Number of earlier rows that a row depends on.
    width
        Number of values computed for each row.
    """
    reach = min(reach, int(age.max(initial=0)))
    size = max(AT_ONCE // max(width, 1), reach, 1)
    for start in range(0, len(age), size):
        first, stop = max(0, start - reach), min(start + size, len(age))
        yield Block(
            slice(start, stop), slice(first, stop), np.minimum(age[first:stop], np.arange(stop - first))
        )


def before(values: np.ndarray, age: np.ndarray, lag: int) -> np.ndarray:
    """Return the values `lag` rows before in the same stretch; 0 where there is no such row."""
    earlier = np.zeros_like(values)
    earlier[lag:] = values[:-lag]
    earlier[age < lag] = 0
    return earlier


def change(values: np.ndarray, age: np.ndarray, lag: int = 1) -> np.ndarray:
    """Return the change over `lag` rows, or since the first row of a younger stretch.

    The first row of a stretch changes by 0. A change from or to a missing value is missing.
    """
    changed: np.ndarray = values - values[np.arange(len(values)) - np.minimum(age, lag)]
    return changed


def deviation(values: np.ndarray, age: np.ndarray, trailing: int) -> np.ndarray:
    """Subtract the mean of the last `trailing` rows, with the row itself and without missing values."""
    deviating: np.ndarray = values - _trailing_mean(values, np.isfinite(values), age, trailing)
    return deviating


def movement(values: np.ndarray, age: np.ndarray, trailing: int) -> np.ndarray:
    """Average the absolute changes of the last `trailing` rows, without missing ones.

    The first row of a stretch has no change: its movement is 0, and the means after it leave it out, or
    every stretch would begin calm. A movement from or to a missing value is missing.
    """
    moved = np.abs(change(values, age))
    finite = np.isfinite(moved)
    mean = _trailing_mean(moved, finite & (age > 0)[:, None], age, trailing)
    return np.where(finite, mean, np.nan)


def _trailing_mean(values: np.ndarray, counted: np.ndarray, age: np.ndarray, trailing: int) -> np.ndarray:
    length = np.minimum(age + 1, trailing)
    total = trailing_sum(np.where(counted, values, 0).astype(float), length)
    mean: np.ndarray = total / np.maximum(trailing_sum(counted.astype(float), length), 1)
    return mean


def trailing_sum(values: np.ndarray, length: np.ndarray) -> np.ndarray:
    """Sum the last `length[i]` rows up to each row i.

    Each length is split into powers of two, so log2 of the longest is the number of passes. Unlike in a
    difference of running sums, large values outside the window do not affect the result.

    Parameters
    ----------
    values
        float64, shape (n_rows, n_columns).
    length
        Of each row, at most its position plus 1, shape (n_rows,).
    """
    total, end = np.zeros_like(values), np.arange(len(values))
    block, size = values, 1
    while size <= length.max(initial=0):
        chosen = np.flatnonzero(length & size)
        total[chosen] += block[end[chosen]]
        end[chosen] -= size
        block = block + np.concatenate([np.zeros((size, values.shape[1])), block[:-size]])[: len(block)]
        size *= 2
    return total
