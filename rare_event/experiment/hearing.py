"""The alarms of new windows of one machine, at the warning level and at the watch level.

What is suppressed has no score here; shelving ends what was on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from rare_event.config import AlarmPolicy
from rare_event.experiment.shelving import begin_shelving, end_watch
from rare_event.experiment.trained import Part, Trained, input_names
from rare_event.judge.ledger import shares_in_words
from rare_event.judge.running import Alarm, following, hear, kept_windows
from rare_event.judge.scores import Scores
from rare_event.judge.watching import WatchAlarm, hear_watch
from rare_event.prepare.prepared import Rows


@dataclass(frozen=True, eq=False)
class Heard:
    """What was heard in new windows.

    Parameters
    ----------
    alarms
        The alarms in order, first the one that had not ended.
    on
        Whether an alarm is on in each window, shape (n,).
    watch
        The alarms of the watch level, as `alarms`.
    windows
        Those that alarms of later rows depend on.
    """

    alarms: list[Alarm]
    on: np.ndarray
    watch: tuple[WatchAlarm, ...]
    windows: Scores

    @property
    def standing(self) -> Alarm | None:
        """The alarm that has not ended."""
        return self.alarms[-1] if self.alarms and not self.alarms[-1].ended else None

    @property
    def watching(self) -> WatchAlarm | None:
        """The alarm of the watch level that has not ended."""
        return self.watch[-1] if self.watch and not self.watch[-1].alarm.ended else None

    def with_sensors(self, contributions: pd.DataFrame, part: Part, first: int) -> Heard:
        """Name the sensors at the peaks that lie in rows from `first` on."""
        alarms = _with_sensors(self.alarms, contributions, part, first)
        named = _with_sensors([one.alarm for one in self.watch], contributions, part, first)
        watch = tuple(replace(one, alarm=alarm) for one, alarm in zip(self.watch, named, strict=True))
        return replace(self, alarms=alarms, watch=watch)


def hear_rows(
    trained: Trained,
    policy: AlarmPolicy,
    before: Scores,
    windows: Scores,
    known: tuple[Alarm | None, WatchAlarm | None],
    rows: Rows,
    absolute: np.ndarray,
) -> Heard:
    """Find the alarms of new windows.

    Parameters
    ----------
    trained, policy
        The model, and its alarm policy for this machine.
    before, windows
        Windows kept of earlier rows, and the new ones.
    known
        The alarms that had not ended, of the warning level and of the watch level.
    rows, absolute
        The rows with their tail, which tells which stretches ended with an event, and the number of the
        stretch of each.
    """
    before, standing, cut = begin_shelving(trained, before, known[0], windows)
    watching, watch_cut = end_watch(trained, before, known[1], windows)
    # After the first row of an event no later window of its stretch has a score, unless events are detected.
    closed = np.append(absolute[1:] != absolute[:-1], trained.config.shift > 0) & (rows.label == 1)
    ended_by_event = set(absolute[closed].tolist())
    current = int(absolute[-1])
    plain = policy.unsuppressed()
    policy = replace(plain, shelved=policy.shelved)
    listed, on = hear(before, windows, trained.threshold, policy, standing, current, ended_by_event)
    watch, levels = watch_cut, [trained.threshold]
    if trained.watch is not None:
        level = trained.watch.last
        watch = watch + hear_watch(before, windows, level, policy, watching, current, ended_by_event, on)
        levels.append(level)
    # Each level keeps the first window of the stretch, and the last ones: the longest has all of the others.
    known_windows = following(before, windows)
    kept = max((kept_windows(known_windows, level, plain, current) for level in levels), key=len)
    return Heard([*cut, *listed], on, tuple(watch), kept)


def _with_sensors(listed: list[Alarm], contributions: pd.DataFrame, part: Part, first: int) -> list[Alarm]:
    """Name the sensors at the peaks of the alarms that lie in this block."""
    if "sensor_1" not in contributions:
        return listed
    rows, names = contributions["row"].to_numpy(), input_names(part)
    sensors = contributions.filter(like="sensor_").to_numpy()
    shares = contributions.filter(like="share_").to_numpy()

    def named(alarm: Alarm) -> Alarm:
        if alarm.peak_row < first:
            return alarm
        place = int(np.searchsorted(rows, alarm.peak_row))
        return replace(alarm, sensors=shares_in_words(sensors[place], shares[place], names))

    return [named(alarm) for alarm in listed]
