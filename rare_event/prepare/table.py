"""A table: the columns of a file, converted as their roles require."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd

from rare_event.clock import BACKWARDS, MINUTES, NO_TIME, SHARED_TIMES, TimeUnit
from rare_event.errors import TableError
from rare_event.prepare.assets import asset_column, asset_order, within
from rare_event.prepare.corrections import NO_CORRECTIONS, Corrections, roles
from rare_event.prepare.event_label import read_labelled
from rare_event.prepare.label_column import Marked, mark
from rare_event.prepare.notes import Note, notes
from rare_event.prepare.schema import Schema, require_rows
from rare_event.prepare.stretches import median_step, minutes, stretches
from rare_event.read.raw import digest_of
from rare_event.read.source import Files, Source, name_of
from rare_event.read.table import Line, Remark, line_of
from rare_event.read.times import IN_WORDS, NUMBERS, YEARS, parse_times, zones
from rare_event.read.values import (
    MAX_GRADES,
    first_intruder,
    shown,
    text_of,
    texts_of,
    to_float32,
    to_numbers,
)
from rare_event.text import listed, plural

# Above this share of rows with the time of the row before, or an earlier one, times give no durations:
# rows times the median step is off by at least as much.
MOST_STILL = 0.05
# Rows that are copied at once into one array of all sensors.
ROWS_AT_ONCE = 4096


@dataclass(frozen=True, eq=False)
class Table:
    r"""A file with a schema; rows in the order of the file, or of its assets and their times.

    Parameters
    ----------
    name
        For display only.
    digest
        SHA-256 of the file, hexadecimal.
    schema
        The roles of the columns.
    frame
        Columns in the order time (datetime64[ns]), label if any (int8, 1 = event), asset (``category`` of
        texts), sensors (float32, or float64 where that is not precise enough), categories (as assets);
        RangeIndex. Missing and infinite values of sensors stay as they are.
    notes
        Facts about columns that are not in the frame, for `checks.check`.
    remarks
        What was found while reading.
    lines
        Line of the file of each row.
    cuts
        Rows that begin a stretch whatever the clock says, since rows before them are left out.

    Examples
    --------
    >>> table = read_table(b"time,y,x1\n2026-01-01 00:00,0,1.5\n2026-01-01 00:02,1,2.5\n")
    >>> table.schema.sensors, table.label.tolist(), table.clock.tolist()
    (('x1',), [0, 1], [0.0, 2.0])
    """

    name: str
    digest: str
    schema: Schema
    frame: pd.DataFrame
    notes: tuple[Note, ...] = ()
    remarks: tuple[Remark, ...] = ()
    lines: pd.Index = field(default_factory=lambda: pd.RangeIndex(0))
    cuts: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))

    def line(self, row: int) -> Line:
        """Line of the file of a row counted from 0, as a spreadsheet numbers it."""
        return line_of(self.lines, int(row))

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.frame)

    @property
    def label(self) -> np.ndarray:
        """Labels, int8 of shape (n_rows,), 1 = event; all 0 without a label."""
        if self.schema.label is None:
            return np.zeros(self.n_rows, np.int8)
        return self.frame[self.schema.label].to_numpy()

    @property
    def time(self) -> np.ndarray | None:
        """Times, datetime64[ns] of shape (n_rows,), or None."""
        return None if self.schema.time is None else self.frame[self.schema.time].to_numpy()

    @property
    def time_unit(self) -> TimeUnit:
        """Minutes; rows without times, or where more than 5% of them are not later than the row before."""
        schema = self.schema
        return replace(self._time_unit, machines=schema.asset is not None, labelled=schema.label is not None)

    @cached_property
    def _time_unit(self) -> TimeUnit:
        if self.time is None:
            return NO_TIME
        steps, still = np.diff(self.time)[within(self.asset, self.n_rows)], np.timedelta64(0)
        if (steps <= still).sum() <= MOST_STILL * self.n_rows:
            return MINUTES
        return SHARED_TIMES if (steps == still).sum() > (steps < still).sum() else BACKWARDS

    @property
    def clock(self) -> np.ndarray:
        """Minutes since `start`, or numbers of rows as `time_unit` says, shape (n_rows,)."""
        return minutes(None if self.time_unit.reason else self.time, self.n_rows, self.asset)

    @cached_property
    def start(self) -> np.datetime64 | None:
        """The time at which the clock is 0: of the first row or, with assets, the earliest one."""
        if self.time is None:
            return None
        start: np.datetime64 = self.time[0] if self.asset is None else self.time.min()
        return start

    @property
    def asset(self) -> np.ndarray | None:
        """Number of each row's asset in `assets`, never falling, shape (n_rows,); None for one machine."""
        if self.schema.asset is None:
            return None
        return self.frame[self.schema.asset].cat.codes.to_numpy(np.int64)

    @property
    def assets(self) -> tuple[str, ...]:
        """Names of the assets, in the order of the file."""
        return () if self.schema.asset is None else tuple(self.frame[self.schema.asset].cat.categories)

    @property
    def stretch(self) -> np.ndarray:
        """Number of each row's stretch, shape (n_rows,)."""
        return stretches(self.clock, self.label, self.asset, self.cuts)

    @cached_property
    def step(self) -> float:
        """Median step of the clock, in minutes or rows."""
        return median_step(self.clock, self.asset)

    @property
    def when(self) -> np.ndarray:
        """Times of the rows where they can be used, else numbers of rows, shape (n_rows,)."""
        return self.clock if self.time is None or self.time_unit.reason else self.time

    @property
    def values(self) -> np.ndarray:
        """Sensors, float32 or float64 of shape (n_rows, n_sensors); a new array at each call."""
        columns = [self.frame[sensor].to_numpy() for sensor in self.schema.sensors]
        values = np.empty((self.n_rows, len(columns)), dtype=np.result_type(np.float32, *columns))
        # A column at once would write one value of each row, and pass over all memory for each column.
        for start in range(0, self.n_rows, ROWS_AT_ONCE):
            rows = slice(start, start + ROWS_AT_ONCE)
            values[rows] = np.array([column[rows] for column in columns]).T
        return values


