from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rare_event.checks import base
from rare_event.checks.check import check
from rare_event.checks.findings import grades
from rare_event.checks.fixes import fix
from rare_event.prepare.schema import Schema, guess_schema
from rare_event.prepare.table import read_table
from tests.prepare.examples import FLIPPED, REPEATED, frame, raw_of, table_of, with_values

SWAPPED = frame().iloc[[0, 1, 2, 4, 3, *range(5, 100)]]

NEARLY = frame()["y"].where(np.arange(100) != 11, 1)

# data, then of the finding: grade, column, words in it, action
DEFECTS = {
    "no time": (
        frame().drop(columns="time"),
        "note",
        None,
        ["no time column", "figures are in rows", "per 1,000 rows"],
        None,
    ),
    "unsorted": (SWAPPED, "problem", "time", ["backwards once", "line 6"], "sort-time"),
    "repeated time": (REPEATED, "warning", "time", ["1 row", "line 12"], "drop-rows"),
    "one event": (frame(y=[0] * 70 + [1, 1] + [0] * 28), "problem", "y", ["only one event", "line 72"], None),
    "late events": (
        frame(y=[0] * 90 + [1, 0] * 5),
        "warning",
        "y",
        ["5 events", "first is in line 92."],
        None,
    ),
    "not rare": (frame(y=np.arange(100) % 2), "warning", "y", ["50%", "not rare"], None),
    "missing": (
        frame(x2=with_values({7: np.nan, 9: np.nan})),
        "warning",
        "x2",
        ["2 values", "line 9"],
        "forward-fill",
    ),
    "first missing": (
        frame(x2=with_values({0: np.nan})),
        "warning",
        "x2",
        ["1 value is", "line 2"],
        "drop-rows",
    ),
    "infinite": (
        frame(x2=with_values({7: -np.inf})),
        "warning",
        "x2",
        ["infinite", "line 9"],
        "forward-fill",
    ),
    "mostly missing": (
        frame(x2=with_values(dict.fromkeys(range(60), np.nan))),
        "problem",
        "x2",
        ["60.00%"],
        "ignore",
    ),
    "counter": (frame(x2=np.arange(100.0)), "warning", "x2", ["evenly spaced and hardly repeat"], "ignore"),
    "leak": (
        frame(status=np.where(NEARLY == 1, "STOP", "RUN")),
        "problem",
        "status",
        ["'STOP'", "3 of the 3", "1 other row,"],
        "ignore",
    ),
    "inverted leak": (frame(run=FLIPPED), "problem", "run", ["'0'", "3 of the 3", "no other rows"], "ignore"),
    "second label": (
        frame(fault=np.isin(np.arange(100), [5, 6, 7, 50]) * 1),
        "warning",
        "fault",
        ["named like"],
        "ignore",
    ),
    "missing grade": (frame(g=["a"] * 50 + [None] + ["b"] * 49), "warning", "g", ["line 52"], "forward-fill"),
    "zones": (frame(time=frame()["time"] + "+02:00"), "note", "time", ["+02:00", "UTC"], None),
    "text in numbers": (
        frame(x2=["1.5", "2.5", "3.5"] * 5 + ["stopped"] + ["2.5", "1.5"] * 42),
        "warning",
        "x2",
        ["1 value is", "line 17"],
        "forward-fill",
    ),
    "constant": (frame(x2=3.5), "note", "x2", ["only the value '3.5'", "ignored"], None),
    "empty": (frame(x2=np.nan), "note", "x2", ["no value", "ignored"], None),
    "texts": (frame(x2=[f"r{i}" for i in range(100)]), "note", "x2", ["many distinct", "ignored"], None),
}


