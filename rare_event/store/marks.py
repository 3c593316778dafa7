"""What people say of alarms: true, false, or a known stop; kept with a run, by the time of the alarm.

A mark holds for every run of the same upload, so that it survives a retraining: an alarm of another run is
the same one if it begins at about the same time.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

import numpy as np

from rare_event.errors import RunError
from rare_event.store.folders import Entry
from rare_event.store.runs import Run

Kind = Literal["true", "false", "known stop"]
KINDS: tuple[Kind, ...] = ("true", "false", "known stop")
MOST_NOTE, MOST_NAME = 500, 60


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")


@dataclass(frozen=True)
class Mark:
    """What a person says of an alarm or an event.

    Parameters
    ----------
    at
        When it began: ISO 8601 in the time of the file, or minutes on a clock without a date, or rows.
    kind
        What it was; None takes an earlier mark back.
    note, by
        A remark, and the name of the person; both may be empty.
    until
        When it ended, as `at`.
    asset
        Its machine; empty for one.
    time
        When it was marked, ISO 8601, UTC.
    """

    at: str
    kind: Kind | None
    note: str = ""
    by: str = ""
    until: str = ""
    asset: str = ""
    time: str = field(default_factory=_now)


MARKS = Entry("marks.json", list[Mark], "marks of alarms")


def mark_alarm(run: Run, mark: Mark) -> None:
    """Keep a mark with a run, in place of an earlier one of this run at the same time.

    Raises
    ------
    RunError
        If the marks are damaged, or the workspace cannot be written.
    """
    short = Mark(
        mark.at,
        mark.kind,
        mark.note.strip()[:MOST_NOTE],
        mark.by.strip()[:MOST_NAME],
        mark.until,
        mark.asset,
        mark.time,
    )
    with run.locked():
        others = [each for each in MARKS.read_or(run, []) if (each.at, each.asset) != (mark.at, mark.asset)]
        MARKS.write(run, [*others, short])


def marks_of(run: Run) -> list[Mark]:
    """Read the marks of all runs of the same upload, oldest first.

    Raises
    ------
    RunError
        If those of this run are damaged; of other runs, damaged marks are left out.
    """
    marks = list(MARKS.read_or(run, []))
    digest = run.dataset().digest
    # Not of folders that are being deleted, which begin with a dot.
    for path in run.folder.parent.glob(f"[0-9]*/{MARKS.file}"):
        other = Run(path.parent)
        with suppress(RunError):
            if other.id != run.id and other.dataset().digest == digest:
                marks += MARKS.read(other)
    return sorted(marks, key=lambda mark: mark.time)


def marks_at(
    begins: Sequence[float],
    assets: Sequence[str],
    marks: Sequence[Mark],
    marked: Sequence[float],
    tolerance: float,
) -> list[Mark | None]:
    """Find the mark of each alarm or event: the latest of those whose nearest alarm it is.

    Parameters
    ----------
    begins, assets
        Minutes on the clock at which each began, and its machine.
    marks, marked
        Marks, oldest first, and the minutes of each on the same clock.
    tolerance
        Minutes between the beginnings of one alarm under two models, at most.

    Examples
    --------
    >>> early, late = Mark("10", "false"), Mark("104", "known stop")
    >>> found = marks_at([12.0, 100.0, 200.0], ["", "", ""], [early, late], [10.0, 104.0], 5.0)
    >>> [mark and mark.kind for mark in found]
    ['false', 'known stop', None]
    """
    found: list[Mark | None] = [None] * len(begins)
    clock = np.asarray(begins, dtype=float)
    for mark, at in zip(marks, marked, strict=True):
        apart = np.where(np.asarray(assets) == mark.asset, np.abs(clock - at), np.inf)
        if len(apart) and apart.min() <= tolerance:
            found[int(apart.argmin())] = mark
    return [mark if mark is not None and mark.kind is not None else None for mark in found]


def of_false_alarms(kinds: Sequence[str], noun: str = "false alarm") -> str:
    """Say how many false alarms were marked, and as what; empty where none was.

    Parameters
    ----------
    kinds
        The mark of each false alarm, or an empty text.
    noun
        What they are called.

    Examples
    --------
    >>> of_false_alarms(["known stop", "", "false", "known stop"])
    'Of 4 false alarms, 2 were known stops and 1 was checked and is false.'
    """
    counts = {kind: sum(each == kind for each in kinds) for kind in ("known stop", "true", "false")}
    parts = []
    if n := counts["known stop"]:
        parts.append(f"{n} {'was a known stop' if n == 1 else 'were known stops'}")
    if n := counts["true"]:
        parts.append(f"{n} {'was' if n == 1 else 'were'} marked true")
    if n := counts["false"]:
        parts.append(f"{n} {'was checked and is' if n == 1 else 'were checked and are'} false")
    if not parts:
        return ""
    listed = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    return f"Of {len(kinds)} {noun}{'' if len(kinds) == 1 else 's'}, {listed}."
