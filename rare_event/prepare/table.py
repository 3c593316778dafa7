"""A table with roles: which column is the time, the label, a sensor, a category, or ignored."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from rare_event.errors import TableError
from rare_event.prepare.reading import (
    Source,
    digest_of,
    first_intruder,
    line_of,
    parse_times,
    read_raw,
    shown,
    time_formats,
    to_float32,
    to_numbers,
)

MAX_GRADES = 20  # distinct values of a category; the sample mill has 8 paper grades
LABEL_WORDS = frozenset(
    ["label", "target", "class", "break", "event", "fault", "failure", "anomaly", "alarm", "trip", "defect"]
)
TIME_WORDS = frozenset(["time", "timestamp", "date", "datetime", "ts", "epoch"])
_ZONE = re.compile(r":\d{2}(?:\.\d+)?\s*(?:[AaPp][Mm])?\s*(Z|[+-]\d{2}:?\d{2})\s*$")

Role = Literal["time", "label", "sensor", "category", "ignored"]
Fact = Literal["empty", "constant", "text in numbers", "many texts", "zones"]


@dataclass(frozen=True)
class Schema:
    """What each column of a file means.

    Parameters
    ----------
    label
        Column that marks the events.
    time
        Column of times, or None.
    sensors, categories, ignored
        Columns of numbers, of few distinct values, and of no use.
    event_value
        Text of the label value that means "event", in the form `text_of` gives it.
    time_format
        A `strptime` format or a key of `reading.EPOCHS`; None reads ISO 8601.

    Raises
    ------
    TableError
        If a column has two roles.
    """

    label: str
    time: str | None
    sensors: tuple[str, ...]
    categories: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    event_value: str = "1"
    time_format: str | None = None

    def __post_init__(self) -> None:
        twice = [column for column, count in Counter(c for c, _ in self.roles()).items() if count > 1]
        if twice:
            raise TableError(f"Column {shown(twice[0])} has more than one role. Give each column one role.")

    def roles(self) -> Iterator[tuple[str, Role]]:
        """Each column with its role: time, label, sensors, categories, ignored."""
        if self.time is not None:
            yield self.time, "time"
        yield self.label, "label"
        yield from ((column, "sensor") for column in self.sensors)
        yield from ((column, "category") for column in self.categories)
        yield from ((column, "ignored") for column in self.ignored)


@dataclass(frozen=True)
class Note:
    """A fact about a column that the table itself no longer shows.

    Parameters
    ----------
    column
        Name in the file.
    fact
        What kind of fact.
    detail
        The value or count a sentence about it needs.
    line
        Line in the file, where there is one.
    """

    column: str
    fact: Fact
    detail: str = ""
    line: int | None = None


@dataclass(frozen=True, eq=False)
class Table:
    """A file read under a schema; rows in the order of the file.

    Parameters
    ----------
    name
        For display only.
    digest
        SHA-256 of the file, hexadecimal.
    schema
        The roles of the columns.
    frame
        Columns in the order time (datetime64[ns]), label (int8, 1 = event), sensors (float32, or
        float64 where that is too short), categories (``category`` of texts); RangeIndex. Missing
        and infinite values of sensors stay as they are.
    notes
        Facts about columns that are not in the frame, for `checks.check`.
    """

    name: str
    digest: str
    schema: Schema
    frame: pd.DataFrame
    notes: tuple[Note, ...] = ()

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.frame)

    @property
    def label(self) -> np.ndarray:
        """Labels, int8 of shape (n_rows,), 1 = event."""
        return self.frame[self.schema.label].to_numpy()

    @property
    def time(self) -> np.ndarray | None:
        """Times, datetime64[ns] of shape (n_rows,), or None."""
        return None if self.schema.time is None else self.frame[self.schema.time].to_numpy()

    @property
    def values(self) -> np.ndarray:
        """Sensors, float32 or float64 of shape (n_rows, n_sensors); a new array at each call."""
        columns = [self.frame[sensor].to_numpy() for sensor in self.schema.sensors]
        kind = np.result_type(np.float32, *columns)
        values = np.empty((self.n_rows, len(columns)), dtype=kind)
        for position, column in enumerate(columns):
            values[:, position] = column
        return values


def read_table(source: Source, *, schema: Schema | None = None, name: str | None = None) -> Table:
    """Read a file and give its columns roles.

    Parameters
    ----------
    source
        A path, or the bytes of a CSV or Parquet file.
    schema
        The roles; None guesses them.
    name
        For display; None takes the file's name.

    Returns
    -------
    Table

    Raises
    ------
    TableError
        If the file is no table, or its columns cannot play their roles.
    """
    name = name or ("The file" if isinstance(source, bytes) else Path(source).name)
    raw = read_raw(source, name=name)
    return apply_schema(raw, schema or guess_schema(raw), name=name, digest=digest_of(source))


def text_of(value: object) -> str:
    """Write a label or category value in its one form: 1, "1", " 1.0" all become "1".

    Examples
    --------
    >>> [text_of(value) for value in (1, "1", " 1.0", 0.25, "OK ", "TRUE", False)]
    ['1', '1', '1', '0.25', 'OK', 'True', 'False']
    """
    text = str(value).strip()
    if text.casefold() in ("true", "false"):
        return text.capitalize()
    if isinstance(value, str) and not re.fullmatch(r"[+-]?\d+(\.\d*)?", text):
        return text
    number = float(text)
    return str(int(number)) if number.is_integer() else f"{number:.6g}"


def texts_of(column: pd.Series) -> pd.Series:
    """Apply `text_of` to a column, shape (n_rows,); missing values stay missing."""
    words = {value: text_of(value) for value in column.dropna().unique()}
    return column.map(words).astype("str")


def distinct(column: pd.Series, limit: int = MAX_GRADES) -> np.ndarray | None:
    """Give the distinct values of a column, without missing ones; None if there are more than `limit`."""
    for part in (column.iloc[:10_000], column):  # most columns are settled by their first rows
        values = part.dropna().unique()
        if len(values) > limit:
            return None
    return np.asarray(values)


def resembles_label(name: str) -> bool:
    """Whether a column is called like a label, for example "y" or "sheet_break"."""
    words = set(re.split(r"[^a-z0-9]+", name.casefold()))
    return name.strip().casefold() == "y" or any(
        w in LABEL_WORDS or w.removesuffix("s") in LABEL_WORDS for w in words
    )


def guess_schema(raw: pd.DataFrame) -> Schema:
    """Guess the roles of the columns of a file.

    Parameters
    ----------
    raw
        As given by `read_raw`.

    Returns
    -------
    Schema
        The label is the rarest binary column among those called like a label, else among all.
        Categories are texts and whole numbers of at most `MAX_GRADES` distinct values. Columns
        of one value, of no value and of many texts are ignored.

    Raises
    ------
    TableError
        If there is one row only, or no column that can be the label.
    """
    _require_rows(raw)
    few = {column: distinct(raw[column]) for column in raw.columns}
    time, time_format = _guess_time(raw)
    label = _guess_label(raw.drop(columns=[time] if time else []), few)
    counts = texts_of(raw[label]).value_counts()
    # Of two equally frequent values the later in the alphabet: "1" and "True" rather than "0" and "False".
    event = min(sorted(counts.index, reverse=True), key=lambda word: counts[word]) if len(counts) > 1 else "1"
    roles = {c: _role(raw[c], few[c]) for c in raw.columns if c not in (time, label)}
    sensors, categories, ignored = (
        tuple(column for column, role in roles.items() if role == wanted)
        for wanted in ("sensor", "category", "ignored")
    )
    return Schema(label, time, sensors, categories, ignored, str(event), time_format)


def _require_rows(raw: pd.DataFrame) -> None:
    if len(raw) < 2:
        raise TableError(f"The file has {len(raw)} row of data. Choose a file with normal rows and events.")


def _guess_time(raw: pd.DataFrame) -> tuple[str | None, str | None]:
    found: list[tuple[str, str | None]] = []
    for position, column in enumerate(raw.columns):
        called = _called_time(column)
        numeric = pd.api.types.is_numeric_dtype(raw[column])
        if numeric and not called and (position > 0 or not raw[column].is_monotonic_increasing):
            continue
        if formats := time_formats(raw[column]):
            found.append((column, formats[0]))
    return min(found, key=lambda pair: not _called_time(pair[0]), default=(None, None))


def _called_time(name: str) -> bool:
    return bool(set(re.split(r"[^a-z0-9]+", name.casefold())) & TIME_WORDS)


def _guess_label(raw: pd.DataFrame, few: dict[str, np.ndarray | None]) -> str:
    shares = {}
    for column in raw.columns:
        values = few[column]
        if values is not None and len({text_of(value) for value in values}) == 2:
            shares[column] = texts_of(raw[column]).value_counts(normalize=True).min()
    called = [column for column in raw.columns if resembles_label(column)]
    exact = [c for c in called if c.strip().casefold() in LABEL_WORDS | {"y"}]
    for candidates in (
        [c for c in exact if c in shares],
        [c for c in called if c in shares],
        [c for c in exact if few[c] is not None],  # refused later, with a sentence about its values
        [c for c in shares if raw[c].notna().all()],
    ):
        if candidates:
            return str(min(candidates, key=lambda column: shares.get(column, 1.0)))
    raise TableError(
        "No column can be the label: none has exactly two distinct values. "
        "Add a column that is 1 in the rows of an event and 0 elsewhere."
    )


def _role(column: pd.Series, few: np.ndarray | None) -> Role:
    if (few is not None and len(few) < 2) or pd.api.types.is_datetime64_any_dtype(column):
        return "ignored"
    if not pd.api.types.is_numeric_dtype(column):
        if mostly_numbers(column):
            return "sensor" if first_intruder(column) is None else "ignored"
        return "ignored" if few is None else "category"
    if few is None or not np.isfinite(few).all() or (few != np.round(few)).any():
        return "sensor"
    # In a short file every whole number is rare: a grade is seen more than once.
    return "category" if 2 * len(few) <= len(column) else "sensor"


def mostly_numbers(column: pd.Series) -> bool:
    """Whether at least half of the texts of a column are numbers, so that the others are intruders."""
    filled = column.dropna()
    return bool(len(filled)) and bool(to_numbers(filled).notna().mean() >= 0.5)


def apply_schema(
    raw: pd.DataFrame, schema: Schema, *, name: str, digest: str, events_needed: bool = True
) -> Table:
    """Give the columns of a file their roles.

    Parameters
    ----------
    raw
        As given by `read_raw`.
    schema
        The roles; columns of `raw` that it does not name are left out.
    name, digest
        Of the file.
    events_needed
        False for a file that is only scored: one row is enough, and its label may be absent (all
        rows are then 0) or hold one value.

    Returns
    -------
    Table

    Raises
    ------
    TableError
        If a column is absent, a time or number cannot be read, no sensor is left, or the label
        has missing values or not exactly two distinct ones.
    """
    if events_needed:
        _require_rows(raw)
    _require_columns(raw, schema, events_needed)
    raw = raw.reset_index(drop=True)
    columns: dict[str, pd.Series] = {}
    if schema.time is not None:
        columns[schema.time] = _times(raw[schema.time], schema)
    if schema.label in raw.columns:
        columns[schema.label] = _labels(raw[schema.label], schema, events_needed)
    else:
        columns[schema.label] = pd.Series(np.zeros(len(raw), dtype=np.int8))
    for sensor in schema.sensors:
        columns[sensor] = _sensor(raw[sensor])
    for category in schema.categories:
        columns[category] = texts_of(raw[category]).astype("category")
    frame = pd.DataFrame(columns, copy=False)
    return Table(name, digest, schema, frame, tuple(_notes(raw, schema)))


def _require_columns(raw: pd.DataFrame, schema: Schema, events_needed: bool) -> None:
    if not schema.sensors:
        texts = [note for note in _notes(raw, schema) if note.fact == "text in numbers"]
        why = "".join(f": {shown(n.column)} holds {shown(n.detail)} in line {n.line}" for n in texts[:1])
        raise TableError(f"No column is a sensor{why}. At least one column must hold nothing but numbers.")
    needed = [c for c, role in schema.roles() if role != "ignored" and (events_needed or role != "label")]
    missing = [column for column in needed if column not in raw.columns]
    if missing:
        listed = ", ".join(shown(column) for column in missing[:10]) + (", ..." if len(missing) > 10 else "")
        raise TableError(
            f"The file lacks {len(missing)} of the columns that are needed: {listed}. "
            "Add them, or change the roles of the columns."
        )


def _times(column: pd.Series, schema: Schema) -> pd.Series:
    times = parse_times(column, schema.time_format)
    if times.isna().any():
        row = int(np.flatnonzero(times.isna())[0])
        found = "is empty" if pd.isna(column.iloc[row]) else f"holds {shown(column.iloc[row])}"
        expected = (
            f"the format {schema.time_format}" if schema.time_format else "a time such as 1999-05-01 00:00"
        )
        raise TableError(
            f"The time column {shown(schema.time)} {found} in line {line_of(row)}, where {expected} is "
            "expected. Correct the line, choose another time column, or use none."
        )
    zones = _zones(column)
    if zones is not None and zones.isna().any() and zones.notna().any():
        row = int(np.flatnonzero(zones.isna() != zones.isna().iloc[0])[0])
        raise TableError(
            f"The time column {shown(schema.time)} mixes times with and without a zone: "
            f"{shown(column.iloc[0])} in line 2, {shown(column.iloc[row])} in line {line_of(row)}. "
            "Write all alike."
        )
    return times


def _zones(column: pd.Series) -> pd.Series | None:
    """Zone of each time as written, missing where there is none; None for times without texts."""
    if not pd.api.types.is_string_dtype(column):
        return None
    return column.str.extract(_ZONE, expand=False)


def _labels(column: pd.Series, schema: Schema, events_needed: bool) -> pd.Series:
    words, label, event = texts_of(column), shown(schema.label), schema.event_value
    found = list(words.dropna().unique()[:5])
    if words.isna().any():
        line = line_of(int(np.flatnonzero(words.isna())[0]))
        raise TableError(
            f"The label column {label} is empty in {int(words.isna().sum())} rows, first in line {line}. "
            "Fill these cells in, or delete the rows."
        )
    if len(found) > 2:
        listed = ", ".join(shown(value) for value in found[:4]) + (", ..." if len(found) > 4 else "")
        raise TableError(
            f"The label column {label} holds more than two distinct values: {listed}. "
            "Choose a column with two values, one for events and one for normal rows."
        )
    if events_needed and len(found) < 2:
        what = "every row is an event" if found == [event] else "there is no event"
        raise TableError(
            f"The label column {label} holds only {shown(found[0])}: {what}. "
            "Choose another label or a longer file."
        )
    if events_needed and event not in found:
        raise TableError(
            f"The label column {label} holds {shown(found[0])} and {shown(found[1])}, but not "
            f"{shown(event)}, which should mark events. Choose the value that marks them."
        )
    return (words == event).astype(np.int8)


def _sensor(column: pd.Series) -> pd.Series:
    row = first_intruder(column)
    if row is not None:
        raise TableError(
            f"The sensor {shown(column.name)} holds {shown(column.iloc[row])} in line {line_of(row)}, "
            "which is no number. Correct the file, or ignore the column."
        )
    values = to_numbers(column).to_numpy()
    return pd.Series(to_float32(values), copy=False)


def _notes(raw: pd.DataFrame, schema: Schema) -> Iterator[Note]:
    if schema.time is not None:
        column = raw[schema.time]
        zones = _zones(column)
        names = set() if zones is None else set(zones.dropna())
        if isinstance(column.dtype, pd.DatetimeTZDtype):
            names = {str(column.dtype.tz)}
        if names:
            yield Note(schema.time, "zones", ", ".join(sorted(names)))
    for ignored in schema.ignored:
        if ignored in raw.columns:
            yield from _ignored_notes(ignored, raw[ignored])


def _ignored_notes(name: str, column: pd.Series) -> Iterator[Note]:
    few = distinct(column)
    if few is not None and len(few) == 0:
        yield Note(name, "empty")
    elif few is not None and len(few) == 1:
        yield Note(name, "constant", str(few[0]))
    elif not pd.api.types.is_string_dtype(column):
        return
    elif mostly_numbers(column) and (row := first_intruder(column)) is not None:
        yield Note(name, "text in numbers", str(column.iloc[row]), line_of(row))
    elif few is None:
        yield Note(name, "many texts")
