"""The effect of a one-click fix, and when that is too much for one click."""

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
        Rows before it.
    removed, filled, lost, moved
        Rows removed, cells changed, events lost, rows moved.
    forbidden
        Why it would destroy data whatever the numbers, as the start of a sentence.
    most
        Share of the cells that it may change.
    """

    n_rows: int
    removed: int = 0
    filled: int = 0
    lost: int = 0
    moved: int = 0
    forbidden: str | None = None
    most: float = MOST

    @property
    def in_words(self) -> str:
        """The effect as a sentence."""
        rows, cells, events = (
            plural(n, noun) if n else f"no {noun}s"
            for n, noun in ((self.removed, "row"), (self.filled, "cell"), (self.lost, "event"))
        )
        if self.moved:
            return f"This moves {plural(self.moved, 'row')}, changes {cells} and loses {events}."
        share = f" ({self.filled / self.n_rows:.1%})" if self.filled > MOST * self.n_rows else ""
        return f"This removes {rows}, changes {cells}{share} and loses {events}."

    @property
    def refused(self) -> str | None:
        """Why the fix is refused, as the start of a sentence; None if it is allowed."""
        if self.forbidden is not None:
            return self.forbidden
        if self.lost:
            return f"Dropping the rows would lose {plural(self.lost, 'event')}"
        for doing, changed, what, most in (
            ("Dropping", self.removed, "rows", MOST),
            ("Changing", self.filled, "cells", self.most),
        ):
            if changed > most * self.n_rows:
                share = f"{changed:,} of {self.n_rows:,} {what} ({changed / self.n_rows:.1%})"
                return f"{doing} {share} would exceed the {most:.0%} that a fix may change"
        return None


def dropping(kept: np.ndarray, label: np.ndarray) -> Effect:
    """Return the effect of dropping rows.

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
    """Return the effect of filling the cells marked in `bad`, bool of shape (n_rows,), forward."""
    return Effect(len(bad), filled=int(bad.sum()) - leading(bad))


def leading(bad: np.ndarray) -> int:
    """Count the marked rows at the start, which have no earlier value."""
    return len(bad) if bad.all() else int(np.argmin(bad))


def _n_events(label: np.ndarray) -> int:
    return int((np.diff(label.astype(np.int8), prepend=np.int8(0)) == 1).sum())
