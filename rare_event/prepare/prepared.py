"""Data prepared for a config: labelled, windowed and split, before anything is fitted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from rare_event.clock import MINUTES, TimeUnit
from rare_event.config import ExperimentConfig
from rare_event.errors import DataError
from rare_event.prepare.assets import asset_rows, require_one_step
from rare_event.prepare.features import Derived, derive
from rare_event.prepare.grades import Grade, grade_of
from rare_event.prepare.labels import Shifted, curve_shift
from rare_event.prepare.split import Fold, split
from rare_event.prepare.stretches import Events, find_events, median_step, running_minutes
from rare_event.prepare.table import Table
from rare_event.prepare.windows import article_window_ends, window_ends
from rare_event.text import plural


@dataclass(frozen=True)
class Prepared:
    """A table with the labels, windows and folds of a config, without the rows of events.

    Parameters
    ----------
    row
        Row of the table, shape (n_kept,).
    clock, stretch, y
        Minutes, stretch and label after the shift, each of shape (n_kept,).
    derived
        The representation before it is fitted and scaled, n_kept rows.
    ends
        Last rows of all windows, as positions among the kept rows.
    folds
        Folds of the split, as positions among the kept rows.
    events
        Events of the table.
    step
        Minutes per row.
    minutes
        Running time that each row stands for, shape (n_kept,).
    time_unit
        Unit of the table; if it is rows, all minutes above are rows.
    asset
        Number of each row's asset in `assets`, shape (n_kept,); None for one machine.
    assets
        Names of the assets.
    grades
        Category columns, n_kept rows each.
    """

    row: np.ndarray
    clock: np.ndarray
    stretch: np.ndarray
    y: np.ndarray
    derived: Derived
    ends: np.ndarray
    folds: list[Fold]
    events: Events
    step: float
    minutes: np.ndarray
    time_unit: TimeUnit = MINUTES
    asset: np.ndarray | None = None
    assets: tuple[str, ...] = ()
    grades: Mapping[str, Grade] = field(default_factory=dict)

    @property
    def asset_of_event(self) -> tuple[str, ...]:
        """Name of each event's asset; empty for one machine."""
        return () if self.events.asset is None else tuple(self.assets[n] for n in self.events.asset.tolist())

    @property
    def n_positive(self) -> int:
        """Number of positive windows."""
        return int(self.y[self.ends].sum())


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of a table as windows are made of them.

    Parameters
    ----------
    clock, label, stretch
        Minutes, labels and stretch ids, each of shape (n_rows,).
    values
        Sensors, shape (n_rows, n_sensors).
    sensors
        Their names.
    grades
        Category columns as text, each of shape (n_rows,).
    step
        Minutes per row.
    time_unit
        Unit of the clock.
    asset
        Number of each row's asset in `assets`, never falling; None for one machine.
    assets
        Names of the assets.
    base
        Values of the first row of the first stretch, if it began before these rows, shape (n_sensors,).
    """

    clock: np.ndarray
    label: np.ndarray
    stretch: np.ndarray
    values: np.ndarray
    sensors: tuple[str, ...]
    grades: Mapping[str, np.ndarray]
    step: float
    time_unit: TimeUnit = MINUTES
    asset: np.ndarray | None = None
    assets: tuple[str, ...] = ()
    base: np.ndarray | None = None


def rows_of(table: Table) -> Rows:
    """Return the rows of a table."""
    grades = {column: table.frame[column].astype(str).to_numpy() for column in table.schema.categories}
    return Rows(
        table.clock,
        table.label,
        table.stretch,
        table.values,
        table.schema.sensors,
        grades,
        table.step,
        table.time_unit,
        table.asset,
        table.assets,
    )


# Prepares one table for a config.
Preparing = Callable[[ExperimentConfig], Prepared]
# Changes what a model reads of the rows of a table, before they are split.
Read = Callable[[Table, Prepared], Prepared]


def prepare(table: Table, config: ExperimentConfig, read: Read | None = None) -> Prepared:
    """Label, window and split a table.

    Parameters
    ----------
    table, config
        The table and the settings.
    read
        Changes what the model reads; None: it reads what the settings say.

    Raises
    ------
    DataError
        If no window fits, or a part of the split would be empty.
    ConfigError
        If the shift is not shorter than the table.
    """
    if table.asset is not None:
        clock, asset = table.clock, table.asset
        parts = [part for part in asset_rows(asset) if (np.diff(clock[part]) > 0).any()]
        steps = {table.assets[asset[part.start]]: median_step(clock[part]) for part in parts}
        require_one_step(steps, table.time_unit.name)
    prepared = label_and_window(table, config)
    if read is not None:
        prepared = read(table, prepared)
    require_windows(prepared, config.lookback)
    folds = split(
        config.split,
        prepared.stretch,
        prepared.ends,
        config.lookback + config.shift,
        prepared.clock,
        prepared.asset,
        table.when[prepared.row],
    )
    return replace(prepared, folds=folds)


class Preparations:
    """Prepares a table, and keeps the last preparation for settings that only differ after it.

    Parameters
    ----------
    table
        The table.
    """

    def __init__(self, table: Table) -> None:
        self.table = table
        self._last: tuple[tuple[object, ...], Prepared] | None = None

    def __call__(self, config: ExperimentConfig) -> Prepared:
        """Prepare the table for a config, as `prepare` does."""
        read = (config.shift, config.lookback, config.split, config.representation, config.article_mode)
        if self._last is None or self._last[0] != read:
            # The last one is let go first: two of a large file may not fit the memory.
            self._last = None
            self._last = read, prepare(self.table, config)
        return self._last[1]


def label_and_window(table: Table, config: ExperimentConfig) -> Prepared:
    """Label and window a table without a split: it has no folds, and perhaps no window.

    Raises
    ------
    ConfigError
        If the shift is not shorter than the table.
    DataError
        If each machine is to be scaled by itself and the table names none.
    """
    rows = rows_of(table)
    # The articles know no stops, but no machine warns of another's events.
    shifted = curve_shift(rows.label, config.shift, rows.asset if config.article_mode else rows.stretch)
    prepared = windowed(rows, config, shifted)
    if config.article_mode:
        known = article_window_ends(len(prepared.row), config.lookback)
        prepared = replace(prepared, ends=np.intersect1d(known, prepared.ends))
    return prepared


def windowed(
    rows: Rows, config: ExperimentConfig, shifted: Shifted, unknown: np.ndarray | None = None
) -> Prepared:
    """Derive the representation of rows and find their windows, without folds.

    Parameters
    ----------
    rows
        The rows.
    config
        Its representation, lookback, and whether windows cross stops as in the articles.
    shifted
        Which rows are kept, and their labels.
    unknown
        Rows whose inputs cannot be known, since rows before them are missing; bool of shape (n_rows,).
    """
    kept, asset = shifted.rows, rows.asset
    derived = derive(rows.values, rows.stretch, config.representation, rows.sensors, rows.grades, rows.base)
    if config.representation.per_asset:
        derived = replace(derived, asset=_required(asset), assets=rows.assets)
    if unknown is not None:
        derived = replace(derived, usable=derived.usable & ~unknown)
    derived = derived.take(kept)
    events = find_events(rows.clock, rows.label, rows.stretch)
    of = None
    if asset is not None:
        of, events = asset[kept], replace(events, asset=asset[events.row])
    whole = rows.stretch[kept]
    if config.article_mode:
        whole = np.zeros_like(whole) if of is None else of
    return Prepared(
        row=kept,
        clock=rows.clock[kept],
        stretch=rows.stretch[kept],
        y=shifted.y,
        derived=derived,
        ends=window_ends(whole, config.lookback, derived.usable),
        folds=[],
        events=events,
        step=rows.step,
        minutes=running_minutes(rows.clock, rows.stretch, rows.step)[kept],
        time_unit=rows.time_unit,
        asset=of,
        assets=rows.assets,
        grades={
            column: grade_of(values, rows.clock, asset).take(kept) for column, values in rows.grades.items()
        },
    )


def _required(asset: np.ndarray | None) -> np.ndarray:
    if asset is None:
        raise DataError(
            "Scaling each machine by itself needs a column that names the machine of each row. Give the "
            "role asset to that column, or scale all rows alike."
        )
    return asset


def windows_of(prepared: Prepared, part: np.ndarray) -> np.ndarray:
    """Find the windows of a part in the part's order, which a random split shuffles."""
    return part[np.isin(part, prepared.ends)]


def require_windows(prepared: Prepared, lookback: int) -> None:
    """Raise a DataError if there is no window of `lookback` rows."""
    if len(prepared.ends):
        return
    stretch, usable = prepared.stretch, prepared.derived.usable
    longest = int(np.bincount(stretch).max()) if len(stretch) else 0
    bad, missing, correct = int((~usable).sum()), "", ""
    if bad:
        missing = f", and values are missing or infinite in {bad:,} of {plural(len(usable), 'row')}"
        correct = ", or correct the columns named on the Data page"
    raise DataError(
        f"No window of {plural(lookback, 'row')} fits: the longest stretch has "
        f"{plural(longest, 'row')}{missing}. Choose a shorter lookback{correct}."
    )
