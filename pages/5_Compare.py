"""Compare: which run is best, and whether the data can tell; which settings matter."""

import streamlit as st

from rare_event.ui.compare.design_map import show_design_space
from rare_event.ui.compare.overlay import show_overlay
from rare_event.ui.compare.page import (
    choose_rows,
    choose_view,
    choose_windows,
    open_board,
    show_alarms_only,
    show_baselines_of_run,
    show_figures,
    show_verdict,
)
from rare_event.ui.compare.table import show_table
from rare_event.ui.frame import show_errors, start_page
from rare_event.ui.state import need_dataset

start_page("Compare", "Which of my runs is best, and which settings matter?")

with show_errors():
    dataset = need_dataset()
    if choose_view() == "Design space":
        show_design_space(dataset)
        st.stop()
    verdict = st.container()
    chosen = choose_windows(dataset)
    board = open_board(chosen)
    show_baselines_of_run(chosen)
    if board and not board[0].judgement.n_events:
        show_alarms_only(board, bool(dataset.schema.labels))
    elif board:
        with verdict:
            show_verdict(board)
        shown, lead = choose_rows(board)
        if shown:
            show_figures(shown, lead)
            show_table(shown)
        else:
            st.info("No model matches these filters.")
        show_overlay(board, chosen.windows, lead)
