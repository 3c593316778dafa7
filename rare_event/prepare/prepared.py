"""Data prepared for a config: labelled, windowed and split, before anything is fitted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rare_event.clock import MINUTES, TimeUnit
from rare_event.config import ExperimentConfig
from rare_event.errors import DataError
from rare_event.prepare.features import Derived, derive
from rare_event.prepare.labels import curve_shift
from rare_event.prepare.split import Fold, split
from rare_event.prepare.stretches import Events, find_events, median_step, stretches
from rare_event.prepare.table import Table
from rare_event.prepare.windows import article_window_ends, window_ends


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
    time_unit
        Unit of the table; if it is rows, all minutes above are rows.
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
    time_unit: TimeUnit = MINUTES

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
    clock = table.clock
    stretch = stretches(clock, table.label)
    shifted = curve_shift(table.label, config.shift, None if config.article_mode else stretch)
    kept = shifted.rows
    grades = {column: table.frame[column].astype(str).to_numpy() for column in table.schema.categories}
    derived = derive(table.values, stretch, config.representation, table.schema.sensors, grades).take(kept)
    ends = _window_ends(stretch[kept], config, derived.usable)
    return Prepared(
        row=kept,
        clock=clock[kept],
        stretch=stretch[kept],
        y=shifted.y,
        derived=derived,
        ends=ends,
        folds=split(config.split, stretch[kept], ends, purge=config.lookback + config.shift),
        events=find_events(clock, table.label, stretch),
        step=median_step(clock),
        time_unit=table.time_unit,
    )


def _window_ends(stretch: np.ndarray, config: ExperimentConfig, usable: np.ndarray) -> np.ndarray:
    if config.article_mode:
        ends = article_window_ends(len(stretch), config.lookback)
        ends = np.intersect1d(ends, window_ends(np.zeros_like(stretch), config.lookback, usable))
    else:
        ends = window_ends(stretch, config.lookback, usable)
    if not len(ends):
        longest = int(np.bincount(stretch).max()) if len(stretch) else 0
        raise DataError(
            f"No window of {config.lookback} rows fits: the longest stretch has {longest:,} rows, "
            f"and {int((~usable).sum()):,} of {len(usable):,} rows have missing or infinite values. "
            "Choose a shorter lookback, or correct the columns named on the Data page."
        )
    return ends
