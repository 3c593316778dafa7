"""Files joined are the one file they were cut from; what does not fit together is refused with its line."""

import re

import numpy as np
import pandas as pd
import pytest

from rare_event.errors import TableError
from rare_event.prepare.corrections import NO_CORRECTIONS, Corrections
from rare_event.prepare.table import Table, read_table
from rare_event.read.source import Files
from tests.small import small_frame

WHOLE = small_frame()
IGNORED = Corrections(ignore=("s3",))
BY_FILE = Corrections(assets="file")


def written(frame: pd.DataFrame, **how) -> bytes:
    text: str = frame.to_csv(index=False, **how)
    return text.encode()


def join(*frames: pd.DataFrame | bytes, said: Corrections = NO_CORRECTIONS) -> Table:
    parts = tuple(frame if isinstance(frame, bytes) else written(frame) for frame in frames)
    return read_table(Files(parts, tuple(f"{'ABC'[i]}.csv" for i in range(len(parts)))), said=said)


def remark(table: Table, fact: str) -> str:
    return " ".join(found.what for found in table.remarks if found.fact == fact)


def same(one: Table, other: Table) -> bool:
    assert one.time is not None and other.time is not None
    times = bool((one.time == other.time).all() and (one.label == other.label).all())
    return times and np.array_equal(one.values, other.values)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_the_parts_of_a_file_are_the_file_in_whatever_order(order) -> None:
    parts = [WHOLE[:200], WHOLE[200:450], WHOLE[450:]]
    table = join(*(parts[number] for number in order))
    assert same(table, read_table(written(WHOLE)))
    assert table.line(0) == f"2 of {'ABC'[order.index(0)]}.csv"
    assert remark(table, "files joined").startswith("3 files are joined, ordered by time: ")
    assert "same hours" not in remark(table, "files joined") and not remark(table, "repeated rows")


def test_each_file_is_read_in_its_own_notation() -> None:
    german = written(WHOLE[:300], sep=";", decimal=",", date_format="%d.%m.%Y %H:%M:%S")
    assert same(join(german, WHOLE[300:]), read_table(written(WHOLE)))


def test_a_file_with_its_newest_row_first_is_turned_around() -> None:
    assert same(join(WHOLE[:300][::-1], WHOLE[300:]), read_table(written(WHOLE)))


def test_a_gap_between_files_is_a_stop() -> None:
    table = join(WHOLE[:200], WHOLE[230:])
    assert table.stretch[199] != table.stretch[200]


def test_rows_that_both_files_have_are_kept_once_and_counted() -> None:
    table = join(WHOLE[:300], WHOLE[280:])
    assert same(table, read_table(written(WHOLE)))
    assert remark(table, "repeated rows").startswith(
        "20 rows are also in an earlier file, first in line 2 of B.csv"
    )
    assert "Some files overlap in time." in remark(table, "files joined")
    # Repeats inside one file are not touched: the checks name them.
    double = pd.concat([WHOLE[:300], WHOLE[299:300]])
    assert join(double, WHOLE[300:]).n_rows == 601
    assert join(double, WHOLE[299:]).n_rows == 601


def test_files_over_the_same_hours_are_mixed_by_time() -> None:
    assert same(join(WHOLE[::2], WHOLE[1::2]), read_table(written(WHOLE)))


def test_other_values_at_one_time_are_refused_with_both_lines() -> None:
    other = WHOLE[280:].reset_index(drop=True)
    other.loc[3, "s1"] = 77.0
    words = (
        r"Line 285 of A\.csv and line 5 of B\.csv both have the time 2024-01-01 13:\d\d:00, "
        "but different values: 's1'"
    )
    with pytest.raises(TableError, match=words):
        join(WHOLE[:300], other)
    with pytest.raises(TableError, match="choose “each file is one machine” as the machine column") as caught:
        join(WHOLE[:300], other)
    assert "--assets file" in caught.value.on_command_line and "--" not in str(caught.value)


def test_each_file_may_be_a_machine() -> None:
    other = WHOLE.assign(s1=7.0)
    table = join(WHOLE, other, said=BY_FILE)
    assert table.assets == ("A.csv", "B.csv") and table.n_rows == 1200
    assert (table.values[table.asset == 1][:, 1] == 7).all() and not remark(table, "repeated rows")
    with pytest.raises(TableError, match="no column 'file'"):
        read_table(written(WHOLE), said=BY_FILE)


def test_machines_named_by_a_column_repeat_each_other_only_by_name() -> None:
    one, two = WHOLE.assign(unit="P"), WHOLE.assign(unit="Q", s0=1.0)
    first, second = pd.concat([one[:300], two[:300]]), pd.concat([one[290:], two[290:]])
    table = join(first, second, said=Corrections(assets="unit"))
    assert table.n_rows == 1200 and table.assets == ("P", "Q")
    assert same(join(one), read_table(written(one)))


