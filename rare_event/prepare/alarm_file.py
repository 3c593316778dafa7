"""A list of alarms that no model of ours gave, as it is read: their times, or the numbers of their rows."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from rare_event.errors import NoRowsError, TableError
from rare_event.prepare.event_file import Events, called_as_time, read_events
from rare_event.prepare.event_words import END_WORDS
from rare_event.prepare.label_words import words_of
from rare_event.prepare.labelling import quoted
from rare_event.read.dialect import NO_SEPARATOR
from rare_event.read.kinds import kind_of
from rare_event.read.raw import read_raw
from rare_event.read.source import Source
from rare_event.read.table import AS_FOUND, Choice, Question, RawTable, Reading
from rare_event.read.values import shown, texts_of

# Begins what a question is about that concerns a list of alarms.
OF_ALARMS = "alarms."
# What no name holds that is read as a whole line.
SEPARATORS = ",;\t|"
ROW_WORDS = frozenset(["row", "rows", "zeile"])
NAME_WORDS = frozenset(
    ["name", "alarm", "tag", "source", "id", "message", "description", "text", "point", "reason", "comment"]
)


@dataclass(frozen=True, eq=False)
class AlarmList:
    """Alarms in the order of their file.

    Parameters
    ----------
    name
        Of the file.
    listed
        Their times, lines and other columns; where `by_row`, numbers of rows stand for the times.
    names
        Name of each alarm, or of what gave it; empty without one.
    by_row
        Whether starts and ends are numbers of rows, from 0.
    open_ended
        Alarms of which only the start is written, although the file has a column of ends.
    """

    name: str
    listed: Events
    names: tuple[str, ...]
    by_row: bool = False
    open_ended: int = 0

    def __len__(self) -> int:
        """Return the number of alarms."""
        return len(self.listed.starts)


def read_alarms(source: Source, name: str, said: Reading = AS_FOUND) -> AlarmList:
    """Read a list of alarms.

    Parameters
    ----------
    source, name
        The file: one line for each alarm, with its start and, optionally, its end and its name.
    said
        What the analyst says of it; its `time` is the column of the start and, if there is one, of the end.

    Raises
    ------
    OpenQuestion
        If the file leaves something open that is never guessed.
    TableError
        If it cannot be read, a line holds no time, an alarm ends before it starts, or only some lines are
        alarms.
    """
    if rows := _by_row(source, name, said):
        return rows
    try:
        listed = read_events(source, name, said, "alarm")
    except NoRowsError:
        if (columns := _header_alone(source, name, said)) is None:
            raise
        return _without_alarms(name, columns, said)
    times = listed.reading.time or ()
    open_ended = int(listed.frame[times[1]].isna().sum()) if times[1:] else 0
    return AlarmList(name, listed, _names(listed.frame, times), open_ended=open_ended)


def _header_alone(source: Source, name: str, said: Reading) -> tuple[str, ...] | None:
    """Return the names in a header that is all that a list has; None where they are not those of a list."""
    for separator in dict.fromkeys((said.separator, NO_SEPARATOR)):
        try:
            read_raw(source, name=name, said=replace(said, time=None, time_format=None, separator=separator))
        except NoRowsError as found:
            columns = found.columns
            if set(said.time) <= set(columns) if said.time else _names_a_list(columns):
                return columns
        except TableError:
            continue
    return None


def _names_a_list(columns: tuple[str, ...]) -> bool:
    """Whether names are those of a list: all are words, and one says when an alarm is."""
    if any(sign in name for name in columns for sign in SEPARATORS):
        return False
    called = (called_as_time(name) or set(words_of(name)) & ROW_WORDS for name in columns)
    return all(kind_of(name) in ("text", "blank") for name in columns) and any(called)


def _without_alarms(name: str, columns: tuple[str, ...], said: Reading) -> AlarmList:
    """Return the list of a system that never rang; it needs no clock in common with the rows."""
    frame = pd.DataFrame(columns=list(columns), index=pd.RangeIndex(0), dtype=object)
    nothing = np.empty(0, np.int64)
    return AlarmList(name, Events(name, frame, nothing, nothing, said, zoned=False), (), by_row=True)


def answered(said: Reading, question: Question, choice: Choice) -> Reading:
    """Return what is said of a list with the answer to a question about it."""
    field = question.about.removeprefix(OF_ALARMS)
    value: Any = tuple(json.loads(choice.value)) if field == "time" else choice.value
    return replace(said, **{field: value})


def _by_row(source: Source, name: str, said: Reading) -> AlarmList | None:
    """Read alarms that are listed by the numbers of their rows; None where they are not."""
    raw = read_list(source, name, replace(said, time=None, time_format=None, layout="wide"))
    if raw is None:
        return None
    frame = raw.frame
    rows = [str(column) for column in frame if set(words_of(str(column))) & ROW_WORDS]
    if said.time:
        chosen = tuple(column for column in said.time if column in rows)
        if chosen != said.time:
            return None
    elif raw.reading.time or not rows:
        return None
    else:
        ends = [c for c in rows if set(words_of(c)) & (END_WORDS | {"last"})]
        starts = [c for c in rows if c not in ends]
        if len(starts) != 1 or len(ends) > 1:
            raise TableError(
                f"{name} has {len(rows)} columns of row numbers: {quoted(rows)}. Keep one for "
                "the start and, if you like, one for the end.",
                "Or name them with --alarms-time START END.",
            )
        chosen = (starts[0], *ends)
    start, *end = (_whole(frame[column], name, blank=n > 0) for n, column in enumerate(chosen))
    last = np.where(np.isnan(end[0]), start, end[0]) if end else start
    if (wrong := last < start).any():
        line = frame.index[int(np.argmax(wrong))]
        raise TableError(f"{name}: the alarm in line {line} would end before it starts. Correct the file.")
    reading = replace(raw.reading, time=chosen, time_format=None)
    listed = Events(name, frame, start.astype(np.int64), last.astype(np.int64), reading, zoned=False)
    return AlarmList(name, listed, _names(frame, chosen), True, int(np.isnan(end[0]).sum()) if end else 0)


def read_list(source: Source, name: str, said: Reading) -> RawTable | None:
    """Read a table, which may have one column; None where it is none."""
    for separator in dict.fromkeys((said.separator, said.separator or NO_SEPARATOR)):
        with suppress(TableError):
            return read_raw(source, name=name, said=replace(said, separator=separator))
    return None


def _whole(column: pd.Series, name: str, blank: bool) -> np.ndarray:
    """Return numbers of rows, shape (n,); a blank end is not a number."""
    values = pd.to_numeric(column, errors="coerce").to_numpy(float)
    # Larger numbers are no rows, and floats do not hold each of them.
    wrong = ~(np.isfinite(values) & (values == np.floor(values)) & (np.abs(values) < 2**53))
    if blank:
        wrong &= column.notna().to_numpy()
    if wrong.any():
        row = int(np.argmax(wrong))
        holds = "is empty" if pd.isna(column.iloc[row]) else f"holds {shown(column.iloc[row])}"
        raise TableError(
            f"{name}: {shown(column.name)} {holds} in line {column.index[row]}, where the number of a row is "
            "expected. Correct or delete that line."
        )
    return values


def _names(frame: pd.DataFrame, times: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of alarms: of the first column of texts that is called like one."""
    for column in frame:
        called = set(words_of(str(column))) & NAME_WORDS and column not in times
        if called and pd.api.types.is_string_dtype(frame[column]):
            return tuple(texts_of(frame[column]).fillna("").tolist())
    return ()
