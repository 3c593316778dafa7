"""Alarms: what an operator would hear at a threshold, and the ledger of events caught and missed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from rare_event.config import AlarmPolicy
from rare_event.judge.endings import why_ended
from rare_event.judge.hysteresis import held_levels, holds_up_to
from rare_event.judge.scores import Scores


def alarm_level(values: np.ndarray, scores: Scores, policy: AlarmPolicy, never: float) -> np.ndarray:
    """Highest threshold at which each row is alarmed under a policy; see `alarm_levels`."""
    return alarm_levels(values, scores, policy, never)[0]


def alarm_levels(
    values: np.ndarray,
    scores: Scores,
    policy: AlarmPolicy,
    never: float,
    up_to: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray | None]:
    """Highest threshold at which each row is alarmed, and at which it goes on with the alarm before it.

    A suppressed row is alarmed at none, and counts for no other.

    A row is alarmed when k of the last n values of its stretch reach the threshold, that is when
    the k-th largest of them does; and, after an alarmed row, when k of them reach the end share of the
    threshold. So every policy is a change of the scores, after which a plain threshold serves.

    Parameters
    ----------
    values
        Scores, or their ranks, shape (n,).
    scores
        Tells the stretches.
    policy
        Its k, n, mute, end share and suppression are used.
    never
        Level of rows that are alarmed at no threshold.
    up_to
        Where the values are ranks, that up to which each rank holds an alarm, -1 the last of them.

    Returns
    -------
    tuple
        Both of shape (n,); the second is None where an alarm ends below the threshold itself.
    """
    silent = scores.suppressed(policy)
    level = values = values if silent is None else np.where(silent, np.array(never, values.dtype), values)
    if policy.n > 1 and len(values):
        age = scores.age
        padded = np.concatenate([np.full(policy.n - 1, never, values.dtype), values])
        last = np.lib.stride_tricks.sliding_window_view(padded, policy.n).copy()
        last[np.arange(policy.n - 1, -1, -1) > age[:, None]] = never
        level = np.partition(last, policy.n - policy.k, axis=1)[:, policy.n - policy.k]
        # Where a row has nothing to compare, those before it raise no alarm for it.
        level[values == never] = never
    if policy.mute:
        level = np.where(scores.age < policy.mute, np.array(never, values.dtype), level)
    if policy.end_share == 1 or not len(level):
        return level, None
    upper = holds_up_to(level, policy.end_share) if up_to is None else up_to[level]
    return held_levels(level, upper, scores.age == 0, never)


def repetitions(
    standing: np.ndarray, scores: Scores, policy: AlarmPolicy, age: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Find where an alarm may sound again, and up to which level it does.

    It may in the first row of a stretch at or after each full `repeat` minutes since the stretch's
    first row, outside the lead window of an event and where it is not suppressed; and it does where an
    earlier row's alarm stands in that row and in all rows since the full `repeat` before
    (re-alarming of ISA 18.2).

    Parameters
    ----------
    standing
        Highest level at which each row belongs to an earlier row's alarm, or whether it does at one
        threshold, shape (n,).
    scores
        Tells the stretches and the time.
    policy
        Its repeat and lead are used.
    age
        Of the scores.

    Returns
    -------
    tuple of numpy.ndarray
        Positions of these rows, and the lowest of `standing` since the full `repeat` before.
    """
    cut = age == 0
    starts = np.flatnonzero(cut)
    # One array for all steps, since fresh memory costs more than they do.
    full = np.repeat(scores.clock[starts], np.diff(np.append(starts, len(age)))).astype(float, copy=False)
    np.subtract(scores.clock, full, out=full)
    np.floor(np.divide(full, policy.repeat, out=full), out=full)
    cut[1:] |= full[1:] != full[:-1]
    cuts = np.flatnonzero(cut)
    if len(cuts) == len(starts):
        return cuts[:0], standing[:0]
    rows = cuts[1:]
    lowest = np.minimum.reduceat(standing[1 : cuts[-1] + 1], cuts[:-1])
    sounds = (age[rows] > 0) & ~scores.in_lead_window(policy)[rows] & (scores.y_score[rows] > -np.inf)
    silent = scores.suppressed(policy)
    if silent is not None:
        sounds &= ~silent[rows]
    return rows[sounds], lowest[sounds]


def still_standing(alarmed: np.ndarray, scores: Scores, policy: AlarmPolicy) -> np.ndarray:
    """Return in which rows the alarm of an earlier row stands: less than the cooldown ago, shape (n,).

    Parameters
    ----------
    alarmed
        Which rows are alarmed, shape (n,).
    scores, policy
        Tell the stretches, the time and the cooldown.
    """
    index = np.arange(len(scores))
    last = np.full(len(scores), -1)
    last[1:] = np.maximum.accumulate(np.where(alarmed, index, -1))[:-1]
    recent = scores.clock - scores.clock[last] < policy.cooldown
    standing: np.ndarray = (last >= index - scores.age) & recent
    return standing


