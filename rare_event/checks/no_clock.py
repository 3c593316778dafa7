"""Checks of tables without times: none, unreadable ones, or numbers that may be a clock."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rare_event.checks.base import Check, Subject
from rare_event.checks.clock import ROWS_COUNTED
from rare_event.checks.findings import Finding
from rare_event.read.times import called_time
from rare_event.read.values import shown


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


CHECKS: tuple[Check, ...] = (NoClock(), UnreadTime(), NumbersCalledTime())
