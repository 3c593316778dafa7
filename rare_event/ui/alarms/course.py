"""What surrounds the chosen alarm: its score, and the sensors against their normal band."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import streamlit as st

from rare_event.config import ExperimentConfig, Representation
from rare_event.experiment.explain import Explanation
from rare_event.plots.alarm import MOST_COURSES, Course, courses_figure, score_around_figure, show_times
from rare_event.prepare.features import derive, reading_in_words
from rare_event.prepare.table import Table
from rare_event.store.runs import Run
from rare_event.text import capital
from rare_event.ui.alarms.items import Item
from rare_event.ui.cache import followed_of, prepared_of, table_of
from rare_event.ui.charts import draw
from rare_event.ui.frame import in_place
from rare_event.ui.kept import kept

# To either side of the alarm, as minutes, or rows for a file without times.
AROUND = 60.0
BAND = (0.05, 0.95)
VALUE = "Value"


@in_place
def show_score(run: Run, item: Item) -> None:
    """Draw the score around the alarm with the threshold."""
    committed = run.committed()
    scores = followed_of(run.id, item.part, committed.trailing)
    inside = np.flatnonzero(_around(scores.clock, item))
    if scores.asset is not None:
        inside = inside[np.array(scores.asset_names(inside)) == item.asset]
    limits = np.array([committed.thresholds[fold] for fold in scores.fold[inside].tolist()])
    # A threshold of 0 or less has no multiples.
    level = scores.y_score[inside] / np.where(limits > 0, limits, np.nan)
    table = table_of(run.dataset())
    figure = score_around_figure(
        table.when[scores.row[inside]],
        level,
        table.when[item.row] if item.row is not None else None,
        _events(run, item, table),
        part=capital(item.part),
        what=item.what,
    )
    draw(show_times(figure, table.when[_rows(item, table)]), "alarms_score")


def _around(clock: np.ndarray, item: Item) -> np.ndarray:
    inside: np.ndarray = (clock >= item.begins - AROUND) & (clock <= max(item.ends, item.at) + AROUND)
    return inside


def _rows(item: Item, table: Table) -> np.ndarray:
    rows = np.flatnonzero(_around(table.clock, item))
    if table.asset is not None:
        rows = rows[np.array([table.assets[number] for number in table.asset[rows].tolist()]) == item.asset]
    return rows


def _events(run: Run, item: Item, table: Table) -> np.ndarray:
    events = prepared_of(run.dataset(), run.config()).events
    inside = _around(events.clock, item)
    if events.asset is not None:
        inside &= np.array([table.assets[number] == item.asset for number in events.asset.tolist()], bool)
    shown: np.ndarray = table.when[events.row[inside]]
    return shown


@in_place
def show_courses(run: Run, item: Item, explanation: Explanation | None) -> None:
    """Draw the sensors that moved around the alarm, each with the band of its normal training rows."""
    if item.row is None:
        return
    named = [each.sensor for each in explanation.moved] if explanation else []
    if not named and explanation:
        named = [sensor for sensor, _ in explanation.errors]
    if not named:
        return
    config = run.config()
    drawn, words = _drawn(config.representation)
    reading = words
    if drawn.kind != "level":
        reading = st.segmented_control(
            "Drawn",
            [words, VALUE],
            default=words,
            key="alarms_reading",
            required=True,
            label_visibility="collapsed",
            persist_state="session",
        )
    if reading == VALUE:
        drawn = replace(drawn, kind="level")
    table = table_of(run.dataset())
    rows = _rows(item, table)
    expected = {each.sensor: each for each in explanation.moved} if explanation else {}
    courses = []
    for sensor in named[:MOST_COURSES]:
        values, low, high = _read(run, sensor, drawn, item.fold or 0)
        same = sensor in expected and capital(expected[sensor].reading) == reading
        courses.append(
            Course(sensor, values[rows], low, high, expected[sensor].corrected if same else np.nan)
        )
    when, at = table.when[rows], table.when[item.row]
    figure = courses_figure(when, courses, at, _events(run, item, table), reading=reading, what=item.what)
    draw(show_times(figure, when), "alarms_courses")
    if not expected and courses:
        st.caption("No sensor is singled out: the chart shows those with the largest squared errors.")
    elif (more := len(named) - MOST_COURSES) > 0:
        st.caption(f"The {MOST_COURSES} sensors with the largest shares are drawn; {more} more moved.")


def _drawn(representation: Representation) -> tuple[Representation, str]:
    """Return the one reading of a sensor that is drawn for a representation, and its name."""
    one = representation
    if representation.kind in ("forecast", "movement", "combined"):
        # What they are made of.
        one = replace(representation, kind="difference", lag=1)
    return one, capital(reading_in_words(one, 0))


def _read(run: Run, sensor: str, drawn: Representation, fold: int) -> tuple[np.ndarray, float, float]:
    """Return what is drawn of a sensor in each row, and between what its normal training rows lie."""
    return _reading(run.dataset().version, sensor, drawn, run.config(), fold, run)


@kept(max_entries=32)
def _reading(
    version: str, sensor: str, drawn: Representation, config: ExperimentConfig, fold: int, _run: Run
) -> tuple[np.ndarray, float, float]:
    table, prepared = table_of(_run.dataset()), prepared_of(_run.dataset(), config)
    column = table.values[:, [table.schema.sensors.index(sensor)]]
    alone = replace(drawn, one_hot=False, per_asset=False)
    values = derive(column, table.stretch, alone, (sensor,)).values[:, 0]
    train = prepared.folds[fold].train
    normal = values[prepared.row[train[prepared.y[train] == 0]]]
    known = normal[np.isfinite(normal)]
    low, high = np.quantile(known, BAND) if len(known) else (np.nan, np.nan)
    return values, float(low), float(high)
