"""The roles that decide, to be corrected in place: the time, the event column and its values."""

from __future__ import annotations

import streamlit as st

from rare_event.errors import RareEventError
from rare_event.prepare.labelling import Labelling
from rare_event.prepare.roles import schema_of_roles
from rare_event.prepare.schema import Role
from rare_event.store.datasets import Dataset, save_dataset
from rare_event.text import plain
from rare_event.ui.cache import columns_of_file, label_guess_of
from rare_event.ui.data.label import choose_label_values
from rare_event.ui.frame import in_place

WIDTH = 200
NO_COLUMN = ""


@in_place
def show_deciding_roles(dataset: Dataset) -> None:
    """Let the user correct the time, the event column and its values; a change is applied at once."""
    schema, key = dataset.schema, dataset.version[:12]
    with st.container(horizontal=True, vertical_alignment="center"):
        time = _choose_column(dataset, "Time", schema.time, f"data_time_{key}")
        label = _choose_column(dataset, "Event column", schema.label, f"data_label_{key}")
        said = schema.labelling
        if label is not None and label == schema.label:
            said = _choose_values(dataset, said, f"data_event_values_{key}")
    for other in schema.also:
        st.caption(
            f"Rows marked in {plain(other)} also count as events. "
            "Change this below, in the roles of all columns."
        )
    if label != schema.label:
        said = Labelling(() if label is None else (label,))
    if label is not None and label_guess_of(dataset, (label,))[1].questions and label != schema.label:
        with st.container(border=True):
            said = choose_label_values(dataset, (label,))
            if not st.button("Use this event column", key=f"data_use_label_{key}"):
                return
    if (time, label) != (schema.time, schema.label) or said != schema.labelling:
        _apply(dataset, time, said)


def _choose_column(dataset: Dataset, what: str, current: str | None, key: str) -> str | None:
    options = [NO_COLUMN, *columns_of_file(dataset)]
    st.markdown(what, width="content")
    chosen: str = st.selectbox(
        what,
        options,
        index=options.index(current or NO_COLUMN),
        format_func=lambda column: column or "no column",
        label_visibility="collapsed",
        width=WIDTH,
        key=key,
    )
    return chosen or None


def _choose_values(dataset: Dataset, said: Labelling, key: str) -> Labelling:
    """Let the user choose which values mean an event; an empty choice changes nothing."""
    values, _ = label_guess_of(dataset, dataset.schema.labels)
    now = [value for value in dataset.schema.event_values if value in values]
    st.markdown("=", width="content")
    chosen = st.multiselect(
        "Event values", values, default=now, label_visibility="collapsed", width=WIDTH, key=key
    )
    if not chosen or set(chosen) == set(now):
        return said
    left_out = tuple(value for value in dataset.schema.left_out_values if value not in chosen)
    normal = tuple(value for value in values if value not in (*chosen, *left_out))
    return Labelling(said.labels, tuple(chosen), left_out, normal if len(normal) > 1 else (), said.blank)


def _apply(dataset: Dataset, time: str | None, said: Labelling) -> None:
    """Store the roles; columns that lose one of the two roles are left out."""
    labels = said.labels or ()
    roles: dict[str, Role] = {
        column: "ignored" if role in ("time", "label") else role for column, role in dataset.schema.roles()
    }
    roles |= dict.fromkeys(labels, "label")
    if time is not None:
        roles[time] = "time"
    try:
        save_dataset(dataset.with_schema(schema_of_roles(dataset.raw(), roles, said, dataset.schema)))
    except RareEventError as error:
        st.error(plain(error))
    else:
        st.rerun()
