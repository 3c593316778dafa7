"""The columns of times of a file: date and time of day joined, and what the analyst must know of them."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd

from rare_event.read.clock_parts import clock_parts
from rare_event.read.clocks import clocks_alone, dates_alone, is_even, take_apart
from rare_event.read.names import find_names
from rare_event.read.table import Choice, Kind, Question, RawTable, Reading, Remark
from rare_event.read.times import (
    EPOCHS,
    has_clock,
    is_called_time,
    open_formats,
    order_change,
    parse_times,
    times_of,
)
from rare_event.read.values import shown
from rare_event.text import listed, plural

MANY = 0.5  # share of rows that share a minute with the row before, from which seconds are cut off
_CUT = r"\d{1,2}:\d{2}[.,]\d"  # what spreadsheets show of a time with fractions of a second
# Day 0 of spreadsheets, which stands before a time of day alone.
_FIRST_DAY = r"^\s*(?:30[./]12[./]1899|12/30/1899|1899-12-3[01]|1900-01-0[01])(?:[T ]|\s*$)"
_MIDNIGHT = r"[T ]+0?0:00(?::00(?:[.,]0+)?)?\s*$"
_ORDER = {"%d": "day", "%m": "month", "%y": "year", "%Y": "year"}


def with_times(table: RawTable, said: Reading) -> RawTable:
    """Join date and time of day, find the column of times, and say or ask what concerns them.

    Parameters
    ----------
    table
        Columns of a file.
    said
        What the analyst says of it.

    Raises
    ------
    TableError
        If the column of times that the analyst names is not in the file.
    """
    written = list(table.frame.columns)
    if said.time and joined_name(said.time) not in written:
        said = replace(said, time=find_names(said.time, written))
    table = _joined(table, said)
    frame, remarks = table.frame, list(table.remarks)
    found = times_of(frame)
    if said.time and len(said.time) == 1:
        found = {said.time[0]: found.pop(said.time[0], []), **found}
    name = next(iter(found), None)
    remarks += _unread(frame, set(found))
    if name is None:
        return replace(table, remarks=tuple(remarks))
    remarks += _ignored(name, [other for other in found if other != name])
    time_format = said.time_format or next(iter(found[name]), None)
    if pd.api.types.is_string_dtype(frame[name]):
        remarks += _notable(frame[name], time_format)
    elif time_format in EPOCHS:
        remarks += _rounded(frame[name], time_format)
    questions = list(table.questions)
    choices = open_formats(frame[name], found[name]) if said.time_format is None else []
    if len(choices) > 1:
        change = order_change(frame[name], time_format)
        questions.append(ask_format(frame[name], choices, change))
    time = table.reading.time or (name,)
    reading = replace(table.reading, time=time, time_format=time_format)
    return replace(table, reading=reading, remarks=tuple(remarks), questions=tuple(questions))


def joined_name(pair: tuple[str, ...]) -> str:
    """Name of the time that a column of dates and one of times of day are joined to."""
    return " ".join(name.strip() for name in pair)


def _joined(table: RawTable, said: Reading) -> RawTable:
    """Join the columns that are one time together, unless another has both date and time of day."""
    frame = _without_halves(table.frame)
    found = _date_and_clock(frame, said.time or ()) or clock_parts(frame, said.time or ())
    if found is None or joined_name(found[0]) in frame.columns:
        return table
    names, joined = found
    name = joined_name(names)
    first = min(names, key=list(frame.columns).index)
    order = [name if c == first else c for c in frame.columns]
    rest = frame.assign(**{name: joined})[[c for c in order if c not in names]]
    line, cells = int(frame.index[0]), [shown(_cell(frame[c].iloc[0])) for c in names]
    what = (
        f"Columns {_and([shown(c) for c in names])} are joined into one time column, {shown(name)}: "
        f"{_and(cells)} in line {line} become {shown(joined.iloc[0])}."
    )
    remark = Remark("note", name, what, "date and time joined", len(frame))
    written = {c: shows for c, shows in table.written.items() if c not in names}
    reading = replace(table.reading, time=names)
    return replace(table, frame=rest, remarks=(*table.remarks, remark), written=written, reading=reading)


def _date_and_clock(frame: pd.DataFrame, pair: tuple[str, ...]) -> tuple[tuple[str, ...], pd.Series] | None:
    """Find the first column of dates and the first of times of day, as texts, or take those that are said."""
    texts = [c for c in frame.columns if pd.api.types.is_string_dtype(frame[c])]
    if len(pair) != 2 or not set(pair) <= set(texts):
        clocks = [] if pair else [c for c in texts if clocks_alone(frame[c])]
        dates = [c for c in texts if clocks and dates_alone(frame[c])]
        if not clocks or not dates or any(has_clock(frame[c]) for c in frame.columns):
            return None
        pair = (dates[0], clocks[0])
    return pair, frame[pair[0]].str.strip() + " " + frame[pair[1]].str.strip()


def _and(words: list[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}"


def _cell(value: object) -> str:
    return f"{value:.0f}" if isinstance(value, float | np.floating) else str(value)


def _without_halves(frame: pd.DataFrame) -> pd.DataFrame:
    """Take a spreadsheet's first day off times of day, and midnight off the dates beside them."""
    texts = [c for c in frame.columns if pd.api.types.is_string_dtype(frame[c])]
    clocks = [c for c in texts if _all(frame[c], _FIRST_DAY)]
    dates = [c for c in texts if clocks and c not in clocks and _all(frame[c], _MIDNIGHT)]
    if not dates:
        return frame
    plain = {c: frame[c].str.replace(_MIDNIGHT, "", regex=True) for c in dates}
    plain |= {c: frame[c].str.replace(_FIRST_DAY, "", regex=True).replace("", "00:00:00") for c in clocks}
    return frame.assign(**plain)


