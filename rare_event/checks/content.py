"""Checks of what a sensor or a category holds: nothing, one value, gaps, a counter, a few grades."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from rare_event.checks.base import IGNORE, LONG, Check, Sensor, SensorCheck, Subject
from rare_event.checks.effects import dropping, filling, leading
from rare_event.checks.findings import Action, Finding
from rare_event.checks.measures import sampled
from rare_event.checks.no_clock import is_clock
from rare_event.prepare.assets import asset_rows
from rare_event.prepare.table import Table
from rare_event.read.values import distinct, shown
from rare_event.text import plural

MANY_GRADES = 50
RARE_GRADE = 0.005  # share of the rows below which a value of a category is rare
BLOCK = 5  # rows of a gap on average, from which missing values stand in blocks
# What becomes of one missing value, and of several.
LEFT_OUT = "windows that contain it are left out", "windows that contain them are left out"
OF_NO_VALUE = (
    "its row is scored, but belongs to no value of the column",
    "their rows are scored, but belong to no value of the column",
)
EVEN = 0.9  # share of equal steps in a row counter, since some rows or cells may be missing


class NoNumbers(SensorCheck, code="RE301"):
    """A sensor without a finite value."""

    varying = False

    def _of(self, subject: Subject, sensor: Sensor) -> Iterator[Finding]:
        if not sensor.n_finite:
            yield self.found("problem", sensor.name, "It holds no numbers.", *IGNORE)


class Constant(SensorCheck, code="RE302"):
    """A sensor of one value."""

    varying = False

    def _of(self, subject: Subject, sensor: Sensor) -> Iterator[Finding]:
        if sensor.n_finite:
            what = f"It holds only the value {sensor.bounds[0]:g}."
            yield self.found("warning", sensor.name, what, *IGNORE)


class Missing(SensorCheck, code="RE304"):
    """Missing values of a sensor."""

    def _of(self, subject: Subject, sensor: Sensor) -> Iterator[Finding]:
        if sensor.n_finite < len(sensor.values):
            bad = np.isnan(sensor.values)
            yield from _missing(self, subject.table, sensor.name, ~sensor.finite, bad, "missing")


class Infinite(SensorCheck, code="RE305"):
    """Infinite values of a sensor."""

    def _of(self, subject: Subject, sensor: Sensor) -> Iterator[Finding]:
        if sensor.n_finite < len(sensor.values):
            bad = np.isinf(sensor.values)
            yield from _missing(self, subject.table, sensor.name, ~sensor.finite, bad, "infinite")


class Counter(SensorCheck, code="RE308"):
    """A sensor that counts the rows."""

    def _of(self, subject: Subject, sensor: Sensor) -> Iterator[Finding]:
        if counts_rows(sensor) and not is_clock(subject, sensor.name):
            what = "Its values are evenly spaced and hardly repeat, like a row counter."
            yield self.found("warning", sensor.name, what, *IGNORE)


class WholeNumbers(SensorCheck, code="RE313"):
    """A sensor of few whole numbers."""

    def _of(self, subject: Subject, sensor: Sensor) -> Iterator[Finding]:
        few = distinct(subject.table.frame[sensor.name])
        # In a category, an infinite value would be a grade like any other and never be reported.
        whole = few is not None and np.isfinite(few).all() and (few == np.round(few)).all()
        if few is not None and whole and 2 * len(few) <= len(sensor.values):
            what = f"It holds only {len(few)} distinct whole numbers, like a grade or a switch."
            fix = "Treat it as a category. This changes no rows, cells or events."
            yield self.found("note", sensor.name, what, fix, "category")


class CategoryCheck(Check):
    """A check of each category on its own."""

    def not_applicable(self, subject: Subject) -> str | None:
        """Return a reason for a table without categories."""
        return None if subject.table.schema.categories else "The table has no categories."

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Find the defects, category by category."""
        for name in subject.table.schema.categories:
            yield from self._of(subject, subject.table.frame[name])

    def _of(self, subject: Subject, column: pd.Series) -> Iterator[Finding]:
        yield from ()


class OneGrade(CategoryCheck, code="RE401"):
    """A category of one value."""

    def _of(self, subject: Subject, column: pd.Series) -> Iterator[Finding]:
        if len(column.cat.categories) < 2:
            yield self.found("warning", str(column.name), "It holds fewer than two distinct values.", *IGNORE)


class ManyGrades(CategoryCheck, code="RE402"):
    """A category of many values."""

    def _of(self, subject: Subject, column: pd.Series) -> Iterator[Finding]:
        n_grades = len(column.cat.categories)
        if n_grades > MANY_GRADES:
            yield self.found("warning", str(column.name), f"It holds {n_grades} distinct values.", *IGNORE)


class MissingGrades(CategoryCheck, code="RE403"):
    """Missing values of a category."""

    def _of(self, subject: Subject, column: pd.Series) -> Iterator[Finding]:
        if len(column.cat.categories) >= 2:
            missing = column.isna().to_numpy()
            yield from _missing(
                self, subject.table, str(column.name), missing, missing, "missing", OF_NO_VALUE
            )


