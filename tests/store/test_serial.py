"""Any record goes to JSON and back in one way, and what cannot be read is a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pytest

from rare_event.errors import RunError
from rare_event.judge.arrays import AsLists
from rare_event.store.serial import MAP_AGAIN, NEWER, dump, load, to_plain


@dataclass(frozen=True)
class Inner:
    value: float | None
    pair: tuple[float, float] = (0.0, 1.0)


@dataclass(frozen=True)
class Record:
    name: str
    parts: tuple[Inner, ...]
    by_fold: dict[int, Inner]
    exact: Annotated[np.ndarray, AsLists()]
    rounded: Annotated[np.ndarray, AsLists(digits=3)]


RECORD = Record(
    "Grüße",
    (Inner(0.1 + 0.2), Inner(None, (1e-300, 5.0))),
    {0: Inner(1.0), 10: Inner(2.0)},
    np.array([[1 / 3, np.nan], [2.0, 1e-300]]),
    np.array([1 / 3]),
)


def test_a_record_comes_back_with_every_digit_and_type(tmp_path) -> None:
    path = tmp_path / "record.json"
    path.write_text(dump(RECORD))
    again = load(Record, path, "record", "run 1")
    assert (again.name, again.parts, again.by_fold) == (RECORD.name, RECORD.parts, RECORD.by_fold)
    assert again.exact.tobytes() == RECORD.exact.tobytes()
    assert again.rounded.tolist() == [0.333]
    assert "NaN" not in path.read_text()


def test_lists_and_dictionaries_of_records(tmp_path) -> None:
    for value, kind in (([Inner(1.0)], list[Inner]), ({"a": Inner(None)}, dict[str, Inner])):
        path = tmp_path / "several.json"
        path.write_text(dump(value, kind))
        assert load(kind, path, "record", "run 1") == value
    assert to_plain([Inner(1.0)], list[Inner]) == [{"value": 1.0, "pair": [0.0, 1.0]}]


def test_a_field_of_a_newer_version_is_passed_over_and_a_missing_one_is_not(tmp_path) -> None:
    path = tmp_path / "record.json"
    path.write_text('{"value": 2, "colour": "red"}')
    assert load(Inner, path, "record", "run 1") == Inner(2.0)
    path.write_text('{"pair": [1, 2]}')
    with pytest.raises(
        RunError,
        match=r"^The record of run 1 cannot be read: the file is missing or damaged. Train the run again\.$",
    ):
        load(Inner, path, "record", "run 1")


@pytest.mark.parametrize("content", [None, b"", b"{", b"[1]", b"null", b"\xff", b'{"value": "x"}'])
def test_what_cannot_be_read_is_a_sentence(tmp_path, content) -> None:
    path = tmp_path / "record.json"
    if content is not None:
        path.write_bytes(content)
    for hint in (MAP_AGAIN, NEWER):
        with pytest.raises(RunError) as refused:
            load(Inner, path, "state", "map 7", hint)
        assert (
            str(refused.value) == f"The state of map 7 cannot be read: the file is missing or damaged. {hint}"
        )


def test_infinity_is_never_written() -> None:
    for value in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="Out of range"):
            dump(Inner(value))


def test_a_changed_file_is_read_anew_and_an_unchanged_one_is_not_parsed_again(tmp_path):
    path = tmp_path / "inner.json"
    path.write_text(dump(Inner(1.0)))
    first = load(Inner, path, "name", "run 1")
    assert load(Inner, path, "name", "run 1") is first

    path.write_text(dump(Inner(2.0)))
    assert load(Inner, path, "name", "run 1") == Inner(2.0)
    assert first == Inner(1.0)
    path.write_text("{")
    with pytest.raises(RunError, match="damaged"):
        load(Inner, path, "name", "run 1")
