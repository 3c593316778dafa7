"""The rows of a table in which alarms stand: those of a list, of a rule on one sensor, or of a score."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from rare_event.config import SensorRule
from rare_event.errors import TableError
from rare_event.prepare.alarm_file import AlarmList
from rare_event.prepare.assets import asset_rows, set_back
from rare_event.prepare.event_label import require_once
from rare_event.prepare.event_rows import spans
from rare_event.prepare.join import IN_UTC
from rare_event.prepare.labelling import quoted
from rare_event.prepare.table import Table
from rare_event.read.times import EPOCHS
from rare_event.read.values import shown, texts_of


@dataclass(frozen=True, eq=False)
class AlarmRows:
    """Where the alarms of a list stand among the rows of a table.

    Parameters
    ----------
    order
        Positions of the rows by machine and time, shape (n_rows,).
    first, after
        An alarm stands in the rows ``order[first:after]``, shape (n_alarms,); in none where these are equal.
    outside, stopped, elsewhere
        Alarms before or after all rows, inside a stop, and of a machine without rows, bool of shape
        (n_alarms,).
    repeated
        Alarms that repeat an earlier one, bool of shape (n_alarms,).
    """

    order: np.ndarray
    first: np.ndarray
    after: np.ndarray
    outside: np.ndarray
    stopped: np.ndarray
    elsewhere: np.ndarray
    repeated: np.ndarray

    @property
    def alarmed(self) -> np.ndarray:
        """Whether an alarm stands in each row of the table, bool of shape (n_rows,)."""
        return self.alarm >= 0

    @property
    def alarm(self) -> np.ndarray:
        """Number of the alarm that stands in each row, the one that began first; -1 for none."""
        found = np.full(len(self.order), -1)
        reach = 0
        for number in np.argsort(self.first, kind="stable"):
            # What lies before the reach of the earlier ones is theirs.
            found[max(self.first[number], reach) : self.after[number]] = number
            reach = max(reach, int(self.after[number]))
        of_row = np.empty_like(found)
        of_row[self.order] = found
        return of_row

    def stands_in(self, rows: np.ndarray) -> np.ndarray:
        """Return which alarms stand in at least one of some rows, bool of shape (n_alarms,).

        Parameters
        ----------
        rows
            bool, shape (n_rows,).
        """
        up_to = np.append(0, np.cumsum(rows[self.order]))
        found: np.ndarray = up_to[self.after] > up_to[self.first]
        return found


def alarm_rows(table: Table, alarms: AlarmList) -> AlarmRows:
    """Find the rows in which the alarms of a list stand.

    Every row from the start to the end of an alarm, the ends included; an alarm without an end, or between
    two rows, stands in the first row at or after its start.

    Raises
    ------
    TableError
        If the list and the table have no clock in common, or the list does not name machines that the table
        has.
    """
    n = len(alarms)
    order, first, after = np.arange(table.n_rows), np.zeros(n, np.int64), np.zeros(n, np.int64)
    outside, stopped, elsewhere = np.zeros((3, n), bool)
    listed = alarms.listed
    times = np.arange(table.n_rows) if alarms.by_row else require_one_clock(table, alarms.name, listed.zoned)
    for rows, which in _machines(table, alarms):
        if not len(rows):
            elsewhere[which] = True
            continue
        if not alarms.by_row and set_back(times[rows]):
            require_once(times[rows], listed, which, table.name, "alarm")
        found = spans(times[rows], listed.starts[which], listed.ends[which])
        order[rows] = rows[found.order]
        marks = found.after > found.first
        first[which] = np.where(marks, rows[0] + found.first, 0)
        after[which] = np.where(marks, rows[0] + found.after, 0)
        outside[which], stopped[which] = found.outside, found.stopped
    keys = pd.DataFrame({"start": listed.starts, "end": listed.ends})
    if table.schema.asset in listed.frame:
        keys["asset"] = texts_of(listed.frame[table.schema.asset]).to_numpy()
    keys["name"] = alarms.names or ""
    repeated = keys.duplicated().to_numpy()
    return AlarmRows(order, first, after, outside, stopped, elsewhere, repeated)


def require_one_clock(table: Table, name: str, has_zone: bool) -> np.ndarray:
    """Return the times of the rows, after making sure that a list means the same clock.

    Parameters
    ----------
    table
        The rows.
    name
        Of the file of the list.
    has_zone
        Whether its times have a zone, or are UTC.

    Raises
    ------
    TableError
        If the rows have no times, or only one of the two has a zone.
    """
    if table.time is None:
        raise TableError(
            f"{table.name} has no readable time column, so {name} cannot be matched to its rows. Name its "
            "time column, or list alarms by the numbers of their rows, from 0, in columns named start_row "
            "and end_row."
        )
    if zoned(table) != has_zone:
        with_zone, local = (table.name, name) if zoned(table) else (name, table.name)
        raise TableError(
            f"The times of {with_zone} have a time zone or are in UTC, but those of {local} have no zone. "
            "Write the times of both files with their zone, or both without one."
        )
    return table.time


def zoned(table: Table) -> bool:
    """Whether the times of a table had a zone, or were counted in UTC, before they were read."""
    told = any(
        (remark.fact == "unknown zone" and remark.column == table.schema.time)
        or (remark.fact == "files joined" and IN_UTC in remark.what)
        for remark in table.remarks
    )
    noted = any(note.fact == "zones" for note in table.notes)
    return told or noted or table.schema.time_format in EPOCHS


def _machines(table: Table, alarms: AlarmList) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the rows and the alarms of each machine; of a machine without rows, no rows."""
    asset, frame = table.asset, alarms.listed.frame
    if asset is None or alarms.by_row:
        yield np.arange(table.n_rows), np.arange(len(alarms))
        return
    if table.schema.asset not in frame:
        raise TableError(
            f"{alarms.name} does not say which machine each alarm belongs to. Give it a column "
            f"{shown(table.schema.asset)} with the names of the machines, as in the data."
        )
    named = texts_of(frame[table.schema.asset]).to_numpy()
    for rows in asset_rows(asset):
        yield np.arange(rows.start, rows.stop), np.flatnonzero(named == table.assets[asset[rows.start]])
    unknown = np.flatnonzero(~np.isin(named.astype(str), table.assets) | pd.isna(named))
    yield np.arange(0), unknown


