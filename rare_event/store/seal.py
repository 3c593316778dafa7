"""The seal on the test data of a run: the one rule of which figures may be shown, and of what is a look.

Figures that the committed threshold does not enter (how well a model ranks, what a budget catches) may be
shown once the test data were opened at all; figures at the committed threshold only if the latest look
was at this threshold. Whatever is open already is not opened again, so that no look is counted twice.
"""

from __future__ import annotations

from collections.abc import Sequence

from rare_event.store.records import Look
from rare_event.store.runs import Run


def ever_opened(run: Run) -> bool:
    """Whether figures may be shown that the committed threshold does not enter."""
    return bool(run.looks())


def is_open(run: Run) -> bool:
    """Whether the test data were opened at the threshold that is committed now."""
    looks = run.looks()
    return bool(looks) and looks[-1].committed == run.committed()


def open_once(run: Run) -> None:
    """Open the test data for a comparison, unless they were opened before at any threshold."""
    if not ever_opened(run):
        run.look()


def open_at_threshold(run: Run) -> None:
    """Open the test data at the committed threshold, unless they are open at it."""
    if not is_open(run):
        run.look()


def changed_after_a_look(looks: Sequence[Look]) -> bool:
    """Whether the test data were opened at different thresholds."""
    return any(look.committed != looks[0].committed for look in looks)
