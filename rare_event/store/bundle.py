"""The bundle of a run: the fitted representation and detector, enough to score another file."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from pathlib import Path

import numpy as np

from rare_event.config import ExperimentConfig
from rare_event.detect.detector import Detector, load_detector
from rare_event.prepare.features import FittedRepresentation
from rare_event.prepare.forecast import Forecast
from rare_event.store.serial import explain
from rare_event.store.workspace import write

SCALER = "scaler.npz"
PREFIX = "forecast_"


def save_bundle(folder: Path, representation: FittedRepresentation, detector: Detector) -> None:
    """Write a fitted representation and detector into a run folder."""
    forecast = {} if representation.forecast is None else asdict(representation.forecast)
    write(
        folder / SCALER,
        lambda path: np.savez(
            path,
            sensors=np.array(representation.sensors, dtype=np.str_),
            center=representation.center,
            scale=representation.scale,
            categories=np.array(json.dumps(dict(representation.categories))),
            **{PREFIX + name: array for name, array in forecast.items()},
        ),
    )
    write(folder / detector.FILE, lambda path: detector.save(path.parent))


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
                forecast = Forecast(**{f.name: stored[PREFIX + f.name] for f in fields(Forecast)})
            representation = FittedRepresentation(
                config.representation,
                tuple(stored["sensors"].tolist()),
                stored["center"],
                stored["scale"],
                {column: tuple(values) for column, values in categories.items()},
                forecast,
            )
        return representation, load_detector(config, folder)
