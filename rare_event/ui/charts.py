"""Charts of a page, each with a name that a screen reader says."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from rare_event.plots.described import described


def draw(figure: go.Figure, key: str, place: DeltaGenerator | None = None, **options: Any) -> Any:
    """Draw a figure with its description; returns what Streamlit returns.

    Parameters
    ----------
    figure
        As made by `rare_event.plots`.
    key
        Of the chart.
    place
        Where it is drawn; None draws it at the end of the page.
    **options
        Passed on to `streamlit.plotly_chart`.
    """
    return (place or st).plotly_chart(figure, key=key, alt=described(figure), **options)


def load_charts() -> None:
    """Have the browser load what draws charts, for a second, while the analyst still looks for a file."""
    with st.container(key="charts_loaded"):
        st.html("<style>.st-key-charts_loaded { display: none; }</style>")
        st.plotly_chart(go.Figure(), key="charts_loading", alt="Nothing")
