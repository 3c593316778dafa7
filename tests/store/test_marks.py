"""Marks of alarms: kept with the run, and for every run of the same upload."""

from dataclasses import replace
from pathlib import Path

import pytest

from rare_event.config import RECOMMENDED
from rare_event.errors import RunError
from rare_event.store.datasets import Dataset, add_dataset
from rare_event.store.marks import MARKS, Mark, mark_alarm, marks_at, marks_of, of_false_alarms
from rare_event.store.runs import create_run
from tests.small import small_frame


@pytest.fixture
def dataset(workspace: Path, small_csv: bytes) -> Dataset:
    return add_dataset(small_csv, "small.csv")


def test_a_mark_is_kept_with_who_and_when_and_replaced_by_a_later_one(dataset: Dataset) -> None:
    run = create_run(dataset, RECOMMENDED)
    assert marks_of(run) == []
    mark_alarm(run, Mark("2024-01-01T02:00:00", "false", " grade change ", " Ana ", "2024-01-01T02:04:00"))
    (mark,) = marks_of(run)
    assert (mark.kind, mark.note, mark.by) == ("false", "grade change", "Ana") and mark.time > "2024"
    mark_alarm(run, Mark("2024-01-01T02:00:00", "known stop", by="x" * 100))
    mark_alarm(run, Mark("2024-01-01T02:00:00", "true", asset="B"))
    assert [(mark.kind, mark.asset, len(mark.by)) for mark in marks_of(run)] == [
        ("known stop", "", 60),
        ("true", "B", 0),
    ]


def test_marks_survive_a_retraining_and_stay_with_their_upload(dataset: Dataset) -> None:
    first = create_run(dataset, RECOMMENDED)
    mark_alarm(first, Mark("10", "known stop"))
    again = create_run(dataset, replace(RECOMMENDED, seed=1))
    other = add_dataset(small_frame(300).to_csv(index=False).encode(), "other.csv")
    assert [mark.kind for mark in marks_of(again)] == ["known stop"]
    assert marks_of(create_run(other, RECOMMENDED)) == []
    # Damaged marks of another run do not hide those of this one; its own are not lost silently.
    mark_alarm(again, Mark("20", "true"))
    (first.folder / MARKS.file).write_text("{")
    assert [mark.at for mark in marks_of(again)] == ["20"]
    with pytest.raises(RunError, match="marks of alarms"):
        marks_of(first)
    with pytest.raises(RunError, match="marks of alarms"):
        mark_alarm(first, Mark("30", "true"))
    assert (first.folder / MARKS.file).read_text() == "{", "damaged marks are not overwritten"


def test_a_mark_belongs_to_the_nearest_alarm_of_its_machine() -> None:
    marks = [Mark("0", "true"), Mark("9", "false", asset="B"), Mark("52", "known stop"), Mark("52", None)]
    clock = [0.0, 9.0, 52.0, 52.0]
    begins, assets = [4.0, 12.0, 50.0, 56.0], ["", "B", "", ""]
    found = marks_at(begins, assets, marks[:3], clock[:3], 10.0)
    assert [mark.kind if mark else None for mark in found] == ["true", "false", "known stop", None]
    # Taken back later; too far away; another machine.
    assert marks_at(begins, assets, marks, clock, 10.0)[2] is None
    assert marks_at([11.0], [""], marks[:1], [0.0], 10.0) == [None]
    assert marks_at([9.0], [""], marks[1:2], [9.0], 10.0) == [None]
    assert marks_at([], [], marks, clock, 10.0) == []


def test_false_alarms_are_counted_by_what_was_said() -> None:
    assert of_false_alarms(["", ""]) == "" and of_false_alarms([]) == ""
    assert of_false_alarms(["known stop"] * 7 + [""] * 12) == "Of 19 false alarms, 7 were known stops."
    assert of_false_alarms(["true", "false", "known stop"]) == (
        "Of 3 false alarms, 1 was a known stop, 1 was marked true and 1 was checked and is false."
    )
    assert of_false_alarms(["known stop"], "alarm") == "Of 1 alarm, 1 was a known stop."
