"""Checks of what reading left out of the table, and what it found in the file."""

from __future__ import annotations

from collections.abc import Iterator

from rare_event.checks.base import NoteCheck, Subject
from rare_event.checks.effects import Effect
from rare_event.checks.findings import Finding
from rare_event.prepare.notes import Note
from rare_event.read.values import shown


class LeftOut(NoteCheck, code="RE501"):
    """Columns that hold nothing to use."""

    def _of(self, subject: Subject, note: Note) -> Iterator[Finding]:
        what = {
            "empty": "It holds no values; it is ignored.",
            "constant": f"It holds only the value {shown(note.detail)}; it is ignored.",
            "many texts": "It holds text with many distinct values; it is ignored.",
        }.get(note.fact)
        if what is not None:
            yield self.found("note", note.column, what, "No action is needed.")


class TextInNumbers(NoteCheck, code="RE502"):
    """Texts among the numbers of a column."""

    def _of(self, subject: Subject, note: Note) -> Iterator[Finding]:
        if note.fact != "text in numbers":
            return
        what = f"It holds numbers, but also text such as {shown(note.detail)} in line {note.line}; it is "
        what += "ignored."
        effect = Effect(subject.table.n_rows, filled=note.count)
        if effect.refused is not None:
            fix = f"{effect.refused}. Correct the file to use the column."
            yield self.found("warning", note.column, what, fix)
        else:
            fix = "Treat text as missing, carry the last number forward and use the column as a sensor."
            yield self.found("warning", note.column, what, f"{fix} {effect.in_words}", "forward-fill")


class OtherNotation(NoteCheck, code="RE503"):
    """Numbers in another notation than the rest of their column."""

    def _of(self, subject: Subject, note: Note) -> Iterator[Finding]:
        if note.fact == "other notation":
            found = f"{shown(note.detail)} in line {note.line}"
            what = f"{found} is a number in a notation that cannot be read with certainty; the column is "
            what += "ignored."
            fix = f"{self.remedy.removesuffix('.')}, and upload the file again."
            yield self.found("warning", note.column, what, fix)
