"""Which rows the events of a second file mark: matched by time, in any order of the rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rare_event.prepare.stretches import GAP_STEPS


@dataclass(frozen=True, eq=False)
class EventRows:
    """The rows that events mark, and the events that mark none.

    Parameters
    ----------
    label
        1 in marked rows, int8, shape (n_rows,).
    outside, stopped
        Events before or after all rows, and events inside a stop, bool, shape (n_events,).
    places
        Number of runs of marked rows in the order of time.
    """

    label: np.ndarray
    outside: np.ndarray
    stopped: np.ndarray
    places: int


def event_rows(times: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> EventRows:
    """Mark the rows of events.

    Parameters
    ----------
    times
        Time of each row, datetime64[ns], in any order, shape (n_rows,).
    starts, ends
        Of each event, datetime64[ns], shape (n_events,). Every row from the start to the end is marked. A
        moment, whose start is its end, and an interval between two rows mark the first row after it; of rows
        that share the time of a moment, the first.

    Examples
    --------
    >>> minutes = np.array([0, 2, 4, 6], "datetime64[m]").astype("datetime64[ns]")
    >>> event_rows(minutes, minutes[:1] + np.timedelta64(1, "m"), minutes[2:3]).label.tolist()
    [0, 1, 1, 0]
    """
    order = np.argsort(times, kind="stable")
    at = times[order]
    first = np.searchsorted(at, starts, "left")
    after = np.maximum(np.where(starts == ends, 0, np.searchsorted(at, ends, "right")), first + 1)
    outside = (ends < at[0]) | (starts > at[-1])
    steps = np.diff(at).astype(np.int64)
    longest = GAP_STEPS * np.median(steps[steps > 0]) if (steps > 0).any() else np.inf
    row = np.clip(first, 1, len(at) - 1)
    stopped = ~outside & (first > 0) & (at[row] > ends) & (steps[row - 1] > longest)
    marked = ~outside & ~stopped
    depth = np.bincount(first[marked], minlength=len(at) + 1)
    depth -= np.bincount(after[marked], minlength=len(at) + 1)
    inside = np.cumsum(depth[:-1]) > 0
    label = np.zeros(len(at), np.int8)
    label[order] = inside
    return EventRows(label, outside, stopped, int((np.diff(inside.astype(np.int8), prepend=0) == 1).sum()))
