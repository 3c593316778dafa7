"""A file that a worker writes when it is asked for, and its download."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from rare_event.text import plain
from rare_event.ui.cache import jobs
from rare_event.ui.live import poll_until_ended


@dataclass(frozen=True)
class PreparedFile:
    """A file of a run.

    Parameters
    ----------
    path
        Where it will be.
    task
        Writes it in a worker, given the id of the run.
    run_id
        The run.
    prepare, download
        Labels of the two buttons.
    what
        What it is called when it cannot be written, such as "The bundle".
    key
        Of the piece of the page.
    """

    path: Path
    task: Callable[[str], None]
    run_id: str
    prepare: str
    download: str
    what: str
    key: str

    @property
    def answer(self) -> Future[None] | None:
        """What the worker was asked for this run; None if it was not."""
        run_id, answer = st.session_state.get(f"{self.key}_asked", ("", None))
        return answer if run_id == self.run_id else None

    @property
    def waits(self) -> bool:
        """Whether the worker has not answered yet."""
        return self.answer is not None and not self.answer.done()


def offer_prepared(file: PreparedFile) -> None:
    """Offer to prepare the file, follow the worker, and offer the download."""
    poll_until_ended(lambda: _offer(file), lambda: [file.run_id] if file.waits else [], file.key)


def _offer(file: PreparedFile) -> None:
    if file.path.exists():
        name = f"{file.run_id}{file.path.suffix}"
        st.download_button(
            file.download, file.path.read_bytes, name, on_click="ignore", key=f"{file.key}_file"
        )
    elif st.button(file.prepare, key=f"{file.key}_ask", disabled=file.waits):
        st.session_state[f"{file.key}_asked"] = file.run_id, jobs().ask(file.task, file.run_id)
        st.rerun()
    answer = file.answer
    if answer is not None and answer.done() and (error := answer.exception()):
        st.caption(plain(f"{file.what} cannot be written: {error}"))
