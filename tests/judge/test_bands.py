"""Bands that hold at every threshold at once: against simulation and closed forms."""

import numpy as np
import pytest
from scipy.stats import beta, gamma

from rare_event.judge.bands import LOWEST_SHARE, _solve, at_least, at_most, level_of_counts, level_of_shares

TAIL = 0.025


def test_with_one_event_or_no_alarm_there_is_nothing_to_choose() -> None:
    assert level_of_shares(1, TAIL) == TAIL and level_of_counts(0, TAIL) == TAIL
    # Two events: the bounds hold if both uniform numbers exceed l1 and one exceeds l2, where l1 = 1 - sqrt(1
    # - x) and l2 = sqrt(x). P(min >= l1, max >= l2) = (1 - l1)^2 - (l2 - l1)^2.
    x = level_of_shares(2, TAIL)
    low, high = 1 - np.sqrt(1 - x), np.sqrt(x)
    assert (1 - low) ** 2 - (high - low) ** 2 == pytest.approx(1 - TAIL, abs=1e-6)
    # Up to one alarm: P(G1 <= u0, G2 <= u1) for arrivals of a Poisson process, integrated over the first.
    y = level_of_counts(1, TAIL)
    u0, u1 = gamma.ppf(1 - y, 1), gamma.ppf(1 - y, 2)
    assert 1 - np.exp(-u0) - u0 * np.exp(-u1) == pytest.approx(1 - TAIL, abs=1e-6)


@pytest.mark.parametrize("n", [2, 12, 36, 150])
def test_all_bounds_of_shares_hold_at_once(n: int) -> None:
    random, level = np.random.default_rng(n), level_of_shares(n, TAIL)
    count = np.arange(1, n + 1)
    rounded = np.array([at_most(one, n) for one in count.tolist()])
    lower = beta.ppf(level, rounded, n - rounded + 1)
    # What a threshold leaves above it is a share whose k-th smallest value has k events.
    share = np.sort(random.random((20_000, n)), axis=1)
    failed = 1 - (share >= lower).all(axis=1).mean()
    assert failed == pytest.approx(TAIL, abs=4 * np.sqrt(TAIL / 20_000)) or failed < TAIL
    # Bounds of a single threshold fail far more often, once the worst of all is looked at.
    single = beta.ppf(TAIL, count, n - count + 1)
    assert n == 2 or 1 - (share >= single).all(axis=1).mean() > 2 * TAIL


@pytest.mark.parametrize("most", [5, 256])
def test_all_bounds_of_counts_hold_at_once(most: int) -> None:
    random, level = np.random.default_rng(most), level_of_counts(most, TAIL)
    count = np.arange(most + 1)
    upper = gamma.ppf(1 - level, at_least(count, most) + 1)
    # At a count of k, the threshold may lie just above alarm k + 1.
    expected = np.cumsum(random.exponential(size=(20_000, most + 1)), axis=1)
    failed = 1 - (expected <= upper).all(axis=1).mean()
    assert failed == pytest.approx(TAIL, abs=4 * np.sqrt(TAIL / 20_000)) or failed < TAIL
    single = gamma.ppf(1 - TAIL, count + 1)
    assert 1 - (expected <= single).all(axis=1).mean() > 2 * TAIL


def test_more_data_need_a_lower_level() -> None:
    shares = [level_of_shares(n, TAIL) for n in (1, 3, 30, 300, 1500)]
    counts = [level_of_counts(n, TAIL) for n in (0, 4, 64, 1024)]
    assert shares == sorted(shares, reverse=True) and counts == sorted(counts, reverse=True)
    assert min(shares + counts) > TAIL / 100


@pytest.mark.parametrize("power", [0.2, 1, 3, 20])
@pytest.mark.parametrize("tail", [1e-3, 0.025, 0.2])
def test_the_level_is_found_wherever_it_lies(power: float, tail: float) -> None:
    # A share that fails at the level itself to a power has its level in closed form.
    wanted = (tail * 3e-4) ** (1 / power) if power == 1 else tail * 0.5
    found = _solve(lambda log_level: float((np.exp(log_level) / wanted) ** power - 1), tail)
    assert found == pytest.approx(wanted, rel=1e-6)
    assert tail * LOWEST_SHARE < found < tail
