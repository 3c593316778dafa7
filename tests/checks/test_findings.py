import numpy as np

from rare_event.checks.check import check
from rare_event.checks.findings import Finding, grades
from tests.prepare.examples import FLIPPED, frame, raw_of, table_of, with_values


def test_findings_are_plain_values() -> None:
    finding = Finding("note", None, "a", "b")
    assert finding == Finding("note", None, "a", "b", None) and hash(finding)


def test_worst_first_and_sentences_of_one_column_together() -> None:
    raw = raw_of(frame(x2=with_values({3: np.nan, 5: np.inf}), x3=3.5, run=FLIPPED))
    table = table_of(raw)
    findings = check(table)
    assert [(f.grade, f.column) for f in findings] == [
        ("problem", "run"),
        ("warning", "x2"),
        ("warning", "x2"),
        ("note", "x3"),
    ]
    rows = grades(table, findings).set_index("column")
    assert rows.loc["x2", "grade"] == "warning" and rows.loc["x3", "role"] == "ignored"
    assert all(word in str(rows.loc["x2", "what"]) for word in ("missing", "infinite"))
    assert rows.loc["x1", "grade"] == "good"
