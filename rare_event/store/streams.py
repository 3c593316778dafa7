"""What earlier rows leave behind for later ones, as arrays: for a follower that is stopped at any moment."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from rare_event.experiment.score import History
from rare_event.experiment.stream import Stream
from rare_event.experiment.trained import Trained
from rare_event.judge.running import Alarm, windows_of
from rare_event.judge.suppression import Tally
from rare_event.judge.watching import WatchAlarm
from rare_event.prepare.grades import LastGrade
from rare_event.prepare.prepared import Rows

_TAIL = ("clock", "label", "stretch", "values")
_WINDOWS = ("row", "clock", "stretch", "y_score")


def pack(history: History, before: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return a history, and the rows that fixes look back on, as arrays by name."""
    arrays: dict[str, np.ndarray] = {}
    machines = []
    for number, (machine, stream) in enumerate(history.streams.items()):
        about, own = _pack_stream(stream)
        machines.append({"machine": machine, **about})
        arrays |= {f"{number}/{name}": array for name, array in own.items()}
    rows = io.BytesIO()
    before.to_parquet(rows, index=False)
    arrays["before"] = np.frombuffer(rows.getvalue(), np.uint8)
    arrays["streams"] = np.array(json.dumps({"fresh": history.fresh, "machines": machines}))
    return arrays


def unpack(arrays: Mapping[str, np.ndarray], trained: Trained) -> tuple[History, pd.DataFrame]:
    """Return what `pack` was given.

    Raises
    ------
    KeyError, ValueError
        If the arrays are damaged.
    """
    about = json.loads(str(arrays["streams"]))
    streams = {
        one["machine"]: _unpack_stream(one, f"{number}/", arrays, trained)
        for number, one in enumerate(about["machines"])
    }
    before = pd.read_parquet(io.BytesIO(arrays["before"].tobytes()))
    return History(streams, about["fresh"]), before


def _pack_stream(stream: Stream) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    about: dict[str, Any] = {
        "rows": stream.rows,
        "fresh": stream.fresh,
        "stretch": stream.stretch,
        "standing": None if stream.standing is None else vars(stream.standing),
        "grade": vars(stream.grade),
        "watching": None if stream.watching is None else _pack_watch(stream.watching),
        "tally": vars(stream.tally),
        "tail": None,
        "step": None,
    }
    arrays = {"cut": stream.cut, "past": stream.past}
    tail, windows = stream.tail, stream.windows
    if tail is not None:
        about["tail"] = {
            "sensors": tail.sensors,
            "step": tail.step,
            "assets": tail.assets,
            "several": tail.asset is not None,
            "grades": list(tail.grades),
        }
        arrays |= {f"tail/{name}": getattr(tail, name) for name in _TAIL}
        if tail.base is not None:
            arrays["tail/base"] = tail.base
        for place, grade in enumerate(tail.grades.values()):
            arrays[f"grade/{place}"] = grade.astype(np.str_)
    if windows is not None:
        about["step"] = windows.step
        arrays |= {f"window/{name}": getattr(windows, name) for name in _WINDOWS}
    return about, arrays


def _unpack_stream(
    about: Mapping[str, Any], prefix: str, arrays: Mapping[str, np.ndarray], trained: Trained
) -> Stream:
    tail, windows, unit = None, None, trained.time_unit
    if about["tail"] is not None:
        said = about["tail"]
        own = {name: arrays[f"{prefix}tail/{name}"] for name in _TAIL}
        grades = {
            column: arrays[f"{prefix}grade/{place}"].astype(object)
            for place, column in enumerate(said["grades"])
        }
        tail = Rows(
            **own,
            sensors=tuple(said["sensors"]),
            grades=grades,
            step=said["step"],
            time_unit=unit,
            asset=np.zeros(len(own["clock"]), np.int64) if said["several"] else None,
            assets=tuple(said["assets"]),
            base=arrays.get(f"{prefix}tail/base"),
        )
    if about["step"] is not None:
        row, clock, stretch, y_score = (arrays[f"{prefix}window/{name}"] for name in _WINDOWS)
        windows = windows_of(row, clock, stretch, y_score, about["step"], unit)
    standing = None if about["standing"] is None else Alarm(**about["standing"])
    cut, past = arrays[f"{prefix}cut"], arrays[f"{prefix}past"]
    # A state of an older version has neither.
    grade, watching = LastGrade(**about.get("grade", {})), _unpack_watch(about.get("watching"))
    counted = about.get("tally", {})
    tally = Tally(**counted | {"last": tuple(counted["last"])}) if counted else Tally()
    alarms = past, standing, grade, watching, tally
    return Stream(about["rows"], about["fresh"], tail, cut, about["stretch"], windows, *alarms)


def _pack_watch(watching: WatchAlarm) -> dict[str, Any]:
    return {"alarm": vars(watching.alarm), "reached": watching.reached}


def _unpack_watch(said: Mapping[str, Any] | None) -> WatchAlarm | None:
    return None if said is None else WatchAlarm(Alarm(**said["alarm"]), said["reached"])
