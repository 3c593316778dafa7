"""Exact 95% intervals, for what resamples of whole stretches cannot show: 0 of 3 events, or few stretches."""

from __future__ import annotations

import numpy as np
from scipy.special import betaincinv, gammaincinv

TAIL = 0.025
Interval = tuple[np.ndarray, np.ndarray]
Ends = tuple[np.ndarray | float, np.ndarray | float]


def exact_share(count: np.ndarray | float, total: np.ndarray | float) -> Interval:
    """Interval of a share (Clopper and Pearson 1934); not a number where the total is 0.

    Examples
    --------
    >>> [f"{float(end):.3f}" for end in exact_share(0, 3)]
    ['0.000', '0.708']
    """
    count, total = np.asarray(count, float), np.asarray(total, float)
    missed = np.where(total > 0, total, np.nan) - count
    low = np.where(count > 0, betaincinv(count, missed + 1, TAIL), 0 * missed)
    high = np.where(missed == 0, 1.0, betaincinv(count + 1, missed, 1 - TAIL))
    return low, high


def exact_count(count: np.ndarray | int) -> Interval:
    """Interval of the expected number of independent happenings (Garwood 1936).

    Examples
    --------
    >>> [f"{float(end):.2f}" for end in exact_count(0)]
    ['0.00', '3.69']
    """
    count = np.asarray(count, float)
    low = np.where(count > 0, gammaincinv(count, TAIL), 0.0)
    return low, np.asarray(gammaincinv(count + 1, 1 - TAIL))


def exact_border(share: np.ndarray | float, n_stretches: np.ndarray | int) -> Interval:
    """Interval of a share of windows that is 0 or 1, not a number elsewhere.

    Windows of one stretch are alike: what counts is in how many stretches they lie.
    """
    share = np.asarray(share, float)
    total = np.where((share == 0) | (share == 1), n_stretches, 0)
    return exact_share(np.where(total > 0, share, 0) * total, total)


def exact_intervals(
    caught: np.ndarray | int,
    n_events: int,
    false_alarms: np.ndarray | int,
    days: float,
    precision: np.ndarray | float,
    n_alarmed: np.ndarray | int,
    recall: np.ndarray | float,
    n_positive: int,
) -> dict[str, Interval]:
    """Intervals by name of figure; `n_alarmed` and `n_positive` are stretches with such windows."""
    rate = exact_count(false_alarms)
    shares = exact_share(caught, n_events)
    return {
        "caught": (shares[0] * n_events, shares[1] * n_events),
        "false_alarms_per_day": (rate[0] / days, rate[1] / days),
        "precision": exact_border(precision, n_alarmed),
        "recall": exact_border(recall, n_positive),
    }


def widened(interval: Ends, exact: Ends) -> Interval:
    """Replace an interval of resamples that all agree by the exact one."""
    low, high = interval
    same = np.isclose(low, high, rtol=1e-6, atol=0)
    return np.where(same, exact[0], low), np.where(same, exact[1], high)


def joined(name: str, interval: Ends, exact: Ends) -> Interval:
    """Join the interval of a figure over resamples with the exact one.

    False alarms vary at least as much as independent happenings (Garwood 1936), however few stretches they
    lie in: one long stretch is in every resample, and would hide that. Other figures are `widened`.
    """
    if name != "false_alarms_per_day":
        return widened(interval, exact)
    return np.fmin(interval[0], exact[0]), np.fmax(interval[1], exact[1])
