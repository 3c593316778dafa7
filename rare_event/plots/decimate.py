"""Reduce the number of points that the browser draws without changing the picture."""

from __future__ import annotations

import numpy as np

from rare_event.judge.thresholds import OperatingPoints

# More points than pixels across a screen, and drawn in well under a second.
LIMIT = 5000
# Points of a curve over the threshold.
MOST_POINTS = 2000


def extremes(y: np.ndarray, limit: int = LIMIT) -> np.ndarray:
    """Choose the points to draw: both ends, and the lowest and highest of each of many equal buckets.

    Parameters
    ----------
    y
        Numbers, shape (n,). NaN is drawn only where a bucket has nothing else.
    limit
        Largest number of points, at least 4.

    Returns
    -------
    numpy.ndarray
        Rising positions, int64, at most `limit`; all of them if n is no more than that.

    Raises
    ------
    ValueError
        If `limit` is below 4: two ends and two extremes.

    Examples
    --------
    >>> extremes(np.array([0, 1, 9, 1, 1, -9, 1, 0]), limit=6)
    array([0, 1, 2, 4, 5, 7])
    """
    if limit < 4:
        raise ValueError(f"limit is {limit}; two ends and two extremes need at least 4 points.")
    n = len(y)
    if n <= limit:
        return np.arange(n)
    inner = np.asarray(y, dtype=float)[1:-1]
    size = -(-len(inner) // ((limit - 2) // 2))
    missing = -len(inner) % size
    lowest = _padded(inner, missing, np.inf).reshape(-1, size).argmin(axis=1)
    highest = _padded(inner, missing, -np.inf).reshape(-1, size).argmax(axis=1)
    start = 1 + size * np.arange(len(lowest))
    return np.unique(np.concatenate([[0], start + lowest, start + highest, [n - 1]]))


def _padded(values: np.ndarray, missing: int, fill: float) -> np.ndarray:
    """Pad with values that are never chosen, and replace NaN by them."""
    return np.concatenate([np.where(np.isnan(values), fill, values), np.full(missing, fill)])


def decimate(x: np.ndarray, y: np.ndarray, limit: int = LIMIT) -> tuple[np.ndarray, np.ndarray]:
    """Reduce the points of a curve but keep its extremes.

    Parameters
    ----------
    x
        Numbers or times, shape (n,).
    y
        Numbers, shape (n,).
    limit
        Largest number of points, at least 4.

    Returns
    -------
    tuple of numpy.ndarray
        Copies of the points kept, in their order.

    Examples
    --------
    >>> decimate(np.arange(8), np.array([0, 1, 9, 1, 1, -9, 1, 0]), limit=6)[1]
    array([ 0,  1,  9,  1, -9,  0])
    """
    kept = extremes(y, limit)
    return np.asarray(x)[kept], np.asarray(y)[kept]


def thin(positions: np.ndarray, limit: int) -> np.ndarray:
    """Keep at most `limit` evenly spaced positions, including the first and the last.

    Parameters
    ----------
    positions
        Shape (n,).
    limit
        Largest number of positions.

    Examples
    --------
    >>> thin(np.arange(10), 4)
    array([0, 3, 6, 9])
    """
    if len(positions) <= limit:
        return positions
    return positions[np.linspace(0, len(positions) - 1, limit).astype(np.int64)]


def corners(points: OperatingPoints, limit: int = MOST_POINTS) -> np.ndarray:
    """Choose the operating points to draw: where recall changes, and the extremes of precision.

    Returns
    -------
    numpy.ndarray
        Rising positions, int64.
    """
    if len(points) <= limit:
        return np.arange(len(points))
    step = np.flatnonzero(np.diff(points.tp)) if points.n_positive else np.zeros(0, np.int64)
    ends = thin(np.union1d(step, step + 1), limit // 2)
    return np.union1d(ends, extremes(points.precision, limit - len(ends)))


def decimate_classes(
    y_score: np.ndarray, positive: np.ndarray, threshold: float, limit: int = LIMIT
) -> np.ndarray:
    """Choose which points of a two-class scatter plot to draw.

    Every positive is kept, then every normal at or above the threshold, as far as the limit goes; a
    quarter of it is set aside for the normals below: their extremes, and otherwise an even sample.
    (Extremes alone would draw the bulk as two bands with nothing between them.)

    Parameters
    ----------
    y_score
        Shape (n,).
    positive
        bool, shape (n,).
    threshold
        Alarm at or above it.
    limit
        Largest number of points, at least 4.

    Returns
    -------
    numpy.ndarray
        Rising positions, int64, at most `limit`.

    Examples
    --------
    >>> score = np.array([1, 1, 9, 1, 8, 1, 2, 1, 0, 1, 1])
    >>> decimate_classes(score, np.arange(11) == 3, threshold=8, limit=7)
    array([ 0,  2,  3,  4,  6,  8, 10])
    """
    if len(y_score) <= limit:
        return np.arange(len(y_score))
    above = y_score >= threshold
    bulk = np.flatnonzero(~positive & ~above)
    reserved = min(len(bulk), limit // 4)
    kept = _within(np.flatnonzero(positive), y_score, limit)
    kept = np.concatenate(
        [kept, _within(np.flatnonzero(~positive & above), y_score, limit - len(kept) - reserved)]
    )
    room = limit - len(kept)
    outline = _within(bulk, y_score, min(room, max(4, room // 4)))
    sample = thin(np.setdiff1d(bulk, outline, assume_unique=True), room - len(outline))
    return np.sort(np.concatenate([kept, outline, sample]))


def _within(positions: np.ndarray, y: np.ndarray, limit: int) -> np.ndarray:
    """Find the positions of the extreme values, at most `limit` of them."""
    if len(positions) <= limit or limit < 4:
        return thin(positions, max(limit, 0))
    kept: np.ndarray = positions[extremes(y[positions], limit)]
    return kept
