"""Export a run's trained network."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from rare_event.config import DenseModel, ModelConfig, NetworkConfig, VAEModel, name_of
from rare_event.detect.detector import Autoencoder
from rare_event.detect.export import export_onnx
from rare_event.detect.summary import summary
from rare_event.errors import ConfigError, RunError
from rare_event.store.runs import Run, open_run
from rare_event.store.serial import explain
from rare_event.store.workspace import write

KERAS, ONNX = ".keras", ".onnx"


def export_network(run: Run, path: Path) -> None:
    """Write the network of a finished run to a ``.keras`` or ``.onnx`` file.

    Raises
    ------
    ConfigError
        If the path has another suffix, or the ONNX exporter is not installed.
    RunError
        If the run has no network, or the file cannot be read or written.
    """
    if path.suffix not in (KERAS, ONNX):
        raise ConfigError(f"{path.name} has an unknown format. End the file name with {KERAS} or {ONNX}.")
    source = network_file(run)
    if path.suffix == KERAS:
        write(path, lambda temporary: shutil.copyfile(source, temporary))
    else:
        model = _network(run)
        write(path, lambda temporary: export_onnx(model, temporary))


def network_file(run: Run) -> Path:
    """Return the `.keras` file of a run.

    Raises
    ------
    RunError
        If the model is not a network, or the file is missing.
    """
    model = run.config().model
    if not isinstance(model, NetworkConfig):
        raise RunError(
            f"The model of run {run.id} is not a neural network ({name_of(model.kind)}). Only neural "
            "networks can be exported."
        )
    path = run.folder / Autoencoder.FILE
    if not path.is_file():
        raise RunError(f"Run {run.id} has no saved network. Train the run again.")
    return path


def needs_own_layers(model: ModelConfig) -> bool:
    """Whether loading a network's `.keras` file needs `rare_event.detect.layers`."""
    return isinstance(model, VAEModel) or (isinstance(model, DenseModel) and model.tied)


def onnx_file(run: Run) -> Path:
    """Return the path of a run's ONNX file, which a worker writes."""
    return (run.folder / Autoencoder.FILE).with_suffix(ONNX)


def export_onnx_in_worker(run_id: str) -> None:
    """Write the ONNX file of a run into its folder."""
    run = open_run(run_id)
    export_network(run, onnx_file(run))


def network_summary(run: Run) -> str:
    """Return Keras's summary of a run's network.

    Raises
    ------
    RunError
        If the run has no network, or the file cannot be read.
    """
    return summary(_network(run))


def _network(run: Run) -> Any:
    network_file(run)
    with explain("saved model", run.named):
        run.intact(Autoencoder.FILE)
        return Autoencoder.load(run.folder).model
