"""Similar alarms: those in which the same sensors moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np


def likeness(shares: Mapping[str, float], others: Sequence[Mapping[str, float]]) -> np.ndarray:
    """Return how alike the sensors of an alarm are to those of others: the cosine of their shares.

    Parameters
    ----------
    shares
        Share of each sensor of the alarm.
    others
        The same of other alarms.

    Returns
    -------
    numpy.ndarray
        0 (no sensor in common) to 1 (the same shares), shape (n_others,); 0 where an alarm has no sensor.

    Examples
    --------
    >>> likeness({"x1": 1.0}, [{"x1": 0.5}, {"x1": 0.6, "x2": 0.8}, {"x3": 1.0}, {}]).round(2).tolist()
    [1.0, 0.6, 0.0, 0.0]
    """
    own = float(np.linalg.norm(list(shares.values()))) if shares else 0.0
    found = np.zeros(len(others))
    for place, other in enumerate(others):
        size = own * float(np.linalg.norm(list(other.values()))) if other else 0.0
        if size > 0:
            found[place] = sum(share * other.get(sensor, 0.0) for sensor, share in shares.items()) / size
    return found
