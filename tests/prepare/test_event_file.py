"""A second file of event times or intervals is the label: read right, asked about, or refused."""

import io
import json
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rare_event.errors import TableError
from rare_event.prepare.corrections import NO_CORRECTIONS, Corrections, OpenQuestion
from rare_event.prepare.table import Table, read_table
from rare_event.read.source import Files
from rare_event.read.table import Reading
from tests.naive import rows_of_events
from tests.prepare.examples import csv
from tests.read.test_containers import workbook

START = pd.Timestamp("2024-01-01")
# Two-minute rows, and an hour without rows after the first 50.
MINUTES = np.concatenate([np.arange(0, 100, 2), np.arange(160, 260, 2)])


def at(minutes: Any) -> pd.Series:
    return pd.Series(START + pd.to_timedelta(np.asarray(minutes, float), unit="min"))


def text(minutes: Any, form: str = "%Y-%m-%d %H:%M:%S") -> pd.Series:
    written: pd.Series = at(minutes).dt.strftime(form)
    return written


def rows(time: Any = None, **columns: Any) -> bytes:
    time = text(MINUTES) if time is None else time
    sensor = np.random.default_rng(0).normal(size=len(time))
    return csv(pd.DataFrame({"time": time, "s1": sensor, **columns}))


def labelled(events: bytes, data: bytes | None = None, said: Corrections = NO_CORRECTIONS) -> Table:
    files = Files((rows() if data is None else data,), ("data.csv",), events, "trips.csv")
    return read_table(files, said=said)


def marked(table: Table) -> list[int]:
    return [int(minute) for minute in MINUTES[table.label == 1]]


def said(**how: Any) -> Corrections:
    return Corrections(events=Reading(**how))


def test_random_events_mark_the_rows_that_a_slow_search_finds() -> None:
    rng = np.random.default_rng(0)
    starts = np.sort(rng.integers(-30, 300, 25))
    for length in (0, 7):
        ends = starts + rng.integers(0, length + 1, 25)
        columns = {"start": text(starts)} | ({"end": text(ends)} if length else {})
        table = labelled(csv(pd.DataFrame(columns)))
        wanted, lost = rows_of_events(MINUTES, starts, ends)
        assert marked(table) == MINUTES[sorted(wanted)].tolist()
        said_lost = {
            r.what.split(" and ")[0].split(" are ")[-1]: r for r in table.remarks if r.kind == "warning"
        }
        assert sum(r.count for r in said_lost.values()) == sum(map(bool, lost)) > 0
        assert table.schema.label == "event" and table.schema.sensors == ("s1",)


def test_newest_rows_first_give_the_same_rows() -> None:
    events = csv(pd.DataFrame({"when": text([10, 21])}))
    newest = labelled(events, rows(text(MINUTES[::-1])))
    assert MINUTES[::-1][newest.label == 1].tolist() == [22, 10] and marked(labelled(events)) == [10, 22]


LISTS = {
    "one column": b"when\n2024-01-01 00:10\n2024-01-01 00:21\n",
    "no header": b"2024-01-01 00:10\n2024-01-01 00:21\n",
    "one event twice": b"when\n2024-01-01 00:10\n2024-01-01 00:21\n2024-01-01 00:10\n",
    "reasons": b"when;reason\n01.01.2024 00:10;torn\n01.01.2024 00:21;worn\n",
    "month by name": b"when\nJan 1, 2024 00:10\nJan 1, 2024 00:21\n",
    "workbook": workbook(Log=[["when"], [datetime(2024, 1, 1, 0, 10)], [datetime(2024, 1, 1, 0, 21)]]),
    "utf-16": "when\n2024-01-01 00:10\n2024-01-01 00:21\n".encode("utf-16"),
    "digits alone": b"when,why\n20240101001000,a\n20240101002100,b\n",
    "date and time": b"Date,Time,who\n2024-01-01,00:10,a\n2024-01-01,00:21,b\n",
}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_of_times_is_read_in_the_ways_of_any_file(name: str) -> None:
    table = labelled(LISTS[name])
    assert marked(table) == [10, 22]
    first = next(r.what for r in table.remarks if r.fact == "events of a second file")
    assert ("repeats an earlier one: line 4" in first) == (name == "one event twice")
    assert not [r for r in table.remarks if r.kind != "note"]