@pytest.mark.parametrize(("data", "grade", "column", "words", "action"), DEFECTS.values(), ids=DEFECTS.keys())
def test_each_defect_is_found_once_and_its_fix_mends_it(
    data: pd.DataFrame, grade: str, column: str | None, words: list[str], action: str | None
) -> None:
    raw = raw_of(data)
    before, schema = raw.copy(), guess_schema(raw)
    findings = check(table_of(raw))
    assert len(findings) == 1, findings  # and nothing else is said to be wrong
    (finding,) = findings
    assert (finding.grade, finding.column, finding.action) == (grade, column, action)
    assert all(word in finding.what for word in words), finding.what
    assert finding.fix.endswith(".")
    if action is None:
        with pytest.raises(ValueError, match="no one-click fix"):
            fix(raw, schema, finding)
    else:
        mended, mended_schema = fix(raw, schema, finding)
        assert check(table_of(mended, mended_schema)) == []
    pd.testing.assert_frame_equal(raw, before)


def test_a_file_without_defects() -> None:
    table = table_of(raw_of(frame(grade=np.tile([90, 96], 50))))
    assert check(table) == []
    summary = grades(table, [])
    assert summary["column"].tolist() == ["time", "y", "x1", "grade"]
    assert summary["role"].tolist() == ["time", "label", "sensor", "category"]
    assert (summary["grade"] == "good").all() and not summary["what"].any()


def test_a_value_that_happens_to_stand_at_the_only_event_is_no_leak() -> None:
    short = pd.DataFrame({"y": [0, 0, 1, 0], "x": [1.5, 2.5, 3.5, 1.5]})
    assert {f.column for f in check(table_of(raw_of(short)))} == {None, "y"}
    at_40 = np.arange(100) == 40
    long = frame(y=at_40 * 1, x2=np.where(at_40, 7, np.arange(100) % 5))
    assert "x2" not in {f.column for f in check(table_of(raw_of(long)))}


def test_roles_chosen_by_hand_are_checked_too() -> None:
    raw = raw_of(frame(flat=3.5, none=np.nan, valve=np.tile([0, 1], 50), y2=frame()["y"], one="a"))
    schema = Schema("y", "time", ("x1", "flat", "none", "valve", "y2"), ("one",))
    found = {(f.column, f.action): f for f in check(table_of(raw, schema))}
    assert found["flat", "ignore"].grade == "warning" and found["none", "ignore"].grade == "problem"
    assert found["y2", "ignore"].grade == "problem" and found["one", "ignore"].grade == "warning"
    assert ("x1", "ignore") not in found and ("valve", "ignore") not in found
    _, moved = fix(raw, schema, found["valve", "category"])
    assert moved.categories == ("one", "valve") and "valve" not in moved.sensors
    _, moved = fix(raw, schema, found["flat", "ignore"])
    assert moved.ignored == ("flat",) and "flat" not in moved.sensors


def test_nothing_is_wrong_with_the_mill(mill_csv: Path) -> None:
    table = read_table(mill_csv)
    assert [f for f in check(table) if f.grade != "note"] == []
    assert len(grades(table, check(table))) == 63


def test_the_mill_is_described_in_notes(mill_csv: Path) -> None:
    table = read_table(mill_csv)
    found = {(f.code, f.column): f for f in check(table)}
    assert "834 minutes, from 1999-05-18 04:22" in found["RE106", "time"].what
    assert "'1' in 19 rows" in found["RE404", "x61"].what and "'51' in 26 rows" in found["RE404", "x28"].what
    assert "93.5% of the rows" in found["RE303", "x43"].what
    assert "3.075 and 3.454 in the first fifth" in found["RE312", "x19"].what
    assert {f.grade for f in found.values()} == {"note"} and not any(f.action for f in found.values())
    assert len(found) < len(table.frame.columns), "a note for each column would hide those that matter"
    assert not {code for code, _ in found} & {"RE101", "RE304", "RE306", "RE308", "RE311"}


def test_sensors_of_a_long_table_are_checked_at_once_and_come_to_the_same(monkeypatch) -> None:
    found = {}
    for name, (data, *_) in DEFECTS.items():
        table = table_of(data)
        found[name] = check(table)
        monkeypatch.setattr(base, "LONG", 10)
        assert check(table) == found[name], name
        monkeypatch.undo()
    sensors = {"x1", "x2", "x3"}
    assert sum(each.column in sensors for findings in found.values() for each in findings) >= 9
