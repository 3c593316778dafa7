"""Checks of what a sensor or a category holds: nothing, one value, gaps, a counter, a few grades."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rare_event.checks.base import IGNORE, Check, Sensor, SensorCheck, Subject
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
LONG = 100_000
BLOCK = 5  # rows of a gap on average, from which missing values stand in blocks
EVEN = 0.9  # share of equal steps in a row counter, since some rows or cells may be missing


class NoNumbers(SensorCheck):
    """A sensor without a finite value."""

    code = "RE301"
    title = "No numbers in a sensor"
    why = "Every window would be left out, because it contains no value of this sensor."
    remedy = "Ignore the column."
    example = "time,x1,x2\n06:00,1.2,\n06:02,1.3,"

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Report such sensors."""
        for sensor in subject.sensors:
            if not sensor.n_finite:
                yield self.found("problem", sensor.name, "It holds no numbers.", IGNORE, "ignore")


class Constant(SensorCheck):
    """A sensor of one value."""

    code = "RE302"
    title = "A constant sensor"
    why = "It tells a model nothing, and cannot be scaled."
    remedy = "Ignore the column."
    example = "time,x1,x2\n06:00,1.2,7\n06:02,1.3,7"

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Report the value."""
        for sensor in subject.sensors:
            if sensor.n_finite and not sensor.varies:
                what = f"It holds only the value {sensor.bounds[0]:g}."
                yield self.found("warning", sensor.name, what, IGNORE, "ignore")


class Missing(SensorCheck):
    """Missing values of a sensor."""

    code = "RE304"
    title = "Missing values"
    why = "A window that contains a missing value is not scored, and an alarm cannot sound there."
    remedy = "Carry the last value forward with the one-click fix where it is offered, or complete the file."
    example = "time,x1\n06:00,1.2\n06:02,\n06:04,1.4"

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Report their number, share and first line."""
        for sensor in subject.sensors:
            if sensor.n_finite < len(sensor.values) and sensor.varies:
                bad = np.isnan(sensor.values)
                yield from _missing(self, subject.table, sensor.name, ~sensor.finite, bad, "missing")


class Infinite(SensorCheck):
    """Infinite values of a sensor."""

    code = "RE305"
    title = "Infinite values"
    why = "No model can read them; a window that contains one is not scored."
    remedy = "Carry the last value forward with the one-click fix where it is offered, or correct the file."
    example = "time,x1\n06:00,1.2\n06:02,inf\n06:04,1.4"

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Report their number, share and first line."""
        for sensor in subject.sensors:
            if sensor.n_finite < len(sensor.values) and sensor.varies:
                bad = np.isinf(sensor.values)
                yield from _missing(self, subject.table, sensor.name, ~sensor.finite, bad, "infinite")


class Counter(SensorCheck):
    """A sensor that counts the rows."""

    code = "RE308"
    title = "A row counter"
    why = "It tells a model where in the file a row stands, not how the plant runs."
    remedy = "Ignore the column."
    example = "time,x1,id\n06:00,1.2,1\n06:02,1.3,2\n06:04,1.3,3"

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Report sensors whose sorted values rise by one step."""
        for sensor in subject.sensors:
            if sensor.varies and counts_rows(sensor) and not is_clock(subject, sensor.name):
                what = "Its values rise by the same step, like a row counter."
                yield self.found("warning", sensor.name, what, IGNORE, "ignore")


class WholeNumbers(SensorCheck):
    """A sensor of few whole numbers."""

    code = "RE313"
    title = "Few distinct whole numbers"
    why = "A grade or a switch has no order: 3 is not between 2 and 4."
    remedy = "Treat the column as a category with the one-click fix, unless it is a measurement."
    example = "time,x1,grade\n06:00,1.2,90\n06:02,1.3,96\n06:04,1.3,90"

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Report their number."""
        for sensor in subject.sensors:
            if not sensor.varies:
                continue
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
        return None if subject.table.schema.categories else "The table has no category."


class OneGrade(CategoryCheck):
    """A category of one value."""

    code = "RE401"
    title = "A category of one value"
    why = "It tells a model nothing."
    remedy = "Ignore the column."
    example = "time,x1,grade\n06:00,1.2,A\n06:02,1.3,A"

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Report such categories."""
        for name in subject.table.schema.categories:
            if len(subject.table.frame[name].cat.categories) < 2:
                yield self.found("warning", name, "It holds fewer than two values.", IGNORE, "ignore")


