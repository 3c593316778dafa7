"""Bands: bounds on shares and counts that hold at every threshold at once.

A threshold is chosen by looking at all of them, and the one that looks best is too optimistic. A band that
holds at every threshold also holds at the chosen one, whatever chose it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from scipy.special import betaincinv, gammainccinv, gammaln, xlogy

# Bounds hold at once at each count up to this one; above it at counts that grow by this factor.
EXACT_COUNTS = 100
GROWTH = 1.03
# The level lies between this share of the tail, which is low enough for any size of data, and the tail.
LOWEST_SHARE = 1e-4
# Step in the logarithm of the level at which the search for it ends.
NEAR_ENOUGH = 1e-7


@lru_cache(maxsize=256)
def level_of_shares(n: int, tail: float) -> float:
    """Level of each Clopper-Pearson bound at which all lower bounds of a survival curve hold at once.

    The share of events whose score reaches a threshold is a survival curve of `n` independent events. At the
    threshold with k events above it the lower bound is the `level` quantile of Beta(k, n - k + 1); all of
    them hold with probability 1 - `tail` (bands of equal local levels: Berk and Jones 1979; Aldor-Noiman et
    al. 2013, The American Statistician 67, 249-260; computed as by Moscovich and Nadler 2017).

    Parameters
    ----------
    n
        Events, 1 or more.
    tail
        Probability that any of the bounds fails.

    Examples
    --------
    >>> level_of_shares(1, 0.025), round(level_of_shares(36, 0.025), 5)
    (0.025, 0.00173)
    """
    if n == 1:
        return tail
    counts = _counts(1, n)

    def failing(log_level: float) -> float:
        lower = betaincinv(counts, n - counts + 1, np.exp(log_level))
        # A uniform sample is a Poisson process of which it is known that n points fell into the unit.
        at_most = np.append(counts - 1, n)
        holds = _paths(np.append(n * lower, n), np.zeros(len(at_most), int), at_most, n)[n]
        return float(1 - holds / _poisson(np.array(n), n) - tail)

    return _solve(failing, tail)


@lru_cache(maxsize=256)
def level_of_counts(most: int, tail: float) -> float:
    """Level of each Poisson bound at which all upper bounds up to a count hold at once.

    As the threshold falls, alarms come one by one like the points of a Poisson process. At a count of k the
    upper bound of the expected number is the 1 - `level` quantile of Gamma(k + 1) (Garwood 1936); those for 0
    to `most` all hold with probability 1 - `tail`.

    Parameters
    ----------
    most
        Highest count that has a bound.
    tail
        Probability that any of the bounds fails.

    Examples
    --------
    >>> level_of_counts(0, 0.025), round(level_of_counts(200, 0.025), 5)
    (0.025, 0.00201)
    """
    if most == 0:
        return tail
    counts = _counts(0, most)

    def failing(log_level: float) -> float:
        upper = gammainccinv(counts + 1, np.exp(log_level))
        holds = _paths(upper, counts + 1, np.full(len(counts), most + 1), most).sum()
        return float(1 - holds - tail)

    return _solve(failing, tail)


def at_least(counts: np.ndarray, most: int) -> np.ndarray:
    """Round counts up to those whose bounds hold at once; counts above `most` become `most`.

    Examples
    --------
    >>> at_least(np.array([0, 7, 100, 102, 500]), most=256).tolist()
    [0, 7, 100, 103, 256]
    """
    known = _counts(0, most)
    return known[np.minimum(np.searchsorted(known, counts), len(known) - 1)]


def at_most(count: int, n: int) -> int:
    """Round a count of events, 1 to `n`, down to those whose bounds hold at once."""
    known = _counts(1, n)
    return int(known[np.searchsorted(known, count, side="right") - 1])


def _counts(first: int, last: int) -> np.ndarray:
    """Return counts that are exact first, and then grow in steps of a few per cent."""
    counts = list(range(first, min(last, EXACT_COUNTS) + 1))
    while counts[-1] < last:
        counts.append(min(int(counts[-1] * GROWTH), last))
    return np.array(counts)


def _paths(times: np.ndarray, least: np.ndarray, most: np.ndarray, n: int) -> np.ndarray:
    """Probability of each final count of a Poisson process that stays within bounds at given times.

    Parameters
    ----------
    times
        Rising, shape (n_times,).
    least, most
        Allowed counts at these times, shape (n_times,). Counts above `n` are one state, `n` + 1.
    n
        Highest count that is followed.

    Returns
    -------
    numpy.ndarray
        Shape (n + 2,).
    """
    chance, before = np.zeros(n + 2), 0.0
    chance[0] = 1.0
    for time, low, high in zip(times.tolist(), least.tolist(), most.tolist(), strict=True):
        step, before = time - before, time
        added = _poisson(np.arange(int(step + 10 * np.sqrt(step) + 20)), step)
        moved = np.convolve(chance[:-1], added)
        beyond = chance[-1] + moved[n + 1 :].sum()
        chance = np.append(moved[: n + 1], beyond)
        chance[:low] = 0.0
        chance[high + 1 :] = 0.0
    return chance


def _poisson(count: np.ndarray, expected: float) -> np.ndarray:
    """Probability of each count of independent happenings."""
    probability: np.ndarray = np.exp(xlogy(count, expected) - gammaln(count + 1) - expected)
    return probability


def _solve(failing: Callable[[float], float], tail: float) -> float:
    """Find the highest level at which the band fails with probability `tail`.

    By false position with halved weights (the Illinois algorithm, Dowell and Jarratt 1971): importing
    scipy.optimize takes longer than a whole search.
    """
    other, at = float(np.log(tail * LOWEST_SHARE)), float(np.log(tail))
    of_other, of_at = failing(other), failing(at)
    while abs(step := of_at * (at - other) / (of_at - of_other)) > NEAR_ENOUGH:
        there = at - step
        of_there = failing(there)
        if of_there * of_at < 0:
            other, of_other = at, of_at
        else:
            of_other /= 2
        at, of_at = there, of_there
    return float(np.exp(at - step))
