"""The threshold explorer: a component whose drag never talks to the server.

Python counts every operating point once and sends at most 2,000 columns of numbers
(`rare_event.plots.explorer`); the browser only looks them up. It sends the threshold back when the
pointer is released, a key is pressed or a number is typed.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from rare_event.plots.explorer import ExplorerData

HERE = Path(__file__).parent

_component = st.components.v2.component(
    "rare_event_threshold_explorer",
    html=(HERE / "explorer.html").read_text(encoding="utf-8"),
    css=(HERE / "explorer.css").read_text(encoding="utf-8"),
    js=(HERE / "explorer.js").read_text(encoding="utf-8"),
)


def threshold_explorer(data: ExplorerData, key: str, on_release: Callable[[float], None]) -> None:
    """Show the explorer.

    Parameters
    ----------
    data
        As returned by `rare_event.plots.explorer.explorer_data`.
    key
        Of the component.
    on_release
        Called with the threshold when the pointer is released, a key is pressed or a number is typed.
    """

    def released() -> None:
        threshold = st.session_state[key]["released"]
        if threshold is not None:
            on_release(float(threshold))

    # A trigger and not a state: a state falls back to its first value when the user's next click
    # ends a run before the component is drawn, which would undo the drag.
    _component(key=key, data=data, on_released_change=released)
