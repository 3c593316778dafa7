"""Representations are taken within stretches and scaled by normal training rows alone."""

import numpy as np
import pytest
from sklearn.preprocessing import RobustScaler, StandardScaler

from rare_event.config import Representation
from rare_event.errors import DataError
from rare_event.prepare.features import derive, fit_representation
from tests import naive

LEVEL, DIFFERENCE = Representation("level"), Representation("difference")
NAMES = ("a", "b", "c")


def walk(seed, n=200, missing=0.0):
    rng = np.random.default_rng(seed)
    values = (1000 + np.cumsum(rng.normal(size=(n, 3)), axis=0)).astype(np.float32)
    values[rng.random(values.shape) < missing] = np.nan
    return values, np.cumsum(rng.random(n) < 0.08)


def test_a_hand_made_case() -> None:
    values, stretch = np.array([[1.0], [4.0], [2.0], [10.0], [13.0]]), np.array([0, 0, 0, 1, 1])
    assert derive(values, stretch, LEVEL).tolist() == values.tolist()
    # 4 - 1, 2 - 4; a stop; 13 - 10.
    assert derive(values, stretch, DIFFERENCE)[:, 0].tolist() == [0, 3, -2, 0, 3]
    # Less the mean of two rows: 4 - 5/2, 2 - 6/2; a stop; 13 - 23/2.
    deviation = derive(values, stretch, Representation("deviation", trailing=2))
    assert deviation[:, 0].tolist() == [0, 1.5, -1, 0, 1.5]


@pytest.mark.parametrize("missing", [0.0, 0.1, 0.6])
@pytest.mark.parametrize("seed", range(4))
def test_difference_is_that_of_the_loop(seed, missing) -> None:
    values, stretch = walk(seed, missing=missing)
    before = values.copy()
    found, expected = derive(values, stretch, DIFFERENCE), naive.difference(values, stretch)
    starts = np.flatnonzero(np.diff(stretch, prepend=-1))
    later = np.setdiff1d(np.arange(len(values)), starts)
    np.testing.assert_allclose(found[later], expected[later], atol=1e-3)
    # No change is known there; what is missing stays missing.
    assert (np.nan_to_num(found[starts]) == 0).all()
    assert (np.isnan(found[starts]) == np.isnan(values[starts])).all()
    assert found.dtype == np.float32
    np.testing.assert_array_equal(values, before)


@pytest.mark.parametrize("missing", [0.0, 0.1, 0.6])
@pytest.mark.parametrize("trailing", [2, 5, 1000])
def test_deviation_is_that_of_the_loop(trailing, missing) -> None:
    values, stretch = walk(trailing, missing=missing)
    before = values.copy()
    found = derive(values, stretch, Representation("deviation", trailing=trailing))
    np.testing.assert_allclose(found, naive.deviation(values, stretch, trailing), atol=1e-3)
    starts = np.flatnonzero(np.diff(stretch, prepend=-1))
    np.testing.assert_allclose(np.nan_to_num(found[starts]), 0, atol=1e-3)
    assert (np.isnan(found) == np.isnan(values)).all() and found.dtype == np.float32
    np.testing.assert_array_equal(values, before)


@pytest.mark.parametrize("kind", ["difference", "deviation"])
def test_nothing_is_compared_across_a_stop(kind) -> None:
    values, stretch = walk(1)
    config = Representation(kind, trailing=10)
    longest = np.bincount(stretch).argmax()
    moved = values + np.where(stretch == longest, 50, 0).astype(np.float32)[:, None]
    # A constant added to a whole stretch is seen nowhere: changes are within stretches only.
    np.testing.assert_allclose(derive(moved, stretch, config), derive(values, stretch, config), atol=2e-3)
    assert not np.allclose(derive(moved, stretch, LEVEL), derive(values, stretch, LEVEL))


def test_a_large_level_costs_deviation_no_digits() -> None:
    rng = np.random.default_rng(0)
    small = rng.normal(size=(5000, 1))
    stretch = np.zeros(5000, int)
    config = Representation("deviation", trailing=30)
    np.testing.assert_allclose(
        derive(small + 1e6, stretch, config), derive(small, stretch, config), atol=1e-5
    )


def fit(config, derived, normal, grades=None):
    return fit_representation(config, NAMES, derived, grades or {}, normal)


