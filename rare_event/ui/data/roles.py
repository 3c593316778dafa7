"""The roles of the columns, to be corrected."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from rare_event.prepare.roles import schema_of_roles
from rare_event.store.datasets import Dataset, save_dataset
from rare_event.ui.cache import columns_and_labels

ROLES = ("sensor", "category", "ignored", "time", "label", "asset")


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
