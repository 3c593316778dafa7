"""The roles of the columns, to be corrected."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from rare_event.prepare.roles import schema_of_roles
from rare_event.store.datasets import Dataset, save_dataset
from rare_event.ui.cache import columns_of_file
from rare_event.ui.data.label import choose_label_values
from rare_event.ui.frame import show_errors
from rare_event.ui.place import drawer, in_place

ROLES = ("sensor", "category", "ignored", "time", "label", "asset")


@in_place
def show_schema(dataset: Dataset) -> None:
    """Let the user correct the roles of the columns; closed at first and drawn only when opened."""
    place = drawer("Roles of all columns", "data_roles_of_all")
    if place is not None:
        with place:
            _show_roles(dataset)


def _show_roles(dataset: Dataset) -> None:
    """Show the roles of the columns and what the values of the label mean, to be corrected."""
    st.header("Roles of the columns")
    st.caption(
        "The roles are guessed. Correct any that are wrong, then apply the roles. The "
        "stored file does not change."
    )
    role_of = {column: role for column, role in dataset.schema.roles()}
    columns = columns_of_file(dataset)
    roles = pd.DataFrame({"column": columns, "role": [role_of.get(c, "ignored") for c in columns]})
    left, right = st.columns([3, 2])
    edited = left.data_editor(
        roles,
        hide_index=True,
        disabled=["column"],
        height=320,
        column_config={"role": st.column_config.SelectboxColumn("role", options=list(ROLES), required=True)},
        key=f"data_roles_{dataset.version[:12]}",
        alt="Roles of the columns",
    )
    with right, show_errors():
        chosen = dict(zip(edited["column"], edited["role"], strict=True))
        labels = [column for column, role in chosen.items() if role == "label"]
        known = [label for label in dataset.schema.labels if label in labels]
        said = choose_label_values(dataset, tuple(dict.fromkeys([*known, *labels])))
        if st.button("Apply the roles", key="data_apply_roles"):
            save_dataset(dataset.with_schema(schema_of_roles(dataset.raw(), chosen, said, dataset.schema)))
            st.rerun()
