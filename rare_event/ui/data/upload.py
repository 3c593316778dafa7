"""The upload that is looked at and not stored yet: its answers and corrections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import streamlit as st

from rare_event.prepare.corrections import NO_CORRECTIONS, Corrections
from rare_event.prepare.join import FILE
from rare_event.read.raw import digest_of
from rare_event.read.source import Files
from rare_event.read.table import Choice, Question
from rare_event.store.datasets import Dataset, stored_dataset
from rare_event.store.uploads import forget_upload, keep_original, keep_upload, open_uploads

KEY = "data_pending"


@dataclass(frozen=True)
class Pending:
    """An upload that is looked at.

    Parameters
    ----------
    files
        Digest and name of the file, or of each that is joined.
    said
        What the analyst corrected in the form.
    answers
        Questions and their answers, in the order in which they were asked.
    events, events_name
        Digest and name of a second file, of the events; empty without one.
    """

    files: tuple[tuple[str, str], ...]
    said: Corrections = NO_CORRECTIONS
    answers: tuple[tuple[Question, Choice], ...] = ()
    events: str = ""
    events_name: str = ""

    @property
    def key(self) -> str:
        """What tells the widgets of these files from those of others."""
        return f"{hash(self.files) & 0xFFFFFFFF:x}"

    @property
    def name(self) -> str:
        """Name of the files together."""
        return Files((), tuple(name for _, name in self.files)).rows_name

    @property
    def digests(self) -> tuple[str, ...]:
        """Of all files, that of the events too."""
        return (*(digest for digest, _ in self.files), *filter(None, [self.events]))

    @property
    def source(self) -> Path | Files:
        """Where all files are.

        Raises
        ------
        RunError
            If one is no longer there.
        """
        return open_uploads(self.files, self.events, self.events_name)

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


def receive(uploads: Sequence[tuple[BinaryIO, str]]) -> Dataset | None:
    """Take files and their names out of the server's memory; return their dataset if it is stored already."""
    leave()
    upload = Pending(tuple((keep_upload(content), name) for content, name in uploads))
    if (dataset := stored_dataset(digest_of(upload.source))) is None:
        st.session_state[KEY] = upload
        return None
    for digest in upload.digests:
        forget_upload(digest)
    return dataset


def read_differently(dataset: Dataset) -> None:
    """Show the upload of a dataset again, with what is known of it.

    Raises
    ------
    RunError
        If the upload was not kept.
    """
    said = Corrections(dataset.reading, schema=dataset.schema, events=dataset.events_reading)
    if dataset.schema.asset == FILE and len(dataset.files) > 1:
        said = replace(said, assets=FILE)
    digests, events = keep_original(dataset)
    files = zip(digests, dataset.files or (dataset.name,), strict=True)
    look_at(Pending(tuple(files), said, events=events, events_name=dataset.events))


def leave() -> None:
    """Forget the upload that is looked at."""
    upload = st.session_state.pop(KEY, None)
    if upload is not None:
        for digest in upload.digests:
            forget_upload(digest)
