"""Corrections: against brute force, a planted sensor, and windows that need none."""

from itertools import combinations
from typing import Any

import numpy as np
import pytest

from rare_event.config import (
    DenseModel,
    DetectorConfig,
    ForestModel,
    IsolationForestModel,
    KNNModel,
    LSTMModel,
    MahalanobisModel,
    PCAModel,
    Score,
    SquaresModel,
    Training,
    VAEModel,
)
from rare_event.detect.corrections import Correction, correct, score_windows
from rare_event.detect.detector import Autoencoder, fit_detector
from rare_event.detect.interface import Detector
from rare_event.detect.pca import PCADetector
from rare_event.detect.scoring import score

ALL = Score("window")
RNG = np.random.default_rng(3)
# Six sensors driven by two factors, so that each is known from the others.
LOADINGS = RNG.normal(size=(2, 6)).astype(np.float32)


def plant(n_rows: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    noise = 0.05 * rng.normal(size=(n_rows, 6))
    rows: np.ndarray = (rng.normal(size=(n_rows, 2)) @ LOADINGS + noise).astype(np.float32)
    return rows


def fitted(model: Any, lookback: int = 1) -> Detector:
    X, y = plant(600), np.zeros(600, np.int8)
    y[10:590:20] = 1
    ends = np.arange(lookback - 1, 600)
    config = DetectorConfig(model, lookback=lookback, score=ALL)
    return fit_detector(config, X, y, ends, ends)[0]


def corrections(
    detector: Detector,
    X: np.ndarray,
    ends: list[int],
    target: float,
    *,
    lookback: int = 1,
    groups: np.ndarray | None = None,
    counted: Score = ALL,
) -> list[Correction]:
    groups = np.arange(X.shape[1]) if groups is None else groups
    targets = np.full(len(ends), target)
    usual = np.median(plant(600), axis=0)
    return correct(detector, X, np.array(ends), targets, groups, counted, lookback, usual)


def least_squares(detector: PCADetector, window: np.ndarray, inputs: list[int]) -> tuple[float, np.ndarray]:
    """Mean squared residual after the best correction of some inputs, by brute force, and the correction."""
    width = window.size
    residual_of = np.eye(width) - detector.components.T @ detector.components
    residual = residual_of @ (window.reshape(-1) - detector.mean)
    moved = np.linalg.lstsq(residual_of[:, inputs], -residual, rcond=1e-9)[0]
    return float(np.square(residual + residual_of[:, inputs] @ moved).mean()), moved


@pytest.mark.parametrize("lookback", [1, 3])
def test_principal_components_are_corrected_as_by_brute_force(lookback: int) -> None:
    detector = fitted(PCAModel(components=2 * lookback), lookback)
    assert isinstance(detector, PCADetector)
    X = plant(30, seed=1)
    X[20, 2] += 3
    X[20, 4] -= 2
    window = X[21 - lookback : 21]

    def inputs(sensors: tuple[int, ...]) -> list[int]:
        return [6 * row + sensor for row in range(lookback) for sensor in sensors]

    singles = {sensor: least_squares(detector, window, inputs((sensor,)))[0] for sensor in range(6)}
    target = 0.02
    (found,) = corrections(detector, X, [20], target, lookback=lookback)
    # One sensor does not suffice; the first that is found is the one that helps most alone.
    assert min(singles.values()) >= target
    assert found.groups[0] == min(singles, key=lambda sensor: singles[sensor])
    assert found.below and found.after < target <= found.before
    after, moved = least_squares(detector, window, inputs(found.groups))
    assert found.after == pytest.approx(after, abs=1e-6)
    changed = (found.window.astype(float) - window).reshape(-1)
    np.testing.assert_allclose(changed[inputs(found.groups)], moved, atol=1e-4)
    # No smaller set, and no other pair, does better.
    if len(found.groups) == 2:
        pairs = {pair: least_squares(detector, window, inputs(pair))[0] for pair in combinations(range(6), 2)}
        assert min(pairs, key=lambda pair: pairs[pair]) == (2, 4)
    untouched = np.ones(6, bool)
    untouched[list(found.groups)] = False
    np.testing.assert_array_equal(found.window[:, untouched], window[:, untouched])


ASKED = [
    PCAModel(components=2),
    PCAModel(components=2, statistic="t2"),
    SquaresModel(),
    MahalanobisModel(),
    KNNModel(),
    IsolationForestModel(),
]


@pytest.mark.parametrize("model", ASKED, ids=lambda model: f"{model.kind}-{getattr(model, 'statistic', '')}")
def test_a_planted_sensor_is_found_and_no_other(model: Any) -> None:
    detector, X = fitted(model), plant(40, seed=2)
    X[7] = np.median(plant(600), axis=0)
    calm = float(score_windows(detector, X[7][None, None], ALL)[0])
    X[7, 3] += 12
    loud = float(score_windows(detector, X[7][None, None], ALL)[0])
    (found,) = corrections(detector, X, [7], (calm + loud) / 2)
    assert found.groups == (3,) and found.below
    assert abs(found.window[0, 3] - X[7, 3]) > 6
    np.testing.assert_array_equal(np.delete(found.window, 3, axis=1), np.delete(X[7:8], 3, axis=1))


@pytest.mark.parametrize("model", ASKED, ids=lambda model: f"{model.kind}-{getattr(model, 'statistic', '')}")
def test_a_window_below_its_target_is_not_corrected(model: Any) -> None:
    detector, X = fitted(model), plant(40, seed=2)
    (found,) = corrections(detector, X, [7], 1e9)
    assert found.groups == () and found.below and found.after == found.before
    np.testing.assert_array_equal(found.window, X[7:8])


@pytest.mark.parametrize("model", [PCAModel(components=2), KNNModel()], ids=lambda model: model.kind)
def test_what_cannot_be_brought_below_says_so(model: Any) -> None:
    detector, X = fitted(model), plant(40, seed=2)
    X[7] += 12 * np.array([1, -1, 1, -1, 1, -1], np.float32)
    (found,) = corrections(detector, X, [7], 0.0)
    assert not found.below and found.after < found.before
    # An input without a group is never corrected, however far it is off.
    (none,) = corrections(detector, X, [7], 0.0, groups=np.full(6, -1))
    assert none.groups == () and none.after == none.before
    (some,) = corrections(detector, X, [7], 0.0, groups=np.array([0, 1, -1, -1, -1, -1]))
    assert set(some.groups) <= {0, 1}
    np.testing.assert_array_equal(some.window[0, 2:], X[7, 2:])


def test_a_model_of_past_events_is_asked_with_usual_values() -> None:
    X, y = plant(600), np.zeros(600, np.int8)
    y[::6] = 1
    X[::6, 5] += 8
    ends = np.arange(600)
    detector = fit_detector(DetectorConfig(ForestModel(trees=20)), X, y, ends, ends)[0]
    rang = plant(1, seed=9)
    rang[0, 5] += 8
    (found,) = corrections(detector, rang, [0], 1.0)
    assert found.groups == (5,) and found.below
    assert found.window[0, 5] == pytest.approx(np.median(plant(600)[:, 5]))


def linear_network(detector: PCADetector, lookback: int) -> Autoencoder:
    """A network that does what principal components do."""
    import keras

    width = detector.components.shape[1]
    onto = detector.components.T @ detector.components
    model = keras.Sequential(
        [
            keras.Input((lookback, width // lookback)),
            keras.layers.Flatten(),
            keras.layers.Dense(width),
            keras.layers.Reshape((lookback, width // lookback)),
        ]
    )
    model.layers[1].set_weights([onto, detector.mean - onto @ detector.mean])
    return Autoencoder(model)


@pytest.mark.parametrize(("lookback", "counted"), [(1, Score("last")), (3, ALL), (3, Score("last", top_k=2))])
def test_a_linear_network_is_corrected_like_principal_components(lookback: int, counted: Score) -> None:
    detector = fitted(PCAModel(components=2 * lookback), lookback)
    assert isinstance(detector, PCADetector)
    network, X = linear_network(detector, lookback), plant(300, seed=4)
    ends = list(range(20, 290, 3))
    one, two = ends[::2], ends[1::2]
    for end in one:
        X[end, end % 6] += 4
    for end in two:
        X[end, [1, 4]] += [4, -3]
    known = corrections(detector, X, ends, 0.05, lookback=lookback, counted=counted)
    found = corrections(network, X, ends, 0.05, lookback=lookback, counted=counted)
    assert len(found) == len(ends) and all(each.below for each in found)
    agree = [set(a.groups) == set(b.groups) for a, b in zip(known, found, strict=True)]
    assert np.mean(agree) > 0.9
    for end, mine in zip(ends, found, strict=True):
        assert mine.before > 0.05
        window, free = X[end + 1 - lookback : end + 1], np.isin(np.arange(6), mine.groups)
        np.testing.assert_array_equal(
            mine.window[:, ~free], window[:, ~free], "only named sensors may change"
        )
        if counted.steps == "last":
            np.testing.assert_array_equal(
                mine.window[:-1], window[:-1], "only the row that counts may change"
            )
    lone = [mine.groups == (end % 6,) for end, mine in zip(ends, found, strict=True) if end in one]
    assert np.mean(lone) > 0.9
    # A window below its target costs nothing and changes nothing.
    (calm,) = corrections(network, X, [3], 1e9, lookback=lookback, counted=counted)
    assert calm.groups == ()


@pytest.mark.parametrize(
    "model",
    [
        LSTMModel(encoder=(4,), decoder=(4,)),
        VAEModel(widths=(6,), latent=2),
        DenseModel(widths=(6, 2, 6), dropout=0.2),
    ],
    ids=lambda model: model.kind,
)
@pytest.mark.parametrize("networks", [1, 2])
def test_every_network_can_be_corrected(model: Any, networks: int) -> None:
    X, y, ends = plant(400), np.zeros(400, np.int8), np.arange(2, 400)
    training = Training(epochs=3, batch_size=32, learning_rate=0.01, patience=None, networks=networks)
    config = DetectorConfig(model, lookback=3, training=training, score=ALL)
    detector, _ = fit_detector(config, X, y, ends, ends)
    X[50, 3] += 15
    scored = score(detector, X, ends, ALL)
    calm, target = int(ends[scored.argmin()]), float(scored[50 - 2] + scored.min()) / 2
    found = corrections(detector, X, [50, calm], target, lookback=3)
    assert found[0].groups[0] == 3 and found[0].after < found[0].before
    assert found[1].groups == () and found[1].after == found[1].before
    again = corrections(detector, X, [50], target, lookback=3)
    np.testing.assert_array_equal(again[0].window, found[0].window, "the same whatever is corrected with it")
