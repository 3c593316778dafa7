"""What the Data page computes once for each version of a dataset."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from rare_event.checks.effects import Effect
from rare_event.checks.findings import Fix, grades
from rare_event.checks.fixes import effect_of
from rare_event.clock import BACKWARDS, MINUTES_PER_DAY
from rare_event.errors import TableError
from rare_event.plots.balance import balance_figure
from rare_event.plots.correlation import correlation_figure
from rare_event.plots.distribution import distribution_figure
from rare_event.plots.palette import without_shared
from rare_event.plots.sensors import course_figure, sensor_figure
from rare_event.plots.stacked import stacked_figure
from rare_event.plots.timeline import stretch_figure
from rare_event.prepare.correlation import correlations
from rare_event.prepare.preview import column_summary, course_before_events, first_rows, jumps
from rare_event.prepare.ranking import SensorRanking, rank_sensors, rows_by_class
from rare_event.prepare.stretches import Events, find_events, running_minutes
from rare_event.store.datasets import Dataset
from rare_event.text import plural
from rare_event.ui.cache import findings_of, table_of
from rare_event.ui.kept import kept

ROWS_BEFORE_EVENT = 30
COUNTERS = ("RE111", "RE308")
FIRST_ROWS = 30
OUT_OF_ORDER = (
    "Time runs backwards in many rows, so the rows above an event are not the rows before it in time. "
    "First put the rows in order of time: see the problem above."
)
PANEL_POINTS = 1500
# First and last time, as the time line holds them.
Span = tuple[np.datetime64, np.datetime64] | tuple[float, float]
PANEL = 330  # pixels: three of them next to each other end the first screen


@dataclass(frozen=True, eq=False)
class TimeLine:
    """The rows of one machine in time.

    Parameters
    ----------
    rows
        Which rows of the table they are.
    when, label, stretch
        Of each row.
    events
        The events, their rows counted among these.
    """

    rows: slice
    when: np.ndarray
    label: np.ndarray
    stretch: np.ndarray
    events: Events

    @property
    def events_when(self) -> np.ndarray:
        """Time of each event."""
        when: np.ndarray = self.when[self.events.row]
        return when


@dataclass(frozen=True)
class Size:
    """How large a dataset is.

    Parameters
    ----------
    n_rows, n_events, n_event_rows, n_stretches
        Numbers of each.
    days
        Running time; None without a clock.
    step
        Median step in minutes or rows.
    """

    n_rows: int
    n_events: int
    n_event_rows: int
    n_stretches: int
    days: float | None
    step: float


@kept(max_entries=8)
def _size(version: str, _dataset: Dataset) -> Size:
    table, line = table_of(_dataset), time_line_of(_dataset, None)
    running = running_minutes(table.clock, line.stretch, table.step)
    return Size(
        n_rows=table.n_rows,
        n_events=len(line.events),
        n_event_rows=int(line.label.sum()),
        n_stretches=int(line.stretch[-1]) + 1,
        days=None if table.time_unit.reason else running.sum() / MINUTES_PER_DAY,
        step=table.step,
    )


def size_of(dataset: Dataset) -> Size:
    """Return how large a dataset is."""
    return _size(dataset.version, dataset)


@kept(max_entries=8)
def _time_line(version: str, asset: str | None, _dataset: Dataset) -> TimeLine:
    table = table_of(_dataset)
    rows = slice(0, table.n_rows)
    if asset is not None and table.asset is not None:
        own = np.flatnonzero(table.asset == table.assets.index(asset))
        rows = slice(int(own[0]), int(own[-1]) + 1)
    label, stretch = table.label[rows], table.stretch[rows]
    return TimeLine(rows, table.when[rows], label, stretch, find_events(table.clock[rows], label, stretch))


def time_line_of(dataset: Dataset, asset: str | None) -> TimeLine:
    """Return the time line of one machine; of the whole table for None."""
    return _time_line(dataset.version, asset, dataset)


def part_of(line: TimeLine, span: Span | None) -> TimeLine:
    """Return the rows of a time line between two times; the whole line for None, or where there are none."""
    inside = np.zeros(0) if span is None else np.flatnonzero((line.when >= span[0]) & (line.when <= span[1]))
    if not len(inside):
        return line
    first, last = int(inside[0]), int(inside[-1]) + 1
    rows = slice(line.rows.start + first, line.rows.start + last)
    when, label, stretch = (each[first:last] for each in (line.when, line.label, line.stretch))
    events = find_events(np.arange(last - first, dtype=float), label, stretch)
    return TimeLine(rows, when, label, stretch, events)


@kept(max_entries=8)
def _texts(version: str, _dataset: Dataset) -> list[str]:
    raw, schema = _dataset.raw(), _dataset.schema
    used = [column for column, role in schema.roles() if role in ("sensor", "category", "ignored")]
    return [column for column in used if not pd.api.types.is_numeric_dtype(raw[column])]


def texts_of(dataset: Dataset) -> list[str]:
    """Return the columns of texts whose numbers may be in another notation."""
    return _texts(dataset.version, dataset)


@kept(max_entries=16)
def _effect(version: str, step: Fix, _dataset: Dataset) -> Effect:
    return effect_of(_dataset.raw(), _dataset.schema, step)


def effect_on(dataset: Dataset, step: Fix) -> Effect:
    """Return what a step of the recipe would change in a dataset."""
    return _effect(dataset.version, step, dataset)


@kept(max_entries=8)
def _first_rows(version: str, _dataset: Dataset) -> pd.DataFrame:
    return first_rows(_dataset.raw(), FIRST_ROWS)


def first_rows_of(dataset: Dataset) -> pd.DataFrame:
    """Return the first rows as read, by their line of the file."""
    return _first_rows(dataset.version, dataset)


@kept(max_entries=8)
def _columns(version: str, _dataset: Dataset) -> pd.DataFrame:
    table = table_of(_dataset)
    found = grades(table, findings_of(_dataset))[["column", "grade", "what"]]
    return column_summary(table).merge(found, on="column")


def columns_of(dataset: Dataset) -> pd.DataFrame:
    """Return the role of each column, figures of its values, and the grade and sentences of its findings."""
    return _columns(dataset.version, dataset)


def runs_backwards(dataset: Dataset) -> bool:
    """Tell whether time runs backwards in many rows: those above an event are then not those before it."""
    return table_of(dataset).time_unit.reason == BACKWARDS.reason


@kept(max_entries=8, show_spinner="Ranking the sensors …")
def _ranking(version: str, shift: int, _dataset: Dataset) -> SensorRanking:
    table, clocks = table_of(_dataset), counters_of(_dataset)
    if runs_backwards(_dataset):
        raise TableError(OUT_OF_ORDER)
    sensors = [sensor for sensor in table.schema.sensors if sensor not in clocks]
    return rank_sensors(table.frame[sensors], table.label, table.stretch, shift)


def counters_of(dataset: Dataset) -> list[str]:
    """Return the sensors that count rows or time: they tell where a row is, not how the plant runs."""
    found = {finding.column for finding in findings_of(dataset) if finding.code in COUNTERS}
    return [sensor for sensor in table_of(dataset).schema.sensors if sensor in found]


def ranking_of(dataset: Dataset, shift: int) -> SensorRanking:
    """Return the sensors ranked by their change before events, without row counters.

    Raises
    ------
    TableError
        If the file has no event, or no row before any, or time runs backwards.
    """
    return _ranking(dataset.version, shift, dataset)


@kept(max_entries=4, show_spinner="Correlating the sensors …")
def _correlations(version: str, _dataset: Dataset) -> pd.DataFrame:
    table = table_of(_dataset)
    return correlations(table.frame[list(table.schema.sensors)])


def correlations_of(dataset: Dataset) -> pd.DataFrame:
    """Return the rank correlations of the sensors, alike ones next to each other."""
    return _correlations(dataset.version, dataset)


@kept(max_entries=4)
def _map(version: str, _dataset: Dataset) -> go.Figure:
    return correlation_figure(correlations_of(_dataset))


def correlation_map_of(dataset: Dataset) -> go.Figure:
    """Draw the rank correlations of the sensors."""
    return _map(dataset.version, dataset)


@kept(max_entries=8)
def _strip(version: str, asset: str | None, _dataset: Dataset) -> go.Figure:
    line = time_line_of(_dataset, asset)
    figure = stretch_figure(line.when, line.stretch, line.label)
    return figure.update_layout(dragmode="select", selectdirection="h")


def strip_of(dataset: Dataset, asset: str | None) -> go.Figure:
    """Draw running time, stops and events."""
    return _strip(dataset.version, asset, dataset)


@kept(max_entries=32)
def _sensor(
    version: str, asset: str | None, span: Span | None, sensor: str, jumping: bool, _dataset: Dataset
) -> tuple[go.Figure, go.Figure]:
    table, line = table_of(_dataset), part_of(time_line_of(_dataset, asset), span)
    values, label = table.frame[sensor].to_numpy(float), without_shared(_dataset.schema.sensors)[sensor]
    course = sensor_figure(
        line.when,
        values[line.rows],
        sensor,
        label=label,
        events_when=line.events_when,
        height=PANEL,
        limit=PANEL_POINTS,
    )
    # More would be turned or overlap in a third of the page.
    course.update_xaxes(nticks=4, tickangle=0)
    every = time_line_of(_dataset, None)
    if jumping:
        values = abs(jumps(values, every.stretch))
    before = course_before_events(values, every.stretch, every.events, ROWS_BEFORE_EVENT)
    return course, course_figure(
        before.offset * table.step,
        before.mean,
        before.low,
        before.high,
        sensor,
        before.n_events,
        label=label,
        measure="Size of jumps" if jumping else "",
        band="middle 50% of the events",
        time_unit=table.time_unit,
        height=PANEL,
    )


def sensor_figures_of(
    dataset: Dataset, asset: str | None, span: Span | None, sensor: str, jumping: bool
) -> tuple[go.Figure, go.Figure]:
    """Draw a sensor over time in a span, and the mean course before an event of its values or jumps."""
    return _sensor(dataset.version, asset, span, sensor, jumping, dataset)


@kept(max_entries=8)
def _stacked(
    version: str, asset: str | None, span: Span | None, sensors: tuple[str, ...], _dataset: Dataset
) -> go.Figure:
    frame, line = table_of(_dataset).frame, part_of(time_line_of(_dataset, asset), span)
    values = {sensor: frame[sensor].to_numpy()[line.rows] for sensor in sensors}
    return stacked_figure(line.when, values, line.stretch, line.events_when)


def stacked_of(dataset: Dataset, asset: str | None, span: Span | None, sensors: tuple[str, ...]) -> go.Figure:
    """Draw several sensors below each other with one time axis, in a span."""
    return _stacked(dataset.version, asset, span, sensors, dataset)


@kept(max_entries=8)
def _balance(version: str, _dataset: Dataset) -> go.Figure:
    size = size_of(_dataset)
    return balance_figure(size.n_rows - size.n_event_rows, size.n_event_rows)


def balance_of(dataset: Dataset) -> go.Figure:
    """Draw how rare the event rows are."""
    return _balance(dataset.version, dataset)


@kept(max_entries=16)
def _distribution(version: str, sensor: str, shift: int, jumping: bool, _dataset: Dataset) -> go.Figure:
    table = table_of(_dataset)
    normal, positive = rows_by_class(table.label, table.stretch, shift)
    values, name = table.frame[sensor].to_numpy(float), sensor
    if jumping:
        values = jumps(values, table.stretch)
        name = f"{sensor}: change from the previous row"
    before = f"{plural(shift, 'row')} before an event" if shift else "event rows"
    return distribution_figure(values[normal], values[positive], name, before)


def distribution_of(dataset: Dataset, sensor: str, shift: int, jumping: bool) -> go.Figure:
    """Draw the values of a sensor, or its changes from row to row, in normal rows and before events."""
    return _distribution(dataset.version, sensor, shift, jumping, dataset)
