"""The name and the note of a run, and its deletion."""

from __future__ import annotations

import streamlit as st

from rare_event.compare.titles import name_of_run
from rare_event.errors import RareEventError
from rare_event.store.records import About
from rare_event.store.runs import MOST_NAME, Run, delete_run
from rare_event.text import plain
from rare_event.ui.place import in_place
from rare_event.ui.state import forget_run

ASKED = "runs_asked"


@in_place
def edit_run(run: Run) -> None:
    """Let the user name a run, write a note about it, and delete it."""
    about = run.about()
    name, note, delete = st.columns([2, 4, 1], vertical_alignment="bottom")
    chosen = About(
        name.text_input(
            "Name of this run",
            about.name,
            key=f"runs_name_{run.id}",
            max_chars=MOST_NAME,
            placeholder=name_of_run(run),
        ),
        note.text_input("Note", about.note, key=f"runs_note_{run.id}", placeholder="What this run tries"),
    )
    if chosen != about:
        run.describe(chosen)
        st.rerun()
    ended = run.status().ended
    if delete.button(
        "Delete",
        key="runs_delete_ask",
        icon=":material/delete:",
        width="stretch",
        disabled=not ended,
        help=None if ended else "Cancel a queued or running run before you delete it.",
    ):
        st.session_state[ASKED] = run.id
    if st.session_state.get(ASKED) == run.id:
        _ask(run)


def _ask(run: Run) -> None:
    """Ask once, and delete the run if the user says so."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.warning(
            f"Delete the run “{plain(name_of_run(run))}” with its model and figures? This cannot be undone."
        )
        st.button("Delete this run", key="runs_delete", on_click=_delete, args=(run,))
        st.button("Keep it", key="runs_keep", on_click=_forget_question)


def _delete(run: Run) -> None:
    _forget_question()
    try:
        delete_run(run)
    except RareEventError as error:
        st.toast(plain(error))
    else:
        forget_run(run)


def _forget_question() -> None:
    st.session_state.pop(ASKED, None)
