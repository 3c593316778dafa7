"""A bundle is enough to score another file, and nothing in it is executed."""

import json
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest

from rare_event.config import (
    RECOMMENDED,
    DenseModel,
    PCAModel,
    Representation,
    RepresentationKind,
    Score,
    Training,
    from_json,
    to_json,
)
from rare_event.detect.detector import fit_detector
from rare_event.detect.scoring import score
from rare_event.errors import RunError
from rare_event.prepare.features import derive, fit_representation
from rare_event.store.bundle import load_bundle, save_bundle

ENDS = np.arange(200)
GRADES = {"grade": np.array(["thin", "Grün", "5,5", "thin"] * 50)}


def fitted(model, kind="level"):
    config = replace(
        RECOMMENDED,
        model=model,
        training=Training(epochs=1),
        representation=Representation(kind, one_hot=True),
    )
    values = np.random.default_rng(0).normal(size=(200, 4)).astype(np.float32)
    derived = derive(values, ENDS // 30, config.representation, ("a", "b", "=c", "ä/d"), GRADES)
    representation = fit_representation(config.representation, derived, ENDS[:150])
    X = representation.transform(derived)
    detector, _ = fit_detector(config.detector, X, np.zeros(len(X), np.int8), ENDS[:150], ENDS[150:])
    return config, derived, representation, detector


@pytest.mark.parametrize("model", [PCAModel(components=2), DenseModel(widths=(2,))], ids=["pca", "dense"])
def test_what_was_saved_scores_alike(tmp_path, model) -> None:
    config, derived, representation, detector = fitted(model)
    save_bundle(tmp_path, representation, detector)
    again, loaded = load_bundle(tmp_path, config)
    assert again.names == representation.names and again.categories == representation.categories
    assert again.config == config.representation
    X = again.transform(derived)
    assert X.tobytes() == representation.transform(derived).tobytes()
    assert (score(loaded, X, ENDS, Score()) == score(detector, X, ENDS, Score())).all()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([detector.FILE, "scaler.npz"])


@pytest.mark.parametrize("kind", get_args(RepresentationKind))
def test_every_representation_comes_back(tmp_path, kind) -> None:
    config, derived, representation, detector = fitted(PCAModel(components=2), kind)
    save_bundle(tmp_path, representation, detector)
    again, _ = load_bundle(tmp_path, config)
    assert again.names == representation.names and again.sensors == ("a", "b", "=c", "ä/d")
    assert again.transform(derived).tobytes() == representation.transform(derived).tobytes()
    assert (again.forecast is not None) == (kind == "forecast")
    with np.load(tmp_path / "scaler.npz", allow_pickle=False) as stored:
        assert any(name.startswith("forecast") for name in stored) == (kind == "forecast")


@pytest.mark.parametrize("dropped", ["center", "scale", "coefficients", "intercept"])
def test_a_forecast_without_one_of_its_arrays_is_a_sentence(tmp_path, dropped) -> None:
    config, _, representation, detector = fitted(PCAModel(components=2), "forecast")
    save_bundle(tmp_path, representation, detector)
    with np.load(tmp_path / "scaler.npz") as stored:
        arrays = {name: stored[name] for name in stored if name != f"forecast_{dropped}"}
        assert len(arrays) == len(stored.files) - 1
    np.savez(tmp_path / "scaler.npz", **arrays)
    with pytest.raises(RunError, match="missing or damaged"):
        load_bundle(tmp_path, config)


def test_a_bundle_from_before_there_were_forecasts_and_lags(tmp_path) -> None:
    config, derived, representation, detector = fitted(PCAModel(components=2), "difference")
    save_bundle(tmp_path, representation, detector)
    recipe = json.loads(to_json(config))
    del recipe["representation"]["lag"], recipe["model"]["statistic"]
    older = from_json(json.dumps(recipe))
    with np.load(tmp_path / "scaler.npz") as stored:
        assert set(stored) == {"sensors", "center", "scale", "categories"}
    again, _ = load_bundle(tmp_path, older)
    assert older == config and (again.transform(derived) == representation.transform(derived)).all()


@pytest.mark.parametrize("file", ["scaler.npz", "pca.npz"])
def test_a_missing_file_is_a_sentence(tmp_path, file) -> None:
    config, _, representation, detector = fitted(PCAModel(components=2))
    save_bundle(tmp_path, representation, detector)
    (tmp_path / file).unlink()
    with pytest.raises(
        RunError,
        match=f"saved model of run {tmp_path.name} cannot be read: the file is missing or damaged. Train the",
    ):
        load_bundle(tmp_path, config)


@pytest.mark.parametrize("file", ["scaler.npz", "pca.npz"])
def test_a_pickle_is_not_opened(tmp_path, file) -> None:
    config, _, representation, detector = fitted(PCAModel(components=2))
    save_bundle(tmp_path, representation, detector)
    with np.load(tmp_path / file) as stored:
        arrays = dict(stored)
    first = next(iter(arrays))
    np.savez(tmp_path / file, **{**arrays, first: np.array([{"an": "object"}], dtype=object)})
    with pytest.raises(RunError, match="missing or damaged"):
        load_bundle(tmp_path, config)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off", b"no archive"])
def test_a_damaged_network_is_a_sentence(tmp_path, content) -> None:
    config, _, representation, detector = fitted(PCAModel(components=2))
    save_bundle(tmp_path, representation, detector)
    (tmp_path / "model.keras").write_bytes(content)
    with pytest.raises(RunError, match="missing or damaged"):
        load_bundle(tmp_path, replace(config, model=DenseModel(widths=(2,))))


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.95])
@pytest.mark.parametrize("file", ["scaler.npz", "pca.npz"])
def test_a_file_cut_off_is_a_sentence(tmp_path, file, share) -> None:
    config, derived, representation, detector = fitted(PCAModel(components=2))
    save_bundle(tmp_path, representation, detector)
    whole = (tmp_path / file).read_bytes()
    (tmp_path / file).write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(
        RunError,
        match=f"saved model of run {tmp_path.name} cannot be read: the file is missing or damaged. Train the",
    ):
        load_bundle(tmp_path, config)
    (tmp_path / file).write_bytes(whole)
    again, _ = load_bundle(tmp_path, config)
    assert (again.transform(derived) == representation.transform(derived)).all()


@pytest.mark.parametrize("file", ["scaler.npz", "pca.npz"])
def test_flipped_bytes_are_a_sentence(tmp_path, file) -> None:
    config, _, representation, detector = fitted(PCAModel(components=2))
    save_bundle(tmp_path, representation, detector)
    damaged = bytearray((tmp_path / file).read_bytes())
    damaged[200:260] = bytes(255 - byte for byte in damaged[200:260])
    (tmp_path / file).write_bytes(damaged)
    with pytest.raises(RunError, match="missing or damaged"):
        load_bundle(tmp_path, config)


@pytest.mark.parametrize("file", ["scaler.npz", "pca.npz"])
@pytest.mark.parametrize("dropped", [0, -1])
def test_an_archive_without_one_of_its_arrays_is_a_sentence(tmp_path, file, dropped) -> None:
    config, _, representation, detector = fitted(PCAModel(components=2))
    save_bundle(tmp_path, representation, detector)
    with np.load(tmp_path / file) as stored:
        arrays = dict(stored)
    del arrays[list(arrays)[dropped]]
    assert arrays
    np.savez(tmp_path / file, **arrays)
    with pytest.raises(RunError, match="missing or damaged"):
        load_bundle(tmp_path, config)
