"""Scores join the errors of sensors as the config says, and contributions explain them."""

from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from rare_event.config import Score
from rare_event.detect import scoring
from rare_event.detect.scoring import contributions, join_errors, score, score_and_contributions
from tests import naive


class Known:
    """A detector whose error of sensor j in a window that ends in row i is X[i, j]."""

    FILE: ClassVar[str] = "none"

    def __init__(self) -> None:
        self.calls: list[tuple[int, str]] = []

    def sensor_errors(self, X, ends, steps):
        self.calls.append((len(ends), steps))
        return X[ends] * (1 if steps == "last" else 10)

    def save(self, folder) -> None:
        raise AssertionError("Scoring saves nothing.")


class Alone:
    """A detector whose score of a window that ends in row i is X[i, 0]; it cannot tell of sensors."""

    FILE: ClassVar[str] = "none"

    def __init__(self) -> None:
        self.calls: list[int] = []

    def window_scores(self, X, ends):
        self.calls.append(len(ends))
        return X[ends, 0]

    def save(self, folder) -> None:
        raise AssertionError("Scoring saves nothing.")


ERRORS = np.random.default_rng(0).gamma(1, size=(50, 7)).astype(np.float32)


@pytest.mark.parametrize("top_k", [None, 1, 2, 5, 7, 8, 100])
def test_joining_is_that_of_the_loop(top_k) -> None:
    before = ERRORS.copy()
    found = join_errors(ERRORS, top_k)
    np.testing.assert_allclose(found, naive.join_errors(ERRORS, top_k), rtol=1e-6)
    assert found.dtype == np.float64 and found.shape == (50,)
    np.testing.assert_array_equal(ERRORS, before)


def test_a_hand_made_case() -> None:
    errors = np.array([[4.0, 1.0, 1.0], [0.0, 2.0, 4.0]])
    assert join_errors(errors, None).tolist() == [2.0, 2.0]
    assert join_errors(errors, 1).tolist() == [4.0, 4.0]
    assert join_errors(errors, 2).tolist() == [2.5, 3.0]


@given(
    hnp.arrays(np.float64, hnp.array_shapes(min_dims=2, max_dims=2, max_side=8), elements=st.floats(0, 1e6)),
    st.integers(1, 10),
)
def test_fewer_sensors_never_lower_the_score(errors, top_k) -> None:
    fewer, more = join_errors(errors, top_k), join_errors(errors, top_k + 1)
    assert (fewer >= more * (1 - 1e-9)).all()
    assert (fewer <= errors.max(axis=1) * (1 + 1e-9)).all()
    assert (join_errors(errors, None) <= fewer * (1 + 1e-9)).all()


@pytest.mark.parametrize("steps", ["last", "window"])
def test_scores_are_taken_in_chunks(steps, monkeypatch) -> None:
    monkeypatch.setattr(scoring, "CHUNK", 16)
    detector, ends = Known(), np.arange(49, 9, -1)
    found = score(detector, ERRORS, ends, Score(steps, top_k=3))
    factor = 1 if steps == "last" else 10
    np.testing.assert_allclose(found, np.array(naive.join_errors(ERRORS[ends], 3)) * factor, rtol=1e-6)
    assert detector.calls == [(16, steps), (16, steps), (8, steps)]
    assert score(detector, ERRORS, ends[:0], Score()).shape == (0,)


@pytest.mark.parametrize("steps", ["last", "window"])
@pytest.mark.parametrize("top_k", [None, 1, 3])
def test_scores_of_a_detector_that_has_no_errors_are_its_own(steps, top_k, monkeypatch) -> None:
    monkeypatch.setattr(scoring, "CHUNK", 16)
    detector, ends = Alone(), np.arange(49, 9, -1)
    found = score(detector, ERRORS, ends, Score(steps, top_k))
    np.testing.assert_array_equal(found, ERRORS[ends, 0])
    assert detector.calls == [16, 16, 8] and found.dtype == np.float64
    assert score(detector, ERRORS, ends[:0], Score()).shape == (0,)


@pytest.mark.parametrize("n", [0, 3, 40])
def test_no_sensor_is_noted_where_none_is_known(n, monkeypatch) -> None:
    monkeypatch.setattr(scoring, "CHUNK", 16)
    ends = np.arange(n)
    y_score, noted = score_and_contributions(Alone(), ERRORS, ends, Score(top_k=2))
    np.testing.assert_array_equal(y_score, ERRORS[:n, 0])
    assert noted.shape == (n, 0)
    # It takes the columns that the ledger looks windows up by, and joins with other folds.
    joined = pd.concat([noted.assign(fold=fold, row=ends) for fold in (0, 1)])
    assert joined.columns.tolist() == ["fold", "row"] and joined["row"].tolist() == [*ends, *ends]


@pytest.mark.parametrize("top_k", [None, 3])
@pytest.mark.parametrize("n", [0, 1, 40])
def test_one_pass_gives_the_scores_and_the_sensors_with_the_largest_errors(top_k, n, monkeypatch) -> None:
    monkeypatch.setattr(scoring, "CHUNK", 16)
    detector, ends = Known(), np.arange(n)
    y_score, noted = score_and_contributions(detector, ERRORS, ends, Score(top_k=top_k))
    np.testing.assert_array_equal(y_score, score(Known(), ERRORS, ends, Score(top_k=top_k)))
    assert sum(windows for windows, _ in detector.calls) == n  # no window is looked at twice
    assert len(noted) == n and noted.shape[1] == 10
    for i in ends:
        order = np.argsort(-ERRORS[i], kind="stable")[:5]
        assert noted.filter(like="sensor_").iloc[i].tolist() == order.tolist()
        np.testing.assert_allclose(
            noted.filter(like="share_").iloc[i], ERRORS[i, order] / ERRORS[i].sum(), rtol=1e-5
        )


def test_contributions_are_shares() -> None:
    X = np.array([[1.0, 3.0, 0.0], [0.0, 0.0, 0.0], [2.0, 2.0, 4.0]])
    shares = contributions(Known(), X, np.array([0, 1, 2]), Score())
    assert shares.tolist() == [[0.25, 0.75, 0.0], [0.0, 0.0, 0.0], [0.25, 0.25, 0.5]]
    assert not np.isnan(shares).any()


def test_contributions_of_fitted_detectors_sum_to_one(fitted, X) -> None:
    config, detector, _ = fitted
    ends = np.arange(5, 300)
    shares = contributions(detector, X, ends, config.score)
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-5)
    assert shares.shape == (295, 6) and (shares >= 0).all() and not (shares == 1).all(axis=1).any()
    # The sensor that contributes most has the largest error.
    errors = detector.sensor_errors(X, ends, config.score.steps)
    assert (shares.argmax(axis=1) == errors.argmax(axis=1)).all()
