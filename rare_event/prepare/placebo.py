"""Placebo: invented events at quiet times, to test whether a split shows skill where there is none."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from rare_event.errors import DataError
from rare_event.prepare.stretches import find_events
from rare_event.prepare.table import Table

# Rows around a real event, a stop or another invented event that are not quiet: the precursor on
# the mill is 2 to 12 minutes long, and 30 rows are an hour there.
QUIET_ROWS = 30


@dataclass(frozen=True)
class Placebo:
    """A table with invented events only: without the real ones and the positive rows before them.

    `quiet` are its rows to judge on, rising: as far from real events and stops as the invented events are.
    Other rows differ from these for other reasons.
    """

    table: Table
    quiet: np.ndarray


def placebo(table: Table, shift: int, seed: int = 0) -> Placebo:
    """Invent events: as many as there are, at random quiet rows.

    The real events and the rows that the shift marks before them are removed. Quiet rows before an
    invented event are like all other quiet rows, so any skill a model shows on them is an artefact.

    Raises
    ------
    DataError
        If there is no label, there are fewer than two events, or fewer than two rows are quiet.
    """
    if table.schema.label is None:
        raise DataError(
            "The file has no label, so it is not known how many events to invent. Choose a label column or a "
            "file of events."
        )
    clock = table.clock
    stretch = table.stretch
    events = find_events(clock, table.label, stretch)
    quiet = _quiet(stretch, events.row)
    invented = _draw(quiet, len(events), shift, np.random.default_rng(seed))
    removed = table.label == 1
    removed[_before(events.row, shift, table.asset)] = True
    label = np.zeros(table.n_rows, table.label.dtype)
    label[invented] = 1
    frame = table.frame.assign(**{table.schema.label: label})[~removed].reset_index(drop=True)
    cuts = np.cumsum(~removed)[table.cuts] - ~removed[table.cuts]
    changed = replace(table, frame=frame, lines=table.lines[~removed], cuts=cuts[cuts < len(frame)])
    near = _before(invented, shift, table.asset)
    judged = np.zeros(table.n_rows, bool)
    judged[quiet] = judged[near] = True
    return Placebo(changed, np.flatnonzero(judged[~removed]))


def _before(rows: np.ndarray, shift: int, asset: np.ndarray | None) -> np.ndarray:
    """Find the `shift` rows before each of some rows, of the same asset."""
    before = (rows[:, None] - np.arange(1, shift + 1)).clip(min=0)
    found: np.ndarray = before.ravel() if asset is None else before[asset[before] == asset[rows][:, None]]
    return found


def _quiet(stretch: np.ndarray, event_rows: np.ndarray) -> np.ndarray:
    """Find the rows far from any event and from the ends of their stretch."""
    position = np.arange(len(stretch))
    ends = np.append(np.flatnonzero(np.diff(stretch)), len(stretch) - 1)
    noisy = np.sort(np.concatenate([[-1], ends, event_rows]))
    after = np.searchsorted(noisy, position)
    before = position - noisy[after - 1]
    ahead = noisy[np.minimum(after, len(noisy) - 1)] - position
    return np.flatnonzero((before > QUIET_ROWS) & (ahead > QUIET_ROWS))


def _draw(quiet: np.ndarray, count: int, shift: int, random: np.random.Generator) -> np.ndarray:
    """Draw up to `count` quiet rows, more than `QUIET_ROWS` or the shift apart."""
    distance = max(QUIET_ROWS, shift)
    kept: list[int] = []
    for row in random.permutation(quiet).tolist():
        if len(kept) == count:
            break
        if all(abs(row - other) > distance for other in kept):
            kept.append(row)
    if len(kept) == count == 1:
        raise DataError("There is only one event, and a placebo needs two. Use a file with more events.")
    if len(kept) < 2:
        raise DataError(
            f"The rows more than {QUIET_ROWS} rows away from every event and stop are too few for invented "
            f"events: {len(quiet):,}. Use a file with longer stretches."
        )
    return np.sort(kept)
