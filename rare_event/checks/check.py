"""Checks of a table: one finding for each column and defect."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from rare_event.checks.clock import ROWS_COUNTED, check_time
from rare_event.checks.effects import Effect, dropping, filling, leading
from rare_event.checks.findings import GRADES, Action, Finding
from rare_event.prepare.notes import Note
from rare_event.prepare.schema import called_time, resembles_label
from rare_event.prepare.table import Table
from rare_event.read.values import distinct, shown
from rare_event.text import plural

RARE = 0.2  # a label more frequent than this is not rare
LATE = 0.8  # if all events come after this share of the rows, none can be used to choose a threshold
LEAK = 0.5  # rows shared with the label / rows of either, from which a column repeats it
MANY_GRADES = 50
EVEN = 0.9  # share of equal steps in a row counter, since some rows or cells may be missing
IGNORE = "Ignore the column. This changes no rows, cells or events."


def check(table: Table) -> list[Finding]:
    """Find the defects of a table.

    Returns
    -------
    list of Finding
        The worst first, then in the order time, label, sensors, categories, ignored.
    """
    findings = [*check_time(table), *_check_label(table)]
    for sensor in table.schema.sensors:
        findings += _check_sensor(table, sensor)
    for category in table.schema.categories:
        findings += _check_category(table, category)
    findings += [_from_note(note, table.n_rows) for note in table.notes]
    return sorted(findings, key=lambda finding: GRADES.index(finding.grade))


def _check_label(table: Table) -> Iterator[Finding]:
    column, label = table.schema.label, table.label
    starts = np.flatnonzero(np.diff(label, prepend=np.int8(0)) == 1)
    if len(starts) < 2:
        found = f"only one event, in line {table.line(starts[0])}" if len(starts) else "no event"
        yield Finding(
            "problem",
            column,
            f"It marks {found}, so a model cannot be tested.",
            "Use a longer file with more events.",
        )
    elif starts[0] >= LATE * table.n_rows:
        yield Finding(
            "warning",
            column,
            f"All {len(starts)} events are in the last rows, from line {table.line(starts[0])} of "
            f"{table.n_rows + 1}. Earlier rows hold no event, so no threshold can be chosen on them.",
            "Use a longer file, or a split by stretch.",
        )
    share = float(label.mean())
    if share > RARE:
        yield Finding(
            "warning",
            column,
            f"{share:.0%} of the rows are labelled {shown(table.schema.event_value)}, which is not rare.",
            "Check which value of the label means an event.",
        )


def _check_sensor(table: Table, sensor: str) -> Iterator[Finding]:
    values = table.frame[sensor].to_numpy()
    finite = np.isfinite(values)
    if not finite.any():
        yield Finding("problem", sensor, "It holds no numbers.", IGNORE, "ignore")
        return
    low, high = values[finite].min(), values[finite].max()
    if low == high:
        yield Finding("warning", sensor, f"It holds only the value {low:g}.", IGNORE, "ignore")
        return
    yield from _check_missing(table, sensor, ~finite, np.isnan(values), "missing")
    yield from _check_missing(table, sensor, ~finite, np.isinf(values), "infinite")
    yield from _check_leak(table, sensor)
    if table.time is None and called_time(sensor) and (np.diff(values[finite]) >= 0).all():
        yield Finding(
            "problem",
            sensor,
            "Its name suggests a time and its values never decrease, but they cannot be read as times.",
            "Write times such as 2023-01-09 06:00:00 and upload the file again, or ignore the column.",
            "ignore",
        )
    elif _counts_rows(values[finite], len(values)):
        yield Finding(
            "warning",
            sensor,
            "Its values rise by the same step, like a row counter.",
            IGNORE,
            "ignore",
        )
    few = distinct(table.frame[sensor])
    # In a category, an infinite value would be a grade like any other and never be reported.
    whole = few is not None and np.isfinite(few).all() and (few == np.round(few)).all()
    if few is not None and whole and 2 * len(few) <= len(values):
        yield Finding(
            "note",
            sensor,
            f"It holds only {len(few)} distinct whole numbers, like a grade or a switch.",
            "Treat it as a category. This changes no rows, cells or events.",
            "category",
        )


def _check_category(table: Table, category: str) -> Iterator[Finding]:
    column = table.frame[category]
    n_grades = len(column.cat.categories)
    if n_grades < 2:
        yield Finding("warning", category, "It holds fewer than two values.", IGNORE, "ignore")
        return
    if n_grades > MANY_GRADES:
        yield Finding("warning", category, f"It holds {n_grades} distinct values.", IGNORE, "ignore")
    missing = column.isna().to_numpy()
    yield from _check_missing(table, category, missing, missing, "missing")
    yield from _check_leak(table, category)


def _counts_rows(values: np.ndarray, n_rows: int) -> bool:
    """Whether the values count rows, in any order and with some rows missing."""
    ranked = np.unique(values)
    if n_rows <= 9 or len(ranked) < EVEN * n_rows:
        return False
    steps = np.diff(ranked)
    step = np.median(steps)
    return bool((abs(steps - step) <= 0.01 * step).mean() >= EVEN)


def _check_missing(
    table: Table, column: str, unusable: np.ndarray, bad: np.ndarray, word: str
) -> Iterator[Finding]:
    """Report missing or infinite values; one fix handles all that are unusable."""
    count = int(bad.sum())
    if not count:
        return
    share, first = count / len(bad), int(np.flatnonzero(bad)[0])
    fix, action = _missing_fix(table, unusable, bad)
    yield Finding(
        "problem" if share > 0.5 else "warning",
        column,
        f"{_values(count)} {word} ({share:.2%}), first in line {table.line(first)}; "
        "windows that contain them are left out.",
        fix,
        action,
    )


def _missing_fix(table: Table, unusable: np.ndarray, bad: np.ndarray) -> tuple[str, Action]:
    """Carry values forward, or drop the first rows: they have no earlier value."""
    if bad.mean() > 0.5:
        return IGNORE, "ignore"
    start = leading(unusable)
    at_start = not bad[start:].any()
    effect = dropping(np.arange(len(bad)) >= start, table.label) if at_start else filling(unusable)
    if effect.refused is not None:
        return f"{effect.refused}. Complete the values in the file, or ignore the column.", "ignore"
    what = "Drop these first rows." if at_start else "Carry the last value forward."
    return f"{what} {effect.in_words}", "drop-rows" if at_start else "forward-fill"


def _check_leak(table: Table, column: str) -> Iterator[Finding]:
    """Find a column that repeats the label, and so gives the answer away."""
    series = table.frame[column]
    if distinct(series.astype("str") if series.dtype == "category" else series) is None:
        return
    codes, grades = pd.factorize(series)
    if 2 * len(grades) > table.n_rows:  # in so short a file, any value would match the label
        return
    known = codes >= 0
    rows = np.bincount(codes[known], minlength=len(grades))
    both = np.bincount(codes[known], weights=table.label[known], minlength=len(grades))
    shared = both / (rows + table.label.sum() - both)
    best = int(shared.argmax())
    if shared[best] >= LEAK and both[best] > 1:
        yield Finding(
            "problem",
            column,
            f"It is {shown(grades[best])} in {both[best]:.0f} of the {table.label.sum()} rows labelled as "
            f"events and in {plural(int(rows[best] - both[best]), 'other row')}, so it repeats the label.",
            IGNORE,
            "ignore",
        )
    elif len(grades) == 2 and resembles_label(column):
        yield Finding(
            "warning",
            column,
            "It is binary and named like a label; it may be known only after an event.",
            IGNORE,
            "ignore",
        )


def _from_note(note: Note, n_rows: int) -> Finding:
    """Turn a note of `table.apply_schema` into a finding."""
    if note.fact == "zones":
        what = f"Its times have the zone {note.detail} and were converted to UTC."
        return Finding("note", note.column, what, "All times of this table are shown in UTC.")
    if note.fact == "text in numbers":
        what = f"It holds numbers, except {shown(note.detail)} in line {note.line}; it is ignored."
        effect = Effect(n_rows, filled=note.count)
        if effect.refused is not None:
            return Finding(
                "warning", note.column, what, f"{effect.refused}. Correct the file to use the column."
            )
        fix = "Treat texts as missing, carry the last number forward and use the column as a sensor."
        return Finding("warning", note.column, what, f"{fix} {effect.in_words}", "forward-fill")
    if note.fact == "other notation":
        found = f"{shown(note.detail)} in line {note.line}"
        what = f"{found} is a number in another notation; the column is ignored."
        fix = (
            "Write all numbers in one format, without units or thousands separators, "
            "and upload the file again."
        )
        return Finding("warning", note.column, what, fix)
    if note.fact == "unread time":
        what = f"No time can be read from texts such as {shown(note.detail)} in line {note.line}"
        what += f", so rows are counted: {ROWS_COUNTED}."
        fix = "Write the date and the time of day, such as 2023-01-09 06:00:00, and upload the file again."
        return Finding("problem", note.column, what, fix)
    what = {
        "empty": "It holds no value; it is ignored.",
        "constant": f"It holds only the value {shown(note.detail)}; it is ignored.",
        "many texts": "It holds texts with many distinct values; it is ignored.",
    }[note.fact]
    return Finding("note", note.column, what, "No action is needed.")


def _values(count: int) -> str:
    return "1 value is" if count == 1 else f"{count:,} values are"
