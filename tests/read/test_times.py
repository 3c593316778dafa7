from datetime import datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rare_event.read.times import open_formats, order_change, parse_times, time_formats

MIDNIGHT = "1999-05-01 00:00"

TIMES = {
    "iso": (["1999-05-01 00:00", "1999-05-01 00:02"], None),
    "iso T, zone": (["1999-05-01T02:00:00+02:00", "1999-05-01T00:02:00Z"], None),
    "iso fraction": (["1999-05-01 00:00:00.000", "1999-05-01 00:00:00.250"], None),
    "iso date": (["1999-05-01", "1999-05-02"], None),
    "month first": (["5/1/99 0:00", "5/13/99 0:02"], "%m/%d/%y %H:%M"),
    "day first": (["1/5/1999 0:00", "13/5/1999 0:02"], "%d/%m/%Y %H:%M"),
    "month first by order": (["5/1/99 0:00", "5/2/99 0:00", "5/3/99 0:00"], "%m/%d/%y %H:%M"),
    "day first by order": (["1/5/99 0:00", "2/5/99 0:00", "3/5/99 0:00"], "%d/%m/%y %H:%M"),
    "day first by steps": (["01.05.1999 00:00", "02.05.1999 00:00", "12.05.1999 00:00"], "%d.%m.%Y %H:%M"),
    "one day": (["01.05.1999 00:00", "01.05.1999 00:01"], "%d.%m.%Y %H:%M"),
    "half day": (["5/1/1999 12:00:00 AM", "5/1/1999 12:01:00 PM"], "%m/%d/%Y %I:%M:%S %p"),
    "slashes": (["1999/05/01 00:00", "1999/05/13 00:00"], "%Y/%m/%d %H:%M"),
    "day with month by name": (["01-May-99 0:00", "2-may-99 00:01:30"], "%d-%b-%y %H:%M:%S"),
    "German month": (["1. Mai 1999 00:00", "13. Dezember 1999 00:00"], "%d. %b %Y %H:%M"),
    "month by name first": (["May 1, 1999 12:00 AM", "Dec 31, 1999 01:00 PM"], "%b %d, %Y %I:%M %p"),
    "comma fraction": (["1999-05-01 00:00:00,0", "1999-05-01 00:00:00,125"], "%Y-%m-%d %H:%M:%S,%f"),
    "zone by name": (
        ["1999-05-01 02:00 Europe/Berlin", "1999-05-01 02:01 Europe/Berlin"],
        "%Y-%m-%d %H:%M %Z",
    ),
    "zone in letters": (["01.05.1999 02:00 MESZ", "01.05.1999 01:01 CET"], "%d.%m.%Y %H:%M %Z"),
    "day alone at midnight": (["01.05.1999", "01.05.1999 00:15:00"], "%d.%m.%Y %H:%M:%S"),
    "second 60": (["30.04.1999 23:59:60", "01.05.1999 00:00:01"], "%d.%m.%Y %H:%M:%S"),
    "hour 24": (["30.04.1999 24:00", "01.05.1999 00:01"], "%d.%m.%Y %H:%M"),
    "year first, two digits": (["99-05-01 00:00", "99-05-02 00:00", "99-05-31 00:00"], "%y-%m-%d %H:%M"),
    "without marks": (["19990501 00:00", "19990501 00:01"], "%Y%m%d %H:%M"),
    "day of the week": (["Sat 01 May 1999 00:00", "Sun 02 May 1999 00:00"], "%d %b %Y %H:%M"),
    "as C writes it": (["Sat May  1 00:00:00 1999", "Thu May 13 00:02:00 1999"], "%b %d, %Y %H:%M:%S"),
    "zone before the year": (
        ["Sat May 1 02:00:00 CEST 1999", "Sun May 2 00:02:00 CEST 1999"],
        "%b %d, %Y %H:%M:%S %Z",
    ),
    "points in the clock": (["01.05.1999 00.00.00", "01.05.1999 00.02.00"], "%d.%m.%Y %H:%M:%S"),
    "as a database writes it": (
        ["01-MAY-99 12.00.00.000000 AM", "01-MAY-99 01.02.00.500000 PM"],
        "%d-%b-%y %I:%M:%S.%f %p",
    ),
    "without marks, zone": (["19990501T000000Z", "19990501T000200Z"], "%Y%m%d %H:%M:%S%z"),
    "h for hours": (["1/5/1999 00h00", "13/5/1999 00h02"], "%d/%m/%Y %H:%M"),
    "colon before milliseconds": (
        ["01.05.1999 00:00:00:000", "01.05.1999 00:00:00:250"],
        "%d.%m.%Y %H:%M:%S.%f",
    ),
    "log of a server": (["01/May/1999:00:00:00", "01/May/1999:00:02:00"], "%d/%b/%Y:%H:%M:%S"),
    "microseconds": ([925516800e6, 925516920e6], "epoch us"),
    "nanoseconds": ([925516800e9, 925516920e9], "epoch ns"),
    "epoch s": ([925516800, 925516920], "epoch s"),
    "epoch ms": ([925516800000.0, 925516920000.0], "epoch ms"),
}


