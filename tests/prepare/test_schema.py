import numpy as np
import pandas as pd
import pytest

from rare_event.errors import TableError
from rare_event.prepare.label_words import resembles_label
from rare_event.prepare.schema import Schema, guess_schema
from rare_event.prepare.table import read_table
from rare_event.read.values import text_of
from tests.prepare.examples import csv, frame

LABELS = {
    "numbers": ("y", {"y": [0, 0, 0, 1, 0, 0]}, "1"),
    "strings": ("fault", {"fault": ["OK", "OK", "BREAK", "OK", "OK", "OK"]}, "BREAK"),
    "booleans": ("Alarm", {"Alarm": [True, False, False, False, False, False]}, "True"),
    "mostly events": ("label", {"label": [1, 1, 1, 1, 1, 0]}, "1"),
    "mixed writing": ("y", {"y": ["0", "0.0", "1", "1.0", "0", "0"]}, "1"),
    "even": ("y", {"y": [0, 1, 0, 1, 0, 1]}, "1"),
    "by name": ("sheet_break", {"valve": [0, 0, 0, 0, 0, 1], "sheet_break": [0, 0, 1, 1, 0, 0]}, "1"),
    "plainest name": ("y", {"y": [0, 0, 0, 1, 1, 1], "fault": [0, 0, 0, 0, 0, 1]}, "1"),
    "text before number": ("break", {"class": list("abcabc"), "break": [0, 0, 0, 1, 0, 0]}, "1"),
}


@pytest.mark.parametrize(("label", "columns", "event"), LABELS.values(), ids=LABELS.keys())
def test_label_guess(label: str, columns: dict[str, list[object]], event: str) -> None:
    raw = pd.DataFrame({"x": [1.5, 2.25, 3.5, 0.1, 0.2, 0.3]} | columns)
    schema = guess_schema(raw)
    assert (schema.label, schema.event_values) == (label, (event,))
    assert label not in schema.sensors + schema.categories + schema.ignored
    table = read_table(csv(raw))
    expected = [text_of(v) == event for v in columns[label]]
    assert table.label.tolist() == [int(e) for e in expected]


def test_names_like_a_label() -> None:
    assert all(resembles_label(n) for n in ("y", " Y ", "Label", "sheet_break", "is-fault", "Alarms"))
    assert not any(resembles_label(n) for n in ("x1", "yield", "breaker", "stopwatch", ""))


def test_time_is_optional_and_may_be_named_anything() -> None:
    assert guess_schema(frame().drop(columns="time")).time is None
    assert guess_schema(frame().rename(columns={"time": "when"})).time == "when"
    two = frame(created=frame()["time"])[["created", "time", "y", "x1"]]
    schema = guess_schema(two)
    assert schema.time == "time" and schema.ignored == ("created",)
    epoch = frame(time=1.6e9 + 60 * np.arange(100.0))
    assert guess_schema(epoch).time_format == "epoch s"
    times = read_table(csv(epoch)).time
    assert times is not None and times[1] == np.datetime64("2020-09-13T12:27:40")
    assert guess_schema(frame(time=np.arange(100.0) / 7)).time is None


def test_few_whole_numbers_are_categories_only_if_they_repeat() -> None:
    raw = frame(
        many=np.tile(np.arange(25), 4), twenty=np.tile(np.arange(20), 5), halves=np.tile([0.5, 1], 50)
    )
    schema = guess_schema(raw)
    assert schema.categories == ("twenty",) and schema.sensors == ("x1", "many", "halves")
    short = pd.DataFrame({"y": [0, 1, 0], "x": [1, 2, 3], "g": ["a", "b", "a"]})
    assert guess_schema(short).sensors == ("x",) and guess_schema(short).categories == ("g",)


def test_a_column_has_one_role() -> None:
    with pytest.raises(TableError, match="'x1' has more than one role"):
        Schema("y", "time", ("x1",), ignored=("x1",))
