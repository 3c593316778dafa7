"""The seal on the test data: opened on purpose, and every look is counted."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import streamlit as st

from rare_event.errors import RareEventError
from rare_event.report.words import looks_in_words
from rare_event.store.records import Look
from rare_event.store.runs import Run
from rare_event.store.seal import changed_after_a_look, is_open, open_at_threshold
from rare_event.text import plain, times
from rare_event.ui.cache import time_unit_of
from rare_event.ui.frame import in_place
from rare_event.ui.progress import caught_in_words

ORIGINS = {
    "committed": "Committed threshold",
    "suggested": "Threshold suggested after training",
    "given": "Threshold, not committed",
}
WHY = (
    "The test data can judge a threshold honestly only once. If you change the threshold after you have "
    "seen them, the test data become part of the choice, and their figures are too optimistic. So they stay "
    "closed until you open them, and every look is counted."
)


@in_place
def break_seal(run: Run) -> bool:
    """Show how often the test data were opened, or let the user open them.

    Returns
    -------
    bool
        Whether they are open.
    """
    looks = run.looks()
    if is_open(run):
        _show_looks(looks)
        return True
    with st.container(border=True):
        st.header("The test data are sealed")
        if looks:
            st.markdown(
                f"They were opened {times(len(looks))}; the threshold or the alarm policy has changed since. "
                f"Opening them again counts as look {len(looks) + 1}, and a warning will say that the "
                "figures are too optimistic."
            )
        else:
            st.markdown(WHY)
        label = f"Open again: look {len(looks) + 1}" if looks else "Open the test data"
        committed = run.committed()
        st.caption(f"{ORIGINS[committed.origin]}: {plain(committed.in_words(time_unit_of(run)))}.")
        # Scores that cannot be read must not keep the button away.
        with suppress(RareEventError):
            if caught := caught_in_words(run):
                st.caption(f"On validation data it catches {caught}.")
        icon = ":material/lock_open:"
        st.button(
            label, type="primary", key="evaluate_open", icon=icon, on_click=open_at_threshold, args=(run,)
        )
    return False


def _show_looks(looks: Sequence[Look]) -> None:
    if changed_after_a_look(looks):
        st.warning(looks_in_words(looks), icon=":material/visibility:")
    else:
        st.caption(looks_in_words(looks))
