"""Lists of alarms as control systems, charts and people write them."""

import json

import numpy as np
import pandas as pd
import pytest

from rare_event.errors import TableError
from rare_event.prepare.alarm_file import answered, read_alarms
from rare_event.prepare.corrections import OpenQuestion
from rare_event.read.table import AS_FOUND, Reading


def read(text: str, said: Reading = AS_FOUND):
    return read_alarms(text.encode(), "dcs.csv", said)


def times(*texts: str) -> list[np.datetime64]:
    return [np.datetime64(text, "ns") for text in texts]


def test_starts_ends_and_names() -> None:
    alarms = read("raised,cleared,tag\n2024-01-01 00:02,2024-01-01 00:10,PT12 HH\n2024-01-01 01:00,,\n")
    assert alarms.listed.starts.tolist() == [
        t.astype(int) for t in times("2024-01-01T00:02", "2024-01-01T01:00")
    ]
    # The second has no end: it is its start.
    assert (alarms.listed.ends == times("2024-01-01T00:10", "2024-01-01T01:00")).all()
    assert alarms.names == ("PT12 HH", "") and alarms.open_ended == 1 and not alarms.by_row
    assert alarms.listed.frame.index.tolist() == [2, 3] and len(alarms) == 2


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-01 00:02\n2024-01-01 01:00\n",
        "time\n2024-01-01 01:00\n2024-01-01 00:02\n",
        "Begin;Text\n01.01.2024 00:02;zu hoch\n01.01.2024 01:00;zu hoch\n31.01.2024 01:00;x\n",
        "StartTime,value\n2024-01-01T00:02:00,3\n2024-01-01T01:00:00,4\n",
    ],
)
def test_moments_in_many_forms(text) -> None:
    alarms = read(text)
    assert set(times("2024-01-01T00:02", "2024-01-01T01:00")) <= set(alarms.listed.starts)
    assert (alarms.listed.starts == alarms.listed.ends).all() and not alarms.open_ended


def test_row_numbers_where_there_is_no_clock() -> None:
    alarms = read("start_row,end_row,source\n3,5,SPC\n10,,SPC\n")
    assert alarms.by_row and alarms.names == ("SPC", "SPC") and alarms.open_ended == 1
    assert alarms.listed.starts.tolist() == [3, 10] and alarms.listed.ends.tolist() == [5, 10]
    assert read("row\n7\n7\n").listed.starts.tolist() == [7, 7]
    said = Reading(time=("from row", "to row"))
    assert read("row of the log,from row,to row\n1,3,5\n", said).listed.ends.tolist() == [5]
    # Times go before numbers of rows.
    assert not read("row,time\n3,2024-01-01 00:02\n").by_row


@pytest.mark.parametrize(
    "text",
    [
        "start,end\n",
        "start,end",
        "Begin;Text\n",
        "time\n",
        "start_row,end_row,source\n",
        "row",
        "# dcs\ntime,tag\n\n",
    ],
)
def test_a_header_alone_is_the_list_of_a_system_that_never_rang(text) -> None:
    alarms = read(text)
    assert len(alarms) == 0 == len(alarms.listed.ends) and alarms.names == () and not alarms.open_ended
    assert len(read("2024-01-01 00:02,x\n")) == len(read("2024-01-01 00:02\n")) == 1, "a line of data is one"


def test_a_header_alone_with_a_column_named_by_the_analyst() -> None:
    assert len(read("raised at,no\n", Reading(time=("no",)))) == 0
    with pytest.raises(TableError, match="has no rows of data"):
        read("raised at,no\n", Reading(time=("nothing",)))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("foo,bar\n", "has no rows of data"),
        ("row,5\n", "has no rows of data"),
        ("start,end\nfoo,bar\n", "holds 'foo' in line 2"),
        ("tag\nHH\nLL\n", "has no readable time column"),
        (
            "start,end\n2024-01-02 00:00,2024-01-01 00:00\n",
            "1 alarm of dcs.csv, in line 2, would end before it",
        ),
        ("start,end\n2024-01-02 00:00,2024-01-03 00:00\n,2024-01-01 00:00\n", "'start' is empty in line 3"),
        ("start,end\n2024-01-02 00:00,2024-01-03 00:00\n2024-01-02 00:00,later\n", "'later' in line 3"),
        ("time,state\n2024-01-02 00:00,ALM\n2024-01-02 00:10,RTN\n", "each alarm takes two lines"),
        (
            "time,state\n2024-01-02 00:00,Fault\n2024-01-02 00:10,Normal\n",
            "not every line seems to be an alarm",
        ),
        ("time\n2024-01-02 00:00+01:00\n2024-01-02 00:10\n", "Write all times with their zone"),
        ("start,end\n2024-01-02 00:00Z,2024-01-02 00:10\n", "has a time zone"),
        ("row\n1.5\n", "'1.5' in line 2, where the number of a row is expected"),
        ("start_row,end_row\n5,3\n", "the alarm in line 2 would end before it starts"),
        ("first_row,row,last_row\n1,2,3\n", "3 columns of row numbers"),
        ("row\n1\n\n,\n", "expected"),
    ],
)
def test_a_list_that_cannot_be_used_is_a_sentence(text, words) -> None:
    with pytest.raises(TableError) as refused:
        read(text)
    assert words in str(refused.value) and "event" not in str(refused.value)


def test_an_open_order_of_day_and_month_is_asked_and_answered() -> None:
    text = "start,tag\n03/02/2024 06:00,a\n05/04/2024 06:00,b\n"
    with pytest.raises(OpenQuestion) as asked:
        read(text)
    (question,) = asked.value.questions
    assert question.about == "alarms.time_format" and "--alarms-time-format" in question.option
    assert "--events" not in question.option
    firsts = {
        read(text, answered(AS_FOUND, question, choice)).listed.starts[0] for choice in question.choices
    }
    assert firsts == set(times("2024-02-03T06", "2024-03-02T06"))


def test_two_columns_of_times_are_asked_for() -> None:
    text = "logged,happened,tag\n2024-01-01 00:05,2024-01-01 00:00,x\n2024-01-01 02:05,2024-01-01 02:00,y\n"
    with pytest.raises(OpenQuestion) as asked:
        read(text)
    (question,) = asked.value.questions
    assert "Which of them gives the time of an alarm?" in question.what
    happened = next(c for c in question.choices if json.loads(c.value) == ["happened"])
    alarms = read(text, answered(AS_FOUND, question, happened))
    assert pd.Timestamp(alarms.listed.starts[0]) == pd.Timestamp("2024-01-01")
