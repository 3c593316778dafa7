"""Alarms: what an operator would hear at a threshold, and the ledger of events caught and missed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from rare_event.config import AlarmPolicy
from rare_event.judge.scores import Scores


def alarm_level(values: np.ndarray, scores: Scores, policy: AlarmPolicy, never: float) -> np.ndarray:
    """Highest threshold at which each row is alarmed under a policy.

    A row is alarmed when k of the last n values of its stretch reach the threshold, that is when
    the k-th largest of them does. So every policy is a change of the scores, after which a plain
    threshold serves.

    Parameters
    ----------
    values
        Scores, or their ranks, shape (n,).
    scores
        Tells the stretches.
    policy
        Its k, n and mute are used.
    never
        Level of rows that are alarmed at no threshold.

    Returns
    -------
    numpy.ndarray
        Shape (n,).
    """
    level = values
    if policy.n > 1 and len(values):
        age = scores.age
        padded = np.concatenate([np.full(policy.n - 1, never, values.dtype), values])
        last = np.lib.stride_tricks.sliding_window_view(padded, policy.n).copy()
        last[np.arange(policy.n - 1, -1, -1) > age[:, None]] = never
        level = np.partition(last, policy.n - policy.k, axis=1)[:, policy.n - policy.k]
    if policy.mute:
        level = np.where(scores.age < policy.mute, np.array(never, values.dtype), level)
    return level


def repetitions(
    standing: np.ndarray, scores: Scores, policy: AlarmPolicy, age: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Find where an alarm may sound again, and up to which level it does.

    It may in the first row of a stretch at or after each full `repeat` minutes since the stretch's
    first row, outside the lead window of an event; and it does where an earlier row's alarm stands
    in that row and in all rows since the full `repeat` before (re-alarming of ISA 18.2).

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
    sounds = (age[rows] > 0) & ~scores.in_lead_window(policy)[rows]
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
    alarmed = alarm_level(scores.y_score, scores, policy, -np.inf) >= threshold
    standing = still_standing(alarmed, scores, policy)
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
        `false` and, with several machines, `asset`. A row in which an alarm sounds again begins the
        next, alarmed itself or not.
    """
    heard = sounding(scores, threshold, policy)
    at = np.flatnonzero(heard.alarmed | heard.begins)
    near = scores.in_lead_window(policy)[at]
    rows = pd.DataFrame(
        {
            "alarm": np.cumsum(heard.begins)[at],
            "row": scores.row[at],
            "clock": scores.clock[at],
            "alarmed": heard.alarmed[at],
            "score": scores.y_score[at],
            "event": np.where(near, scores.event[at], -1),
        }
    )
    listed = rows.groupby("alarm", sort=True).agg(
        first_row=("row", "first"),
        last_row=("row", "last"),
        start=("clock", "first"),
        end=("clock", "last"),
        rows=("alarmed", "sum"),
        peak=("score", "max"),
        event=("event", "max"),
    )
    listed = listed.assign(false=listed["event"] < 0).reset_index(drop=True)
    if scores.asset is None:
        return listed
    return listed.assign(asset=scores.asset_names(np.searchsorted(scores.row, listed["first_row"])))


def event_ledger(scores: Scores, threshold: float, policy: AlarmPolicy) -> pd.DataFrame:
    """List the events of a part: caught or missed, and how early.

    Returns
    -------
    pandas.DataFrame
        One row per event of the part: `event`, `caught`, `lead` (minutes from the first alarmed
        row of the lead window to the event; missing where missed), `peak` (highest score in the
        lead window; missing where no window sees the event). Where events are detected while they last,
        `lead` is the delay: minutes from the first row of the event to its first alarmed row.
    """
    level = alarm_level(scores.y_score, scores, policy, -np.inf)
    inside = (scores.event >= 0) & scores.in_lead_window(policy)
    alarmed = inside & (level >= threshold) & scores.in_time(policy)
    lead = pd.Series(scores.to_event[alarmed]).groupby(scores.event[alarmed]).max()
    peak = pd.Series(scores.y_score[inside]).groupby(scores.event[inside]).max()
    ledger = pd.DataFrame({"event": scores.total_events})
    # Inside an event the time to its begin is the delay, below 0.
    ledger["lead"] = ledger["event"].map(lead).astype(float).abs()
    ledger["peak"] = ledger["event"].map(peak).astype(float)
    return ledger.assign(caught=ledger["lead"].notna())[["event", "caught", "lead", "peak"]]
