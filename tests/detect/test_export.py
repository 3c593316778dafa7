"""Networks as files for others: Keras without this package, and ONNX without Keras."""

import subprocess
import sys
from typing import get_args

import numpy as np
import onnxruntime
import pytest

from rare_event.config import DenseModel, NetworkConfig
from rare_event.detect import export
from rare_event.detect.averages import joined
from rare_event.detect.export import can_export_onnx, export_onnx
from rare_event.detect.models import build
from rare_event.errors import ConfigError
from rare_event.jobs.export import needs_own_layers

NETWORKS = [*(network() for network in get_args(NetworkConfig)), DenseModel(tied=True)]
NAMES = [f"{network.kind}{' tied' if getattr(network, 'tied', False) else ''}" for network in NETWORKS]
LOOKBACK, SENSORS = 5, 3
LOAD = """
import sys
import keras
import numpy as np
folder = sys.argv[1]
windows = np.load(f"{folder}/windows.npy")
for name in sys.argv[2:]:
    try:
        model = keras.saving.load_model(f"{folder}/{name}.keras")
    except Exception as error:
        print(name, "refused", type(error).__name__)
        continue
    np.save(f"{folder}/{name}.npy", model(windows, training=False))
    print(name, "loaded")
assert not any(module.startswith("rare_event") for module in sys.modules)
"""


@pytest.fixture(scope="module")
def windows():
    return np.random.default_rng(0).normal(size=(9, LOOKBACK, SENSORS)).astype(np.float32)


@pytest.fixture(scope="module")
def models():
    return {
        name: build(config, LOOKBACK, SENSORS, 32, 0) for name, config in zip(NAMES, NETWORKS, strict=True)
    }


def test_keras_files_load_where_this_package_is_not(tmp_path, models, windows) -> None:
    np.save(tmp_path / "windows.npy", windows)
    for name, model in models.items():
        model.save(tmp_path / f"{name}.keras")
    # In the folder of the files, so that the package is not on the path.
    done = subprocess.run(
        [sys.executable, "-c", LOAD, str(tmp_path), *models],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    outcome = {line.rsplit(" ", 1)[0]: line for line in done.stdout.splitlines()}
    assert len(outcome) == len(models)
    for name, config in zip(NAMES, NETWORKS, strict=True):
        if needs_own_layers(config):
            # Refused, never loaded as something else.
            assert any(line.startswith(f"{name} refused") for line in done.stdout.splitlines()), done.stdout
        else:
            again = np.load(tmp_path / f"{name}.npy")
            np.testing.assert_allclose(again, models[name](windows, training=False), atol=1e-6)
    assert [name for name, config in zip(NAMES, NETWORKS, strict=True) if needs_own_layers(config)] == [
        "vae",
        "dense tied",
    ]


@pytest.mark.parametrize("name", NAMES)
def test_onnx_gives_what_keras_gives(tmp_path, models, windows, name) -> None:
    path = tmp_path / "model.onnx"
    weights = [weight.copy() for weight in models[name].get_weights()]
    export_onnx(models[name], path)
    session = onnxruntime.InferenceSession(path)
    for count in (1, 4, 9):
        (again,) = session.run(None, {"window": windows[:count]})
        expected = models[name](windows[:count], training=False)
        np.testing.assert_allclose(again, expected, atol=1e-4)
        assert np.abs(again).max() > 1e-3, "a model of zeros would agree as well"
    for before, after in zip(weights, models[name].get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)


def test_onnx_of_an_average_has_an_output_for_each_network(tmp_path, windows) -> None:
    average = joined([build(NETWORKS[0], LOOKBACK, SENSORS, 32, seed) for seed in (0, 1)])
    path = tmp_path / "model.onnx"
    export_onnx(average, path)
    outputs = onnxruntime.InferenceSession(path).run(None, {"window": windows})
    expected = average(windows, training=False)
    assert len(outputs) == len(expected) == 2
    for again, each in zip(outputs, expected, strict=True):
        np.testing.assert_allclose(again, each, atol=1e-4)
    assert np.abs(outputs[0] - outputs[1]).max() > 1e-3, "one network stands for both"


def test_without_the_exporter_a_sentence_says_what_to_install(tmp_path, models, monkeypatch) -> None:
    assert can_export_onnx()
    monkeypatch.setattr(export, "EXPORTER", "no_such_package")
    assert not can_export_onnx()
    with pytest.raises(ConfigError, match="pip install no_such_package"):
        export_onnx(models["dense"], tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())
