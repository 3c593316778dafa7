"""Scored rows and alarms as frames, and the rows without a score as sentences."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from rare_event.errors import DataError
from rare_event.experiment.stream import (
    MISSING,
    NO_HISTORY,
    NO_PAST,
    OF_EVENT,
    RESTARTED,
    TOO_LARGE,
    Block,
    needed_rows,
)
from rare_event.experiment.trained import Trained
from rare_event.judge.endings import ENDS
from rare_event.judge.running import Alarm
from rare_event.judge.watching import WatchAlarm
from rare_event.prepare.table import Table
from rare_event.text import plural

REASONS = {
    NO_HISTORY: "no history",
    RESTARTED: "after a stop",
    OF_EVENT: "event",
    MISSING: "missing value",
    TOO_LARGE: "too large",
    NO_PAST: "no threshold yet",
}


@dataclass(frozen=True)
class Unscored:
    """Rows without a score or threshold.

    Parameters
    ----------
    reason
        A value of `REASONS`.
    rows
        How many.
    what
        The same as a sentence.
    """

    reason: str
    rows: int
    what: str


def unscored_rows(trained: Trained, why: np.ndarray) -> tuple[Unscored, ...]:
    """Count the rows without a score or threshold, by reason."""
    reach, lookback = needed_rows(trained.part)
    before = reach + lookback - 1
    back = f"the {before:,} rows before" if before > 1 else "the row before"
    hour = trained.time_unit.span(60.0)
    sentences = {
        NO_HISTORY: f"at the start {{have}} no score: the file lacks {back}, which the model needs",
        RESTARTED: f"{{have}} no score: too few rows since a stop for a window of {plural(lookback, 'row')}",
        OF_EVENT: "of events {have} no score: a warning there would come too late",
        MISSING: "{have} no score: values are missing or infinite",
        TOO_LARGE: "{have} no score: it is too large to be a number",
        NO_PAST: f"{{have}} a score but no threshold yet: it needs the scores of the {hour} before",
    }
    found = []
    for code, reason in REASONS.items():
        if rows := int((why == code).sum()):
            words = sentences[code].format(have="has" if rows == 1 else "have")
            found.append(Unscored(reason, rows, f"{plural(rows, 'row')} {words}."))
    return tuple(found)


def counted_rows(
    trained: Trained, table: Table, blocks: list[Block], needed: bool
) -> tuple[tuple[Unscored, ...], int]:
    """Count the rows without a score, by reason, and those with one.

    Parameters
    ----------
    trained, table, blocks
        The model, the rows, and what came of them.
    needed
        Whether there must be a row with a score.

    Raises
    ------
    DataError
        If there is none, and one is needed.
    """
    why = np.concatenate([block.why for block in blocks])
    y_score = np.concatenate([block.y_score for block in blocks])
    counted, n_scored = unscored_rows(trained, why), int(np.isfinite(y_score).sum())
    if not n_scored and needed:
        raise DataError(
            f"{table.name} has no row that can be scored. {' '.join(one.what for one in counted)}"
        )
    return counted, n_scored


def score_frame(table: Table, clock: np.ndarray, blocks: list[Block]) -> pd.DataFrame:
    """Return one row for each row of a table; see `Scored.frame`."""
    why = np.concatenate([block.why for block in blocks])
    names = np.full(256, "", object)
    for code, reason in REASONS.items():
        names[code] = reason
    columns: dict[str, object] = (
        {"row": clock.astype(np.int64)} if table.time is None else {"time": table.time}
    )
    if table.schema.asset is not None:
        columns["machine"] = table.frame[table.schema.asset].astype(str).to_numpy()
    columns["score"] = np.concatenate([block.y_score for block in blocks])
    columns["threshold"] = np.concatenate([block.limit for block in blocks])
    columns["alarm"] = np.concatenate([block.on for block in blocks]).astype(bool)
    columns["unscored"] = pd.Series(names[why], dtype="str")
    return pd.DataFrame(columns)


def alarm_frame(trained: Trained, table: Table, alarms: list[tuple[str, Alarm]]) -> pd.DataFrame:
    """Return one row for each alarm; see `Scored.alarms`."""

    def when(clock: list[float]) -> np.ndarray:
        return _moments(trained, table, clock)

    own = [alarm for _, alarm in alarms]
    columns: dict[str, object] = {}
    if table.schema.asset is not None:
        columns["machine"] = pd.Series([machine for machine, _ in alarms], dtype="str")
    columns |= {
        "start": when([alarm.start for alarm in own]),
        "end": when([alarm.end for alarm in own]),
        "rows": np.array([alarm.rows for alarm in own], np.int64),
        "peak": np.array([alarm.peak for alarm in own], float),
        "peak_at": when([alarm.peak_clock for alarm in own]),
        "sensors": pd.Series([alarm.sensors for alarm in own], dtype="str"),
        "ended": pd.Series([ENDS[alarm.ended] for alarm in own], dtype="str"),
    }
    return pd.DataFrame(columns)


def watch_frame(trained: Trained, table: Table, alarms: list[tuple[str, WatchAlarm]]) -> pd.DataFrame:
    """Return one row for each alarm of the watch level; see `Scored.watch`."""
    frame = alarm_frame(trained, table, [(machine, one.alarm) for machine, one in alarms])
    reached = [one.reached for _, one in alarms]
    found = np.array([clock is not None for clock in reached], bool)
    when = pd.Series(_moments(trained, table, [0.0 if clock is None else clock for clock in reached]))
    when = when if found.all() else (when.astype("Int64") if when.dtype == np.int64 else when).where(found)
    frame.insert(list(frame).index("sensors"), "reached_warning", when)
    return frame


def _moments(trained: Trained, table: Table, clock: list[float]) -> np.ndarray:
    """Return times on the clock of the training table as times of the rows, or as their numbers."""
    origin = trained.facts.origin
    if origin is None or table.time is None:
        return np.array(clock).astype(np.int64)
    seconds = np.round(np.array(clock, float) * 60_000).astype("timedelta64[ms]")
    return (origin + seconds).astype("datetime64[ns]")


def n_open(alarms: pd.DataFrame) -> int:
    """Count the alarms that are still on in the last row."""
    return int((alarms["ended"] == ENDS[""]).sum())
