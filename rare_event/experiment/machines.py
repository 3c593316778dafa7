"""The rows of each machine of a new table, on the clock of training."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from rare_event.errors import DataError
from rare_event.experiment.stream import Stream
from rare_event.experiment.trained import Trained
from rare_event.prepare.assets import asset_rows
from rare_event.prepare.prepared import Rows
from rare_event.prepare.stretches import minutes
from rare_event.prepare.table import Table


def machines_of(table: Table) -> Iterator[tuple[str, slice]]:
    """Yield name and rows of each machine; the name is empty for one."""
    asset = table.asset
    if asset is None:
        yield "", slice(0, table.n_rows)
        return
    for rows in asset_rows(asset):
        yield table.assets[asset[rows.start]], rows


def clock_of(trained: Trained, table: Table, rows: slice, stream: Stream) -> np.ndarray:
    """Return the times of a machine's rows on the clock of the training table.

    Raises
    ------
    DataError
        If they begin before the end of the rows before them.
    """
    n_rows = rows.stop - rows.start
    if trained.time_unit.reason or table.time is None:
        return stream.rows + np.arange(n_rows, dtype=float)
    clock = minutes(table.time[rows], n_rows, None, trained.facts.origin)
    if stream.last is not None and clock[0] < stream.last:
        raise DataError(
            f"{table.name} begins at {_moment(table.time[rows.start])}, before the earlier "
            "rows end. All earlier rows must come before this time, and no row may appear twice."
        )
    return clock


def _moment(time: np.datetime64) -> str:
    return f"{pd.Timestamp(time):%Y-%m-%d %H:%M}"


def rows_of_machine(trained: Trained, table: Table, machine: str, part: slice, clock: np.ndarray) -> Rows:
    """Return some rows of a machine, without their stretches."""
    frame = table.frame.iloc[part]
    grades = {column: frame[column].astype(str).to_numpy() for column in table.schema.categories}
    several = table.schema.asset is not None
    return Rows(
        clock=clock,
        label=table.label[part],
        stretch=np.zeros(len(frame), np.int64),
        values=replace(table, frame=frame).values,
        sensors=table.schema.sensors,
        grades=grades,
        step=trained.facts.step,
        time_unit=trained.time_unit,
        asset=np.zeros(len(frame), np.int64) if several else None,
        assets=(machine,) if several else (),
    )
