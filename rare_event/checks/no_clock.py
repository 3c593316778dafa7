"""Checks of tables without times: none, unreadable ones, or numbers that may be a clock."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rare_event.checks.base import Check, NoteCheck, Sensor, SensorCheck, Subject
from rare_event.checks.clock import ROWS_COUNTED
from rare_event.checks.findings import Finding
from rare_event.prepare.notes import Note
from rare_event.read.times import called_time
from rare_event.read.values import shown


class NoClock(Check, code="RE109"):
    """There is no time column."""

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Report a table without times; an unreadable time column has its own finding."""
        table = subject.table
        if table.time is None and all(note.fact != "unread time" for note in table.notes):
            what = f"There is no time column, so {ROWS_COUNTED}."
            yield self.found("note", None, what)


class UnreadTime(NoteCheck, code="RE110"):
    """A column looks like times and cannot be read as such."""

    def _of(self, subject: Subject, note: Note) -> Iterator[Finding]:
        if note.fact == "unread time":
            what = f"No time can be read from text such as {shown(note.detail)} in line {note.line}"
            what += f", so {ROWS_COUNTED}."
            fix = f"{self.remedy.removesuffix('.')}, and upload the file again."
            yield self.found("problem", note.column, what, fix)


class NumbersCalledTime(SensorCheck, code="RE111"):
    """A sensor has the name of a time and never falls."""

    def not_applicable(self, subject: Subject) -> str | None:
        """Return a reason for a table whose times can be read."""
        return None if subject.table.time is None else "The table has a time column."

    def _of(self, subject: Subject, sensor: Sensor) -> Iterator[Finding]:
        if is_clock(subject, sensor.name):
            what = "Its name suggests a time and its values never decrease, but they cannot be read as times."
            fix = "Write times as 2023-01-09 06:00:00 and upload the file again, or leave out the column."
            yield self.found("problem", sensor.name, what, fix, "ignore")


def is_clock(subject: Subject, name: str) -> bool:
    """Whether a sensor of a table without times is named like a time and never falls."""
    if subject.table.time is not None or not called_time(name):
        return False
    sensor = next(s for s in subject.sensors if s.name == name)
    return sensor.varies and bool((np.diff(sensor.usable) >= 0).all())
