"""The name and the note of a run, its deletion, and sharing it."""

from __future__ import annotations

import streamlit as st

from rare_event.compare.titles import name_of_run
from rare_event.store.records import About
from rare_event.store.runs import MOST_NAME, Run
from rare_event.ui.deleting import ask_to_delete, delete_button, deletion_of_run
from rare_event.ui.place import in_place
from rare_event.ui.sharing import offer_to_share


@in_place
def edit_run(run: Run) -> None:
    """Let the user name a run, write a note about it, delete it and share it."""
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
    deletion = deletion_of_run(run, name_of_run(run))
    delete_button(delete, deletion)
    ask_to_delete(deletion)
    offer_to_share(run)
