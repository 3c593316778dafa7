"""Representations are taken within stretches and scaled by normal training rows alone."""

import warnings
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
from sklearn.preprocessing import RobustScaler, StandardScaler

from rare_event.config import Representation, RepresentationKind
from rare_event.errors import DataError
from rare_event.prepare import history, scaling
from rare_event.prepare.features import derive, fit_representation, history_rows, input_names
from rare_event.prepare.history import ages
from tests import naive

KINDS = get_args(RepresentationKind)
LEVEL, DIFFERENCE = Representation("level"), Representation("difference")
NAMES = ("a", "b", "c")


def walk(seed, n=200, missing=0.0):
    rng = np.random.default_rng(seed)
    values = (1000 + np.cumsum(rng.normal(size=(n, 3)), axis=0)).astype(np.float32)
    values[rng.random(values.shape) < missing] = np.nan
    return values, np.cumsum(rng.random(n) < 0.08)


def derived_of(values, stretch=None, config=LEVEL, grades=None):
    stretch = np.zeros(len(values), int) if stretch is None else stretch
    return derive(values, stretch, config, NAMES[: values.shape[1]], grades)


def columns(values, stretch, config):
    return derived_of(values, stretch, config).values


def starts_of(stretch):
    return np.flatnonzero(np.diff(stretch, prepend=-1))


def naive_changes(values, stretch, lag):
    """Subtract the value `lag` rows before, or that of the first row of the stretch."""
    result = np.zeros(values.shape)
    for i in range(len(values)):
        first = min(k for k in range(len(values)) if stretch[k] == stretch[i])
        for j in range(values.shape[1]):
            result[i, j] = float(values[i, j]) - float(values[max(i - lag, first), j])
    return result


def naive_movement(values, stretch, trailing):
    """Average the known absolute changes of up to `trailing` rows, but for that of a first row."""
    moved = np.abs(naive_changes(values, stretch, 1))
    result = np.full(values.shape, np.nan)
    for i in range(len(values)):
        mine = [k for k in range(max(0, i - trailing), i + 1) if stretch[k] == stretch[i]]
        for j in range(values.shape[1]):
            known = [moved[k, j] for k in mine[1:] if np.isfinite(moved[k, j])]
            if np.isfinite(moved[i, j]):
                result[i, j] = sum(known) / len(known) if known else 0.0
    return result


def test_a_hand_made_case() -> None:
    values, stretch = np.array([[1.0], [4.0], [2.0], [10.0], [13.0]]), np.array([0, 0, 0, 1, 1])
    assert columns(values, stretch, LEVEL).tolist() == values.tolist()
    # 4 - 1, 2 - 4; a stop; 13 - 10.
    assert columns(values, stretch, DIFFERENCE)[:, 0].tolist() == [0, 3, -2, 0, 3]
    # Two rows back, or to the first row: 4 - 1, 2 - 1; a stop; 13 - 10.
    assert columns(values, stretch, Representation("difference", lag=2))[:, 0].tolist() == [0, 3, 1, 0, 3]
    # Less the mean of two rows: 4 - 5/2, 2 - 6/2; a stop; 13 - 23/2.
    deviation = columns(values, stretch, Representation("deviation", trailing=2))
    assert deviation[:, 0].tolist() == [0, 1.5, -1, 0, 1.5]
    # The last change, and the mean of 3 and 2: the first row of a stretch has no change to count.
    movement = columns(values, stretch, Representation("movement"))
    assert movement.T.tolist() == [[0, 3, 2, 0, 3], [0, 3, 2.5, 0, 3], [0, 3, 2.5, 0, 3]]
    combined = columns(values, stretch, Representation("combined"))
    assert combined.T.tolist() == [[1, 4, 2, 10, 13], [0, 3, -2, 0, 3], [0, 3, 2, 0, 3]]
    # A forecast keeps the levels, less the first of each stretch.
    assert columns(values, stretch, Representation("forecast"))[:, 0].tolist() == [0, 3, 1, 0, 3]
    assert ages(stretch).tolist() == [0, 1, 2, 0, 1] and ages(stretch[:0]).tolist() == []


