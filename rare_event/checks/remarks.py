"""What was found and handled while reading, as findings with codes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rare_event.checks.base import Check, Subject
from rare_event.checks.findings import Finding
from rare_event.read.table import Remark
from rare_event.read.values import shown


@dataclass(frozen=True)
class Said(Check):
    """The remarks of some facts.

    Parameters
    ----------
    code, title, why, remedy, example
        As in `Check`.
    facts
        Of `Remark.fact`; empty for all that no other check reports.
    """

    code: str  # type: ignore[misc]
    title: str  # type: ignore[misc]
    why: str  # type: ignore[misc]
    remedy: str  # type: ignore[misc]
    example: str  # type: ignore[misc]
    facts: tuple[str, ...] = ()

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Report each remark of these facts."""
        for remark in subject.table.remarks:
            if remark.fact in self.facts or (not self.facts and remark.fact not in KNOWN_FACTS):
                yield self.found(remark.kind, remark.column, _sentence(remark), self.remedy)


def _sentence(remark: Remark) -> str:
    """Return what was found; a sentence that names its column again begins with "It"."""
    name = f"Column {shown(remark.column)} "
    return f"It {remark.what.removeprefix(name)}" if remark.what.startswith(name) else remark.what


CHECKS: tuple[Check, ...] = (
    Said(
        "RE510",
        "Lines left out",
        "Their rows are not in the table: figures are given without them.",
        "Correct these lines in the file to use them.",
        "time,x1,x2\n06:00,1.2,3.1\n06:02,1.3,3,2\n06:04,1.3,3.2",
        ("lines left out",),
    ),
    Said(
        "RE511",
        "Lines that hold no data",
        "Exports add a preamble, comments, units and repeated headers; none of them is a row.",
        "No action is needed if these lines hold no data.",
        "time,x1\n-,°C\n06:00,1.2\ntime,x1\n06:02,1.3",
        (
            "header repeated",
            "comment lines",
            "empty lines",
            "preamble",
            "separator line",
            "units row",
            "header of several lines",
            "lines in quotation marks",
        ),
    ),
    Said(
        "RE512",
        "Names of columns",
        "A column without a name, or with one that looks like another, is easily taken for the wrong one.",
        "Check the columns; name them in the file if they are used.",
        "time,x1,\n06:00,1.2,4\n06:02,1.3,5",
        ("column without a name", "names alike", "row numbers", "empty columns"),
    ),
    Said(
        "RE513",
        "Notation of numbers",
        "Units, thousands separators and decimal commas are read; read wrongly, a number is another one.",
        "Compare a cell of the file with the value read.",
        "time;x1\n06:00;1.016,5 kW\n06:02;998,2 kW",
        (
            "decimal comma",
            "unit in cells",
            "thousands separators",
            "apostrophe before a number",
            "typographic minus",
        ),
    ),
    Said(
        "RE514",
        "Texts read as missing",
        "Historians write words where a sensor gives no number; windows that contain them are left out.",
        "No action is needed if the text means no value.",
        "time,x1\n06:00,1.2\n06:02,I/O Timeout\n06:04,1.4",
        ("text read as missing",),
    ),
    Said(
        "RE515",
        "How the times were read",
        "Lead times and stops follow from the times; what was joined, cut or shifted changes them.",
        "Compare the first times with the file; name the time column if it is another one.",
        "Date,Time,x1\n2023-01-09,06:00,1.2\n2023-01-09,06:02,1.3",
        (
            "date and time joined",
            "times cut to minutes",
            "time not read",
            "more than one time",
            "dates without clock",
            "second 60",
            "seconds cut off",
            "unknown zone",
        ),
    ),
    Said(
        "RE516",
        "Encoding of the file",
        "Read with another encoding, letters outside English become others.",
        "Check the names of the columns; save the file as UTF-8 to be sure.",
        "Zeit;Druck °C\n06:00;1,2\n06:02;1,3",
        ("encoding",),
    ),
    Said(
        "RE517",
        "How the label was read",
        "Which rows are events, normal or left out decides what a model learns and is judged by.",
        "Check the values of the label, and name those that mark events.",
        "time,state\n06:00,NORMAL\n06:02,BROKEN\n06:04,RECOVERING",
        ("rows left out", "blank labels", "label values", "several labels"),
    ),
    Said(
        "RE599",
        "Other remarks of reading",
        "The file was not read letter by letter as it stands.",
        "Check the values of these columns.",
        "time,x1\n06:00,1.2\n06:02,1.3",
    ),
)
KNOWN_FACTS = frozenset(fact for check in CHECKS if isinstance(check, Said) for fact in check.facts)
