"""Every check has a code and words of its own, and says whether it applies."""

import re

import numpy as np
import pytest

from rare_event.checks.base import TEXTS, Check
from rare_event.checks.check import CHECKS, check, outcomes
from rare_event.prepare.table import Table
from rare_event.read.table import Remark
from tests.prepare.examples import frame, raw_of, table_of, with_values


def test_each_check_has_a_code_and_words_of_its_own() -> None:
    codes = [each.code for each in CHECKS]
    assert len(set(codes)) == len(codes) == len({each.title for each in CHECKS})
    for each in CHECKS:
        assert re.fullmatch(r"RE[1-5]\d\d", each.code)
        assert all(words.endswith(".") and len(words) < 130 for words in (each.why, each.remedy)), each
        assert "," in each.example.splitlines()[0] or ";" in each.example
        assert not each.title.endswith(".")


def test_every_outcome_is_listed_with_its_reason() -> None:
    table = table_of(raw_of(frame(x2=with_values({7: np.nan}), grade=["a", "b"] * 50)))
    listed = {outcome.code: outcome for outcome in outcomes(table)}
    assert list(listed) == [each.code for each in CHECKS]
    assert listed["RE304"].result == "warning" and listed["RE304"].findings[0].column == "x2"
    assert listed["RE305"].result == "passed" and not listed["RE305"].reason
    assert listed["RE111"].result == "not applicable"
    assert listed["RE111"].reason == "The table has a time column."
    for outcome in listed.values():
        assert (outcome.result == "not applicable") == bool(outcome.reason)
        assert bool(outcome.findings) == (outcome.result in ("note", "warning", "problem"))
        assert all(f.code == outcome.code and f.title == outcome.title for f in outcome.findings)


def test_what_reading_says_is_a_finding_with_a_code() -> None:
    table = table_of(raw_of(frame()))
    remarks = (
        Remark("warning", None, "3 of 100 lines are left out.", "lines left out", 3, (5, 8, 9)),
        Remark("note", "x1", "A unit is cut off.", "a fact that no check knows"),
    )
    table = Table(table.name, table.digest, table.schema, table.frame, table.notes, remarks, table.lines)
    found = {f.code: f for f in check(table)}
    assert found["RE510"].what == remarks[0].what and found["RE510"].grade == "warning"
    assert found["RE599"].column == "x1" and "A unit is cut off." in found["RE599"].what
    assert not any(f.action for f in found.values())
    assert len(found) == 2


def test_each_code_of_the_texts_is_a_check_and_has_all_words() -> None:
    assert [each.code for each in CHECKS] == list(TEXTS)
    for text in TEXTS.values():
        assert text.keys() - {"facts"} == {"title", "why", "remedy", "example"}
    with pytest.raises(KeyError):
        type("Unwritten", (Check,), {}, code="RE998")
    assert not any(kind.__name__ == "Unwritten" for kind in map(type, CHECKS))


def test_no_remark_of_reading_is_reported_by_two_checks() -> None:
    facts = [fact for text in TEXTS.values() for fact in text.get("facts", ())]
    assert len(set(facts)) == len(facts) and "a fact that no check knows" not in facts
