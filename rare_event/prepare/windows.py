"""Windows: blocks of `lookback` rows, stored as the position of their last row only.

Only `gather` copies windows out of the 2-D data: at lookback 30 the copies take thirty times the memory.
"""

from __future__ import annotations

import numpy as np


def window_ends(stretch: np.ndarray, lookback: int, usable: np.ndarray | None = None) -> np.ndarray:
    """Find the last rows of all windows that lie in one stretch.

    Parameters
    ----------
    stretch
        Stretch id of each row, never falling, shape (n_rows,).
    lookback
        Rows in one window, the last included.
    usable
        False for rows that no window may contain (missing values), shape (n_rows,).

    Returns
    -------
    numpy.ndarray
        Rising positions, int64, shape (n_windows,).

    Examples
    --------
    >>> window_ends(np.array([0, 0, 0, 1, 1]), lookback=2)
    array([1, 2, 4])
    """
    position = np.arange(len(stretch))
    starts = np.concatenate([[True], stretch[1:] != stretch[:-1]])
    first = np.maximum.accumulate(np.where(starts, position, 0))
    if usable is not None:
        first = np.maximum(first, np.maximum.accumulate(np.where(usable, 0, position + 1)))
    return np.flatnonzero(position - first >= lookback - 1)


def article_window_ends(n_rows: int, lookback: int) -> np.ndarray:
    """Find the last rows of the windows that the articles use, across stops.

    The dense article uses every row. The LSTM article's loop begins two rows late: its first
    window ends at row `lookback` + 1 rather than `lookback` - 1.
    """
    return np.arange(0 if lookback == 1 else lookback + 1, n_rows)


def gather(X: np.ndarray, ends: np.ndarray, lookback: int) -> np.ndarray:
    """Copy windows out of the data.

    Parameters
    ----------
    X
        Shape (n_rows, n_features).
    ends
        Last row of each window, shape (n_windows,).
    lookback
        Rows in one window.

    Returns
    -------
    numpy.ndarray
        Shape (n_windows, lookback, n_features).
    """
    return X[ends[:, None] + np.arange(1 - lookback, 1)]