@pytest.mark.parametrize("missing", [0.0, 0.1, 0.6])
@pytest.mark.parametrize("seed", range(4))
def test_difference_is_that_of_the_loop(seed, missing) -> None:
    values, stretch = walk(seed, missing=missing)
    before = values.copy()
    found, expected = columns(values, stretch, DIFFERENCE), naive.difference(values, stretch)
    starts = starts_of(stretch)
    later = np.setdiff1d(np.arange(len(values)), starts)
    np.testing.assert_allclose(found[later], expected[later], atol=1e-3)
    # No change is known there; what is missing stays missing.
    assert (np.nan_to_num(found[starts]) == 0).all()
    assert (np.isnan(found[starts]) == np.isnan(values[starts])).all()
    assert found.dtype == np.float32
    np.testing.assert_array_equal(values, before)


@pytest.mark.parametrize("missing", [0.0, 0.1])
@pytest.mark.parametrize("lag", [1, 2, 5, 10_000])
def test_difference_over_several_rows_is_that_of_the_loop(lag, missing) -> None:
    values, stretch = walk(lag, missing=missing)
    found = columns(values, stretch, Representation("difference", lag=lag))
    np.testing.assert_allclose(found, naive_changes(values, stretch, lag), atol=1e-3)
    assert (np.nan_to_num(found[starts_of(stretch)]) == 0).all()


@pytest.mark.parametrize("missing", [0.0, 0.1, 0.6])
@pytest.mark.parametrize("trailing", [2, 5, 1000])
def test_deviation_is_that_of_the_loop(trailing, missing) -> None:
    values, stretch = walk(trailing, missing=missing)
    before = values.copy()
    found = columns(values, stretch, Representation("deviation", trailing=trailing))
    np.testing.assert_allclose(found, naive.deviation(values, stretch, trailing), atol=1e-3)
    np.testing.assert_allclose(np.nan_to_num(found[starts_of(stretch)]), 0, atol=1e-3)
    assert (np.isnan(found) == np.isnan(values)).all() and found.dtype == np.float32
    np.testing.assert_array_equal(values, before)


@pytest.mark.parametrize("missing", [0.0, 0.1, 0.6])
@pytest.mark.parametrize("seed", range(3))
def test_movement_is_that_of_the_loop(seed, missing) -> None:
    values, stretch = walk(seed, missing=missing)
    found = columns(values, stretch, Representation("movement"))
    expected = np.concatenate([naive_movement(values, stretch, rows) for rows in (1, 5, 15)], axis=1)
    np.testing.assert_allclose(found, expected, atol=1e-3)
    # A young stretch is not taken for a calm one.
    second = starts_of(stretch)[:-1] + 1
    second = second[(ages(stretch)[second] == 1) & np.isfinite(found[second]).all(axis=1)]
    np.testing.assert_array_equal(found[second, 6:], found[second, :3])
    assert found.dtype == np.float32 and found.shape == (200, 9) and np.nanmin(found) == 0


@pytest.mark.parametrize("missing", [0.0, 0.1])
def test_combined_is_its_parts_side_by_side(missing) -> None:
    values, stretch = walk(5, missing=missing)
    found = columns(values, stretch, Representation("combined", lag=7))
    changes = naive_changes(values, stretch, 1)
    np.testing.assert_allclose(found, np.concatenate([values, changes, np.abs(changes)], axis=1), atol=1e-3)
    assert found.dtype == np.float32 and not (found[:, 6:] < 0).any() and (found[:, 3:6] < 0).any()


