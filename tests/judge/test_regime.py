"""The regime test finds a lasting rise, says since when, and keeps its stated rate of false alarms."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import lfilter

from rare_event.judge.regime import (
    FALSE_ALARM,
    LEAST_BLOCKS,
    LEAST_LIMIT,
    Regime,
    cusum,
    limit_of,
    references_of,
    regime,
    regime_after,
)
from rare_event.judge.scores import Scores
from tests import naive

STEP = 20.0
HOUR = int(60 / STEP)


def windows(y_score, first_row: int = 0, **changes) -> Scores:
    """Normal windows of one fold, 20 minutes apart."""
    row = first_row + np.arange(len(y_score))
    none = np.zeros(len(row), int)
    scores = Scores(
        row=row,
        clock=STEP * row,
        stretch=none,
        fold=none,
        y_true=none,
        y_score=np.asarray(y_score, float),
        event=none - 1,
        to_event=np.full(len(row), np.inf),
        total_events=none[:0],
        step=STEP,
    )
    return replace(scores, **changes)


def plants(rng, phi: float, n_hours: int, n_plants: int, skew: float | None, sd: float) -> np.ndarray:
    """Scores of plants, one each row: their log wanders from hour to hour, with noise in each window."""
    size = (n_plants, n_hours + 300)
    steps = rng.normal(size=size) if skew is None else (rng.gamma(skew, size=size) - skew) / np.sqrt(skew)
    hourly = lfilter([np.sqrt(1 - phi**2)], [1, -phi], steps, axis=1)[:, 300:]
    noise = 0.1 * rng.normal(size=(n_plants, n_hours * HOUR))
    return np.asarray(np.exp(np.repeat(sd * hourly, HOUR, axis=1) + noise))


def after_validation(y_score, n_validation: int) -> Regime:
    return regime_after(windows(y_score[:n_validation]), windows(y_score[n_validation:], n_validation))


def test_the_recursion_by_hand_and_against_the_loop() -> None:
    # Reference 1: 0.5 above; 2 below, so 0; 3 above; 1 below leaves 2.
    assert cusum(np.array([1.5, -1.0, 4.0, 0.0]), 1.0).tolist() == [0.5, 0.0, 3.0, 2.0]
    rng = np.random.default_rng(0)
    for n in (1, 2, 50):
        values = rng.normal(size=(4, n))
        expected = [naive.cusum(line.tolist(), 0.3) for line in values]
        np.testing.assert_allclose(cusum(values, 0.3), expected, atol=1e-12)
    assert (cusum(rng.normal(size=1000)) >= 0).all()


# Scores that do not wander; that wander for 5 hours, 20 hours and 4 days; in skewed steps, and by e-fold.
STATIONARY = [(0.0, None, 0.3), (0.8, 2.0, 0.6), (0.95, None, 1.0), (0.99, 1.0, 0.3)]


@pytest.mark.parametrize(("phi", "skew", "sd"), STATIONARY)
def test_false_alarms_on_300_plants_without_a_change(phi, skew, sd) -> None:
    scores = plants(np.random.default_rng(1), phi, 108, 300, skew, sd)
    found = [after_validation(plant, 48 * HOUR) for plant in scores]
    assert all(each.n_tested == 1 and not each.untested for each in found)
    assert sum(bool(each.changes) for each in found) <= FALSE_ALARM * 300


@pytest.mark.parametrize(("phi", "sd", "least"), [(0.0, 0.3, 0.99), (0.8, 0.25, 0.9), (0.95, 0.25, 0.85)])
def test_a_shift_is_found_where_it_begins(phi, sd, least) -> None:
    n_validation, at = 48 * HOUR, 78 * HOUR
    scores = plants(np.random.default_rng(2), phi, 108, 60, None, sd)
    scores[:, at:] *= 8.0
    changes = [each.changes[0] for plant in scores if (each := after_validation(plant, n_validation)).changes]
    assert len(changes) >= least * 60
    off = np.array([change.row - at for change in changes])
    assert np.median(np.abs(off)) <= 1 and np.mean(np.abs(off) <= HOUR) >= 0.9
    for change in changes:
        assert change.until is None and change.since == STEP * change.row <= change.found
        assert 2 < change.times < 40


def test_a_rise_that_ended_has_an_end_and_no_rise_follows_a_fall() -> None:
    rng = np.random.default_rng(3)
    scores = np.exp(0.1 * rng.normal(size=200 * HOUR))
    scores[100 * HOUR : 120 * HOUR] *= 10
    (change,) = after_validation(scores, 60 * HOUR).changes
    assert change.row == 100 * HOUR and change.until == pytest.approx(STEP * 120 * HOUR, abs=60)
    assert change.times == pytest.approx(10, rel=0.1)
    # A fall, a short burst and a rise below twofold are no change.
    for factor, rows in ((0.01, 400), (10.0, 2), (1.5, 400)):
        other = np.exp(0.1 * rng.normal(size=200 * HOUR))
        other[100 * HOUR : 100 * HOUR + rows] *= factor
        assert not after_validation(other, 60 * HOUR).changes, factor


def test_a_change_in_the_first_row_and_positive_windows() -> None:
    scores = np.ones(100 * HOUR)
    scores[48 * HOUR :] = 5.0
    (change,) = after_validation(scores, 48 * HOUR).changes
    assert change.row == 48 * HOUR and change.times == 5.0
    later = windows(scores[48 * HOUR :], 48 * HOUR, y_true=np.ones(52 * HOUR, int))
    assert regime_after(windows(scores[: 48 * HOUR]), later) == Regime((), 0, (), None)


def test_units_of_the_score_change_nothing() -> None:
    scores = plants(np.random.default_rng(4), 0.5, 90, 1, None, 0.3)[0]
    scores[70 * HOUR :] *= 6
    one, other = after_validation(scores, 48 * HOUR), after_validation(scores / 1e6, 48 * HOUR)
    assert one.changes[0].row == other.changes[0].row
    assert one.changes[0].times == pytest.approx(other.changes[0].times)


def test_each_fold_and_machine_is_tested_against_its_own_validation() -> None:
    n = 40 * HOUR
    one, other = windows(np.ones(n)), windows(np.full(n, 6.0))
    row = np.arange(2 * n)
    joined = windows(
        np.concatenate([one.y_score, other.y_score]), asset=row // n, assets=("A", "B"), fold=row // n
    )
    references = references_of(joined)
    assert set(references) == {(0, "A"), (1, "B")} and references[1, "B"].tolist() == [6.0] * n
    later = replace(joined, y_score=np.full(2 * n, 6.0), row=row + 2 * n)
    (change,) = regime(references, later).changes
    assert (change.fold, change.machine, change.times) == (0, "A", 6.0)
    (why,) = regime(references, replace(later, assets=("A", "C"))).untested
    assert "machine C" in why and "normal validation rows; " in why


def test_refusals() -> None:
    enough, few = windows(np.ones(30 * HOUR)), windows(np.ones(LEAST_BLOCKS * HOUR - 1))
    later = windows(np.full(30 * HOUR, 9.0), 1000)
    assert not regime_after(few, later).changes
    assert "normal validation rows; " in regime_after(few, later).untested[0]
    assert regime_after(windows(np.ones(LEAST_BLOCKS * HOUR)), later).changes
    assert "later normal rows; " in regime_after(enough, windows([9.0], 1000)).untested[0]
    assert "are 0 or below" in regime_after(windows(np.zeros(30 * HOUR)), later).untested[0]
    among = regime_after(enough, windows(np.full(30 * HOUR, 9.0), 10))
    assert among.n_tested == 0 and not among.changes and "alternate in time" in among.untested[0]
    assert regime_after(enough, windows([])) == Regime((), 0, (), None)


def test_the_limit_of_scores_that_never_move_or_wander_more() -> None:
    rng = np.random.default_rng(5)
    assert limit_of(np.zeros(72), 3, 50) == LEAST_LIMIT
    quiet, wild = (np.repeat(sd * rng.normal(size=60).cumsum(), 3) for sd in (0.02, 0.3))
    assert LEAST_LIMIT <= limit_of(quiet, 3, 50) < limit_of(wild, 3, 50)
    assert limit_of(wild, 3, 50) == limit_of(wild, 3, 50) < limit_of(wild, 3, 200)
