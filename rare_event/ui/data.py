"""Pieces of the Data page."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from rare_event.checks.findings import grades
from rare_event.clock import MINUTES_PER_DAY
from rare_event.plots.balance import balance_figure
from rare_event.plots.sensors import course_figure, sensor_figure
from rare_event.plots.timeline import stretch_figure
from rare_event.prepare.preview import course_before_events
from rare_event.prepare.roles import schema_of_roles
from rare_event.prepare.stretches import find_events, median_step, stretches
from rare_event.store.datasets import Dataset, add_dataset, list_datasets, save_dataset
from rare_event.text import number, plain, plural, share
from rare_event.ui.cache import columns_and_labels, findings_of, open_sample, table_of
from rare_event.ui.frame import in_place
from rare_event.ui.metrics import show_metrics
from rare_event.ui.state import get_state, update_state

UPLOADS = "data_uploads"
GRADE_COLOURS = {"problem": "red", "warning": "orange", "note": "blue", "good": "green"}
ROLES = ("sensor", "category", "ignored", "time", "label")
ROWS_BEFORE_EVENT = 30


@in_place
def choose_data() -> None:
    """Let the user upload a file, open the sample or choose a stored dataset."""
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    uploads = st.session_state.setdefault(UPLOADS, 0)
    upload = left.file_uploader("Upload a CSV or Parquet file", key=f"data_upload_{uploads}")
    if upload is not None:
        # A new uploader after each file: the server drops the upload once it is stored.
        st.session_state[UPLOADS] = uploads + 1
        _use(add_dataset(upload.getvalue(), upload.name))
    stored = {dataset.digest: dataset for dataset in list_datasets()}
    if stored:
        digests, opened = list(stored), get_state().digest
        chosen = right.selectbox(
            "Or open a stored dataset",
            digests,
            index=digests.index(opened) if opened in stored else None,
            format_func=lambda digest: f"{stored[digest].name} ({stored[digest].n_rows:,} rows)",
            placeholder="Choose",
            key=f"data_stored_{opened}",
        )
        if chosen is not None and chosen != opened:
            _use(stored[chosen])
    elif right.button("Open the sample mill", key="data_sample", icon=":material/factory:"):
        _use(open_sample())


def _use(dataset: Dataset) -> None:
    update_state(digest=dataset.digest, run_id=None)
    st.rerun()


@in_place
def show_balance(dataset: Dataset) -> None:
    """Show the size of the file and how rare the event is."""
    table = table_of(dataset)
    clock = table.clock
    stretch = stretches(clock, table.label)
    events = find_events(clock, table.label, stretch)
    n_label = int(table.label.sum())
    step = median_step(clock)
    days = table.n_rows * step / MINUTES_PER_DAY
    st.subheader(plain(dataset.name))
    figures: list[tuple[str, str, str | None]] = [
        ("Rows", f"{table.n_rows:,}", None),
        ("Sensors", f"{len(table.schema.sensors):,}", None),
        ("Events", f"{len(events):,}", "Unbroken runs of event rows."),
        ("Event rows", share(n_label, table.n_rows), None),
        ("Stretches", f"{int(stretch[-1]) + 1:,}", "Uninterrupted running time between stops."),
    ]
    if not table.time_unit.reason:
        figures += [
            ("Running time", f"{number(days)} days", "Rows times the median step; stops do not count."),
            ("Step", f"{number(step)} min", "Median time between rows."),
        ]
    show_metrics(figures)
    if why := table.time_unit.why:
        st.caption(why)
    st.plotly_chart(balance_figure(table.n_rows - n_label, n_label), key="data_balance")


@in_place
def show_findings(dataset: Dataset) -> None:
    """Show what the checks found in each column, with one-click fixes."""
    st.subheader("Checks")
    table, findings = table_of(dataset), findings_of(dataset)
    if not findings:
        st.success("No problems found.")
    for number_, finding in enumerate(findings):
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            grade = f":{GRADE_COLOURS[finding.grade]}-badge[{finding.grade}]"
            where, sentences = plain(finding.where), plain(f"{finding.what} {finding.fix}")
            st.markdown(f"{grade} **{where}** {sentences}", width="stretch")
            if finding.action and st.button("Fix it", key=f"data_fix_{dataset.version[:12]}_{number_}"):
                save_dataset(dataset.with_fix(finding))
                st.rerun()
    if dataset.fixes and st.button(f"Undo the last of {plural(len(dataset.fixes), 'fix')}", key="data_undo"):
        save_dataset(dataset.without_last_fix())
        st.rerun()
    listed = grades(table, findings)
    with st.expander(f"Every column ({len(listed):,})"):
        st.dataframe(listed, hide_index=True, key="data_grades")


def show_time_line(dataset: Dataset) -> None:
    """Draw the stretches, stops and events."""
    table = table_of(dataset)
    clock = table.clock
    figure = stretch_figure(table.when, stretches(clock, table.label), table.label)
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
    stretch = stretches(clock, table.label)
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
            course.offset * median_step(clock),
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


def show_schema(dataset: Dataset) -> None:
    """Let the user correct the roles of the columns."""
    st.subheader("Roles of the columns")
    st.caption("Guessed from the file. Correct any role, then apply. The stored file does not change.")
    columns, values = columns_and_labels(dataset)
    role_of = {column: role for column, role in dataset.schema.roles()}
    roles = pd.DataFrame({"column": columns, "role": [role_of.get(c, "ignored") for c in columns]})
    left, right = st.columns([3, 2])
    edited = left.data_editor(
        roles,
        hide_index=True,
        disabled=["column"],
        height=320,
        column_config={"role": st.column_config.SelectboxColumn("role", options=list(ROLES), required=True)},
        key=f"data_roles_{dataset.version[:12]}",
    )
    with right:
        event_value = st.selectbox(
            "Label value that marks an event",
            values,
            index=values.index(dataset.schema.event_value) if dataset.schema.event_value in values else 0,
            key=f"data_event_value_{dataset.version[:12]}",
        )
        if st.button("Apply the roles", key="data_apply_roles"):
            chosen = dict(zip(edited["column"], edited["role"], strict=True))
            save_dataset(
                dataset.with_schema(schema_of_roles(dataset.raw(), chosen, event_value, dataset.schema))
            )
            st.rerun()