def read_table(
    source: Source | Files,
    *,
    said: Corrections = NO_CORRECTIONS,
    schema: Schema | None = None,
    name: str | None = None,
) -> Table:
    """Read a file and assign roles to its columns.

    Parameters
    ----------
    source
        A path, or the bytes of a CSV or Parquet file; or several, which are joined in time order.
    said
        What the analyst says about the file; the rest is detected.
    schema
        The roles; None takes those of `said` and guesses the others.
    name
        For display; None takes the file's name.

    Returns
    -------
    Table

    Raises
    ------
    OpenQuestion
        If the file leaves something open that is never guessed.
    TableError
        If the file is not a table, or its columns do not fit their roles.
    """
    if name is None:
        name = source.name if isinstance(source, Files) else name_of(source)
    raw, said = read_labelled(source, name, said, schema)
    schema = schema or roles(raw.frame, said)
    return apply_schema(raw.frame, schema, name=name, digest=digest_of(source), remarks=raw.remarks)


def apply_schema(
    raw: pd.DataFrame,
    schema: Schema,
    *,
    name: str,
    digest: str,
    remarks: tuple[Remark, ...] = (),
    events_needed: bool = True,
) -> Table:
    """Assign roles to the columns of a file.

    Parameters
    ----------
    raw
        Columns of a file, the line of each row as index, as in `RawTable.frame`.
    schema
        The roles; columns of `raw` that it does not name are left out.
    name, digest
        Of the file.
    remarks
        What was found while reading.
    events_needed
        False for a file that is only scored: one row is enough, and its label may be missing (all
        rows are then 0) or hold one value.

    Returns
    -------
    Table

    Raises
    ------
    TableError
        If a column is missing, a time or number cannot be read, there is no sensor, or the label
        has values without a meaning, or rows of one kind only.
    """
    if events_needed:
        require_rows(raw)
    _require_columns(raw, schema, events_needed)
    marked = mark(raw, schema, events_needed=events_needed)
    frame, kept = pd.DataFrame(_columns(raw, schema, marked, events_needed), copy=False), marked.kept
    if schema.asset is not None:
        time = None if schema.time is None else frame[schema.time].to_numpy()
        order = asset_order(frame[schema.asset].cat.codes.to_numpy(), time)
        frame, kept = frame.iloc[order], kept[order]
    rows = np.flatnonzero(kept)
    frame = frame if kept.all() else frame.iloc[rows]
    cuts, lines = 1 + np.flatnonzero(np.diff(rows) > 1), frame.index
    frame = frame.set_axis(pd.RangeIndex(len(frame)))
    remarks += marked.remarks
    return Table(name, digest, schema, frame, tuple(notes(raw, schema)), remarks, lines, cuts)


