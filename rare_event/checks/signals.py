"""Checks of how a sensor behaves: words for missing values, saturation, frozen stretches, peaks, drift."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rare_event.checks.base import IGNORE, Check, SensorCheck, Subject
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
from rare_event.text import plural

COPY = 0.9999


class NearlyConstant(SensorCheck):
    """One value nearly everywhere."""

    code = "RE303"
    title = "A nearly constant sensor"
    why = "The few other values weigh most in scaling and scores; in a new file they may be anywhere."
    remedy = "Ignore the column, unless the few other values matter."
    example = "time,x1\n06:00,-0.633\n06:02,-0.633\n06:04,31.5\n06:06,-0.633"

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Report the value and its share."""
        for sensor in subject.sensors:
            if not sensor.varies:
                continue
            value, share = share_of_mode(sensor.usable)
            if share >= NEARLY:
                what = f"It is {value:.6g} in {share:.1%} of the rows."
                yield self.found("note", sensor.name, what, self.remedy)


class Sentinel(SensorCheck):
    """A number that stands for a missing value."""

    code = "RE306"
    title = "A number that stands for a missing value"
    why = "Read as a measurement, it is the largest deviation of the file: scaling and scores follow it."
    remedy = "Treat it as missing with the one-click fix, unless it was measured."
    example = "time,x1\n06:00,51.2\n06:02,-9999\n06:04,50.8"

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Report each such number, how often it stands there and the range of the others."""
        table = subject.table
        for sensor in subject.sensors:
            for number, count in sensor.sentinels:
                marked = sensor.values == number
                others = sensor.values[sensor.finite & ~marked]
                first = table.line(np.flatnonzero(marked)[0])
                what = (
                    f"It is exactly {number:.8g} {count:,} times ({count / table.n_rows:.2%}), first in line "
                    f"{first}; all other values lie between {others.min():.6g} and {others.max():.6g}."
                )
                words = "It may mean a machine at rest. If it means no value, treat it as missing."
                fix = words if number == 0 else "Treat it as missing."
                effect = Effect(table.n_rows, filled=count, most=MOST_SENTINELS).in_words
                grade: Grade = "note" if number == 0 else "warning"
                yield self.found(
                    grade, sensor.name, what, f"{fix} {effect}", "missing-value", (float(number),)
                )


class Frozen(SensorCheck):
    """A sensor that holds one value for unusually long."""

    code = "RE307"
    title = "A frozen sensor"
    why = "While a sensor hangs or a line is cut, its values say nothing about the plant."
    remedy = "Check the sensor at that time; leave out these rows if it hung."
    example = "time,x1\n06:00,51.2\n06:02,50.8\n06:04,50.8\n06:06,50.8\n06:08,50.8"

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
            listed = f" ({', '.join(shown(n) for n in names[1:6])}{', ...' if names[6:] else ''})"
            what = f"It{others}{listed if names[1:] else ''} {'hold' if others else 'holds'} one value for "
            what += f"{last - first + 1:,} rows, lines {table.line(first)} to {table.line(last)}."
            yield self.found("note", names[0], what, self.remedy)


class Saturated(SensorCheck):
    """A sensor at its lowest or highest value in many rows."""

    code = "RE309"
    title = "A saturated sensor"
    why = "At its limit a sensor no longer follows the plant: what happens beyond it is not in the file."
    remedy = "Check the range of the sensor. No action is needed if it is a limit of the plant."
    example = "time,x1\n06:00,98.2\n06:02,100\n06:04,100\n06:06,100"

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Report the limit and its share."""
        for sensor in subject.sensors:
            if not sensor.varies or share_of_mode(sensor.usable)[1] >= NEARLY:
                continue
            words = {number for number, _ in sensor.sentinels}
            for limit, count in stuck_at(sensor.usable):
                if limit not in words:
                    end = "lowest" if limit == sensor.bounds[0] else "highest"
                    share = count / sensor.n_finite
                    what = f"It is at its {end} value, {limit:.6g}, in {share:.1%} of the rows."
                    yield self.found("note", sensor.name, what, self.remedy)


class Spikes(SensorCheck):
    """Single rows far away from the row before and the row after."""

    code = "RE310"
    title = "Spikes of a single row"
    why = "A value that no neighbour shares is mostly an error of transmission; each raises the score."
    remedy = "Check these lines; leave them out, or correct them in the file."
    example = "time,x1\n06:00,51.2\n06:02,912.4\n06:04,51.0"

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Report their number and the first one."""
        table = subject.table
        for sensor in subject.sensors:
            if not sensor.varies:
                continue
            each = [part.start + spikes(sensor.values[part]) for part in subject.machines]
            rows = np.concatenate(each)
            rows = rows[~np.isin(sensor.values[rows], [number for number, _ in sensor.sentinels])]
            if len(rows):
                value, before = sensor.values[rows[0]], sensor.values[rows[0] - 1]
                number = "1 value leaves" if len(rows) == 1 else f"{len(rows):,} values leave"
                what = f"{number} its course for one row, first {value:.6g} after {before:.6g} in line "
                yield self.found("note", sensor.name, f"{what}{table.line(rows[0])}.", self.remedy)


class NearCopies(SensorCheck):
    """Two sensors that measure the same."""

    code = "RE311"
    title = "Two sensors that are nearly copies"
    why = "The pair counts twice in every score, and adds nothing that one of them does not tell."
    remedy = "Ignore one of the two."
    example = "time,x1,x2\n06:00,1.20,120\n06:02,1.31,131\n06:04,1.28,128"

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
                what = f"It follows {shown(sensors[one].name)} exactly (correlation {alike:.5f})."
                yield self.found("note", sensors[other].name, what, IGNORE, "ignore")


class OtherLevel(SensorCheck):
    """The last part of the file lies elsewhere than the first."""

    code = "RE312"
    title = "Another level in the last part of the file"
    why = "A model trained on the first part finds nothing normal in the last one, and scores it high."
    remedy = "Use a representation that follows the level (difference or deviation), or train on later rows."
    example = "time,x1\n06:00,3.08\n06:02,3.09\n...\n18:00,-4.93\n18:02,-4.90"

    def not_applicable(self, subject: Subject) -> str | None:
        """Return a reason for a table without sensors, or with several machines."""
        if subject.table.asset is not None or subject.machine_column is not None:
            return "The first and the last part of the file belong to different machines."
        return super().not_applicable(subject)

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Report where the middle 90 % of the first and of the last fifth lie, if they do not overlap."""
        for sensor in subject.sensors:
            level = levels(sensor.values, sensor.finite) if sensor.varies else None
            if level is not None and level.apart and not counts_rows(sensor):
                yield self.found("note", sensor.name, _moved(level), self.remedy)


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
        f"{d:.4g} in the last (each without the outer 10%)."
    )


CHECKS: tuple[Check, ...] = (
    NearlyConstant(),
    Sentinel(),
    Frozen(),
    Saturated(),
    Spikes(),
    NearCopies(),
    OtherLevel(),
)
