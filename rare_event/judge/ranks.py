"""Ranks of scores among the thresholds at which a count changes."""

from __future__ import annotations

import numpy as np

from rare_event.judge.hysteresis import holds_up_to


def ranks_of(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rank values: the distinct ones, rising; the position of each; how many are at or above each.

    `numpy.unique` does the same with int64, at twice the cost in all that follows.

    Parameters
    ----------
    values
        Shape (n,).
    """
    order = np.argsort(values)
    rising = values[order]
    is_new = np.ones(len(values), bool)
    np.not_equal(rising[1:], rising[:-1], out=is_new[1:])
    rank = np.empty(len(values), np.int32)
    if is_new.all():
        rank[order] = np.arange(len(values), dtype=np.int32)
        return rising, rank, np.arange(len(values), 0, -1, dtype=np.int32)
    rank[order] = np.cumsum(is_new, dtype=np.int32) - 1
    return rising[is_new], rank, (len(values) - np.flatnonzero(is_new)).astype(np.int32)


def ranks_under(
    values: np.ndarray, share: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray | None]:
    """Rank values among all thresholds where a count changes, and tell up to which each holds an alarm.

    Parameters
    ----------
    values
        Shape (n,).
    share
        Share of the threshold at which an alarm ends. 1: the first three are those of `ranks_of`, the
        last is None.

    Returns
    -------
    tuple
        The thresholds, rising, to the highest value; the position of each value; how many values are at
        or above each threshold; and for each position of a value the one up to which it holds an alarm,
        and last -1.
    """
    rising, rank, predicted = ranks_of(values)
    if share == 1:
        return rising, rank, predicted, None
    n = len(rising)
    lasting = holds_up_to(rising, share)
    # Above the highest value no alarm begins.
    every = np.concatenate([rising, lasting[: np.searchsorted(lasting, rising[-1], side="right")]])
    # Two sorted parts: a stable sort only merges them, values before what equals them.
    order = np.argsort(every, kind="stable")
    merged = every[order]
    is_new = np.concatenate([[True], merged[1:] != merged[:-1]])
    position = np.empty(len(every), np.int32)
    position[order] = np.cumsum(is_new, dtype=np.int32) - 1
    is_value = order < n
    below = (np.cumsum(is_value, dtype=np.int32) - is_value)[is_new]
    threshold, own = merged[is_new], position[:n]
    up_to = np.full(len(threshold) + 1, -1, np.int32)
    up_to[own] = len(threshold) - 1
    up_to[own[: len(every) - n]] = position[n:]
    return threshold, own[rank], predicted[below], up_to
