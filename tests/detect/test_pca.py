"""Reconstruction from components and Hotelling's T2, checked against scikit-learn's PCA."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.decomposition import PCA

from rare_event.config import RECOMMENDED, PCAModel
from rare_event.detect import pca
from rare_event.detect.pca import PCADetector, SquaresDetector, T2Detector, flat_windows

NO_LABELS = np.array([])


def recipe(components, lookback=1):
    return replace(RECOMMENDED, lookback=lookback, model=PCAModel(components=components))


def fit(components, X, ends, lookback=1, detector=PCADetector):
    return detector.fit(recipe(components, lookback), X, NO_LABELS, ends)


def test_flat_windows() -> None:
    X = np.arange(8.0).reshape(4, 2)
    assert flat_windows(X, np.array([1, 3]), 2).tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]
    flat_windows(X, np.array([1, 3]), 2)[:] = -1
    assert X.min() == 0  # a copy: the data stay


def test_a_hand_made_case() -> None:
    # Points on the line y = x, mean (1, 1): the first component is (1, 1)/sqrt 2.
    X = np.array([[0, 0], [1, 1], [2, 2], [3, 1]], np.float32)
    detector = fit(1, X, np.arange(3))
    assert detector.mean.tolist() == [1, 1]
    # (3, 1) - (1, 1) = (2, 0) is (1, 1) along the line and (1, -1) off it: errors 1 and 1.
    np.testing.assert_allclose(
        detector.sensor_errors(X, np.arange(4), "last"), [[0, 0]] * 3 + [[1, 1]], atol=1e-12
    )
    # Along the line the variance is (2 + 0 + 2) / 3, and (1, 1) is the squared distance 2 out.
    t2 = fit(1, X, np.arange(3), detector=T2Detector)
    np.testing.assert_allclose(t2.window_scores(X, np.arange(4)), [1.5, 0, 1.5, 1.5], atol=1e-12)


@pytest.mark.parametrize("lookback", [1, 3])
@pytest.mark.parametrize("components", [1, 2, 4])
def test_the_same_as_scikit_learn(X, lookback, components) -> None:
    train_ends, ends = np.arange(lookback - 1, 200), np.arange(lookback - 1, 300)
    detector = fit(components, X, train_ends, lookback)
    reference = PCA(components, svd_solver="full").fit(flat_windows(X, train_ends, lookback).astype(float))
    windows = flat_windows(X, ends, lookback).astype(float)
    again = reference.inverse_transform(reference.transform(windows))
    squared = np.square(again - windows).reshape(len(ends), lookback, -1)
    np.testing.assert_allclose(detector.sensor_errors(X, ends, "last"), squared[:, -1], atol=1e-6)
    np.testing.assert_allclose(detector.sensor_errors(X, ends, "window"), squared.mean(axis=1), atol=1e-6)
    np.testing.assert_allclose(detector.components @ detector.components.T, np.eye(components), atol=1e-9)
    # scikit-learn divides by one row less.
    variances = reference.explained_variance_ * (len(train_ends) - 1) / len(train_ends)
    t2 = fit(components, X, train_ends, lookback, T2Detector)
    expected = (np.square(reference.transform(windows)) / variances).sum(axis=1)
    np.testing.assert_allclose(t2.window_scores(X, ends), expected, rtol=1e-6)
    # Over the training windows the mean of each direction is 1.
    np.testing.assert_allclose(t2.window_scores(X, train_ends).mean(), components)


@pytest.mark.parametrize("chunk", [1, 7, 199, 200, 8192])
def test_chunks_of_any_size_give_the_same_fit(X, chunk, monkeypatch) -> None:
    whole = fit(2, X, np.arange(1, 200), lookback=2)
    monkeypatch.setattr(pca, "CHUNK", chunk)
    parts = fit(2, X, np.arange(1, 200), lookback=2)
    np.testing.assert_allclose(parts.mean, whole.mean, atol=1e-12)
    ends = np.arange(1, 300)
    np.testing.assert_allclose(
        parts.sensor_errors(X, ends, "last"), whole.sensor_errors(X, ends, "last"), atol=1e-9
    )


def test_more_components_never_fit_worse_and_never_perfectly(X) -> None:
    ends = np.arange(300)
    totals, far = [], []
    for components in (1, 2, 3, 5, 6, 100):
        detector = fit(components, X, ends)
        totals.append(detector.sensor_errors(X, ends, "last").sum())
        assert len(detector.components) == min(components, 5)  # one less than the 6 inputs
        far.append(fit(components, X, ends, detector=T2Detector).window_scores(X, ends).sum())
    assert all(a >= b for a, b in zip(totals, totals[1:], strict=False))
    assert totals[-1] > 0
    np.testing.assert_allclose(far, [300 * kept for kept in (1, 2, 3, 5, 5, 5)])


def test_directions_along_which_nothing_varies_are_left_out() -> None:
    rng = np.random.default_rng(0)
    X = np.repeat(rng.normal(size=(50, 1)), 4, axis=1).astype(np.float32)
    detector = fit(3, X, np.arange(50), detector=T2Detector)
    assert len(detector.components) == len(detector.variances) == 1
    assert (
        fit(3, X * 0, np.arange(50), detector=T2Detector).window_scores(X, np.arange(50)).tolist() == [0] * 50
    )
    assert np.isfinite(detector.window_scores(X + 5, np.arange(50))).all()
    assert len(fit(3, X, np.arange(50)).components) == 3  # squared errors need no variance


@pytest.mark.parametrize("lookback", [1, 3])
def test_squares_are_those_of_the_inputs(X, lookback) -> None:
    ends = np.arange(lookback - 1, 300)
    detector = fit(7, X, ends, lookback, SquaresDetector)
    np.testing.assert_allclose(detector.sensor_errors(X, ends, "last"), np.square(X[ends], dtype=float))
    mean = [np.square(X[end - lookback + 1 : end + 1], dtype=float).mean(axis=0) for end in ends]
    np.testing.assert_allclose(detector.sensor_errors(X, ends, "window"), mean)
    assert detector.components.shape == (0, 6 * lookback)  # whatever number was asked for


@pytest.mark.parametrize("steps", ["last", "window"])
@pytest.mark.parametrize("lookback", [1, 3])
def test_no_window_has_no_errors(X, steps, lookback) -> None:
    detector = fit(2, X, np.arange(2, 200), lookback)
    none = np.array([], int)
    assert detector.sensor_errors(X, none, steps).shape == (0, 6)
    assert flat_windows(X, none, lookback).shape == (0, 6 * lookback)
    assert detector.sensor_errors(X, np.array([5]), steps).shape == (1, 6)
    assert fit(2, X, np.arange(2, 200), lookback, T2Detector).window_scores(X, none).shape == (0,)
