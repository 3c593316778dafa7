"""The upload that is looked at and not stored yet: its answers and corrections."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import BinaryIO

import streamlit as st

from rare_event.prepare.corrections import NO_CORRECTIONS, Corrections
from rare_event.read.table import Choice, Question
from rare_event.store.datasets import Dataset, stored_dataset
from rare_event.store.uploads import forget_upload, keep_original, keep_upload

KEY = "data_pending"


@dataclass(frozen=True)
class Pending:
    """An upload that is looked at.

    Parameters
    ----------
    digest, name
        Of the file.
    said
        What the analyst corrected in the form.
    answers
        Questions and their answers, in the order in which they were asked.
    events, events_name
        Digest and name of a second file, of the events; empty without one.
    """

    digest: str
    name: str
    said: Corrections = NO_CORRECTIONS
    answers: tuple[tuple[Question, Choice], ...] = ()
    events: str = ""
    events_name: str = ""

    @property
    def corrections(self) -> Corrections:
        """What the analyst says in all."""
        said = self.said
        for question, choice in self.answers:
            said = said.answer(question, choice)
        return said

    def answered(self, question: Question, choice: Choice) -> Pending:
        """Return this with an answer; what was asked after it may be asked in another way."""
        asked = [each for each, _ in self.answers]
        kept = self.answers[: asked.index(question)] if question in asked else self.answers
        return replace(self, answers=(*kept, (question, choice)))

    def corrected(self, said: Corrections) -> Pending:
        """Return this with other corrections: they hold all answers so far."""
        return replace(self, said=said, answers=())

    def with_events(self, digest: str, name: str) -> Pending:
        """Return this with a second file that gives the label, or with none; other labels are forgotten."""
        said = replace(self.corrections.labelled_by(None), no_label=False, events=None)
        # Without the second file its column is no role.
        said = said if digest else replace(said, schema=None)
        return replace(self.corrected(said), events=digest, events_name=name)


def pending() -> Pending | None:
    """Return the upload that is looked at; None without one."""
    found: Pending | None = st.session_state.get(KEY)
    return found


def look_at(upload: Pending) -> None:
    """Show another upload, or the same one with other corrections, from the next run on."""
    st.session_state[KEY] = upload
    st.rerun()


def receive(content: BinaryIO, name: str) -> Dataset | None:
    """Take an upload out of the server's memory; return its dataset if it is stored already."""
    digest = keep_upload(content)
    if (dataset := stored_dataset(digest)) is not None:
        forget_upload(digest)
        return dataset
    st.session_state[KEY] = Pending(digest, name)
    return None


def read_differently(dataset: Dataset) -> None:
    """Show the upload of a dataset again, with what is known of it.

    Raises
    ------
    RunError
        If the upload was not kept.
    """
    said = Corrections(dataset.reading, schema=dataset.schema, events=dataset.events_reading)
    digest, events = keep_original(dataset)
    name = dataset.files[0] if dataset.events else dataset.name
    look_at(Pending(digest, name, said, events=events, events_name=dataset.events))


def leave() -> None:
    """Forget the upload that is looked at."""
    upload = st.session_state.pop(KEY, None)
    if upload is not None:
        for digest in filter(None, [upload.digest, upload.events]):
            forget_upload(digest)
