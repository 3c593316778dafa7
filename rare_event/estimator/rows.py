"""Rows of an array as a table: their stretches, their times if the index has them, and their events."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_consistent_length, column_or_1d

from rare_event.errors import ConfigError, DataError
from rare_event.prepare.assets import asset_order
from rare_event.prepare.prepared import Prepared
from rare_event.prepare.schema import Schema
from rare_event.prepare.table import Table
from rare_event.read.values import shown, to_float32
from rare_event.text import plural

TIME, LABEL, GROUP = "time", "event", "group"
NO_ROWS = np.empty(0, np.int64)


class InputError(DataError, ValueError):
    """Data that cannot be used, as scikit-learn expects to be told of them."""


class SettingError(ConfigError, ValueError):
    """A setting that cannot work, as scikit-learn expects to be told of it."""


@contextmanager
def as_value_errors() -> Iterator[None]:
    """Raise what the package raises for data and settings as a `ValueError` too."""
    try:
        yield
    except DataError as error:
        raise InputError(str(error)) from error
    except ConfigError as error:
        raise SettingError(str(error)) from error


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of an array as a table, group by group.

    Parameters
    ----------
    table
        The rows; each group is an asset of it.
    order
        Row of the array of each row of the table, shape (n_rows,).
    """

    table: Table
    order: np.ndarray

    @property
    def place(self) -> np.ndarray:
        """Time of each row where times can be used, else its row in the array, shape (n_rows,)."""
        table = self.table
        return self.order.astype(float) if table.time_unit.reason else table.clock

    def restored(self, values: np.ndarray, rows: np.ndarray, fill: float) -> np.ndarray:
        """Return values in the order of the array.

        Parameters
        ----------
        values
            Of some rows of the table, shape (n,).
        rows
            Which rows of the table, shape (n,).
        fill
            Of all other rows.
        """
        result = np.full(len(self.order), fill)
        result[self.order[rows]] = values
        return result


def rows_of(values: np.ndarray, index: Any = None, y: Any = None, groups: Any = None) -> Rows:
    """Make a table of the rows of an array.

    Parameters
    ----------
    values
        Shape (n_rows, n_sensors).
    index
        Index of the frame that the rows come from, or None. Times make the clock; where whole numbers do
        not rise by their usual step, rows are left out and a stretch ends.
    y
        1 or True in rows of events, 0 or False elsewhere, shape (n_rows,); None: no events are known.
    groups
        Stretch or asset of each row, shape (n_rows,); None: one. A stretch never leaves its group.

    Raises
    ------
    DataError
        If `y` holds other values, `groups` has empty cells, or a time is missing.
    """
    check_consistent_length(values, y, groups)
    codes, names = _coded(groups, len(values))
    time = _times(index)
    order = np.arange(len(values)) if groups is None else asset_order(codes, time)
    columns: dict[str, Any] = {} if time is None else {TIME: time[order]}
    if y is not None:
        columns[LABEL] = event_labels(y)[order]
    if groups is not None:
        columns[GROUP] = pd.Categorical.from_codes(codes[order], categories=pd.Index(names))
    sensors = {f"x{number}": to_float32(values[order, number]) for number in range(values.shape[1])}
    schema = Schema(
        label=None if y is None else LABEL,
        time=None if time is None else TIME,
        sensors=tuple(sensors),
        asset=None if groups is None else GROUP,
    )
    cuts = _cuts(index, order, codes[order])
    table = Table("the array", "", schema, pd.DataFrame({**columns, **sensors}, copy=False), cuts=cuts)
    return Rows(table, order)


def event_labels(y: Any) -> np.ndarray:
    """Check the labels of rows and return them as int8, shape (n_rows,).

    Raises
    ------
    DataError
        If there are values other than 0 and 1, or False and True.
    """
    labels = column_or_1d(y)
    if labels.dtype.kind == "O":
        labels = pd.Series(labels).infer_objects().to_numpy()
    if labels.dtype.kind not in "biuf" or not np.isin(labels, (0, 1)).all():
        others = [value for value in pd.unique(pd.Series(labels)).tolist() if value not in (0, 1)]
        listed = ", ".join(shown(v) if isinstance(v, str) else str(v) for v in others[:3])
        listed += ", ..." if len(others) > 3 else ""
        raise DataError(
            f"y holds {listed}. Write 1 (or True) in the rows of events and 0 (or False) in all others; a "
            "value is never guessed to mean an event."
        )
    events: np.ndarray = labels.astype(np.int8)
    return events


def _coded(groups: Any, n_rows: int) -> tuple[np.ndarray, list[str]]:
    """Return the number of each row's group, in the order of first appearance, and the names."""
    if groups is None:
        return np.zeros(n_rows, np.int64), []
    codes, values = pd.factorize(column_or_1d(groups))
    if (codes < 0).any():
        raise DataError(
            f"groups is empty in {plural(int((codes < 0).sum()), 'row')}, first in row "
            f"{int(np.argmin(codes)):,}. Write the stretch or the machine of every row."
        )
    return codes.astype(np.int64), [str(value) for value in values]


def _times(index: Any) -> np.ndarray | None:
    if not isinstance(index, pd.DatetimeIndex):
        return None
    if index.hasnans:
        first = int(np.flatnonzero(index.isna())[0])
        raise DataError(f"The index has no time in row {first:,}. Write the time of every row.")
    plain = index if index.tz is None else index.tz_convert("UTC").tz_localize(None)
    return plain.as_unit("ns").to_numpy()


def _cuts(index: Any, order: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Rows of the table before which rows are left out, as a numbered index tells."""
    if not isinstance(index, pd.Index) or index.dtype.kind not in "iu" or len(index) < 2:
        return NO_ROWS
    step = np.diff(index.to_numpy()[order].astype(np.int64))
    inside = group[1:] == group[:-1]
    if not inside.any():
        return NO_ROWS
    usual, counts = np.unique(step[inside], return_counts=True)
    cuts: np.ndarray = 1 + np.flatnonzero(inside & (step != usual[np.argmax(counts)]))
    return cuts


def lacking_history(prepared: Prepared, table: Table, needed: int) -> np.ndarray:
    """Which rows have fewer earlier rows than needed because their group begins, not a stretch inside it.

    What was before the first row of a group is not known. After a stop inside the group there is nothing
    before: it lacks nothing.

    Parameters
    ----------
    prepared
        Rows of the table.
    table
        The table.
    needed
        Earlier rows that a score depends on.

    Returns
    -------
    numpy.ndarray
        bool, shape (n_kept,).
    """
    group = np.zeros(table.n_rows, np.int64) if table.asset is None else table.asset
    first = np.searchsorted(group, group[prepared.row])
    opening: np.ndarray = prepared.stretch == table.stretch[first]
    lacking: np.ndarray = opening & (prepared.row - first < needed)
    return lacking
