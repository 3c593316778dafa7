"""Previews before training: the rows around the first event, and sensors before events."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from rare_event.config import Representation
from rare_event.prepare.features import fit_representation
from rare_event.prepare.prepared import Prepared, windows_of
from rare_event.prepare.stretches import Events
from rare_event.prepare.table import Table

# As in the before/after tables of the articles: enough to check the shift.
ROWS_BEFORE, ROWS_AFTER, SENSORS_SHOWN = 5, 2, 6


def first_rows(raw: pd.DataFrame, most: int) -> pd.DataFrame:
    """Show the first rows as they were read.

    Parameters
    ----------
    raw
        As in `RawTable.frame`.
    most
        Number of rows.

    Returns
    -------
    pandas.DataFrame
        All columns; the index is the line of the file.
    """
    return raw.iloc[:most].rename_axis("line")


def column_summary(table: Table) -> pd.DataFrame:
    """Describe each column of a table.

    Returns
    -------
    pandas.DataFrame
        One row for each column: ``column``, ``role``, ``missing`` (number of cells) and, of sensors, the
        lowest, mean and highest finite value in ``min``, ``mean`` and ``max``. Others have no figures.
    """
    rows = []
    for column, role in table.schema.roles():
        row: dict[str, object] = {"column": column, "role": role}
        if column in table.frame:
            row["missing"] = int(table.frame[column].isna().sum())
        if role == "sensor":
            values = table.frame[column].to_numpy()
            finite = values[np.isfinite(values)]
            if len(finite):
                mean = float(finite.mean(dtype=float))
                row |= {"min": float(finite.min()), "mean": mean, "max": float(finite.max())}
        rows.append(row)
    return pd.DataFrame(rows, columns=["column", "role", "missing", "min", "mean", "max"])


def rows_before_shift(table: Table, first_event: int) -> pd.DataFrame:
    """Show the rows around the first event as they are in the file.

    Returns
    -------
    pandas.DataFrame
        Time, label `y` and a few sensors; the index is the row of the table.
    """
    rows = np.arange(max(0, first_event - ROWS_BEFORE), min(table.n_rows, first_event + ROWS_AFTER + 1))
    return _excerpt(table, rows, table.label[rows])


def rows_after_shift(table: Table, first_event: int, row: np.ndarray, y: np.ndarray) -> pd.DataFrame:
    """Show the same rows after the shift: positives marked, without the event rows.

    Parameters
    ----------
    table, first_event
        See `rows_before_shift`.
    row, y
        Rows kept and their labels, each of shape (n_kept,).
    """
    near = (row >= first_event - ROWS_BEFORE) & (row <= first_event + ROWS_AFTER)
    return _excerpt(table, row[near], y[near])


def first_positive_window(
    table: Table, row: np.ndarray, y: np.ndarray, ends: np.ndarray, lookback: int
) -> pd.DataFrame:
    """Show the rows of the first positive window; empty where no window is positive."""
    positive = ends[y[ends] == 1]
    if not len(positive):
        return _excerpt(table, row[:0], y[:0])
    block = np.arange(positive[0] - lookback + 1, positive[0] + 1)
    return _excerpt(table, row[block], y[block])


def scaled_moments(prepared: Prepared, config: Representation) -> pd.DataFrame:
    """Return the mean and the variance of each input over the normal training windows of the first fold.

    Only what the standard scaler was fitted on has mean 0 and variance 1, and only without clipping.

    Returns
    -------
    pandas.DataFrame
        `mean` and `variance` of the scaled values; the index is the name of the input.
    """
    train = windows_of(prepared, prepared.folds[0].train)
    normal = train[prepared.y[train] == 0]
    fitted = fit_representation(config, prepared.derived, normal)
    scaled = fitted.transform(prepared.derived.take(normal)).astype(float)
    figures = {"mean": scaled.mean(axis=0), "variance": scaled.var(axis=0)}
    return pd.DataFrame(figures, index=list(fitted.names))


def _excerpt(table: Table, rows: np.ndarray, y: np.ndarray) -> pd.DataFrame:
    columns = [*([table.schema.time] if table.schema.time else []), *table.schema.sensors[:SENSORS_SHOWN]]
    excerpt = table.frame.loc[rows, columns]
    excerpt.insert(1 if table.schema.time else 0, "y", y.astype(int), allow_duplicates=True)
    return excerpt


@dataclass(frozen=True)
class Course:
    """Average course of a sensor before an event.

    Parameters
    ----------
    offset
        Rows before the event, negative, shape (n_offsets,).
    mean, low, high
        Mean over events, and the middle half of them (quartiles); NaN if the sensor has no values there.
    n_events
        Events with at least one value before them.
    """

    offset: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    n_events: int


def jumps(values: np.ndarray, stretch: np.ndarray) -> np.ndarray:
    """Change of a sensor since the row before, NaN in the first row of each stretch.

    Parameters
    ----------
    values, stretch
        Of each row, shape (n,).
    """
    change: np.ndarray = np.where(np.diff(stretch, prepend=-1) == 0, np.diff(values, prepend=np.nan), np.nan)
    return change


def course_before_events(values: np.ndarray, stretch: np.ndarray, events: Events, n_rows: int) -> Course:
    """Average a sensor over the rows before each event, within the event's stretch.

    Parameters
    ----------
    values, stretch
        Of each row of the table, shape (n,).
    events
        The events.
    n_rows
        Number of rows before the event.
    """
    offset = np.arange(-n_rows, 0)
    position = events.row[:, None] + offset
    inside = (position >= 0) & (stretch[np.maximum(position, 0)] == events.stretch[:, None])
    block = np.where(inside, values[np.maximum(position, 0)], np.nan)
    filled = np.isfinite(block).any(axis=0)
    offset, block = offset[filled], block[:, filled]
    if not len(offset):
        reached = np.arange(-n_rows, 0)[inside.any(axis=0)]
        missing = np.full(len(reached), np.nan)
        return Course(reached, missing, missing, missing, 0)
    low, high = np.nanquantile(block, [0.25, 0.75], axis=0)
    n_events = int(np.isfinite(block).any(axis=1).sum())
    return Course(offset, np.nanmean(block, axis=0), low, high, n_events)
