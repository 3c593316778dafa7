"""Centre and scale of columns, fitted on a few at once to bound the memory."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from rare_event.config import ScalerKind
from rare_event.prepare.history import AT_ONCE

# Each holds a few columns in memory.
THREADS = 2
# Per cent of the values: two ends and the centre.
ROBUST = (5.0, 50.0, 95.0)


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
    size = max(AT_ONCE // max(THREADS * n_rows, 1), 1)
    parts = [slice(start, min(start + size, n_columns)) for start in range(0, n_columns, size)]
    if len(parts) < 2:
        return FITS[kind](columns(slice(0, n_columns)).astype(float))
    # Sorting a large file takes seconds, and leaves Python to the other thread.
    with ThreadPoolExecutor(THREADS) as threads:
        fitted = threads.map(lambda part: FITS[kind](columns(part).astype(float)), parts)
        return np.concatenate([*fitted], axis=1)


def _standard(values: np.ndarray) -> np.ndarray:
    """Return mean and standard deviation, in two passes (Chan, Golub and LeVeque 1983)."""
    count = (~np.isnan(values)).sum(axis=0)
    with np.errstate(invalid="ignore"):
        mean = np.nansum(values, axis=0) / count
        away = values - mean
        variance = (np.nansum(away**2, axis=0) - np.nansum(away, axis=0) ** 2 / count) / count
    # What rounding alone can make of equal values.
    least = np.finfo(float).eps * count * variance + (np.finfo(float).eps * count * mean) ** 2
    return np.stack([mean, np.where(variance <= least, 1.0, np.sqrt(variance))])


def _robust(values: np.ndarray) -> np.ndarray:
    """Return median and the range of 90% of the values."""
    quantile = np.nanpercentile if np.isnan(values).any() else np.percentile
    low, middle, high = quantile(values, ROBUST, axis=0)
    scale = high - low
    return np.stack([middle, np.where(scale < 10 * np.finfo(float).eps, 1.0, scale)])


FITS: dict[ScalerKind, Callable[[np.ndarray], np.ndarray]] = {"standard": _standard, "robust": _robust}
