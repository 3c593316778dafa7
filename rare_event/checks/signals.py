"""Checks of how a sensor behaves: words for missing values, saturation, frozen stretches, peaks, drift."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rare_event.checks.base import Check, SensorCheck, Subject
from rare_event.checks.effects import Effect
from rare_event.checks.findings import Finding, Grade
from rare_event.checks.sentinels import MOST_SENTINELS, sentinels


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
            for number, count in sentinels(sensor.usable) if sensor.varies else ():
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


CHECKS: tuple[Check, ...] = (Sentinel(),)
