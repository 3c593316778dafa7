"""Hysteresis: an alarm ends at a lower level than it begins, simulated at all thresholds at once."""

from __future__ import annotations

import numpy as np

# A share of a threshold is rounded; a score on the lower level must not fall below it for that.
ROUNDING = 1e-9


def holds_up_to(values: np.ndarray, share: float) -> np.ndarray:
    """Highest threshold of which each value reaches a share.

    A threshold of 0 or less has no lower level: an alarm ends there below the threshold itself.

    Parameters
    ----------
    values
        Scores, shape (n,).
    share
        Above 0, at most 1.

    Examples
    --------
    >>> holds_up_to(np.array([1.0, 0.0, -2.0]), 0.5).round(6).tolist()
    [2.0, 0.0, -2.0]
    """
    if share == 1:
        return values
    return np.where(values > 0, values * ((1 + ROUNDING) / share), values)


def held_levels(
    level: np.ndarray, upper: np.ndarray, starts: np.ndarray, never: float
) -> tuple[np.ndarray, np.ndarray]:
    """Highest threshold at which each row is in an alarm that ends at a share of the threshold.

    A row is, if its own level reaches the threshold; or if the row before it is in one and its own level
    reaches the share. So its threshold is that of the row before, kept between two limits.

    Parameters
    ----------
    level, upper
        Highest threshold at which each row is alarmed by itself, and at which it holds an alarm, shape (n,).
    starts
        Which rows begin a stretch: no alarm is held over it; the first row does, shape (n,).
    never
        Level of rows that are alarmed at no threshold.

    Returns
    -------
    tuple of numpy.ndarray
        That threshold; and the highest at which the row goes on with the alarm of the row before it.

    Examples
    --------
    >>> level, starts = np.array([4, 2, 1, 2]), np.array([True, False, False, False])
    >>> whole, held = held_levels(level, 2 * level, starts, never=-1)
    >>> whole.tolist(), held.tolist()
    ([4, 4, 2, 2], [-1, 4, 2, 2])
    """
    whole = _kept_between(level, np.where(starts, level, upper))
    held = np.minimum(np.concatenate([whole[:1], whole[:-1]]), upper)
    held[starts] = never
    return whole, held


def _kept_between(lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """Go from row to row with a value that each row keeps between its limits; equal ones in the first row.

    What several rows do is to keep a value between two limits again. So all blocks of rows are gone
    through at once, and only then is the value carried from block to block.
    """
    n = len(lower)
    size = int(np.ceil(np.sqrt(n)))
    n_blocks = -(-n // size)
    shape = (n_blocks, size)
    low, high = (
        np.ascontiguousarray(
            np.concatenate([some, np.repeat(some[-1:], n_blocks * size - n)]).reshape(shape).T
        )
        for some in (lower, upper)
    )
    # The limits of all rows of a block up to each.
    limits = np.empty((size, 2, n_blocks), lower.dtype)
    limits[0] = low[0], high[0]
    for row in range(1, size):
        np.minimum(limits[row - 1], high[row], out=limits[row])
        np.maximum(limits[row], low[row], out=limits[row])
    carried = [lower[0]]
    for least, most in zip(*limits[-1, :, :-1].tolist(), strict=True):
        carried.append(max(least, min(most, carried[-1])))
    kept: np.ndarray = np.maximum(np.minimum(limits[:, 1], np.array(carried, lower.dtype)), limits[:, 0])
    return kept.T.reshape(-1)[:n]
