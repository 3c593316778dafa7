"""Alarms from elsewhere on the windows of a run, and on all rows of a file."""

from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest

from rare_event.config import RECOMMENDED, AlarmPolicy, Rule, SplitPlan, parse_sensor_rule
from rare_event.errors import DataError
from rare_event.experiment.alarm_list import (
    Counted,
    every_row,
    judge_list,
    judge_rule,
    judge_score,
    sentence_of,
)
from rare_event.experiment.own_alarms import alarms_of
from rare_event.experiment.result import Result
from rare_event.experiment.run import run_experiment
from rare_event.judge.alarm_list import JudgedAlarms
from rare_event.judge.same_rate import at_same_rate
from rare_event.prepare.alarm_file import read_alarms
from rare_event.prepare.corrections import NO_CORRECTIONS, Corrections
from rare_event.prepare.table import Table, read_table
from tests import naive
from tests.small import PCA, small_frame

SHARED = ["kind", "event", "caught", "first_alarm"]
PLANS = {
    "chronological": SplitPlan("chronological"),
    "rolling": SplitPlan("rolling", folds=3),
    "random": SplitPlan("random"),
}
POLICIES = {
    "plain": AlarmPolicy(),
    "k of n": AlarmPolicy(k=2, n=3, cooldown=6.0, mute=3, repeat=10.0),
    "lead": AlarmPolicy(lead=30.0, min_lead=3.0, cooldown=0.0),
    "held": AlarmPolicy(k=2, n=2, cooldown=0.0, repeat=10.0, end_share=0.6),
}


def table_of(frame: pd.DataFrame, said: Corrections = NO_CORRECTIONS) -> Table:
    return read_table(frame.to_csv(index=False).encode(), name="small.csv", said=said)


def listed(table: Table, result: Result):
    """The alarms of a run, written to a file and read again."""
    frame = alarms_of(table, result)
    return read_alarms(frame.to_csv(index=False).encode(), "own.csv")


@pytest.fixture(scope="module")
def table() -> Table:
    return table_of(small_frame())


# During an event there is no lead window to choose.
@pytest.mark.parametrize(("policy", "shift"), [*((p, 2) for p in POLICIES), ("plain", 0), ("k of n", 0)])
@pytest.mark.parametrize("plan", PLANS)
def test_our_own_alarms_reproduce_the_ledger_of_their_run(table, plan, policy, shift) -> None:
    rule = Rule("quantile", 0.7)
    config = replace(PCA, split=PLANS[plan], policy=POLICIES[policy], rule=rule, shift=shift, lookback=3)
    result = run_experiment(table, config)
    theirs, evaluation = result.ledger(), result.evaluation()
    today = judge_list(table, listed(table, result), result.test.once(), result.policy, offsets=3)
    lead = "delay" if shift == 0 else "lead"
    pd.testing.assert_frame_equal(today.ledger[[*SHARED, lead]], theirs[[*SHARED, lead]], check_exact=True)
    assert len(theirs) > evaluation.n_events, "there are false alarms to list"
    figures = today.judged.evaluation
    # Windows at or above a threshold are not those alarmed by k of n, of which alone a list knows.
    of_windows = ("tn", "fp", "fn", "tp") if policy in ("k of n", "held") else ()
    unlike = {"auc", "average_precision", *of_windows}
    assert [getattr(figures, f.name) for f in fields(figures) if f.name not in unlike] == [
        getattr(evaluation, f.name) for f in fields(evaluation) if f.name not in unlike
    ]
    assert figures.auc is None and figures.average_precision is None
    assert today.counted is not None and today.counted.counted == today.counted.listed


@pytest.mark.parametrize("clock", ["none", "shared", "zoned", "seconds", "machines"])
def test_and_so_they_do_whatever_the_clock(clock) -> None:
    frame, said = small_frame(), NO_CORRECTIONS
    if clock == "none":
        frame = frame.drop(columns="time")
    elif clock == "shared":
        frame["time"] = frame["time"].dt.floor("20min")
    elif clock == "zoned":
        frame["time"] = [f"{time}+02:00" for time in frame["time"]]
    elif clock == "seconds":
        frame["time"] += pd.to_timedelta(
            np.random.default_rng(0).integers(0, 90_000_000, len(frame)), unit="us"
        )
    else:
        frame = pd.concat([frame.assign(unit="B"), frame.assign(unit="A", s0=frame["s1"])])
        said = Corrections(assets="unit")
    table = table_of(frame, said)
    result = run_experiment(table, replace(PCA, rule=Rule("quantile", 0.9)))
    alarms = listed(table, result)
    assert alarms.by_row == (clock in ("none", "shared"))
    today = judge_list(table, alarms, result.test.once(), result.policy, offsets=3)
    names = [*SHARED, "lead", *(["asset"] if clock == "machines" else [])]
    pd.testing.assert_frame_equal(today.ledger[names], result.ledger()[names], check_exact=True)
    assert today.judged.evaluation.false_alarms > 0


