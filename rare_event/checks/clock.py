"""Checks of the times of a table."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rare_event.checks.effects import MOST, dropping
from rare_event.checks.findings import Finding, Grade
from rare_event.checks.order import (
    MANY_REPEATS,
    newest_first,
    one_row_of_each_time,
    repeated,
    set_back,
    sorted_rows,
    why_not_drop,
    why_not_sort,
)
from rare_event.prepare.table import Table
from rare_event.text import plural

ROWS_COUNTED = "lead times are in rows, false alarms per 1,000 rows, and stops are not detected"


def check_time(table: Table) -> Iterator[Finding]:
    """Find times that are missing, run backwards or are shared by several rows."""
    if table.time is None:
        # An unreadable time column has its own finding, made from its note.
        if all(note.fact != "unread time" for note in table.notes):
            what = f"There is no time column, so rows are counted: {ROWS_COUNTED}."
            yield Finding("note", None, what, "Choose a time column if the file has one.")
        return
    yield from _check_order(table, table.time)
    yield from _check_repeats(table, table.time)


def _check_order(table: Table, time: np.ndarray) -> Iterator[Finding]:
    column, backwards = table.schema.time, np.flatnonzero(np.diff(time) < np.timedelta64(0))
    if not len(backwards):
        return
    times = "once" if len(backwards) == 1 else f"{len(backwards):,} times"
    what = f"Time runs backwards {times}, first in line {table.line(backwards[0] + 1)}"
    if set_back(time).any():
        yield Finding(
            "warning",
            column,
            f"{what}, by one hour, as when clocks are set back in autumn. That hour occurs twice.",
            "The rows keep the order of the file. For exact times, export them in UTC or with their zone.",
        )
        return
    refused = why_not_sort(time)
    if refused is not None:
        instead = f"{refused}. Upload one machine or asset per file."
        yield Finding("problem", column, f"{what}{_rows_counted(table)}.", instead)
        return
    what = f"The newest rows come first: {what[0].lower()}{what[1:]}" if newest_first(time) else what
    what += _rows_counted(table)
    moved = int((sorted_rows(time) != np.arange(len(time))).sum())
    sort = f"Sort the rows by time. This moves {plural(moved, 'row')}, changes no cells and loses no events."
    yield Finding("problem", column, f"{what}.", sort, "sort-time")


def _rows_counted(table: Table) -> str:
    return f"; rows are therefore counted: {ROWS_COUNTED}" if table.time_unit.reason else ""


def _check_repeats(table: Table, time: np.ndarray) -> Iterator[Finding]:
    column, again = table.schema.time, repeated(time)
    rows = np.flatnonzero(again)
    if not len(rows):
        return
    number = "1 row repeats" if len(rows) == 1 else f"{len(rows):,} of {len(time):,} rows repeat"
    what = f"{number} the time of an earlier row, first in line {table.line(rows[0])}"
    what += _rows_counted(table)
    grade: Grade = "problem" if again.mean() > MOST else "warning"
    effect = dropping(one_row_of_each_time(time, table.label), table.label)
    refused = effect.refused or why_not_drop(time)
    if refused is None:
        keep = "Keep one row for each time: the event row if there is one, else the first row."
        yield Finding(grade, column, f"{what}.", f"{keep} {effect.in_words}", "drop-rows")
        return
    instead = "Correct the times in the file, or upload one row of each time."
    if (time == time.astype("datetime64[D]")).all():
        what += "; the times hold a date without the time of day"
        instead = "Use a column that holds both date and time."
    elif again.mean() > MANY_REPEATS:
        what += "; the file may hold several machines or assets, or times without seconds"
        instead = "Upload one machine or asset per file, with the full time of each row."
    yield Finding(grade, column, f"{what}.", f"{refused}. {instead}")
