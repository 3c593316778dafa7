"""Sharing a run with the others who sign in: on purpose, and as a copy without its data."""

from __future__ import annotations

from concurrent.futures import Future

import streamlit as st

from rare_event.errors import RareEventError
from rare_event.jobs.scoring import share_in_worker
from rare_event.store.archive import is_imported
from rare_event.store.runs import Run
from rare_event.store.shared import (
    SharedRun,
    ask_to_share,
    copies_here,
    folder_of_shared,
    holds_rows,
    holds_scores,
    list_shared,
    shared_of,
    stop_sharing,
    take_copy,
)
from rare_event.store.users import owner_of
from rare_event.store.workspace import home
from rare_event.text import moment, plain
from rare_event.ui.cache import jobs
from rare_event.ui.damage import show_unreadable
from rare_event.ui.live import once, poll_until_ended
from rare_event.ui.place import in_place
from rare_event.ui.sign_in import has_sign_in, signed_in_as

ASKED, REFUSED = "sharing_asked", "sharing_refused"
MOST_SHOWN = 20
SEEN = (
    "Everyone who signs in here then sees its name, the name of its file and your {who}, and can take a "
    "copy: settings, note, names of columns, machines and categories, figures and model. {data}"
)
DATA_STAY = "Your data and scores stay with you."
SCORES_GO = "Your data stay with you; of the scores, those go that new ones are compared with."
ROWS_GO = (
    "This model consists of rows of your data, so these go with it; the rest of your data stays with you."
)
UNTIL = (
    "What you change in the run now does not change the copy. Deleting the run also ends the sharing. Copies "
    "that others have taken stay theirs."
)
AGAIN = "The worker ended before it was written. Press the button again."


def offer_to_share(run: Run) -> None:
    """Let the user share a finished run, or share it no longer, where people sign in."""
    if has_sign_in() and run.status().state == "done" and not is_imported(run):
        poll_until_ended(lambda: _offer(run), lambda: [run.id] if _waits(run) else [], "sharing")


def _answer(run: Run) -> Future[None] | None:
    """Return what the worker was asked for this run; None if it was not."""
    run_id, answer = st.session_state.get(ASKED, ("", None))
    return answer if run_id == run.id else None


def _waits(run: Run) -> bool:
    answer = _answer(run)
    return answer is not None and not answer.done()


def _offer(run: Run) -> None:
    answer, waits, shared = _answer(run), _waits(run), folder_of_shared(run) is not None
    with st.container(key="sharing", horizontal=True, vertical_alignment="center"):
        label = "Share it again as it is now" if shared else "Share this run"
        if st.button(label, key="sharing_ask", icon=":material/share:", disabled=waits):
            ask_to_share(run)
            st.session_state[ASKED] = run.id, jobs().ask(share_in_worker, run.id, signed_in_as())
            st.rerun()
        if shared or waits:
            st.button("Stop sharing", key="sharing_stop", on_click=_stop, args=(run,))
        st.caption(_said(run, shared, waits), width="stretch")
    if answer is not None and answer.done() and (error := answer.exception()):
        why = str(error) if isinstance(error, RareEventError) else AGAIN
        st.error(plain(f"The run cannot be shared: {why}"))


def _said(run: Run, shared: bool, waits: bool) -> str:
    """Say what others see, or will see."""
    if waits:
        return "Writing the copy. If a model is being trained, that takes priority."
    if not shared:
        scores = SCORES_GO if holds_scores(run) else DATA_STAY
        data = ROWS_GO if holds_rows(run.config()) else scores
        return plain(SEEN.format(who="e-mail address" if "@" in signed_in_as() else "name", data=data))
    try:
        record = shared_of(run)
    except RareEventError as error:
        return plain(error)
    return plain(f"Shared {moment(record.time)}. {UNTIL}") if record else ""


def _stop(run: Run) -> None:
    try:
        stop_sharing(run)
    except RareEventError as error:
        st.toast(plain(error))
    else:
        if _answer(run) is not None:
            del st.session_state[ASKED]


@in_place
def show_shared() -> None:
    """List the runs that people share, each with a button that takes a copy; nothing without a sign-in."""
    if not has_sign_in():
        return
    found, damaged = list_shared()
    if found or damaged:
        st.header("Shared runs")
    show_unreadable(lambda: damaged)
    here, copies = owner_of(home()), copies_here()
    for place, shared in enumerate(found[:MOST_SHOWN]):
        with st.container(
            key=f"home_line_shared_{place}", horizontal=True, wrap=False, vertical_alignment="center"
        ):
            _offer_copy(shared, here, copies)
        if (refused := st.session_state.get(REFUSED)) and refused[0] == shared.id:
            st.error(plain(refused[1]))
    if (more := len(found) - MOST_SHOWN) > 0:
        st.caption(f"{more:,} more {'is' if more == 1 else 'are'} shared.")


def _offer_copy(shared: SharedRun, here: str, copies: set[str]) -> None:
    """Show what is shared in a line, and what can be done with it."""
    own, taken = shared.owner == here, shared.sha256 in copies
    if own:
        run = Run(home() / "runs" / shared.run)
        st.button("Stop sharing", key=f"shared_stop_{shared.id}", on_click=once(_stop), args=(run,))
    else:
        st.button(
            "Copied" if taken else "Take a copy",
            key=f"shared_take_{shared.id}",
            on_click=once(_take),
            args=(shared,),
            disabled=taken,
            help="It is among your runs: score new rows with it on the Score page." if taken else None,
        )
    who = "you" if own else shared.by or "somebody"
    words = (shared.title, f"trained on {shared.dataset}", f"shared by {who}, {moment(shared.time)}")
    # As text: Markdown would make a link of an address.
    st.text(" · ".join(words), width="stretch")


def _take(shared: SharedRun) -> None:
    """Take a copy, or keep why it cannot be taken until another is."""
    st.session_state.pop(REFUSED, None)
    try:
        take_copy(shared)
    except RareEventError as error:
        st.session_state[REFUSED] = shared.id, str(error)
    else:
        st.toast(plain(f"“{shared.title}” is in your workspace. Score new rows with it on the Score page."))
