"""Buttons that download a table as CSV and as Parquet."""

from __future__ import annotations

import io

import pandas as pd
import streamlit as st

from rare_event.store.exports import spreadsheet_safe


def offer_downloads(frame: pd.DataFrame, what: str, file: str, key: str) -> None:
    """Show the two buttons."""
    st.download_button(
        f"Download {what} (CSV)",
        to_csv(frame),
        f"{file}.csv",
        "text/csv",
        key=f"{key}_csv",
        on_click="ignore",
    )
    st.download_button(
        f"Download {what} (Parquet)",
        to_parquet(frame),
        f"{file}.parquet",
        "application/vnd.apache.parquet",
        key=f"{key}_parquet",
        on_click="ignore",
    )


def to_csv(frame: pd.DataFrame) -> str:
    """Write a table as CSV in which a spreadsheet takes no text for a formula."""
    return str(spreadsheet_safe(frame).to_csv(index=False))


def to_parquet(frame: pd.DataFrame) -> bytes:
    """Write a table as Parquet."""
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    return buffer.getvalue()