def _all(column: pd.Series, pattern: str) -> bool:
    """Whether a pattern is in all texts of a column."""
    filled = column.dropna()
    return bool(filled.iloc[:5].str.contains(pattern).any() and filled.str.contains(pattern).all())


def _unread(frame: pd.DataFrame, found: set[str]) -> list[Remark]:
    """Name the columns that are called like a time, or look like one, and cannot be read."""
    remarks = []
    for name in frame.columns:
        column = frame[name].dropna()
        if name in found or column.empty or (len(column.iloc[:2].unique()) < 2 and column.nunique() < 2):
            continue
        cell, line = column.iloc[0], int(column.index[0])
        if pd.api.types.is_string_dtype(column):
            if not column.iloc[:1000].str.strip().str.fullmatch(_CUT).mean() >= 0.9:
                continue
            what = (
                f"Column {shown(name)} holds only minutes and seconds, such as {shown(cell)} in line {line}. "
                "Date and hour are missing: spreadsheets cut times with fractions of a second in this way. "
                "The column is not used. Export the full times."
            )
            remarks.append(Remark("warning", name, what, "times cut to minutes", len(column), (line,)))
        elif is_called_time(name) and pd.api.types.is_numeric_dtype(column):
            what = (
                f"Column {shown(name)} is named like a time, but {shown(f'{cell:.10g}')} in line {line} "
                "cannot be read as one. The column is not used. Write times in the form 2023-01-09 06:00:00."
            )
            remarks.append(Remark("warning", name, what, "time not read", len(column), (line,)))
    return remarks


def _ignored(name: str, others: list[str]) -> list[Remark]:
    if not others:
        return []
    verb = "also holds times and is" if len(others) == 1 else "also hold times and are"
    what = f"Column {shown(name)} is used as the time. {listed([*map(shown, others)])} {verb} not "
    what += "used."
    return [Remark("note", others[0], what, "more than one time", len(others))]


