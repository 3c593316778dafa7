"""In which rows alarms stand, against a walk through every row."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rare_event.config import SensorRule
from rare_event.errors import TableError
from rare_event.prepare.alarm_file import read_alarms
from rare_event.prepare.alarm_rows import alarm_rows, rule_rows, sensor_column
from rare_event.prepare.alarm_scores import read_scores
from rare_event.prepare.corrections import Corrections
from rare_event.prepare.table import Table, read_table
from rare_event.read.table import AS_FOUND
from tests import naive

START = pd.Timestamp("2024-01-01")


def table_of(frame: pd.DataFrame) -> Table:
    return read_table(frame.to_csv(index=False).encode(), name="mill.csv")


def plant(minutes, label=None, **columns) -> Table:
    n = len(minutes)
    label = [0] * (n - 1) + [1] if label is None else label
    frame = pd.DataFrame({"time": START + pd.to_timedelta(minutes, unit="min"), "y": label})
    columns = columns or {"s": np.linspace(0.5, 2.5, n).round(3)}
    return table_of(frame.assign(**columns))


def list_of(*alarms: tuple[float, float]) -> bytes:
    rows = [[START + pd.Timedelta(minutes=m) for m in alarm] for alarm in alarms]
    frame = pd.DataFrame(rows, columns=["start", "end"])
    return frame.to_csv(index=False, date_format="%Y-%m-%d %H:%M:%S").encode()


def test_by_hand() -> None:
    # Rows at 0, 2, 4, 6, 8, a stop of an hour, 70, 72.
    table = plant([0, 2, 4, 6, 8, 70, 72])
    alarms = read_alarms(
        list_of((3, 3), (4, 6), (5, 5.5), (20, 30), (20, 71), (-9, -5), (99, 99), (-9, 0), (4, 6)), "dcs.csv"
    )
    found = alarm_rows(table, alarms)
    stands = [table.clock[found.order[a:b]].tolist() for a, b in zip(found.first, found.after, strict=True)]
    # A moment is heard in the next row; what begins in a stop and lasts is heard at the restart.
    assert stands == [[4], [4, 6], [6], [], [70], [], [], [0], [4, 6]]
    assert table.clock[found.alarmed].tolist() == [0, 4, 6, 70]
    assert found.alarm.tolist() == [7, -1, 0, 1, -1, 4, -1]
    assert np.flatnonzero(found.outside).tolist() == [5, 6] and np.flatnonzero(found.stopped).tolist() == [3]
    assert np.flatnonzero(found.repeated).tolist() == [8] and not found.elsewhere.any()
    heard = found.stands_in(table.clock >= 6)
    assert heard.tolist() == [False, True, True, False, True, False, False, False, True]


SPANS = st.lists(st.tuples(st.integers(-10, 90), st.integers(0, 40)), min_size=1, max_size=12)


@settings(max_examples=50)
@given(st.integers(0, 10_000), SPANS)
def test_as_an_operator_would_mark_them(seed, listed) -> None:
    rng = np.random.default_rng(seed)
    clock = np.cumsum(rng.choice([2, 2, 2, 3, 20], size=20)).astype(float)
    table = plant(clock)
    clock = clock.tolist()
    starts, ends = [a for a, _ in listed], [a + b for a, b in listed]
    found = alarm_rows(table, read_alarms(list_of(*zip(starts, ends, strict=True)), "dcs.csv"))
    rows, lost = naive.rows_of_events(clock, starts, ends)
    assert set(np.flatnonzero(found.alarmed)) == rows
    assert [bool(x) for x in found.outside] == [why == "outside" for why in lost]
    assert [bool(x) for x in found.stopped] == [why == "stopped" for why in lost]
    each = [naive.rows_of_events(clock, [a], [b])[0] for a, b in zip(starts, ends, strict=True)]
    some = set(rng.permutation(20)[:6].tolist())
    mask = np.isin(np.arange(20), list(some))
    assert found.stands_in(mask).tolist() == [bool(mine & some) for mine in each]
    for row, number in enumerate(found.alarm):
        mine = [k for k, marked in enumerate(each) if row in marked]
        assert (number in mine) if mine else number == -1
        assert not mine or min(each[number]) == min(min(each[k]) for k in mine)


def machine(table: Table, row: np.intp) -> str:
    assert table.asset is not None
    return str(table.assets[int(table.asset[row])])


def two_machines() -> Table:
    one = pd.DataFrame(
        {"time": START + pd.to_timedelta(2 * np.arange(6), unit="min"), "y": [0, 0, 0, 0, 0, 1]}
    )
    both = pd.concat([one.assign(unit="B"), one.assign(unit="A")])
    both = both.assign(s=np.arange(12) / 4)
    said = Corrections(assets="unit")
    return read_table(both.to_csv(index=False).encode(), name="mill.csv", said=said)


def test_each_machine_has_its_own_alarms() -> None:
    table = two_machines()
    text = "start,unit\n2024-01-01 00:02,A\n2024-01-01 00:04,B\n2024-01-01 00:04,C\n2024-01-01 00:04,\n"
    found = alarm_rows(table, read_alarms(text.encode(), "dcs.csv"))
    marked = {(machine(table, row), table.clock[row]) for row in np.flatnonzero(found.alarmed)}
    assert marked == {("A", 2.0), ("B", 4.0)}
    assert found.elsewhere.tolist() == [False, False, True, True]
    with pytest.raises(TableError, match="does not say which machine each alarm belongs to"):
        alarm_rows(table, read_alarms(b"start\n2024-01-01 00:02\n", "dcs.csv"))


def test_row_numbers_and_clocks_that_do_not_meet() -> None:
    frame = pd.DataFrame({"y": [0, 0, 0, 1] * 3, "s": np.arange(12) / 4})
    table = table_of(frame)
    found = alarm_rows(table, read_alarms(b"start_row,end_row\n2,4\n11,\n12,14\n-3,0\n", "dcs.csv"))
    assert np.flatnonzero(found.alarmed).tolist() == [0, 2, 3, 4, 11]
    assert found.outside.tolist() == [False, False, True, False]
    with pytest.raises(TableError, match="no readable time column, so dcs.csv cannot be matched"):
        alarm_rows(table, read_alarms(b"start\n2024-01-01 00:02\n", "dcs.csv"))
    with pytest.raises(TableError, match="The times of dcs.csv have a time zone"):
        alarm_rows(plant([0, 2, 4]), read_alarms(b"start\n2024-01-01 00:02Z\n2024-01-01 00:04Z\n", "dcs.csv"))
    utc = [f"2024-01-01 00:0{m}:00+01:00" for m in range(4)]
    zoned = table_of(pd.DataFrame({"time": utc, "y": [0, 0, 0, 1], "s": [0.5, 1.5, 2.5, 1.0]}))
    with pytest.raises(TableError, match="The times of mill.csv have a time zone"):
        alarm_rows(zoned, read_alarms(b"start\n2024-01-01 00:02\n", "dcs.csv"))
    found = alarm_rows(zoned, read_alarms(b"start\n2023-12-31 23:02Z\n2024-01-01 01:03+02:00\n", "dcs.csv"))
    assert np.flatnonzero(found.alarmed).tolist() == [2, 3]


# A rule on one sensor


def naive_rule(values, stretch, sign, limit, rows):
    holds = {
        ">": lambda v: v > limit,
        ">=": lambda v: v >= limit,
        "<": lambda v: v < limit,
        "<=": lambda v: v <= limit,
    }[sign]
    found = []
    for row in range(len(values)):
        block = range(row - rows + 1, row + 1)
        found.append(
            block.start >= 0
            and len({stretch[k] for k in block}) == 1
            and all(not np.isnan(values[k]) and holds(values[k]) for k in block)
        )
    return found


@given(st.integers(0, 10_000), st.sampled_from([">", ">=", "<", "<="]), st.integers(1, 5))
def test_a_rule_holds_in_rows_of_one_stretch(seed, sign, rows) -> None:
    rng = np.random.default_rng(seed)
    n = 40
    values = rng.integers(0, 4, n) / 4
    values = np.where(rng.random(n) < 0.1, np.nan, values)
    values[:3] = [0.25, 0.5, 0.75]
    clock = np.cumsum(rng.choice([2, 2, 2, 60], size=n))
    label = (rng.random(n) < 0.1).astype(int)
    label[:2] = [0, 1]
    table = plant(clock, label, x=values)
    found = rule_rows(table, SensorRule("x", sign, 0.5, rows))
    assert found.tolist() == naive_rule(values, table.stretch, sign, 0.5, rows)


def test_a_limit_as_it_is_written_is_met_by_the_value_as_it_is_written() -> None:
    # No float holds 4.1, and single precision holds another number than double.
    table = plant([0, 2, 4], x=[4.1, 4.2, 4.0])
    assert table.frame["x"].dtype == np.float32
    assert rule_rows(table, SensorRule("x", ">=", 4.1)).tolist() == [True, True, False]
    assert rule_rows(table, SensorRule("x", ">", 4.1)).tolist() == [False, True, False]
    assert rule_rows(table, SensorRule("x", "<=", 4.1)).tolist() == [True, False, True]


def test_a_sensor_is_found_by_its_name() -> None:
    table = plant([0, 2, 4], **{"Flow 1": [1.0, 2, 3], "flow 1 ": [4.0, 5, 6], "Speed": [7.0, 8, 9]})
    assert sensor_column(table, "Flow 1").tolist() == [1, 2, 3] and sensor_column(table, "speed")[0] == 7
    for name, words in [
        ("FLOW 1", "has the sensors 'Flow 1' and 'flow 1'"),
        ("Sped", "Did you mean 'Speed'"),
        ("y", "its role is label"),
    ]:
        with pytest.raises(TableError) as refused:
            sensor_column(table, name)
        assert words in str(refused.value)


# A score from a file of its own


def scores_of(table: Table, text: str) -> list[float]:
    return [float(x) for x in read_scores(text.encode(), "spc.csv", "t2", AS_FOUND, table)]


def test_a_score_is_matched_by_time() -> None:
    table = plant([0, 2, 4, 6])
    text = "t2,time\n1.5,2024-01-01 00:04\n2.5,2024-01-01 00:00\n9,2024-01-01 00:05\n,2024-01-01 00:02\n"
    found = scores_of(table, text)
    assert found[0] == 2.5 and found[2] == 1.5 and np.isnan([found[1], found[3]]).all()
    assert scores_of(table, text + "2.5,2024-01-01 00:00\n")[0] == 2.5, "the same line twice"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("time,t3\n2024-01-01 00:04,1\n", "no column 't2'"),
        ("time,t2\n2024-01-01 00:04,high\n2024-01-01 00:02,1\n2024-01-01 00:00,1\n", "'high' in line 2"),
        ("time,t2\n2024-01-01 00:04,1\n2024-01-01 00:04,2\n", "another score before"),
        ("time,t2\n2025-01-01 00:04,1\n", "No score of spc.csv has the time of a row"),
        ("a,t2\n1.5,1\n2.5,2\n", "no readable time column"),
        ("time,t2\n2024-01-01 00:04Z,1\n2024-01-01 00:06Z,1\n", "have a time zone"),
    ],
)
def test_a_score_that_cannot_be_matched_is_a_sentence(text, words) -> None:
    with pytest.raises(TableError) as refused:
        scores_of(plant([0, 2, 4, 6]), text)
    assert words in str(refused.value)


def test_a_score_of_several_machines_and_of_none_with_a_clock() -> None:
    table = two_machines()
    found = scores_of(table, "time,unit,t2\n2024-01-01 00:04,A,1\n2024-01-01 00:04,B,2\n")
    assert {machine(table, row): found[row] for row in np.flatnonzero(~np.isnan(found))} == {
        "A": 1,
        "B": 2,
    }
    frame = pd.DataFrame({"y": [0, 0, 0, 1] * 3, "s": np.arange(12) / 4})
    assert scores_of(table_of(frame), "t2\n" + "".join(f"{k}.5\n" for k in range(12)))[3] == 3.5
    with pytest.raises(TableError, match="spc.csv has 11 scores, but mill.csv has 12 rows and no time"):
        scores_of(table_of(frame), "t2\n" + "".join(f"{k}.5\n" for k in range(11)))
