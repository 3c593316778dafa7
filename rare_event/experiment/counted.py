"""How many alarms of a list are counted, and why the others are not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rare_event.text import plural

# The fact of a remark about a line that may have been meant as an alarm.
SEVERAL_LINES = "header of several lines"


@dataclass(frozen=True)
class Counted:
    """How many alarms of a list are counted, and why the others are not.

    Parameters
    ----------
    listed, counted
        Alarms of the list, and those that stand in at least one judged window.
    outside, stopped, elsewhere
        Those before or after the data, inside a stop, and of a machine that is not in the data.
    during
        Those that stand in rows of events only.
    unjudged
        Those that stand in other rows, of which none is a judged window.
    repeated
        Those that repeat an earlier one.
    open_ended
        Those without an end, where others have one.
    header
        That several lines are read as the names of the columns, as a sentence; empty for one line.
    """

    listed: int
    counted: int
    outside: int = 0
    stopped: int = 0
    elsewhere: int = 0
    during: int = 0
    unjudged: int = 0
    repeated: int = 0
    open_ended: int = 0
    header: str = ""

    def in_words(self) -> Iterator[str]:
        """Say it in sentences."""
        if not self.listed:
            yield "The list has no alarms."
            return
        verb = "is" if self.counted == 1 else "are"
        said = f"{self.counted:,} of the {self.listed:,} alarms in the list {verb}"
        one = f"The alarm in the list is{'' if self.counted else ' not'}"
        yield f"{one if self.listed == 1 else said} counted."
        why = {
            "before or after the data": self.outside,
            "in stops": self.stopped,
            "on machines that are not in the data": self.elsewhere,
            "only during events": self.during,
            "only in rows that are not judged": self.unjudged,
        }
        if lost := [f"{count:,} {where}" for where, count in why.items() if count]:
            yield f"Not counted: {', '.join(lost)}."
        if self.repeated:
            s, verb = ("s", "counts") if self.repeated == 1 else ("", "count")
            yield f"{plural(self.repeated, 'alarm')} repeat{s} an earlier one and {verb} only once with it."
        if self.open_ended:
            has, its = ("has", "its") if self.open_ended == 1 else ("have", "their")
            yield f"{plural(self.open_ended, 'alarm')} {has} no end: only the row at {its} start counts."
        if self.header:
            yield self.header
