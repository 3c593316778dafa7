"""Why each alarm ended, in the same words for rows that are judged and for rows that arrive."""

from __future__ import annotations

import numpy as np

from rare_event.config import AlarmPolicy
from rare_event.judge.scores import Scores

# An alarm that may go on has not ended.
OPEN, NORMAL, LOWER, STOPPED, EVENT, AGAIN = "", "score fell", "fell lower", "stop", "event", "sounds again"
SUPPRESSED, SHELVED = "suppressed", "shelved"
ENDS = {
    OPEN: "still on in the last row",
    NORMAL: "the score fell below the threshold",
    LOWER: "the score fell below the level at which an alarm ends",
    STOPPED: "the machine stopped, or rows are missing",
    EVENT: "an event",
    AGAIN: "counted again as a new alarm",
    SUPPRESSED: "alarms were suppressed",
    SHELVED: "alarms were shelved",
}


def fallen(policy: AlarmPolicy) -> str:
    """Return the reason of an alarm whose scores fell: with hysteresis it ends at a lower level."""
    return LOWER if policy.end_share < 1 else NORMAL


def why_ended(
    scores: Scores,
    policy: AlarmPolicy,
    first: np.ndarray,
    last: np.ndarray,
    standing: np.ndarray,
    on: np.ndarray,
) -> np.ndarray:
    """Say why each alarm of a part ended.

    An alarm that is on in the last window of its stretch was ended by the event of the stretch, if it has
    one. Without one the machine stopped; or the alarm is still on, if that is the last window of its
    machine, or of its fold where the windows that follow are of much later.

    Parameters
    ----------
    scores, policy
        The windows, and when they are an alarm.
    first, last
        Places of the first and the last window of each alarm, in order, shape (n_alarms,).
    standing, on
        Whether the alarm of an earlier window stands in each window, and whether an alarm is on, shape (n,).

    Returns
    -------
    numpy.ndarray
        Keys of `ENDS`, shape (n_alarms,).
    """
    why = np.full(len(first), fallen(policy), object)
    if not len(first):
        return why
    ends = np.flatnonzero(np.append(scores.stretch[1:] != scores.stretch[:-1], True))
    end = ends[np.searchsorted(ends, last)]
    follows = np.append(first[1:], len(scores))
    same = follows <= end
    again = same & standing[np.minimum(follows, len(scores) - 1)]
    cut = ~same & on[end]
    after = np.minimum(last + 1, end)
    silent = scores.suppressed(policy)
    if silent is not None:
        why[(last < end) & silent[after]] = SUPPRESSED
        why[(last < end) & scores.shelved(policy)[after]] = SHELVED
    why[again] = AGAIN
    why[cut] = np.where(_nothing_after(scores)[end], OPEN, STOPPED)[cut]
    why[cut & (scores.event[end] >= 0)] = EVENT
    return why


def _nothing_after(scores: Scores) -> np.ndarray:
    """Return of which windows nobody knows what came next, shape (n,)."""
    n = len(scores)
    machine = np.zeros(n, np.int64) if scores.asset is None else scores.asset
    last_of_machine = np.append(machine[1:] != machine[:-1], True)
    series, latest = scores.series, np.zeros(int(scores.series.max()) + 1, np.int64)
    np.maximum.at(latest, series, np.arange(n))
    # The next stretch of the table shows that the machine stopped in between.
    later = np.append(scores.stretch[1:] > scores.stretch[:-1] + 1, True)
    unknown: np.ndarray = last_of_machine | (later & (latest[series] == np.arange(n)))
    return unknown