def test_seconds_since_1904_are_no_times_of_this_centurys_end() -> None:
    seconds = pd.Series([3_756_866_400.0, 3_756_866_400.5], name="Time")
    assert time_formats(seconds) == ["seconds since 1904"]
    assert parse_times(seconds, "seconds since 1904")[1] == pd.Timestamp("2023-01-18 06:00:00.5")
    assert time_formats(seconds.rename("pressure")) == []


@pytest.mark.parametrize(("values", "expected"), TIMES.values(), ids=TIMES.keys())
@pytest.mark.filterwarnings("error")
def test_time_formats(values: list[object], expected: str | None) -> None:
    column = pd.Series(values)
    found = time_formats(column)[0]
    times = parse_times(column, found)
    if "Y/" in (expected or ""):
        assert found in (None, expected)  # whether pandas takes it for ISO is its affair
    else:
        assert found == expected
    assert times.dtype == "datetime64[ns]" and times.notna().all() and times.is_monotonic_increasing
    assert times[0] == pd.Timestamp(MIDNIGHT)


def test_numbers_called_a_time() -> None:
    before = pd.Series([-1577836800.0, -1577836680.0], name="time")
    assert parse_times(before, time_formats(before)[0])[1] == pd.Timestamp("1920-01-02 00:02")
    serial = pd.Series([43831.0, 43831.001389], name="Time")
    assert parse_times(serial, time_formats(serial)[0])[1] == pd.Timestamp("2020-01-01 00:02")
    compact = pd.Series([202301090600.0, 202301090602.0], name="time")
    assert parse_times(compact, time_formats(compact)[0])[1] == pd.Timestamp("2023-01-09 06:02")
    for name in ("x", "cycle_time"):  # a sensor may hold such numbers
        assert time_formats(serial.rename(name)) == time_formats(before.rename(name)) == []


def test_the_hour_that_comes_twice_is_told_by_the_order_of_rows() -> None:
    texts = pd.Series([f"2020-10-25 0{h}:{m} Europe/Berlin" for h in (1, 2, 2, 3) for m in ("00", "30")])
    times = parse_times(texts, time_formats(texts)[0])
    assert times.diff().dropna().eq(pd.Timedelta("30min")).all()
    alone = parse_times(texts.iloc[[0, 2, 6]], "%Y-%m-%d %H:%M %Z")
    assert alone.isna().tolist() == [False, True, False]  # nobody can tell which of the two it is
    assert parse_times(pd.Series(["2020-10-25 02:00 Mars/Base"]), "%Y-%m-%d %H:%M %Z").isna().all()


