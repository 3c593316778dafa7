"""Alarms as rows arrive: what an operator hears, whatever files the rows come in.

No label has a part in it: of the last rows nobody knows yet whether an event follows.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from rare_event.clock import TimeUnit
from rare_event.config import AlarmPolicy
from rare_event.judge.alarms import alarm_level, sounding
from rare_event.judge.endings import AGAIN, EVENT, OPEN, SHELVED, STOPPED, SUPPRESSED, fallen
from rare_event.judge.hysteresis import holds_up_to
from rare_event.judge.scores import Scores


@dataclass(frozen=True)
class Alarm:
    """An alarm, ended or not.

    Parameters
    ----------
    first_row, last_row
        Its first row and the last one in which it sounds, counted over all files of the machine.
    start, end
        Their times in minutes.
    rows
        Alarmed rows.
    peak, peak_row, peak_clock
        The highest score, and where.
    stretch
        Its stretch.
    ended
        Why it ended, a key of `judge.endings.ENDS`.
    sensors
        The largest contributions to the peak, in words.
    """

    first_row: int
    last_row: int
    start: float
    end: float
    rows: int
    peak: float
    peak_row: int
    peak_clock: float
    stretch: int
    ended: str = OPEN
    sensors: str = ""


def windows_of(
    row: np.ndarray,
    clock: np.ndarray,
    stretch: np.ndarray,
    y_score: np.ndarray,
    step: float,
    time_unit: TimeUnit,
) -> Scores:
    """Return scored windows of which no label is known.

    Parameters
    ----------
    row, clock, stretch, y_score
        As in `Scores`, each of shape (n,).
    step, time_unit
        Of the clock.
    """
    none = np.zeros(len(row), np.int64)
    return Scores(
        row=row,
        clock=clock,
        stretch=stretch,
        fold=none,
        y_true=none,
        y_score=y_score,
        event=none - 1,
        to_event=np.full(len(row), np.inf),
        total_events=np.empty(0, np.int64),
        step=step,
        time_unit=time_unit,
    )


def following(before: Scores, new: Scores) -> Scores:
    """Join the windows kept of earlier rows with new ones."""
    row, clock, stretch, y_score = (
        np.concatenate([getattr(part, name) for part in (before, new)])
        for name in ("row", "clock", "stretch", "y_score")
    )
    return windows_of(row, clock, stretch, y_score, new.step, new.time_unit)


def hear(
    before: Scores,
    new: Scores,
    threshold: float,
    policy: AlarmPolicy,
    standing: Alarm | None,
    current: int,
    with_event: Collection[int] = (),
) -> tuple[list[Alarm], np.ndarray]:
    """Find the alarms of new windows of one machine, and go on with the one that stands.

    Parameters
    ----------
    before, new
        Windows kept of earlier rows, as `kept_windows` chooses them, and the new ones.
    threshold, policy
        When they are an alarm; suppressed windows have no score, and the policy tells which are shelved.
    standing
        The alarm that had not ended.
    current
        Stretch of the last row, scored or not.
    with_event
        Stretches that end with an event; the last one, too, if it can have no later window.

    Returns
    -------
    tuple
        The alarms in order, `standing` first; and whether an alarm is on in each new window, shape (n,).
    """
    joined, own = following(before, new), len(before)
    heard = sounding(joined, threshold, policy)
    begins, alarmed = heard.begins[own:], heard.alarmed[own:]
    at = np.flatnonzero(begins | alarmed)
    listed = _grouped(new, np.cumsum(begins)[at], at, alarmed)
    if standing is not None:
        listed = _continued(standing, listed, at, begins)
    again = {int(new.row[place]) for place in np.flatnonzero(begins & heard.standing[own:])}
    # The last window of each stretch tells.
    on_last = dict(zip(joined.stretch.tolist(), (heard.alarmed | heard.standing).tolist(), strict=True))
    ended, fell = [], fallen(policy)
    for alarm, follows in zip(listed, [*listed[1:], None], strict=False):
        why = OPEN
        if follows is not None and follows.stretch == alarm.stretch:
            why = AGAIN if follows.first_row in again else fell
        elif not on_last.get(alarm.stretch, True):
            why = fell
        elif alarm.stretch != current or alarm.stretch in with_event:
            why = EVENT if alarm.stretch in with_event else STOPPED
        if why == fell:
            why = _silenced_after(joined, alarm, policy) or fell
        ended.append(Alarm(**{**vars(alarm), "ended": why}))
    return ended, heard.alarmed[own:] | heard.standing[own:]


def _silenced_after(joined: Scores, alarm: Alarm, policy: AlarmPolicy) -> str:
    """Return why the window after the last one of an alarm has no score to compare; empty if it has one."""
    place = int(np.searchsorted(joined.row, alarm.last_row, side="right"))
    if place == len(joined) or joined.stretch[place] != alarm.stretch:
        return ""
    if joined.shelved(policy)[place]:
        return SHELVED
    return SUPPRESSED if np.isneginf(joined.y_score[place]) else ""


def _grouped(new: Scores, number: np.ndarray, at: np.ndarray, alarmed: np.ndarray) -> list[Alarm]:
    """Gather the windows in which alarms sound; number 0 is the alarm that stood before."""
    if not len(at):
        return []
    first = np.flatnonzero(np.diff(number, prepend=-1))
    last = np.append(first[1:], len(at)) - 1
    score = new.y_score[at]
    # Of equal peaks the last counts, as in the ledger.
    peak = np.lexsort((at, score, number))[last]
    rows = np.add.reduceat(alarmed[at].astype(np.int64), first)
    return [
        Alarm(*values)
        for values in zip(
            new.row[at[first]].tolist(),
            new.row[at[last]].tolist(),
            new.clock[at[first]].tolist(),
            new.clock[at[last]].tolist(),
            rows.tolist(),
            score[peak].tolist(),
            new.row[at[peak]].tolist(),
            new.clock[at[peak]].tolist(),
            new.stretch[at[first]].tolist(),
            strict=True,
        )
    ]


def _continued(standing: Alarm, listed: list[Alarm], at: np.ndarray, begins: np.ndarray) -> list[Alarm]:
    """Put the alarm that stood before in front; the first windows may belong to it."""
    if not listed or begins[at[0]]:
        return [standing, *listed]
    more = listed[0]
    higher = more if more.peak >= standing.peak else standing
    whole = Alarm(
        standing.first_row,
        more.last_row,
        standing.start,
        more.end,
        standing.rows + more.rows,
        higher.peak,
        higher.peak_row,
        higher.peak_clock,
        standing.stretch,
        sensors=higher.sensors,
    )
    return [whole, *listed[1:]]


def kept_windows(joined: Scores, threshold: float, policy: AlarmPolicy, current: int) -> Scores:
    """Keep the windows that alarms of later rows depend on.

    These are, of the stretch that may go on, the first window, from which repetitions are counted, and
    the last ones: back to the last full `repeat`, the cooldown before it, with hysteresis to a window
    that is alarmed or not whatever the windows before it were, and `n` or `mute` before that.

    Parameters
    ----------
    joined
        All windows so far, or those kept of them and the new ones.
    threshold, policy
        When they are an alarm.
    current
        Stretch of the last row, scored or not.
    """
    mine = joined.where(joined.stretch == current)
    if not len(mine):
        return mine
    full = np.floor((mine.clock - mine.clock[0]) / policy.repeat)
    begin = int(np.searchsorted(full, full[-1]))
    earlier = int(np.searchsorted(mine.clock, mine.clock[begin] - policy.cooldown))
    earlier = min(earlier, len(mine) - policy.n)
    if policy.end_share < 1:
        earlier = _decided(mine, threshold, policy, earlier)
    begin = max(1, earlier - max(policy.n, policy.mute) - 1)
    keep = np.zeros(len(mine), bool)
    keep[0] = True
    keep[begin:] = True
    return mine.where(keep)


def _decided(mine: Scores, threshold: float, policy: AlarmPolicy, place: int) -> int:
    """Return the last window, at or before a place, that no held alarm can reach, or that begins one."""
    level = alarm_level(mine.y_score, mine, replace(policy, end_share=1.0), -np.inf)
    decided = (level >= threshold) | (holds_up_to(level, policy.end_share) < threshold)
    places = np.flatnonzero(decided[: max(place, 0) + 1])
    return int(places[-1]) if len(places) else 0


def alarm_frame(listed: list[Alarm]) -> pd.DataFrame:
    """Return alarms as a frame with one column for each field."""
    kinds = {
        "first_row": "int64",
        "last_row": "int64",
        "rows": "int64",
        "peak_row": "int64",
        "stretch": "int64",
    }
    names = list(Alarm.__dataclass_fields__)
    frame = pd.DataFrame([vars(alarm) for alarm in listed], columns=names)
    floats = dict.fromkeys(("start", "end", "peak", "peak_clock"), "float64")
    return frame.astype({**kinds, **floats, "ended": "str", "sensors": "str"})
