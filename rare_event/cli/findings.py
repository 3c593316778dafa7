"""Findings of a file as the command line tells them, and where it refuses to train."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rare_event.config import RATES
from rare_event.errors import ConfigError, DataError
from rare_event.text import plural

if TYPE_CHECKING:
    from rare_event.checks.findings import Finding
    from rare_event.config import ExperimentConfig, Rule
    from rare_event.prepare.prepared import Preparing
    from rare_event.prepare.table import Table

NO_CLOCK = "RE109"

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
    more = f"{plural(n, 'more note')}: `check` lists {'it' if n == 1 else 'them'}.\n"
    return lines(told) + (more if n else "")


def plain(findings: Sequence[Finding]) -> dict[str, Any]:
    """Return all findings as plain data."""
    keys = ("code", "grade", "column", "what", "fix")
    return {"findings": [{key: getattr(found, key) for key in keys} for found in findings]}


@dataclass(frozen=True)
class Found:
    """What is found before a training.

    Parameters
    ----------
    findings
        Of the file, and of the parts of the split.
    settings
        Sentences on what the settings cannot do on the file.
    accepted
        Codes of the problems that were accepted.
    """

    findings: list[Finding]
    settings: list[str]
    accepted: tuple[str, ...]

    def plain(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {**plain(self.findings), "settings": self.settings}


def stop_on_problems(
    table: Table,
    accept: Sequence[str] | None,
    configs: Iterable[ExperimentConfig],
    rule: Rule | None = None,
    prepared: Preparing | None = None,
) -> Found:
    """Print what is found before a training on standard error; stop on a problem that is not accepted.

    Parameters
    ----------
    table
        The table that is to be trained on.
    accept
        Codes of the problems that the analyst accepts.
    configs
        The settings that are to be trained.
    rule
        The rule that the analyst asks for.
    prepared
        Prepares the table for one of the settings; None: `prepare`.

    Raises
    ------
    ConfigError
        If no check has an accepted code, or the table lacks what the policy suppresses alarms by.
    DataError
        If there is a problem that is not accepted.
    """
    from rare_event.checks.check import CHECKS, check
    from rare_event.experiment.policy import before_training
    from rare_event.experiment.suppressing import require_suppression
    from rare_event.prepare.prepared import Preparations

    unknown = {*(accept or ())} - {each.code for each in CHECKS}
    if unknown:
        raise ConfigError(f"No check has the code {min(unknown)}. Use the codes that `check` prints.")
    configs = list(configs)
    for config in configs:
        require_suppression(table, config.policy)
    findings = [_needing_a_clock(found, table, rule) for found in check(table)]
    of_split, sentences = before_training(table, configs, prepared or Preparations(table))
    findings += of_split
    warnings = "".join(f"warning: {sentence}\n" for sentence in sentences)
    sys.stderr.write(at_training(findings) + warnings)
    problems = dict.fromkeys(found.code for found in findings if found.grade == "problem")
    if refused := [code for code in problems if code not in (accept or ())]:
        these = "the problem" if len(refused) == 1 else "the problems"
        raise DataError(
            f"Nothing was trained, because the file has {these} above ({', '.join(refused)}). Correct "
            f"the file, or add --accept {' '.join(problems)} to train on it as it is."
        )
    return Found(findings, sentences, tuple(problems))


def _needing_a_clock(found: Finding, table: Table, rule: Rule | None) -> Finding:
    """Make the lack of a clock a problem where the analyst asks for a rate per day."""
    if found.code != NO_CLOCK or rule is None or rule.kind not in RATES or not table.time_unit.reason:
        return found
    what = "There is no time column, so the rule cannot limit the false alarms a day."
    fix = "Name the time column with --time, or choose another --rule."
    return replace(found, grade="problem", what=what, fix=fix)
