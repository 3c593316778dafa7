"""A line of figures that wraps evenly at any width."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

# Wide enough for "16.7 days"; all alike, so that a wrapped line keeps its columns.
WIDTH = 180


def show_metrics(figures: Iterable[tuple[str, str, str | None]]) -> None:
    """Show figures side by side.

    Parameters
    ----------
    figures
        Label, value and help text (or None) of each.
    """
    with st.container(horizontal=True):
        for label, value, explanation in figures:
            st.metric(label, value, help=explanation, border=True, width=WIDTH)