def test_orders_that_nothing_decides_are_open() -> None:
    one_day = pd.Series([f"5/1/2023 0{h}:00" for h in range(5)])
    assert open_formats(one_day, time_formats(one_day)) == ["%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M"]
    two_digits = pd.Series(["09/01/23 06:00", "09/01/23 06:01"])
    assert len(open_formats(two_digits, time_formats(two_digits))) == 3
    for texts in (
        ["5/1/2023 23:58", "5/2/2023 00:00", "5/2/2023 00:02"],  # a step of 2 minutes, or of a month
        ["5/1/2023 00:00", "5/13/2023 00:00"],
        ["05.01.2023 00:00", "05.01.2023 00:01"],
        ["2023-01-05 00:00", "2023-01-05 00:01"],
    ):
        column = pd.Series(texts)
        assert open_formats(column, time_formats(column)) in ([], time_formats(column)[:1])


DAY_FIRST, MONTH_FIRST = "%d/%m/%Y", "%m/%d/%Y"


@pytest.mark.parametrize(("step", "rows"), [("1min", 3000), ("15min", 700), ("1h", 700), ("1D", 200)])
@pytest.mark.parametrize("orders", [(DAY_FIRST, MONTH_FIRST), (MONTH_FIRST, DAY_FIRST)])
def test_day_and_month_that_change_places_half_way_are_noticed(
    step: str, rows: int, orders: tuple[str, str]
) -> None:
    clock = "" if step == "1D" else " %H:%M"
    for start in ("2024-02-05", "2024-07-11", "2024-11-28"):
        times = pd.date_range(start, periods=rows, freq=step)
        for row in (rows // 3, rows // 2, rows - 2):
            written = [times[:row].strftime(orders[0] + clock), times[row:].strftime(orders[1] + clock)]
            column = pd.Series(np.concatenate(written), name="time")
            # Of a day with the number of its month nobody can tell in which order it is written.
            expected = next((r for r in range(row, rows) if times[r].day != times[r].month), None)
            formats = time_formats(column)
            assert order_change(column, formats[0]) == expected
            if expected is not None:
                assert {text[:8] for text in open_formats(column, formats)} == {DAY_FIRST, MONTH_FIRST}
            newest_first = column[::-1].reset_index(drop=True)
            found = order_change(newest_first, time_formats(newest_first)[0])
            assert (found is None) == (expected is None)
        for order in orders:  # one order explains all: with a gap, with rows out of order, or with both
            whole = pd.Series(times.strftime(order + clock), name="time")
            for kept in (whole, whole.drop(range(9, rows // 2)), whole[50:], pd.concat([whole[50:], whole])):
                assert order_change(kept, time_formats(kept)[0]) is None


@given(
    st.lists(st.datetimes(pd.Timestamp("1970-01-01"), pd.Timestamp("2068-12-31")), min_size=1, max_size=20),
    st.sampled_from(
        ["%Y-%m-%d %H:%M:%S", "%d.%m.%Y %H:%M:%S.%f", "%m/%d/%y %H:%M", "%d-%b-%Y %H:%M:%S,%f"]
        + ["%d/%m/%y %I:%M:%S %p", "%Y%m%d %H:%M", "%d %b %Y, %H:%M", "%Y/%m/%dT%H:%M:%S"]
    ),
)
def test_times_are_read_as_pandas_reads_them_one_by_one(moments: list[datetime], time_format: str) -> None:
    texts = [moment.strftime(time_format) for moment in moments]
    expected = [pd.to_datetime(text, format=time_format) for text in texts]
    assert parse_times(pd.Series(texts), time_format).tolist() == expected


def test_no_times() -> None:
    for values in (["a", "b"], ["1.5", "2.5"], [1.0, 2.0], ["08:30", "08:31"], [np.nan, np.nan]):
        assert time_formats(pd.Series(values)) == []
    times = parse_times(pd.Series(["1999-05-01", "soon", None, "9999-01-01"]), None)
    assert times.isna().tolist() == [False, True, True, True]


@pytest.mark.parametrize("values", [[101520, 101521, 101522], [1999, 2000, 2001], [80.2, 81.5]])
def test_numbers_without_a_format_are_no_times(values) -> None:
    assert parse_times(pd.Series(values), None).isna().all()
    assert parse_times(pd.Series(["1999-05-01 00:00"]), None).notna().all()
