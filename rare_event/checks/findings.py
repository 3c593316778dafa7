"""Findings of the checks of a table, and their summary for each column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from rare_event.prepare.table import Table
from rare_event.read.values import shown

Grade = Literal["good", "note", "warning", "problem"]
Action = Literal[
    "ignore",
    "category",
    "forward-fill",
    "drop-rows",
    "sort-time",
    "missing-value",
    "leave-out-lines",
    "leave-out-dates",
    "decimal",
]

GRADES: tuple[Grade, ...] = ("problem", "warning", "note", "good")  # worst first

# Rows are dropped for one of two reasons.
REPEATED_TIMES = "RE105"
ONE_OF_EACH = "keep one row for each time."
FIRST_ROWS = "drop the first rows, where it has no value."


@dataclass(frozen=True)
class Fix:
    """One step of the recipe by which a file is corrected.

    Parameters
    ----------
    kind
        What is done.
    column
        The column concerned; None for whole rows.
    parameters
        ``missing-value``: the number that stands for a missing one. ``leave-out-lines``: first and last
        line of each range. ``leave-out-dates``: first and last time, ISO 8601. ``decimal``: the decimal sign.

    Examples
    --------
    >>> Fix("missing-value", "x1", (-9999.0,)).in_words
    "Column 'x1': treat -9999 as missing."
    """

    kind: Action
    column: str | None = None
    parameters: tuple[float | str, ...] = ()

    @property
    def in_words(self) -> str:
        """The step as a sentence."""
        where = "The file" if self.column is None else f"Column {shown(self.column)}"
        first, *rest = (f"{p:.8g}" if isinstance(p, float) else str(p) for p in self.parameters or ("",))
        second = rest[0] if rest else first
        return (
            f"{where}: "
            + {
                "ignore": "leave it out.",
                "category": "treat it as a category.",
                "forward-fill": "carry the last value forward.",
                "drop-rows": FIRST_ROWS,
                "sort-time": "sort the rows by it.",
                "missing-value": f"treat {first} as missing.",
                "leave-out-lines": f"leave out lines {first} to {second}{' and others' if rest[1:] else ''}.",
                "leave-out-dates": f"leave out the rows from {first} to {second}.".replace("T", " "),
                "decimal": f"read numbers with the decimal mark {first!r}.",
            }[self.kind]
        )


@dataclass(frozen=True)
class Finding:
    """One defect of one column, or of the file.

    Parameters
    ----------
    grade
        Severity: ``note``, ``warning`` or ``problem``.
    column
        The column concerned; None for the file.
    what
        What was found, in one sentence.
    fix
        What to do about it, and what that changes.
    action
        The one-click action; None if only the user can correct it.
    code
        Of the check that found it, for example ``RE304``.
    title, why
        What the check looks for, and why it matters.
    parameters
        Of the action, as in `Fix`.
    """

    grade: Grade
    column: str | None
    what: str
    fix: str
    action: Action | None = None
    code: str = ""
    title: str = ""
    why: str = ""
    parameters: tuple[float | str, ...] = ()

    @property
    def remedy(self) -> Fix | None:
        """The step that corrects it; None if only the user can."""
        return None if self.action is None else Fix(self.action, self.column, self.parameters)

    @property
    def step_in_words(self) -> str:
        """The step that corrects it as a sentence; empty if only the user can."""
        if self.remedy is None:
            return ""
        words = self.remedy.in_words
        return words.replace(FIRST_ROWS, ONE_OF_EACH) if self.code == REPEATED_TIMES else words

    @property
    def where(self) -> str:
        """The column or the file, to be written before `what`."""
        return "The file:" if self.column is None else f"Column {shown(self.column)}:"


@dataclass(frozen=True)
class Outcome:
    """What a check says of a table.

    Parameters
    ----------
    code, title
        Of the check.
    result
        The worst grade of its findings; ``passed`` without any, or ``not applicable``.
    reason
        Why it is not applicable.
    findings
        What it found.
    """

    code: str
    title: str
    result: Literal["problem", "warning", "note", "passed", "not applicable"]
    reason: str = ""
    findings: tuple[Finding, ...] = ()


def grades(table: Table, findings: list[Finding]) -> pd.DataFrame:
    """Summarise the findings, one row for each column.

    Returns
    -------
    DataFrame
        Columns ``column``, ``role``, ``grade`` (the worst; ``good`` without a finding), ``what``
        and ``fix``, the sentences of all its findings.
    """
    rows = []
    for column, role in table.schema.roles():
        own = sorted((f for f in findings if f.column == column), key=lambda f: GRADES.index(f.grade))
        rows.append(
            {
                "column": column,
                "role": role,
                "grade": own[0].grade if own else "good",
                "what": " ".join(f.what for f in own),
                "fix": " ".join(f.fix for f in own),
            }
        )
    return pd.DataFrame(rows, columns=["column", "role", "grade", "what", "fix"])
