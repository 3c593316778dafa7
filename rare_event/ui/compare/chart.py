"""The leaderboard as one chart with aligned rows, in which runs are ticked and taken into use.

A table of HTML and not a figure: its rows are aligned, its boxes work by keyboard, and a screen reader
reads its figures.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from rare_event.plots.leaderboard import Board

HERE = Path(__file__).parent
_html, _css, _js = ((HERE / f"chart.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js"))
_chart = st.components.v2.component("rare_event_board", html=_html, css=_css, js=_js)


def board_chart(
    data: Board, key: str, on_ticked: Callable[[list[str]], None], on_used: Callable[[str], None]
) -> None:
    """Show the chart.

    Parameters
    ----------
    data
        As returned by `rare_event.plots.leaderboard.board_data`.
    key
        Of the component.
    on_ticked
        Called with the ids of the ticked runs when one is ticked or unticked.
    on_used
        Called with the id of a run that is to be used from now on.
    """

    def ticked() -> None:
        runs = st.session_state[key]["ticked"]
        if runs is not None:
            on_ticked([str(run) for run in runs])

    def used() -> None:
        on_used(str(st.session_state[key]["use"]))

    _chart(key=key, data=data, on_ticked_change=ticked, on_use_change=used)
