"""How large the file is and how rare its event."""

from __future__ import annotations

import streamlit as st

from rare_event.clock import MINUTES_PER_DAY
from rare_event.plots.balance import balance_figure
from rare_event.prepare.stretches import find_events, running_minutes
from rare_event.store.datasets import Dataset
from rare_event.text import number, plain, share
from rare_event.ui.cache import table_of
from rare_event.ui.frame import in_place
from rare_event.ui.metrics import show_metrics


@in_place
def show_balance(dataset: Dataset) -> None:
    """Show the size of the file and how rare the event is."""
    table = table_of(dataset)
    clock = table.clock
    stretch = table.stretch
    events = find_events(clock, table.label, stretch)
    n_label = int(table.label.sum())
    step = table.step
    days = running_minutes(clock, stretch, step).sum() / MINUTES_PER_DAY
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
            ("Running time", f"{number(days)} days", "Time between rows; stops do not count."),
            ("Step", f"{number(step)} min", "Median time between rows."),
        ]
    show_metrics(figures)
    if why := table.time_unit.why:
        st.caption(why)
    st.plotly_chart(balance_figure(table.n_rows - n_label, n_label), key="data_balance")
