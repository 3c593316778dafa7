"""Checks of the label, and of columns that give it away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from rare_event.checks.base import IGNORE, Check, Subject
from rare_event.checks.findings import Finding, Grade
from rare_event.prepare.label_words import resembles_label
from rare_event.read.values import distinct, shown, text_of
from rare_event.text import plural

RARE = 0.2  # a label more frequent than this is not rare
LATE = 0.8  # if all events come after this share of the rows, none can be used to choose a threshold
ENOUGH = 10  # events in a part of the split
LEAST_EVENTS = 5
BEYOND = 0.99  # share of the other rows that a value at an event is beyond,
BEYOND_AT = 0.9  # at this share of the events, from which a sensor may show the event itself
LEAK = 0.5  # rows shared with the label / rows of either, from which a column repeats it


class LabelCheck(Check):
    """A check of the events."""

    def not_applicable(self, subject: Subject) -> str | None:
        """Return a reason for a table without a label."""
        return None if subject.table.schema.label is not None else "The file has no label."


class FewEvents(LabelCheck, code="RE201"):
    """Fewer than two events."""

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Report the only event, or that there is none."""
        table, starts = subject.table, subject.starts
        if len(starts) < 2:
            found = f"only one event, in line {table.line(starts[0])}" if len(starts) else "no events"
            what = f"It marks {found}, so a model cannot be tested."
            yield self.found("problem", table.schema.label, what)


class LateEvents(LabelCheck, code="RE202"):
    """All events are in the last rows."""

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Report the line of the first event."""
        table, starts = subject.table, subject.starts
        if len(starts) >= 2 and starts[0] >= LATE * table.n_rows:
            yield self.found(
                "warning",
                table.schema.label,
                f"All {len(starts):,} events are in the last fifth of the rows: the first is in line "
                f"{table.line(starts[0])}. Earlier rows hold no events, so only a rule that needs no events "
                "can choose a threshold there.",
            )


class EarlyEvents(LabelCheck, code="RE203"):
    """The last rows hold no event."""

    def not_applicable(self, subject: Subject) -> str | None:
        """Return a reason for a table with several machines."""
        if subject.table.asset is not None:
            return "The last rows are those of one machine."
        if len(subject.times) and (np.diff(subject.times) < np.timedelta64(0)).any():
            return "The rows are not in time order."
        return super().not_applicable(subject)

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Report the line of the last event."""
        table = subject.table
        marked = np.flatnonzero(table.label)
        if len(subject.starts) >= 2 and marked[-1] < int(LATE * table.n_rows):
            yield self.found(
                "warning",
                table.schema.label,
                f"The last of its {len(subject.starts):,} events ends in line {table.line(marked[-1])}; the "
                f"last row is line {table.line(table.n_rows - 1)}. The rows in between hold no events, so "
                "they cannot test a model.",
            )


class FrequentLabel(LabelCheck, code="RE204"):
    """The value of events is frequent."""

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Report the share of the rows."""
        share = float(subject.table.label.mean())
        if share > RARE:
            schema = subject.table.schema
            events = " or ".join(map(shown, schema.event_values))
            what = f"Events are not rare: {share:.0%} of the rows are labelled {events}."
            yield self.found("warning", schema.label, what)


class SplitEvents(Check, code="RE205"):
    """A part of the split has too few events."""

    def not_applicable(self, subject: Subject) -> str | None:
        """Return a reason: which parts there are is known once a split is chosen."""
        return "This is checked when a run is set up, because the parts depend on its split."

    def of_parts(self, label: str, events: Mapping[str, Sequence[int]]) -> Iterator[Finding]:
        """Report the events of the fold with the fewest, for validation and for testing."""
        for part, counts in events.items():
            least = min(counts)
            if least >= ENOUGH or (part == "test" and sum(counts) >= ENOUGH):
                continue
            where = f" of fold {counts.index(least) + 1} of {len(counts)}" if len(counts) > 1 else ""
            found = plural(least, "event") if least else "no events"
            so = "so the threshold is uncertain" if part == "validation" else "so the figures are uncertain"
            if not least:
                so = "so the model is not tested there"
                if part == "validation":
                    so = "so the threshold can be chosen there only by a rule that needs no events"
            grade: Grade = "problem" if part == "validation" and not least else "warning"
            yield self.found(grade, label, f"The {part} part{where} holds {found}, {so}.")


def check_split(label: str, events: Mapping[str, Sequence[int]]) -> list[Finding]:
    """Find the parts of a split that have too few events to choose or to test a threshold.

    Parameters
    ----------
    label
        Column of the events.
    events
        Events of the validation part and of the test part, fold by fold.

    Returns
    -------
    list of Finding
        A problem for no event in a validation part, a warning for fewer than `ENOUGH`.
    """
    return list(SplitEvents().of_parts(label, events))


class RepeatsLabel(LabelCheck, code="RE206"):
    """A value of a column marks the same rows as the label."""

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Report the value and the rows that it shares with the label."""
        for column in subject.columns:
            overlap = overlap_with_label(subject, column)
            if overlap is not None:
                value, both, rows = overlap
                more = plural(rows - both, "other row") if rows > both else "no other rows"
                n_marked = int(subject.table.label.sum())
                what = (
                    f"It is {shown(text_of(value))} in {both:,} of the {n_marked:,} rows labelled as events "
                )
                what += f"and in {more}, so it seems to repeat the label."
                yield self.found("problem", column, what, *IGNORE)


class NamedLikeLabel(LabelCheck, code="RE207"):
    """A binary column is named like a label."""

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Report binary columns with such a name that do not repeat the label."""
        table = subject.table
        for column in subject.columns:
            if not resembles_label(column):
                continue
            few = _few(table.frame[column])
            if few is None or len(few) != 2 or 2 * len(few) > table.n_rows:
                continue
            if overlap_with_label(subject, column) is None:
                what = "It has only two values and is named like a label."
                yield self.found("warning", column, what, *IGNORE)


class MovesWithEvents(LabelCheck, code="RE208"):
    """A sensor is at its extreme whenever an event begins."""

    def not_applicable(self, subject: Subject) -> str | None:
        """Return a reason for a table with too few events to tell."""
        if len(subject.starts) < LEAST_EVENTS:
            return f"This check needs at least {LEAST_EVENTS} events."
        return super().not_applicable(subject)

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Report sensors whose value at the start of nearly all events is beyond nearly all others."""
        normal = np.flatnonzero(subject.table.label == 0)
        normal = normal[:: max(1, len(normal) // 20_000)]
        for sensor in subject.sensors:
            at_events, others = sensor.values[subject.starts], np.sort(sensor.values[normal])
            others = others[np.isfinite(others)]
            at_events = at_events[np.isfinite(at_events)]
            if len(at_events) < LEAST_EVENTS or not len(others):
                continue
            below = np.searchsorted(others, at_events, side="left")
            above = len(others) - np.searchsorted(others, at_events, side="right")
            for beyond, word in ((below, "higher than"), (above, "lower than")):
                share = float((beyond >= BEYOND * len(others)).mean())
                if share >= BEYOND_AT and overlap_with_label(subject, sensor.name) is None:
                    what = f"At the start of {share:.0%} of the events it is {word} in {BEYOND:.0%} of "
                    what += "the normal rows."
                    yield self.found("warning", sensor.name, what, *IGNORE)


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
