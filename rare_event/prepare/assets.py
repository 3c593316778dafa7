"""Assets: several machines in one table, each with stretches of its own."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from rare_event.errors import DataError, TableError
from rare_event.read.values import shown, texts_of
from rare_event.text import counted, number, plural

_HOUR = np.timedelta64(1, "h")
# Shift and lookback are counted in rows: they must mean about the same time for every asset.
MOST_APART = 1.5


def asset_column(column: pd.Series, short: bool = False) -> pd.Series:
    """Turn the column that names the asset of each row into categories, in the order of the file.

    Parameters
    ----------
    column
        The column.
    short
        Whether a single row of each asset is enough.

    Raises
    ------
    TableError
        If a cell is empty, or most assets would have a single row.
    """
    words = texts_of(column)
    if words.isna().any():
        row = int(np.flatnonzero(words.isna())[0])
        empty = plural(int(words.isna().sum()), "row")
        raise TableError(
            f"The asset column {shown(column.name)} is empty in {empty}, first in "
            f"line {column.index[row]}. Write the asset of every row, or choose another column."
        )
    names = words.unique()
    if 2 * len(names) > len(words) and not short:
        raise TableError(
            f"The asset column {shown(column.name)} holds {len(names):,} distinct values in {len(words):,} "
            "rows, but an asset has many rows. Choose another column, or none."
        )
    return pd.Series(pd.Categorical(words, categories=names), column.index)


def asset_order(asset: np.ndarray, time: np.ndarray | None) -> np.ndarray:
    """Order rows by asset, then by time; rows of one time keep their order.

    Parameters
    ----------
    asset
        Number of each row's asset, shape (n_rows,).
    time
        datetime64 of shape (n_rows,), or None.

    Returns
    -------
    numpy.ndarray
        Positions of the rows. Where the only backward steps of an asset are an hour, as when clocks are set
        back, its rows keep the order of the file: sorting would mix the two hours.
    """
    order = np.argsort(asset, kind="stable")
    if time is None:
        return order
    parts = [order[rows] for rows in asset_rows(asset[order])]
    return np.concatenate([part if set_back(time[part]) else _by_time(part, time) for part in parts])


def _by_time(rows: np.ndarray, time: np.ndarray) -> np.ndarray:
    ordered: np.ndarray = rows[np.argsort(time[rows], kind="stable")]
    return ordered


def set_back(time: np.ndarray) -> bool:
    """Whether the only backward steps of the times are an hour, as when clocks are set back."""
    steps = np.diff(time)
    back, forward = steps[steps < np.timedelta64(0)], steps[steps > np.timedelta64(0)]
    if not len(back) or not len(forward):
        return False
    step = np.median(forward)
    return bool(step < _HOUR and (abs(step - back - _HOUR) <= step / 2).all())


def asset_rows(asset: np.ndarray) -> Iterator[slice]:
    """Yield the rows of each asset; `asset` never falls, shape (n_rows,).

    Examples
    --------
    >>> list(asset_rows(np.array([0, 0, 2])))
    [slice(0, 2, None), slice(2, 3, None)]
    """
    cuts = np.flatnonzero(np.diff(asset)) + 1
    for first, last in zip([0, *cuts.tolist()], [*cuts.tolist(), len(asset)], strict=True):
        yield slice(first, last)


def within(asset: np.ndarray | None, n_rows: int) -> np.ndarray:
    """Whether each step from row to row stays in one asset, bool of shape (n_rows - 1,)."""
    same: np.ndarray = np.ones(max(n_rows - 1, 0), bool) if asset is None else asset[1:] == asset[:-1]
    return same


def require_one_step(steps: dict[str, float], unit: str) -> None:
    """Refuse assets whose rows are not equally far apart.

    Parameters
    ----------
    steps
        Median step of each asset.
    unit
        Name of the unit of the steps.

    Raises
    ------
    DataError
        If one step is more than `MOST_APART` times another.
    """
    if not steps:
        return
    least, most = min(steps, key=lambda name: steps[name]), max(steps, key=lambda name: steps[name])
    if steps[most] > MOST_APART * steps[least]:
        raise DataError(
            f"Rows of asset {shown(least)} are {counted(number(steps[least]), unit)} apart, those of asset "
            f"{shown(most)} {counted(number(steps[most]), unit)}: a shift or lookback in rows would mean "
            "different lengths of time. Use a file for each asset, or give all assets the same step."
        )
