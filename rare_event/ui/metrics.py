"""A row of figures with intervals that wraps evenly at any width."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import streamlit as st

# Wide enough for "False alarms per day", and for an interval with what chance gives; all of a line are
# alike, so that it keeps its columns when it wraps.
WIDTH, WIDTH_WITH_INTERVALS = 215, 290
# For short labels next to a form; a value of more signs would be cut there.
NARROW, MOST_SIGNS = 165, 6


def show_metrics(
    figures: Iterable[tuple[str, str, str | None]],
    intervals: Mapping[str, str] | None = None,
    narrow: bool = False,
) -> None:
    """Show figures in a row.

    Parameters
    ----------
    figures
        Label, value and help text (or None) of each.
    intervals
        Text below the value of some labels: its 95% interval.
    narrow
        Whether the labels are short and space is tight.
    """
    figures = list(figures)
    narrow = narrow and all(len(value) <= MOST_SIGNS for _, value, _ in figures)
    width = NARROW if narrow else WIDTH_WITH_INTERVALS if intervals else WIDTH
    with st.container(horizontal=True):
        for label, value, explanation in figures:
            below = (intervals or {}).get(label)
            st.metric(
                label,
                value,
                delta=below,
                delta_color="off",
                delta_arrow="off",
                help=explanation,
                border=True,
                width=width,
            )
