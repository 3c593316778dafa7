"""The seal on the test data of a run: which figures may be shown, and what counts as a look.

Figures that do not depend on the committed threshold (ranking, events caught within a budget) may be shown
once the test data were opened at any threshold; figures at the committed threshold only if the latest look
was at it. Data that are already open are not opened again, so that no look is counted twice.
"""

from __future__ import annotations

from collections.abc import Sequence

from rare_event.store.records import Look
from rare_event.store.runs import Run


def ever_opened(run: Run) -> bool:
    """Whether figures that do not depend on the committed threshold may be shown."""
    return bool(run.looks())


def is_open(run: Run) -> bool:
    """Whether the latest look was at the committed threshold."""
    looks = run.looks()
    return bool(looks) and looks[-1].committed == run.committed()


def open_once(run: Run) -> None:
    """Open the test data for a comparison, unless they were opened at any threshold before."""
    if ever_opened(run):
        return
    with run.locked():
        if not ever_opened(run):
            run.look()


def open_at_threshold(run: Run) -> None:
    """Open the test data at the committed threshold, unless they already are."""
    if is_open(run):
        return
    with run.locked():
        if not is_open(run):
            run.look()


def changed_after_a_look(looks: Sequence[Look]) -> bool:
    """Whether the test data were opened at different thresholds, or under different policies."""
    return any(look.committed != looks[0].committed for look in looks)
