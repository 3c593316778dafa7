"""The first line of the Data page: which file, how large it is, and how rare its event."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from rare_event.store.datasets import Dataset
from rare_event.text import plain, plural, share
from rare_event.ui.cache import table_of
from rare_event.ui.data.choose import choose_data
from rare_event.ui.data.computed import size_of
from rare_event.ui.data.preview import offer_other_reading
from rare_event.ui.frame import in_place
from rare_event.ui.links import NEXT, link_to

# Names beyond it are counted: the line must stay one.
MOST_NAMES = 6


@in_place
def show_head(dataset: Dataset) -> None:
    """Show the file in one line, with the ways to another file and to the next page."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.header(plain(dataset.name), width="content", anchor=False)
        with st.popover("Change file", icon=":material/folder_open:"):
            choose_data()
        offer_other_reading(dataset)
        st.space("stretch")
        link_to("pages/2_Train.py", "Train", "data_train", icon=NEXT, main=True)
    st.markdown("&emsp;".join(_figures(dataset)))
    if why := table_of(dataset).time_unit.why:
        st.caption(why)


def _figures(dataset: Dataset) -> list[str]:
    size, schema = size_of(dataset), dataset.schema
    rare = share(size.n_event_rows, size.n_rows)
    events = f"**{size.n_events:,}** event{'' if size.n_events == 1 else 's'} ({rare} of the rows)"
    figures = [f"**{size.n_rows:,}** rows", events if schema.labels else "no event column"]
    if size.days is not None:
        amount, unit = table_of(dataset).time_unit.running(size.days).split(" ", 1)
        figures += [f"**{amount}** {unit}"]
    sensors = f"**{len(schema.sensors):,}** sensor{'' if len(schema.sensors) == 1 else 's'}"
    parts = [sensors, *_named(schema.categories, "category", "categories"), *_left_out(schema.ignored)]
    return [*figures, "; ".join(parts)]


def _named(columns: Sequence[str], one: str, many: str) -> list[str]:
    if not columns:
        return []
    return [f"{len(columns):,} {one if len(columns) == 1 else many}: {_list(columns)}"]


def _left_out(columns: Sequence[str]) -> list[str]:
    return [f"{len(columns):,} left out: {_list(columns)}"] if columns else []


def _list(columns: Sequence[str]) -> str:
    more = len(columns) - MOST_NAMES
    names = ", ".join(plain(column) for column in columns[:MOST_NAMES])
    return f"{names} and {plural(more, 'other')}" if more > 0 else names
