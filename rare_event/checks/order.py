"""Order of the times in a file: newest first, clocks set back, or several machines one after another."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from rare_event.prepare.table import Table

LONG_BLOCK = 10  # rows in time order; in a shuffled file, blocks this long do not occur by chance
MIXED = 0.05  # share of rows within the times of another block, above which sorting mixes blocks
MANY_REPEATS = 0.5  # share of repeated times above which several rows of one time are normal
REVERSED = 0.9  # share of backward steps above which a file is newest first; a shuffled one has half
MOST_MACHINES = 0.1  # distinct values of a column that names machines, as a share of the rows
_HOUR = np.timedelta64(1, "h")
_SEASON = np.timedelta64(100, "D")  # clocks are set back once a year


def newest_first(time: np.ndarray) -> bool:
    """Whether nearly all steps of a clock, datetime64 of shape (n_rows,), run backwards."""
    steps = np.diff(time)
    backwards, forwards = (steps < np.timedelta64(0)).sum(), (steps > np.timedelta64(0)).sum()
    return bool(backwards > REVERSED * (backwards + forwards))


def sorted_rows(time: np.ndarray) -> np.ndarray:
    """Positions of the rows in time order; rows of one time keep their order, reversed if newest first."""
    rows = np.arange(len(time))[::-1] if newest_first(time) else np.arange(len(time))
    return rows[np.argsort(time[rows], kind="stable")]


def set_back(time: np.ndarray) -> np.ndarray:
    """Mark the repeat of the hour when clocks were set back in autumn, bool of shape (n_rows,)."""
    marked = np.zeros(len(time), dtype=bool)
    steps = np.diff(time)
    forward = steps[steps > np.timedelta64(0)]
    back = np.flatnonzero(steps < np.timedelta64(0))
    if not len(forward) or not len(back):
        return marked
    step = np.median(forward)
    hour = abs(step - steps[back] - _HOUR) <= step / 2
    if step >= _HOUR or not hour.all() or (abs(np.diff(time[back])) < _SEASON).any():
        return marked
    for row in back:
        later = np.flatnonzero(time[row + 1 :] > time[row])
        marked[row + 1 : row + 1 + (later[0] if len(later) else len(time))] = True
    return marked


def repeated(time: np.ndarray) -> np.ndarray:
    """Mark rows with the time of an earlier row, except where clocks were set back, shape (n_rows,)."""
    again: np.ndarray = pd.Series(time).duplicated().to_numpy() & ~set_back(time)
    return again


def one_row_of_each_time(time: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Mark one row to keep of each time: the event, or else the first, bool of shape (n_rows,)."""
    # Events first, so that an event is never dropped for another row of its time.
    order = np.argsort(label == 0, kind="stable")
    kept = np.empty(len(time), dtype=bool)
    kept[order] = ~pd.Series(time[order]).duplicated().to_numpy()
    stays: np.ndarray = kept | set_back(time)
    return stays


def why_not_sort(time: np.ndarray) -> str | None:
    """Return why sorting by time would mix rows that do not belong together; None if it would not.

    Parameters
    ----------
    time
        datetime64 without NaT, shape (n_rows,).
    """
    if set_back(time).any():
        return "Sorting would mix the hours before and after the clock change"
    if pd.Series(time).duplicated().mean() > MANY_REPEATS:
        return "Most rows repeat the time of an earlier row, so sorting may mix several machines"
    if _in_other_blocks(time[::-1] if newest_first(time) else time) > MIXED * len(time):
        return "Blocks of rows cover the same times, so sorting would mix several machines"
    return None


def why_not_drop(time: np.ndarray) -> str | None:
    """Return why dropping repeated times would remove another machine's rows; None if it would not."""
    if set_back(time).any() or why_not_sort(time) is None:
        return None
    return "Dropping the rows would remove those of another machine"


def mixed(time: np.ndarray) -> bool:
    """Whether a good part of the rows share their times, or blocks of rows cover the same times."""
    if set_back(time).any():
        return False
    return bool(pd.Series(time).duplicated().mean() > MANY_REPEATS / 2) or why_not_sort(time) is not None


def machine_columns(table: Table, others: pd.DataFrame | None = None) -> Iterator[str]:
    """Yield the columns that distinguish rows that share a time, in a table without assets.

    Parameters
    ----------
    table
        Its categories and sensors are tried.
    others
        Columns of the file that the table leaves out, with its rows.
    """
    schema, time = table.schema, table.time
    if time is None or schema.asset is not None or not mixed(time):
        return
    used = table.frame[[*schema.categories, *schema.sensors]]
    for frame in [used] if others is None else [used, others]:
        yield from (str(name) for name in frame.columns if tells_apart(frame[name], time))


def tells_apart(column: pd.Series, time: np.ndarray) -> bool:
    """Whether a column names machines: few values, each with times of its own, in order.

    Parameters
    ----------
    column
        Of a table, shape (n_rows,).
    time
        datetime64 of shape (n_rows,), of which some are repeated.
    """
    few = column.iloc[:: max(1, len(column) // 10_000)]
    if few.nunique() > MOST_MACHINES * len(few) or column.isna().any():
        return False
    codes, names = pd.factorize(column)
    if not 2 <= len(names) <= MOST_MACHINES * len(column):
        return False
    order = np.argsort(codes, kind="stable")
    same = codes[order][1:] == codes[order][:-1]
    steps = np.diff(time[order])[same]
    return bool((steps > np.timedelta64(0)).all() or (steps < np.timedelta64(0)).all())


def _in_other_blocks(time: np.ndarray) -> int:
    """Count the rows of long blocks in time order that lie within the times of another such block."""
    cuts = np.flatnonzero(np.diff(time) < np.timedelta64(0)) + 1
    first, last = np.concatenate([[0], cuts]), np.concatenate([cuts, [len(time)]])
    long = last - first >= LONG_BLOCK
    rows = time[np.repeat(long, last - first)]
    starts, ends = np.sort(time[first[long]]), np.sort(time[last[long] - 1])
    covering = np.searchsorted(starts, rows, side="right") - np.searchsorted(ends, rows, side="left")
    return int((covering > 1).sum())
