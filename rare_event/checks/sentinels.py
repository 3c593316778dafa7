"""Numbers that stand for a missing value, such as -9999 or 3.4e38."""

from __future__ import annotations

import numpy as np

LEAST = 3  # times that a number must stand there
FAR = 3.0  # distance from the middle 98% of the other values, in widths of that middle
BETWEEN = 0.1  # most values on the far half of the way there, per value that may stand for a missing one
MOST_SENTINELS = 0.5
LARGEST = 1e30  # no plant measures more
_ROUNDS = 3  # a file may have one word for "no signal" and another for "out of range"
_SAMPLE = 100_000


def sentinels(values: np.ndarray) -> list[tuple[float, int]]:
    """Find the numbers of a column that stand for a missing value.

    Such a number is the lowest or the highest of the column and whole (or beyond `LARGEST`); it
    stands there at least `LEAST` times to the last digit, and farther than `FAR` widths of the middle
    98% of the other values away from that middle, with next to nothing on the far half of the
    way. A saturated sensor fails by the last two, a peak by the repetition, the scaled zero of a
    stopped machine (such as -579.413) by not being whole.

    Parameters
    ----------
    values
        Finite numbers, shape (n_values,).

    Returns
    -------
    list of (float, int)
        The number and how many times it stands there, the lowest first.
    """
    found: dict[float, int] = {}
    rest = values
    for _ in range(_ROUNDS):
        if len(rest) < 10:
            break
        ends = [end for end in {float(rest.min()), float(rest.max())} if _possible(end)]
        counts = {end: int(np.count_nonzero(rest == end)) for end in ends}
        counts = {end: n for end, n in counts.items() if LEAST <= n <= MOST_SENTINELS * len(values)}
        others = rest[~np.isin(rest, list(counts))] if counts else rest
        new = {end: n for end, n in counts.items() if _far(end, n, others)}
        if not new:
            break
        found |= new
        rest = rest[~np.isin(rest, list(new))]
    return sorted(found.items())


def _possible(number: float) -> bool:
    return abs(number) >= LARGEST or number.is_integer()


def _far(number: float, count: int, others: np.ndarray) -> bool:
    """Whether a number lies far outside the other values, with nothing leading there."""
    if len(others) < 10:
        return False
    sample = others[:: max(1, len(others) // _SAMPLE)].astype(np.float64)
    low, high = np.quantile(sample, [0.01, 0.99])
    end = low if number < low else high
    away = (end - number) if number < low else (number - high)
    if high <= low or away <= FAR * (high - low):
        return False
    half = end / 2 + number / 2
    leading = np.count_nonzero(others < half if number < low else others > half)
    return bool(leading <= BETWEEN * count)
