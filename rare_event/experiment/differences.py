"""How the values of a new table differ from those of training: units, ranges, the step, machines, grades."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from shlex import quote
from typing import Literal

import numpy as np
import pandas as pd

from rare_event.experiment.facts import MOST_ROWS, SensorRange
from rare_event.experiment.suppressing import MOST_NAMED
from rare_event.experiment.trained import Trained
from rare_event.prepare.assets import MOST_APART
from rare_event.prepare.table import Table
from rare_event.read.values import shown
from rare_event.text import listed, number, plural

Kind = Literal[
    "missing",
    "renamed",
    "new",
    "text",
    "unit",
    "range",
    "step",
    "label",
    "time",
    "machine",
    "value",
    "suppression",
]
# The usual confusions of units, as what the numbers are multiplied by and what is added.
UNITS: tuple[tuple[str, float, float], ...] = (
    ("degrees Fahrenheit instead of Celsius", 1.8, 32.0),
    ("degrees Celsius instead of Fahrenheit", 1 / 1.8, -32 / 1.8),
    ("kelvin instead of degrees Celsius", 1.0, 273.15),
    ("degrees Celsius instead of kelvin", 1.0, -273.15),
    *((f"1/{factor:,}", 1.0 / factor, 0.0) for factor in (10, 60, 100, 1000, 3600, 100_000, 1_000_000)),
    *((f"{factor:,}", float(factor), 0.0) for factor in (10, 60, 100, 1000, 3600, 100_000, 1_000_000)),
    ("psi instead of bar", 14.5038, 0.0),
    ("bar instead of psi", 1 / 14.5038, 0.0),
)
# Quantiles that agree within this share of the training spread; a sensor moves from one file to the next.
NEAR = 0.35
# Share of the rows outside the training range from which it is said, and the range widened by this share.
OUTSIDE, MARGIN = 0.2, 0.1
FEW_ROWS = 20


@dataclass(frozen=True)
class Mismatch:
    """One way in which a new table differs from the one that was trained on.

    Parameters
    ----------
    kind
        What differs.
    column
        Name of the column; None for the table.
    what
        What was found, in one sentence.
    fix
        What to do about it.
    blocks
        Whether nothing can be scored until it is settled.
    suggestion
        For a column that seems to be renamed: its name in the file.
    """

    kind: Kind
    column: str | None
    what: str
    fix: str
    blocks: bool = False
    suggestion: str = ""

    @property
    def option(self) -> str:
        """The option of the command line that settles it; empty if there is none."""
        return (
            f"Confirm it with --map {quote(f'{self.suggestion}={self.column}')}." if self.suggestion else ""
        )


def value_differences(trained: Trained, table: Table) -> Iterator[Mismatch]:
    """Find what differs in the values of a table."""
    yield from _step(trained, table)
    yield from _machines(trained, table)
    for sensor in trained.facts.ranges:
        values = table.frame[sensor.name]
        if pd.api.types.is_numeric_dtype(values):
            yield from _range(sensor, values.to_numpy()[:: -(-table.n_rows // MOST_ROWS)])
    for column, grades in _grades(trained).items():
        new = sorted({*table.frame[column].astype(str).unique()} - {*grades})
        if new:
            yield Mismatch(
                "value",
                column,
                f"Column {shown(column)} holds {shown(new[0])}, which it did not in training.",
                "Check the scores of these rows, or train again.",
            )
    yield from _unsuppressed(trained, table)


def _unsuppressed(trained: Trained, table: Table) -> Iterator[Mismatch]:
    """Find values that suppress nothing, and may be another spelling of one that does."""
    policy, column = trained.policy, trained.policy.suppress_column
    known = trained.facts.categories.get(column)
    if known is None or not policy.suppress_values:
        return
    counts = table.frame[column].dropna().astype(str).value_counts()
    new = sorted({*counts.index} - {*known, *policy.suppress_values})
    if not new:
        return
    named = listed([f"{shown(value)} ({plural(int(counts[value]), 'row')})" for value in new], MOST_NAMED)
    one = len(new) == 1
    what, does = ("a value", "It does") if one else ("values", "They do")
    means, them = ("it means", "it") if one else ("they mean", "them")
    change = "; only a change of the value does" if policy.suppress_after else ""
    yield Mismatch(
        "suppression",
        column,
        f"Column {shown(column)} has {what} that no training row had: {named}. {does} not suppress "
        f"alarms{change}.",
        f"If {means} the same as in training, write {them} as in the training file.",
    )


def _step(trained: Trained, table: Table) -> Iterator[Mismatch]:
    unit = trained.time_unit
    if unit.reason or table.time is None or table.n_rows < FEW_ROWS:
        return
    if table.time_unit.reason:
        yield Mismatch(
            "time",
            table.schema.time,
            "Many rows share a time, or their times run backwards. In training they did not.",
            "Sort the file, or correct its times.",
        )
        return
    step, usual = table.step, trained.facts.step
    apart = max(step, usual) / min(step, usual)
    if apart > MOST_APART:
        yield Mismatch(
            "step",
            None,
            f"Rows are {unit.span(step)} apart, in training they were {unit.span(usual)} apart: windows and "
            "changes would cover other lengths of time.",
            "Give the file the step of training.",
            True,
        )


def _machines(trained: Trained, table: Table) -> Iterator[Mismatch]:
    for machine in table.assets:
        if machine not in trained.facts.levels:
            yield Mismatch(
                "machine",
                trained.schema.asset,
                f"Machine {shown(machine)} was not in the training data; it is scored like the others.",
                "Watch its alarms, or train with its rows.",
            )


def _range(sensor: SensorRange, column: np.ndarray) -> Iterator[Mismatch]:
    values = column[np.isfinite(column)].astype(float)
    if len(values) < FEW_ROWS or sensor.low is None or sensor.high is None or sensor.median is None:
        return
    margin = MARGIN * (sensor.high - sensor.low)
    outside = float(((values < sensor.low - margin) | (values > sensor.high + margin)).mean())
    if outside < OUTSIDE:
        return
    name = shown(sensor.name)
    spans = (
        f"{number(float(values.min()))} to {number(float(values.max()))}, in training "
        f"{number(sensor.low)} to {number(sensor.high)}"
    )
    unit = _unit(sensor, values)
    if unit:
        times = unit if "instead" in unit else f"with numbers {unit} times as large"
        yield Mismatch(
            "unit",
            sensor.name,
            f"Column {name} seems to be in another unit, {times}: it holds {spans}.",
            "Convert it to the unit of training.",
        )
        return
    yield Mismatch(
        "range",
        sensor.name,
        f"Column {name} is outside its training range in {outside:.0%} of the rows: it holds {spans}.",
        "Check the sensor; if the machine has changed, train again.",
    )


def _unit(sensor: SensorRange, values: np.ndarray) -> str:
    """Name the change of unit that brings the training quantiles to the new ones; empty if none does."""
    if not sensor.spread or sensor.p5 is None or sensor.median is None or sensor.p95 is None:
        return ""
    new = np.quantile(values, (0.05, 0.5, 0.95))
    old = np.array([sensor.p5, sensor.median, sensor.p95])
    fits = []
    for name, factor, offset in UNITS:
        expected = factor * old + offset
        error = float(np.abs(new - expected).max()) / (factor * sensor.spread)
        fits.append((error, name))
    error, name = min(fits)
    return name if error <= NEAR else ""


def _grades(trained: Trained) -> dict[str, tuple[str, ...]]:
    """Values of the category columns that are inputs."""
    grades: dict[str, tuple[str, ...]] = {}
    for leaf in trained.part.leaves():
        if leaf.representation is not None:
            grades |= dict(leaf.representation.categories)
    return grades
