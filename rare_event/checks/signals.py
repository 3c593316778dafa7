"""Checks of how a sensor behaves: words for missing values, saturation, frozen stretches, peaks, drift."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rare_event.checks.base import IGNORE, Sensor, SensorCheck, Subject
from rare_event.checks.content import counts_rows
from rare_event.checks.effects import Effect
from rare_event.checks.findings import Finding, Grade
from rare_event.checks.measures import (
    NEARLY,
    Level,
    copies,
    levels,
    longest_still,
    share_of_mode,
    spikes,
    stuck_at,
)
from rare_event.checks.sentinels import MOST_SENTINELS
from rare_event.read.values import shown
from rare_event.text import listed, plural

COPY = 0.9999


class NearlyConstant(SensorCheck, code="RE303"):
    """One value nearly everywhere."""

    def _of(self, subject: Subject, sensor: Sensor) -> Iterator[Finding]:
        value, share = share_of_mode(sensor.usable)
        if share >= NEARLY:
            yield self.found("note", sensor.name, f"It is {value:.6g} in {share:.1%} of the rows.")


class Sentinel(SensorCheck, code="RE306"):
    """A number that stands for a missing value."""

    def _of(self, subject: Subject, sensor: Sensor) -> Iterator[Finding]:
        table = subject.table
        for number, count in sensor.sentinels:
            marked = sensor.values == number
            others = sensor.values[sensor.finite & ~marked]
            first = table.line(np.flatnonzero(marked)[0])
            what = (
                f"It is exactly {number:.8g} in {plural(count, 'row')} ({count / table.n_rows:.2%}), first "
                f"in line {first}; all other values lie between {others.min():.6g} and {others.max():.6g}."
            )
            words = "0 may mean a machine at rest. If 0 means no value, treat it as missing."
            fix = words if number == 0 else f"Treat {number:.8g} as missing."
            effect = Effect(table.n_rows, filled=count, most=MOST_SENTINELS).in_words
            grade: Grade = "note" if number == 0 else "warning"
            yield self.found(grade, sensor.name, what, f"{fix} {effect}", "missing-value", (float(number),))


class Frozen(SensorCheck, code="RE307"):
    """A sensor that holds one value for unusually long."""

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Report the longest such stretch of each sensor; sensors that freeze together are one finding."""
        table, together = subject.table, dict[tuple[int, int], list[str]]()
        for sensor in subject.sensors:
            if sensor.varies and (rows := _longest_still(subject, sensor.values)) is not None:
                value = sensor.values[rows[0]]
                # The usual value of a nearly constant sensor, a limit and a word have their own findings.
                special = {*sensor.ends, *(number for number, _ in sensor.sentinels)}
                if share_of_mode(sensor.usable)[1] < NEARLY and value not in special:
                    together.setdefault(rows, []).append(sensor.name)
        for (first, last), names in together.items():
            others = f" and {plural(len(names) - 1, 'other sensor')}" if names[1:] else ""
            others += f" ({listed([*map(shown, names[1:])])})" if others else ""
            what = f"It{others} {'do' if others else 'does'} not change for {last - first + 1:,} rows, from "
            what += f"line {table.line(first)} to line {table.line(last)}."
            yield self.found("note", names[0], what)


class Saturated(SensorCheck, code="RE309"):
    """A sensor at its lowest or highest value in many rows."""

    def _of(self, subject: Subject, sensor: Sensor) -> Iterator[Finding]:
        if share_of_mode(sensor.usable)[1] >= NEARLY:
            return
        for limit, count in stuck_at(sensor.usable):
            if limit not in dict(sensor.sentinels):
                end = "lowest" if limit == sensor.bounds[0] else "highest"
                share = count / sensor.n_finite
                what = f"It is at its {end} value, {limit:.6g}, in {share:.1%} of the rows with a value."
                yield self.found("note", sensor.name, what)


class Spikes(SensorCheck, code="RE310"):
    """Single rows far away from the row before and the row after."""

    def _of(self, subject: Subject, sensor: Sensor) -> Iterator[Finding]:
        rows = np.concatenate([part.start + spikes(sensor.values[part]) for part in subject.machines])
        rows = rows[~np.isin(sensor.values[rows], list(dict(sensor.sentinels)))]
        if len(rows):
            value, before = sensor.values[rows[0]], sensor.values[rows[0] - 1]
            found = "1 value is far from both its neighbours: it"
            if len(rows) > 1:
                found = f"{len(rows):,} values are far from both their neighbours; the first"
            what = f"{found} jumps from {before:.6g} to {value:.6g} in line {subject.table.line(rows[0])}."
            yield self.found("note", sensor.name, what)


class NearCopies(SensorCheck, code="RE311"):
    """Two sensors that measure the same."""

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Report the later column of each pair."""
        sensors = [s for s in subject.sensors if s.varies and not s.sentinels]
        if len(sensors) < 2:
            return
        told = set()
        for one, other, alike in copies([s.values for s in sensors], COPY):
            # Counters rise together because they count, which is said of each.
            if other not in told and not counts_rows(sensors[other]):
                told.add(other)
                what = (
                    f"It {'follows' if alike > 0 else 'mirrors'} {shown(sensors[one].name)} almost exactly "
                )
                what += f"(correlation {alike:.5f})."
                yield self.found("note", sensors[other].name, what, *IGNORE)


class OtherLevel(SensorCheck, code="RE312"):
    """The last part of the file lies elsewhere than the first."""

    def not_applicable(self, subject: Subject) -> str | None:
        """Return a reason for a table without sensors, or with several machines."""
        if subject.table.asset is not None or subject.machine_column is not None:
            return "The first and the last part of the file belong to different machines."
        return super().not_applicable(subject)

    def _of(self, subject: Subject, sensor: Sensor) -> Iterator[Finding]:
        # Where the middle 90% of the first and of the last fifth lie does not overlap.
        level = levels(sensor.values, sensor.finite)
        if level is not None and level.apart and not counts_rows(sensor):
            yield self.found("note", sensor.name, _moved(level))


def _longest_still(subject: Subject, values: np.ndarray) -> tuple[int, int] | None:
    """Return first and last row of the longest still stretch of any machine."""
    found = [
        (part.start + still[0], part.start + still[1])
        for part in subject.machines
        if (still := longest_still(values[part])) is not None
    ]
    return max(found, key=lambda rows: rows[1] - rows[0], default=None)


def _moved(level: Level) -> str:
    (a, b), (c, d) = level.first, level.last
    return (
        f"It lies between {a:.4g} and {b:.4g} in the first fifth of the rows, and between {c:.4g} and "
        f"{d:.4g} in the last fifth (leaving out the lowest and the highest 5% of each)."
    )
