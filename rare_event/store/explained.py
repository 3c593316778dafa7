"""Explanations of the alarms of a run: kept once for each part, threshold and policy."""

from __future__ import annotations

import hashlib
from contextlib import suppress

from rare_event.errors import RunError
from rare_event.experiment.explain import Explanation
from rare_event.store.folders import Entry
from rare_event.store.records import Committed, Part
from rare_event.store.runs import Run

# Increase it when explanations are found in another way.
VERSION = 1


def _entry(part: Part, committed: Committed) -> Entry[list[Explanation]]:
    trailing = committed.trailing
    key = (VERSION, part, sorted(committed.thresholds.items()), committed.policy, trailing)
    digest = hashlib.sha256(repr(key).encode()).hexdigest()[:16]
    return Entry(f"explained-{digest}.json", list[Explanation], "explanations of the alarms")


def explanations(run: Run, part: Part, committed: Committed) -> list[Explanation] | None:
    """Read the explanations of the alarms of a part; None if they are not found yet, or damaged."""
    with suppress(RunError):
        return _entry(part, committed).read_or(run, None)
    return None


def save_explanations(run: Run, part: Part, committed: Committed, found: list[Explanation]) -> None:
    """Keep the explanations of the alarms of a part."""
    _entry(part, committed).write(run, found)
