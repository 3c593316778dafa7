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


@dataclass(frozen=True, eq=False)
class Spans:
    """Where intervals of time lie among rows.

    Parameters
    ----------
    order
        Positions of the rows in the order of time, shape (n_rows,).
    first, after
        The rows ``order[first:after]`` are those of an interval, shape (n,); none where it is in no row.
    outside, stopped
        Intervals before or after all rows, and inside a stop, bool, shape (n,).
    """

    order: np.ndarray
    first: np.ndarray
    after: np.ndarray
    outside: np.ndarray
    stopped: np.ndarray


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
    found = spans(times, starts, ends)
    depth = np.bincount(found.first, minlength=len(times) + 1)
    depth -= np.bincount(found.after, minlength=len(times) + 1)
    inside = np.cumsum(depth[:-1]) > 0
    label = np.zeros(len(times), np.int8)
    label[found.order] = inside
    places = int((np.diff(inside.astype(np.int8), prepend=0) == 1).sum())
    return EventRows(label, found.outside, found.stopped, places)


def spans(times: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> Spans:
    """Find the rows of intervals of time; parameters as in `event_rows`."""
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
    return Spans(order, np.where(marked, first, 0), np.where(marked, after, 0), outside, stopped)