def _notable(column: pd.Series, time_format: str | None) -> list[Remark]:
    """Say what is not plain about the times of a column."""
    first = take_apart(column.iloc[:50])
    if is_even(column) and "seconds" in first.marks:
        return []
    parts, name = take_apart(column), str(column.name)
    remarks = []
    dates = (parts.codes >= 0) & ~parts.clocked
    if parts.clocked.any() and dates.any():
        what = "holds a date without a time of day in {count}, first in line {line}; such a date is read as "
        what += "midnight, 00:00:00."
        remarks.append(_remark(column, dates, "note", "dates without clock", what))
    if parts.leap.any():
        what = "has the second 60 (a leap second) in {count}, first in line {line}; it is read as the start "
        what += "of the next minute."
        remarks.append(_remark(column, parts.leap, "note", "second 60", what))
    if parts.clocked.any() and "seconds" not in parts.marks and len(column) > 2:
        times = parse_times(column, time_format).to_numpy()
        shared = np.append(False, times[1:] == times[:-1])
        if shared.mean() >= MANY:
            what = "has no seconds: in {count}, the time is that of the previous row, first in line {line}. "
            what += "Export the times with seconds."
            remarks.append(_remark(column, shared, "warning", "seconds cut off", what))
    return [replace(remark, column=name) for remark in remarks]


def _rounded(column: pd.Series, time_format: str | None) -> list[Remark]:
    """Say that times since 1970 have too few digits, as a spreadsheet shows them."""
    values = column.to_numpy(dtype=np.float64)
    shared = np.append(False, values[1:] == values[:-1])
    digits = max(len(f"{value:.10e}".split("e")[0].rstrip("0")) - 1 for value in values[:1000])
    if digits > 7 or shared.mean() < MANY:
        return []
    cell = shown(f"{values[0]:.{max(digits - 1, 0)}E}")
    what = f"has times with too few digits, such as {cell}: the time repeats that of the previous "
    what += "row in {count}, first in line {line}. A spreadsheet may have rounded them. Export all digits."
    return [replace(_remark(column, shared, "warning", "times rounded", what), column=str(column.name))]


def _remark(column: pd.Series, rows: np.ndarray, kind: Kind, fact: str, what: str) -> Remark:
    lines = tuple(int(line) for line in column.index[np.flatnonzero(rows)[:3]])
    count = int(rows.sum())
    text = what.format(count=plural(count, "row"), line=lines[0])
    return Remark(kind, None, f"Column {shown(column.name)} {text}", fact, count, lines)


def _examples(read: list[pd.Series]) -> list[int]:
    """Row by which each way of reading a column is shown: one that all can read, best one they read apart."""
    known = np.array([times.notna().to_numpy() for times in read])
    shared = known.all(axis=0)
    apart = shared & np.any([(times != read[0]).to_numpy() for times in read[1:]], axis=0)
    for rows in (apart, shared):
        if rows.any():
            return [int(rows.argmax())] * len(read)
    return [int(rows.argmax()) for rows in known]


def ask_format(column: pd.Series, formats: list[str], change: int | None = None) -> Question:
    """Ask for the order of day, month and year; `change` is the row from which it is another."""
    read = [parse_times(column, text) for text in formats]
    rows = _examples(read)
    choices = []
    for text, times, row in zip(formats, read, rows, strict=True):
        order = [_ORDER[mark] for mark in re.findall("%[dmyY]", text)]
        example = f"{times.iloc[row]:%d %B %Y %H:%M:%S}"
        if change is not None:
            example = f"{shown(column.iloc[row])} in line {column.index[row]} → {example}"
        choices.append(Choice(text, f"{order[0]}, {order[1]}, {order[2]}", example))
    what = (
        f"Column {shown(column.name)} can be read in {len(formats)} ways, for example "
        f"{shown(column.iloc[rows[0]])} in line {column.index[rows[0]]}. In which order are day, month and "
        "year?"
    )
    if change is not None:
        before, after = (f"{shown(column.iloc[r])} in line {column.index[r]}" for r in (change - 1, change))
        what = (
            f"Column {shown(column.name)} changes the order of day and month: {before}, then {after}. Write "
            "all times in the same order and upload the file again, or choose the order for all lines. Which "
            "order is right?"
        )
    listed = " or ".join(f"--time-format '{text}'" for text in formats)
    return Question("time_format", str(column.name), what, tuple(choices), listed)
