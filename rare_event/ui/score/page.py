"""The Score page, from the model to the results of a new file."""

from __future__ import annotations

import streamlit as st

from rare_event.code.show import code_of_scoring
from rare_event.store.unreadable import unreadable_scorings
from rare_event.ui.code import show_code
from rare_event.ui.damage import show_unreadable
from rare_event.ui.frame import show_errors
from rare_event.ui.score.choose import choose_run, show_bundles
from rare_event.ui.score.expected import show_expected
from rare_event.ui.score.files import choose_file, offer_delete, show_refused, wait_for
from rare_event.ui.score.findings import ask_columns, show_findings
from rare_event.ui.score.following import explain_following, show_followers
from rare_event.ui.score.results import show_drift, show_figures, show_scores


def show_page() -> None:
    """Show the page; a bundle can be imported whatever else is missing."""
    run = None
    # In a place of its own: the drawers below stay open when what is above changes.
    with st.container(), show_errors():
        run = choose_run()
        scoring = choose_file(run)
        show_followers()
        show_refused()
        show_unreadable(unreadable_scorings)
        if scoring is None:
            show_expected(run)
        elif wait_for(scoring):
            show_findings(scoring)
            if scoring.status().state == "asked":
                ask_columns(scoring)
            else:
                show_figures(run, scoring)
                show_scores(run, scoring)
                show_drift(scoring)
                show_code("score_code", lambda: code_of_scoring(scoring))
                offer_delete(scoring)
    with show_errors():
        st.divider()
        show_bundles(run)
        if run is not None:
            explain_following(run)