def rule_rows(table: Table, rule: SensorRule) -> np.ndarray:
    """Return the rows in which a rule on one sensor alarms, bool of shape (n_rows,).

    The rows for which the condition must hold lie in one stretch; a missing value meets no condition.

    Raises
    ------
    TableError
        If the table has no such sensor.
    """
    column = sensor_column(table, rule.sensor)
    # A column of single precision holds no 4.1: the limit is rounded as its values were.
    limit = column.dtype.type(rule.limit)
    holds = {">": np.greater, ">=": np.greater_equal, "<": np.less, "<=": np.less_equal}[rule.sign](
        column, limit
    )
    stretch, row = table.stretch, np.arange(table.n_rows)
    broken = ~holds
    # The last row of the stretch so far that breaks the condition, or the one before its first.
    first = np.maximum.accumulate(np.where(np.append(True, stretch[1:] != stretch[:-1]), row, 0))
    last_broken = np.maximum(np.maximum.accumulate(np.where(broken, row, -1)), first - 1)
    alarmed: np.ndarray = row - last_broken >= rule.rows
    return alarmed


def sensor_column(table: Table, name: str) -> np.ndarray:
    """Return the values of a sensor, named as in the file or with other capitals, shape (n_rows,).

    Raises
    ------
    TableError
        If the table has no such sensor, or several whose names differ in capitals only.
    """
    sensors = table.schema.sensors
    found = (
        [name] if name in sensors else [s for s in sensors if s.strip().casefold() == name.strip().casefold()]
    )
    if len(found) == 1:
        return table.frame[found[0]].to_numpy()
    if len(found) > 1:
        raise TableError(f"{table.name} has the sensors {quoted(found)}. Write one of these names.")
    if name in dict(table.schema.roles()):
        role = dict(table.schema.roles())[name]
        raise TableError(f"{shown(name)} is not a sensor of {table.name}: its role is {role}. Name a sensor.")
    near = [shown(each) for each in difflib.get_close_matches(name, sensors, 3)]
    *others, last = near or [""]
    hint = f"Did you mean {', '.join(others)}{' or ' if others else ''}{last}?"
    if not near:
        hint = f"Its sensors include {quoted(sensors)}."
    raise TableError(f"{table.name} has no sensor {shown(name)}. {hint}")
