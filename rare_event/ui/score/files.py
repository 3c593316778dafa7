"""The new file: its upload, the files that were scored before, and the wait for the worker."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import BinaryIO

import streamlit as st

from rare_event.errors import RunError
from rare_event.experiment.shelving import shelving_time
from rare_event.store.bundle import FACTS
from rare_event.store.runs import Run
from rare_event.store.scorings import Scoring, create_scoring, delete_scoring, list_scorings
from rare_event.text import moment, plain
from rare_event.ui.cache import jobs
from rare_event.ui.frame import in_place
from rare_event.ui.live import poll_until_ended
from rare_event.ui.state import asker

UPLOADS, CHOSEN, REFUSED = "score_uploads", "score_file", "score_refused"
WAITS = {
    "queued": "is waiting for its turn. If a model is being trained, that takes priority.",
    "running": "is being scored …",
}


@in_place
def choose_file(run: Run) -> Scoring | None:
    """Let the user upload a new file, or choose one that was scored before; None without any."""
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    uploads = st.session_state.setdefault(UPLOADS, 0)
    files = left.file_uploader(
        "New rows: CSV, text, Excel or Parquet, also zipped or gzipped",
        accept_multiple_files=True,
        help="Several files are joined in time order.",
        key=f"score_upload_{uploads}",
    )
    before = _choose_history(uploads)
    shelve_until = _choose_shelving(run, uploads)
    if files:
        # A new uploader after each file: the server drops the bytes, which are on the disk then.
        st.session_state[UPLOADS] = uploads + 1
        st.session_state.pop(REFUSED, None)
        scoring = create_scoring(run, [(file, file.name) for file in files], before, shelve_until)
        jobs().submit_scoring(scoring, asker())
        st.session_state[CHOSEN] = scoring.id
        st.rerun()
    scorings = {scoring.id: scoring for scoring in _kept(run)}
    if not scorings:
        return None
    if st.session_state.get(CHOSEN) not in scorings:
        st.session_state[CHOSEN] = next(iter(scorings))
    chosen: str = right.selectbox(
        "Scored files",
        list(scorings),
        format_func=lambda each: f"{scorings[each].name}, {moment(scorings[each].created.isoformat())}",
        key=CHOSEN,
    )
    return scorings[chosen]


@in_place
def _choose_history(uploads: int) -> list[tuple[BinaryIO, str]]:
    """Let the user upload the rows before the new ones, first, since scoring begins with the new rows."""
    with st.expander("Rows just before the new ones (optional)"):
        files = st.file_uploader(
            "Upload the earlier rows here first, then the new rows in the field above",
            accept_multiple_files=True,
            help="Most models also use earlier rows. With those rows, the first new rows get a score too, "
            "and an alarm that was already on continues. The results list only the new rows.",
            key=f"score_history_{uploads}",
        )
    return [(file, file.name) for file in files]


@in_place
def _choose_shelving(run: Run, uploads: int) -> str | None:
    """Let the user name a time before which no alarm begins; first, since an upload is scored at once."""
    facts = FACTS.read(run)
    if facts.time_unit.reason:
        return None
    with st.expander("Shelve alarms (optional)"):
        until = st.text_input(
            "No alarm before this time",
            key=f"score_shelve_{uploads}",
            placeholder="2024-05-01 14:00",
            help="A time as written in the new rows, with a time zone if they have one. No "
            "alarm begins or continues before it; the results say for how many rows. Type the time "
            "first, then upload the new rows above. Empty: alarms are not shelved.",
        ).strip()
    return shelving_time(facts, until) if until else None


def _kept(run: Run) -> list[Scoring]:
    """List the scorings of a run; one that was cancelled has nothing to show."""
    kept = []
    for scoring in list_scorings(run.id):
        if scoring.status().state == "cancelled":
            delete_scoring(scoring)
        else:
            kept.append(scoring)
    return kept


@in_place
def show_refused() -> None:
    """Say why the last file could not be scored."""
    if refused := st.session_state.get(REFUSED):
        st.error(plain(refused))


@in_place
def wait_for(scoring: Scoring) -> bool:
    """Follow the worker; return whether the file has been read. A file that is refused is not kept."""
    status = scoring.status()
    if status.state == "interrupted":
        st.warning(plain(f"{scoring.name}: {status.message}"))
        st.button("Score the file again", key="score_again", on_click=score_again, args=(scoring,))
        return False
    if status.state == "failed":
        st.session_state[REFUSED] = f"{scoring.name} was not scored. {status.message}"
        delete_scoring(scoring)
        st.rerun()
    poll_until_ended(lambda: _say(scoring), lambda: _unfinished(scoring), "score_wait")
    return status.ended


def score_again(scoring: Scoring, mapping: Mapping[str, str] | None = None) -> None:
    """Queue a file once more, with the columns that the analyst has named."""
    scoring.queue(scoring.request().mapping if mapping is None else mapping)
    jobs().submit_scoring(scoring, asker())


def _unfinished(scoring: Scoring) -> list[str]:
    # Another session may have deleted it.
    with suppress(RunError):
        return [] if scoring.status().ended else [scoring.id]
    return []


def _say(scoring: Scoring) -> None:
    state = scoring.status().state
    if state in WAITS:
        st.info(f"{plain(scoring.name)} {WAITS[state]}")


def offer_delete(scoring: Scoring) -> None:
    """Let the user delete the results of a file."""
    with st.popover("Delete these results", icon=":material/delete:"):
        st.markdown(f"Delete the scores and alarms of {plain(scoring.name)}? This cannot be undone.")
        st.button("Delete", key="score_delete", on_click=delete_scoring, args=(scoring,))
