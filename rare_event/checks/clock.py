"""Checks of the times of a table."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rare_event.checks.base import ClockCheck, NoteCheck, Subject
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
from rare_event.prepare.assets import within
from rare_event.prepare.notes import Note
from rare_event.prepare.stretches import GAP_STEPS
from rare_event.prepare.table import Table
from rare_event.read.values import shown
from rare_event.text import counted, plural

UNEVEN = 0.1  # difference from the median step, as a share of it
ROWS_COUNTED = "figures are in rows: lead times in rows, false alarms per 1,000 rows; stops cannot be found"

SAME_AS_UTC = frozenset(["Z", "UTC", "GMT", "+00:00", "+0000", "+00"])


class OneMachineCheck(ClockCheck):
    """A check of the order of the file; with assets, their rows are sorted one by one."""

    def not_applicable(self, subject: Subject) -> str | None:
        """Return a reason for a table without times, or with an asset column."""
        if subject.table.asset is not None:
            return "The rows of each machine are sorted by time."
        return super().not_applicable(subject)


class TimeOrder(OneMachineCheck, code="RE101"):
    """Time runs backwards, for another reason than those below."""

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Report the first line of each disorder that sorting can mend."""
        table, time = subject.table, subject.table.time
        if time is None or _in_order(time) or newest_first(time):
            return
        if set_back(time).any() or why_not_sort(time) is not None:
            return
        yield self.found("problem", table.schema.time, f"{_backwards(table, time)}.", *_sort(time))


class NewestFirst(OneMachineCheck, code="RE102"):
    """The newest row stands first."""

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Report a file whose steps run backwards."""
        table, time = subject.table, subject.table.time
        if time is None or not newest_first(time) or why_not_sort(time) is not None:
            return
        what = _backwards(table, time)
        what = f"The newest rows come first: {what[0].lower()}{what[1:]}."
        yield self.found("problem", table.schema.time, what, *_sort(time))


class ClocksSetBack(ClockCheck, code="RE103"):
    """The hour of autumn occurs twice."""

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Report the first line of the repeated hour, of the first asset that has one."""
        table = subject.table
        for rows in subject.machines:
            time = subject.times[rows]
            again = np.flatnonzero(set_back(time))
            if len(again):
                what = _backwards(table, time, rows.start, counted=False)
                day = np.datetime_as_string(time[again[0]], unit="D")
                yield self.found(
                    "warning",
                    table.schema.time,
                    f"{what}, by one hour, as when clocks are set back in autumn. That hour occurs twice on "
                    f"{day}.",
                    "The rows keep the order of the file. For exact times, export them in UTC or with their "
                    "time zone.",
                )
                return


class SeveralMachines(OneMachineCheck, code="RE104"):
    """Blocks of rows cover the same times."""

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Report blocks of rows that sorting would mix, and the column that tells the machines apart."""
        table, time = subject.table, subject.table.time
        if time is None or set_back(time).any():
            return
        refused, column = why_not_sort(time), subject.machine_column
        if column is None and (refused is None or _in_order(time)):
            return
        what = (
            "Many rows share their time with another row."
            if _in_order(time)
            else f"{_backwards(table, time)}."
        )
        instead = f"{refused}. Upload one machine per file."
        if column is not None:
            number = table.frame[column].nunique()
            what = (
                f"{what} {shown(column)} seems to name {number:,} machines: within each, no time is repeated."
            )
            instead = f"In “Roles of all columns”, give {shown(column)} the role “asset”, or upload one "
            instead += "machine per file."
        yield self.found("problem", table.schema.time, what, instead)


class RepeatedTimes(ClockCheck, code="RE105"):
    """Several rows share a time."""

    def not_applicable(self, subject: Subject) -> str | None:
        """Return a reason for a table without times, or where each machine has times of its own."""
        if subject.table.time is not None and subject.machine_column is not None:
            named = shown(subject.machine_column)
            return f"Within each machine named in {named}, no time is repeated (see RE104)."
        return super().not_applicable(subject)

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Report rows with the time of an earlier row, of the same asset if there are several."""
        table, time = subject.table, subject.times
        again = np.concatenate([repeated(time[rows]) for rows in subject.machines])
        rows = np.flatnonzero(again)
        if not len(rows):
            return
        column = table.schema.time
        number = "1 row repeats" if len(rows) == 1 else f"{len(rows):,} of {len(time):,} rows repeat"
        what = f"{number} the time of an earlier row, first in line {table.line(rows[0])}"
        what += _rows_counted(table)
        grade: Grade = "problem" if again.mean() > MOST else "warning"
        if table.asset is not None:
            fix = (
                "Correct the times in the file, or upload a file in which each time occurs once per machine."
            )
            yield self.found(grade, column, f"{what}.", fix)
            return
        effect = dropping(one_row_of_each_time(time, table.label), table.label)
        refused = effect.refused or why_not_drop(time)
        if refused is None:
            keep = "Keep one row for each time: the event row if there is one, otherwise the first row."
            yield self.found(grade, column, f"{what}.", f"{keep} {effect.in_words}", "drop-rows")
            return
        instead = "Correct the times in the file, or upload a file in which each time occurs once."
        if (time == time.astype("datetime64[D]")).all():
            what += ". The times are dates without a time of day"
            instead = "Use a column that holds both date and time."
        elif again.mean() > MANY_REPEATS:
            what += ". The file may hold several machines, or times without seconds"
            instead = "Upload one machine per file, with the full time of each row."
        yield self.found(grade, column, f"{what}.", f"{refused}. {instead}")


