"""Averages of networks: each is trained as if it were alone, and a window's error is the mean of theirs."""

import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rare_event.config import (
    AttentionModel,
    DenseModel,
    DetectorConfig,
    LSTMModel,
    PCAModel,
    Training,
    VAEModel,
)
from rare_event.detect.averages import NAME, joined, networks_of
from rare_event.detect.detector import Autoencoder, fit_detector, load_detector
from rare_event.detect.layers import import_keras
from rare_event.detect.programs import forget_programs
from rare_event.detect.training import Epoch
from rare_event.errors import DataError
from rare_event.prepare.windows import gather

K = 3
ENDS = np.arange(4, 300)
TRAIN, HELD_OUT = np.arange(5, 200), np.arange(210, 300)
TRAINING = Training(epochs=4, batch_size=32, learning_rate=0.01, patience=1, networks=K)
NETWORKS = [
    DenseModel(widths=(4, 2, 4)),
    DenseModel(widths=(4, 2, 4), tied=True, dropout=0.2),
    LSTMModel(encoder=(4,), decoder=(4,)),
    VAEModel(widths=(4,), latent=2),
    AttentionModel(width=4, heads=2, latent=2),
]


def config_of(model: Any) -> DetectorConfig:
    return DetectorConfig(model, lookback=3, training=TRAINING, seed=8)


def fit(config: DetectorConfig, X: np.ndarray, **options: Any) -> tuple[Any, list[Epoch]]:
    return fit_detector(config, X, np.zeros(len(X), np.int8), TRAIN, HELD_OUT, **options)


def alone(config: DetectorConfig, X: np.ndarray) -> list[tuple[Any, list[Epoch]]]:
    """Train each network of an average by itself, which is what an average is compared with."""
    single = replace(config.training, networks=1)
    return [fit(replace(config, training=single, seed=config.seed + k), X) for k in range(K)]


@pytest.mark.parametrize(
    "model", NETWORKS, ids=lambda model: f"{model.kind}{' tied' * model.__dict__.get('tied', 0)}"
)
def test_an_average_has_the_mean_error_of_its_networks(model, X, tmp_path) -> None:
    config = config_of(model)
    ones, (average, history) = alone(config, X), fit(config, X)
    for steps in ("last", "window"):
        each = [one.sensor_errors(X, ENDS, steps) for one, _ in ones]
        errors = average.sensor_errors(X, ENDS, steps)
        np.testing.assert_allclose(errors, np.mean(each, axis=0), rtol=1e-6, atol=1e-9)
        assert not any(np.allclose(errors, one) for one in each), "no network stands for all"
    told = [(epoch.network, epoch.number, epoch.loss) for epoch in history]
    assert told == [
        (k, epoch.number, epoch.loss) for k, (_, by_itself) in enumerate(ones, 1) for epoch in by_itself
    ]
    assert {epoch.networks for epoch in history} == {K}

    average.save(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [Autoencoder.FILE]
    again = load_detector(model, tmp_path)
    received = pickle.loads(pickle.dumps(average))
    for other in (again, received):
        assert isinstance(other, Autoencoder) and len(other.networks) == K
        np.testing.assert_array_equal(
            other.sensor_errors(X, ENDS, "last"), average.sensor_errors(X, ENDS, "last")
        )


def test_the_file_is_an_ordinary_keras_model_with_an_output_for_each(X, tmp_path) -> None:
    config = config_of(NETWORKS[0])
    average, _ = fit(config, X)
    average.save(tmp_path)
    model = import_keras().models.load_model(tmp_path / Autoencoder.FILE, safe_mode=True)
    windows = gather(X, ENDS, config.lookback)
    outputs = model.predict(windows, verbose=0)
    assert len(outputs) == K
    squared = np.mean([np.square(each - windows) for each in outputs], axis=0)
    np.testing.assert_allclose(average.sensor_errors(X, ENDS, "window"), squared.mean(axis=1), atol=1e-6)


@pytest.mark.parametrize("threads", [1, 2, K + 2])
def test_networks_trained_at_once_are_the_same_and_are_told_one_after_the_other(threads, X) -> None:
    config, told = config_of(NETWORKS[1]), list[Epoch]()
    forget_programs()
    average, history = fit(config, X, on_epoch=told.append, threads=threads)
    ones = alone(config, X)
    assert [(epoch.network, epoch.number) for epoch in told] == [(e.network, e.number) for e in history]
    assert [epoch.loss for epoch in told] == [epoch.loss for epoch in history]
    for network, (one, _) in zip(average.networks, ones, strict=True):
        for mine, expected in zip(network.get_weights(), one.model.get_weights(), strict=True):
            np.testing.assert_array_equal(mine, expected)


@pytest.mark.parametrize("threads", [1, 2])
def test_what_is_raised_by_the_one_who_is_told_stops_all_networks(threads, X) -> None:
    class Stop(Exception):
        pass

    told = []

    def refuse(epoch: Epoch) -> None:
        told.append((epoch.network, epoch.number))
        if epoch.network == 2:
            raise Stop

    config = config_of(NETWORKS[0])
    endless = replace(config, training=replace(TRAINING, patience=None))
    with pytest.raises(Stop):
        fit(endless, X, on_epoch=refuse, threads=threads)
    assert told == [(1, 1), (1, 2), (1, 3), (1, 4), (2, 1)]


def test_a_network_that_cannot_be_trained_fails_the_average(X) -> None:
    config = config_of(NETWORKS[0])
    wild = X.copy()
    wild[7] = np.float32(1e30)
    with pytest.raises(DataError, match="The loss became NaN in epoch 1"):
        fit(config, wild, threads=2)


def test_an_average_of_one_is_the_network_itself(X) -> None:
    config = replace(config_of(NETWORKS[0]), training=replace(TRAINING, networks=1))
    detector, history = fit(config, X)
    assert detector.networks == [detector.model] and len(detector.model.outputs) == 1
    assert {(epoch.network, epoch.networks) for epoch in history} == {(1, 1)}


def test_each_network_has_the_next_seed_and_other_models_have_one() -> None:
    assert config_of(NETWORKS[0]).seeds == (8, 9, 10)
    assert replace(config_of(NETWORKS[0]), seed=2**31 - 2).seeds == (2**31 - 2, 2**31 - 1, 0)
    other = replace(config_of(NETWORKS[0]), model=PCAModel(), training=Training())
    assert other.seeds == (8,)


def test_a_model_with_other_outputs_is_no_average() -> None:
    keras = import_keras()
    inputs = keras.layers.Input((2, 3))
    network = keras.Sequential([keras.layers.Input((2, 3)), keras.layers.Dense(3)], name=NAME.format(1))
    strange = keras.Model(inputs, [network(inputs), keras.layers.Dense(3, name="other")(inputs)])
    with pytest.raises(ValueError, match="network_2"):
        networks_of(strange)
    assert joined([network]) is network and network.name == NAME.format(1)
