"""Checks of the label: where the events are, and what gives them away."""

from typing import Literal

import numpy as np

from rare_event.checks.check import check, outcomes
from rare_event.checks.label import check_split
from rare_event.prepare.schema import Schema
from tests.prepare.examples import frame, raw_of, table_of

N = 2000
Kind = Literal["chronological", "rolling", "stretch"]


def events(rows: list[int], n: int = N) -> np.ndarray:
    return np.isin(np.arange(n), rows).astype(int)


EVERY_40 = list(range(25, N, 40))


def test_no_event_in_the_last_rows_is_said_with_the_line_of_the_last() -> None:
    early = table_of(raw_of(frame(N, y=events([100, 300, 900, 901]))))
    (finding,) = check(early)
    assert (finding.code, finding.grade, finding.column) == ("RE203", "warning", "y")
    assert "3 events ends in line 903; the last row is line 2001." in finding.what
    spread = table_of(raw_of(frame(N, y=events([100, 300, 900, 1700]))))
    assert check(spread) == []


def test_a_part_of_the_split_without_events_is_a_problem_before_training() -> None:
    none = check_split("y", {"validation": [0], "test": [0]})
    assert [(f.code, f.grade, f.column) for f in none] == [
        ("RE205", "problem", "y"),
        ("RE205", "warning", "y"),
    ]
    assert "validation part holds no events" in none[0].what and "test part holds no events" in none[1].what
    few = check_split("y", {"validation": [12, 2, 9], "test": [1, 20, 0]})
    assert [f.grade for f in few] == ["warning"], "what all folds test together is enough"
    assert "The validation part of fold 2 of 3 holds 2 events" in few[0].what
    assert check_split("y", {"validation": [10], "test": [10]}) == []


def test_a_sensor_that_falls_with_each_event_is_named() -> None:
    y = events(EVERY_40)
    noise = np.random.default_rng(3).normal(850, 5, N)
    shown = frame(N, y=y, speed=np.where(y == 1, noise - 400, noise), x3=noise[::-1])
    found = {f.column: f for f in check(table_of(raw_of(shown))) if f.code == "RE208"}
    assert set(found) == {"speed"}
    assert "100% of the events it is lower than in 99% of the normal rows" in found["speed"].what
    assert found["speed"].grade == "warning" and found["speed"].action == "ignore"
    few = {o.code: o for o in outcomes(table_of(raw_of(frame(N))))}
    assert few["RE208"].result == "not applicable" and "5 events" in few["RE208"].reason


def test_where_an_asset_column_is_chosen_the_last_rows_are_not_the_latest() -> None:
    data = frame(N, y=events([100, 300, 900]), machine=np.repeat(["A", "B"], N // 2))
    table = table_of(raw_of(data), Schema("y", "time", ("x1",), asset="machine"))
    assert not [f for f in check(table) if f.code == "RE203"]
