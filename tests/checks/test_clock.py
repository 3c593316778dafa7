"""Checks of the times: several machines, clocks set back, gaps and uneven steps."""

import numpy as np
import pandas as pd
import pytest

from rare_event.checks.check import check, outcomes
from rare_event.checks.findings import Finding
from rare_event.prepare.schema import Schema
from tests.prepare.examples import frame, raw_of, table_of


def of_code(data: pd.DataFrame, code: str) -> list[Finding]:
    return [f for f in check(table_of(raw_of(data))) if f.code == code]


def machines(n: int = 120, number: int = 3) -> pd.DataFrame:
    parts = [frame(n, machineID=k + 1, x1=np.random.default_rng(k).normal(size=n)) for k in range(number)]
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize("order", ["one below the other", "by time", "newest first"])
def test_several_machines_are_named_by_their_column_and_nothing_mixes_them(order: str) -> None:
    data = machines()
    if order != "one below the other":
        data = data.sort_values("time", kind="stable", ascending=order == "by time", ignore_index=True)
    findings = check(table_of(raw_of(data)))
    (finding,) = [f for f in findings if f.code == "RE104"]
    assert finding.grade == "problem" and "'machineID' seems to name 3 machines" in finding.what
    assert "give 'machineID' the role “asset”" in finding.fix
    assert "--" not in finding.fix
    assert not [f for f in findings if f.action in ("sort-time", "drop-rows")]
    assert not [f for f in findings if "one row for each time" in f.fix]
    schema = Schema("y", "time", ("x1",), asset="machineID")
    if order != "newest first":
        assert check(table_of(raw_of(data), schema)) == []


def test_a_machine_that_repeats_its_own_times_is_told_apart_from_several() -> None:
    data = machines(number=2)
    data["time"] = data["time"].mask(data.index.isin([6, 7]), data["time"][5])
    table = table_of(raw_of(data), Schema("y", "time", ("x1",), asset="machineID"))
    (finding,) = check(table)
    assert finding.code == "RE105" and "2 of 240 rows repeat" in finding.what and finding.action is None


def test_the_hour_that_occurs_twice_is_named_with_its_day_and_never_sorted() -> None:
    start = pd.Timestamp("2023-10-28 20:00")
    minutes = 10 * np.arange(100)
    local = start + pd.to_timedelta(minutes - 60 * (minutes >= 420), "min")
    data = frame(time=local.strftime("%Y-%m-%d %H:%M"))
    raw = raw_of(data)
    (finding,) = check(table_of(raw))
    assert (finding.code, finding.grade, finding.action) == ("RE103", "warning", None)
    assert "occurs twice on 2023-10-29" in finding.what
    assert table_of(raw).n_rows == 100, "no row is lost"


def test_the_longest_gap_without_an_event_is_named_with_its_time_and_line() -> None:
    data = frame(400)
    minute = np.arange(400) + 90 * (np.arange(400) > 200) + 700 * (np.arange(400) > 300)
    minute = minute + 999 * (np.arange(400) > 80)  # right after the event in row 80
    data["time"] = (pd.Timestamp("2020-01-01") + pd.to_timedelta(minute, "min")).strftime("%Y-%m-%d %H:%M")
    (finding,) = of_code(data, "RE106")
    assert finding.grade == "note" and "2 gaps follow no event" in finding.what
    assert "1000" not in finding.what and "1,000" not in finding.what
    assert "701 minutes" in finding.what and "(line 302)" in finding.what
    assert of_code(frame(400), "RE106") == []
    # Without a label nothing is said of events.
    unlabelled = Schema(None, "time", ("x1",), ignored=("y",))
    (finding,) = [f for f in check(table_of(raw_of(data), unlabelled)) if f.code == "RE106"]
    assert finding.what.startswith("3 gaps were found; the longest lasts") and "event" not in finding.what


def test_uneven_steps_are_described() -> None:
    rng = np.random.default_rng(0)
    seconds = np.cumsum(rng.integers(40, 90, 300))
    data = frame(300, time=pd.Timestamp("2020-01-01") + pd.to_timedelta(seconds, "s"))
    (finding,) = of_code(data, "RE107")
    assert "40 seconds" in finding.what and finding.grade == "note"
    assert of_code(frame(300), "RE107") == []


def test_without_a_clock_no_check_of_time_says_that_it_passed() -> None:
    listed = {o.code: o for o in outcomes(table_of(raw_of(frame().drop(columns="time"))))}
    codes = ("RE101", "RE102", "RE103", "RE104", "RE105", "RE106", "RE107", "RE108")
    assert {listed[code].result for code in codes} == {"not applicable"}
    assert listed["RE109"].result == "note"


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("Z", "Its times are in UTC."),
        ("+02:00", "Its times have the time zone +02:00 and were converted to UTC."),
    ],
)
def test_a_zone_is_named_where_it_is_another_than_utc(zone: str, words: str) -> None:
    data = frame()
    (finding,) = of_code(data.assign(time=data["time"] + zone), "RE108")
    assert finding.what == words
