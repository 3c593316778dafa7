"""Checks of the times of a table."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rare_event.checks.base import Check, ClockCheck, Subject
from rare_event.checks.effects import MOST, dropping
from rare_event.checks.findings import Action, Finding, Grade
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
from rare_event.read.times import called_time
from rare_event.read.values import shown
from rare_event.text import plural

ROWS_COUNTED = "lead times are in rows, false alarms per 1,000 rows, and stops are not detected"


class TimeOrder(ClockCheck):
    """Time runs backwards, for another reason than those below."""

    code = "RE101"
    title = "Time runs backwards"
    why = "Rows out of order put the past after the future: a model would train on what it should predict."
    remedy = "Sort the rows by time with the one-click fix, or export the file in the order of time."
    example = "time,x1\n06:00,1.2\n06:04,1.4\n06:02,1.3"

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Report the first line of each disorder that sorting can mend."""
        table, time = subject.table, subject.table.time
        if time is None or _in_order(time) or newest_first(time):
            return
        if set_back(time).any() or why_not_sort(time) is not None:
            return
        yield self.found("problem", table.schema.time, f"{_backwards(table, time)}.", *_sort(time))


class NewestFirst(ClockCheck):
    """The newest row stands first."""

    code = "RE102"
    title = "The newest rows come first"
    why = "Read from top to bottom, such a file shows each event before what led to it."
    remedy = "Sort the rows by time with the one-click fix."
    example = "time,x1\n06:04,1.4\n06:02,1.3\n06:00,1.2"

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Report a file whose steps run backwards."""
        table, time = subject.table, subject.table.time
        if time is None or not newest_first(time) or why_not_sort(time) is not None:
            return
        what = _backwards(table, time)
        what = f"The newest rows come first: {what[0].lower()}{what[1:]}."
        yield self.found("problem", table.schema.time, what, *_sort(time))


class ClocksSetBack(ClockCheck):
    """The hour of autumn occurs twice."""

    code = "RE103"
    title = "One hour occurs twice"
    why = "Where clocks are set back in autumn, two rows an hour apart share a time; sorting would mix them."
    remedy = "Export the times in UTC or with their zone. Until then the rows keep the order of the file."
    example = "time,x1\n2023-10-29 02:58,1.2\n2023-10-29 02:00,1.3\n2023-10-29 02:02,1.3"

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Report the first line of the repeated hour."""
        table, time = subject.table, subject.table.time
        if time is None or not set_back(time).any():
            return
        what = f"{_backwards(table, time, counted=False)}, by one hour, as when clocks are set back in "
        day = np.datetime_as_string(time[np.flatnonzero(set_back(time))[0]], unit="D")
        yield self.found(
            "warning",
            table.schema.time,
            f"{what}autumn. That hour occurs twice on {day}.",
            "The rows keep the order of the file. For exact times, export them in UTC or with their zone.",
        )


class SeveralMachines(ClockCheck):
    """Blocks of rows cover the same times."""

    code = "RE104"
    title = "Several machines in one file"
    why = "The rows of one machine are not the past of another: a model must not read them as one course."
    remedy = "Name the column of the machines as the asset, or upload one file for each machine."
    example = "machine,time,x1\nA,06:00,1.2\nA,06:02,1.3\nB,06:00,7.1\nB,06:02,7.2"

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Report blocks of rows that sorting would mix."""
        table, time = subject.table, subject.table.time
        if time is None or _in_order(time) or set_back(time).any():
            return
        if (refused := why_not_sort(time)) is not None:
            instead = f"{refused}. Upload one machine or asset per file."
            yield self.found("problem", table.schema.time, f"{_backwards(table, time)}.", instead)


class RepeatedTimes(ClockCheck):
    """Several rows share a time."""

    code = "RE105"
    title = "Repeated times"
    why = "Rows of one time are counted as running time although none passes between them."
    remedy = "Keep one row of each time with the one-click fix where it is offered, or correct the times."
    example = "time,x1\n06:00,1.2\n06:02,1.3\n06:02,1.3"

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Report rows with the time of an earlier row."""
        table, time = subject.table, subject.table.time
        if time is None:
            return
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
            yield self.found(grade, column, f"{what}.", f"{keep} {effect.in_words}", "drop-rows")
            return
        instead = "Correct the times in the file, or upload one row of each time."
        if (time == time.astype("datetime64[D]")).all():
            what += "; the times hold a date without the time of day"
            instead = "Use a column that holds both date and time."
        elif again.mean() > MANY_REPEATS:
            what += "; the file may hold several machines or assets, or times without seconds"
            instead = "Upload one machine or asset per file, with the full time of each row."
        yield self.found(grade, column, f"{what}.", f"{refused}. {instead}")


