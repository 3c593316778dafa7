"""Checks of the label, and of columns that give it away."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from rare_event.checks.base import IGNORE, Check, Subject
from rare_event.checks.findings import Finding
from rare_event.prepare.label_words import resembles_label
from rare_event.read.values import distinct, shown
from rare_event.text import plural

RARE = 0.2  # a label more frequent than this is not rare
LATE = 0.8  # if all events come after this share of the rows, none can be used to choose a threshold
LEAK = 0.5  # rows shared with the label / rows of either, from which a column repeats it


class LabelCheck(Check):
    """A check of the events."""

    def not_applicable(self, subject: Subject) -> str | None:
        """Return a reason for a table without a label."""
        return None if subject.table.schema.label is not None else "The file has no label."


class FewEvents(LabelCheck):
    """Fewer than two events."""

    code = "RE201"
    title = "Fewer than two events"
    why = "A model is tested on an event that it has not trained on, so one event is not enough."
    remedy = "Use a longer file with more events."
    example = "time,y\n06:00,0\n06:02,1\n06:04,0"

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Report the only event, or that there is none."""
        table, starts = subject.table, subject.starts
        if len(starts) < 2:
            found = f"only one event, in line {table.line(starts[0])}" if len(starts) else "no event"
            what = f"It marks {found}, so a model cannot be tested."
            yield self.found("problem", table.schema.label, what, self.remedy)


class LateEvents(LabelCheck):
    """All events are in the last rows."""

    code = "RE202"
    title = "Events in the last rows only"
    why = "Thresholds are chosen on rows before those that test them, and events are needed there too."
    remedy = "Use a longer file, or a split by stretch."
    example = "time,y\n06:00,0\n06:02,0\n06:04,0\n06:06,0\n06:08,1"

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Report the line of the first event."""
        table, starts = subject.table, subject.starts
        if len(starts) >= 2 and starts[0] >= LATE * table.n_rows:
            yield self.found(
                "warning",
                table.schema.label,
                f"All {len(starts)} events are in the last rows, from line {table.line(starts[0])} of "
                f"{table.line(table.n_rows - 1)}. Earlier rows hold no event, so no threshold can be chosen "
                "on them.",
                self.remedy,
            )


class FrequentLabel(LabelCheck):
    """The value of events is frequent."""

    code = "RE204"
    title = "Events that are not rare"
    why = "The models learn the normal rows. If the wrong value marks events, they learn the opposite."
    remedy = "Check which value of the label means an event."
    example = "time,y\n06:00,1\n06:02,1\n06:04,0"

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Report the share of the rows."""
        share = float(subject.table.label.mean())
        if share > RARE:
            schema = subject.table.schema
            events = " or ".join(map(shown, schema.event_values))
            what = f"{share:.0%} of the rows are labelled {events}, which is not rare."
            yield self.found("warning", schema.label, what, self.remedy)


class RepeatsLabel(LabelCheck):
    """A value of a column marks the same rows as the label."""

    code = "RE206"
    title = "A column repeats the label"
    why = "It is known only once the event has happened; a model that reads it would fail in the plant."
    remedy = "Ignore the column."
    example = "time,y,status\n06:00,0,RUN\n06:02,1,STOP\n06:04,0,RUN"

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Report the value and the rows that it shares with the label."""
        for column in (*subject.table.schema.sensors, *subject.table.schema.categories):
            yield from self._leak(subject, column)

    def _leak(self, subject: Subject, column: str) -> Iterator[Finding]:
        table = subject.table
        overlap = overlap_with_label(subject, column)
        if overlap is not None:
            value, both, rows = overlap
            yield self.found(
                "problem",
                column,
                f"It is {shown(value)} in {both} of the {table.label.sum()} rows labelled as "
                f"events and in {plural(rows - both, 'other row')}, so it repeats the label.",
                IGNORE,
                "ignore",
            )


class NamedLikeLabel(Check):
    """A binary column is named like a label."""

    code = "RE207"
    title = "A second column named like a label"
    why = "It may be known only after an event, and would then give the answer away."
    remedy = "Ignore the column, unless its value is known before an event."
    example = "time,y,fault\n06:00,0,0\n06:02,1,0\n06:04,0,1"

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Report binary columns with such a name that do not repeat the label."""
        table = subject.table
        for column in (*table.schema.sensors, *table.schema.categories):
            if not resembles_label(column):
                continue
            few = _few(table.frame[column])
            if few is None or len(few) != 2 or 2 * len(few) > table.n_rows:
                continue
            if overlap_with_label(subject, column) is None:
                what = "It is binary and named like a label; it may be known only after an event."
                yield self.found("warning", column, what, IGNORE, "ignore")


def overlap_with_label(subject: Subject, column: str) -> tuple[object, int, int] | None:
    """Return the value of a column that repeats the label, the event rows and all rows with it."""
    table, series = subject.table, subject.table.frame[column]
    if _few(series) is None:
        return None
    codes, grades = pd.factorize(series)
    if 2 * len(grades) > table.n_rows or not len(grades):  # in so short a file, any value would match
        return None
    known = codes >= 0
    rows = np.bincount(codes[known], minlength=len(grades))
    both = np.bincount(codes[known], weights=table.label[known], minlength=len(grades))
    shared = both / (rows + table.label.sum() - both)
    best = int(shared.argmax())
    if shared[best] < LEAK or both[best] <= 1:
        return None
    return grades[best], int(both[best]), int(rows[best])


def _few(series: pd.Series) -> np.ndarray | None:
    """Return the distinct values, or None for many."""
    if isinstance(series.dtype, pd.CategoricalDtype):
        return np.asarray(series.cat.categories) if len(series.cat.categories) <= 20 else None
    return distinct(series)


CHECKS: tuple[Check, ...] = (FewEvents(), LateEvents(), FrequentLabel(), RepeatsLabel(), NamedLikeLabel())