class RareGrade(CategoryCheck, code="RE404"):
    """A value of a category that hardly occurs."""

    def _of(self, subject: Subject, column: pd.Series) -> Iterator[Finding]:
        table, grades, codes = subject.table, column.cat.categories, column.cat.codes.to_numpy()
        counts = np.bincount(codes[codes >= 0], minlength=len(grades))
        rare = np.flatnonzero((counts > 0) & (counts < RARE_GRADE * table.n_rows))
        if len(grades) > MANY_GRADES or not len(rare):
            return
        named = "; ".join(
            f"{shown(grades[k])} in {plural(int(counts[k]), 'row')}, first in line "
            f"{table.line(int(np.argmax(codes == k)))}"
            for k in rare[:5]
        )
        more = f"; and {plural(len(rare) - 5, 'other')}" if len(rare) > 5 else ""
        verb = "is" if len(rare) == 1 else "are"
        what = f"Of its {len(grades)} values, {len(rare)} {verb} rare: {named}{more}."
        yield self.found("note", str(column.name), what)


def counts_rows(sensor: Sensor) -> bool:
    """Whether the values count rows, in any order and with some rows missing."""
    n_rows = len(sensor.values)
    if n_rows <= 9 or sensor.n_finite < EVEN * n_rows:
        return False
    values = sensor.usable
    # Sorting a million values takes long; a counter also counts in a thin slice of its values.
    if n_rows > LONG and not any(_even(part, 0.5) for part in _slices(values)):
        return False
    ranked = np.unique(values)
    return len(ranked) >= EVEN * n_rows and _even(ranked, EVEN)


def _slices(values: np.ndarray) -> Iterator[np.ndarray]:
    """Yield about a hundredth of the values from three places of their range, sorted."""
    few = sampled(values)
    for share in (0.25, 0.5, 0.75):
        low, high = np.quantile(few, [share, share + 0.01])
        yield np.unique(values[(values >= low) & (values <= high)])


def _even(ranked: np.ndarray, least: float) -> bool:
    """Whether at least this share of the steps between sorted values is equal."""
    steps = np.diff(ranked)
    if not len(steps):
        return False
    step = np.median(steps)
    return bool((abs(steps - step) <= 0.01 * step).mean() >= least)


def _missing(
    check: Check,
    table: Table,
    column: str,
    unusable: np.ndarray,
    bad: np.ndarray,
    word: str,
    then: tuple[str, str] = LEFT_OUT,
) -> Iterator[Finding]:
    """Report missing or infinite values and what becomes of them; one fix handles all that are unusable."""
    count = int(bad.sum())
    if not count:
        return
    share, first = count / len(bad), int(np.flatnonzero(bad)[0])
    fix, action = _missing_fix(table, unusable, bad)
    number = "1 value is" if count == 1 else f"{count:,} values are"
    yield check.found(
        "problem" if share > 0.5 else "warning",
        column,
        f"{number} {word} ({share:.2%}), first in line {table.line(first)}{_pattern(bad)}; "
        f"{then[count > 1]}.",
        fix,
        action,
    )


def _pattern(bad: np.ndarray) -> str:
    """Say whether the marked rows stand in blocks or alone; nothing for a few."""
    count = int(bad.sum())
    if count < 10:
        return ""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], bad, [False]])))
    lengths = edges[1::2] - edges[::2]
    if count >= BLOCK * len(lengths):
        blocks = plural(len(lengths), "block")
        up_to = "up to " if len(lengths) > 1 else ""
        return f", in {blocks} of {up_to}{plural(int(lengths.max()), 'row')}"
    return f", scattered over {len(lengths):,} places"


def _missing_fix(table: Table, unusable: np.ndarray, bad: np.ndarray) -> tuple[str, Action]:
    """Carry values forward, or drop the first rows: they have no earlier value."""
    if bad.mean() > 0.5:
        return IGNORE
    start = leading(unusable)
    at_start = not bad[start:].any()
    if table.asset is not None:
        # The first rows of one machine are no first rows of the file, and no value is carried to another.
        at_start, parts = False, [unusable[rows] for rows in asset_rows(table.asset)]
        if not sum(int(part.sum()) - leading(part) for part in parts):
            return "Complete the values in the file, or leave out the column.", "ignore"
        unusable = np.concatenate([part & (np.arange(len(part)) >= leading(part)) for part in parts])
    effect = dropping(np.arange(len(bad)) >= start, table.label) if at_start else filling(unusable)
    if effect.refused is not None:
        return f"{effect.refused}. Complete the values in the file, or leave out the column.", "ignore"
    what = "Drop these first rows." if at_start else "Carry the last value forward."
    return f"{what} {effect.in_words}", "drop-rows" if at_start else "forward-fill"
