"""Export of networks as ONNX, for programs without Keras."""

from __future__ import annotations

import logging
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rare_event.detect.layers import import_keras
from rare_event.errors import ConfigError

EXPORTER = "tf2onnx"


def can_export_onnx() -> bool:
    """Whether the ONNX exporter is installed; nothing is imported."""
    return find_spec(EXPORTER) is not None


def export_onnx(model: Any, path: Path) -> None:
    """Write a Keras model as ONNX for any batch size; its input is called ``window``.

    Raises
    ------
    ConfigError
        If the ONNX exporter is not installed.
    """
    if not can_export_onnx():
        raise ConfigError(
            f"ONNX needs the package {EXPORTER}, which is not installed. Install it with `pip install "
            f"{EXPORTER}`, or export to a .keras file."
        )
    # The exporter warns of every node that only training needs.
    logging.getLogger(EXPORTER).setLevel(logging.ERROR)
    keras = import_keras()
    window = keras.InputSpec(shape=(None, *model.input_shape[1:]), dtype="float32", name="window")
    with warnings.catch_warnings():
        # Keras patches the exporter for NumPy 2 in a way that NumPy warns of.
        warnings.simplefilter("ignore", FutureWarning)
        model.export(str(path), format="onnx", verbose=False, input_signature=[window])
