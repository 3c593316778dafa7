"""What a check is: its code and its words, and how it finds defects in a table."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from rare_event.checks.findings import Action, Finding, Grade
from rare_event.checks.measures import stuck_at
from rare_event.checks.order import machine_columns
from rare_event.checks.sentinels import sentinels
from rare_event.prepare.assets import asset_rows
from rare_event.prepare.notes import Note
from rare_event.prepare.table import Table

TEXTS: dict[str, dict[str, Any]] = tomllib.loads(
    Path(__file__).with_name("texts.toml").read_text(encoding="utf-8")
)
# Rows from which on a column takes long to sort.
LONG = 100_000
# Sensors checked at once in tables as long.
AT_ONCE = 2
IGNORE: tuple[str, Action] = ("Leave out the column. This changes no rows, cells or events.", "ignore")


@dataclass(frozen=True, eq=False)
class Sensor:
    """The values of a sensor, and which of them are finite, both of shape (n_rows,)."""

    name: str
    values: np.ndarray
    finite: np.ndarray

    @cached_property
    def n_finite(self) -> int:
        """Number of finite values."""
        return int(np.count_nonzero(self.finite))

    @property
    def usable(self) -> np.ndarray:
        """The finite values, in the order of the file."""
        return self.values if self.n_finite == len(self.values) else self.values[self.finite]

    @cached_property
    def bounds(self) -> tuple[float, float]:
        """Lowest and highest finite value; NaN without any."""
        usable = self.usable
        return (float(usable.min()), float(usable.max())) if len(usable) else (np.nan, np.nan)

    @cached_property
    def sentinels(self) -> tuple[tuple[float, int], ...]:
        """Numbers that stand for a missing value, and how often each is there."""
        return tuple(sentinels(self.usable)) if self.varies else ()

    @cached_property
    def ends(self) -> tuple[float, ...]:
        """Lowest and highest value, where the sensor is saturated there."""
        return tuple(end for end, _ in stuck_at(self.usable)) if self.varies else ()

    @property
    def varies(self) -> bool:
        """Whether it has two different finite values."""
        return self.bounds[0] < self.bounds[1]


@dataclass(frozen=True, eq=False)
class Subject:
    """A table under check, with what several checks need."""

    table: Table

    @cached_property
    def sensors(self) -> tuple[Sensor, ...]:
        """The sensors."""
        columns = ((name, self.table.frame[name].to_numpy()) for name in self.table.schema.sensors)
        return tuple(Sensor(name, values, np.isfinite(values)) for name, values in columns)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the sensors and the categories."""
        return (*self.table.schema.sensors, *self.table.schema.categories)

    @property
    def times(self) -> np.ndarray:
        """The times; none of any row in a table without a clock."""
        time = self.table.time
        return np.empty(0, dtype="datetime64[ns]") if time is None else time

    @cached_property
    def machines(self) -> tuple[slice, ...]:
        """The rows of each asset; all rows for one machine."""
        asset = self.table.asset
        return (slice(0, self.table.n_rows),) if asset is None else tuple(asset_rows(asset))

    @cached_property
    def machine_column(self) -> str | None:
        """The column that distinguishes rows that share a time, in a table without assets."""
        return next(machine_columns(self.table), None)

    @cached_property
    def starts(self) -> np.ndarray:
        """First row of each event."""
        return np.flatnonzero(np.diff(self.table.label, prepend=np.int8(0)) == 1)


class Check:
    """One kind of defect; subclasses find it, and name the code of its words in ``texts.toml``.

    `code` never changes its meaning: analysts accept findings by it.
    """

    code: ClassVar[str]
    title: ClassVar[str]
    why: ClassVar[str]
    remedy: ClassVar[str]
    example: ClassVar[str]

    def __init_subclass__(cls, code: str = "") -> None:
        if code:
            cls.code, text = code, TEXTS[code]
            cls.title, cls.why, cls.remedy, cls.example = (
                text[part] for part in ("title", "why", "remedy", "example")
            )

    def not_applicable(self, subject: Subject) -> str | None:
        """Return why the check says nothing of this table; None if it applies."""
        return None

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Find the defects."""
        yield from ()

    def found(
        self,
        grade: Grade,
        column: str | None,
        what: str,
        fix: str = "",
        action: Action | None = None,
        parameters: tuple[float | str, ...] = (),
    ) -> Finding:
        """Return a finding with the code and the words of this check; without a fix, that is the remedy."""
        words = (self.code, self.title, self.why)
        return Finding(grade, column, what, fix or self.remedy, action, *words, parameters)


class SensorCheck(Check):
    """A check of each sensor on its own.

    `varying` says whether it is one of sensors that have two different values, or of those that have not.
    """

    varying: ClassVar[bool] = True

    def not_applicable(self, subject: Subject) -> str | None:
        """Return a reason for a table without sensors."""
        return None if subject.sensors else "The table has no sensors."

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Find the defects, sensor by sensor."""
        alike = [sensor for sensor in subject.sensors if sensor.varies is self.varying]
        if subject.table.n_rows <= LONG:
            for sensor in alike:
                yield from self._of(subject, sensor)
            return
        # In long columns most of it is NumPy's work, which leaves Python to the other thread.
        with ThreadPoolExecutor(AT_ONCE) as threads:
            for found in threads.map(lambda sensor: [*self._of(subject, sensor)], alike):
                yield from found

    def _of(self, subject: Subject, sensor: Sensor) -> Iterator[Finding]:
        yield from ()


class ClockCheck(Check):
    """A check of the times."""

    def not_applicable(self, subject: Subject) -> str | None:
        """Return a reason for a table without times."""
        return None if subject.table.time is not None else "The table has no time column."


class NoteCheck(Check):
    """A check of the facts that reading noted about columns."""

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Find the defects, note by note."""
        for note in subject.table.notes:
            yield from self._of(subject, note)

    def _of(self, subject: Subject, note: Note) -> Iterator[Finding]:
        yield from ()


def coded(room: dict[str, object]) -> Iterator[type[Check]]:
    """Yield the checks among the names of a module."""
    for kind in room.values():
        if isinstance(kind, type) and issubclass(kind, Check) and hasattr(kind, "code"):
            yield kind
