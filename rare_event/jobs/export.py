"""Export of the trained network of a run."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from rare_event.config import DenseModel, ModelConfig, NetworkConfig, VAEModel
from rare_event.detect.detector import Autoencoder
from rare_event.detect.export import export_onnx
from rare_event.detect.summary import summary
from rare_event.errors import ConfigError, RunError
from rare_event.store.runs import Run, open_run
from rare_event.store.serial import explain
from rare_event.store.workspace import write

KERAS, ONNX = ".keras", ".onnx"


def export_network(run: Run, path: Path) -> None:
    """Write the network of a run to a file.

    Parameters
    ----------
    run
        Done; its model is a network.
    path
        Ends with ``.keras`` or ``.onnx``.

    Raises
    ------
    ConfigError
        If it ends with anything else, or ONNX cannot be written here.
    RunError
        If the run has no network, or it cannot be read or written.
    """
    if path.suffix not in (KERAS, ONNX):
        raise ConfigError(f"{path.name} names no known format: end it with {KERAS} or {ONNX}.")
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
        If its model is no network, or the file is not there.
    """
    kind = run.config().model.kind
    if not isinstance(run.config().model, NetworkConfig):
        raise RunError(f"Run {run.id} holds a model of kind {kind!r}: only networks are Keras models.")
    path = run.folder / Autoencoder.FILE
    if not path.is_file():
        raise RunError(f"Run {run.id} has no saved network: only a run that is done has one. Train it again.")
    return path


def needs_own_layers(model: ModelConfig) -> bool:
    """Whether a network's `.keras` file needs the layers that Keras lacks, `rare_event.detect.layers`."""
    return isinstance(model, VAEModel) or (isinstance(model, DenseModel) and model.tied)


def onnx_file(run: Run) -> Path:
    """Return where the ONNX file of a run stands once a worker has written it."""
    return (run.folder / Autoencoder.FILE).with_suffix(ONNX)


def export_onnx_in_worker(run_id: str) -> None:
    """Write the ONNX file of a run into its folder."""
    run = open_run(run_id)
    export_network(run, onnx_file(run))


def network_summary(run: Run) -> str:
    """Return what Keras prints of the network of a run.

    Raises
    ------
    RunError
        If the run has no network, or it cannot be read.
    """
    return summary(_network(run))


def _network(run: Run) -> Any:
    network_file(run)
    with explain("saved model", run.named):
        return Autoencoder.load(run.folder).model
