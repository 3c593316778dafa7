"""Early warning of rare, expensive events: train on normal rows, threshold the score, judge honestly.

Names are loaded on first use, so importing the package is quick and never imports TensorFlow.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rare_event.checks.check import check
    from rare_event.config import (
        PRESETS,
        AlarmPolicy,
        BoostingModel,
        ConvModel,
        DenseModel,
        ExperimentConfig,
        GRUModel,
        LogisticModel,
        LSTMModel,
        PCAModel,
        Representation,
        Rule,
        Score,
        SplitPlan,
        Training,
        VAEModel,
        recipe,
    )
    from rare_event.errors import ConfigError, DataError, RareEventError, TableError
    from rare_event.experiment.backtest import backtest
    from rare_event.experiment.result import Result, summarise
    from rare_event.experiment.run import run_experiment
    from rare_event.judge.evaluation import evaluate
    from rare_event.judge.judgement import Judgement
    from rare_event.judge.rules import choose
    from rare_event.judge.scores import Scores
    from rare_event.judge.thresholds import operating_points
    from rare_event.prepare.sample import sample_mill
    from rare_event.prepare.schema import Schema
    from rare_event.prepare.table import Table, read_table

__version__ = "0.1.0"

_MODULES = {
    "config": (
        "PRESETS",
        "AlarmPolicy",
        "BoostingModel",
        "ConvModel",
        "DenseModel",
        "ExperimentConfig",
        "GRUModel",
        "LSTMModel",
        "LogisticModel",
        "PCAModel",
        "Representation",
        "Rule",
        "Score",
        "SplitPlan",
        "Training",
        "VAEModel",
        "recipe",
    ),
    "errors": (
        "ConfigError",
        "DataError",
        "RareEventError",
        "TableError",
    ),
    "experiment.backtest": ("backtest",),
    "experiment.result": (
        "Result",
        "summarise",
    ),
    "experiment.run": ("run_experiment",),
    "judge.evaluation": ("evaluate",),
    "judge.judgement": ("Judgement",),
    "judge.rules": ("choose",),
    "judge.scores": ("Scores",),
    "judge.thresholds": ("operating_points",),
    "checks.check": ("check",),
    "prepare.sample": ("sample_mill",),
    "prepare.schema": ("Schema",),
    "prepare.table": (
        "Table",
        "read_table",
    ),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "PRESETS",
    "AlarmPolicy",
    "BoostingModel",
    "ConvModel",
    "DenseModel",
    "ExperimentConfig",
    "GRUModel",
    "LSTMModel",
    "LogisticModel",
    "PCAModel",
    "Representation",
    "Rule",
    "Score",
    "SplitPlan",
    "Training",
    "VAEModel",
    "recipe",
    "ConfigError",
    "DataError",
    "RareEventError",
    "TableError",
    "backtest",
    "Result",
    "summarise",
    "run_experiment",
    "evaluate",
    "Judgement",
    "choose",
    "Scores",
    "operating_points",
    "check",
    "sample_mill",
    "Schema",
    "Table",
    "read_table",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'rare_event' has no attribute {name!r}")
    return getattr(import_module(f"rare_event.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
