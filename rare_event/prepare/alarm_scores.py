"""A score of another tool for the rows of a table: from a file of its own, matched by time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from rare_event.errors import TableError
from rare_event.prepare.alarm_file import OF_ALARMS, read_list
from rare_event.prepare.alarm_rows import require_one_clock
from rare_event.prepare.corrections import OpenQuestion
from rare_event.prepare.table import Table
from rare_event.read.clock_columns import joined_name
from rare_event.read.names import find_names
from rare_event.read.raw import read_raw
from rare_event.read.source import Source
from rare_event.read.table import Reading
from rare_event.read.times import has_zone, parse_times
from rare_event.read.values import first_intruder, shown, texts_of, to_float32, to_numbers
from rare_event.text import plural


def read_scores(source: Source, name: str, column: str, said: Reading, table: Table) -> np.ndarray:
    """Read a score for the rows of a table.

    Parameters
    ----------
    source, name
        A file with times and scores; without times, a score for each row of a table that has none either.
    column
        The column of the score.
    said
        What the analyst says of the file.
    table
        The rows.

    Returns
    -------
    numpy.ndarray
        The score of the same time, and of the same machine; not a number where there is none. In single
        precision where that is precise enough, as sensors are; shape (n_rows,).

    Raises
    ------
    OpenQuestion
        If the order of day and month is open.
    TableError
        If the file cannot be read, the score holds texts, or no time is that of a row.
    """
    raw = read_list(source, name, said) or read_raw(source, name=name, said=said)
    if raw.questions:
        raise OpenQuestion(
            replace(
                question,
                about=OF_ALARMS + question.about,
                what=f"{name}: {question.what}",
                option=question.option.replace("--", "--alarms-"),
            )
            for question in raw.questions
        )
    (found,) = find_names([column], list(raw.frame.columns))
    if (row := first_intruder(raw.frame[found])) is not None:
        raise TableError(
            f"{name}: the score {shown(found)} holds {shown(raw.frame[found].iloc[row])} in line "
            f"{raw.frame.index[row]}, which is not a number. Correct the file."
        )
    values = to_float32(to_numbers(raw.frame[found]).to_numpy(float))
    if not raw.reading.time:
        if table.time is None and len(values) == table.n_rows:
            return values
        if table.time is None:
            raise TableError(
                f"{name} has {plural(len(values), 'score')}, but {table.name} has "
                f"{plural(table.n_rows, 'row')} and no time column. Give one score for each row."
            )
        raise TableError(
            f"{name} has no readable time column, so its scores cannot be matched to the rows of "
            f"{table.name}. Add the time of each score."
        )
    return _by_time(raw.frame, joined_name(raw.reading.time), raw.reading.time_format, values, name, table)


def _by_time(
    frame: pd.DataFrame, time: str, time_format: str | None, values: np.ndarray, name: str, table: Table
) -> np.ndarray:
    rows = require_one_clock(table, name, has_zone(frame[time], time_format))
    keys = pd.DataFrame({"time": parse_times(frame[time], time_format).to_numpy()})
    wanted = pd.DataFrame({"time": rows})
    asset = table.schema.asset
    if asset is not None:
        if asset not in frame:
            raise TableError(
                f"{name} does not say which machine each score belongs to. Give it a column {shown(asset)} "
                "with the names of the machines, as in the data."
            )
        keys["asset"] = texts_of(frame[asset]).to_numpy()
        wanted["asset"] = table.frame[asset].astype(str).to_numpy()
    scored = keys.assign(score=values).dropna(subset=["time"]).drop_duplicates()
    again = scored.duplicated(list(keys)).to_numpy()
    if again.any():
        line = frame.index[scored.index[int(np.argmax(again))]]
        raise TableError(
            f"{name}: the time in line {line} has another score before. Keep one score for each time."
        )
    matched = wanted.merge(scored, how="left", on=list(keys))["score"].to_numpy()
    if np.isnan(matched).all():
        raise TableError(
            f"No score of {name} has the time of a row of {table.name}. Write the scores with the times of "
            "the rows."
        )
    return matched
