"""Centre and scale of columns, fitted on a few at once to bound the memory."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from sklearn.preprocessing import RobustScaler, StandardScaler

from rare_event.config import ScalerKind
from rare_event.prepare.history import AT_ONCE

ROBUST_RANGE = (5.0, 95.0)


def fit_scale(
    kind: ScalerKind,
    n_rows: int,
    n_columns: int,
    columns: Callable[[slice], np.ndarray],
    base: np.ndarray | None = None,
) -> np.ndarray:
    """Fit centre and scale of each column.

    Parameters
    ----------
    kind
        ``standard``: mean and standard deviation; ``robust``: median and 5-95% range.
    n_rows, n_columns
        Number of rows that a column is computed from, and number of columns.
    columns
        Returns a slice of the columns; NaN is ignored.
    base
        Centre and scale of more rows, shape (2, n_columns), whose scale a constant column has. Without it
        the scale of a constant column is 1.

    Returns
    -------
    numpy.ndarray
        Centre and scale, float64, shape (2, n_columns).
    """
    if base is not None:
        center, scale = base.astype(float)
        # Where the columns are scaled already, a scale of 1 leaves that of the base.
        own = fit_scale(kind, n_rows, n_columns, lambda part: (columns(part) - center[part]) / scale[part])
        return np.stack([center + scale * own[0], scale * own[1]])
    fitted = np.empty((2, n_columns))
    size = max(AT_ONCE // max(n_rows, 1), 1)
    for start in range(0, n_columns, size):
        part = slice(start, min(start + size, n_columns))
        scaler = StandardScaler() if kind == "standard" else RobustScaler(quantile_range=ROBUST_RANGE)
        scaler.fit(columns(part).astype(float))
        fitted[0, part] = scaler.mean_ if kind == "standard" else scaler.center_
        fitted[1, part] = scaler.scale_
    return fitted
