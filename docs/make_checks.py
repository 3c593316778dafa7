"""Write `docs/checks.md` from the checks: `python -m docs.make_checks`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from rare_event.checks.base import Check
from rare_event.checks.check import CHECKS

PAGE = Path(__file__).with_name("checks.md")
HEAD = """# The checks

Made by `python -m docs.make_checks` from `rare_event/checks/`; do not edit it here. `rare-event check FILE`
and the Data page run all of them. A finding is a problem, a warning or a note; a check without one has
passed, or says why it does not apply. A code never changes its meaning: `--accept RE102` trains despite
problems with that code. The examples show only the rows that matter.

A fix is offered only where it changes at most 5% of the rows or cells and loses no events. It says in
advance what it changes, can be undone, and is kept with the run as a step of its recipe.
"""
GROUPS = {"1": "Time", "2": "Label", "3": "Sensors", "4": "Categories", "5": "File and reading"}


def checks_page() -> str:
    """Return the page."""
    parts = [HEAD]
    for group, checks in groupby(CHECKS, key=lambda check: check.code[2]):
        parts.append(f"## {GROUPS[group]}\n")
        parts += ["\n".join(_entry(check)) for check in checks]
    return "\n".join(parts)


def _entry(check: Check) -> Iterator[str]:
    yield f"### {check.code}: {check.title}\n"
    yield f"**Why it matters.** {check.why}\n"
    yield "\n".join(_table(check.example)) + "\n"
    yield f"**What to do.** {check.remedy}\n"


def _table(example: str) -> Iterator[str]:
    """Write an example as a table; a line with a cell too many keeps it."""
    mark = ";" if ";" in example.splitlines()[0] else ","
    rows = [line.split(mark) for line in example.splitlines()]
    width = max(len(row) for row in rows)
    for position, row in enumerate(rows):
        cells = [*row, *[""] * (width - len(row))]
        yield "| " + " | ".join(cells) + " |"
        if not position:
            yield "|" + "---|" * width


if __name__ == "__main__":
    PAGE.write_text(checks_page(), encoding="utf-8")
