"""All checks of a table: what each finds, and which pass or do not apply."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rare_event.checks import clock, columns, content, label, no_clock, remarks, signals
from rare_event.checks.base import Check, Subject, coded
from rare_event.checks.findings import GRADES, Finding, Outcome
from rare_event.prepare.table import Table

_ROOMS = (clock, no_clock, label, content, signals, columns, remarks)
CHECKS: tuple[Check, ...] = tuple(
    sorted((kind() for room in _ROOMS for kind in coded(vars(room))), key=lambda check: check.code)
)


def check(table: Table) -> list[Finding]:
    """Find the defects of a table.

    Returns
    -------
    list of Finding
        The worst first, then by code, then in the order of the columns.
    """
    return findings_in(outcomes(table))


def findings_in(outcomes: Iterable[Outcome]) -> list[Finding]:
    """Return the findings of outcomes, in the order of `check`."""
    findings = [finding for outcome in outcomes for finding in outcome.findings]
    return sorted(findings, key=lambda finding: GRADES.index(finding.grade))


def outcomes(table: Table) -> list[Outcome]:
    """Run every check on a table.

    Returns
    -------
    list of Outcome
        One for each check, in the order of the codes.
    """
    subject = Subject(table)
    return list(_outcomes(subject))


def _outcomes(subject: Subject) -> Iterator[Outcome]:
    for each in CHECKS:
        reason = each.not_applicable(subject)
        if reason is not None:
            yield Outcome(each.code, each.title, "not applicable", reason)
            continue
        findings = tuple(each.find(subject))
        worst = GRADES[min((GRADES.index(f.grade) for f in findings), default=-1)]
        yield Outcome(each.code, each.title, "passed" if worst == "good" else worst, findings=findings)
