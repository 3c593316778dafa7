"""What is looked up now and then: the first rows as read, and figures of every column."""

from __future__ import annotations

import streamlit as st

from rare_event.store.datasets import Dataset
from rare_event.ui.data.computed import columns_of, first_rows_of

ROWS_KEY, COLUMNS_KEY = "data_details_rows", "data_details_columns"
FIGURES = ("min", "mean", "max")


@st.fragment
def show_details(dataset: Dataset) -> None:
    """Show the first rows and the columns, closed at first and drawn only when opened."""
    rows = st.expander("First rows, with their line in the file", key=ROWS_KEY, on_change="rerun")
    if rows.open:
        rows.dataframe(first_rows_of(dataset), key="data_first_rows")
    columns = st.expander("Columns: missing values, min, mean, max, role", key=COLUMNS_KEY, on_change="rerun")
    if columns.open:
        columns.dataframe(
            columns_of(dataset),
            hide_index=True,
            column_config={
                figure: st.column_config.NumberColumn(figure, format="%.4g") for figure in FIGURES
            },
            key="data_columns",
        )
