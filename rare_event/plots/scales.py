"""When an axis is logarithmic, and how it is labelled."""

from __future__ import annotations

import numpy as np

# From this ratio of the largest value to the median on, a linear axis would flatten the bulk.
LONG_TAIL = 20.0


def long_tailed(values: np.ndarray, largest: float | None = None) -> bool:
    """Whether values are better drawn on a logarithmic axis.

    Parameters
    ----------
    values
        Shape (n,).
    largest
        Largest value that the axis must show; that of `values` if None.

    Returns
    -------
    bool
        True if all values are positive and the largest is more than 20 times the median.
    """
    values = values[np.isfinite(values)]
    if not len(values) or values.min() <= 0:
        return False
    return bool((values.max() if largest is None else largest) > LONG_TAIL * np.median(values))


def log_axis(decades: float) -> dict[str, object]:
    """Return the settings of a logarithmic axis with well-spaced labels.

    Returns
    -------
    dict
        For `update_xaxes` or `update_yaxes`.
    """
    # "D2" labels 1, 2 and 5 of each decade; Plotly's own choice labels all nine on short axes.
    return {"type": "log", "dtick": "D2" if decades < 3 else None, "tickformat": "~g"}