class Gaps(ClockCheck, code="RE106"):
    """Stops that no event explains."""

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Report how many gaps follow no event, and the longest of them with its date."""
        table = subject.table
        if table.time_unit.reason:
            return
        steps, step = np.diff(table.clock), table.step
        inside = within(table.asset, table.n_rows)
        gaps = np.flatnonzero(inside & (steps > GAP_STEPS * step) & (table.label[:-1] == 0))
        if not len(gaps):
            return
        longest = int(gaps[np.argmax(steps[gaps])])
        known = table.schema.label is not None
        found = ("follows no event" if known else "was found") + "; it"
        if len(gaps) > 1:
            found = ("follow no event" if known else "were found") + "; the longest"
        what = f"{plural(len(gaps), 'gap')} {found} lasts {_lasting(steps[longest])}, from "
        what += f"{_moment(subject.times[longest])} (line {table.line(longest)})."
        yield self.found("note", table.schema.time, what)


class UnevenSteps(ClockCheck, code="RE107"):
    """Steps of different lengths."""

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Report the share of the steps that differ from the median by more than a tenth."""
        table = subject.table
        if table.time_unit.reason:
            return
        steps = np.diff(table.clock)[within(table.asset, table.n_rows)]
        steps = steps[(steps > 0) & (steps <= GAP_STEPS * table.step)]
        uneven = abs(steps - table.step) > UNEVEN * table.step
        if len(steps) and uneven.mean() > MOST:
            what = (
                f"{uneven.mean():.0%} of the steps differ from the median of {_lasting(table.step)} by more "
                f"than {UNEVEN:.0%}. Between stops, steps range from {_lasting(steps.min())} to "
                f"{_lasting(steps.max())}."
            )
            yield self.found("note", table.schema.time, what)


class Zones(ClockCheck, NoteCheck, code="RE108"):
    """The times carry a zone."""

    def _of(self, subject: Subject, note: Note) -> Iterator[Finding]:
        if note.fact == "zones":
            several = "zones" if ", " in note.detail else "zone"
            what = f"Its times have the time {several} {note.detail} and were converted to UTC."
            if set(note.detail.split(", ")) <= SAME_AS_UTC:
                what = "Its times are in UTC."
            yield self.found("note", note.column, what, "All times of this table are shown in UTC.")


def _in_order(time: np.ndarray) -> bool:
    return not (np.diff(time) < np.timedelta64(0)).any()


def _lasting(minutes: float) -> str:
    """Write a duration in its own unit: seconds below a minute, else minutes."""
    return counted(f"{60 * minutes:.3g}", "seconds") if minutes < 1 else counted(f"{minutes:,.5g}", "minutes")


def _moment(time: np.datetime64) -> str:
    return np.datetime_as_string(time, unit="m").replace("T", " ")


def _backwards(table: Table, time: np.ndarray, start: int = 0, *, counted: bool = True) -> str:
    """Say where time runs backwards, as the start of a sentence."""
    back = np.flatnonzero(np.diff(time) < np.timedelta64(0))
    times = "once, in" if len(back) == 1 else f"{len(back):,} times, first in"
    what = f"Time runs backwards {times} line {table.line(start + back[0] + 1)}"
    return f"{what}{_rows_counted(table)}" if counted else what


def _sort(time: np.ndarray) -> tuple[str, Action]:
    """Return the offer to sort the rows, and its action."""
    moved = int((sorted_rows(time) != np.arange(len(time))).sum())
    words = f"Sort the rows by time. This moves {plural(moved, 'row')}, changes no cells and loses no events."
    return words, "sort-time"


def _rows_counted(table: Table) -> str:
    return f", so {ROWS_COUNTED}" if table.time_unit.reason else ""
