"""The alarms of a model as a list: judged again, it gives the ledger of the model."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from rare_event.config import AlarmPolicy
from rare_event.experiment.result import Result
from rare_event.judge.alarm_list import alarm_periods
from rare_event.judge.alarms import alarm_level
from rare_event.judge.evaluation import call
from rare_event.judge.scores import Scores
from rare_event.judge.trailing import follow
from rare_event.prepare.alarm_rows import zoned
from rare_event.prepare.assets import within
from rare_event.prepare.table import Table


def alarms_of(table: Table, result: Result) -> pd.DataFrame:
    """List the alarms of an experiment's test parts; see `own_alarms`."""
    test = follow(result.test, result.config.rule, result.validation)
    return own_alarms(table, test, result.thresholds, result.policy)


def own_alarms(
    table: Table, scores: Scores, thresholds: Mapping[int, float], policy: AlarmPolicy
) -> pd.DataFrame:
    """List the alarms of a model so that `judge_list` counts them as the model's own are counted.

    Returns
    -------
    pandas.DataFrame
        One row for each unbroken run of alarmed windows: `start` and `end`, texts with the zone of the
        table, and the column of the machine, if there is one; or `start_row` and `end_row` where times do
        not distinguish the rows.
    """
    alarmed = alarm_level(call(scores, thresholds, policy).y_score, scores, policy, -np.inf) >= 1
    periods = alarm_periods(scores.with_score(alarmed.astype(float)))
    times, asset = table.time, table.asset
    if times is None or (np.diff(times)[within(asset, table.n_rows)] <= np.timedelta64(0)).any():
        return periods.rename(columns={"first_row": "start_row", "last_row": "end_row"})
    utc = "+00:00" if zoned(table) else ""
    listed = {
        name: [f"{pd.Timestamp(time).isoformat(sep=' ')}{utc}" for time in times[periods[row]]]
        for name, row in (("start", "first_row"), ("end", "last_row"))
    }
    if asset is not None:
        listed[str(table.schema.asset)] = [table.assets[number] for number in asset[periods["first_row"]]]
    return pd.DataFrame(listed)
