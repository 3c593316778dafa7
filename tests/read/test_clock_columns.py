import numpy as np
import pandas as pd
import pytest

from rare_event.errors import TableError
from rare_event.prepare.corrections import Corrections, OpenQuestion
from rare_event.prepare.table import Table, read_table
from rare_event.read.raw import read_raw
from rare_event.read.table import RawTable, Reading

ROWS = 40


def file(columns: dict[str, list[str]], separator: str = ";") -> bytes:
    """Write a file of columns of times, with a label and a sensor."""
    rest = {"y": [str(i % 20 // 19) for i in range(ROWS)], "x": [f"{i * i % 7 + 0.25}" for i in range(ROWS)]}
    return pd.DataFrame(columns | rest).to_csv(index=False, sep=separator).encode()


def minutes(time_format: str, start: str = "2023-01-09 23:40", step: str = "2min") -> list[str]:
    return list(pd.date_range(start, periods=ROWS, freq=step).strftime(time_format))


def steps(table: Table) -> set[int]:
    assert table.time is not None
    return set((np.diff(table.time) / np.timedelta64(1, "s")).astype(int).tolist())


def facts(table: Table | RawTable) -> list[str]:
    return [remark.fact for remark in table.remarks]


@pytest.mark.parametrize("names", [("Date", "Time"), ("date", "clock"), ("Datum", "Uhrzeit")])
def test_date_and_time_of_day_become_one_time(names: tuple[str, str]) -> None:
    data = file({names[0]: minutes("%d/%m/%Y"), names[1]: minutes("%H:%M:%S")})
    table = read_table(data)
    joined = " ".join(names)
    assert table.schema.time == joined and not set(names) & {c for c, _ in table.schema.roles()}
    assert steps(table) == {120}
    raw = read_raw(data, name="f")
    assert raw.reading.time == names and facts(raw) == ["date and time joined"]
    assert raw.frame.columns[0] == joined
    again = read_table(data, said=Corrections(reading=Reading(time=names)))
    assert again.schema == table.schema and steps(again) == {120}


def test_a_column_with_both_needs_no_joining() -> None:
    columns = {
        "Date": minutes("%Y-%m-%d"),
        "Time": minutes("%H:%M:%S"),
        "stamp": minutes("%Y-%m-%d %H:%M:%S"),
    }
    table = read_table(file(columns))
    assert steps(table) == {120}
    assert table.schema.sensors == ("x",) and "date and time joined" not in facts(table)


def test_the_day_alone_is_midnight() -> None:
    times = [text.removesuffix(" 00:00:00") for text in minutes("%d.%m.%Y %H:%M:%S")]
    table = read_table(file({"t": times}))
    assert steps(table) == {120}
    (remark,) = table.remarks
    assert (remark.fact, remark.count, remark.lines) == ("dates without clock", 1, (12,))


def test_a_time_with_60_seconds_is_the_next_second() -> None:
    times = minutes("%Y-%m-%d %H:%M:%S")
    times[3] = "2023-01-09 23:45:60"
    table = read_table(file({"time": times}))
    assert table.frame["time"][3] == pd.Timestamp("2023-01-09 23:46") and facts(table) == ["second 60"]


def test_the_first_of_two_times_is_the_time() -> None:
    columns = {"tBeg": minutes("%d-%b-%y %H:%M:%S"), "tEnd": minutes("%d-%b-%y %H:%M:%S", "2023-01-09 23:42")}
    table = read_table(file(columns))
    assert table.schema.time == "tBeg" and table.schema.ignored == ("tEnd",)
    (remark,) = table.remarks
    assert "'tEnd' also holds times and is not used" in remark.what


def test_minutes_of_a_spreadsheet_are_no_time() -> None:
    table = read_table(file({"Time": minutes("%M:%S.0")}))
    assert table.schema.time is None and "Time" in table.schema.ignored
    assert facts(table) == ["times cut to minutes"] and table.time_unit.reason


def test_seconds_cut_off_are_said() -> None:
    table = read_table(file({"time": minutes("%Y-%m-%d %H:%M", step="10s")}))
    (remark,) = table.remarks
    assert remark.fact == "seconds cut off" and remark.count == 33
    assert "seconds cut off" not in facts(read_table(file({"time": minutes("%Y-%m-%d %H:%M")})))


def test_times_rounded_by_a_spreadsheet_are_said() -> None:
    times = pd.date_range("2023-01-09 06:00", periods=ROWS, freq="2min")
    exact = [str(int(time.timestamp() * 1000)) for time in times]
    table = read_table(file({"time": [f"{float(text):.5E}" for text in exact]}))
    (remark,) = table.remarks
    assert remark.fact == "times rounded" and "too few digits" in remark.what and "1.67324E+12" in remark.what
    assert facts(read_table(file({"time": exact}))) == []


def test_numbers_called_a_time_are_no_sensor() -> None:
    table = read_table(file({"time": [str(i) for i in range(ROWS)], "cycle_time": ["1.5", "2.25"] * 20}))
    assert table.schema.time is None and table.schema.ignored == ("time",)
    assert "cycle_time" in table.schema.sensors and facts(table) == ["time not read"]


def test_day_or_month_first_is_asked_where_nothing_tells() -> None:
    data = file({"time": minutes("%d/%m/%Y %H:%M", "2023-01-09 06:00")})
    with pytest.raises(OpenQuestion, match=r"three|two|2 ways") as caught:
        read_table(data)
    (question,) = caught.value.questions
    assert question.about == "time_format" and "'09/01/2023 06:00' in line 2" in question.what
    assert {choice.example for choice in question.choices} == {
        "09 January 2023 06:00:00",
        "01 September 2023 06:00:00",
    }
    for choice in question.choices:
        table = read_table(data, said=Corrections().answer(question, choice))
        assert f"{table.frame['time'][0]:%d %B %Y %H:%M:%S}" == choice.example
    # Roles that name the format, and a column that is not used, leave nothing open.
    assert table.schema.time_format == question.choices[-1].value
    np.testing.assert_array_equal(read_table(data, schema=table.schema).frame["time"], table.frame["time"])
    assert read_table(data, said=Corrections(ignore=("time",))).schema.time is None
    # Over midnight the steps tell.
    assert read_table(file({"time": minutes("%d/%m/%Y %H:%M")})).schema.time_format == "%d/%m/%Y %H:%M"


@pytest.mark.parametrize("text", ["1678-01-01 00:00:00", "soon"])
def test_one_time_that_cannot_be_read_is_named_with_its_remedies(text: str) -> None:
    times = minutes("%Y-%m-%d %H:%M:%S")
    times[5] = text
    with pytest.raises(TableError, match=f"'{text}' in line 7.*1890 to 2150.*ignore the column") as caught:
        read_table(file({"time": times}))
    assert "--ignore time" in caught.value.on_command_line and "--" not in str(caught.value)
    table = read_table(file({"time": times}), said=Corrections(ignore=("time",)))
    assert table.schema.time is None and table.n_rows == ROWS


@pytest.mark.parametrize("day", ["30.12.1899 {}", "1899-12-30 {}", "1900-01-00 {}"])
def test_times_of_day_with_the_first_day_of_a_spreadsheet_are_joined_to_their_dates(day: str) -> None:
    clocks = [day.format(text) for text in minutes("%H:%M:%S")]
    clocks = [text.removesuffix(" 00:00:00") for text in clocks]
    columns = {"Datum": minutes("%d.%m.%Y 00:00:00"), "Uhrzeit": clocks}
    table = read_table(file(columns))
    expected = read_table(file({"time": minutes("%d.%m.%Y %H:%M:%S")}))
    assert table.schema.time == "Datum Uhrzeit"
    np.testing.assert_array_equal(table.frame["Datum Uhrzeit"], expected.frame["time"])
    alone = read_table(file({"time": minutes("%d.%m.%Y 00:00:00")}))
    assert alone.schema.time == "time" and "joined" not in str(alone.remarks)


def test_a_change_of_day_and_month_is_asked_with_its_line() -> None:
    times = (
        minutes("%d/%m/%Y %H:%M", "2024-02-05 11:20")[:20]
        + minutes("%m/%d/%Y %H:%M", "2024-02-05 11:20")[20:]
    )
    data = file({"time": times})
    with pytest.raises(OpenQuestion) as refused:
        read_table(data)
    (question,) = refused.value.questions
    assert "'05/02/2024 11:58' in line 21, then '02/05/2024 12:00' in line 22" in question.what
    assert "--time-format '%d/%m/%Y %H:%M'" in question.option
    said = Corrections(reading=Reading(time_format="%d/%m/%Y %H:%M"))
    assert read_table(data, said=said).schema.time_format == "%d/%m/%Y %H:%M"
    assert not read_raw(file({"time": minutes("%d/%m/%Y %H:%M", "2024-02-15 11:20")}), name="f").questions


@pytest.mark.parametrize(
    ("first", "examples"),
    [
        # Day 13 to 19, then month first: no time is read in both orders.
        (
            "2023-01-13",
            ["'13/01/2023' in line 2 → 13 January 2023", "'01/20/2023' in line 9 → 20 January 2023"],
        ),
        # The first of February, month first, is the first that both orders read.
        (
            "2023-01-26",
            ["'02/01/2023' in line 8 → 02 January 2023", "'02/01/2023' in line 8 → 01 February 2023"],
        ),
    ],
)
def test_a_change_of_the_order_of_day_and_month_is_asked_with_times_that_can_be_read(
    first: str, examples: list[str]
) -> None:
    days = pd.date_range(first, periods=14)
    cut = 7 if first.endswith("13") else 6
    texts = [*days[:cut].strftime("%d/%m/%Y"), *days[cut:].strftime("%m/%d/%Y")]
    rows = "".join(f"{text},{k % 3 + 0.5},{int(k == 9)}\n" for k, text in enumerate(texts))
    raw = read_raw(f"day,x,y\n{rows}".encode(), name="f")
    (question,) = [question for question in raw.questions if question.about == "time_format"]
    assert f"'{texts[cut - 1]}' in line {cut + 1}, then '{texts[cut]}' in line {cut + 2}" in question.what
    found = {choice.words: choice.example for choice in question.choices}
    assert len(found) == 2
    for order, wanted in zip(("day, month, year", "month, day, year"), examples, strict=True):
        assert found[order].startswith(wanted)
