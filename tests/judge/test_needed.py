"""Events needed: against brute force on simulated events, and what cannot be computed."""

import numpy as np
import pytest
from scipy.stats import binomtest

from rare_event.clock import TimeUnit
from rare_event.judge.exact import exact_share
from rare_event.judge.kept import rate_interval
from rare_event.judge.needed import (
    POWER,
    for_difference,
    for_pairs,
    for_rate,
    for_share,
    power_of_pairs,
    power_of_rate,
    power_of_share,
)

REPEATS = 4000
# Four standard errors of a simulated share.
CLOSE = 4 * np.sqrt(0.2 * 0.8 / REPEATS)


@pytest.mark.parametrize(("only_first", "only_second", "n_events"), [(9, 3, 36), (3, 12, 60), (20, 10, 78)])
def test_pairs_against_simulated_events(only_first: int, only_second: int, n_events: int) -> None:
    needed = for_pairs(only_first, only_second, n_events, days=9.0).events
    assert needed is not None and needed > n_events

    def share_seen(n: int) -> float:
        random = np.random.default_rng(0)
        shares = [only_first / n_events, only_second / n_events]
        counts = random.multinomial(n, [*shares, 1 - sum(shares)], REPEATS)[:, :2]
        # As `SameRate.differs` tells them apart.
        low, high = exact_share(counts[:, 0], counts.sum(axis=1))
        return float((low > 0.5).mean() if only_first > only_second else (high < 0.5).mean())

    assert share_seen(needed) == pytest.approx(POWER, abs=CLOSE + 0.02)
    assert share_seen(n_events) < POWER
    differing, better = (only_first + only_second) / n_events, max(only_first, only_second)
    power = power_of_pairs(needed, differing, better / (only_first + only_second))
    assert power >= POWER and share_seen(needed) == pytest.approx(power, abs=CLOSE)


def test_pairs_by_hand() -> None:
    # All events differ and one side catches them all: six of six is the first that leaves one half out.
    assert 0.5**6 <= 0.025 < 0.5**5
    assert for_pairs(4, 0, 4).events == 6
    assert "2 more events would give an 80% chance of showing a difference" in for_pairs(4, 0, 4).in_words()
    assert "about 3 days at this plant's rate" in for_pairs(4, 0, 4, days=6.0).in_words()
    assert "These 8 events are enough" in for_pairs(8, 0, 8, days=6.0).in_words()


@pytest.mark.parametrize(("caught", "goal"), [(18, 0.3), (6, 0.3), (30, 0.5)])
def test_shares_against_simulated_events(caught: int, goal: float) -> None:
    n_events = 36
    needed = for_share(caught, n_events, goal).events
    assert needed is not None
    random = np.random.default_rng(1)
    counts = random.binomial(needed, caught / n_events, REPEATS)
    sides = {
        count: binomtest(count, needed).proportion_ci(0.95, "exact") for count in np.unique(counts).tolist()
    }
    seen = np.mean(
        [
            side.low > goal if caught / n_events > goal else side.high < goal
            for side in map(sides.__getitem__, counts.tolist())
        ]
    )
    power = power_of_share(needed, caught / n_events, goal)
    assert power >= POWER and seen == pytest.approx(power, abs=CLOSE)
    assert power_of_share(needed - 1, caught / n_events, goal) < POWER


@pytest.mark.parametrize(("false_alarms", "dispersion"), [(10, 1.0), (30, 1.0), (10, 2.0)])
def test_rates_against_simulated_alarms(false_alarms: int, dispersion: float) -> None:
    days, goal = 10.0, 2.0
    needed = for_rate(false_alarms, days, goal, dispersion)
    assert needed.events is None and not needed.reason
    random, rate = np.random.default_rng(2), false_alarms / days
    clusters = random.poisson(rate * needed.days / dispersion, REPEATS)
    alarms, position = np.unique(clusters * dispersion, return_inverse=True)
    sides = np.array([rate_interval(count, needed.days, dispersion) for count in alarms.tolist()])
    told = sides[:, 1] <= goal if rate < goal else sides[:, 0] >= goal
    seen = told[position].mean()
    power = power_of_rate(np.array([needed.days]), rate, goal, dispersion)[0]
    assert power >= POWER and seen == pytest.approx(power, abs=CLOSE)
    assert power_of_rate(np.array([needed.days / 4]), rate, goal, dispersion)[0] < POWER


def test_a_difference_needs_an_interval_that_leaves_zero_out() -> None:
    # Half the interval is 1.96 deviations; seen with 80% power at 1.96 + 0.84 deviations.
    needed = for_difference(0.05, -0.05, 0.15, n_events=80, days=16.0)
    assert needed.events == int(np.ceil(80 * ((1.959964 + 0.841621) * (0.1 / 1.959964) / 0.05) ** 2))
    random = np.random.default_rng(3)
    shrunk = 0.1 * np.sqrt(80 / needed.events)
    estimates = random.normal(0.05, shrunk / 1.959964, REPEATS)
    assert (np.abs(estimates) > shrunk).mean() == pytest.approx(POWER, abs=CLOSE)
    assert for_difference(-0.05, -0.15, 0.05, n_events=80).events == needed.events


def test_what_cannot_be_computed_is_refused_with_the_reason() -> None:
    assert "The difference is 0" in for_difference(0.0, -0.1, 0.1, 80).in_words()
    assert "The difference is 0" in for_pairs(5, 5, 20).in_words()
    for none in (for_difference(0.1, 0.0, 0.2, 0), for_pairs(0, 0, 0), for_share(0, 0, 0.5)):
        assert "no events yet" in none.in_words() and none.events is None
    assert "equals the goal of 50%" in for_share(10, 20, 0.5).in_words()
    assert "no running time" in for_rate(0, 0.0, 2.0).in_words()
    assert "equals the goal of 2 a day" in for_rate(20, 10.0, 2.0).in_words()
    assert "more than 20,000 events" in for_share(501, 1000, 0.5).in_words()
    assert "more than 20,000 events" in for_difference(1e-6, -0.1, 0.1, 80).in_words()
    assert "more than 3,650 days" in for_rate(20001, 10000.0, 2.0).in_words()
    assert "thousand rows" in for_rate(20001, 10000.0, 2.0, unit=TimeUnit("There is no clock")).in_words()