@dataclass(frozen=True)
class Sounding:
    """What an operator hears in each window, all of shape (n,).

    Parameters
    ----------
    alarmed
        Whether the window is alarmed itself.
    standing
        Whether the alarm of an earlier window stands in it.
    begins
        Whether an alarm begins, or sounds again, in it.
    """

    alarmed: np.ndarray
    standing: np.ndarray
    begins: np.ndarray


def sounding(scores: Scores, threshold: float, policy: AlarmPolicy) -> Sounding:
    """Find where alarms sound at a threshold."""
    level, held = alarm_levels(scores.y_score, scores, policy, -np.inf)
    alarmed = level >= threshold
    standing = still_standing(alarmed, scores, policy)
    if held is not None:
        standing |= held >= threshold
    again, still = repetitions(standing, scores, policy, scores.age)
    begins = alarmed & ~standing
    begins[again[still]] = True
    return Sounding(alarmed, standing, begins)


def alarms(scores: Scores, threshold: float, policy: AlarmPolicy) -> pd.DataFrame:
    """List the alarms at a threshold.

    Returns
    -------
    pandas.DataFrame
        One row per alarm: `first_row`, `last_row`, `start`, `end` (minutes), `rows` (alarmed),
        `peak` (highest score), `event` (number of the event in whose lead window it sounds, or -1),
        `false`, `ended` (why, a key of `judge.endings.ENDS`) and, with several machines, `asset`. A row
        in which an alarm sounds again begins the next, alarmed itself or not.
    """
    heard = sounding(scores, threshold, policy)
    at = np.flatnonzero(heard.alarmed | heard.begins)
    number = np.cumsum(heard.begins)[at]
    firsts = np.flatnonzero(np.diff(number, prepend=-1))
    first, last = at[firsts], at[np.append(firsts, len(at))[1:] - 1]
    event = np.where(scores.in_lead_window(policy)[at], scores.event[at], -1)
    # Groups of a frame cost a hundred times as much, and a follower lists the alarms of a few rows each time.
    listed = pd.DataFrame(
        {
            "first_row": scores.row[first],
            "last_row": scores.row[last],
            "start": scores.clock[first],
            "end": scores.clock[last],
            "rows": _of_each(np.add, heard.alarmed[at].astype(np.int64), firsts),
            "peak": _of_each(np.maximum, scores.y_score[at], firsts),
            "event": _of_each(np.maximum, event, firsts),
        }
    )
    on = heard.alarmed | heard.standing
    listed["false"] = listed["event"] < 0
    listed["ended"] = why_ended(scores, policy, first, last, heard.standing, on)
    if scores.asset is None:
        return listed
    return listed.assign(asset=scores.asset_names(np.searchsorted(scores.row, listed["first_row"])))


def _of_each(ufunc: np.ufunc, values: np.ndarray, firsts: np.ndarray) -> np.ndarray:
    """Reduce the values of each group; a group begins at each of `firsts`."""
    reduced: np.ndarray = ufunc.reduceat(values, firsts) if len(firsts) else values[:0]
    return reduced


def _highest(values: np.ndarray, event: np.ndarray, of: np.ndarray) -> np.ndarray:
    """Return the highest value of each event `of` that is asked for; missing where it has none."""
    highest = np.full(max(event.max(initial=-1), of.max(initial=-1)) + 1, np.nan)
    np.fmax.at(highest, event, values)
    found: np.ndarray = highest[of]
    return found


def event_ledger(scores: Scores, threshold: float, policy: AlarmPolicy) -> pd.DataFrame:
    """List the events of a part: caught or missed, and how early.

    Returns
    -------
    pandas.DataFrame
        One row per event of the part: `event`, `caught`, `lead` (minutes from the first alarmed
        row of the lead window to the event; missing where missed), `peak` (highest score in the
        lead window; missing where no window sees the event), `first_row` (that alarmed row; missing where
        missed). Where events are detected while they last,
        `lead` is the delay: minutes from the first row of the event to its first alarmed row.
    """
    level = alarm_level(scores.y_score, scores, policy, -np.inf)
    inside = (scores.event >= 0) & scores.in_lead_window(policy)
    alarmed = inside & (level >= threshold) & scores.in_time(policy)
    # Inside an event the time to its begin is the delay, below 0.
    lead = np.abs(_highest(scores.to_event[alarmed], scores.event[alarmed], scores.total_events))
    peak = _highest(scores.y_score[inside], scores.event[inside], scores.total_events)
    first = -_highest(-scores.row[alarmed], scores.event[alarmed], scores.total_events)
    return pd.DataFrame(
        {
            "event": scores.total_events,
            "caught": ~np.isnan(lead),
            "lead": lead,
            "peak": peak,
            "first_row": pd.array(first, "Int64"),
        }
    )
