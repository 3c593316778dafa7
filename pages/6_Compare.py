"""Compare: which run is best, and whether the data can tell; which settings matter."""

import streamlit as st

from rare_event.store.unreadable import unreadable_maps, unreadable_runs
from rare_event.ui.compare.design_map import show_design_space
from rare_event.ui.compare.overlay import show_overlay
from rare_event.ui.compare.page import (
    choose_lead_of,
    choose_rows,
    choose_view,
    choose_windows,
    open_board,
    own_run,
    show_alarms_only,
    show_baselines_of_run,
    show_chart,
    show_headline,
    show_verdict,
)
from rare_event.ui.compare.table import show_table
from rare_event.ui.compare.today import show_today, show_today_headline, todays_rows
from rare_event.ui.damage import show_unreadable
from rare_event.ui.frame import show_errors, start_page
from rare_event.ui.state import need_dataset

start_page("Compare", "Which is best, and is it better than what I have today?")

with show_errors():
    dataset = need_dataset()
    choices = st.container(horizontal=True, vertical_alignment="bottom", gap="small")
    with choices:
        view = choose_view()
    if view == "Design space":
        show_unreadable(unreadable_maps)
        show_design_space(dataset)
        st.stop()
    show_unreadable(unreadable_runs)
    headline = st.container(gap="xxsmall")
    chosen = choose_windows(dataset, choices)
    board = open_board(chosen)
    if board and board[0].judgement.n_events:
        with choices:
            lead, shown = choose_lead_of(board), choose_rows(board)
        with headline:
            sentences = show_headline(board, dataset)
        today = todays_rows(dataset, chosen, board, own_run(board), lead)
        show_today_headline(today, board, own_run(board))
        show_baselines_of_run(chosen)
        if shown:
            show_chart(shown, board, chosen.windows, lead, today)
        else:
            st.info("No model matches these filters.")
        show_today(today, board, own_run(board), lead, chosen.shared)
        # The scores of a run may be damaged: the table stays.
        with show_errors():
            show_overlay(board, chosen.windows, lead, own_run(board), chosen.shared)
        show_verdict(board, sentences)
        if shown:
            show_table(shown)
    else:
        show_baselines_of_run(chosen)
        if board:
            show_alarms_only(board, bool(dataset.schema.labels))
