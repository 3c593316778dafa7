"""Stretches: uninterrupted running time between stops, and the events that end them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rare_event.prepare.assets import asset_rows, within

# A gap of more than this many median steps is a stop: on the mill every jump of the clock over
# 2 minutes is at least 4 minutes more, while a single lost row should not cut a stretch.
GAP_STEPS = 3.0


def minutes(
    time: np.ndarray | None,
    n_rows: int,
    asset: np.ndarray | None = None,
    start: np.datetime64 | None = None,
) -> np.ndarray:
    """Return the time of each row in minutes since the first row; with assets, since the earliest.

    Parameters
    ----------
    time
        datetime64, shape (n_rows,); None for a table without a clock, where each row counts as one
        minute.
    n_rows
        Number of rows.
    asset
        Number of each row's asset, never falling, shape (n_rows,). Without a clock, the rows of each asset
        are counted from its first.
    start
        The time at which the clock is 0, in place of that of a row.

    Returns
    -------
    numpy.ndarray
        float64, shape (n_rows,).
    """
    if time is None:
        parts = [n_rows] if asset is None else [rows.stop - rows.start for rows in asset_rows(asset)]
        return np.concatenate([np.arange(part, dtype=float) for part in parts])
    if start is None:
        start = time[0] if asset is None else time.min()
    minutes: np.ndarray = (time - start) / np.timedelta64(1, "s") / 60.0
    return minutes


def median_step(clock: np.ndarray, asset: np.ndarray | None = None) -> float:
    """Median of the positive steps of a clock, inside assets, in minutes; 1 where there are none."""
    steps = np.diff(clock)[within(asset, len(clock))]
    steps = steps[steps > 0]
    return float(np.median(steps)) if steps.size else 1.0


def running_minutes(clock: np.ndarray, stretch: np.ndarray, step: float) -> np.ndarray:
    """Return the running time that each row stands for, whose sum is that of the table.

    It is the time until the next row of the stretch, so rows that share a time count once, and stops
    do not count.

    Parameters
    ----------
    clock, stretch
        Minutes and stretch ids, each of shape (n_rows,).
    step
        Minutes that the last row of a stretch stands for: the median step.

    Examples
    --------
    >>> clock = np.array([0.0, 2, 2, 5, 90, 92])
    >>> running_minutes(clock, np.array([0, 0, 0, 0, 1, 1]), step=2.0).tolist()
    [2.0, 0.0, 3.0, 2.0, 2.0, 2.0]
    """
    running = np.full(len(clock), step)
    same = stretch[1:] == stretch[:-1]
    running[:-1][same] = np.diff(clock)[same]
    return running


def stretches(
    clock: np.ndarray,
    label: np.ndarray,
    asset: np.ndarray | None = None,
    cuts: Sequence[int] | np.ndarray = (),
    steps: Sequence[float] | None = None,
) -> np.ndarray:
    """Return the number of each row's stretch; they end at time gaps, after events, with an asset, at cuts.

    Parameters
    ----------
    clock
        Minutes, shape (n_rows,), as returned by `minutes`.
    label
        1 in event rows, shape (n_rows,).
    asset
        Number of each row's asset, never falling, shape (n_rows,); None for one machine. Each asset has the
        stretches that it would have alone.
    cuts
        Rows that begin a stretch whatever the clock says.
    steps
        The usual step of each asset in minutes, one for one machine; None: the median of these rows.

    Returns
    -------
    numpy.ndarray
        int64, shape (n_rows,), from 0, never falling. The rows of an event are the last of their
        stretch.

    Examples
    --------
    >>> stretches(np.array([0.0, 2, 4, 6, 90, 92]), np.array([0, 0, 1, 0, 0, 0]))
    array([0, 0, 0, 1, 2, 2])
    """
    if asset is not None:
        begun = np.zeros(len(clock), bool)
        begun[np.asarray(cuts, np.int64)] = True
        alone = ((rows, np.flatnonzero(begun[rows])) for rows in asset_rows(asset))
        parts = [
            stretches(
                clock[rows],
                label[rows],
                cuts=first,
                steps=None if steps is None else [steps[asset[rows.start]]],
            )
            for rows, first in alone
        ]
        begins = np.cumsum([0, *(part[-1] + 1 for part in parts[:-1])])
        return np.concatenate([part + begin for part, begin in zip(parts, begins, strict=True)])
    step = np.diff(clock)
    usual = median_step(clock) if steps is None else steps[0]
    gap = (step > GAP_STEPS * usual) | (step < 0)
    after_event = (label[:-1] == 1) & (label[1:] == 0)
    ends = np.concatenate([[False], gap | after_event])
    ends[np.asarray(cuts, np.int64)] = True
    number: np.ndarray = np.cumsum(ends) - ends[0]
    return number.astype(np.int64)


@dataclass(frozen=True)
class Events:
    """Where the events are.

    Parameters
    ----------
    row
        First row of each event, shape (n_events,).
    clock
        Its time in minutes.
    stretch
        The stretch that leads to it.
    length
        Its number of rows.
    asset
        Number of its asset; None for one machine.
    """

    row: np.ndarray
    clock: np.ndarray
    stretch: np.ndarray
    length: np.ndarray
    asset: np.ndarray | None = None

    def __len__(self) -> int:
        """Return the number of events."""
        return len(self.row)


def find_events(clock: np.ndarray, label: np.ndarray, stretch: np.ndarray) -> Events:
    """Find the events: maximal runs of label 1 within one stretch.

    Parameters
    ----------
    clock, label, stretch
        Minutes, labels and stretch ids, each of shape (n_rows,).
    """
    before = np.concatenate([[0], label[:-1]])
    restart = np.concatenate([[True], stretch[1:] != stretch[:-1]])
    row = np.flatnonzero((label == 1) & ((before == 0) | restart))
    rows = np.flatnonzero(label == 1)
    length = np.bincount(np.searchsorted(row, rows, side="right") - 1, minlength=len(row))
    return Events(row, clock[row], stretch[row], length)
