"""Picking on the past, against a slow version and a case worked out by hand."""

import numpy as np
import pytest

from rare_event.judge.resampling import interval_of
from rare_event.judge.selection import Nested, level_with, nested


def naive_nested(figures):
    """Picks and means, fold by fold and setting by setting; folds with a hole are left out."""
    folds = [f for f in range(figures.shape[1]) if all(np.isfinite(row[f]) for row in figures)]
    picks, later = [], []
    for number in range(1, len(folds)):
        past = [sum(row[f] for f in folds[:number]) / number for row in figures]
        pick = max(range(len(past)), key=lambda setting: (round(past[setting], 12), -setting))
        picks.append(pick)
        later.append(figures[pick][folds[number]])
    return picks, sum(later) / len(later)


def told_of(figures: np.ndarray) -> Nested:
    """What enough folds tell."""
    told = nested(figures)
    assert told is not None
    return told


@pytest.mark.parametrize("seed", range(20))
def test_picks_are_those_of_a_slow_version(seed: int) -> None:
    rng = np.random.default_rng(seed)
    figures = rng.integers(0, 8, (rng.integers(1, 30), rng.integers(2, 9))).astype(float)
    if seed % 3 == 0:
        figures[0, rng.integers(0, 2)] = np.nan
    told = nested(figures)
    if np.isfinite(figures).all(axis=0).sum() < 2:
        assert told is None
        return
    picks, figure = naive_nested(figures)
    assert told is not None
    assert list(told.picks) == picks
    assert told.nested_figure == pytest.approx(figure)
    # The last fold played no part in any pick.
    other = figures.copy()
    other[:, -1] = rng.random(len(figures))
    assert told_of(other).picks == told.picks or not np.isfinite(figures[:, -1]).all()


def test_a_case_by_hand() -> None:
    figures = np.array([[0.9, 0.5, 0.6], [0.6, 0.8, 0.8], [0.5, 0.6, 0.5]])
    told = told_of(figures)
    # Fold 1 favours the first; folds 1 and 2 leave it level with the second, and the first is picked.
    assert told.picks == (0, 0) and told.best == 1
    assert told.nested_figure == pytest.approx((0.5 + 0.6) / 2)
    assert told.best_figure == pytest.approx(0.8)
    assert told.best_of_all_folds == pytest.approx(2.2 / 3)
    assert told.middle_figure == pytest.approx(0.55)
    assert told.best_figure > told.nested_figure


def test_too_few_folds_tell_nothing() -> None:
    assert nested(np.array([[0.5], [0.6]])) is None
    assert nested(np.empty((0, 4))) is None
    assert nested(np.array([[0.5, np.nan], [0.6, 0.7]])) is None
    assert nested(np.array([[0.5, 0.4], [0.6, 0.7]])) is not None


def test_noise_alone_is_seen_through() -> None:
    """Of many settings without skill the best looks good, and its pick does not."""
    rng = np.random.default_rng(0)
    told = [told_of(0.5 + 0.1 * rng.normal(size=(54, 6))) for _ in range(200)]
    assert np.mean([each.best_figure for each in told]) > 0.56
    assert np.mean([each.nested_figure for each in told]) == pytest.approx(0.5, abs=0.01)


def test_level_with_the_best_against_one_at_a_time() -> None:
    rng = np.random.default_rng(1)
    shared = rng.normal(size=400)
    draws = np.array(
        [shared + 1, shared + 0.99 + 0.1 * rng.normal(size=400), shared - 3, np.full(400, np.nan)]
    )
    same = level_with(draws, 0)
    for setting in range(3):
        low, high = interval_of((draws[0] - draws[setting])[:, None])
        assert same[setting] == (low[0] <= 0 <= high[0])
    assert same.tolist() == [True, True, False, True]
