"""The last rows of a machine, on which the inputs and windows of the next ones depend."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rare_event.experiment.trained import Part, Trained
from rare_event.prepare.features import history_rows
from rare_event.prepare.labels import kept_rows
from rare_event.prepare.prepared import Rows


def needed_rows(part: Part) -> tuple[int, int]:
    """Return the earlier rows that inputs depend on and the lookback, the most of all models."""
    leaves = [leaf.config for leaf in part.leaves()]
    return max(history_rows(leaf.representation) for leaf in leaves), max(leaf.lookback for leaf in leaves)


def joined(tail: Rows | None, new: Rows) -> Rows:
    """Put the tail before new rows."""
    if tail is None:
        return new
    clock, label, values = (
        np.concatenate([getattr(tail, name), getattr(new, name)]) for name in ("clock", "label", "values")
    )
    grades = {column: np.concatenate([tail.grades[column], grade]) for column, grade in new.grades.items()}
    asset = None if new.asset is None else np.zeros(len(clock), np.int64)
    return replace(new, clock=clock, label=label, values=values, grades=grades, asset=asset, base=tail.base)


def tail_of(trained: Trained, rows: Rows, cuts: np.ndarray) -> tuple[Rows, np.ndarray]:
    """Keep the rows that inputs and windows of later rows depend on."""
    reach, lookback = needed_rows(trained.part)
    first = len(rows.clock) - (lookback - 1)
    if trained.config.article_mode and lookback > 1:
        # Windows cross stops there, and the rows of events between them are left out.
        kept = kept_rows(rows.label, trained.config.shift)
        first = int(kept[1 - lookback]) if len(kept) >= lookback - 1 else 0
    first = max(0, min(first - reach, len(rows.clock) - 1))
    begin = int(np.searchsorted(rows.stretch, rows.stretch[first]))
    base = rows.base if begin == 0 and rows.base is not None else rows.values[begin]
    part = slice(first, None)
    tail = replace(
        rows,
        clock=rows.clock[part].copy(),
        label=rows.label[part].copy(),
        stretch=rows.stretch[part].copy(),
        values=rows.values[part].copy(),
        grades={column: grade[part].copy() for column, grade in rows.grades.items()},
        asset=None if rows.asset is None else rows.asset[part].copy(),
        base=base.copy(),
    )
    return tail, cuts[part].copy()
