"""What was found and handled while reading, as findings with codes."""

from __future__ import annotations

from collections.abc import Iterator

from rare_event.checks.base import TEXTS, Check, Subject
from rare_event.checks.findings import Finding
from rare_event.read.table import Remark
from rare_event.read.values import shown

KNOWN_FACTS = frozenset(fact for text in TEXTS.values() for fact in text.get("facts", ()))


class RemarkCheck(Check):
    """A check that reports remarks of reading; its ``facts`` in ``texts.toml`` say which."""

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Report each remark of these facts; without any, those of facts that no check names."""
        facts = TEXTS[self.code].get("facts")
        for remark in subject.table.remarks:
            if remark.fact in facts if facts else remark.fact not in KNOWN_FACTS:
                yield self.found(remark.kind, remark.column, _sentence(remark))


class LinesLeftOut(RemarkCheck, code="RE510"):
    """Lines that do not fit."""


class LinesWithoutData(RemarkCheck, code="RE511"):
    """Lines that are no rows."""


class NamesOfColumns(RemarkCheck, code="RE512"):
    """Names that are missing or alike."""


class NotationOfNumbers(RemarkCheck, code="RE513"):
    """Numbers written in another way than 1.5."""


class TextsReadAsMissing(RemarkCheck, code="RE514"):
    """Words where a sensor gives no number."""


class ReadingOfTimes(RemarkCheck, code="RE515"):
    """What was joined, cut or shifted in the times."""


class Encoding(RemarkCheck, code="RE516"):
    """Another encoding than UTF-8."""


class ReadingOfTheLabel(RemarkCheck, code="RE517"):
    """Which rows are events, normal or left out."""


class OtherRemarks(RemarkCheck, code="RE599"):
    """What no other check reports."""


def _sentence(remark: Remark) -> str:
    """Return what was found; a sentence that names its column again begins with "It"."""
    name = f"Column {shown(remark.column)} "
    return f"It {remark.what.removeprefix(name)}" if remark.what.startswith(name) else remark.what
