"""What scoring must know of the table that was trained on: its step, ranges and levels."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from rare_event.clock import TimeUnit
from rare_event.config import BlendModel, ExperimentConfig, NetworkConfig, recipe
from rare_event.experiment.result import FoldResult, Result
from rare_event.prepare.alarm_rows import zoned
from rare_event.prepare.assets import asset_rows
from rare_event.prepare.prepared import Prepared
from rare_event.prepare.stretches import median_step
from rare_event.prepare.table import Table
from rare_event.read.values import distinct

# What a score depends on, apart from our own code.
PACKAGES = ("numpy", "scipy", "pandas", "scikit-learn")
NETWORK_PACKAGES = ("keras", "tensorflow")
QUANTILES = (0.05, 0.5, 0.95)
# Values of a category column that are kept.
MOST_VALUES = 1000
# Rows that quantiles are computed from: more do not move them.
MOST_ROWS = 100_000
LARGEST_SQUARED = 1e150


@dataclass(frozen=True)
class SensorRange:
    """Values of a sensor in the normal training rows; None where all are missing.

    Parameters
    ----------
    name
        Name of the column.
    precise
        Whether the sensor needs float64.
    low, high
        Least and greatest value.
    p5, median, p95
        Quantiles.
    """

    name: str
    precise: bool
    low: float | None = None
    high: float | None = None
    p5: float | None = None
    median: float | None = None
    p95: float | None = None

    @property
    def spread(self) -> float:
        """The 5-95% range; 0 without values."""
        return 0.0 if self.p5 is None or self.p95 is None else self.p95 - self.p5


@dataclass(frozen=True)
class Level:
    """Mean and standard deviation of each sensor in normal training rows of a machine; None if missing."""

    mean: tuple[float | None, ...]
    deviation: tuple[float | None, ...]


@dataclass(frozen=True)
class Span:
    """Rows of a part of the last fold: how many, and from when to when (ISO 8601, or numbers of rows)."""

    rows: int
    first: str
    last: str


@dataclass(frozen=True)
class Facts:
    """What scoring must know of the table that was trained on; kept in the run.

    Parameters
    ----------
    step
        Minutes per row.
    steps
        The same for each machine; empty for one.
    start
        Time at which the clock is 0; None without times.
    clock, labelled
        Why rows stand for time, or empty; whether the table had a label. See `TimeUnit`.
    ranges
        One for each sensor.
    levels
        One for each machine with training rows; of one machine, under the empty name.
    normal
        Median validation score of normal windows of the last fold; None without any.
    units
        What the scores of each detector are divided by, by the path of its folder in the run.
    split
        Parts of the last fold: ``training``, ``validation`` and ``test``.
    versions
        Of the packages that compute scores.
    categories
        Values of each category column in the rows of the table; a column with too many values is not kept,
        and older runs have none.
    zoned
        Whether its times had a zone, and are UTC; None where an older run does not say.
    """

    step: float
    steps: Mapping[str, float]
    start: str | None
    clock: str
    labelled: bool
    ranges: tuple[SensorRange, ...]
    levels: Mapping[str, Level]
    normal: float | None
    units: Mapping[str, float]
    split: Mapping[str, Span] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    zoned: bool | None = None

    @property
    def time_unit(self) -> TimeUnit:
        """Unit of the clock."""
        return TimeUnit(self.clock, machines=bool(self.steps), labelled=self.labelled)

    @property
    def origin(self) -> np.datetime64 | None:
        """Time at which the clock is 0."""
        return None if self.start is None else np.datetime64(self.start, "ns")


def member_config(config: ExperimentConfig, name: str) -> ExperimentConfig:
    """Return the settings of a member of a blend."""
    return recipe(name, config)


def facts_of(table: Table, result: Result) -> Facts:
    """Collect what scoring must know of the table that an experiment was trained on."""
    prepared, fold = result.prepared, result.folds[-1]
    train = prepared.folds[-1].train
    normal = prepared.row[train[prepared.y[train] == 0]]
    validation = fold.validation.y_score[fold.validation.y_true == 0]
    start = table.start if not prepared.time_unit.reason else None
    return Facts(
        step=prepared.step,
        steps=_steps(table),
        start=None if start is None else str(start.astype("datetime64[ns]")),
        clock=prepared.time_unit.reason,
        labelled=table.schema.label is not None,
        ranges=tuple(_range(table, sensor, normal) for sensor in table.schema.sensors),
        levels=_levels(table, normal),
        normal=float(np.median(validation)) if len(validation) else None,
        units=dict(_units(fold)),
        split=_spans(table, prepared),
        versions=versions(any(isinstance(part.model, NetworkConfig) for part in _configs(result.config))),
        categories=_categories(table),
        zoned=zoned(table),
    )


def _configs(config: ExperimentConfig) -> Iterator[ExperimentConfig]:
    if not isinstance(config.model, BlendModel):
        yield config
        return
    for name in config.model.members:
        yield from _configs(member_config(config, name))


def _steps(table: Table) -> dict[str, float]:
    asset, clock = table.asset, table.clock
    if asset is None:
        return {}
    return {table.assets[asset[rows.start]]: median_step(clock[rows]) for rows in asset_rows(asset)}


def _categories(table: Table) -> dict[str, tuple[str, ...]]:
    found = {name: distinct(table.frame[name], MOST_VALUES) for name in table.schema.categories}
    return {name: tuple(sorted(map(str, values))) for name, values in found.items() if values is not None}


def _units(fold: FoldResult, path: str = "") -> Iterator[tuple[str, float]]:
    if not fold.members:
        yield path, fold.unit
    for name, member in fold.members.items():
        yield from _units(member, f"{path}/{name}".lstrip("/"))


def _range(table: Table, sensor: str, rows: np.ndarray) -> SensorRange:
    column = table.frame[sensor].to_numpy()
    precise = column.dtype == np.float64
    values = column[rows]
    values = values[np.isfinite(values)].astype(float)
    if not len(values):
        return SensorRange(sensor, precise)
    few = values[:: -(-len(values) // MOST_ROWS)]
    quantiles = [float(value) for value in np.quantile(few, QUANTILES)]
    return SensorRange(sensor, precise, float(values.min()), float(values.max()), *quantiles)


def _levels(table: Table, rows: np.ndarray) -> dict[str, Level]:
    asset = table.asset
    if asset is None:
        return {"": _level(table, rows)}
    of = {number: rows[asset[rows] == number] for number in np.unique(asset[rows]).tolist()}
    return {table.assets[number]: _level(table, own) for number, own in of.items()}


def _level(table: Table, rows: np.ndarray) -> Level:
    means: list[float | None] = []
    deviations: list[float | None] = []
    for sensor in table.schema.sensors:
        values = table.frame[sensor].to_numpy()[rows]
        values = values[np.isfinite(values)].astype(float)
        moved = len(values) and values.min() < values.max()
        largest = float(abs(values).max(initial=0.0))
        # The square of a larger value is no number.
        unit = largest if largest > LARGEST_SQUARED else 1.0
        scaled = values / unit
        means.append(float(unit * scaled.mean() if moved else values[0]) if len(values) else None)
        deviations.append(float(unit * scaled.std() if moved else 0.0) if len(values) else None)
    return Level(tuple(means), tuple(deviations))


def _spans(table: Table, prepared: Prepared) -> dict[str, Span]:
    fold, when = prepared.folds[-1], table.when
    parts = {"training": fold.train, "validation": fold.validation, "test": fold.test}
    spans = {}
    for name, part in parts.items():
        times = when[prepared.row[part]]
        spans[name] = Span(len(part), *(str(edge) for edge in (times.min(), times.max())))
    return spans


def versions(networks: bool) -> dict[str, str]:
    """Versions of Python and of the packages that compute scores; nothing is imported."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for package in ("rare-event", *PACKAGES, *(NETWORK_PACKAGES if networks else ())):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
