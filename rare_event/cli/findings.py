"""Findings of a file as the command line tells them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rare_event.text import plural

if TYPE_CHECKING:
    from rare_event.checks.findings import Finding

TOLD = ("RE1", "RE5")  # codes of time, and of what was found while reading


def lines(findings: Sequence[Finding]) -> str:
    """List all findings."""
    return "".join(
        f"{found.grade} {found.code}: {found.where} {found.what} {found.fix}\n" for found in findings
    )


def at_training(findings: Sequence[Finding]) -> str:
    """Write problems, warnings and notes on time and reading; count the other notes."""
    told = [found for found in findings if found.grade != "note" or found.code.startswith(TOLD)]
    n = len(findings) - len(told)
    return lines(told) + (f"{plural(n, 'note')}: `check` lists them.\n" if n else "")


def plain(findings: Sequence[Finding]) -> dict[str, Any]:
    """Return all findings as plain data."""
    keys = ("code", "grade", "column", "what", "fix")
    return {"findings": [{key: getattr(found, key) for key in keys} for found in findings]}
