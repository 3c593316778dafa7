"""Decimation: by hand, against a naive loop, and by law."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rare_event.plots.decimate import corners, decimate, decimate_classes, extremes, thin
from tests.plots.examples import make_points, random_scores

numbers = st.lists(st.floats(-1e6, 1e6), min_size=0, max_size=300).map(np.array)


def naive_extremes(y, limit):
    """Walk through the buckets between the ends and keep the first lowest and the first highest."""
    n = len(y)
    if n <= limit:
        return list(range(n))
    inner = list(range(1, n - 1))
    n_buckets = (limit - 2) // 2
    size = -(-len(inner) // n_buckets)
    kept = {0, n - 1}
    for start in range(0, len(inner), size):
        bucket = inner[start : start + size]
        kept.add(min(bucket, key=lambda i: y[i]))
        kept.add(max(bucket, key=lambda i: y[i]))
    return sorted(kept)


@pytest.mark.parametrize("n", [0, 1, 2, 9, 10, 11, 12, 57, 1000])
@pytest.mark.parametrize("limit", [4, 5, 10, 11, 200])
def test_the_same_points_as_a_loop(n, limit):
    y = np.random.default_rng(n).integers(-5, 6, n)

    assert extremes(y, limit).tolist() == naive_extremes(y, limit)


@given(numbers, st.integers(4, 80))
@settings(max_examples=200)
def test_extremes_and_ends_stay_in_order_within_the_limit(y, limit):
    kept = extremes(y, limit)

    assert len(kept) <= limit
    assert (np.diff(kept) > 0).all()
    if len(y):
        assert (kept[0], kept[-1]) == (0, len(y) - 1)
        assert y[kept].min() == y.min()
        assert y[kept].max() == y.max()


def test_a_short_curve_is_copied_exactly():
    x, y = np.arange(3), np.array([3.0, np.nan, 1.0])

    thinned_x, thinned_y = decimate(x, y, limit=4)

    np.testing.assert_array_equal(thinned_x, x)
    np.testing.assert_array_equal(thinned_y, y)
    assert not np.shares_memory(thinned_y, y)


def test_times_stay_times():
    when = np.datetime64("1999-05-01", "us") + np.arange(100) * np.timedelta64(2, "m")

    x, y = decimate(when, np.arange(100.0), limit=10)

    assert x.dtype == when.dtype
    assert len(x) == len(y) <= 10


def test_missing_values_do_not_hide_the_extremes():
    y = np.full(1000, np.nan)
    y[300], y[700] = -7.0, 7.0

    kept = extremes(y, 20)

    assert {300, 700} <= set(kept)
    assert len(kept) <= 20


def test_too_low_a_limit_is_refused():
    with pytest.raises(ValueError, match="at least 4"):
        extremes(np.zeros(10), 3)


def test_thinning_keeps_both_ends():
    assert thin(np.arange(100), 3).tolist() == [0, 49, 99]
    assert thin(np.arange(2), 3).tolist() == [0, 1]
    assert not len(thin(np.arange(100), 0))


@given(
    st.integers(0, 2**32 - 1), st.integers(0, 300), st.floats(0, 1), st.floats(-1, 6), st.integers(16, 100)
)
@settings(max_examples=200)
def test_a_scatter_keeps_positives_and_extremes(seed, n, share, threshold, limit):
    rng = np.random.default_rng(seed)
    score, positive = rng.exponential(size=n), rng.random(n) < share

    kept = decimate_classes(score, positive, threshold, limit)

    assert len(kept) <= limit
    assert (np.diff(kept) > 0).all()
    if positive.sum() <= limit:
        assert set(np.flatnonzero(positive)) <= set(kept)
    above = ~positive & (score >= threshold)
    if positive.sum() + above.sum() + limit // 4 <= limit:
        assert set(np.flatnonzero(above)) <= set(kept)
        assert n == 0 or score[kept].min() == score.min()


def test_a_low_threshold_does_not_empty_the_rest_of_the_scatter():
    # 1000 windows, half of them above the threshold, room for 100: 25 are set aside for the rest.
    score = np.arange(1000.0)

    kept = decimate_classes(score, np.zeros(1000, bool), threshold=500.0, limit=100)

    assert (score[kept] < 500).sum() >= 25
    assert (score[kept] >= 500).sum() > 0
    assert {0, 999} <= set(kept)


def test_every_corner_of_recall_stays():
    scores = random_scores(20_000, n_positive=100)
    points = make_points(scores.y_score, scores.y_true)

    kept = corners(points)

    assert len(kept) <= 2000
    step = np.flatnonzero(np.diff(points.tp))
    assert set(step) | set(step + 1) <= set(kept)
    assert points.precision[kept].max() == points.precision.max()
