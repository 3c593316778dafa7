"""The operator's load: how many alarms come, how close together, and how long they stay on.

Targets are those of ANSI/ISA-18.2-2016, clause 16 (average rates and the summary of metrics), and of EEMUA
191, 3rd edition; all are for one operator.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from rare_event.clock import MINUTES, MINUTES_PER_DAY, MINUTES_PER_HOUR, TimeUnit
from rare_event.config import AlarmPolicy
from rare_event.judge.alarms import sounding
from rare_event.judge.evaluation import call
from rare_event.judge.scores import ROUNDING, Scores
from rare_event.text import counted, number

TEN_MINUTES = 10.0
# Alarms a day and an hour: very likely acceptable, and the most that can be managed.
ACCEPTABLE, MANAGEABLE = 150, 300
ACCEPTABLE_PER_HOUR, MANAGEABLE_PER_HOUR = 6, 12
# More than this many alarms in ten minutes are a flood, and no more than 1% of all hours should have more
# than this many.
FLOOD, MOST_IN_AN_HOUR = 10, 30
CHATTER = 3
# ISA-18.2 counts in one minute, for systems that look every second. Where rows are minutes apart, an alarm
# that is on in every other row takes five rows to come three times.
CHATTER_MINUTES, CHATTER_ROWS = 1.0, 5
MOST_STANDING_LONG = 4
# Steps from a guess that take less time than the answer without one.
NEAR_GUESS = 6
BOTH, ISA = "EEMUA 191, ISA-18.2", "ISA-18.2"


@dataclass(frozen=True)
class Load:
    """What the alarms of a part ask of one operator; None where there is no clock or too little time.

    Parameters
    ----------
    alarms
        All of them, true and false, and each time that one sounds again.
    minutes
        Running time. Of several machines, the time in which any of them ran: one operator hears all.
    worst_ten_minutes, worst_hour, worst_day
        Most alarms that begin in any 10 minutes, hour and 24 hours of the clock.
    chattering
        Alarms among three or more of one machine within `chatter_window`.
    standing_long
        Alarms that stay on for more than 24 hours, however often they sound again.
    chatter_window
        Minutes.
    time_unit
        Of the alarms: without a clock no other figure is given.

    Examples
    --------
    >>> load = Load(12, 6 * 1440.0, 1, 2, 4, chattering=0, standing_long=0, chatter_window=10.0)
    >>> load.per_day, load.in_words()
    (2.0, '2 alarms a day is 1.33% of what one operator can handle (150 a day).')
    """

    alarms: int
    minutes: float
    worst_ten_minutes: int | None = None
    worst_hour: int | None = None
    worst_day: int | None = None
    chattering: int | None = None
    standing_long: int | None = None
    chatter_window: float = CHATTER_MINUTES
    time_unit: TimeUnit = MINUTES

    @property
    def per_day(self) -> float | None:
        """Alarms per day of running time; None for less than a day."""
        return self._rate(MINUTES_PER_DAY)

    @property
    def per_hour(self) -> float | None:
        """Alarms per hour of running time; None for less than an hour."""
        return self._rate(MINUTES_PER_HOUR)

    @property
    def share(self) -> float | None:
        """Share of the 150 alarms a day that are very likely acceptable to one operator."""
        return None if self.per_day is None else self.per_day / ACCEPTABLE

    def _rate(self, period: float) -> float | None:
        if self.time_unit.reason or self.minutes < period:
            return None
        return self.alarms * period / self.minutes

    @property
    def missing(self) -> str:
        """Why alarms a day are not given, as a sentence; empty if they are."""
        if self.time_unit.reason:
            return f"{self.time_unit.reason}, so the load of an operator cannot be given."
        if self.per_day is None:
            ran = MINUTES.span(self.minutes)
            return f"The running time is {ran}, which is too short to give alarms per day."
        return ""

    def in_words(self) -> str:
        """Say what share of an operator's day the alarms take, or why that cannot be said."""
        if self.per_day is None or self.share is None:
            return self.missing
        words = (
            f"{counted(number(self.per_day), 'alarms')} a day is "
            f"{number(100 * self.share)}% of what one operator can handle ({ACCEPTABLE} a day)"
        )
        more = f", and above the upper limit of {MANAGEABLE} a day"
        return f"{words}{more if self.per_day > MANAGEABLE else ''}."

    def to_frame(self) -> pd.DataFrame:
        """Return the figures with their targets.

        Returns
        -------
        pandas.DataFrame
            `figure`, `value`, `within` (``yes``, ``no``, or empty where there is no figure), `target` and
            `source`.
        """
        window = MINUTES.span(self.chatter_window)
        a_day = f"at most {ACCEPTABLE}; more than {MANAGEABLE} is unmanageable"
        an_hour = f"at most {ACCEPTABLE_PER_HOUR}; more than {MANAGEABLE_PER_HOUR} is unmanageable"
        flood = f"at most {FLOOD}; more is a flood"
        long = f"at most {MOST_STANDING_LONG} at a time"
        rows: list[tuple[str, float | None, str, float, str]] = [
            ("Alarms per day of running time", self.per_day, a_day, ACCEPTABLE, BOTH),
            ("Alarms in the worst 24 hours", self.worst_day, a_day, ACCEPTABLE, BOTH),
            ("Alarms per hour of running time", self.per_hour, an_hour, ACCEPTABLE_PER_HOUR, BOTH),
            ("Alarms in the worst hour", self.worst_hour, f"at most {MOST_IN_AN_HOUR}", MOST_IN_AN_HOUR, ISA),
            ("Alarms in the worst 10 minutes", self.worst_ten_minutes, flood, FLOOD, BOTH),
            (f"Chattering alarms ({CHATTER} or more within {window})", self.chattering, "none", 0, ISA),
            ("Alarms on for more than 24 hours", self.standing_long, long, MOST_STANDING_LONG, ISA),
        ]
        return pd.DataFrame(
            {
                "figure": [name for name, *_ in rows],
                "value": [number(value) for _, value, *_ in rows],
                "within": [
                    "" if value is None else "yes" if value <= most else "no" for _, value, _, most, _ in rows
                ],
                "target": [target for _, _, target, *_ in rows],
                "source": [source for *_, source in rows],
            }
        )

    def plain(self) -> dict[str, int | float | str | None]:
        """Return the figures as plain data."""
        return {
            "alarms": self.alarms,
            "alarms_per_day": self.per_day,
            "share_of_acceptable": self.share,
            "worst_24_hours": self.worst_day,
            "alarms_per_hour": self.per_hour,
            "worst_hour": self.worst_hour,
            "worst_10_minutes": self.worst_ten_minutes,
            "chattering": self.chattering,
            "chatter_window_minutes": None if self.time_unit.reason else self.chatter_window,
            "on_for_more_than_24_hours": self.standing_long,
            "sentence": self.in_words(),
        }


