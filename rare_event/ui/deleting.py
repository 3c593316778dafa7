"""Deleting a run, a dataset or a map on a page: one question, which names what goes with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from rare_event.errors import RareEventError
from rare_event.store.datasets import Dataset
from rare_event.store.deleting import (
    Belongings,
    delete_dataset,
    delete_map,
    delete_run,
    of_dataset,
    of_map,
    of_run,
)
from rare_event.store.maps import DesignMap
from rare_event.store.runs import Run
from rare_event.text import plain
from rare_event.ui.live import once
from rare_event.ui.place import in_place
from rare_event.ui.state import forget_run, update_state

ASKED = "deleting_asked"
CHANGED = "Something was added or deleted meanwhile, and nothing has been deleted. Read the question again."


@dataclass(frozen=True)
class Deletion:
    """What may be deleted on a page.

    Parameters
    ----------
    kind, id
        Run, dataset or map, and which.
    named
        What the question calls it, as Markdown.
    find
        Finds what is deleted with it.
    delete
        Deletes it.
    forget
        Stops using it in this session, given what was deleted with it.
    blocked
        Why it cannot be deleted now; empty if it can.
    """

    kind: str
    id: str
    named: str
    find: Callable[[], Belongings]
    delete: Callable[[], None]
    forget: Callable[[Belongings], object]
    blocked: str = ""


def deletion_of_run(run: Run, name: str) -> Deletion:
    """Return what the page of a run needs to delete it; `name` is shown as text."""
    return Deletion(
        "run",
        run.id,
        f"the run “{plain(name)}” with its model and figures",
        lambda: of_run(run),
        lambda: delete_run(run),
        lambda _: forget_run(run),
        "" if run.status().ended else "Cancel a queued or running run before you delete it.",
    )


def deletion_of_map(design_map: DesignMap) -> Deletion:
    """Return what the page of a map needs to delete it."""

    def forget(gone: Belongings) -> None:
        for run in gone.cells:
            forget_run(run)

    return Deletion(
        "map",
        design_map.id,
        f"the map of {design_map.created:%d %b %H:%M} UTC",
        lambda: of_map(design_map),
        lambda: delete_map(design_map),
        forget,
        "" if design_map.state().ended else "Cancel a queued or running map before you delete it.",
    )


def deletion_of_dataset(dataset: Dataset) -> Deletion:
    """Return what the Data page needs to delete a dataset."""
    return Deletion(
        "dataset",
        dataset.digest,
        f"the dataset “{plain(dataset.name)}” with its uploaded file",
        lambda: of_dataset(dataset.digest),
        lambda: delete_dataset(dataset.digest, with_runs=True),
        lambda _: update_state(digest=None, run_id=None),
    )


def delete_button(place: DeltaGenerator, deletion: Deletion, label: str = "Delete") -> None:
    """Show the button that asks the question."""
    if place.button(
        label,
        key=f"{deletion.kind}s_delete_ask",
        icon=":material/delete:",
        width="stretch",
        disabled=bool(deletion.blocked),
        help=deletion.blocked or None,
    ):
        st.session_state[ASKED] = deletion.kind, deletion.id


def offer_to_delete(deletion: Deletion, label: str) -> None:
    """Show the button, and below it the question once it is pressed."""
    delete_button(st.container(width="content"), deletion, label)
    ask_to_delete(deletion)


@in_place
def ask_to_delete(deletion: Deletion) -> None:
    """Ask once where the button was pressed, and delete if the user says so."""
    if st.session_state.get(ASKED) != (deletion.kind, deletion.id):
        return
    found = deletion.find()
    also = f", and also {plain(found.in_words)}" if found.in_words else ""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.warning(f"Delete {deletion.named}{also}? This cannot be undone.")
        st.button(
            f"Delete this {deletion.kind}",
            key=f"{deletion.kind}s_delete",
            on_click=once(_delete),
            args=(deletion, found),
        )
        st.button("Keep it", key=f"{deletion.kind}s_keep", on_click=_forget_question)


def _delete(deletion: Deletion, asked: Belongings) -> None:
    """Delete it with what the question named, and nothing else."""
    try:
        if deletion.find() != asked:
            st.toast(CHANGED)
            return
        deletion.delete()
    except RareEventError as error:
        st.toast(plain(error))
    else:
        deletion.forget(asked)
    _forget_question()


def _forget_question() -> None:
    st.session_state.pop(ASKED, None)
