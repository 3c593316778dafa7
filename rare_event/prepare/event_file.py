"""A second file of the times of events, or of alarms, or of their starts and ends, as it is read."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, NoReturn

import numpy as np
import pandas as pd

from rare_event.errors import TableError
from rare_event.prepare.corrections import OpenQuestion
from rare_event.prepare.event_words import CLEARED, END_WORDS, PLAIN_ANSWERS, RAISED, START_WORDS
from rare_event.prepare.label_words import meaning, resembles_label, words_of
from rare_event.prepare.labelling import distinct_texts, joined, quoted
from rare_event.read.clock_columns import ask_format
from rare_event.read.clocks import clocks_alone, take_apart
from rare_event.read.dialect import NO_SEPARATOR
from rare_event.read.raw import read_raw
from rare_event.read.source import Source
from rare_event.read.table import Choice, Question, RawTable, Reading, Remark
from rare_event.read.times import (
    SERIAL,
    called_time,
    has_clock,
    has_zone,
    parse_times,
    time_formats,
    zones,
)
from rare_event.read.values import distinct, shown
from rare_event.text import plural

MOST_NAMED = 5
# What a file lists: the word for it in sentences, and in the names of options and questions.
Listed = Literal["event", "alarm"]
# Share of the cells of a column: one time in a comment makes no column of times.
FEW_TIMES = 0.2
OPTIONS = {"member": "member NAME", "encoding": "encoding NAME"}


@dataclass(frozen=True, eq=False)
class Events:
    """The events of a file, or its alarms.

    Parameters
    ----------
    name
        Of the file.
    frame
        Its columns; the index holds the line of each event.
    starts, ends
        datetime64[ns], shape (n_events,); the same for moments.
    reading
        How the file was read, as in `RawTable.events`.
    zoned
        Whether the times were written with a zone, or are UTC.
    remarks
        What was found while reading.
    """

    name: str
    frame: pd.DataFrame
    starts: np.ndarray
    ends: np.ndarray
    reading: Reading
    zoned: bool
    remarks: tuple[Remark, ...] = ()

    def where(self, which: np.ndarray) -> str:
        """Name the lines of some events, bool of shape (n_events,)."""
        return lines_of(self.frame.index[which])


def lines_of(lines: Sequence[object] | pd.Index) -> str:
    """Name a few lines."""
    return f"line{'s' if len(lines) > 1 else ''} {joined(map(str, lines), MOST_NAMED)}"


def read_events(source: Source, name: str, said: Reading, listed: Listed = "event") -> Events:
    """Read a file of events, or of alarms.

    Parameters
    ----------
    source, name
        The file.
    said
        What the analyst says of it; its `time` is the column of the start and, if there is one, of the end.
    listed
        What it lists. An alarm may lack its end: its end is then its start.

    Raises
    ------
    OpenQuestion
        If the file leaves something open that is never guessed.
    TableError
        If it cannot be read, a line holds no time, an event ends before it starts, or only some lines are
        events.
    """
    raw = _raw(source, name, replace(said, time=None, time_format=None, layout="wide"))
    asked = [_asked(q, name, listed) for q in raw.questions if q.about in OPTIONS]
    if asked:
        raise OpenQuestion(asked)
    columns = _columns(raw.frame, name, said.time, listed)
    _require_events_only(raw.frame.drop(columns=list(columns)), name, listed)
    time_format = said.time_format or _time_format(_cells(raw.frame, columns, name), name, listed)
    starts = ends = _times(raw.frame[columns[0]], time_format, name, listed)
    if columns[1:]:
        ends = _times(raw.frame[columns[1]], time_format, name, listed, blank=listed == "alarm")
        ends = np.where(np.isnat(ends), starts, ends)
    zoned = {has_zone(raw.frame[column], time_format) for column in columns}
    if len(zoned) > 1:
        raise TableError(
            f"{name}: only one of {quoted(columns)} has a time zone. Write all times with their "
            "zone, or all without."
        )
    remarks = tuple(
        replace(remark, column=None, what=f"{name}: {remark.what}", lines=())
        for remark in raw.remarks
        if remark.fact not in ("more than one time", "seconds cut off")
    )
    reading = replace(raw.reading, time=columns, time_format=time_format)
    events = Events(name, raw.frame, starts, ends, reading, zoned.pop(), remarks)
    if (wrong := events.ends < starts).any():
        before = "it starts" if wrong.sum() == 1 else "they start"
        raise TableError(
            f"{plural(int(wrong.sum()), listed)} of {name}, in {events.where(wrong)}, would end before "
            f"{before}: {shown(columns[0])} is read as the start and {shown(columns[-1])} as the end. "
            "Correct the file."
        )
    return events


def _asked(question: Question, name: str, listed: Listed) -> Question:
    """Return a question about reading the file, with the options for it."""
    option = f"--{listed}s-{OPTIONS[question.about]}"
    what = f"{name}: {question.what}"
    return replace(question, about=f"{listed}s.{question.about}", what=what, option=option)


def _raw(source: Source, name: str, said: Reading) -> RawTable:
    """Read a table, or a list of times: it has one column, and each time may hold a comma."""
    raw = None
    try:
        raw = read_raw(source, name=name, said=said)
        if said.separator is not None or any(_holds_times(raw.frame[c]) for c in raw.frame):
            return raw
    except TableError:
        if said.separator is not None:
            raise
    alone = read_raw(source, name=name, said=replace(said, separator=NO_SEPARATOR))
    return alone if raw is None or any(_holds_times(alone.frame[c]) for c in alone.frame) else raw


def _words(column: str) -> set[str]:
    """Words of the name of a column; "StartTime" has two."""
    return set(words_of(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", column)))


def _columns(frame: pd.DataFrame, name: str, said: tuple[str, ...] | None, listed: Listed) -> tuple[str, ...]:
    """Find the column of the start and that of the end, if there is one."""
    missing = [column for column in said or () if column not in frame]
    if missing or len(said or ()) > 2:
        wrong = (
            f"{name} has no column {shown(missing[0])}"
            if missing
            else f"Name one time column of {name}, or a start column and an end column, but no more"
        )
        raise TableError(f"{wrong}. Its columns are {quoted(frame.columns)}.")
    if said:
        return said
    found = [str(column) for column in frame if _holds_times(frame[column])]
    for column in frame.drop(columns=found):
        if _should_hold_times(frame[column]):
            _refuse_cell(frame[column], _first_unread(frame[column]), name, listed)
    if not found:
        has = quoted(frame.columns)
        columns = f"column is {has}" if frame.shape[1] == 1 else f"columns are {has}"
        raise TableError(
            f"{name} has no readable time column; its {columns}. Choose a file with the times of "
            f"{listed}s, such as 2024-05-31 13:00, or with their starts and ends."
        )
    starts = [column for column in found if _words(column) & START_WORDS]
    ends = [column for column in found if _words(column) & END_WORDS and column not in starts]
    starts = starts or [column for column in found if column not in ends]
    if len(starts) != 1 or len(ends) != len(found[1:2]):
        raise OpenQuestion([_which_columns(frame, found, name, listed)])
    chosen = (starts[0], *ends)
    for column in frame.columns.difference(list(chosen)):
        if pd.api.types.is_string_dtype(frame[column]) and clocks_alone(frame[column]):
            raise TableError(
                f"{name}: {shown(column)} holds times of day without a date, and there is no date column to "
                "go with it. Write date and time of day in one column."
            )
    if len({has_clock(frame[column]) for column in chosen}) > 1:
        raise TableError(
            f"{name}: one of {shown(chosen[0])} and {shown(chosen[1])} holds dates without a time of day. "
            "Write both with the time of day."
        )
    return chosen


def _holds_times(column: pd.Series) -> bool:
    """Whether a column holds times; small numbers are days of a spreadsheet only where its name says so."""
    formats = time_formats(column.rename("time"))
    return bool(formats) and (formats[0] != SERIAL or called_as_time(str(column.name)))


def called_as_time(name: str) -> bool:
    """Whether the name of a column says that it holds times, starts or ends."""
    return called_time(name) or bool(_words(name) & (START_WORDS | END_WORDS))


def _should_hold_times(column: pd.Series) -> bool:
    """Whether the name of a column, or some of its cells, say that it holds times."""
    texts = column.dropna()
    if texts.empty or not pd.api.types.is_string_dtype(column):
        return False
    readable = (take_apart(texts.iloc[:1000]).codes >= 0).mean()
    return (called_as_time(str(column.name)) and not clocks_alone(column)) or readable > FEW_TIMES


def _which_columns(frame: pd.DataFrame, found: Sequence[str], name: str, listed: Listed) -> Question:
    """Ask which columns of times are the start and the end."""

    def cells(columns: Sequence[str]) -> str:
        return " to ".join(str(frame[column].iloc[0]) for column in columns)

    pairs = [(a, b) for k, a in enumerate(found) for b in found[k + 1 :]]
    choices: list[tuple[str, tuple[str, ...]]]
    choices = [(f"{listed.capitalize()}s last from {shown(a)} to {shown(b)}", (a, b)) for a, b in pairs]
    choices += [(f"{shown(column)} is the time of an {listed}", (column,)) for column in found]
    which = f"Which of them gives the time of an {listed}?"
    asked = which if found[1:] else f"Is it the time of an {listed}?"
    return Question(
        f"{listed}s.time",
        None,
        f"{name} has {plural(len(found), 'time column')}: {quoted(found)}. {asked}",
        tuple(Choice(json.dumps(columns), words, cells(columns)) for words, columns in choices[:10]),
        f"--{listed}s-time START END, or --{listed}s-time COLUMN",
    )


def _require_events_only(others: pd.DataFrame, name: str, listed: Listed) -> None:
    """Refuse a file in which only some lines are events, or that gives each event two lines."""
    begun, over = (START_WORDS, END_WORDS) if listed == "event" else (RAISED, CLEARED)
    for column in others:
        values = distinct_texts(distinct(others[column]))
        telling = [v for v in values if v.casefold() not in PLAIN_ANSWERS and not v.lstrip("+-").isdigit()]
        said = values if resembles_label(str(column)) else telling
        first = {meaning(value): value for value in reversed(said)}
        words = {value.casefold() for value in values}
        if {"event", "normal"} <= set(first):
            example = joined(shown(first[kind]) for kind in ("event", "normal"))
            raise TableError(
                f"{name}: {shown(column)} holds {example}, so not every line seems to be an {listed}. Keep "
                f"only the lines that are {listed}s, or remove the column if every line is one."
            )
        if len(words) == 2 and words & begun and words & over:
            example = quoted({value.casefold(): value for value in values}.values())
            raise TableError(
                f"{name}: {shown(column)} holds {example}, so each {listed} takes two lines. Write the start "
                f"and the end of an {listed} in one line."
            )


def _cells(frame: pd.DataFrame, columns: Sequence[str], name: str) -> pd.Series:
    """Return starts and ends in turn, in the order of the lines."""
    if len({str(frame[column].dtype) for column in columns}) > 1:
        raise TableError(
            f"{name}: the columns {quoted(columns)} have different formats. Write both in the same format."
        )
    cells: pd.Series = pd.concat([frame[c].rename(columns[0]) for c in columns])
    return cells.sort_index(kind="stable")


def _time_format(cells: pd.Series, name: str, listed: Listed) -> str | None:
    """Find the format of the times of events; their order and distances are no evidence of it."""
    formats = time_formats(cells.rename("time"))
    if not formats:
        _refuse_cell(cells, _first_unread(cells), name, listed)
    if formats[0] is None or len(formats) == 1:
        return formats[0]
    parsed = {text: parse_times(cells, text) for text in formats}
    most = max(times.notna().sum() for times in parsed.values())
    possible: dict[str, pd.Series] = {}
    for text, times in parsed.items():
        if text and times.notna().sum() == most and not any(map(times.equals, possible.values())):
            possible[text] = times
    if len(possible) > 1:
        first, second, *_ = possible.values()
        question = ask_format(cells[(first != second).to_numpy()], list(possible))
        option = question.option.replace("--time-format", f"--{listed}s-time-format")
        what = f"{name}: {question.what}"
        raise OpenQuestion([replace(question, about=f"{listed}s.time_format", what=what, option=option)])
    return next(iter(possible))


def _times(
    column: pd.Series, time_format: str | None, name: str, listed: Listed, blank: bool = False
) -> np.ndarray:
    """Parse the times of events, each of which must be readable, or may be left blank."""
    times = parse_times(column, time_format)
    unread = (times.isna() & column.notna()) if blank else times.isna()
    if unread.any():
        _refuse_cell(column, int(np.flatnonzero(unread)[0]), name, listed)
    written = zones(column)
    without = np.empty(0, int) if written is None else np.flatnonzero(written.isna() & column.notna())
    if written is not None and written.notna().any() and len(without):
        row = int(without[0])
        raise TableError(
            f"{name}: {shown(column.name)} holds {shown(column.iloc[row])} in line {column.index[row]}, "
            "a time without a zone, but times in other lines have one. Write all times with their zone, or "
            "all without."
        )
    return times.to_numpy()


def _first_unread(column: pd.Series) -> int:
    """Row of the first cell that by itself is no time."""
    return next((row for row in range(len(column)) if not time_formats(column.iloc[[row]])), 0)


def _refuse_cell(column: pd.Series, row: int, name: str, listed: Listed) -> NoReturn:
    cell = column.iloc[row]
    holds = "is empty" if pd.isna(cell) else f"holds {shown(cell)}"
    raise TableError(
        f"{name}: {shown(column.name)} {holds} in line {column.index[row]}, where the time of an {listed} is "
        "expected. Correct or delete that line."
    )