@pytest.mark.parametrize(
    ("scaler", "reference"),
    [("standard", StandardScaler()), ("robust", RobustScaler(quantile_range=(5.0, 95.0)))],
)
def test_scaling_is_scikit_learns(scaler, reference) -> None:
    values, _ = walk(2)
    values[:, 2] = 7.0  # a constant sensor becomes 0, not infinite
    normal = np.arange(20, 120)
    fitted = fit(Representation("level", scaler, clip=None), values, normal)
    scaled = fitted.transform(values, {})
    expected = reference.fit(values[normal].astype(float)).transform(values.astype(float))
    np.testing.assert_allclose(scaled, expected, atol=1e-3)
    assert (scaled[:, 2] == 0).all() and scaled.dtype == np.float32
    if scaler == "standard":
        np.testing.assert_allclose(scaled[normal][:, :2].mean(axis=0), 0, atol=1e-3)
        np.testing.assert_allclose(scaled[normal][:, :2].std(axis=0), 1, atol=1e-3)


@pytest.mark.parametrize("scaler", ["standard", "robust"])
def test_only_normal_training_rows_are_seen(scaler) -> None:
    values, _ = walk(3)
    normal = np.arange(0, 150, 2)
    grade = np.where(np.arange(200) % 4 == 0, "A", "B")
    config = Representation("level", scaler, one_hot=True)
    fitted = fit(config, values, normal, {"grade": grade})
    others = np.setdiff1d(np.arange(200), normal)
    spoilt, other_grade = values.copy(), grade.astype("<U9")
    spoilt[others] = 1e9
    other_grade[others] = "elsewhere"
    again = fit(config, spoilt, normal, {"grade": other_grade})
    assert (again.center == fitted.center).all() and (again.scale == fitted.scale).all()
    assert again.categories == fitted.categories
    # The check above can fail: a changed normal row is seen.
    spoilt[normal[:40]] += 5
    assert (fit(config, spoilt, normal, {"grade": grade}).center != fitted.center).any()


def test_clip() -> None:
    derived = np.array([[-100.0, 0, 0], [100.0, 1, 2], [0.0, 2, 4]], np.float32)
    normal = np.array([1, 2])
    clipped = fit(Representation("level", "standard", clip=1.5), derived, normal).transform(derived, {})
    free = fit(Representation("level", "standard", clip=None), derived, normal).transform(derived, {})
    # Column a: mean 50, standard deviation 50: -100 is -3, clipped to -1.5; 100 is 1.
    assert free[:, 0].tolist() == [-3, 1, -1] and clipped[:, 0].tolist() == [-1.5, 1, -1]
    assert np.abs(clipped).max() == 1.5


def test_one_hot_grades() -> None:
    derived = np.zeros((5, 3), np.float32)
    grades = {"grade": np.array(["b", "a", "b", "new", "a"]), "valve": np.array(["0", "0", "0", "0", "1"])}
    fitted = fit(Representation("level", "standard", one_hot=True), derived, np.array([0, 1, 2]), grades)
    assert fitted.categories == {"grade": ("a", "b"), "valve": ("0",)}
    assert fitted.names == ("a", "b", "c", "grade = a", "grade = b", "valve = 0")
    hot = fitted.transform(derived, grades)[:, 3:]
    # The grade first seen in row 3 and the open valve of row 4 were not in training: all zeros.
    assert hot.tolist() == [[0, 1, 1], [1, 0, 1], [0, 1, 1], [0, 0, 1], [1, 0, 0]]


def test_grades_stay_out_unless_asked_for() -> None:
    derived = np.zeros((4, 3), np.float32)
    fitted = fit(Representation("level", one_hot=False), derived, np.arange(4), {"g": np.array(list("abab"))})
    assert fitted.names == NAMES and fitted.categories == {}
    assert fitted.transform(derived, {"g": np.array(list("abab"))}).shape == (4, 3)


def test_nothing_given_is_changed() -> None:
    values, _ = walk(4)
    before = values.copy()
    fitted = fit(Representation("level", clip=0.5), values, np.arange(100))
    once, twice = fitted.transform(values, {}), fitted.transform(values, {})
    np.testing.assert_array_equal(values, before)
    np.testing.assert_array_equal(once, twice)
    assert not np.shares_memory(once, values)
    assert not np.shares_memory(derive(values, np.zeros(200, int), LEVEL), values)


def test_no_normal_training_row_is_a_sentence() -> None:
    with pytest.raises(DataError, match="no normal window. Use a shorter lookback or more data"):
        fit(LEVEL, np.zeros((4, 3), np.float32), np.array([], int))
