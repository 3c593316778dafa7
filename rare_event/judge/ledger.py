"""The ledger: one line for each event, caught or missed, and one for each false alarm."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from rare_event.config import AlarmPolicy
from rare_event.judge.alarms import alarms, event_ledger
from rare_event.judge.endings import ENDS
from rare_event.judge.scores import Scores

COLUMNS = ["kind", "event", "caught", "first_alarm", "lead", "ended", "peak", "row", "fold", "sensors"]


def ledger(
    scores: Scores,
    threshold: float | Mapping[int, float],
    policy: AlarmPolicy,
    contributions: pd.DataFrame | None = None,
    names: Sequence[str] = (),
    of_event: Sequence[str] = (),
) -> pd.DataFrame:
    """Write the ledger of a part at a threshold, or at one for each fold.

    Parameters
    ----------
    scores, threshold, policy
        Of the part; a mapping of thresholds has one for each fold.
    contributions, names
        The sensors' shares in the scores, and the names of the sensors.
    of_event
        Machine of each event, by its number.

    Returns
    -------
    pandas.DataFrame
        `kind` (``event`` or ``false alarm``), `event` (its number; missing for a false alarm),
        `caught`, `first_alarm` (minutes on the clock of the scores), `lead` (minutes), `ended` (why the
        false alarm, or that which caught the event, ended, in words; empty where it was missed), `peak` (the
        highest score in the lead window, or in the alarm; with several thresholds the one that is the
        highest multiple of its own), `row` and `fold` of that peak (missing
        where no window sees the event), `sensors` (the largest contributions there, in words). With
        several machines also `asset`, after `kind`; without `of_event` it is empty where no window sees
        the event. Where events are detected while they last, `delay` (minutes since the event began)
        takes the place of `lead`.
    """
    y_score = scores.y_score
    if isinstance(threshold, Mapping):
        scores, threshold = _at_one_threshold(scores, threshold)
    listed = alarms(scores, threshold, policy)
    listed = listed.assign(ended=listed["ended"].map(ENDS).astype("str"))
    events = _events(scores, threshold, policy, listed, y_score)
    false = _false_alarms(scores, listed[listed["false"]].reset_index(drop=True), y_score)
    whole = {"event": "Int64", "row": "Int64", "fold": "Int64"}
    lines = pd.concat([events.astype(whole), false.astype(whole)], ignore_index=True)
    lines = lines.assign(sensors=_in_words(lines, contributions, names))[COLUMNS]
    if scores.asset is not None:
        known = lines["row"].notna().to_numpy()
        at = np.searchsorted(scores.row, lines.loc[known, "row"].to_numpy(np.int64))
        lines.insert(1, "asset", "")
        lines.loc[known, "asset"] = scores.asset_names(at)
        if len(of_event):
            mine = lines["kind"] == "event"
            lines.loc[mine, "asset"] = [of_event[number] for number in lines.loc[mine, "event"]]
    return lines.rename(columns={"lead": "delay"}) if scores.during else lines


def alarm_spans(scores: Scores, threshold: float | Mapping[int, float], policy: AlarmPolicy) -> pd.DataFrame:
    """List the alarms of a part, as `judge.alarms.alarms` does, at a threshold or at one for each fold."""
    if isinstance(threshold, Mapping):
        scores, threshold = _at_one_threshold(scores, threshold)
    return alarms(scores, threshold, policy)


def _at_one_threshold(scores: Scores, thresholds: Mapping[int, float]) -> tuple[Scores, float]:
    """Divide the scores by the thresholds of their folds, unless all folds share one."""
    if len(set(thresholds.values())) == 1:
        return scores, next(iter(thresholds.values()))
    of_row = np.array([thresholds[fold] for fold in scores.fold])
    return scores.with_score(scores.y_score / np.maximum(of_row, np.finfo(float).tiny)), 1.0


def by_machine(lines: pd.DataFrame, scores: Scores) -> pd.DataFrame:
    """Count a ledger machine by machine.

    Returns
    -------
    pandas.DataFrame
        One row for each machine with windows or events: `machine`, `events`, `caught`, `false_alarms`, and
        `days` of running time, or thousands of rows.
    """
    count = lines.assign(
        events=lines["kind"] == "event",
        caught=lines["caught"].astype(bool) & (lines["kind"] == "event"),
        false_alarms=lines["kind"] != "event",
    )
    counted = count.groupby("asset")[["events", "caught", "false_alarms"]].sum()
    days = pd.Series(scores.running / scores.time_unit.period).groupby(
        np.array(scores.asset_names(np.arange(len(scores))))
    )
    table = counted.join(days.sum().rename("days"), how="outer").fillna(0)
    order = [name for name in scores.assets if name in table.index]
    whole = dict.fromkeys(("events", "caught", "false_alarms"), "int64")
    return table.loc[order].astype(whole).rename_axis("machine").reset_index()


def _peaks(scores: Scores, group: np.ndarray, of: np.ndarray, y_score: np.ndarray) -> dict[str, np.ndarray]:
    """Peak, row and fold of the highest score of each group `of` that is asked for; group -1 is none.

    All are missing where the group has no score; of equal scores the last one counts. The peak is that of
    `y_score`, which is not divided by thresholds.
    """
    inside = np.flatnonzero(group >= 0)
    ordered = inside[np.lexsort((scores.y_score[inside], group[inside]))]
    last = np.flatnonzero(np.diff(group[ordered], append=-1))
    at = np.full(max(group.max(initial=-1), of.max(initial=-1)) + 1, -1)
    at[group[ordered[last]]] = ordered[last]
    known, place = at[of] >= 0, at[of]

    def picked(values: np.ndarray) -> np.ndarray:
        chosen = np.full(len(of), np.nan)
        chosen[known] = values[place[known]]
        return chosen

    return {"peak": picked(y_score), "row": picked(scores.row), "fold": picked(scores.fold)}


def _events(
    scores: Scores, threshold: float, policy: AlarmPolicy, listed: pd.DataFrame, y_score: np.ndarray
) -> pd.DataFrame:
    found = event_ledger(scores, threshold, policy)
    inside, of = scores.in_lead_window(policy), found["event"].to_numpy()
    # The alarm that caught an event may have begun before the lead window.
    caught = found["caught"].to_numpy()
    by = np.searchsorted(listed["first_row"], found.loc[caught, "first_row"].to_numpy(int), side="right") - 1
    ended = np.full(len(found), "", object)
    ended[caught] = listed["ended"].to_numpy()[by]
    seen = np.flatnonzero(scores.event >= 0)
    event, first = np.unique(scores.event[seen], return_index=True)
    clock = np.full(max(event.max(initial=-1), of.max(initial=-1)) + 1, np.nan)
    clock[event] = (scores.clock + scores.to_event)[seen[first]]
    return pd.DataFrame(
        {
            "kind": "event",
            "event": of,
            "caught": found["caught"],
            "first_alarm": clock[of] + (found["lead"] if scores.during else -found["lead"]),
            "lead": found["lead"],
            "ended": pd.Series(ended, dtype="str"),
            **_peaks(scores, np.where(inside, scores.event, -1), of, y_score),
        }
    )


def _false_alarms(scores: Scores, listed: pd.DataFrame, y_score: np.ndarray) -> pd.DataFrame:
    number = np.searchsorted(listed["first_row"], scores.row, side="right") - 1
    last = listed["last_row"].to_numpy()
    inside = (number >= 0) & (scores.row <= last[np.maximum(number, 0)] if len(last) else False)
    return pd.DataFrame(
        {
            "kind": "false alarm",
            "event": pd.array([pd.NA] * len(listed), dtype="Int64"),
            "caught": False,
            "first_alarm": listed["start"],
            "lead": np.nan,
            "ended": listed["ended"],
            **_peaks(scores, np.where(inside, number, -1), np.arange(len(listed)), y_score),
        }
    )


def _in_words(lines: pd.DataFrame, contributions: pd.DataFrame | None, names: Sequence[str]) -> list[str]:
    if contributions is None:
        return [""] * len(lines)
    keys = pd.MultiIndex.from_frame(contributions[["fold", "row"]])
    sensors = contributions.filter(like="sensor_").to_numpy()
    shares = contributions.filter(like="share_").to_numpy()
    seen = lines["row"].notna().to_numpy()
    wanted = pd.MultiIndex.from_frame(lines.loc[seen, ["fold", "row"]].astype("int64"))
    at = np.full(len(lines), -1)
    at[seen] = keys.get_indexer(wanted)
    return [shares_in_words(sensors[place], shares[place], names) if place >= 0 else "" for place in at]


def shares_in_words(sensors: Iterable[int], shares: Iterable[float], names: Sequence[str]) -> str:
    """Write the sensors with the largest shares in a score.

    Examples
    --------
    >>> shares_in_words([1, 0], [0.75, 0.0], ["x1", "x2"])
    'x2 75%'
    """
    pairs = zip(sensors, shares, strict=True)
    return ", ".join(f"{names[int(sensor)]} {share:.0%}" for sensor, share in pairs if share > 0)
