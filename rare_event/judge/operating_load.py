"""The operator's load at many operating points at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rare_event.clock import MINUTES_PER_DAY, MINUTES_PER_HOUR
from rare_event.config import AlarmPolicy
from rare_event.judge.alarms import alarm_levels, repetitions
from rare_event.judge.load import (
    CHATTER,
    TEN_MINUTES,
    chatter_window_of,
    chattering,
    most_within,
    watched_minutes,
)
from rare_event.judge.ranks import ranks_under
from rare_event.judge.scores import ROUNDING, Scores
from rare_event.judge.thresholds import standing_level

PERIODS = {"worst_ten_minutes": TEN_MINUTES, "worst_hour": MINUTES_PER_HOUR, "worst_day": MINUTES_PER_DAY}
NAMES = (*PERIODS, "chattering", "standing_long")
# Points whose alarms are looked for together: fewer looks through all rows, more rows in each.
BLOCK = 64


@dataclass(frozen=True)
class _Marked:
    """Rows, and the displayed points at which each is marked, `low` to below `high`; shape (n,)."""

    row: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def at_each(self, n_points: int) -> Iterator[np.ndarray]:
        """Return the rows that are marked at each point in turn, in their order here."""
        for first in range(0, n_points, BLOCK):
            near = np.flatnonzero((self.low < first + BLOCK) & (self.high > first))
            row, low, high = self.row[near], self.low[near], self.high[near]
            for point in range(first, min(first + BLOCK, n_points)):
                yield row[(low <= point) & (point < high)]


def load_columns(scores: Scores, policy: AlarmPolicy, shown: np.ndarray) -> dict[str, np.ndarray]:
    """Measure the load of an operator at the displayed points.

    Returns
    -------
    dict
        Figures of `Load` by name, float, each of shape (len(shown),); missing where the running time is
        shorter than the period, and without a clock.
    """
    unknown = np.full(len(shown), np.nan)
    columns = {name: unknown.copy() for name in NAMES}
    if scores.time_unit.reason:
        return columns
    _, rank, _, up_to = ranks_under(scores.y_score, policy.end_share)
    (level, held), age = alarm_levels(rank, scores, policy, -1, up_to), scores.age
    before = standing_level(level, held, scores.clock, age, policy.cooldown)
    minutes = watched_minutes(scores)
    periods = {name: period for name, period in PERIODS.items() if minutes >= period}
    guess = dict.fromkeys(periods, 0)
    window = chatter_window_of(scores.step)
    begins = _begins(scores, policy, shown, level, before)
    for point, rows in enumerate(begins.at_each(len(shown))):
        times = scores.clock[rows]
        for name, period in periods.items():
            guess[name] = most_within(times, period, guess[name])
            columns[name][point] = guess[name]
        if window <= TEN_MINUTES <= minutes and guess["worst_ten_minutes"] < CHATTER:
            columns["chattering"][point] = 0
            continue
        machine = np.zeros(len(rows)) if scores.asset is None else scores.asset[rows]
        by_machine = slice(None) if scores.asset is None else np.argsort(machine, kind="stable")
        columns["chattering"][point] = chattering(times[by_machine], machine[by_machine], window)
    return columns | {"standing_long": _standing_long(scores, shown, level, before, age)}


def _marked(shown: np.ndarray, row: np.ndarray, above: np.ndarray, up_to: np.ndarray) -> _Marked:
    """Mark rows at the points above one rank and up to another."""
    low, high = (np.searchsorted(shown, rank, side="right").astype(np.int16) for rank in (above, up_to))
    drawn = low < high
    return _Marked(row[drawn], low[drawn], high[drawn])


def _begins(
    scores: Scores, policy: AlarmPolicy, shown: np.ndarray, level: np.ndarray, before: np.ndarray
) -> _Marked:
    """Mark the rows in which alarms begin or sound again, in the order of their times."""
    again, still = repetitions(before, scores, policy, scores.age)
    fresh = np.flatnonzero(before < level)
    row = np.concatenate([fresh, again])
    above = np.concatenate([before[fresh], np.full(len(again), -1, before.dtype)])
    up_to = np.concatenate([level[fresh], still])
    order = np.argsort(scores.clock[row], kind="stable")
    return _marked(shown, row[order], above[order], up_to[order])


def _standing_long(
    scores: Scores, shown: np.ndarray, level: np.ndarray, before: np.ndarray, age: np.ndarray
) -> np.ndarray:
    """Count the alarms that stay on for more than 24 hours; only a longer stretch can hold one."""
    starts = np.flatnonzero(age == 0)
    ends = np.append(starts[1:], len(age)) - 1
    lasts = scores.clock[ends] - scores.clock[starts] > MINUTES_PER_DAY + ROUNDING
    long = np.flatnonzero(np.repeat(lasts, ends - starts + 1))
    counts = np.zeros(len(shown))
    if not len(long):
        return counts
    # An alarm goes on in the next row up to the highest level that still stands there.
    next_up_to = np.append(before[1:], -1)
    next_up_to[ends] = -1
    begins = _marked(shown, long, before[long], level[long])
    last = _marked(shown, long, next_up_to[long], np.maximum(level, before)[long])
    for point, (begin, end) in enumerate(
        zip(begins.at_each(len(shown)), last.at_each(len(shown)), strict=True)
    ):
        counts[point] = (scores.clock[end] - scores.clock[begin] > MINUTES_PER_DAY + ROUNDING).sum()
    return counts
