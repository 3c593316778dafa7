"""Threshold: where to set the alarm."""

import streamlit as st

from rare_event.ui.frame import show_errors, start_page
from rare_event.ui.state import need_judged_run
from rare_event.ui.threshold import explore, show_context

start_page("Threshold", "Where do I set the alarm? This page shows validation data only.")

with show_errors():
    run = need_judged_run()
    with st.container(horizontal=True):
        with st.container():
            show_context(run)
        st.page_link(
            "pages/4_Evaluate.py", label="Next: evaluate on test data", icon=":material/arrow_forward:"
        )
    explore(run)
