"""Detectors with sensor errors: fitted, saved, loaded, and right about them."""

from typing import Any

import numpy as np
import pytest

from rare_event.detect import programs
from rare_event.detect.detector import Autoencoder, fit_detector, load_detector
from rare_event.detect.interface import Reconstructor
from rare_event.detect.layers import import_keras
from rare_event.detect.training import Epoch
from rare_event.prepare.windows import gather
from tests.detect.conftest import TINY

ENDS = np.arange(4, 300)


def reconstruction(config, detector, X, ends):
    windows = gather(X, ends, config.lookback)
    if config.model.kind == "pca":
        flat = windows.reshape(len(ends), -1) - detector.mean
        return windows, (flat @ detector.components.T @ detector.components + detector.mean).reshape(
            windows.shape
        )
    return windows, detector.model.predict(windows, verbose=0)


@pytest.mark.parametrize("steps", ["last", "window"])
def test_errors_are_those_of_the_reconstruction(fitted, X, steps) -> None:
    config, detector, _ = fitted
    windows, again = reconstruction(config, detector, X, ENDS)
    squared = np.square(again - windows)
    expected = squared[:, -1] if steps == "last" else squared.mean(axis=1)
    errors = detector.sensor_errors(X, ENDS, steps)
    assert errors.shape == (len(ENDS), X.shape[1]) and (errors >= 0).all()
    np.testing.assert_allclose(errors, expected, atol=1e-5)
    # In any order and for any number of windows; and nothing given is changed (X is read-only).
    np.testing.assert_array_equal(detector.sensor_errors(X, ENDS[::-1], steps), errors[::-1])
    np.testing.assert_allclose(detector.sensor_errors(X, ENDS[7:8], steps), errors[7:8], atol=1e-6)


def test_the_two_kinds_of_errors_differ(fitted, X) -> None:
    _, detector, _ = fitted
    assert not np.allclose(detector.sensor_errors(X, ENDS, "last"), detector.sensor_errors(X, ENDS, "window"))


def test_many_windows_are_taken_in_batches(fitted, X, monkeypatch) -> None:
    config, detector, _ = fitted
    expected = detector.sensor_errors(X, ENDS, "last")
    monkeypatch.setattr(programs, "EVALUATION_BATCH", 32)  # 9 batches of 32 and one of 8
    again = Autoencoder(detector.model) if isinstance(detector, Autoencoder) else detector
    np.testing.assert_allclose(again.sensor_errors(X, ENDS, "last"), expected, atol=1e-6)


def test_a_saved_detector_gives_equal_errors(fitted, X, tmp_path) -> None:
    config, detector, _ = fitted
    detector.save(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [detector.FILE]
    again = load_detector(config.model, tmp_path)
    assert isinstance(again, Reconstructor)
    assert type(again) is type(detector) and again is not detector
    for steps in ("last", "window"):
        np.testing.assert_array_equal(
            again.sensor_errors(X, ENDS, steps), detector.sensor_errors(X, ENDS, steps)
        )


def test_a_network_is_saved_as_an_ordinary_keras_model(fitted, X, tmp_path) -> None:
    config, detector, _ = fitted
    detector.save(tmp_path)
    if config.model.kind == "pca":
        with np.load(tmp_path / "pca.npz", allow_pickle=False) as stored:
            assert sorted(stored) == ["components", "lookback", "mean"]
        return
    model = import_keras().models.load_model(tmp_path / "model.keras", safe_mode=True)
    windows = gather(X, ENDS, config.lookback)
    np.testing.assert_allclose(
        model.predict(windows, verbose=0), detector.model.predict(windows, verbose=0), atol=1e-6
    )


def test_networks_tell_of_their_epochs_and_pca_of_one(fitted, X) -> None:
    config, _, history = fitted
    seen: list[Epoch] = []
    fit_detector(config, X, np.zeros(len(X), np.int8), np.arange(5, 200), np.arange(210, 300), seen.append)
    expected = [1] if config.model.kind == "pca" else [1, 2]
    assert [epoch.number for epoch in history] == expected == [epoch.number for epoch in seen]
    assert [epoch.loss for epoch in history] == [epoch.loss for epoch in seen]


def test_only_rows_of_training_windows_are_learned_from(X) -> None:
    train_ends = np.arange(5, 200)

    def fit(values) -> Any:
        return fit_detector(
            TINY["pca"], values, np.zeros(len(values), np.int8), train_ends, np.arange(210, 300)
        )[0]

    detector = fit(X)
    spoilt = X.copy()
    spoilt[200:] = 99
    again = fit(spoilt)
    np.testing.assert_array_equal(again.components, detector.components)
    spoilt[100] = 99
    other = fit(spoilt)
    assert not np.array_equal(other.mean, detector.mean)