def operator_load(
    journal: pd.DataFrame,
    minutes: float,
    *,
    step: float = 0.0,
    chatter_window: float | None = None,
    time_unit: TimeUnit = MINUTES,
) -> Load:
    """Measure the load of an operator by a list of alarms.

    Parameters
    ----------
    journal
        One row for each alarm, in any order: `start` and `end` on the clock, in minutes; with several
        machines, `machine`; and, if an alarm that stays on is listed again, `again`: whether the row
        continues the one before it of its machine.
    minutes
        Running time, as in `Load`.
    step
        Minutes from one row of the data to the next.
    chatter_window
        Minutes in which three alarms of one machine are chattering; by default the larger of one minute and
        five rows, the fewest in which an alarm can come three times.
    time_unit
        If it is rows, only the alarms are counted.
    """
    window = chatter_window_of(step) if chatter_window is None else chatter_window
    if time_unit.reason:
        return Load(len(journal), minutes, chatter_window=window, time_unit=time_unit)
    machine = journal["machine"] if "machine" in journal else np.zeros(len(journal))
    code, _ = pd.factorize(np.asarray(machine))
    start, end = (journal[name].to_numpy(float) for name in ("start", "end"))
    again = journal["again"].to_numpy(bool) if "again" in journal else np.zeros(len(journal), bool)
    order = np.lexsort((start, code))
    code, start, end, again = code[order], start[order], end[order], again[order]
    rising = np.sort(start)
    begins = np.flatnonzero(~again | (np.diff(code, prepend=-1) != 0))
    last = np.maximum.reduceat(end, begins) if len(begins) else end
    return Load(
        alarms=len(journal),
        minutes=minutes,
        worst_ten_minutes=most_within(rising, TEN_MINUTES) if minutes >= TEN_MINUTES else None,
        worst_hour=most_within(rising, MINUTES_PER_HOUR) if minutes >= MINUTES_PER_HOUR else None,
        worst_day=most_within(rising, MINUTES_PER_DAY) if minutes >= MINUTES_PER_DAY else None,
        chattering=chattering(start, code, window),
        standing_long=int((last - start[begins] > MINUTES_PER_DAY + ROUNDING).sum()),
        chatter_window=window,
        time_unit=time_unit,
    )