class ManyGrades(CategoryCheck):
    """A category of many values."""

    code = "RE402"
    title = "A category of many values"
    why = "Each value becomes an input of the model, most of them seen too rarely to learn from."
    remedy = "Ignore the column, or group its values."
    example = "time,x1,batch\n06:00,1.2,B-1041\n06:02,1.3,B-1042"

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Report their number."""
        for name in subject.table.schema.categories:
            n_grades = len(subject.table.frame[name].cat.categories)
            if n_grades > MANY_GRADES:
                what = f"It holds {n_grades} distinct values."
                yield self.found("warning", name, what, IGNORE, "ignore")


class MissingGrades(CategoryCheck):
    """Missing values of a category."""

    code = "RE403"
    title = "Missing values of a category"
    why = "A window that contains a missing value is not scored, and an alarm cannot sound there."
    remedy = "Carry the last value forward with the one-click fix where it is offered, or complete the file."
    example = "time,x1,grade\n06:00,1.2,A\n06:02,1.3,\n06:04,1.3,A"

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Report their number, share and first line."""
        for name in subject.table.schema.categories:
            column = subject.table.frame[name]
            if len(column.cat.categories) >= 2:
                missing = column.isna().to_numpy()
                yield from _missing(self, subject.table, name, missing, missing, "missing")


class RareGrade(CategoryCheck):
    """A value of a category that hardly occurs."""

    code = "RE404"
    title = "Rare values of a category"
    why = "A model sees such a value too rarely to learn what is normal then, and scores its rows high."
    remedy = "Keep it in mind when alarms fall on these rows, or ignore the column."
    example = "time,x1,grade\n06:00,1.2,A\n06:02,1.3,A\n...\n18:00,1.3,B"

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Report each such value, its number of rows and its first line."""
        table = subject.table
        for name in table.schema.categories:
            column = table.frame[name]
            grades, codes = column.cat.categories, column.cat.codes.to_numpy()
            counts = np.bincount(codes[codes >= 0], minlength=len(grades))
            rare = np.flatnonzero((counts > 0) & (counts < RARE_GRADE * table.n_rows))
            if len(grades) > MANY_GRADES or not len(rare):
                continue
            named = ", ".join(
                f"{shown(grades[k])} in {plural(int(counts[k]), 'row')}, first in line "
                f"{table.line(int(np.argmax(codes == k)))}"
                for k in rare[:5]
            )
            more = f", and {plural(len(rare) - 5, 'other')}" if len(rare) > 5 else ""
            what = f"Of its {len(grades)} values, {len(rare)} hardly occur: {named}{more}."
            yield self.found("note", name, what, self.remedy)


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
    check: Check, table: Table, column: str, unusable: np.ndarray, bad: np.ndarray, word: str
) -> Iterator[Finding]:
    """Report missing or infinite values; one fix handles all that are unusable."""
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
        "windows that contain them are left out.",
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
        return f", in {blocks} of up to {plural(int(lengths.max()), 'row')}"
    return f", scattered over {len(lengths):,} places"


def _missing_fix(table: Table, unusable: np.ndarray, bad: np.ndarray) -> tuple[str, Action]:
    """Carry values forward, or drop the first rows: they have no earlier value."""
    if bad.mean() > 0.5:
        return IGNORE, "ignore"
    start = leading(unusable)
    at_start = not bad[start:].any()
    if table.asset is not None:
        # The first rows of one machine are no first rows of the file, and no value is carried to another.
        at_start, parts = False, [unusable[rows] for rows in asset_rows(table.asset)]
        if not sum(int(part.sum()) - leading(part) for part in parts):
            return "Complete the values in the file, or ignore the column.", "ignore"
        unusable = np.concatenate([part & (np.arange(len(part)) >= leading(part)) for part in parts])
    effect = dropping(np.arange(len(bad)) >= start, table.label) if at_start else filling(unusable)
    if effect.refused is not None:
        return f"{effect.refused}. Complete the values in the file, or ignore the column.", "ignore"
    what = "Drop these first rows." if at_start else "Carry the last value forward."
    return f"{what} {effect.in_words}", "drop-rows" if at_start else "forward-fill"


CHECKS: tuple[Check, ...] = (
    NoNumbers(),
    Constant(),
    Missing(),
    Infinite(),
    Counter(),
    WholeNumbers(),
    OneGrade(),
    ManyGrades(),
    MissingGrades(),
    RareGrade(),
)
