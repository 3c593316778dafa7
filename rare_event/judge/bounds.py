"""Bounds on the rate of false alarms and the share of events caught, valid at any threshold at once."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import betaincinv, gammaincinv

from rare_event.config import AlarmPolicy
from rare_event.judge.bands import at_least, at_most, level_of_counts, level_of_shares
from rare_event.judge.operating_intervals import counts_by_stretch
from rare_event.judge.scores import Scores
from rare_event.judge.thresholds import OperatingPoints, operating_points

CONFIDENCE = 0.95
# Half for each of the two bounds, so that both hold together with this confidence (Bonferroni).
TAIL = (1 - CONFIDENCE) / 2
# A promise covers thresholds with up to an alarm an hour, and at least so many false alarms in all. More than
# the highest number are not followed: bounds on them take too long to compute.
MOST_A_DAY = 24.0
LEAST_COUNT, MOST_COUNT = 256, 16_384
# Stretches longer than this share of the running time are cut, so that there are always some to compare.
LONGEST_BLOCK = 1 / 20
# Fewer false alarms than this do not show how they vary: what that many show is taken.
ENOUGH = 30
# False alarms are compared between blocks at counts that grow by this factor.
FINENESS = 1.3


@dataclass(frozen=True, eq=False)
class Dispersion:
    """How much more false alarms vary between stretches than independent ones would.

    Parameters
    ----------
    counts
        Numbers of false alarms, rising, shape (n,).
    ratio
        Variance over that of independent ones at the worst of the thresholds with up to so many, shape (n,).
    """

    counts: np.ndarray
    ratio: np.ndarray

    def at(self, false_alarms: np.ndarray) -> np.ndarray:
        """Return the ratio for numbers of false alarms, 1 or more; a few of them tell as little as 30."""
        if not len(self.counts):
            return np.ones(len(false_alarms))
        position = np.searchsorted(self.counts, np.maximum(false_alarms, ENOUGH), side="right") - 1
        ratio: np.ndarray = self.ratio[np.maximum(position, 0)]
        return ratio


INDEPENDENT = Dispersion(np.empty(0), np.empty(0))


def lowest_share(caught: int, n_events: int, n_thresholds: int = 1) -> float:
    """Lower bound of the share of events caught, at any threshold at once; 0 where none can be given.

    Of several thresholds each may lie just at the score of an event that it catches, and each is chosen for
    itself: the level is divided by their number, and so many more events count as missed. That this is enough
    is shown by simulation (`rare_event.bench.promise`), not by a proof.

    Examples
    --------
    >>> lowest_share(0, 36), round(lowest_share(10, 36), 4), round(lowest_share(1, 1), 3)
    (0.0, 0.0969, 0.025)
    """
    if not caught:
        return 0.0
    level, caught = level_of_shares(n_events, TAIL) / n_thresholds, at_most(caught, n_events)
    return float(betaincinv(caught, n_events - caught + n_thresholds, level))


def upper_rates(
    false_alarms: np.ndarray, days: float, spread: Dispersion, n_thresholds: int = 1
) -> np.ndarray:
    """Upper bound of the rate of false alarms, at any threshold at once.

    Parameters
    ----------
    false_alarms
        Numbers of false alarms, shape (n,).
    days
        Running time in days, or thousands of rows.
    spread
        Their dispersion: they count as clusters of this size, whose number is Poisson distributed (the
        effective counts of Korn and Graubard 1998, Survey Methodology 24, 193-201).
    n_thresholds
        How many thresholds gave them; each may lie just above one more alarm.

    Returns
    -------
    numpy.ndarray
        Infinite where there are too many to be bounded, or there is no running time; shape (n,).

    Examples
    --------
    >>> upper_rates(np.array([0, 10]), days=5.0, spread=INDEPENDENT).round(2).tolist()
    [1.26, 4.62]
    """
    if not days:
        return np.full(len(false_alarms), np.inf)
    most = _most(days)
    level = level_of_counts(most, TAIL) / n_thresholds
    ratio = spread.at(false_alarms)
    bound = ratio * gammaincinv(at_least(false_alarms, most) / ratio + n_thresholds, 1 - level) / days
    return np.where(false_alarms <= most, bound, np.inf)


def _most(days: float) -> int:
    """Highest number of false alarms that has a bound: a power of 2, so that few levels are computed."""
    wanted = min(max(LEAST_COUNT, MOST_A_DAY * days), MOST_COUNT)
    return int(2 ** math.ceil(math.log2(wanted)))


def upper_rates_of(points: OperatingPoints, spread: Dispersion) -> np.ndarray:
    """Upper bound of the rate of false alarms at each operating point, shape (n_points,).

    Where alarms merge, so that a lower threshold gives fewer of them, the bound is that of the highest number
    above.
    """
    highest = np.maximum.accumulate(points.false_alarms[::-1])[::-1]
    counts, position = np.unique(highest, return_inverse=True)
    return upper_rates(counts, points.days, spread)[position]


def dispersion(scores: Scores, policy: AlarmPolicy) -> Dispersion:
    """Measure how much false alarms vary between stretches.

    The variance is that of the total when whole stretches are drawn again, in closed form (Efron and
    Tibshirani 1993, section 6.2, for a ratio). Long stretches are cut into pieces of a twentieth of the
    running time.

    Parameters
    ----------
    scores, policy
        The part and the alarm policy.
    """
    if not len(scores) or not scores.days:
        return INDEPENDENT
    block, n_blocks = _blocks(scores)
    points = operating_points(scores, policy)
    if n_blocks < 2 or not points.false_alarms.any():
        return INDEPENDENT
    # From the highest threshold down, so that the numbers rise.
    shown = _spaced(points)
    counted = counts_by_stretch(scores, policy, shown, block, n_blocks)["false_alarms"][:, ::-1].astype(float)
    minutes = np.bincount(block, weights=scores.running, minlength=n_blocks)
    total = counted.sum(axis=0)
    expected = minutes[:, None] / minutes.sum() * total
    variance = n_blocks / (n_blocks - 1) * ((counted - expected) ** 2).sum(axis=0)
    ratio = np.divide(variance, total, out=np.ones_like(total), where=total > 0)
    return Dispersion(np.maximum.accumulate(total), np.maximum.accumulate(np.maximum(ratio, 1.0)))


def _spaced(points: OperatingPoints) -> np.ndarray:
    """Find points whose counts of false alarms grow geometrically, up to the most that are bounded."""
    highest = np.maximum.accumulate(points.false_alarms[::-1])
    most = min(int(highest[-1]), _most(points.days))
    wanted = np.unique(
        np.geomspace(1, max(most, 1), 2 + int(math.log(max(most, 1)) / math.log(FINENESS))).round()
    )
    found = np.searchsorted(highest, wanted, side="left")
    return np.unique(len(points) - 1 - found[found < len(points)])


def _blocks(scores: Scores) -> tuple[np.ndarray, int]:
    """Return the number of each row's stretch, or of its piece of a long one; and how many there are."""
    running = scores.running
    until = np.cumsum(running) - running
    starts = np.flatnonzero(scores.age == 0)
    began = np.repeat(until[starts], np.diff(np.append(starts, len(scores))))
    piece = np.floor((until - began) / (LONGEST_BLOCK * running.sum()) + 1e-9).astype(np.int64)
    _, block = np.unique(np.stack([scores.stretch, piece]), axis=1, return_inverse=True)
    return block.ravel(), int(block.max(initial=-1)) + 1
