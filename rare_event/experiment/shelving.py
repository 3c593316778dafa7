"""Shelving of new rows: an operator silences the alarms until a time; after it, only new alarms sound."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pandas as pd

from rare_event.config.prepare import plain_time
from rare_event.errors import ConfigError
from rare_event.experiment.facts import Facts
from rare_event.experiment.trained import Trained
from rare_event.judge.endings import SHELVED
from rare_event.judge.running import Alarm
from rare_event.judge.scores import ROUNDING, Scores
from rare_event.judge.suppression import suppressed_in_words
from rare_event.judge.watching import WatchAlarm
from rare_event.prepare.alarm_rows import zoned
from rare_event.prepare.stretches import minutes
from rare_event.prepare.table import Table

UTC = "Z"
WITHOUT_ZONE = (
    "Alarms cannot be shelved until {0}: the times of the rows have a time zone or are in UTC, but this time "
    "has no zone. Write it with its zone, such as {0}+01:00, or {0}Z for UTC."
)
WITH_ZONE = (
    "Alarms cannot be shelved until {}: it has a time zone, but the times of the rows have none. Write {}."
)


class ShelvingError(ConfigError):
    """A time that is not on the clock of the rows: no file can be scored with it."""


def check_shelving(trained: Trained, until: str | None) -> str | None:
    """Return a time until which alarms are shelved, as `shelving_time` writes it; None without one."""
    return None if until is None else shelving_time(trained.facts, until)


def shelving_time(facts: Facts, until: str) -> str:
    """Return a time until which alarms are shelved, in its standard form: in UTC with a Z if it has a zone.

    Raises
    ------
    ConfigError
        If it is no time, the model counts rows, or it has no zone where the times of training had one.
    """
    if facts.time_unit.reason or facts.origin is None:
        raise ConfigError(
            f"Alarms cannot be shelved until {until}: the model counts rows, since its training file has no "
            "usable times. Shelve no alarms, or train on a file with usable times."
        )
    plain = plain_time(until)
    if datetime.fromisoformat(until).tzinfo is not None:
        return plain + UTC
    if facts.zoned:
        raise ShelvingError(WITHOUT_ZONE.format(plain))
    return plain


def _require_clock_of(table: Table, text: str, facts: Facts) -> None:
    """Refuse a time with a zone for rows without, and one without for rows that have it."""
    if zoned(table) == text.endswith(UTC):
        return
    if zoned(table):
        raise ShelvingError(WITHOUT_ZONE.format(text))
    if facts.zoned:
        file = f"the times of {table.name} with their zone, as in the training file"
        raise ConfigError(WITH_ZONE.format(text, file))
    raise ShelvingError(WITH_ZONE.format(text, "it without a zone, on the clock of the rows"))


def shelved_until(trained: Trained, table: Table, until: str | None) -> Trained:
    """Return a model whose alarms are shelved in the rows of a table before a time.

    Raises
    ------
    ConfigError
        As `shelving_time`, or if only the time or only the rows have a zone.
    """
    text, origin = check_shelving(trained, until), trained.facts.origin
    if text is None or origin is None or table.time is None:
        return trained
    _require_clock_of(table, text, trained.facts)
    end = float((pd.Timestamp(text.removesuffix(UTC)) - pd.Timestamp(origin)) / pd.Timedelta(minutes=1))
    # The row at that time is the first in which an alarm may begin.
    last = end - 2 * ROUNDING
    first = min(float(minutes(table.time, table.n_rows, None, origin).min()), last)
    spans = tuple((first, last, machine) for machine in table.assets or ("",))
    policy = replace(trained.policy, shelved=(*trained.policy.shelved, *spans))
    return replace(trained, policy=policy, shelved_until=end)


@dataclass(frozen=True)
class Hidden:
    """Rows that raise no alarm.

    Parameters
    ----------
    suppressed
        What the alarm policy suppresses, and what is shelved, in words; empty where nothing is.
    until
        Time until which the alarms are shelved; empty without one.
    shelved
        Rows with a score in which they are shelved.
    """

    suppressed: str = ""
    until: str = ""
    shelved: int = 0


def hidden_by(trained: Trained, scores: Scores, until: str | None) -> Hidden:
    """Find what is suppressed and shelved.

    Parameters
    ----------
    trained
        As returned by `shelved_until`.
    scores
        The scored windows.
    until
        Time until which alarms are shelved; None without one.
    """
    n_shelved = int(scores.shelved(trained.policy).sum())
    said = suppressed_in_words(scores, trained.policy)
    return Hidden(said, check_shelving(trained, until) or "", n_shelved)


def begin_shelving(
    trained: Trained, before: Scores, standing: Alarm | None, new: Scores
) -> tuple[Scores, Alarm | None, list[Alarm]]:
    """End the alarm that stands where shelved windows follow, and let no later one depend on what was before.

    Parameters
    ----------
    trained
        Its `shelved_until` is used.
    before
        Windows kept of earlier rows.
    standing
        The alarm that had not ended.
    new
        The new windows.

    Returns
    -------
    tuple
        The windows kept, the alarm that goes on, and those that end.
    """
    until = trained.shelved_until
    if until is None or not len(new) or new.clock[0] > until - ROUNDING:
        return before, standing, []
    mine = before.stretch == new.stretch[0]
    before = before.with_score(np.where(mine, -np.inf, before.y_score))
    if standing is None or standing.stretch != new.stretch[0]:
        return before, standing, []
    return before, None, [replace(standing, ended=SHELVED)]


def end_watch(
    trained: Trained, before: Scores, standing: WatchAlarm | None, new: Scores
) -> tuple[WatchAlarm | None, list[WatchAlarm]]:
    """Do the same with the alarm of the watch level; return the one that goes on, and those that end."""
    if standing is None:
        return None, []
    _, goes_on, cut = begin_shelving(trained, before, standing.alarm, new)
    return None if goes_on is None else standing, [replace(standing, alarm=alarm) for alarm in cut]