@pytest.mark.parametrize(
    ("second", "words"),
    [
        (WHOLE.drop(columns="s3"), "B.csv lacks the column 's3'."),
        (WHOLE.assign(s9=1.0, s8=2.0), "B.csv has the columns 's9', 's8', which A.csv lacks."),
        (WHOLE.rename(columns={"s3": "S3"}), "B.csv lacks the column 's3' and has the column 'S3'"),
    ],
)
def test_other_columns_are_named(second, words) -> None:
    with pytest.raises(TableError, match=re.escape(words)):
        join(WHOLE[:300], second[300:])


def test_a_column_that_is_not_used_may_be_missing() -> None:
    table = join(WHOLE[:300], WHOLE[290:].drop(columns="s3"), said=IGNORED)
    assert table.n_rows == 600 and table.schema.sensors == ("s0", "s1", "s2")


def test_without_an_order_nothing_is_joined() -> None:
    with pytest.raises(TableError, match="no readable time column"):
        join(WHOLE[:300].drop(columns="time"), WHOLE[300:].drop(columns="time"))
    back = WHOLE[:300].copy()
    back.loc[100:, "time"] -= pd.Timedelta(60, "min")
    with pytest.raises(TableError, match=r"Time runs backwards in line 102 of A\.csv, and the files cover"):
        join(back, WHOLE[250:].assign(time=WHOLE["time"] + pd.Timedelta(1, "s")))
    zoned = WHOLE[300:].assign(time=WHOLE["time"].dt.strftime("%Y-%m-%d %H:%M:%S+00:00"))
    with pytest.raises(TableError, match=r"has a time zone in B\.csv but not in A\.csv"):
        join(WHOLE[:300], zoned)


def test_a_sentence_names_the_file_of_its_line() -> None:
    second = WHOLE[300:].astype({"y": "str", "time": "str"}).reset_index(drop=True)
    blank, unread = second.copy(), second.copy()
    blank.loc[4, "y"], unread.loc[5, "time"] = None, "soon"
    said = Corrections(schema=read_table(written(WHOLE)).schema)
    with pytest.raises(TableError, match=r"empty in 1 rows?, first in line 6 of B\.csv"):
        join(WHOLE[:300], blank, said=said)
    with pytest.raises(
        TableError, match=r"'time' holds 'soon' in line 7 of B\.csv, where a time is expected"
    ):
        join(WHOLE[:300], unread)


def test_an_empty_time_is_said_to_be_empty_in_its_own_line() -> None:
    second = WHOLE[300:].astype({"time": "str"}).reset_index(drop=True)
    second.loc[3, "time"] = None
    with pytest.raises(TableError, match=r"'time' is empty in line 5 of B\.csv, where a time is expected"):
        join(WHOLE[:300], second)
    # The first cell that is no time is named, not the first.
    second.loc[100:, "time"] = "soon"
    with pytest.raises(TableError, match=r"'time' holds 'soon' in line 102 of B\.csv") as caught:
        join(WHOLE[:300], second)
    assert "nan" not in str(caught.value)
    with pytest.raises(TableError, match=r"'time' is empty in line 2 of B\.csv"):
        join(WHOLE[:300], second.assign(time=None))


def test_of_a_row_that_one_file_repeats_one_copy_is_the_same_as_that_of_the_other() -> None:
    table = join(WHOLE[:300], pd.concat([WHOLE[299:300], WHOLE[299:]]))
    assert table.n_rows == len(WHOLE) + 1 and "1 row is also in an earlier file" in remark(
        table, "repeated rows"
    )


def test_values_that_differ_in_a_late_digit_are_both_shown() -> None:
    text = "time,x,y\n2024-01-01 00:00,1,0\n2024-01-01 00:0{},{},1\n2024-01-01 00:03,{},0\n"
    first, late = text.format(1, 5, 2.5), text.format(2, 5, 2.5000002)
    with pytest.raises(
        TableError, match=r"'x' is '2\.5' in the first and '2\.5000002' in the second"
    ) as caught:
        join(first.replace("1,0", "1.5,0").encode(), late.replace("00:00,1,0", "00:04,1.5,0").encode())
    assert "Line 4 of A.csv and line 4 of B.csv" in str(caught.value)
    with pytest.raises(TableError, match=r"'x' is '2\.5' in the first and empty in the second"):
        join(first.encode(), late.replace("2.5000002", "").replace("00:00", "00:04").encode())