def test_a_score_reproduces_the_ledger_of_the_run_that_gave_it(table) -> None:
    result = run_experiment(table, replace(PCA, rule=Rule("fa-per-day", 20.0)))
    values = np.full(table.n_rows, np.nan)
    for part in (result.validation, result.test):
        values[part.row] = part.y_score
    parts = result.validation, result.test
    today = judge_score(table, "t2", values, parts, result.policy, result.config.rule, offsets=3)
    assert today.thresholds == result.thresholds and today.unscored == 0
    pd.testing.assert_frame_equal(today.ledger[SHARED], result.ledger()[SHARED], check_exact=True)
    values[result.test.row[:9]] = np.nan
    fewer = judge_score(table, "t2", values, parts, result.policy, 0.0, offsets=3)
    assert fewer.unscored == 9 and not fewer.judged.windows.y_score[:9].any()
    assert fewer.judged.windows.y_score[9:].all()
    with pytest.raises(DataError, match="has no value in the judged rows"):
        judge_score(table, "t2", values * np.nan, parts, result.policy, 0.0)
    values[result.test.row[20]] = np.inf
    with pytest.raises(DataError, match="is infinite in row"):
        judge_score(table, "t2", values, parts, result.policy, 0.0)


@pytest.mark.parametrize("lead", [None, 2.0, 4.0, 5.0, 40.0])
def test_all_rows_of_a_file_are_counted_as_by_a_walk_through_them(table, lead) -> None:
    rng = np.random.default_rng(int(lead or 0))
    rows = np.sort(rng.choice(table.n_rows, 60, replace=False))
    alarmed = np.isin(np.arange(table.n_rows), rows)
    text = pd.DataFrame({"time": table.time[rows]}).to_csv(index=False).encode()
    policy = AlarmPolicy(lead=lead)
    today = judge_list(table, read_alarms(text, "log.csv"), every_row(table, lead), policy, offsets=3)
    shift = 2 if lead is None else int(lead / 2)
    walked = naive.plant_figures(
        table.clock.tolist(), table.label.tolist(), shift, alarmed.tolist(), AlarmPolicy()
    )
    figures = today.judged.evaluation
    assert figures.caught == len(walked["leads"]) and figures.false_alarms == walked["false_alarms"]
    assert figures.n == int((table.label == 0).sum()) and figures.n_events == 10
    during = int(table.label[rows].sum())
    assert today.counted == Counted(60, 60 - during, during=during)


def test_alarms_during_events_count_where_that_is_asked_for(table) -> None:
    first = table.time[table.label == 1][:3]
    text = pd.DataFrame({"time": first}).to_csv(index=False).encode()
    alarms = read_alarms(text, "log.csv")
    before = judge_list(table, alarms, every_row(table), AlarmPolicy(), offsets=2)
    assert before.counted == Counted(3, 0, during=3) and before.judged.evaluation.alarms == 0
    assert "so it catches 0 of 10 events" in sentence_of(before)
    during = judge_list(table, alarms, every_row(table, 0.0), AlarmPolicy(), offsets=2)
    assert during.judged.evaluation.caught == 3 and during.counted == Counted(3, 3)
    assert during.ledger["delay"].dropna().tolist() == [0.0] * 3


def test_lines_name_the_alarm_behind_them(table) -> None:
    at = table.time[[10, 48, 300, 300]]
    text = pd.DataFrame({"start": at, "tag": ["A", "=1+1", "C", "C"]}).to_csv(index=False).encode()
    text += b"2019-01-01 00:00,early\n2024-01-01 02:05,in a stop\n"
    today = judge_list(table, read_alarms(text, "log.csv"), every_row(table), AlarmPolicy(), offsets=2)
    lines = today.ledger.dropna(subset=["row"])
    assert lines[["kind", "row", "alarm", "line"]].to_numpy().tolist() == [
        ["event", 48, "=1+1", 3],
        ["false alarm", 10, "A", 2],
        ["false alarm", 300, "C", 4],
    ]
    missed = today.ledger[today.ledger["row"].isna()]
    assert (missed["alarm"] == "").all() and missed["line"].isna().all() and len(missed) == 9
    assert today.counted == Counted(6, 4, outside=1, stopped=1, repeated=1)
    said = " ".join(today.counted.in_words())
    assert (
        "4 of the 6 alarms in the list are counted. Not counted: 1 before or after the data, 1 in stops."
        in said
    )
    assert "1 alarm repeats an earlier one" in said and "no end" not in said


