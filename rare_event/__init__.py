"""Early warning of rare, expensive events: train on normal rows, threshold the score, judge honestly.

Names are loaded on first use, so importing the package is quick and never imports TensorFlow.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

# One import for each module:
# isort: off
if TYPE_CHECKING:
    from rare_event.checks.check import check as check
    from rare_event.checks.corrected import read_corrected as read_corrected
    from rare_event.checks.findings import Fix as Fix
    from rare_event.config import (
        PRESETS as PRESETS,
        AlarmPolicy as AlarmPolicy,
        BoostingModel as BoostingModel,
        ConvModel as ConvModel,
        DenseModel as DenseModel,
        ExperimentConfig as ExperimentConfig,
        GRUModel as GRUModel,
        HazardModel as HazardModel,
        LogisticModel as LogisticModel,
        LSTMModel as LSTMModel,
        PCAModel as PCAModel,
        Representation as Representation,
        Rule as Rule,
        Score as Score,
        SplitPlan as SplitPlan,
        Training as Training,
        VAEModel as VAEModel,
        recipe as recipe,
    )
    from rare_event.errors import (
        ConfigError as ConfigError,
        DataError as DataError,
        RareEventError as RareEventError,
        TableError as TableError,
    )
    from rare_event.estimator.early_warning import EarlyWarning as EarlyWarning
    from rare_event.estimator.representation import RepresentationTransformer as RepresentationTransformer
    from rare_event.estimator.splits import RollingOrigin as RollingOrigin, StretchSplit as StretchSplit
    from rare_event.experiment.ablation import Ablation as Ablation, ablation as ablation
    from rare_event.experiment.alarm_list import judge_list as judge_list, judge_rule as judge_rule
    from rare_event.experiment.backtest import backtest as backtest
    from rare_event.experiment.explain import (
        Explanation as Explanation,
        Moved as Moved,
        explain_alarms as explain_alarms,
    )
    from rare_event.experiment.leakage import leakage as leakage
    from rare_event.experiment.result import Result as Result, summarise as summarise
    from rare_event.experiment.run import run_experiment as run_experiment
    from rare_event.experiment.score import History as History, Scored as Scored, score as score
    from rare_event.experiment.trained import Trained as Trained, trained_of as trained_of
    from rare_event.judge.evaluation import evaluate as evaluate
    from rare_event.judge.judgement import Judgement as Judgement
    from rare_event.judge.kept import Check as Check, check_promise as check_promise
    from rare_event.judge.promise import Promise as Promise, promise_of as promise_of
    from rare_event.judge.load import Load as Load, load_at as load_at, operator_load as operator_load
    from rare_event.judge.rules import choose as choose, choose_on as choose_on
    from rare_event.judge.scores import Scores as Scores
    from rare_event.judge.thresholds import operating_points as operating_points
    from rare_event.judge.trailing import follow as follow
    from rare_event.prepare.alarm_file import read_alarms as read_alarms
    from rare_event.prepare.corrections import Corrections as Corrections
    from rare_event.prepare.labels import curve_shift as curve_shift
    from rare_event.prepare.sample import sample_mill as sample_mill
    from rare_event.prepare.schema import Schema as Schema
    from rare_event.prepare.table import Table as Table, read_table as read_table
    from rare_event.read.source import Files as Files
    from rare_event.read.table import Reading as Reading
    from rare_event.store.archive import open_bundle as open_bundle
    from rare_event.store.bundle import open_trained as open_trained
    from rare_event.store.incoming import read_new as read_new
    from rare_event.store.runs import open_run as open_run

__version__ = "0.1.0"

# The module of each name, as the imports above tell tools that do not run the code.
_MODULES = {
    "config": "PRESETS AlarmPolicy BoostingModel ConvModel DenseModel ExperimentConfig GRUModel HazardModel "
    "LSTMModel LogisticModel PCAModel Representation Rule Score SplitPlan Training VAEModel recipe",
    "errors": "ConfigError DataError RareEventError TableError",
    "estimator.early_warning": "EarlyWarning",
    "estimator.representation": "RepresentationTransformer",
    "estimator.splits": "RollingOrigin StretchSplit",
    "experiment.ablation": "Ablation ablation",
    "experiment.alarm_list": "judge_list judge_rule",
    "experiment.backtest": "backtest",
    "experiment.explain": "Explanation Moved explain_alarms",
    "experiment.leakage": "leakage",
    "experiment.result": "Result summarise",
    "experiment.run": "run_experiment",
    "experiment.score": "History Scored score",
    "experiment.trained": "Trained trained_of",
    "judge.evaluation": "evaluate",
    "judge.judgement": "Judgement",
    "judge.kept": "Check check_promise",
    "judge.promise": "Promise promise_of",
    "judge.load": "Load load_at operator_load",
    "judge.rules": "choose choose_on",
    "judge.scores": "Scores",
    "judge.thresholds": "operating_points",
    "judge.trailing": "follow",
    "checks.check": "check",
    "checks.corrected": "read_corrected",
    "checks.findings": "Fix",
    "prepare.alarm_file": "read_alarms",
    "prepare.corrections": "Corrections",
    "prepare.labels": "curve_shift",
    "prepare.sample": "sample_mill",
    "prepare.schema": "Schema",
    "prepare.table": "Table read_table",
    "read.source": "Files",
    "read.table": "Reading",
    "store.archive": "open_bundle",
    "store.bundle": "open_trained",
    "store.incoming": "read_new",
    "store.runs": "open_run",
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names.split()}
__all__ = [*_HOMES]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'rare_event' has no attribute {name!r}")
    return getattr(import_module(f"rare_event.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
