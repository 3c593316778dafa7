"""What is looked up now and then: the first rows as read, and figures of every column."""

from __future__ import annotations

import streamlit as st

from rare_event.store.datasets import Dataset
from rare_event.ui.data.computed import columns_of, first_rows_of

FIGURES = ("min", "mean", "max")


def show_details(dataset: Dataset) -> None:
    """Show the first rows and the columns, closed at first."""
    first, columns = first_rows_of(dataset), columns_of(dataset)
    with st.expander("First rows, with their line in the file"):
        st.dataframe(first, key="data_first_rows")
    with st.expander(f"Columns ({len(columns):,}): missing, min, mean, max, role"):
        st.dataframe(
            columns,
            hide_index=True,
            column_config={
                figure: st.column_config.NumberColumn(figure, format="%.4g") for figure in FIGURES
            },
            key="data_columns",
        )