def test_starts_and_ends_are_found_by_their_names_and_other_columns_named() -> None:
    frame = pd.DataFrame({"why": ["a", "b"], "EventStart": text([5, 200]), "EventEnd": text([11, 204])})
    table = labelled(csv(frame))
    assert marked(table) == [6, 8, 10, 200, 202, 204]
    assert "Other columns are not used: 'why'" in table.remarks[-1].what
    parquet = io.BytesIO()
    frame.assign(EventStart=at([5, 200]), EventEnd=at([11, 204])).to_parquet(parquet)
    assert marked(labelled(parquet.getvalue())) == marked(table)
    seconds = frame.assign(EventStart=[1704067500, 1704079200], EventEnd=[1704067860, 1704079440])
    data = rows(1704067200 + 60 * MINUTES)
    assert (labelled(csv(seconds), data).label == table.label).all()


def test_two_times_that_may_not_be_start_and_end_are_asked() -> None:
    events = csv(pd.DataFrame({"when": text([10, 20]), "reported": text([14, 30])}))
    with pytest.raises(OpenQuestion, match="2 time columns") as asked:
        labelled(events)
    (question,) = asked.value.questions
    assert question.option == "--events-time START END, or --events-time COLUMN"
    choices = {tuple(json.loads(choice.value)): choice for choice in question.choices}
    assert list(choices) == [("when", "reported"), ("when",), ("reported",)]
    answered = NO_CORRECTIONS.answer(question, choices["when",])
    assert marked(labelled(events, said=answered)) == [10, 20]
    assert marked(labelled(events, said=said(time=("when", "reported")))) == [10, 12, 14, *range(20, 31, 2)]
    with pytest.raises(TableError, match="no column 'z'"):
        labelled(events, said=said(time=("z",)))


@pytest.mark.parametrize(
    ("events", "words"),
    [
        (b"until,why\n2024-01-01 00:10,a\n", "1 time column: 'until'. Is it the time of an event"),
        (
            b"when,reported\n20240101001000,20240101002000\n",
            "2 time columns: 'when' and 'reported'. Which of them gives the time of an event",
        ),
    ],
)
def test_an_end_alone_or_two_numbers_that_are_times_are_asked(events: bytes, words: str) -> None:
    with pytest.raises(OpenQuestion, match=words):
        labelled(events)
    counted = b"when,pieces\n2024-01-01 00:10,30211\n2024-01-01 00:21,30318\n"
    assert marked(labelled(counted)) == [10, 22]


def test_day_and_month_of_events_are_asked_even_if_the_steps_are_even() -> None:
    days = np.arange(0, 400 * 1440, 60)
    data = rows(text(days))
    dates = pd.Series(["01/02/2024 05:00", "01/03/2024 05:00", "01/04/2024 05:00"])
    events = csv(pd.DataFrame({"when": dates}))
    with pytest.raises(OpenQuestion, match="order are day, month and year") as asked:
        labelled(events, data)
    (question,) = asked.value.questions
    assert (
        "--events-time-format '%d/%m/%Y %H:%M'" in question.option and "--time-format" not in question.option
    )
    times = {}
    for choice in question.choices:
        table = labelled(events, data, NO_CORRECTIONS.answer(question, choice))
        assert table.time is not None
        times[choice.value] = table.time[table.label == 1]
    for form in times:
        assert (times[form] == pd.to_datetime(dates, format=form).to_numpy()).all()
    assert len(times) == 2
    # The end of one event tells the order of all.
    ends = csv(
        pd.DataFrame({"start": dates, "end": ["01/02/2024 05:00", "01/03/2024 05:00", "13/04/2024 05:00"]})
    )
    assert labelled(ends, data).label.sum() == 2 + 12 * 24 + 1


