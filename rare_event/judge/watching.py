"""Alarms of the watch level as rows arrive, and when each reached the warning level."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from rare_event.config import AlarmPolicy
from rare_event.judge.running import Alarm, hear
from rare_event.judge.scores import Scores


@dataclass(frozen=True)
class WatchAlarm:
    """An alarm of the watch level, ended or not.

    Parameters
    ----------
    alarm
        The alarm.
    reached
        Time in minutes of its first window in which an alarm of the warning level is on; None if none is so
        far.
    """

    alarm: Alarm
    reached: float | None = None


def hear_watch(
    before: Scores,
    new: Scores,
    threshold: float,
    policy: AlarmPolicy,
    standing: WatchAlarm | None,
    current: int,
    with_event: Collection[int],
    warned: np.ndarray,
) -> list[WatchAlarm]:
    """Find the alarms of the watch level in new windows of one machine, and go on with the one that stands.

    Parameters
    ----------
    before, new
        As for `hear`.
    threshold, policy
        Of the watch level.
    standing
        Its alarm that had not ended.
    current, with_event
        As for `hear`.
    warned
        Whether an alarm of the warning level is on in each new window, shape (n,).

    Returns
    -------
    list
        The alarms in order, `standing` first.
    """
    so_far = None if standing is None else standing.alarm
    listed, _ = hear(before, new, threshold, policy, so_far, current, with_event)
    rows, clock = new.row[warned], new.clock[warned]
    found = []
    for place, alarm in enumerate(listed):
        known = standing.reached if standing is not None and not place else None
        first = int(np.searchsorted(rows, alarm.first_row))
        inside = first < len(rows) and rows[first] <= alarm.last_row
        found.append(WatchAlarm(alarm, float(clock[first]) if known is None and inside else known))
    return found
