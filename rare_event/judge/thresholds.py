"""Operating points: what every threshold would do, exactly, for rows, alarms and events at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from rare_event.clock import MINUTES, TimeUnit
from rare_event.config import AlarmPolicy, Costs
from rare_event.errors import DataError
from rare_event.judge.alarms import alarm_levels, repetitions
from rare_event.judge.ranks import ranks_under
from rare_event.judge.scores import Scores

# An alarm that stands in more than this share of the rows is always on, however few times it sounds.
MOST_STANDING = 0.5
# So many rows within the cooldown are compared one by one.
FEW_ROWS = 16
# Rows of the scores, the rank up to which each counts, and +1 or -1.
Marks = list[tuple[np.ndarray | slice, np.ndarray, int]]


@dataclass(frozen=True)
class OperatingPoints:
    """Counts at every threshold where one changes, rising; arrays of shape (n_points,).

    Parameters
    ----------
    threshold
        Distinct scores, and with hysteresis the thresholds of which they reach just the end share; a row
        is called positive at or above it.
    tp, fp
        Rows called positive, rightly and wrongly.
    caught
        Events caught.
    alarms, false_alarms
        Alarms, and those with no event in their lead window.
    n_positive, n_normal, n_events
        Rows of either class and events of the part.
    days
        Running time in days, or thousands of rows.
    time_unit
        Of the scores.
    standing
        Rows in which an alarm stands, alarmed or within the cooldown after; None: not counted.

    Examples
    --------
    >>> one, counts = np.array([1, 1]), dict(n_positive=2, n_normal=9, n_events=1, days=0.5)
    >>> tp, fp = np.array([2, 1]), np.array([2, 0])
    >>> points = OperatingPoints(np.array([0.2, 0.6]), tp, fp, one, one, 0 * one, **counts)
    >>> points.precision.tolist(), points.recall.tolist()
    ([0.5, 1.0], [1.0, 0.5])
    """

    threshold: np.ndarray
    tp: np.ndarray
    fp: np.ndarray
    caught: np.ndarray
    alarms: np.ndarray
    false_alarms: np.ndarray
    n_positive: int
    n_normal: int
    n_events: int
    days: float
    time_unit: TimeUnit = MINUTES
    standing: np.ndarray | None = None

    def __len__(self) -> int:
        """Return the number of points."""
        return len(self.threshold)

    @property
    def precision(self) -> np.ndarray:
        """Share of the rows called positive that are."""
        share: np.ndarray = self.tp / (self.tp + self.fp)
        return share

    @property
    def recall(self) -> np.ndarray:
        """Share of the positive rows called positive; not a number without positives."""
        return self.tp / self.n_positive if self.n_positive else np.full(len(self), np.nan)

    @property
    def false_positive_rate(self) -> np.ndarray:
        """Share of the normal rows called positive; not a number without normals."""
        return self.fp / self.n_normal if self.n_normal else np.full(len(self), np.nan)

    @property
    def false_alarms_per_day(self) -> np.ndarray:
        """False alarms per day of running time, or per 1,000 rows; not a number without running time."""
        return self.false_alarms / self.days if self.days else np.full(len(self), np.nan)

    @property
    def warns(self) -> np.ndarray:
        """Whether an alarm stands in at most half of the rows: one that always stands warns of nothing."""
        if self.standing is None:
            return np.ones(len(self), bool)
        return self.standing <= MOST_STANDING * (self.n_positive + self.n_normal)

    def f_beta(self, beta: float = 1.0) -> np.ndarray:
        """F-beta of the rows (van Rijsbergen 1979): recall weighs `beta` times as much."""
        weight = beta**2
        score: np.ndarray = (1 + weight) * self.tp / (weight * self.n_positive + self.tp + self.fp)
        return score

    def net_value(self, costs: Costs) -> np.ndarray:
        """Net value of the warnings over the running time: what they save less what false alarms cost."""
        return self.caught * costs.saved * costs.event - self.false_alarms * costs.false_alarm

    def at(self, threshold: float) -> int:
        """Index of the point that a threshold amounts to; `len(self)` above the highest score."""
        return int(np.searchsorted(self.threshold, threshold, side="left"))

    def rises_above(self, threshold: float) -> bool:
        """Whether a higher threshold has more false alarms: a long alarm then divides into several."""
        later = self.false_alarms[self.at(threshold) :]
        return bool(len(later)) and bool(later.max() > later[0])

    def to_frame(self) -> pd.DataFrame:
        """Return the points as a frame, one row for each, with every rate."""
        return pd.DataFrame(
            {
                "threshold": self.threshold,
                "tp": self.tp,
                "fp": self.fp,
                "fn": self.n_positive - self.tp,
                "tn": self.n_normal - self.fp,
                "precision": self.precision,
                "recall": self.recall,
                "false_positive_rate": self.false_positive_rate,
                "caught": self.caught,
                "missed": self.n_events - self.caught,
                "alarms": self.alarms,
                "false_alarms": self.false_alarms,
                "false_alarms_per_day": self.false_alarms_per_day,
            }
        )


def operating_points(scores: Scores, policy: AlarmPolicy) -> OperatingPoints:
    """Count rows, alarms and events at every threshold where a count changes.

    All counts are sums over rows of "+1 for thresholds in (a, b]" with a and b among the scores,
    so they come from histograms of ranks; nothing is counted threshold by threshold.

    Raises
    ------
    DataError
        If nothing was scored.
    """
    if not len(scores):
        raise DataError("No window could be scored. Use a shorter lookback or more data.")
    threshold, rank, predicted, up_to = ranks_under(scores.y_score, policy.end_share)
    n_points = len(threshold)
    level, held = alarm_levels(rank, scores, policy, -1, up_to)
    alarmed = predicted if level is rank else _at_or_above(n_points, [(slice(None), level, 1)])
    tp = _at_or_above(n_points, [(slice(None), rank[scores.y_true == 1], 1)])
    marks = alarm_marks(scores, level, held, policy)
    caught, merged, true_alarms, standing = (
        _at_or_above(n_points, marks[name]) for name in ("caught", "merged", "true_alarms", "standing")
    )
    alarms = alarmed - merged
    return OperatingPoints(
        threshold,
        tp,
        predicted - tp,
        caught,
        alarms,
        alarms - true_alarms,
        n_positive=scores.n_positive,
        n_normal=len(scores) - scores.n_positive,
        n_events=len(scores.total_events),
        days=scores.days,
        time_unit=scores.time_unit,
        standing=standing,
    )


def _at_or_above(n_points: int, marks: Marks) -> np.ndarray:
    """Count at each point what a list of marks adds up to; rank -1 is at no point."""
    counts = np.zeros(n_points + 1, np.int32)
    for _, rank, sign in marks:
        # With a sign of another type it takes twenty times as long.
        np.add.at(counts, rank + 1, np.int32(sign))
    return np.cumsum(counts[:0:-1], dtype=np.int32)[::-1]


def alarm_marks(
    scores: Scores, level: np.ndarray, held: np.ndarray | None, policy: AlarmPolicy
) -> dict[str, Marks]:
    """Write the counts of alarms and events as marks: +1 or -1 at all points up to a rank.

    Parameters
    ----------
    scores
        Scored windows.
    level, held
        Rank up to which each row is alarmed, and up to which it goes on with an alarm, as `alarm_levels`
        returns them; -1 for never, shape (n,).
    policy
        The alarm policy.

    Returns
    -------
    dict
        ``caught``: events; ``merged``: alarmed rows that belong to an earlier row's alarm, less the
        times that it sounds again; ``standing``: rows in which an alarm stands; ``true_alarms``. Each a
        list of rows of `scores`, ranks and a sign.
    """
    age = scores.age
    before = standing_level(level, held, scores.clock, age, policy.cooldown)
    again, up_to = repetitions(before, scores, policy, age)
    marks: dict[str, Marks] = {
        "merged": [(slice(None), np.minimum(before, level), 1), (again, up_to, -1)],
        "standing": [(slice(None), np.maximum(before, level), 1)],
    }
    near = np.flatnonzero(scores.in_lead_window(policy))
    if not len(near):
        return marks | {"caught": [], "true_alarms": []}
    near_level, near_event = level[near], scores.event[near]
    begins = np.flatnonzero(np.concatenate([[True], near_event[1:] != near_event[:-1]]))
    # Alarms of an event: one if any row of its lead window is alarmed, and one more for each row
    # there that begins an alarm although an earlier row of the lead window is alarmed already.
    highest = np.maximum.reduceat(near_level, begins)
    again = np.minimum(near_level, _highest_so_far(near_level, begins))
    in_time = np.where(scores.in_time(policy)[near], near_level, -1)
    return marks | {
        "caught": [(near[begins], np.maximum.reduceat(in_time, begins), 1)],
        "true_alarms": [
            (near[begins], highest, 1),
            (near, again, 1),
            (near, np.minimum(again, before[near]), -1),
        ],
    }


def standing_level(
    level: np.ndarray, held: np.ndarray | None, clock: np.ndarray, age: np.ndarray, cooldown: float
) -> np.ndarray:
    """Rank up to which an earlier row's alarm stands in each row; it begins one at thresholds above.

    Parameters
    ----------
    level, held
        As `alarm_levels` returns them.
    clock, age, cooldown
        As in `highest_within`.
    """
    before = highest_within(level, clock, age, cooldown)
    return before if held is None else np.maximum(before, held)


def highest_within(level: np.ndarray, clock: np.ndarray, age: np.ndarray, cooldown: float) -> np.ndarray:
    """Highest level among the rows of the same stretch less than `cooldown` before each row.

    Parameters
    ----------
    level
        Integers from -1, shape (n,).
    clock
        Minutes, rising within a stretch, shape (n,).
    age
        Rows of the same stretch before each row, shape (n,).
    cooldown
        Minutes.

    Returns
    -------
    numpy.ndarray
        -1 where there is no such row, shape (n,).

    Examples
    --------
    >>> clock, age = np.array([0.0, 2, 4, 30, 32]), np.array([0, 1, 2, 3, 0])
    >>> highest_within(np.array([3, 1, 2, 0, 5]), clock, age, cooldown=5)
    array([-1,  3,  3, -1, -1])
    """
    result = np.full(len(level), -1, level.dtype)
    if not _near(clock, age, cooldown, FEW_ROWS + 1).any():
        for back in range(1, FEW_ROWS + 1):
            near = _near(clock, age, cooldown, back)
            if not near.any():
                break
            np.maximum(result[back:], level[:-back], out=result[back:], where=near)
        return result
    rows = _rows_within(clock, age, cooldown)
    # The highest of 1, 2, 4, ... rows up to each: two such windows cover any number of rows.
    highest, size = level.copy(), 1
    while size <= rows.max(initial=0):
        here = np.flatnonzero((rows >= size) & (rows < 2 * size))
        result[here] = np.maximum(highest[here - 1], highest[here - rows[here] + size - 1])
        highest[size:] = np.maximum(highest[size:], highest[:-size])
        size *= 2
    return result


def _near(clock: np.ndarray, age: np.ndarray, cooldown: float, back: int) -> np.ndarray:
    """Tell of each row from `back` on whether the row so many before it is of its stretch and near it."""
    within: np.ndarray = (age[back:] >= back) & (clock[back:] - clock[:-back] < cooldown)
    return within


def _rows_within(clock: np.ndarray, age: np.ndarray, cooldown: float) -> np.ndarray:
    """Count the rows of the same stretch less than `cooldown` before each row, by bisection."""
    every = np.arange(len(clock))

    def near(rows: np.ndarray) -> np.ndarray:
        within: np.ndarray = (rows <= age) & (clock - clock[np.maximum(every - rows, 0)] < cooldown)
        return within

    step = 1
    while _near(clock, age, cooldown, step).any():
        step *= 2
    rows = np.zeros(len(clock), np.int64)
    while step := step // 2:
        rows += np.where(near(rows + step), step, 0)
    return rows


def _highest_so_far(level: np.ndarray, begins: np.ndarray) -> np.ndarray:
    """Highest level before each row within its group, -1 in the first row of a group."""
    group = np.repeat(np.arange(len(begins)), np.diff(np.append(begins, len(level))))
    # Raised by more than any level from group to group, a running maximum never looks back.
    raised = level.astype(np.int64) + group * (int(level.max()) + 2)
    running = np.maximum.accumulate(raised) - group * (int(level.max()) + 2)
    before = np.concatenate([[-1], running[:-1]])
    before[begins] = -1
    return before
