"""Early warning of rare, expensive events: train on normal rows, threshold the error, tell the truth.

The names below are loaded when they are first used, so that importing the package is quick and
never imports TensorFlow.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rare_event.config import PRESETS, ExperimentConfig
    from rare_event.experiment.result import Result, summarise
    from rare_event.experiment.run import run_experiment
    from rare_event.judge.thresholds import operating_points
    from rare_event.prepare.checks import check
    from rare_event.prepare.sample import sample_mill
    from rare_event.prepare.schema import Schema
    from rare_event.prepare.table import Table, read_table

__version__ = "0.1.0"

_HOMES = {
    "PRESETS": "config",
    "ExperimentConfig": "config",
    "Result": "experiment.result",
    "Schema": "prepare.schema",
    "Table": "prepare.table",
    "check": "prepare.checks",
    "operating_points": "judge.thresholds",
    "read_table": "prepare.table",
    "run_experiment": "experiment.run",
    "sample_mill": "prepare.sample",
    "summarise": "experiment.result",
}

__all__ = [
    "PRESETS",
    "ExperimentConfig",
    "Result",
    "Schema",
    "Table",
    "check",
    "operating_points",
    "read_table",
    "run_experiment",
    "sample_mill",
    "summarise",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'rare_event' has no attribute {name!r}")
    return getattr(import_module(f"rare_event.{_HOMES[name]}"), name)
