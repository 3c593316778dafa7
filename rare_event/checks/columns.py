"""Checks of what reading left out of the table, and what it found in the file."""

from __future__ import annotations

from collections.abc import Iterator

from rare_event.checks.base import Check, Subject
from rare_event.checks.effects import Effect
from rare_event.checks.findings import Finding
from rare_event.prepare.notes import Note
from rare_event.read.values import shown


class LeftOut(Check):
    """Columns that hold nothing to use."""

    code = "RE501"
    title = "Columns left out"
    why = "An empty column, one of a single value and one of free texts tell a model nothing."
    remedy = "No action is needed, unless the column should hold numbers."
    example = "time,x1,site,comment\n06:00,1.2,North,\n06:02,1.3,North,"

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Report why each is ignored."""
        for note in subject.table.notes:
            what = {
                "empty": "It holds no value; it is ignored.",
                "constant": f"It holds only the value {shown(note.detail)}; it is ignored.",
                "many texts": "It holds texts with many distinct values; it is ignored.",
            }.get(note.fact)
            if what is not None:
                yield self.found("note", note.column, what, "No action is needed.")


class TextInNumbers(Check):
    """Texts among the numbers of a column."""

    code = "RE502"
    title = "Texts among numbers"
    why = "The column is ignored until its texts are numbers or missing."
    remedy = "Treat the texts as missing with the one-click fix where it is offered, or correct the file."
    example = "time,x1\n06:00,1.2\n06:02,stopped\n06:04,1.4"

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Report the first text."""
        for note in subject.table.notes:
            if note.fact == "text in numbers":
                yield self._of(note, subject.table.n_rows)

    def _of(self, note: Note, n_rows: int) -> Finding:
        what = f"It holds numbers, except {shown(note.detail)} in line {note.line}; it is ignored."
        effect = Effect(n_rows, filled=note.count)
        if effect.refused is not None:
            fix = f"{effect.refused}. Correct the file to use the column."
            return self.found("warning", note.column, what, fix)
        fix = "Treat texts as missing, carry the last number forward and use the column as a sensor."
        return self.found("warning", note.column, what, f"{fix} {effect.in_words}", "forward-fill")


class OtherNotation(Check):
    """Numbers in another notation than the rest of their column."""

    code = "RE503"
    title = "Numbers in another notation"
    why = "The column is ignored: read by guess, such numbers may be a thousand times too small."
    remedy = "Write all numbers in one format, without units or thousands separators."
    example = "time;x1\n06:00;980,5\n06:02;1.000,5\n06:04;990,1"

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Report the first such number."""
        for note in subject.table.notes:
            if note.fact == "other notation":
                found = f"{shown(note.detail)} in line {note.line}"
                what = f"{found} is a number in another notation; the column is ignored."
                fix = "Write all numbers in one format, without units or thousands separators, "
                yield self.found("warning", note.column, what, f"{fix}and upload the file again.")


CHECKS: tuple[Check, ...] = (LeftOut(), TextInNumbers(), OtherNotation())
