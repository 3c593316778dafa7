"""Marks of alarms on the clock of a run's table."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from rare_event.report import lines as ledger_lines
from rare_event.report.lines import clock_of
from rare_event.store.marks import Mark, marks_of
from rare_event.store.records import Committed, Part
from rare_event.store.runs import Run
from rare_event.ui.cache import followed_of, prepared_of, table_of, time_unit_of


def known_stops_on_clock(run: Run) -> tuple[tuple[float, float, str], ...]:
    """Return first and last minute and machine of each alarm marked a known stop, in the order of time.

    A later mark at about the same time takes the place of an earlier one, of whichever run.
    """
    table, unit, committed = table_of(run.dataset()), time_unit_of(run), run.committed()
    tolerance = max(committed.policy.cooldown, table.step)
    last: list[tuple[float, float, Mark]] = []
    for mark in marks_of(run):
        at = clock_of(mark.at, table, unit)
        until = max(at, clock_of(mark.until, table, unit)) if mark.until else at
        last = [each for each in last if each[2].asset != mark.asset or abs(each[0] - at) > tolerance]
        last.append((at, until, mark))
    stops = [(at, until, mark.asset) for at, until, mark in last if mark.kind == "known stop"]
    return tuple(sorted(stop for stop in stops if all(map(math.isfinite, stop[:2]))))


def marks_on_clock(
    run: Run, part: Part, committed: Committed, begins: Sequence[float], assets: Sequence[str]
) -> list[Mark | None]:
    """Return the mark of each alarm or event, from this run or another of the same upload.

    Parameters
    ----------
    run, part, committed
        Of which they are.
    begins, assets
        Minute at which each is marked, and its machine.
    """
    marks = marks_of(run)
    if not marks or not len(begins):
        return [None] * len(begins)
    scores = followed_of(run.id, part, committed.trailing)
    table = table_of(run.dataset())
    return ledger_lines.marks_on_clock(marks, table, scores, committed.policy, begins, assets)


def marks_of_lines(run: Run, part: Part, committed: Committed, lines: pd.DataFrame) -> list[Mark | None]:
    """Return the mark of each line of a ledger whose times are minutes on the clock."""
    if not marks_of(run):
        return [None] * len(lines)
    begins, assets = ledger_lines.begins_of(lines, prepared_of(run.dataset(), run.config()))
    return marks_on_clock(run, part, committed, begins, assets)