def _columns(raw: pd.DataFrame, schema: Schema, marked: Marked, events_needed: bool) -> dict[str, pd.Series]:
    columns: dict[str, pd.Series] = {}
    if schema.time is not None:
        columns[schema.time] = _times(raw[schema.time], schema)
    if schema.label is not None:
        columns[schema.label] = pd.Series(marked.label, raw.index)
    if schema.asset is not None:
        columns[schema.asset] = asset_column(raw[schema.asset], short=not events_needed)
    for sensor in schema.sensors:
        columns[sensor] = _sensor(raw[sensor])
    for category in schema.categories:
        columns[category] = texts_of(raw[category]).astype("category")
    return columns


def _require_columns(raw: pd.DataFrame, schema: Schema, events_needed: bool) -> None:
    if not schema.sensors:
        facts = ("text in numbers", "other notation")
        texts = [note for note in notes(raw, schema) if note.fact in facts]
        why = "".join(f": {shown(n.column)} holds {shown(n.detail)} in line {n.line}" for n in texts[:1])
        if not texts and schema.categories:
            named = listed([*map(shown, schema.categories)])
            one = len(schema.categories) == 1
            raise TableError(
                f"No column is a sensor: {named} {'holds' if one else 'each hold'} at most "
                f"{MAX_GRADES} distinct values, such as "
                f"{shown(text_of(raw[schema.categories[0]].dropna().iloc[0]))}, and "
                f"{'counts as a category' if one else 'count as categories'}. A sensor holds measured "
                "numbers. Give a column the role sensor, or add a column of measured numbers."
            )
        raise TableError(f"No column is a sensor{why}. At least one column must hold only numbers.")
    needed = [c for c, role in schema.roles() if role != "ignored" and (events_needed or role != "label")]
    missing = [column for column in needed if column not in raw.columns]
    if missing:
        named = listed([*map(shown, missing)], 10)
        raise TableError(
            f"The file lacks {plural(len(missing), 'required column')}: {named}. "
            f"Add {'it' if len(missing) == 1 else 'them'}, or change the roles of the columns."
        )


def _times(column: pd.Series, schema: Schema) -> pd.Series:
    times = parse_times(column, schema.time_format)
    if times.isna().any():
        row = int(np.flatnonzero(times.isna())[0])
        found = "is empty" if pd.isna(column.iloc[row]) else f"holds {shown(column.iloc[row])}"
        expected = _example_of(column[times.notna()], schema.time_format)
        raise TableError(
            f"The time column {shown(schema.time)} {found} in line {column.index[row]}, where {expected} in "
            f"the years {YEARS[0].year} to {YEARS[1].year} is expected. Correct or delete that line in the "
            "file, or ignore the column.",
            f"Ignore it with --ignore {shlex.quote(schema.time or '')}.",
        )
    written = zones(column)
    if written is not None and written.isna().any() and written.notna().any():
        row = int(np.flatnonzero(written.isna() != written.isna().iloc[0])[0])
        raise TableError(
            f"The time column {shown(schema.time)} mixes times with and without a zone: "
            f"{shown(column.iloc[0])} in line {column.index[0]}, {shown(column.iloc[row])} in line "
            f"{column.index[row]}. Write all times with their zone, or all without."
        )
    return times


def _example_of(readable: pd.Series, time_format: str | None) -> str:
    """Say how a time is written: as the first that can be read, or in words."""
    if len(readable):
        return f"a time such as {shown(readable.iloc[0])}"
    if time_format in NUMBERS:
        return f"a time in {IN_WORDS[str(time_format)]},"
    example = pd.Timestamp("1999-05-31 13:00", tz="UTC")
    return f"a time such as {shown(example.strftime(time_format or '%Y-%m-%d %H:%M'))}"


def _sensor(column: pd.Series) -> pd.Series:
    row = first_intruder(column)
    if row is not None:
        raise TableError(
            f"The sensor {shown(column.name)} holds {shown(column.iloc[row])} in line {column.index[row]}, "
            "which is not a number. Correct the file, or ignore the column."
        )
    values = to_numbers(column).to_numpy()
    return pd.Series(to_float32(values), column.index, copy=False)