class Zones(ClockCheck):
    """The times carry a zone."""

    code = "RE108"
    title = "Times with a zone"
    why = "They are converted to UTC, so the hours shown differ from those in the file."
    remedy = "No action is needed."
    example = "time,x1\n2023-01-09T06:00+02:00,1.2\n2023-01-09T06:02+02:00,1.3"

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Report the zones."""
        for note in subject.table.notes:
            if note.fact == "zones":
                what = f"Its times have the zone {note.detail} and were converted to UTC."
                yield self.found("note", note.column, what, "All times of this table are shown in UTC.")


class NoClock(Check):
    """There is no time column."""

    code = "RE109"
    title = "No time column"
    why = "Without times, figures are given in rows: no minutes, no days, no stops."
    remedy = "Choose a time column if the file has one."
    example = "x1,y\n1.2,0\n1.3,0"

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Report a table without times; an unreadable time column has its own finding."""
        table = subject.table
        if table.time is None and all(note.fact != "unread time" for note in table.notes):
            what = f"There is no time column, so rows are counted: {ROWS_COUNTED}."
            yield self.found("note", None, what, "Choose a time column if the file has one.")


class UnreadTime(Check):
    """A column looks like times and cannot be read as such."""

    code = "RE110"
    title = "Times that cannot be read"
    why = "Without them one row would be taken for one minute; figures are given in rows instead."
    remedy = "Write the date and the time of day, such as 2023-01-09 06:00:00."
    example = "time,x1\n15:00.0,1.2\n17:00.0,1.3"

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Report the first text that is no time."""
        for note in subject.table.notes:
            if note.fact == "unread time":
                what = f"No time can be read from texts such as {shown(note.detail)} in line {note.line}"
                what += f", so rows are counted: {ROWS_COUNTED}."
                fix = "Write the date and the time of day, such as 2023-01-09 06:00:00, "
                yield self.found("problem", note.column, what, f"{fix}and upload the file again.")


class NumbersCalledTime(Check):
    """A sensor has the name of a time and never falls."""

    code = "RE111"
    title = "A sensor that may be a clock"
    why = "A clock among the sensors tells a model where in the file a row stands, not how the plant runs."
    remedy = "Write times such as 2023-01-09 06:00:00, or ignore the column with the one-click fix."
    example = "time,x1\n120,1.2\n180,1.3\n240,1.3"

    def not_applicable(self, subject: Subject) -> str | None:
        """Return a reason for a table whose times can be read."""
        return None if subject.table.time is None else "The table has a time column."

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Report such sensors."""
        for sensor in subject.sensors:
            if is_clock(subject, sensor.name):
                yield self.found(
                    "problem",
                    sensor.name,
                    "Its name suggests a time and its values never decrease, but they cannot be read as "
                    "times.",
                    "Write times such as 2023-01-09 06:00:00 and upload the file again, or ignore the "
                    "column.",
                    "ignore",
                )


def is_clock(subject: Subject, name: str) -> bool:
    """Whether a sensor of a table without times is named like a time and never falls."""
    if subject.table.time is not None or not called_time(name):
        return False
    sensor = next(s for s in subject.sensors if s.name == name)
    return sensor.varies and bool((np.diff(sensor.usable) >= 0).all())


def _in_order(time: np.ndarray) -> bool:
    return not (np.diff(time) < np.timedelta64(0)).any()


def _backwards(table: Table, time: np.ndarray, *, counted: bool = True) -> str:
    """Say where time runs backwards, as the start of a sentence."""
    back = np.flatnonzero(np.diff(time) < np.timedelta64(0))
    times = "once" if len(back) == 1 else f"{len(back):,} times"
    what = f"Time runs backwards {times}, first in line {table.line(back[0] + 1)}"
    return f"{what}{_rows_counted(table)}" if counted else what


def _sort(time: np.ndarray) -> tuple[str, Action]:
    """Return the offer to sort the rows, and its action."""
    moved = int((sorted_rows(time) != np.arange(len(time))).sum())
    words = f"Sort the rows by time. This moves {plural(moved, 'row')}, changes no cells and loses no events."
    return words, "sort-time"


def _rows_counted(table: Table) -> str:
    return f"; rows are therefore counted: {ROWS_COUNTED}" if table.time_unit.reason else ""


CHECKS: tuple[Check, ...] = (
    TimeOrder(),
    NewestFirst(),
    ClocksSetBack(),
    SeveralMachines(),
    RepeatedTimes(),
    Zones(),
    NoClock(),
    UnreadTime(),
    NumbersCalledTime(),
)
