"""The followers of this workspace: what each does now, and how one is started."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import pandas as pd
import streamlit as st

from rare_event.compare.titles import name_of_run
from rare_event.errors import RareEventError
from rare_event.store.claim import follower_of
from rare_event.store.followers import FollowerNote, Progress, forget_follower, list_followers, progress_of
from rare_event.store.runs import Run, open_run
from rare_event.text import capital, moment, plain
from rare_event.ui.frame import in_place, show_errors
from rare_event.ui.live import poll_until_ended

MOST_SHOWN = 20
FILES = {
    "at": "time (UTC)",
    "file": "file",
    "rows": "rows",
    "scored": "scored",
    "set_aside": "why it was set aside",
}
ALARMS = {
    "machine": "machine",
    "event": "what",
    "start": "start",
    "end": "end",
    "reached_warning": "reached warning level",
    "peak": "peak",
    "ended": "why it ended",
    "sensors": "top sensors",
}
STARTS = {"start": "began", "end": "ended"}


@in_place
def show_followers() -> None:
    """Show what the followers do, and look again every second while one is at work."""
    if list_followers():
        poll_until_ended(_show_all, _at_work, "score_followers")


def _at_work() -> list[str]:
    # The process alone: a damaged state of one follower must not hide the others.
    return [note.id for note in list_followers() if follower_of(note.out) is not None]


def _show_all() -> None:
    notes = list_followers()
    if notes:
        st.header("Followed folders")
    for note in notes:
        with show_errors(), st.container(border=True, key=f"follower_{note.id}"):
            _show(note, progress_of(note))


def _show(note: FollowerNote, progress: Progress) -> None:
    at_work = progress.process is not None
    badge, name = ":green-badge[following]" if at_work else ":gray-badge[stopped]", plain(_name(note))
    does = f"scored the files that arrived in {plain(note.watched)}"
    if at_work:
        since = moment(note.started.isoformat())
        does = f"has been scoring the files that arrive in {plain(note.watched)} since {since}"
    st.markdown(f"{badge} **“{name}”** {does}. Results: {plain(note.out)}")
    st.markdown(plain(f"{progress.done} {progress.watched}"))
    # In a place of its own: what is open below stays open when a sentence comes or goes.
    with st.container():
        if progress.position is not None and progress.position.suppressed:
            st.caption(plain(progress.position.suppressed))
        for sentence in progress.held_up:
            st.caption(plain(sentence))
    if not at_work:
        st.caption("Start it again with the same command: it resumes where it stopped, and no rows are lost.")
        st.button(
            "Remove from this list", key=f"follower_off_{note.id}", on_click=forget_follower, args=(note,)
        )
    if progress.position is not None:
        with st.expander("Latest alarms and files"):
            _show_records(note, progress)


def _name(note: FollowerNote) -> str:
    """Return the name of its run; for a model from a bundle, the name that the follower noted."""
    with suppress(RareEventError):
        return name_of_run(open_run(note.run))
    return note.name


def _show_records(note: FollowerNote, progress: Progress) -> None:
    if not progress.alarms:
        st.caption("No alarm so far.")
    _show_alarms(progress.alarms, "Latest alarms", f"follower_alarms_{note.id}")
    _show_alarms(progress.watch, "Latest alarms at the watch level", f"follower_watch_{note.id}")
    files = pd.DataFrame(progress.files[:MOST_SHOWN])
    _table(_named(files, FILES), "Latest files", f"follower_files_{note.id}")


def _show_alarms(records: Sequence[Mapping[str, Any]], title: str, key: str) -> None:
    if records:
        alarms = pd.DataFrame(records[:MOST_SHOWN])
        _table(_named(alarms.assign(event=alarms["event"].map(STARTS)), ALARMS), title, key)


def _table(records: pd.DataFrame, title: str, key: str) -> None:
    st.caption(title)
    st.dataframe(records, hide_index=True, key=key, alt=title)


def _named(records: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    there = {name: capital(label) for name, label in names.items() if name in records}
    return records[list(there)].rename(columns=there)


@in_place
def explain_following(run: Run) -> None:
    """Say how a follower is started."""
    with st.expander("Follow a folder"):
        st.markdown(
            "A **follower** scores files as they come into a folder, or rows as they are appended to a file, "
            "each row once. Start it in a terminal; this page then shows what it does."
        )
        command = ["rare-event", "follow", run.id, "--watch", "FOLDER", "--out", "RESULTS"]
        st.code(shlex.join(command), language="shell", wrap_lines=True)
        st.caption(
            'To silence the alarms for a while, stop it and start it again with --shelve-until "2024-05-01 '
            '14:00", with the time zone if the rows have one: no alarm begins or continues before that time.'
        )
