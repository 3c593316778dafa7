"""Other inputs for the same rows: some of the sensors, no categories, or only which values are missing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import pandas as pd

from rare_event.config import Representation
from rare_event.prepare.features import Derived
from rare_event.prepare.prepared import Prepared
from rare_event.prepare.table import Table
from rare_event.prepare.windows import window_ends

# How the 0 and 1 of `missing_only` enter a model.
AS_THEY_ARE = Representation("level", scaler="standard", clip=None)


def readings(derived: Derived, rows: np.ndarray) -> list[pd.DataFrame]:
    """Lay out what is read of the sensors in some rows, such as values and changes.

    Returns
    -------
    list of DataFrame
        One for each reading, with one column for each sensor.
    """
    parts = np.split(derived.values[rows], _n_readings(derived), axis=1)
    return [pd.DataFrame(part, columns=list(derived.sensors)) for part in parts]


def without_sensors(prepared: Prepared, sensors: Collection[str]) -> Prepared:
    """Return the same windows without some of the sensors.

    Windows that their missing values make unusable stay so: a model without them learns from, and is judged
    on, the same windows.

    Raises
    ------
    ValueError
        If one is unknown, or none would be left.
    """
    derived = prepared.derived
    if not set(sensors) < set(derived.sensors):
        raise ValueError("sensors to leave out must be some of those that are read, and not all")
    kept = np.array([name not in sensors for name in derived.sensors])
    columns = np.tile(kept, _n_readings(derived))
    left = tuple(name for name in derived.sensors if name not in sensors)
    return replace(
        prepared,
        derived=replace(derived, values=np.ascontiguousarray(derived.values[:, columns]), sensors=left),
    )


def without_categories(prepared: Prepared) -> Prepared:
    """Return the same windows without the category columns."""
    return replace(prepared, derived=replace(prepared.derived, grades={}))


def sensors_with_missing(table: Table, rows: np.ndarray) -> tuple[str, ...]:
    """Return the sensors of which some values are missing in these rows, but not all."""
    missing = _missing(table, rows)
    some = np.flatnonzero(missing.any(axis=0) & ~missing.all(axis=0))
    return tuple(table.schema.sensors[place] for place in some.tolist())


def missing_only(table: Table, prepared: Prepared, lookback: int) -> Prepared:
    """Return rows of which only is known which values are missing, as 0 and 1; all of them have windows.

    Parameters
    ----------
    table, prepared
        The table, and its rows with windows that do not cross a stop.
    lookback
        Rows in one window.
    """
    names = sensors_with_missing(table, prepared.row)
    place = [table.schema.sensors.index(name) for name in names]
    values = _missing(table, prepared.row)[:, place].astype(np.float32)
    usable = np.ones(len(values), bool)
    derived = replace(prepared.derived, values=values, sensors=names, usable=usable, grades={})
    return replace(prepared, derived=derived, ends=window_ends(prepared.stretch, lookback, usable))


def _missing(table: Table, rows: np.ndarray) -> np.ndarray:
    missing: np.ndarray = ~np.isfinite(table.values[rows])
    return missing


def _n_readings(derived: Derived) -> int:
    return int(derived.values.shape[1]) // len(derived.sensors)
