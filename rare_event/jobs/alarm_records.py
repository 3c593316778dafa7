"""What a follower tells of the alarms of a level: one record when an alarm begins, one when it ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from rare_event.experiment.score import History
from rare_event.judge.endings import ENDS, OPEN
from rare_event.store.followed import Position


@dataclass(frozen=True)
class Told:
    """The records of a piece, and what holds after it.

    Parameters
    ----------
    records
        Of alarms that began or ended, in order.
    counts
        Alarms so far of each machine.
    on
        When each alarm that has not ended began, by machine.
    """

    records: tuple[dict[str, Any], ...]
    counts: Mapping[str, int]
    on: Mapping[str, str]


def alarm_records(alarms: pd.DataFrame, position: Position, history: History, run: str) -> Told:
    """Return what is told of the alarms of a piece at the warning level; see `_records` for the rest."""
    standing = {machine for machine, stream in history.streams.items() if stream.standing is not None}
    return _records(alarms, Told((), position.alarms, position.on), standing, position.follower, run)


def watch_records(alarms: pd.DataFrame | None, position: Position, history: History, run: str) -> Told:
    """Return what is told of the alarms of a piece at the watch level; see `_records` for the rest."""
    before = Told((), position.watch_alarms, position.watch_on)
    if alarms is None:
        return before
    standing = {machine for machine, stream in history.streams.items() if stream.watching is not None}
    return _records(alarms, before, standing, f"{position.follower}-watch", run)


def _records(alarms: pd.DataFrame, before: Told, standing: set[str], prefix: str, run: str) -> Told:
    """Return what is told of the alarms of a piece.

    The alarms of a machine are numbered; the first that is listed is the one that was on before.

    Parameters
    ----------
    alarms
        As `Scored.alarms` or `Scored.watch`.
    before
        What held before the piece.
    standing
        Machines whose alarm had not ended.
    prefix
        With which the ids begin.
    run
        Id of the model's run.
    """
    several = "machine" in alarms
    counts, on = dict(before.counts), dict(before.on)
    records: list[dict[str, Any]] = []
    for row in alarms.to_dict("records"):
        machine = row["machine"] if several else ""
        if machine in standing:
            standing.remove(machine)
        else:
            counts[machine] = counts.get(machine, 0) + 1
            records.append(_record(prefix, machine, counts[machine], "start", run, row))
        on[machine] = str(_plain(row["start"]))
        if row["ended"] != ENDS[OPEN]:
            del on[machine]
            records.append(_record(prefix, machine, counts[machine], "end", run, row))
    return Told(tuple(records), counts, on)


def _record(
    follower: str, machine: str, count: int, event: str, run: str, row: Mapping[Any, Any]
) -> dict[str, Any]:
    alarm = "-".join(filter(None, [follower, machine, str(count)]))
    record = {"id": f"{alarm}-{event}", "event": event, "alarm": alarm, "run": run}
    if machine:
        record["machine"] = machine
    names = [name for name in row if name not in ("machine", "ended")]
    if event == "start":
        # It has not ended: the rows and the peak are those so far.
        names.remove("end")
    record |= {name: _plain(row[name]) for name in names}
    return record | ({"ended": row["ended"]} if event == "end" else {})


def _plain(value: Any) -> Any:
    if pd.isna(value):
        return None
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    return value.item() if isinstance(value, np.generic) else value
