"""Ablation: what a model reads, by what its AUC loses without each group of its inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np

from rare_event.config import BlendModel, ExperimentConfig
from rare_event.detect.training import Epoch
from rare_event.errors import ConfigError, DataError
from rare_event.experiment.backtest import over_folds, require_label
from rare_event.experiment.folds import RunFolds, events_by_fold
from rare_event.experiment.result import OnProgress, Result, ignore_progress
from rare_event.experiment.run import run_experiment
from rare_event.judge.chance import since_restart
from rare_event.judge.comparison import compare
from rare_event.judge.evaluation import ranking
from rare_event.judge.resampling import LEAST_STRETCHES, ends_of, mean_auc_draws
from rare_event.judge.scores import Scores
from rare_event.prepare.correlation import sensor_groups
from rare_event.prepare.inputs import (
    AS_THEY_ARE,
    missing_only,
    readings,
    sensors_with_missing,
    without_categories,
    without_sensors,
)
from rare_event.prepare.prepared import Prepared, Read, prepare
from rare_event.prepare.table import Table
from rare_event.read.values import shown
from rare_event.text import plural

# With fewer events in the test parts, hardly any difference between two models could be seen.
LEAST_EVENTS = 10
TOO_FEW = (
    "{}, so models cannot be compared there and what this one reads cannot be measured. Use fewer folds, or "
    "data with more events."
)
Kind = Literal["sensors", "named", "categories"]
Group = tuple[Kind, tuple[str, ...]]


@dataclass(frozen=True)
class Without:
    """A model trained without some of its inputs, against the model with all.

    Parameters
    ----------
    kind
        ``sensors``: a group found by correlation. ``named``: sensors that a person named. ``categories``:
        all category columns.
    inputs
        Names of what was left out.
    auc
        Mean fold AUC without them.
    fall, low, high
        By how much the AUC with all inputs is above it, with the 95% interval.
    """

    kind: Kind
    inputs: tuple[str, ...]
    auc: float
    fall: float
    low: float
    high: float

    @property
    def seen(self) -> bool:
        """Whether the interval of the difference leaves 0 out."""
        return not self.low <= 0 <= self.high


@dataclass(frozen=True)
class Alone:
    """What the AUC is without any value of a sensor.

    Parameters
    ----------
    kind
        ``clock``: the time since the last restart, scored without a model. ``missing``: the model trained on
        nothing but which values are missing, and judged on all rows.
    auc, interval
        Mean fold AUC and its 95% interval; None where not defined.
    n, n_events
        Windows and events it was judged on.
    """

    kind: Literal["clock", "missing"]
    auc: float | None
    interval: tuple[float, float] | None
    n: int
    n_events: int


@dataclass(frozen=True)
class Ablation:
    """What a model reads.

    Parameters
    ----------
    auc, interval
        Mean fold AUC with all inputs and its 95% interval.
    n, n_positive, n_events, folds
        Windows it was judged on, the positive ones, events, and folds.
    without
        One for each group of inputs, the largest fall of the AUC first.
    alone
        The time since the restart, and which values are missing, if any are.
    """

    auc: float
    interval: tuple[float, float] | None
    n: int
    n_positive: int
    n_events: int
    folds: int
    without: tuple[Without, ...]
    alone: tuple[Alone, ...]


def ablation(
    table: Table,
    config: ExperimentConfig,
    folds: int = 6,
    named: Sequence[str] = (),
    on_progress: OnProgress = ignore_progress,
    folds_by: RunFolds | None = None,
) -> Ablation:
    """Train a model again without each group of its inputs, fold by fold on the past.

    The groups are found in the normal training rows of the first fold, so that no test row takes part. Every
    model learns from and is judged on the same windows, and differences come with intervals over the same
    drawn stretches. Each model is trained once: the interval does not hold what another seed would change.

    Parameters
    ----------
    table
        The table.
    config
        Its split is replaced by a rolling origin, and no window crosses a stop.
    folds
        Number of folds.
    named
        Sensors that are also left out together.
    on_progress, folds_by
        See `run_experiment`.

    Raises
    ------
    DataError
        If there are too few events, or all sensors are one group.
    ConfigError
        If a sensor that is named is unknown, or no input would be left.
    RareEventError
        If the data do not allow what the config asks for.
    """
    require_label(table)
    config = judged_as(config, folds)
    prepared = prepare(table, config)
    require_events(prepared, config.shift)
    groups = groups_of(table, prepared, config, named)
    gaps = bool(sensors_with_missing(table, prepared.row))
    tests = _Tests(table, config, len(groups) + 1 + gaps, on_progress, folds_by)
    whole = tests.next()
    auc, draws = _judged(whole)
    without = [_without(group, whole, tests.next(_reader(group))) for group in groups]
    alone = [_alone("clock", since_restart(whole))]
    if gaps:
        rows = partial(missing_only, lookback=config.lookback)
        alone.append(_alone("missing", tests.next(rows, missing=True)))
    return Ablation(
        auc=auc,
        interval=ends_of(draws),
        n=len(whole),
        n_positive=whole.n_positive,
        n_events=len(whole.total_events),
        folds=len(prepared.folds),
        without=tuple(sorted(without, key=lambda each: -each.fall)),
        alone=tuple(alone),
    )


def judged_as(config: ExperimentConfig, folds: int = 6) -> ExperimentConfig:
    """Return the settings that a model is judged under: on the past only, no window across a stop."""
    return replace(over_folds([config], folds)[0], article_mode=False)


def require_events(prepared: Prepared, shift: int) -> None:
    """Refuse test parts in which a difference between two models could not be seen.

    Raises
    ------
    DataError
        If they hold fewer than 10 events together, or one of them lacks a class or has too few stretches.
    """
    events = sum(events_by_fold(prepared, shift)["test"])
    if events < LEAST_EVENTS:
        raise DataError(
            f"The test parts hold {plural(events, 'event')}, too few to tell what the model reads: at least "
            f"{LEAST_EVENTS} are needed. Use data with more events."
        )
    for number, fold in enumerate(prepared.folds, 1):
        ends = np.intersect1d(fold.test, prepared.ends)
        stretches = len(np.unique(prepared.stretch[ends]))
        lacking = {
            "no positive windows": not prepared.y[ends].any(),
            "no normal windows": prepared.y[ends].all(),
            f"windows in fewer than {LEAST_STRETCHES} stretches": stretches < LEAST_STRETCHES,
        }
        for what, so in lacking.items():
            if so:
                raise DataError(TOO_FEW.format(f"The test part of fold {number} has {what}"))


def groups_of(
    table: Table, prepared: Prepared, config: ExperimentConfig, named: Sequence[str] = ()
) -> list[Group]:
    """Choose what is left out: groups of sensors that go together, sensors by name, and the categories.

    Parameters
    ----------
    table, prepared, config
        The table, prepared for the config; only normal training rows of its first fold are read.
    named
        Sensors that a person named.

    Raises
    ------
    DataError
        If all sensors are one group, and nothing else could be left out.
    ConfigError
        If a sensor that is named is unknown, or none would be left.
    """
    sensors = table.schema.sensors
    _require_known(sensors, named)
    train = np.intersect1d(prepared.folds[0].train, prepared.ends)
    normal = train[prepared.y[train] == 0]
    found = sensor_groups(readings(prepared.derived, normal))
    groups: list[Group] = [("sensors", group) for group in found if len(group) < len(sensors)]
    if named:
        groups.append(("named", tuple(name for name in sensors if name in named)))
    # The models of a blend have representations of their own, without categories.
    if prepared.derived.grades and not isinstance(config.model, BlendModel):
        groups.append(("categories", tuple(prepared.derived.grades)))
    if not groups:
        raise DataError(
            f"All {plural(len(sensors), 'sensor')} go together, so none can be left out by itself: the rest "
            "would say the same. Use a file with more sensors, or name those to leave out."
            if len(sensors) > 1
            else "The file has one sensor, and a model without it would read nothing. Use a file with more."
        )
    return groups


def _require_known(sensors: tuple[str, ...], named: Sequence[str]) -> None:
    for name in named:
        if name not in sensors:
            raise ConfigError(
                f"There is no sensor {shown(name)} to leave out. Name columns that are sensors in this file."
            )
    if set(named) == set(sensors):
        raise ConfigError("All sensors are to be left out. Leave at least one for the model to read.")


def _reader(group: Group) -> Read:
    kind, names = group
    if kind == "categories":
        return lambda table, prepared: without_categories(prepared)
    return lambda table, prepared: without_sensors(prepared, names)


class _Tests:
    """Trains one model after the other and returns the scores of its test parts."""

    def __init__(
        self,
        table: Table,
        config: ExperimentConfig,
        trainings: int,
        on_progress: OnProgress,
        folds_by: RunFolds | None,
    ) -> None:
        self.table, self.config, self.folds_by = table, config, folds_by
        self.done, self.trainings, self.on_progress = 0, trainings, on_progress

    def next(self, read: Read | None = None, missing: bool = False) -> Scores:
        """Train with what `read` returns; with `missing` it is 0 and 1 only, and enters as it is."""

        def on_fold(fold: int, folds: int, epoch: Epoch) -> None:
            self.on_progress(self.done * folds + fold, self.trainings * folds, epoch)

        def run(config: ExperimentConfig, on_progress: OnProgress) -> Result:
            if missing and not isinstance(config.model, BlendModel):
                config = replace(config, representation=AS_THEY_ARE)
            return run_experiment(self.table, config, on_progress, run, folds_by=self.folds_by, read=read)

        test = run(self.config, on_fold).test
        self.done += 1
        return test


def _without(group: Group, whole: Scores, test: Scores) -> Without:
    kind, names = group
    (auc, _), found = _judged(test), compare([whole], [test])
    if found is None:
        raise DataError(TOO_FEW.format("A fold has too few windows that two models can score"))
    return Without(kind, names, auc, found.difference, found.low, found.high)


def _alone(kind: Literal["clock", "missing"], test: Scores) -> Alone:
    return Alone(kind, _mean_auc(test), ends_of(_draws(test)), len(test), len(test.total_events))


def _mean_auc(test: Scores) -> float | None:
    """Mean AUC of the folds; None where one has one class only."""
    known = [auc for auc, _ in map(ranking, test.by_fold().values()) if auc is not None]
    return float(np.mean(known)) if len(known) == len(test.by_fold()) else None


def _judged(test: Scores) -> tuple[float, np.ndarray]:
    auc, draws = _mean_auc(test), _draws(test)
    if auc is None or draws is None:
        raise DataError(TOO_FEW.format("A fold has too few windows that a model can score"))
    return auc, draws


def _draws(test: Scores) -> np.ndarray | None:
    return mean_auc_draws(list(test.by_fold().values()))
