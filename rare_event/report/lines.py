"""The lines of a ledger as people read them: times of the clock, and marks of what people know."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from rare_event.clock import TimeUnit
from rare_event.config import AlarmPolicy
from rare_event.judge.ledger import by_machine
from rare_event.judge.scores import Scores
from rare_event.judge.unknown import Unknown
from rare_event.prepare.prepared import Prepared
from rare_event.prepare.table import Table
from rare_event.store.marks import Mark, marks_at, of_false_alarms


def clock_text(minutes: float, table: Table, unit: TimeUnit) -> str:
    """Write a time of the clock as a mark keeps it.

    Returns
    -------
    str
        ISO 8601 where the table has times; else the minutes, or the row.
    """
    if table.start is None or unit.reason:
        return f"{minutes:g}"
    return (pd.Timestamp(table.start) + pd.Timedelta(minutes, unit="min")).isoformat()


def clock_of(text: str, table: Table, unit: TimeUnit) -> float:
    """Return the minutes of a time that a mark keeps; infinite if it is of another kind of clock."""
    try:
        if table.start is None or unit.reason:
            return float(text)
        return float((pd.Timestamp(text) - pd.Timestamp(table.start)) / pd.Timedelta(1, unit="min"))
    except (ValueError, TypeError):
        return float("inf")


def marks_on_clock(
    marks: Sequence[Mark],
    table: Table,
    scores: Scores,
    policy: AlarmPolicy,
    begins: Sequence[float],
    assets: Sequence[str],
) -> list[Mark | None]:
    """Return the mark of each alarm or event.

    Parameters
    ----------
    marks
        All marks of the same upload, oldest first.
    table
        Whose clock the marks are on.
    scores, policy
        Of the part: they say how far two beginnings of one alarm may lie apart.
    begins, assets
        Minute at which each is marked, and its machine.
    """
    tolerance = max(policy.cooldown, scores.lead_of(policy), scores.step)
    clocks = [clock_of(mark.at, table, scores.time_unit) for mark in marks]
    return marks_at(begins, assets, marks, clocks, tolerance)


def begins_of(lines: pd.DataFrame, prepared: Prepared) -> tuple[list[float], list[str]]:
    """Return the minute at which each line of a ledger is marked, and its machine."""
    event_clock = prepared.events.clock
    begins = [
        float(first) if pd.isna(event) else float(event_clock[int(event)])
        for event, first in zip(lines["event"], lines["first_alarm"], strict=True)
    ]
    return begins, lines["asset"].tolist() if "asset" in lines else [""] * len(lines)


def readable(
    lines: pd.DataFrame,
    marks: Sequence[Mark | None],
    table: Table,
    unit: TimeUnit,
    unknown: Unknown | None,
) -> pd.DataFrame:
    """Return a ledger as it is shown: with times, with marks if there are any, without what is unknown."""
    # Lines without times are the caller's own, and marks are not written into them.
    shown = with_times(lines, table, unit).copy()
    if any(marks):
        kinds = [mark.kind if mark else None for mark in marks]
        shown.insert(list(shown).index("first_alarm"), "mark", kinds)
    return alarms_of(shown, unknown) if unknown else shown


def marked_in_words(lines: pd.DataFrame, unit: TimeUnit) -> str:
    """Say how many of the false alarms people know; empty if nothing was marked."""
    if "mark" not in lines:
        return ""
    false = lines[lines["kind"] != "event"] if "kind" in lines else lines
    return of_false_alarms(false["mark"].fillna("").tolist(), unit.false_alarms.removesuffix("s"))


def alarms_of(lines: pd.DataFrame, unknown: Unknown) -> pd.DataFrame:
    """Return the alarms of a ledger, without what only an event gives."""
    of_events = ["event", "caught", "lead", "delay", *([] if unknown.labelled else ["kind"])]
    return lines[lines["kind"] != "event"].drop(columns=of_events, errors="ignore")


def with_times(lines: pd.DataFrame, table: Table, unit: TimeUnit) -> pd.DataFrame:
    """Replace minutes on the clock by times if the table has times."""
    if table.start is None or unit.reason:
        return lines
    alarmed = lines["first_alarm"].notna()
    since = pd.to_timedelta(lines["first_alarm"].where(alarmed, 0.0), unit="min")
    return lines.assign(first_alarm=(pd.Timestamp(table.start) + since).where(alarmed, np.datetime64("NaT")))


def machines_table(
    lines: pd.DataFrame, scores: Scores, unit: TimeUnit, unknown: Unknown | None
) -> pd.DataFrame:
    """Count the events and false alarms of each machine; the last column is its running time."""
    table = by_machine(lines, scores)
    if unknown:
        table = table.drop(columns=["events", "caught"])
    days = "rows (thousands)" if unit.reason else "running time (days)"
    return table.rename(columns={"false_alarms": unit.false_alarms, "days": days})
