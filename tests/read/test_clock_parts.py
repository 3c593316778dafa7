import numpy as np
import pandas as pd
import pytest

from rare_event.prepare.corrections import Corrections
from rare_event.prepare.table import read_table
from rare_event.read.raw import read_raw
from rare_event.read.table import Reading
from tests.read.test_clock_columns import ROWS, facts, file, minutes

CALENDARS = {
    "English": ("Year", "Month", "Day", "Hour", "Minute", "Second"),
    "German": ("Jahr", "Monat", "Tag", "Stunde", "Minute"),
    "no minutes": ("YEAR", "MONTH", "DAY", "HOUR"),
    "days": ("year", "month", "day"),
}


def parts(names: tuple[str, ...], times: pd.DatetimeIndex) -> dict[str, list[str]]:
    of = (times.year, times.month, times.day, times.hour, times.minute, times.second)
    return {name: [str(value) for value in values] for name, values in zip(names, of, strict=False)}


@pytest.mark.parametrize(
    ("names", "step"), [*zip(CALENDARS.values(), ("7s", "2min", "1h", "1D"), strict=True)]
)
def test_year_month_day_and_so_on_become_one_time(names: tuple[str, ...], step: str) -> None:
    times = pd.date_range("2023-01-19", periods=ROWS, freq=step)
    data = file({"flow": [str(k * 0.5) for k in range(ROWS)]} | parts(names, times))
    table = read_table(data)
    assert table.schema.time == " ".join(names) and table.schema.sensors == ("flow", "x")
    np.testing.assert_array_equal(table.frame[table.schema.time], times)
    raw = read_raw(data, name="f")
    assert facts(raw) == ["date and time joined"] and raw.reading.time == names
    assert f"'{names[0]}', '{names[1]}'" in raw.remarks[0].what and "'2023-01-19" in raw.remarks[0].what
    again = read_table(data, said=Corrections(reading=Reading(time=names)))
    assert again.schema == table.schema


def test_parts_beside_a_whole_time_are_no_sensors() -> None:
    times = pd.date_range("2023-01-19", periods=ROWS, freq="2min")
    data = file(parts(CALENDARS["German"], times) | {"time": minutes("%Y-%m-%d %H:%M", "2023-01-19")})
    table = read_table(data)
    assert table.schema.time == "time" and table.schema.sensors == ("x",)


def test_numbers_out_of_range_are_no_parts() -> None:
    times = pd.date_range("2023-01-19", periods=ROWS, freq="2min")
    columns = parts(CALENDARS["German"], times)
    columns["Monat"][5] = "13"
    raw = read_raw(file(columns), name="f")
    assert "date and time joined" not in facts(raw) and "Monat" in raw.frame


def test_dates_and_times_of_day_without_signs_become_one_time() -> None:
    data = file({"DATE": minutes("%Y%m%d"), "TIME": minutes("%H%M%S")})
    table = read_table(data)
    assert table.schema.time == "DATE TIME" and facts(table) == ["date and time joined"]
    expected = pd.date_range("2023-01-09 23:40", periods=ROWS, freq="2min")
    np.testing.assert_array_equal(table.frame["DATE TIME"], expected)
    # 0 to 2359 may be hours and minutes, or minutes and seconds.
    short = read_raw(file({"DATE": minutes("%Y%m%d"), "TIME": minutes("%H%M")}), name="f")
    assert "date and time joined" not in facts(short) and "time not read" in facts(short)
