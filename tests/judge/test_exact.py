"""Exact intervals are those worked out by hand, and hold as often as they say."""

import numpy as np
import pytest
from scipy.stats import binom, poisson

from rare_event.judge.exact import exact_border, exact_count, exact_share, joined, widened


@pytest.mark.parametrize(
    ("count", "total", "expected"),
    # 0.025^(1/3) = 0.2924; 1 of 1: 0.025; 1 of 2: 1 - sqrt(0.975) and sqrt(0.975).
    [
        (0, 3, (0, 0.7076)),
        (3, 3, (0.2924, 1)),
        (1, 1, (0.025, 1)),
        (0, 1, (0, 0.975)),
        (1, 2, (0.0126, 0.9874)),
    ],
)
def test_shares_by_hand(count, total, expected) -> None:
    assert exact_share(count, total) == pytest.approx(expected, abs=5e-5)


def test_a_share_of_nothing_has_no_interval() -> None:
    assert np.isnan(exact_share(0, 0)).all() and np.isnan(exact_border(np.nan, 0)).all()
    # Half of the windows of one stretch: it says nothing of other stretches.
    assert np.isnan(exact_border(0.5, 1)).all()
    assert exact_border(1.0, 3) == pytest.approx((0.2924, 1), abs=5e-5)


@pytest.mark.parametrize("n", [1, 3, 20])
def test_shares_hold_as_often_as_they_say(n) -> None:
    low, high = exact_share(np.arange(n + 1), n)
    for share in np.linspace(0.01, 0.99, 40):
        inside = (low <= share) & (share <= high)
        assert binom.pmf(np.arange(n + 1), n, share)[inside].sum() >= 0.95
    assert (low < high).all()


def test_counts_by_hand_hold_as_often_as_they_say() -> None:
    # None: e^-3.689 = 0.025; 10: published tables have 4.80 and 18.39.
    assert exact_count(0) == pytest.approx((0, 3.689), abs=5e-4)
    assert exact_count(10) == pytest.approx((4.795, 18.390), abs=5e-4)
    low, high = exact_count(np.arange(200))
    for mean in (0.1, 1.0, 7.0, 40.0):
        inside = (low <= mean) & (mean <= high)
        assert poisson.pmf(np.arange(200), mean)[inside].sum() >= 0.95
        assert not inside.all()


def test_only_an_interval_without_width_is_replaced() -> None:
    drawn = (np.array([0.0, 0.2, np.nan]), np.array([0.0, 0.4, np.nan]))
    low, high = widened(drawn, (np.full(3, 0.1), np.full(3, 0.9)))
    np.testing.assert_array_equal(low, [0.1, 0.2, np.nan])
    np.testing.assert_array_equal(high, [0.9, 0.4, np.nan])


def test_false_alarms_vary_at_least_as_independent_happenings() -> None:
    # 6 alarms, most in one stretch that every resample holds: 1.2 to 2.3 a day drawn, 0.67 to 3.95 exact.
    low_count, high_count = exact_count(6)
    exact = (low_count / 3.31, high_count / 3.31)
    low, high = joined("false_alarms_per_day", (1.2, 2.3), exact)
    assert (round(float(low), 2), round(float(high), 2)) == (0.67, 3.95)
    # A wider interval of resamples is not narrowed, and that of another figure is as it was drawn.
    np.testing.assert_array_equal(joined("false_alarms_per_day", (0.1, 9.0), exact), (0.1, 9.0))
    np.testing.assert_array_equal(joined("precision", (1.2, 2.3), exact), (1.2, 2.3))
