"""The bundle of a run: the fitted representation and detector, enough to score another file."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path

import numpy as np

from rare_event.config import ExperimentConfig, Representation
from rare_event.detect.detector import Detector, load_detector
from rare_event.prepare.features import FittedRepresentation
from rare_event.prepare.forecast import Forecast
from rare_event.store.serial import explain
from rare_event.store.workspace import write

SCALER = "scaler.npz"
PREFIX = "forecast_"


def save_bundle(folder: Path, representation: FittedRepresentation, detector: Detector) -> None:
    """Write a fitted representation and detector into a run folder."""
    arrays = {
        "sensors": np.array(representation.sensors, dtype=np.str_),
        "center": representation.center,
        "scale": representation.scale,
        "categories": np.array(json.dumps(dict(representation.categories))),
    }
    if representation.config.per_asset:
        arrays |= {"assets": np.array(representation.assets, dtype=np.str_), "own": representation.own}
    for name in _names_of_forecast(representation.config) if representation.forecast is not None else ():
        arrays[PREFIX + name] = getattr(representation.forecast, name)
    write(folder / SCALER, lambda path: np.savez(path, allow_pickle=False, **arrays))
    write(folder / detector.FILE, lambda path: detector.save(path.parent))


def _names_of_forecast(config: Representation) -> list[str]:
    return [field.name for field in fields(Forecast) if config.per_asset or field.name != "own"]


def load_bundle(folder: Path, config: ExperimentConfig) -> tuple[FittedRepresentation, Detector]:
    """Read what `save_bundle` wrote; nothing in the files is executed.

    Raises
    ------
    RunError
        If a file is missing or damaged.
    """
    with explain("saved model", f"run {folder.name}"):
        with np.load(folder / SCALER, allow_pickle=False) as stored:
            categories = json.loads(str(stored["categories"]))
            forecast = None
            if config.representation.kind == "forecast":
                names = _names_of_forecast(config.representation)
                forecast = Forecast(**{name: stored[PREFIX + name] for name in names})
            representation = FittedRepresentation(
                config.representation,
                tuple(stored["sensors"].tolist()),
                stored["center"],
                stored["scale"],
                {column: tuple(values) for column, values in categories.items()},
                forecast,
            )
            if config.representation.per_asset:
                assets = tuple(stored["assets"].tolist())
                representation = replace(representation, assets=assets, own=stored["own"])
        return representation, load_detector(config.model, folder)
