"""The threshold explorer: charts and figures that follow a drag without talking to the server.

Python counts every operating point once and sends at most 2,000 columns of numbers
(`rare_event.plots.explorer`); the browser only looks them up. It sends the threshold back when the
pointer is released, a key is pressed or a number is typed.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from rare_event.plots.explorer_payload import Sent

HERE = Path(__file__).parent


def _part(name: str) -> Callable[..., object]:
    html, css, js = ((HERE / f"{name}.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js"))
    part: Callable[..., object] = st.components.v2.component(
        f"rare_event_threshold_{name}", html=html, css=css, js=js
    )
    return part


_explorer, _figures = _part("explorer"), _part("figures")


def threshold_figures(key: str) -> None:
    """Show the figures at the explorer's threshold; the explorer fills them while it is dragged.

    Parameters
    ----------
    key
        Of the component.
    """
    _figures(key=key)


def threshold_explorer(data: Sent, key: str, on_release: Callable[[float], None]) -> None:
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
    _explorer(key=key, data=data, on_released_change=released)