def test_an_alarm_that_stands_for_days_is_no_good_alarm(table) -> None:
    text = b"start,end\n2024-01-01 00:00,2024-01-09 00:00\n2024-01-01 02:00,2024-01-09 00:00\n"
    today = judge_list(table, read_alarms(text, "log.csv"), every_row(table), AlarmPolicy(), offsets=2)
    figures = today.judged.evaluation
    assert figures.caught == 10 and figures.standing == 1.0
    # Counted again every half hour since each restart.
    assert figures.false_alarms > 20 and "means little" in sentence_of(today)


def test_a_rule_on_one_sensor(table) -> None:
    rule = parse_sensor_rule("s1 > 1.5")
    today = judge_rule(table, rule, every_row(table), AlarmPolicy(), offsets=3)
    alarmed = (table.frame["s1"] > 1.5).tolist()
    walked = naive.plant_figures(table.clock.tolist(), table.label.tolist(), 2, alarmed, AlarmPolicy())
    assert today.judged.evaluation.caught == len(walked["leads"])
    assert today.judged.evaluation.false_alarms == walked["false_alarms"] > 5
    assert today.name == "s1 > 1.5" and today.counted is None
    assert "line" not in today.ledger and "alarm" not in today.ledger


def test_without_a_label_nothing_is_judged() -> None:
    said = Corrections(no_label=True)
    unlabelled = table_of(small_frame().drop(columns="y"), said)
    assert unlabelled.schema.label is None
    with pytest.raises(DataError, match="nothing says which alarms are false"):
        every_row(unlabelled)


def test_what_is_known_of_windows_without_events(table) -> None:
    quiet = every_row(table)
    quiet = replace(quiet.where(quiet.event == 3), total_events=np.empty(0, int))
    quiet = replace(quiet, event=np.full(len(quiet), -1), to_event=np.full(len(quiet), np.inf), near=None)
    today = judge_rule(table, parse_sensor_rule("s1 > 1"), quiet, AlarmPolicy(), offsets=2)
    assert "There is no event in the judged rows" in sentence_of(today)
    assert isinstance(today.judged, JudgedAlarms) and today.judged.evaluation.n_events == 0


@pytest.mark.mill
def test_a_rule_on_one_sensor_of_the_mill(mill_table) -> None:
    """It catches 20 of 78 breaks, which reads well until chance, at as many alarms, catches as many."""
    result = run_experiment(mill_table, replace(RECOMMENDED, model=PCA.model, split=SplitPlan("rolling")))
    test = result.test.once()
    today = judge_rule(mill_table, parse_sensor_rule("x4 > 172.1 for 3 rows"), test, result.policy)
    figures, intervals = today.judged.evaluation, today.judged.intervals
    values, stretch = mill_table.frame["x4"].to_numpy(float), mill_table.stretch
    above = np.where(values > 172.1, np.arange(len(values)), -1)
    scored: list[bool | None] = [None] * len(values)
    for row in test.row.tolist():
        block = range(row - 2, row + 1)
        scored[row] = row > 1 and all(above[k] == k and stretch[k] == stretch[row] for k in block)
    walked = naive.plant_figures(
        mill_table.clock.tolist(), mill_table.label.tolist(), 2, scored, AlarmPolicy(lead=4.0)
    )
    assert (figures.caught, figures.false_alarms) == (len(walked["leads"]), walked["false_alarms"])
    assert figures.n_events == 78 and 15 <= figures.caught <= 25 and figures.auc is None
    assert figures.rate is not None and 5 < figures.rate < 7
    assert intervals["low"]["caught"] < figures.caught < intervals["high"]["caught"]
    assert today.judged.against_chance == "as many" and "Chance could catch as many" in sentence_of(today)
    against = at_same_rate(test, result.policy, today.judged)
    # It is on in 15% of the rows, so that it is on at more breaks than a model's short alarms: no skill.
    assert against.alarms.on > 3 * against.model.on
    assert against.answer == "cannot be told" and not against.alarms.beats_chance
    assert len(today.ledger) == 78 + figures.false_alarms
