"""PCA reconstruction, checked against scikit-learn's."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from rare_event.config import PCAModel
from rare_event.detect import baselines
from rare_event.detect.baselines import PCADetector, flat_windows
from rare_event.errors import DataError


def test_flat_windows() -> None:
    X = np.arange(8.0).reshape(4, 2)
    assert flat_windows(X, np.array([1, 3]), 2).tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]
    flat_windows(X, np.array([1, 3]), 2)[:] = -1
    assert X.min() == 0  # a copy: the data stay


def test_a_hand_made_case() -> None:
    # Points on the line y = x, mean (1, 1): the first component is (1, 1)/sqrt 2.
    X = np.array([[0, 0], [1, 1], [2, 2], [3, 1]], np.float32)
    detector = PCADetector.fit(PCAModel(components=1), X, np.arange(3), lookback=1)
    assert detector.mean.tolist() == [1, 1]
    # (3, 1) - (1, 1) = (2, 0) is (1, 1) along the line and (1, -1) off it: errors 1 and 1.
    np.testing.assert_allclose(
        detector.sensor_errors(X, np.arange(4), "last"), [[0, 0]] * 3 + [[1, 1]], atol=1e-12
    )


@pytest.mark.parametrize("lookback", [1, 3])
@pytest.mark.parametrize("components", [1, 2, 4])
def test_the_same_as_scikit_learn(X, lookback, components) -> None:
    train_ends, ends = np.arange(lookback - 1, 200), np.arange(lookback - 1, 300)
    detector = PCADetector.fit(PCAModel(components=components), X, train_ends, lookback)
    reference = PCA(components, svd_solver="full").fit(flat_windows(X, train_ends, lookback).astype(float))
    windows = flat_windows(X, ends, lookback).astype(float)
    again = reference.inverse_transform(reference.transform(windows))
    squared = np.square(again - windows).reshape(len(ends), lookback, -1)
    np.testing.assert_allclose(detector.sensor_errors(X, ends, "last"), squared[:, -1], atol=1e-6)
    np.testing.assert_allclose(detector.sensor_errors(X, ends, "window"), squared.mean(axis=1), atol=1e-6)
    np.testing.assert_allclose(detector.components @ detector.components.T, np.eye(components), atol=1e-9)


@pytest.mark.parametrize("chunk", [1, 7, 199, 200, 8192])
def test_chunks_of_any_size_give_the_same_fit(X, chunk, monkeypatch) -> None:
    whole = PCADetector.fit(PCAModel(components=2), X, np.arange(1, 200), lookback=2)
    monkeypatch.setattr(baselines, "CHUNK", chunk)
    parts = PCADetector.fit(PCAModel(components=2), X, np.arange(1, 200), lookback=2)
    np.testing.assert_allclose(parts.mean, whole.mean, atol=1e-12)
    ends = np.arange(1, 300)
    np.testing.assert_allclose(
        parts.sensor_errors(X, ends, "last"), whole.sensor_errors(X, ends, "last"), atol=1e-9
    )


def test_more_components_never_fit_worse_and_never_perfectly(X) -> None:
    ends = np.arange(300)
    totals = []
    for components in (1, 2, 3, 5, 6, 100):
        detector = PCADetector.fit(PCAModel(components=components), X, ends, lookback=1)
        totals.append(detector.sensor_errors(X, ends, "last").sum())
        assert len(detector.components) == min(components, 5)  # one less than the 6 inputs
    assert all(a >= b for a, b in zip(totals, totals[1:], strict=False))
    assert totals[-1] > 0


@pytest.mark.parametrize("n", [0, 1])
def test_too_few_windows_are_a_sentence(X, n) -> None:
    with pytest.raises(DataError, match=f"^{n} normal training windows: PCA needs at least 2"):
        PCADetector.fit(PCAModel(), X, np.arange(n), lookback=1)
    assert len(PCADetector.fit(PCAModel(), X, np.arange(2), lookback=1).components) == 5


@pytest.mark.parametrize("steps", ["last", "window"])
@pytest.mark.parametrize("lookback", [1, 3])
def test_no_window_has_no_errors(X, steps, lookback) -> None:
    detector = PCADetector.fit(PCAModel(components=2), X, np.arange(2, 200), lookback)
    assert detector.sensor_errors(X, np.array([], int), steps).shape == (0, 6)
    assert flat_windows(X, np.array([], int), lookback).shape == (0, 6 * lookback)
    assert detector.sensor_errors(X, np.array([5]), steps).shape == (1, 6)