@pytest.mark.parametrize("kind", ["difference", "deviation", "movement", "forecast"])
def test_nothing_is_compared_across_a_stop(kind) -> None:
    values, stretch = walk(1)
    config = Representation(kind, trailing=10, lag=3)
    longest = np.bincount(stretch).argmax()
    moved = values + np.where(stretch == longest, 50, 0).astype(np.float32)[:, None]
    # A constant added to a whole stretch is seen nowhere: changes are within stretches only.
    np.testing.assert_allclose(columns(moved, stretch, config), columns(values, stretch, config), atol=2e-3)
    assert not np.allclose(columns(moved, stretch, LEVEL), columns(values, stretch, LEVEL))


@pytest.mark.parametrize("kind", ["difference", "deviation", "movement", "forecast"])
def test_a_large_level_costs_no_digits(kind) -> None:
    rng = np.random.default_rng(0)
    small = rng.normal(size=(5000, 1))
    stretch = np.arange(5000) // 700
    config = Representation(kind, trailing=30)
    np.testing.assert_allclose(
        columns(small + 1e6, stretch, config), columns(small, stretch, config), atol=1e-5
    )


@pytest.mark.parametrize("at_once", [1, 40, 333])
@pytest.mark.parametrize("kind", KINDS)
def test_blocks_of_any_size_give_the_same(kind, at_once, monkeypatch) -> None:
    values, stretch = walk(6, missing=0.02)
    config = Representation(kind, trailing=9, lag=4)
    whole = derived_of(values, stretch, config)
    normal = np.flatnonzero(whole.usable)[:120]
    fitted = fit_representation(config, whole, normal)
    X = fitted.transform(whole)
    for module in (history, scaling):
        monkeypatch.setattr(module, "AT_ONCE", at_once)
    parts = derived_of(values, stretch, config)
    assert len(list(history.blocks(parts.age, 9, 3))) >= 2
    np.testing.assert_array_equal(parts.values, whole.values)
    np.testing.assert_array_equal(parts.usable, whole.usable)
    again = fit_representation(config, parts, normal)
    np.testing.assert_allclose(again.center, fitted.center, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(again.scale, fitted.scale, rtol=1e-6)
    np.testing.assert_allclose(again.transform(parts), X, atol=1e-5)


@pytest.mark.parametrize("missing", [0.0, 0.02, 0.3])
@pytest.mark.parametrize("kind", KINDS)
def test_usable_rows_are_those_with_finite_inputs(kind, missing) -> None:
    values, stretch = walk(7, missing=missing)
    config = Representation(kind, trailing=4, lag=2)
    derived = derived_of(values, stretch, config)
    X = fit_representation(config, derived, np.flatnonzero(derived.usable)).transform(derived)
    assert (derived.usable == np.isfinite(X).all(axis=1)).all()
    assert derived.usable.all() == (missing == 0) and derived.usable.any()
    assert not derived.usable[np.isnan(values).any(axis=1)].any()


@pytest.mark.parametrize("kind", KINDS)
def test_infinite_values_are_unusable(kind) -> None:
    values, stretch = walk(8)
    values[50, 1], values[starts_of(stretch)[3], 2] = np.inf, -np.inf
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        derived = derived_of(values, stretch, Representation(kind))
        fitted = fit_representation(Representation(kind), derived, np.flatnonzero(derived.usable)[:100])
        X = fitted.transform(derived)
    assert not derived.usable[[50, starts_of(stretch)[3]]].any()
    assert np.isfinite(X[derived.usable]).all() and np.isfinite(fitted.scale).all()


def test_names_of_inputs() -> None:
    assert input_names("level", NAMES) == input_names("forecast", NAMES) == NAMES
    movement = input_names("movement", ("a", "{x}"))
    assert movement == (
        "a over 1 row",
        "{x} over 1 row",
        "a over 5 rows",
        "{x} over 5 rows",
        "a over 15 rows",
        "{x} over 15 rows",
    )
    assert input_names("combined", ("a",)) == ("a", "a change", "a |change|")
    for kind in KINDS:
        names = input_names(kind, NAMES)
        derived = derived_of(walk(0)[0], config=Representation(kind))
        assert len(set(names)) == len(names) == derived.values.shape[1] and derived.sensors == NAMES


def test_rows_are_taken_together() -> None:
    values, stretch = walk(9, missing=0.05)
    grades = {"g": np.arange(200).astype(str)}
    derived = derived_of(values, stretch, Representation("difference", one_hot=True), grades)
    rows = np.array([3, 4, 90])
    taken = derived.take(rows)
    assert len(taken) == 3 and len(derived.take(slice(0))) == 0 and taken.sensors == derived.sensors
    np.testing.assert_array_equal(taken.values, derived.values[rows])
    assert (taken.age == ages(stretch)[rows]).all() and (taken.usable == derived.usable[rows]).all()
    assert taken.grades["g"].tolist() == ["3", "4", "90"]


@pytest.mark.parametrize(
    ("scaler", "reference"),
    [("standard", StandardScaler()), ("robust", RobustScaler(quantile_range=(5.0, 95.0)))],
)
def test_scaling_is_scikit_learns(scaler, reference) -> None:
    values, _ = walk(2)
    values[:, 2] = 7.0  # a constant sensor becomes 0, not infinite
    normal = np.arange(20, 120)
    derived = derived_of(values)
    scaled = fit_representation(Representation("level", scaler, clip=None), derived, normal).transform(
        derived
    )
    expected = reference.fit(values[normal].astype(float)).transform(values.astype(float))
    np.testing.assert_allclose(scaled, expected, atol=1e-3)
    assert (scaled[:, 2] == 0).all() and scaled.dtype == np.float32
    if scaler == "standard":
        np.testing.assert_allclose(scaled[normal][:, :2].mean(axis=0), 0, atol=1e-3)
        np.testing.assert_allclose(scaled[normal][:, :2].std(axis=0), 1, atol=1e-3)


@pytest.mark.parametrize("scaler", ["standard", "robust"])
@pytest.mark.parametrize("kind", KINDS)
def test_only_normal_training_rows_are_seen(kind, scaler) -> None:
    values, stretch = walk(3)
    # Training is the past; the last two rows of a stretch are positive.
    positive = np.isin(np.arange(200), [*(starts_of(stretch) - 1), *(starts_of(stretch) - 2)])
    normal = np.flatnonzero(~positive & (np.arange(200) < 150))
    grade = np.where(np.arange(200) % 4 == 0, "A", "B").astype("<U9")
    config = Representation(kind, scaler, trailing=6, lag=2, one_hot=True)
    fitted = fit_representation(config, derived_of(values, stretch, config, {"g": grade}), normal)

    def spoilt(rows):
        changed, others = values.copy(), grade.copy()
        changed[rows] *= np.arange(2, 2 + len(rows))[:, None]
        others[rows] = "elsewhere"
        derived = derived_of(changed, stretch, config, {"g": others})
        return fit_representation(config, derived, normal)

    again = spoilt(np.setdiff1d(np.arange(200), normal))
    assert (again.center == fitted.center).all() and (again.scale == fitted.scale).all()
    assert again.categories == fitted.categories == {"g": ("A", "B")}
    if fitted.forecast is not None and again.forecast is not None:
        assert (again.forecast.coefficients == fitted.forecast.coefficients).all()
        assert (again.forecast.center == fitted.forecast.center).all()
    # The check above can fail: a changed normal row is seen.
    seen = spoilt(normal[:40])
    assert (seen.center != fitted.center).any() and seen.categories != fitted.categories


def test_clip() -> None:
    derived = derived_of(np.array([[-100.0, 0, 0], [100.0, 1, 2], [0.0, 2, 4]], np.float32))
    normal, config = np.array([1, 2]), Representation("level", "standard", clip=1.5)
    clipped = fit_representation(config, derived, normal).transform(derived)
    free = fit_representation(replace(config, clip=None), derived, normal).transform(derived)
    # Column a: mean 50, standard deviation 50: -100 is -3, clipped to -1.5; 100 is 1.
    assert free[:, 0].tolist() == [-3, 1, -1] and clipped[:, 0].tolist() == [-1.5, 1, -1]
    assert np.abs(clipped).max() == 1.5


def test_one_hot_grades() -> None:
    grades = {"grade": np.array(["b", "a", "b", "new", "a"]), "valve": np.array(["0", "0", "0", "0", "1"])}
    config = Representation("level", "standard", one_hot=True)
    derived = derived_of(np.zeros((5, 3), np.float32), config=config, grades=grades)
    fitted = fit_representation(config, derived, np.array([0, 1, 2]))
    assert fitted.categories == {"grade": ("a", "b"), "valve": ("0",)}
    assert fitted.names == ("a", "b", "c", "grade = a", "grade = b", "valve = 0")
    hot = fitted.transform(derived)[:, 3:]
    # The grade first seen in row 3 and the open valve of row 4 were not in training: all zeros.
    assert hot.tolist() == [[0, 1, 1], [1, 0, 1], [0, 1, 1], [0, 0, 1], [1, 0, 0]]


@pytest.mark.parametrize("kind", KINDS)
def test_grades_stay_out_unless_asked_for(kind) -> None:
    config = Representation(kind, one_hot=False)
    derived = derived_of(walk(0, n=4)[0], config=config, grades={"g": np.array(list("abab"))})
    fitted = fit_representation(config, derived, np.arange(4))
    assert fitted.names == input_names(kind, NAMES) and fitted.categories == {} == derived.grades
    assert fitted.transform(derived).shape == (4, len(fitted.names))


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_given_is_changed(kind) -> None:
    values, stretch = walk(4)
    config = Representation(kind, clip=0.5)
    derived = derived_of(values, stretch, config)
    before, given = derived.values.copy(), values.copy()
    fitted = fit_representation(config, derived, np.arange(100))
    once, twice = fitted.transform(derived), fitted.transform(derived)
    np.testing.assert_array_equal(derived.values, before)
    np.testing.assert_array_equal(values, given)
    np.testing.assert_array_equal(once, twice)
    assert once.dtype == np.float32 and np.abs(once).max() == 0.5
    assert not np.shares_memory(once, derived.values) and not np.shares_memory(derived.values, values)


def test_other_sensors_are_refused() -> None:
    derived = derived_of(walk(0)[0])
    fitted = fit_representation(LEVEL, derived, np.arange(100))
    with pytest.raises(ValueError, match="sensors differ from those of the fit"):
        fitted.transform(replace(derived, sensors=("a", "c", "b")))


@pytest.mark.parametrize("kind", KINDS)
def test_no_normal_training_row_is_a_sentence(kind) -> None:
    derived = derived_of(np.zeros((4, 3), np.float32), config=Representation(kind))
    with pytest.raises(DataError, match="no normal windows. Use a shorter lookback or more data"):
        fit_representation(Representation(kind), derived, np.array([], int))


@pytest.mark.parametrize("kind", KINDS)
def test_with_all_their_history_rows_have_the_same_inputs_wherever_the_data_begin(kind) -> None:
    config = Representation(kind, trailing=9, lag=3, clip=None)
    values = np.random.default_rng(3).normal(size=(80, 2)).cumsum(axis=0)
    whole = derive(values, np.zeros(80, int), config, ("a", "b"))
    fitted = fit_representation(config, whole, np.arange(80))
    expected, needed = fitted.transform(whole), history_rows(config)
    assert 0 <= needed <= 15
    for begin in (1, 30):
        found = fitted.transform(derive(values[begin:], np.zeros(80 - begin, int), config, ("a", "b")))
        np.testing.assert_allclose(found[needed:], expected[begin + needed :], rtol=1e-4, atol=1e-5)
        if needed:
            # One row earlier they are others: not a row too many is asked for.
            assert not np.allclose(found[needed - 1], expected[begin + needed - 1], rtol=1e-4, atol=1e-5)
