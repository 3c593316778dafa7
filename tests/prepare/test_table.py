import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rare_event.errors import TableError
from rare_event.prepare.schema import Schema, guess_schema
from rare_event.prepare.table import apply_schema, read_table
from tests.prepare.examples import csv, frame


def test_reading_without_a_schema() -> None:
    data = frame(grade=np.tile([90, 96], 50), note="constant", remark=[f"r{i}" for i in range(100)])
    table = read_table(csv(data), name="mill")
    assert table.schema == Schema("y", "time", ("x1",), ("grade",), ("note", "remark"))
    assert list(table.frame.columns) == ["time", "y", "x1", "grade"]
    assert isinstance(table.frame.index, pd.RangeIndex) and table.n_rows == 100
    assert table.label.dtype == np.int8 and np.flatnonzero(table.label).tolist() == [10, 40, 80]
    assert table.time is not None and table.time.dtype == "datetime64[ns]"
    assert table.values.shape == (100, 1) and table.values.dtype == np.float32
    assert table.frame["grade"].cat.categories.tolist() == ["90", "96"]
    assert (table.name, len(table.digest)) == ("mill", 64)


def test_rows_keep_the_order_of_the_file() -> None:
    data = frame().iloc[::-1]
    table = read_table(csv(data))
    assert table.time is not None and (np.diff(table.time) < np.timedelta64(0)).all()
    assert np.flatnonzero(table.label).tolist() == [19, 59, 89]


def test_values_is_a_copy_and_raw_stays() -> None:
    raw = frame(x2=np.arange(100.0) + 1e9)
    before = raw.copy()
    table = apply_schema(raw, guess_schema(raw), name="f", digest="")
    values = table.values
    assert values.dtype == np.float64  # x2 is too large for float32
    values[:] = 0
    assert table.values.any()
    pd.testing.assert_frame_equal(raw, before)


def replaced(column: str, row: int, value: Any) -> pd.DataFrame:
    data = frame().astype({column: object})
    data.loc[row, column] = value
    return data


BAD = {
    "one row": (frame(1), ["1 row"]),
    "no label": (frame().drop(columns="y"), ["No column looks like a label", "exactly two values"]),
    "all 0": (frame(y=0), ["'y'", "only '0'", "no event"]),
    "all 1": (frame(y=1), ["'y'", "only '1'", "every row"]),
    "three values": (frame(y=np.arange(100) % 3), ["'y'", "'0' in 34 rows", "'2' in 33", "Which of them"]),
    "label missing": (replaced("y", 5, None), ["'y'", "nothing in 1 row;", "line 7"]),
    "bad time": (replaced("time", 50, "soon"), ["'time'", "'soon'", "line 52"]),
    "no time": (replaced("time", 50, None), ["'time'", "empty", "line 52"]),
    "half zones": (replaced("time", 3, "2020-01-01 00:03+02:00"), ["with and without a zone", "line 5"]),
    # One text in a hundred cells is a missing value, two are not.
    "texts in the only sensor": (
        frame(x1=["1.5"] * 15 + ["1,234 abc"] * 2 + ["2.5"] * 83),
        ["'x1' holds '1,234 abc' in line 17"],
    ),
    "no sensor": (frame().drop(columns="x1"), ["No column is a sensor"]),
}


@pytest.mark.parametrize(("data", "words"), BAD.values(), ids=BAD.keys())
def test_bad_columns_are_refused(data: pd.DataFrame, words: list[str]) -> None:
    with pytest.raises(TableError) as caught:
        read_table(csv(data))
    assert all(word in str(caught.value) for word in words), str(caught.value)
    assert "\n" not in str(caught.value)