def test_events_that_mark_no_row_are_named_with_their_lines() -> None:
    table = labelled(csv(pd.DataFrame({"when": text([-500, 10, 120, 9_000])})))
    assert marked(table) == [10]
    outside, stopped = [r for r in table.remarks if r.fact == "events without a row"]
    assert outside.count == 2 and "lines 2 and 5" in outside.what and "2024-01-01 04:18" in outside.what
    assert stopped.count == 1 and "line 4" in stopped.what and stopped.lines == ("4 of trips.csv",)
    assert {outside.kind, stopped.kind} == {"warning"}


def test_no_event_in_the_data_is_refused_with_the_times_of_both() -> None:
    with pytest.raises(TableError, match="No event of trips.csv marks a row of data.csv") as refused:
        labelled(b"when,why\n2025-03-01 10:00,a\n2024-01-01 02:00,b\n")
    for words in (
        "2024-01-01 00:00 to 2024-01-01 04:18",
        "2024-01-01 02:00 to 2025-03-01 10:00",
        "1 event is in a stop",
    ):
        assert words in str(refused.value)


@pytest.mark.parametrize(
    ("events", "words"),
    [
        (b"", "is empty"),
        (b"when,why\n", "no rows"),
        (b"why,who\nbroken,a\ntorn,b\n", "no readable time column.*'why' and 'who'"),
        (b"when\nyesterday\n", "no readable time column"),
        (b"time,why\n2024-01-01 00:10,a\nyesterday,b\n", "'time' holds 'yesterday' in line 3"),
        (b"start,end\n2024-01-01 00:10,2024-01-01 00:12\n2024-01-01 00:20,\n", "'end' is empty in line 3"),
        (b"start,end\n2024-01-01 00:10,2024-01-01 00:12\n2024-13-01 00:20,2024-01-01 00:30\n", "in line 3"),
        (b"start,end\n2024-01-01 00:10,2024-01-01 00:04\n", "line 2, would end before it starts"),
        (b"start,end\n2024-01-01 00:10,2024-01-02\n", "without a time of day"),
        (b"Start Date,Start Time,End Date,End Time\n2024-01-01,00:10,2024-01-01,00:20\n", "time"),
        (
            b"when,state\n2024-01-01 00:10,broken\n2024-01-01 00:20,normal\n",
            "not every line seems to be an event",
        ),
        (b"when,trip\n2024-01-01 00:10,0\n2024-01-01 00:20,1\n", "not every line seems to be an event"),
        (
            b"when,state\n2024-01-01,a1\n2024-01-02,a2\n2024-01-03,a3\n2024-01-04,broken\n2024-01-05,normal\n",
            "'state' holds 'broken' and 'normal', so not every line",
        ),
        (b"when,what\n2024-01-01 00:10,Start\n2024-01-01 00:20,End\n", "'Start' and 'End'.*takes two lines"),
        (b"a,b,c,d,e,f,g\n1,2,3,4,5,6,7\n", "its columns are 'a', 'b', 'c', 'd', 'e', 'f' and 'g'"),
        (b"when\n2024-01-01 00:10+01:00\n2024-01-01 00:20\n", "a time without a zone"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00" * 9, "picture"),
    ],
)
def test_a_file_of_events_that_cannot_be_understood_is_refused(events: bytes, words: str) -> None:
    with pytest.raises(TableError, match=words):
        labelled(events)


ZONED = {
    "text": csv(pd.DataFrame({"time": text(MINUTES) + "+01:00", "s1": MINUTES % 7 / 3})),
    "epoch": csv(pd.DataFrame({"time": 1704067200 + 60 * MINUTES, "s1": MINUTES % 7 / 3})),
}
PARQUET = io.BytesIO()
pd.DataFrame({"time": at(MINUTES).dt.tz_localize("Europe/Berlin"), "s1": MINUTES % 7 / 3}).to_parquet(PARQUET)
ZONED["parquet"] = PARQUET.getvalue()


@pytest.mark.parametrize("name", ZONED)
def test_times_of_which_only_some_have_a_zone_are_refused_and_never_shifted(name: str) -> None:
    local, zoned = csv(pd.DataFrame({"when": text([10])})), csv(pd.DataFrame({"when": text([10]) + "+01:00"}))
    with pytest.raises(TableError, match="a time zone or are in UTC, but those of trips.csv have no zone"):
        labelled(local, ZONED[name])
    with pytest.raises(TableError, match="The times of trips.csv have a time zone"):
        labelled(zoned)
    event = csv(pd.DataFrame({"when": text([10]) + "Z"})) if name == "epoch" else zoned
    assert marked(labelled(event, ZONED[name])) == [10]
    both = Files((ZONED[name], rows(text(MINUTES))), ("A.csv", "B.csv"), local, "trips.csv")
    with pytest.raises(TableError, match="zone"):
        read_table(both)


def test_an_event_in_the_hour_that_occurs_twice_is_refused() -> None:
    clock = np.concatenate([np.arange(0, 180, 2), np.arange(120, 300, 2)])
    with pytest.raises(
        TableError, match="one hour occurs twice, and an event begins or ends in it \\(line 3\\)"
    ):
        labelled(csv(pd.DataFrame({"when": text([20, 150])})), rows(text(clock)))
    table = labelled(csv(pd.DataFrame({"when": text([20, 250])})), rows(text(clock)))
    assert clock[table.label == 1].tolist() == [20, 250]


def test_a_column_named_like_a_label_is_no_sensor_and_is_named() -> None:
    data = rows(trip=np.arange(100) % 10 == 3, event=np.arange(100) % 2)
    table = labelled(csv(pd.DataFrame({"when": text([10])})), data)
    assert table.schema.label == "event of trips.csv" and marked(table) == [10]
    assert table.schema.sensors == ("s1",) and {"trip", "event"} <= set(table.schema.ignored)
    assert "'trip' and 'event' are named like labels and are not used" in table.remarks[-1].what
    plain = labelled(csv(pd.DataFrame({"when": text([10])})))
    assert not [r for r in plain.remarks if r.fact == "label not used"]


def test_events_of_several_machines_mark_the_rows_of_theirs_only() -> None:
    data = rows(pd.concat([text(MINUTES)] * 2), machine=np.repeat(["A", "B"], 100))
    events = pd.DataFrame({"when": text([10, 31, 50]), "machine": ["B", "A", "C"]})
    machines = Corrections(Reading(layout="wide"), assets="machine")
    table = labelled(csv(events), data, machines)
    assert np.flatnonzero(table.label).tolist() == [16, 100 + 5]
    assert "1 event of trips.csv is on a machine that is not in the data" in table.remarks[-1].what
    with pytest.raises(TableError, match="does not say which machine each event"):
        labelled(csv(events[["when"]]), data, machines)
    with pytest.raises(TableError, match="same time zone, and name the machines alike"):
        labelled(csv(events.assign(machine="press")), data, machines)
    with pytest.raises(TableError, match=r"same time zone\.$"):
        labelled(csv(events.assign(when=text([9_000] * 3), machine="A")), data, machines)


def test_several_files_and_one_of_events() -> None:
    parts = rows(text(MINUTES[:60])), rows(text(MINUTES[60:]))
    events = csv(pd.DataFrame({"when": text([10, 250])}))
    table = read_table(Files(parts, ("A.csv", "B.csv"), events, "trips.csv"))
    assert marked(table) == [10, 250] and table.name == "A.csv, B.csv with trips.csv"


def test_corrections_of_a_file_of_events_need_that_file() -> None:
    with pytest.raises(TableError, match="file of events, which is missing"):
        read_table(rows(y=np.arange(100) % 10 == 3), said=said())


def test_data_without_times_cannot_take_events() -> None:
    with pytest.raises(TableError, match="data.csv has no readable time column"):
        labelled(
            b"when\n2024-01-01 00:10\n", csv(pd.DataFrame({"s1": [1.5, 2.5, 3.5], "s2": [0.1, 0.2, 0.4]}))
        )
