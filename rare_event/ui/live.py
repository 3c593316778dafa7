"""A piece of a page that follows work in the background: it polls until the work has ended."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from rare_event.store.folders import WorkFolder
from rare_event.store.workspace import home
from rare_event.ui.place import show_errors

POLL_SECONDS = 1.0


def poll_until_ended(
    piece: Callable[[], None],
    unfinished: Callable[[], Iterable[str]],
    key: str,
    seconds: float = POLL_SECONDS,
) -> None:
    """Draw a piece of a page, and draw it again at intervals while work that it shows is unfinished.

    Streamlit settles whether a fragment polls when the page draws it. So the whole page is drawn again
    when work begins or ends, and a click inside the piece that starts work starts polling too.

    Parameters
    ----------
    piece
        Draws it.
    unfinished
        Names the work that has not ended, as it is now; read at every poll, so it must be quick.
    key
        Of the piece.
    seconds
        Between two polls.
    """
    with show_errors():
        before = frozenset(unfinished())
        st.fragment(_draw, run_every=seconds if before else None, key=f"{key}_fragment")(
            piece, unfinished, before
        )


def cancel_button(work: WorkFolder, label: str, key: str, cancel: Callable[..., None]) -> None:
    """Show a button that cancels a run or a map, until that was asked for."""
    asked = work.cancel_requested
    st.button("Cancelling …" if asked else label, key=key, disabled=asked, on_click=cancel, args=(work,))


def once(action: Callable[..., None]) -> Callable[..., None]:
    """Return what a button outside polling pieces does when pressed, done once for each press.

    A poll that is sent between a press and its message takes the press along; the message then brings it
    again (Streamlit 1.67: a message holds every press that waits to be sent). The poll's copy is ignored.
    """

    def pressed(*args: object) -> None:
        context = get_script_run_ctx()
        if context is None or not context.fragment_ids_this_run:
            action(*args)

    return pressed


def _draw(piece: Callable[[], None], unfinished: Callable[[], Iterable[str]], before: frozenset[str]) -> None:
    with show_errors():
        # After a sign-out Streamlit still draws the pieces of the page before it, if it is asked to.
        home()
        if frozenset(unfinished()) != before:
            st.rerun()
        piece()
        # Nothing polls yet, so nobody else would notice what a click inside the piece has started.
        if not before and frozenset(unfinished()):
            st.rerun()