def test_schema_and_file_must_fit() -> None:
    schema = Schema("y", "time", ("x1", "x2", "=x3"))
    with pytest.raises(TableError, match="lacks 2 .* 'x2', '=x3'"):
        read_table(csv(frame()), schema=schema)
    with pytest.raises(TableError, match="'y' holds '0' in 97 rows and '1' in 3 rows, but not 'BREAK'"):
        read_table(csv(frame()), schema=Schema("y", None, ("x1",), event_values=("BREAK",)))
    with pytest.raises(TableError, match="'x2' holds '1,234 abc' in line 17"):
        texts = ["1.5"] * 15 + ["1,234 abc"] * 2 + ["2.5"] * 83
        read_table(csv(frame(x2=texts)), schema=Schema("y", "time", ("x1", "x2")))


def test_columns_the_schema_does_not_name_are_left_out() -> None:
    table = read_table(csv(frame(x2=1.5)), schema=Schema("y", None, ("x1",)))
    assert list(table.frame.columns) == ["y", "x1"] and table.time is None


def test_a_file_to_score_needs_no_events() -> None:
    schema = Schema("y", "time", ("x1",))
    for raw in (frame().drop(columns="y"), frame(y=0), frame(1)):
        table = apply_schema(raw, schema, name="f", digest="", events_needed=False)
        assert not table.label.any() and table.label.shape == (len(raw),)
    with pytest.raises(TableError, match="'x1'"):
        apply_schema(frame().drop(columns="x1"), schema, name="f", digest="", events_needed=False)


def test_values_that_are_not_finite_stay() -> None:
    x1 = np.linspace(0, 1, 100)
    x1[3], x1[4] = np.nan, np.inf
    values = read_table(csv(frame(x1=x1))).values[:, 0]
    assert np.isnan(values[3]) and np.isinf(values[4]) and np.isfinite(values[5:]).all()


def test_the_mill(mill_csv: Path) -> None:
    table = read_table(mill_csv)
    assert table.schema == Schema(
        label="y",
        time="time",
        sensors=tuple(f"x{i}" for i in range(1, 61) if i != 28),
        categories=("x28", "x61"),
        time_format="%m/%d/%y %H:%M",
    )
    assert table.values.shape == (18_398, 59) and table.values.dtype == np.float32
    assert np.isfinite(table.values).all() and not table.frame.isna().any(axis=None)
    assert table.label.sum() == 124 and not (table.label[1:] & table.label[:-1]).any()
    assert table.time is not None
    assert table.time[0] == np.datetime64("1999-05-01T00:00") and table.time[-1] == np.datetime64(
        "1999-05-29T00:06"
    )
    assert len(table.frame["x28"].cat.categories) == 8 and (table.frame["x61"] == "1").sum() == 19


PEAK = """
import re, sys
from pathlib import Path
from rare_event.prepare.table import read_table

def peak():  # of this process alone: getrusage would also know that of its parent
    return 1024 * int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

before = peak()
table = read_table(sys.argv[1])
print((peak() - before) / (4 * table.n_rows * len(table.schema.sensors)))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read as Linux gives it")
def test_reading_takes_little_more_memory_than_the_frame(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    block = frame(
        10_000, **{f"x{i}": np.random.default_rng(i).normal(size=10_000).round(5) for i in range(1, 41)}
    )
    text = block.to_csv(index=False)
    with path.open("w") as file:
        file.write(text)
        for _ in range(49):
            file.write(text.partition("\n")[2])
    run = subprocess.run(
        [sys.executable, "-c", PEAK, str(path)], capture_output=True, text=True, check=True, env=os.environ
    )
    # 500,000 x 40: 80 MB of float32. The reader reads ahead, further where the processor is busy.
    assert 0.5 < float(run.stdout) < 5


def test_switches_alone_are_no_sensors_and_the_sentence_says_why() -> None:
    rows = [f"2020-01-01 00:{i:02d},{i // 30},{i % 2},{i % 3}" for i in range(60)]
    with pytest.raises(
        TableError, match="'x1', 'x2' each hold at most 20 distinct values, such as '0'.*categories"
    ):
        read_table("\n".join(["time,y,x1,x2", *rows]).encode())
    measured = [f"{row},{i * 0.37:.2f}" for i, row in enumerate(rows)]
    assert read_table("\n".join(["time,y,x1,x2,x3", *measured]).encode()).schema.sensors == ("x3",)