def load_at(scores: Scores, thresholds: Mapping[int, float], policy: AlarmPolicy) -> Load:
    """Measure the load of an operator at the threshold of each fold."""
    called = call(scores, thresholds, policy)
    heard = sounding(called, 1.0, policy)
    begins, stands = np.flatnonzero(heard.begins), np.flatnonzero(heard.alarmed | heard.standing)
    # The last row in which each stands comes before the next one begins.
    last = stands[np.searchsorted(stands, np.append(begins[1:], len(called))) - 1] if len(begins) else begins
    journal = pd.DataFrame(
        {"start": called.clock[begins], "end": called.clock[last], "again": heard.standing[begins]}
    )
    if called.asset is not None:
        journal["machine"] = called.asset[begins]
    return operator_load(journal, watched_minutes(called), step=called.step, time_unit=called.time_unit)


def watched_minutes(scores: Scores) -> float:
    """Return the running time in minutes; of several machines, the time in which any of them ran."""
    if scores.asset is None or not len(scores):
        return float(scores.running.sum())
    begin = scores.clock - scores.running
    order = np.argsort(begin)
    begin, end = begin[order], np.maximum.accumulate(scores.clock[order])
    before = np.concatenate([[-np.inf], end[:-1]])
    return float(np.maximum(0.0, end - np.maximum(begin, before)).sum())


def chatter_window_of(step: float) -> float:
    """Return the minutes in which three alarms are chattering, where rows are `step` minutes apart."""
    return max(CHATTER_MINUTES, CHATTER_ROWS * step)


def most_within(times: np.ndarray, minutes: float, guess: int = 0) -> int:
    """Count the most times in any span of less than `minutes`.

    Parameters
    ----------
    times
        Minutes, rising, shape (n,).
    minutes
        Length of the span.
    guess
        What the answer may be; one that is near makes it quick.

    Examples
    --------
    >>> most_within(np.array([0.0, 4, 9, 10, 30]), 10.0)
    3
    """

    def fit(count: int) -> bool:
        if count < 2 or count > len(times):
            return count <= len(times)
        return bool((times[count - 1 :] - times[: len(times) - count + 1] < minutes - ROUNDING).any())

    for _ in range(NEAR_GUESS if guess else 0):
        if not fit(guess):
            guess -= 1
        elif fit(guess + 1):
            guess += 1
        else:
            return guess
    within = np.searchsorted(times, times + (minutes - ROUNDING)) - np.arange(len(times))
    return int(within.max(initial=0))


def chattering(start: np.ndarray, machine: np.ndarray, window: float) -> int:
    """Count the alarms among three or more of one machine that begin in less than `window` minutes.

    Parameters
    ----------
    start
        Minutes, rising for each machine, shape (n,).
    machine
        Numbers; alarms of a machine lie together, shape (n,).
    window
        Minutes.
    """
    first, last = slice(None, 1 - CHATTER), slice(CHATTER - 1, None)
    close = (start[last] - start[first] < window - ROUNDING) & (machine[last] == machine[first])
    among = np.zeros(len(start), bool)
    for place in range(CHATTER):
        among[place : len(start) - CHATTER + 1 + place] |= close
    return int(among.sum())
