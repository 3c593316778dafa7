import numpy as np
import pytest

from rare_event.errors import TableError
from rare_event.read.raw import read_raw
from rare_event.read.table import RawTable, Reading

ROWS = [
    f"{tag},2023-01-09 06:{2 * k:02d}:00,{value}"
    for k in range(30)
    for tag, value in (("TI101", 80 + k / 8), ("PI102", 5 + k / 16), ("PUMP", "ON" if k % 3 else "OFF"))
]
LONG = "tag,time,value\n" + "\n".join(ROWS)


def read(text: str, layout: str | None = "long") -> RawTable:
    return read_raw(text.encode(), name="f.csv", said=Reading(layout=layout))  # type: ignore[arg-type]


def test_a_long_table_is_asked_about_and_spread_only_on_request() -> None:
    raw = read(LONG, None)
    (question,) = raw.questions
    assert question.about == "layout" and "3 tags" in question.what and "'TI101'" in question.what
    assert len(raw.frame) == 90 and not read(LONG, "wide").questions
    wide = read(LONG)
    assert not wide.questions and list(wide.frame.columns) == ["time", "TI101", "PI102", "PUMP"]
    assert wide.frame["TI101"].tolist() == [80 + k / 8 for k in range(30)]
    assert wide.frame["PUMP"].tolist() == ["ON" if k % 3 else "OFF" for k in range(30)]
    assert list(wide.frame.index) == [2 + 3 * k for k in range(30)]
    again = read_raw(LONG.encode(), name="f.csv", said=wide.reading)
    assert again.frame.equals(wide.frame)


def test_tags_one_after_the_other_give_the_same_table() -> None:
    by_tag = sorted(ROWS, key=lambda row: (row.split(",")[0] != "PUMP", row.split(",")[0]))
    by_tag = [row for row in by_tag if "PUMP" not in row or "06:04" not in row]
    wide = read("tag,time,value\n" + "\n".join(by_tag)).frame
    plain = read(LONG).frame
    for column in plain:
        kept = [k for k in range(30) if column != "PUMP" or k != 2]
        assert wide[column].iloc[kept].tolist() == plain[column].iloc[kept].tolist()
    assert wide["PUMP"].isna().sum() == 1


def test_repeated_and_bad_values_are_named() -> None:
    rows = [row + (",Bad" if k in (7, 30) else ",Good") for k, row in enumerate(ROWS)]
    rows.append("TI101,2023-01-09 06:00:00,99.5,Good")
    wide = read("tag,time,value,quality\n" + "\n".join(rows))
    remarks = {remark.fact: remark for remark in wide.remarks}
    assert remarks["bad quality"].lines == (9, 32) and "'Bad'" in remarks["bad quality"].what
    assert remarks["tag and time repeated"].lines == (92,) and wide.frame["TI101"].iloc[0] == 80
    assert np.isnan(wide.frame["PI102"].iloc[2]) and np.isnan(wide.frame["TI101"].iloc[10])
    assert wide.frame[["TI101", "PI102"]].isna().sum().sum() == 2


@pytest.mark.parametrize(
    "text",
    [
        "state,time,temp\n" + "\n".join(f"on,2023-01-09 06:{k:02d}:00,{k}" for k in range(50)),
        "time,x1,y\n" + "\n".join(f"2023-01-09 06:{k:02d}:00,{k},0" for k in range(50)),
        "machine,time,temp,trip\n"
        + "\n".join(f"m{k % 2},2023-01-09 06:{k // 2:02d}:00,{k},0" for k in range(50)),
    ],
)
def test_other_tables_are_not_asked_about(text: str) -> None:
    assert not read(text, None).questions
    with pytest.raises(TableError, match="no columns for tag, time and value"):
        read(text)


@pytest.mark.parametrize(
    ("header", "rest"),
    [
        ("TagName,DateTime,Value,QualityDetail", ",192"),
        ("VarName,TimeString,VarValue,Validity,Time_ms", ",1,44935250000"),
    ],
)
def test_quality_and_time_of_other_systems_are_known(header: str, rest: str) -> None:
    text = header + "\n" + "\n".join(row + rest for row in ROWS)
    assert [question.about for question in read(text, None).questions] == ["layout"]
    wide, plain = read(text).frame, read("tag,time,value\n" + "\n".join(ROWS)).frame
    assert list(wide.columns[1:]) == list(plain.columns[1:])
    np.testing.assert_array_equal(wide.iloc[:, 1:].to_numpy(), plain.iloc[:, 1:].to_numpy())
