"""The unit of time: minutes and days, or rows for a file without readable times."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from rare_event.text import counted, number

MINUTES_PER_DAY = 1440.0
MINUTES_PER_HOUR = 60.0
MS_PER_MINUTE = 60_000
ROWS_PER_PERIOD = 1000.0
# In this order: what is replaced first is not replaced again.
_ROWS_FOR_TIME = (
    ("er day of running time", "er 1,000 rows"),
    (
        "data of other machines from the same hours are",
        "data of other machines, perhaps from the same time, are",
    ),
    (
        "data of other machines from the same hours",
        "data of other machines, perhaps from the same time",
    ),
    ("including data from the same hours", "perhaps including data from the same time"),
    ("Running time", "Rows"),
    ("running time", "rows"),
    ("the last *days* days", "the last thousands of rows"),
    ("days", "thousand rows"),
    ("by day", "in each 1,000 rows"),
    ("per day", "per 1,000 rows"),
    ("a day", "per 1,000 rows"),
    ("/day", "/1,000 rows"),
    ("Minutes", "Rows"),
    ("minutes", "rows"),
)
_WITHOUT_LABEL = (
    ("False alarm", "Alarm"),
    ("false alarm", "alarm"),
    ("of normal windows", "of the windows"),
    ("normal windows", "windows"),
)
_A_DAY = re.compile(r"\b(?:[Aa]|[Pp]er) day(?: of running time)?\b")


def rate_of(false_alarms: float, days: float) -> float | None:
    """Rate a day, or per 1,000 rows; None for less than one of them, which bears no rate.

    Examples
    --------
    >>> rate_of(3, 1.5), rate_of(3, 0.5)
    (2.0, None)
    """
    return float(false_alarms / days) if days >= 1 else None


@dataclass(frozen=True)
class TimeUnit:
    """The unit of lead times and of the rate of false alarms, and the words for it.

    Parameters
    ----------
    reason
        Why rows replace time, as the start of a sentence; empty if the times can be used.
    machines
        Whether running time is the sum over several machines.
    labelled
        Whether the file says when events were; else no alarm is called false.
    """

    reason: str = ""
    machines: bool = False
    labelled: bool = True

    @property
    def period(self) -> float:
        """The period of the rate of false alarms: the minutes of a day, or 1,000 rows."""
        return ROWS_PER_PERIOD if self.reason else MINUTES_PER_DAY

    @property
    def name(self) -> str:
        """The unit of lead times."""
        return "rows" if self.reason else "minutes"

    @property
    def short(self) -> str:
        """The unit of lead times after a figure."""
        return "rows" if self.reason else "min"

    @property
    def false_alarms(self) -> str:
        """False alarms, or all alarms where nothing says which of them are false."""
        return "false alarms" if self.labelled else "alarms"

    @property
    def a_day(self) -> str:
        """The words after a number of false alarms in a sentence."""
        return "per 1,000 rows" if self.reason else self.reword("a day")

    @property
    def per_day(self) -> str:
        """The words after "false alarms" in a label."""
        return "per 1,000 rows" if self.reason else self.reword("per day")

    @property
    def why(self) -> str:
        """Why figures are counted in rows, as a sentence; empty if they are not."""
        return f"{self.reason}, so alarms are counted per 1,000 rows." if self.reason else ""

    def running(self, days: float) -> str:
        """Write a running time in days, or in thousands of rows."""
        return self.total(days) + ("" if self.reason else " of running time")

    def total(self, days: float) -> str:
        """Write the running time of all machines together, given in days or thousands of rows.

        Examples
        --------
        >>> TimeUnit(machines=True).total(0.5), TimeUnit(machines=True).total(1), TimeUnit().total(9)
        ('12 machine-hours', '1 machine-day', '9 days')
        """
        if not self.machines or self.reason:
            return self.span(days * self.period)
        amount, unit = (days, "day") if days >= 1 else (days * MINUTES_PER_DAY / MINUTES_PER_HOUR, "hour")
        return counted(number(amount), f"machine-{unit}s")

    def span(self, minutes: float) -> str:
        """Write a length of time, given in minutes or rows.

        Examples
        --------
        >>> TimeUnit().span(0.5), TimeUnit().span(12), TimeUnit().span(150), TimeUnit().span(4320)
        ('30 s', '12 min', '2.5 h', '3 days')
        """
        if self.reason:
            return counted(f"{minutes:,.0f}", "rows")
        if minutes < 1:
            return f"{number(60 * minutes)} s"
        if minutes < MINUTES_PER_HOUR:
            return f"{number(minutes)} min"
        days = minutes / MINUTES_PER_DAY
        if days < 1:
            return f"{number(minutes / MINUTES_PER_HOUR)} h"
        return counted(number(days), "days")

    def count(self, figure: str) -> str:
        """Write a figure of minutes or rows with its unit.

        Examples
        --------
        >>> TimeUnit().count("4"), TimeUnit().count("1")
        ('4 minutes', '1 minute')
        """
        return counted(figure, self.name)

    def alarms(self, figure: str) -> str:
        """Write a figure of false alarms a day in full.

        Examples
        --------
        >>> TimeUnit().alarms("2"), TimeUnit(labelled=False).alarms("1")
        ('2 false alarms a day', '1 alarm a day')
        """
        return f"{counted(figure, self.false_alarms)} {self.a_day}"

    def reword(self, text: str) -> str:
        """Convert a label or help text from minutes and days to this unit, or name the machines.

        Examples
        --------
        >>> TimeUnit("This file has no readable time").reword("Minutes; false alarms a day.")
        'Rows; false alarms per 1,000 rows.'
        >>> TimeUnit(machines=True).reword("False alarms a day.")
        'False alarms per machine-day.'
        >>> TimeUnit(labelled=False).reword("False alarms a day: at most 2 false alarms.")
        'Alarms a day: at most 2 alarms.'
        """
        if not self.labelled:
            for claim, plain in _WITHOUT_LABEL:
                text = text.replace(claim, plain)
        if self.machines and not self.reason:
            return _A_DAY.sub(lambda day: f"{'P' if day[0][0].isupper() else 'p'}er machine-day", text)
        for time, rows in _ROWS_FOR_TIME if self.reason else ():
            text = text.replace(time, rows)
        return text

    def key(self, name: str) -> str:
        """Name a figure of JSON: without a clock, one that speaks of rows.

        Examples
        --------
        >>> TimeUnit("This file has no readable time").key("median_lead_minutes")
        'median_lead_rows'
        """
        return name.replace("per_day", "per_1000_rows").replace("minutes", "rows") if self.reason else name

    def entry(self, name: str, value: Any) -> dict[str, Any]:
        """Return a JSON entry; in rows, the name that contains a unit of time has the value null.

        Examples
        --------
        >>> TimeUnit().entry("false_alarms_per_day", 2.0)
        {'false_alarms_per_day': 2.0}
        >>> TimeUnit("This file has no readable time").entry("false_alarms_per_day", 2.0)
        {'false_alarms_per_day': None, 'false_alarms_per_1000_rows': 2.0}
        """
        return {name: None, self.key(name): value} if self.reason else {name: value}

    def about(self) -> dict[str, str]:
        """Return the JSON entry that says why figures are counted in rows; empty if they are not."""
        return {"clock": self.reason} if self.reason else {}


MINUTES = TimeUnit()
NO_TIME = TimeUnit("This file has no readable time")
SHARED_TIMES = TimeUnit("In this file many rows share a time")
BACKWARDS = TimeUnit("In this file time runs backwards in many rows")
