"""Data prepared for a config: labelled, windowed and split, before anything is fitted."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from rare_event.clock import MINUTES, TimeUnit
from rare_event.config import ExperimentConfig
from rare_event.errors import DataError
from rare_event.prepare.assets import asset_rows, require_one_step
from rare_event.prepare.features import Derived, derive
from rare_event.prepare.labels import curve_shift
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

    @property
    def asset_of_event(self) -> tuple[str, ...]:
        """Name of each event's asset; empty for one machine."""
        return () if self.events.asset is None else tuple(self.assets[n] for n in self.events.asset.tolist())

    @property
    def n_positive(self) -> int:
        """Number of positive windows."""
        return int(self.y[self.ends].sum())


def prepare(table: Table, config: ExperimentConfig) -> Prepared:
    """Label, window and split a table.

    Raises
    ------
    DataError
        If no window fits, or a part of the split would be empty.
    ConfigError
        If the shift is not shorter than the table.
    """
    if table.asset is not None:
        clock, asset = table.clock, table.asset
        parts = [rows for rows in asset_rows(asset) if (np.diff(clock[rows]) > 0).any()]
        steps = {table.assets[asset[rows.start]]: median_step(clock[rows]) for rows in parts}
        require_one_step(steps, table.time_unit.name)
    prepared = label_and_window(table, config)
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


def label_and_window(table: Table, config: ExperimentConfig) -> Prepared:
    """Label and window a table without a split: it has no folds, and perhaps no window.

    Raises
    ------
    ConfigError
        If the shift is not shorter than the table.
    DataError
        If each machine is to be scaled by itself and the table names none.
    """
    clock, stretch, asset = table.clock, table.stretch, table.asset
    # The articles know no stops, but no machine warns of another's events.
    shifted = curve_shift(table.label, config.shift, asset if config.article_mode else stretch)
    kept = shifted.rows
    grades = {column: table.frame[column].astype(str).to_numpy() for column in table.schema.categories}
    derived = derive(table.values, stretch, config.representation, table.schema.sensors, grades)
    if config.representation.per_asset:
        derived = replace(derived, asset=_required(asset), assets=table.assets)
    derived = derived.take(kept)
    events = find_events(clock, table.label, stretch)
    of = None
    if asset is not None:
        of, events = asset[kept], replace(events, asset=asset[events.row])
    ends = _window_ends(stretch[kept], config, derived.usable, of)
    return Prepared(
        row=kept,
        clock=clock[kept],
        stretch=stretch[kept],
        y=shifted.y,
        derived=derived,
        ends=ends,
        folds=[],
        events=events,
        step=table.step,
        minutes=running_minutes(clock, stretch, table.step)[kept],
        time_unit=table.time_unit,
        asset=of,
        assets=table.assets,
    )


def _required(asset: np.ndarray | None) -> np.ndarray:
    if asset is None:
        raise DataError(
            "Scaling each machine by itself needs a column that names the machine of each row. Give that "
            "column the role asset, or scale all rows alike."
        )
    return asset


def _window_ends(
    stretch: np.ndarray, config: ExperimentConfig, usable: np.ndarray, asset: np.ndarray | None
) -> np.ndarray:
    if config.article_mode:
        ends = article_window_ends(len(stretch), config.lookback)
        whole = np.zeros_like(stretch) if asset is None else asset
        ends = np.intersect1d(ends, window_ends(whole, config.lookback, usable))
    else:
        ends = window_ends(stretch, config.lookback, usable)
    return ends


def require_windows(prepared: Prepared, lookback: int) -> None:
    """Raise a DataError if there is no window of `lookback` rows."""
    if len(prepared.ends):
        return
    stretch, usable = prepared.stretch, prepared.derived.usable
    longest = int(np.bincount(stretch).max()) if len(stretch) else 0
    raise DataError(
        f"No window of {plural(lookback, 'row')} fits: the longest stretch has "
        f"{plural(longest, 'row')}, and values are missing or infinite in {int((~usable).sum()):,} of "
        f"{plural(len(usable), 'row')}. "
        "Choose a shorter lookback, or correct the columns named on the Data page."
    )
