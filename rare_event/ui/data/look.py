"""The data over time: stops, events and sensors."""

from __future__ import annotations

import streamlit as st

from rare_event.plots.sensors import course_figure, sensor_figure
from rare_event.plots.timeline import stretch_figure
from rare_event.prepare.preview import course_before_events
from rare_event.prepare.stretches import find_events
from rare_event.store.datasets import Dataset
from rare_event.ui.cache import table_of

ROWS_BEFORE_EVENT = 30


def show_time_line(dataset: Dataset) -> None:
    """Draw the stretches, stops and events."""
    table = table_of(dataset)
    figure = stretch_figure(table.when, table.stretch, table.label)
    st.plotly_chart(figure, key="data_time_line")


def show_sensors(dataset: Dataset) -> None:
    """Let the user look at one sensor: over time, and on average before an event."""
    table = table_of(dataset)
    if not table.schema.sensors:
        st.warning("No column has the role sensor. Give it to at least one column below.")
        return
    st.subheader("Sensors")
    sensor = st.selectbox("Sensor", table.schema.sensors, key="data_sensor", persist_state="session")
    clock = table.clock
    stretch = table.stretch
    events = find_events(clock, table.label, stretch)
    when = table.when
    values = table.frame[sensor].to_numpy(float)
    course = course_before_events(values, stretch, events, ROWS_BEFORE_EVENT)
    left, right = st.columns([3, 2])
    left.plotly_chart(
        sensor_figure(when, values, sensor, events_when=when[events.row]), key="data_sensor_time"
    )
    right.plotly_chart(
        course_figure(
            course.offset * table.step,
            course.mean,
            course.low,
            course.high,
            sensor,
            course.n_events,
            band="middle half of the events",
            time_unit=table.time_unit,
        ),
        key="data_sensor_course",
    )
