"""A look at the data: stops and events, sensors ranked by their change before events, and views of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from rare_event.checks.findings import Fix
from rare_event.errors import RareEventError, TableError
from rare_event.plots.correlation import MOST_READABLE
from rare_event.plots.palette import without_shared
from rare_event.plots.stacked import MOST_SENSORS
from rare_event.prepare.correlation import strongest_pairs
from rare_event.prepare.ranking import SensorChange, SensorRanking
from rare_event.store.datasets import Dataset
from rare_event.text import plain, plural
from rare_event.ui.cache import table_of
from rare_event.ui.charts import draw
from rare_event.ui.data.computed import (
    OUT_OF_ORDER,
    PANEL,
    Span,
    balance_of,
    correlation_map_of,
    correlations_of,
    counters_of,
    distribution_of,
    ranking_of,
    runs_backwards,
    sensor_figures_of,
    stacked_of,
    strip_of,
)
from rare_event.ui.data.steps import offer
from rare_event.ui.frame import in_place
from rare_event.ui.state import get_state

VIEWS = ("Several sensors over time", "Normal and before events", "Correlations", "Class balance")
OF_EVENTS = (VIEWS[1], VIEWS[3])
CLEARED = "data_ranges_cleared"
SHOWN_FIRST = 3
MOST_PAIRS = 50
# More would make the table higher than the figures beside it.
MOST_UNCUT = 6
NO_EVENT = {True: "This file has no events", False: "This file has no event column"}
NOT_RANKED = "so sensors cannot be ranked by their change before events. Choose a sensor to look at it."
MEASURED = {False: "Value", True: "Change from the previous row"}
AUC_HELP = (
    "Area under the ROC curve: how often a row before an event has a higher value than a normal row. "
    "0.5 means no change. Each sensor is measured by its jumps from row to row and by its level compared "
    "with the previous 30 rows; the stronger of the two is shown."
)

INTERVAL_HELP = "95% interval of the AUC of the stronger measure, if events are independent."


@in_place
def show_time_line(dataset: Dataset) -> tuple[str | None, Span | None]:
    """Draw running time, stops and events; a range that is dragged can be left out.

    Returns
    -------
    (str or None, tuple or None)
        The machine that is shown, None for one machine; and the range, None for all.
    """
    assets = table_of(dataset).assets
    asset: str | None = None
    if assets:
        asset = st.selectbox("Machine", assets, key=f"data_asset_{dataset.version[:12]}")
    # A range ends with the chart that it was dragged on: a new one has none.
    cleared = st.session_state.setdefault(CLEARED, 0)
    drawn = draw(
        strip_of(dataset, asset),
        key=f"data_time_line_{dataset.version[:12]}_{asset}_{cleared}",
        on_select="rerun",
        selection_mode="box",
    )
    boxes = drawn.selection.get("box", [])
    span = _span(boxes[0]["x"], table_of(dataset).time is not None) if boxes else None
    if span is not None:
        _offer_range(dataset, span)
    return asset, span


def _span(dragged: Sequence[str | float], is_time: bool) -> Span:
    """Return the ends of a dragged range, the earlier first."""
    if is_time:
        begin, end = sorted(pd.Timestamp(at) for at in dragged)
        return begin.to_datetime64(), end.to_datetime64()
    first, last = sorted(map(float, dragged))
    return first, last


def _offer_range(dataset: Dataset, span: Span) -> None:
    """Say which range is shown below; offer to leave out its rows, in all machines."""
    ends = [
        f"{pd.Timestamp(at):%Y-%m-%d %H:%M}" if isinstance(at, np.datetime64) else f"row {at:,.0f}"
        for at in span
    ]
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Show all", key="data_show_all", icon=":material/zoom_out_map:"):
            st.session_state[CLEARED] += 1
            st.rerun()
        st.caption(f"Shown below: {ends[0]} to {ends[1]}.")
    if isinstance(span[0], np.datetime64):
        step = Fix("leave-out-dates", parameters=tuple(pd.Timestamp(at).isoformat() for at in span))
        offer(dataset, step, "Leave out these dates", f"data_leave_out_range_{dataset.version[:12]}")


@st.fragment
def show_sensors(dataset: Dataset, asset: str | None, span: Span | None) -> None:
    """Rank the sensors, draw the chosen one, and offer further views."""
    if not table_of(dataset).schema.sensors:
        st.warning("No column is a sensor. Give one that role under “Roles of all columns” below.")
        return
    with st.container(key="data_panels"):
        sensors = _show_chosen(dataset, asset, span)
    # None is chosen at first: a figure below the first screen would delay all above it.
    views = [view for view in VIEWS if view not in OF_EVENTS or table_of(dataset).label.any()]
    view = st.segmented_control("Look closer", views, key="data_view", persist_state="session")
    with st.container():
        if view == VIEWS[0]:
            _show_over_time(dataset, asset, span, sensors)
        elif view == VIEWS[1]:
            _show_distribution(dataset, sensors)
        elif view == VIEWS[2]:
            _show_correlations(dataset)
        elif view == VIEWS[3]:
            draw(balance_of(dataset), key="data_balance")


def _show_chosen(dataset: Dataset, asset: str | None, span: Span | None) -> list[str]:
    """Show the ranking, and how the chosen sensor changes; returns the sensors, that one first."""
    every = list(table_of(dataset).schema.sensors)
    backwards = runs_backwards(dataset)
    events = bool(table_of(dataset).label.any())
    left, middle, *right = st.columns([11, 20] if backwards or not events else [11, 10, 10])
    shift = max(1, get_state().draft.shift)
    with left:
        try:
            if not events:
                raise TableError(f"{NO_EVENT[bool(dataset.schema.labels)]}, {NOT_RANKED}")
            ranking = ranking_of(dataset, shift)
        except RareEventError as error:
            st.info(plain(error))
            chosen, jumping, ranked = _choose_sensor(every), False, []
        else:
            ranked = [change.sensor for change in ranking.changes]
            change = _choose_ranked(dataset, ranking, shift)
            chosen, jumping = change.sensor, change.measure == "jump"
    course, before = sensor_figures_of(dataset, asset, span, chosen, jumping)
    draw(course, "data_sensor_time", middle)
    for place in right:
        draw(before, "data_sensor_course", place)
    return [chosen, *(sensor for sensor in ranked or every if sensor != chosen)]


def _choose_sensor(sensors: list[str]) -> str:
    sensor: str = st.selectbox("Sensor", sensors, key="data_sensor", persist_state="session")
    return sensor


def _choose_ranked(dataset: Dataset, ranking: SensorRanking, shift: int) -> SensorChange:
    """Show the ranking as a table; a click on a row chooses its sensor."""
    several = f"the AUCs of all {plural(ranking.n_sensors, 'sensor')}"
    whose = several if ranking.n_sensors > 1 else "the AUC of the sensor"
    rows = "the row" if shift == 1 else f"the {plural(shift, 'row')}"
    beyond = sum(change.strength > ranking.chance for change in ranking.changes)
    names = without_shared(dataset.schema.sensors)
    st.markdown("**Largest changes before events**")
    table = pd.DataFrame(
        {
            "sensor": [names[change.sensor] for change in ranking.changes],
            "change": [change.in_words for change in ranking.changes],
            "AUC": [change.auc for change in ranking.changes],
            "interval": [
                f"{change.low:.2f}–{change.high:.2f}" if change.low == change.low else "–"
                for change in ranking.changes
            ],
        }
    )
    picked = st.dataframe(
        table,
        hide_index=True,
        height=PANEL - 90 if len(table) > MOST_UNCUT else "content",
        row_height=30,
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            "sensor": st.column_config.TextColumn("sensor", width=90),
            "change": st.column_config.TextColumn("change", width=94),
            "AUC": st.column_config.NumberColumn("AUC", format="%.2f", help=AUC_HELP, width=46),
            "interval": st.column_config.TextColumn("interval", help=INTERVAL_HELP, width=86),
        },
        key=f"data_ranking_{dataset.version[:12]}_{shift}",
        alt="Largest changes before events",
    )
    if ranking.chance == ranking.chance:
        outside = f"{plural(beyond, 'sensor')} {'is' if beyond == 1 else 'are'}" if beyond else "No sensor is"
        st.caption(
            f"Compares {rows} before each event with normal rows. If events came at random times, "
            f"{whose} would lie between {0.5 - ranking.chance:.2f} and {0.5 + ranking.chance:.2f} in 95% of "
            f"cases. {outside} outside this range."
        )
    if counters := counters_of(dataset):
        verb = "it counts" if len(counters) == 1 else "they count"
        st.caption(f"Not ranked, because {verb} rows or time: {plain(', '.join(counters))}.")
    rows_chosen = picked.selection.rows
    chosen = ranking.changes[rows_chosen[0] if rows_chosen else 0]
    if names[chosen.sensor] != chosen.sensor:
        st.caption(f"Drawn: {plain(chosen.sensor)}")
    return chosen


def _show_over_time(dataset: Dataset, asset: str | None, span: Span | None, sensors: list[str]) -> None:
    chosen = st.multiselect(
        f"Sensors (at most {MOST_SENSORS})",
        list(table_of(dataset).schema.sensors),
        default=sensors[:SHOWN_FIRST],
        max_selections=MOST_SENSORS,
        key=f"data_stacked_{dataset.version[:12]}",
    )
    draw(stacked_of(dataset, asset, span, tuple(chosen)), key="data_stacked_figure")


def _show_distribution(dataset: Dataset, sensors: list[str]) -> None:
    if runs_backwards(dataset):
        st.info(OUT_OF_ORDER)
        return
    jumping = st.segmented_control(
        "Measured",
        list(MEASURED),
        default=False,
        format_func=lambda jumping: MEASURED[jumping],
        key="data_jumps",
        label_visibility="collapsed",
        required=True,
    )
    shift = max(1, get_state().draft.shift)
    draw(distribution_of(dataset, sensors[0], shift, bool(jumping)), key="data_distribution")


def _show_correlations(dataset: Dataset) -> None:
    found = correlations_of(dataset)
    if len(found) <= MOST_READABLE:
        draw(correlation_map_of(dataset), key="data_correlations")
        return
    st.caption(f"A map of {len(found):,} sensors would be too small to read. These are the strongest pairs.")
    st.dataframe(
        strongest_pairs(found, MOST_PAIRS),
        hide_index=True,
        column_config={"correlation": st.column_config.NumberColumn("correlation", format="%.2f")},
        key="data_pairs",
        alt="Strongest correlations",
    )
