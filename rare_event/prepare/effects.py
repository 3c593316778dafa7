"""What a one-click fix would change, and when that is too much to be done at one click."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rare_event.text import plural

MOST = 0.05  # share of the rows or of the cells of a column that a fix may change


@dataclass(frozen=True)
class Effect:
    """What a fix would change.

    Parameters
    ----------
    n_rows
        Rows of the table, and so cells of a column.
    removed
        Rows that would go.
    filled
        Cells that would get another value.
    lost
        Events that would go or be joined with another.
    """

    n_rows: int
    removed: int = 0
    filled: int = 0
    lost: int = 0

    @property
    def in_words(self) -> str:
        """What changes, as a sentence."""
        rows, cells, events = (
            plural(n, noun) if n else f"no {noun}s"
            for n, noun in ((self.removed, "row"), (self.filled, "cell"), (self.lost, "event"))
        )
        return f"This removes {rows}, changes {cells} and loses {events}."

    @property
    def refused(self) -> str | None:
        """Why this is too much, as a clause that opens a sentence; None where it is not."""
        if self.lost:
            return f"Dropping the rows would lose {plural(self.lost, 'event')}"
        for doing, changed, what in (("Dropping", self.removed, "rows"), ("Filling", self.filled, "cells")):
            if changed > MOST * self.n_rows:
                share = f"{changed:,} of {self.n_rows:,} {what} ({changed / self.n_rows:.1%})"
                return f"{doing} {share} is more than the {MOST:.0%} that a fix may change"
        return None


def dropping(kept: np.ndarray, label: np.ndarray) -> Effect:
    """Weigh the dropping of rows.

    Parameters
    ----------
    kept
        True in the rows that stay, shape (n_rows,).
    label
        1 in event rows, shape (n_rows,).
    """
    lost = _n_events(label) - _n_events(label[kept])
    return Effect(len(label), removed=int((~kept).sum()), lost=max(0, lost))


def filling(bad: np.ndarray) -> Effect:
    """Weigh carrying values forward over the cells marked in `bad`, bool of shape (n_rows,)."""
    return Effect(len(bad), filled=int(bad.sum()) - leading(bad))


def leading(bad: np.ndarray) -> int:
    """Count the marked rows at the very start, which have no value before them."""
    return len(bad) if bad.all() else int(np.argmin(bad))


def _n_events(label: np.ndarray) -> int:
    return int((np.diff(label.astype(np.int8), prepend=np.int8(0)) == 1).sum())
