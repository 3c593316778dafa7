"""Centre and scale of columns, fitted on a few at once to bound the memory."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from sklearn.preprocessing import RobustScaler, StandardScaler

from rare_event.config import ScalerKind
from rare_event.prepare.history import AT_ONCE

ROBUST_RANGE = (5.0, 95.0)


def fit_scale(
    kind: ScalerKind, n_rows: int, n_columns: int, columns: Callable[[slice], np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Fit centre and scale of each column.

    Parameters
    ----------
    kind
        ``standard``: mean and standard deviation; ``robust``: median and 5-95 % range. The scale of
        a constant column is 1.
    n_rows, n_columns
        Number of rows that a column is computed from, and number of columns.
    columns
        Returns a slice of the columns; NaN is ignored.

    Returns
    -------
    tuple of numpy.ndarray
        Centre and scale, float64, each of shape (n_columns,).
    """
    center, scale = np.empty(n_columns), np.empty(n_columns)
    size = max(AT_ONCE // max(n_rows, 1), 1)
    for start in range(0, n_columns, size):
        part = slice(start, min(start + size, n_columns))
        scaler = StandardScaler() if kind == "standard" else RobustScaler(quantile_range=ROBUST_RANGE)
        scaler.fit(columns(part).astype(float))
        center[part] = scaler.mean_ if kind == "standard" else scaler.center_
        scale[part] = scaler.scale_
    return center, scale
