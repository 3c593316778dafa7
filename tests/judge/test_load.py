"""The operator's load: a journal worked out by hand, and loops that count alarm by alarm."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rare_event.clock import MINUTES, NO_TIME, TimeUnit
from rare_event.config import AlarmPolicy
from rare_event.judge.alarms import alarms
from rare_event.judge.load import Load, chatter_window_of, load_at, operator_load, watched_minutes
from rare_event.judge.operating_load import NAMES, load_columns
from rare_event.judge.thresholds import operating_points
from tests import naive

DAY = 1440.0
FIGURES = ("worst_ten_minutes", "worst_hour", "worst_day", "chattering", "standing_long")


def journal_of(*alarms: tuple[float, ...], machine: str = "A") -> list[dict[str, Any]]:
    """Lines of (start, length) in minutes, or with a third entry, of an alarm that sounds again."""
    return [
        {"start": start, "end": start + length, "again": any(again), "machine": machine}
        for start, length, *again in alarms
    ]


# Forty alarms in five days (7,200 minutes), of machines A and B.
JOURNAL = pd.DataFrame(
    [
        # Day 1: a flood. A has 11 alarms from minute 100, every 45 s, and one at 110: that one begins 10
        # minutes after the first, so it is not in the same 10 minutes. 12 alarms.
        *journal_of(*((100 + 0.75 * i, 0.25) for i in range(11)), (110.0, 1.0)),
        # B in the same 10 minutes: 2 alarms, so 13 from 100 to below 110. 14 alarms so far.
        *journal_of((101.0, 5.0), (109.9, 5.0), machine="B"),
        # Day 2: B, 12 alarms 5 minutes apart from minute 2000 (2000 to 2055), all in one hour. 26 so far.
        *journal_of(*((2000 + 5.0 * i, 2.0) for i in range(12)), machine="B"),
        # Day 3: A has 3 alarms at 3000, 3000.5 and 3000.9: three within a minute. And 2 of A and 1 of B in
        # a minute at 3100, which are no three of one machine. 32 so far.
        *journal_of((3000.0, 0.1), (3000.5, 0.1), (3000.9, 0.1), (3100.0, 0.1), (3100.5, 0.1)),
        *journal_of((3100.7, 0.1), machine="B"),
        # Days 4 and 5: A is on from 4320 for exactly 24 h, which is not more than 24 h. 33 so far.
        *journal_of((4320.0, DAY)),
        # B is on from 4330 to 5800, 1,470 minutes, and sounds again 3 times: one alarm of over 24 h, four
        # lines. 37 so far.
        *journal_of((4330.0, 370.0), (4700.0, 400.0, 1), (5100.0, 400.0, 1), (5500.0, 300.0, 1), machine="B"),
        # A is on from 5761 for 24 h and 30 s: the second of over 24 h. 38 so far.
        *journal_of((5761.0, DAY + 0.5)),
        # B twice more, alone. 40 alarms.
        *journal_of((6500.0, 1.0), (7100.0, 1.0), machine="B"),
    ]
)


def test_a_journal_of_forty_alarms_worked_out_by_hand() -> None:
    assert len(JOURNAL) == 40
    # In any order.
    journal = JOURNAL.sample(frac=1, random_state=0)
    load = operator_load(journal, 5 * DAY, step=0.1)
    # 40 alarms in 5 days are 8 a day, 8 / 24 an hour and 8 / 150 = 5.33% of what is acceptable.
    assert (load.alarms, load.per_day) == (40, 8.0) and load.per_hour == pytest.approx(1 / 3)
    assert load.share == pytest.approx(0.05333, abs=1e-5)
    assert load.in_words() == "8 alarms a day is 5.33% of what one operator can handle (150 a day)."
    # The flood: 11 of A and 2 of B begin from 100 to below 110; the one at 110 does not belong to them.
    assert load.worst_ten_minutes == 13, "the alarm at 110 was counted too"
    # In the hour from 100 it does: 14. The 12 of day 2 are fewer.
    assert load.worst_hour == 14
    # From 2000 - 1900 = 100 on: no 24 hours hold both floods, as 110 + 1440 < 2000. From 2000 to below 3440
    # there are 12 + 6 = 18 alarms; from 100 to below 1540 only 14; 20 would need 4320.
    assert load.worst_day == 18
    # Three within a minute (rows of 0.1 minutes: five of them are less). Of A's 11 every 45 s no three are:
    # the third comes 90 s after the first. The last one, 107.5, and 110 neither. 3000, 3000.5, 3000.9 are.
    assert (load.chatter_window, load.chattering) == (1.0, 3)
    # Within 2 minutes also the 11 of the flood: 3 take 90 s. The 2 + 1 of 3100 are of two machines.
    assert operator_load(journal, 5 * DAY, chatter_window=2.0).chattering == 14
    # Within exactly 10 minutes three of B's 12, 5 minutes apart, do not begin; within 10.1 they do. B's own
    # pair in the flood stays a pair; A's 110 joins the flood: 11 + 1 + 3 + 12 = 27.
    assert operator_load(journal, 5 * DAY, chatter_window=10.0).chattering == 15
    assert operator_load(journal, 5 * DAY, chatter_window=10.1).chattering == 27
    # B's four lines are one alarm of 1,470 minutes, A's last is 30 s over; exactly 24 h does not count.
    assert load.standing_long == 2
    alone = journal.drop(columns="again")
    assert operator_load(alone, 5 * DAY).standing_long == 1, "without it each line is an alarm of its own"


def test_the_table_says_what_is_within_its_target_and_whose_target_it_is() -> None:
    table = operator_load(JOURNAL, 5 * DAY, step=0.1).to_frame().set_index("figure")
    assert table["value"].tolist() == ["8", "18", "0.333", "14", "13", "3", "2"]
    assert table["within"].tolist() == ["yes", "yes", "yes", "yes", "no", "no", "yes"]
    assert "at most 10; more is a flood" in table["target"]["Alarms in the worst 10 minutes"]
    assert table["source"].str.contains("ISA-18.2").all() and not table["target"].eq("").any()
    few = Load(3, 60.0, worst_ten_minutes=11, worst_hour=11, chattering=0, standing_long=0).to_frame()
    assert few["within"].tolist() == ["", "", "yes", "yes", "no", "yes", "yes"]
    assert "nan" not in few.to_string().lower() and few["value"][0] == "–"


# What the data cannot bear


@pytest.mark.parametrize(
    ("minutes", "known"),
    [(5.0, set()), (10.0, {"worst_ten_minutes"}), (60.0, {"worst_ten_minutes", "worst_hour"})],
)
def test_no_period_longer_than_the_running_time_is_judged(minutes: float, known: set[str]) -> None:
    load = operator_load(pd.DataFrame(journal_of((1.0, 1.0), (3.0, 1.0))), minutes)
    assert {name for name in FIGURES[:3] if getattr(load, name) is not None} == known
    assert load.per_day is None and load.share is None and (load.per_hour is None) == (minutes < 60)
    assert load.in_words().endswith("which is too short to give alarms per day.")
    assert MINUTES.span(minutes) in load.in_words() and "%" not in load.in_words()


def test_without_a_clock_only_the_alarms_are_counted() -> None:
    load = operator_load(JOURNAL, 18_000.0, time_unit=NO_TIME)
    assert load.alarms == 40
    figures = {name: value for name, value in load.plain().items() if name not in ("alarms", "sentence")}
    assert set(figures.values()) == {None}
    assert load.in_words() == "This file has no readable time, so the load of an operator cannot be given."


def test_no_alarm_is_no_load() -> None:
    load = operator_load(JOURNAL[:0], 3 * DAY)
    assert [getattr(load, name) for name in FIGURES] == [0, 0, 0, 0, 0]
    assert load.per_day == 0 and "no" not in load.to_frame()["within"].tolist()


@pytest.mark.parametrize(("alarms", "more"), [(300, False), (301, True)])
def test_more_than_can_be_managed_is_said(alarms: int, more: bool) -> None:
    words = Load(alarms, DAY).in_words()
    assert ("above the upper limit of 300 a day" in words) == more
    assert words.startswith(f"{alarms} alarms a day is 20")


def test_the_window_of_chattering_follows_the_rows() -> None:
    # Rows of 1 s: one minute, as ISA-18.2 has it. Rows of 2 minutes: three alarms in rows 0, 2 and 4 begin
    # in 8 minutes, so in less than five rows.
    assert (chatter_window_of(1 / 60), chatter_window_of(2.0)) == (1.0, 10.0)
    every_other = pd.DataFrame(journal_of((0.0, 0.0), (4.0, 0.0), (8.0, 0.0)))
    assert operator_load(every_other, DAY, step=2.0).chattering == 3
    assert operator_load(every_other, DAY).chattering == 0


# Naive loops


def naive_load(journal: list[dict[str, Any]], minutes: float, window: float) -> dict[str, int | None]:
    """Look at every alarm and count the others one by one."""
    starts = [line["start"] for line in journal]

    def worst(period: float) -> int | None:
        if minutes < period:
            return None
        return max((sum(0 <= other - start < period for other in starts) for start in starts), default=0)

    among = 0
    spells: list[list[float]] = []
    for name in dict.fromkeys(line["machine"] for line in journal):
        mine = sorted((line for line in journal if line["machine"] == name), key=lambda line: line["start"])
        for line in mine:
            near = [
                [other for other in mine if 0 <= other["start"] - first["start"] < window] for first in mine
            ]
            among += any(len(group) >= 3 and line in group for group in near)
            if line["again"]:
                spells[-1][1] = max(spells[-1][1], line["end"])
            else:
                spells.append([line["start"], line["end"]])
    long = sum(end - start > DAY for start, end in spells)
    return dict(
        zip(FIGURES, (worst(10.0), worst(60.0), worst(DAY), among, long), strict=True), alarms=len(journal)
    )


@pytest.mark.parametrize("seed", range(25))
def test_random_journals_are_counted_as_by_a_loop(seed: int) -> None:
    rng = np.random.default_rng(seed)
    journal: list[dict[str, Any]] = []
    for name in "AB"[: rng.integers(1, 3)]:
        at = 0.0
        for i in range(rng.integers(0, 14)):
            gap, length = float(rng.integers(1, 200)) / 8, float(rng.choice([0.0, 0.5, 900.0, 1500.0]))
            # No two begin at one moment: which of them goes on would be a question.
            journal += journal_of((at, length, int(i > 0 and rng.random() < 0.4)), machine=name)
            at += max(gap, length if rng.random() < 0.3 else gap)
    minutes, window = float(rng.choice([5.0, 30.0, 600.0, 9000.0])), float(rng.choice([1.0, 6.5, 40.0]))
    columns = ["start", "end", "again", "machine"]
    load = operator_load(pd.DataFrame(journal, columns=columns), minutes, chatter_window=window)
    assert {name: getattr(load, name) for name in (*FIGURES, "alarms")} == naive_load(
        journal, minutes, window
    )
    known = [
        value for value in (load.worst_ten_minutes, load.worst_hour, load.worst_day) if value is not None
    ]
    assert known == sorted(known), "a longer period held fewer alarms"
    assert load.chattering is not None and load.chattering not in (1, 2)


def slow(scores, rng):
    """Make a clock that is 40 times slower, so that alarms stay on for days."""
    return replace(scores, clock=scores.clock * 40) if rng.random() < 0.5 else scores


def naive_spells(scores, threshold: float, policy: AlarmPolicy) -> list[float]:
    """Minutes that alarms stay on, from the first alarmed row to the last in which they stand."""
    (flags, goes_on), spells = naive.walk_of_rows(scores, threshold, policy), []
    for stretch in dict.fromkeys(scores.stretch.tolist()):
        last = None
        for i in np.flatnonzero(scores.stretch == stretch).tolist():
            stands = goes_on[i] or (last is not None and scores.clock[i] - last < policy.cooldown)
            if flags[i] and not stands:
                spells.append([scores.clock[i], scores.clock[i]])
            elif flags[i] or stands:
                spells[-1][1] = scores.clock[i]
            if flags[i]:
                last = scores.clock[i]
    return [end - begin for begin, end in spells]


@pytest.mark.parametrize("seed", range(16))
def test_the_load_of_scores_is_that_of_a_walk_through_the_rows(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores, policy = slow(naive.random_scores(rng, n_rows=90), rng), naive.random_policy(rng)
    for threshold in (0.0, 0.75, 2.0, 2.75):
        load = load_at(scores, {0: threshold}, policy)
        begins = [group[0] for group in naive.alarm_groups(scores, threshold, policy)]
        lines = [(scores.clock[i], 0.0) for i in begins]
        expected = naive_load(journal_of(*lines), 90 * 60.0, load.chatter_window)
        minutes = len(scores) * scores.step
        assert load.minutes == minutes and load.alarms == len(alarms(scores, threshold, policy))
        for name, period in zip(FIGURES[:3], (10.0, 60.0, DAY), strict=True):
            wanted = expected[name] if minutes >= period else None
            assert getattr(load, name) == wanted, name
        assert load.chattering == expected["chattering"]
        spells = naive_spells(scores, threshold, policy)
        assert load.standing_long == sum(length > DAY for length in spells)
    assert load_at(scores, {0: 100.0}, policy).alarms == 0


def machines_of(scores):
    """The same rows once more as a second machine, an odd time later."""
    two = {
        name: np.concatenate([getattr(scores, name)] * 2)
        for name in ("fold", "y_true", "y_score", "event", "to_event")
    }
    n = len(scores)
    return replace(
        scores,
        **two,
        row=np.arange(2 * n),
        clock=np.concatenate([scores.clock, scores.clock + 3.0]),
        stretch=np.concatenate([scores.stretch, scores.stretch + scores.stretch.max() + 1]),
        asset=np.repeat([0, 1], n),
        assets=("A", "B"),
        time_unit=TimeUnit(machines=True),
    )


def agree(columns: dict[str, np.ndarray], place: int, load: Load) -> None:
    for name in NAMES:
        value, found = getattr(load, name), columns[name][place]
        assert np.isnan(found) if value is None else found == value, name


@pytest.mark.parametrize("machines", [1, 2])
@pytest.mark.parametrize("seed", range(10))
def test_the_columns_are_the_loads_at_each_threshold(seed: int, machines: int) -> None:
    rng = np.random.default_rng(seed)
    scores = slow(naive.random_scores(rng, n_rows=120, ties=30, backwards=seed % 3 == 0), rng)
    scores = machines_of(scores) if machines == 2 else scores
    policy = naive.random_policy(rng)
    points = operating_points(scores, policy)
    shown = np.flatnonzero(rng.random(len(points)) < 0.8)
    columns = load_columns(scores, policy, shown)
    assert tuple(columns) == NAMES == FIGURES
    for place, at in enumerate(shown):
        load = load_at(scores, {0: points.threshold[at]}, policy)
        assert load.alarms == points.alarms[at]
        agree(columns, place, load)


def test_many_columns_are_looked_through_in_blocks() -> None:
    rng = np.random.default_rng(5)
    scores = naive.random_scores(rng, n_rows=700, ties=100_000)
    policy = AlarmPolicy(cooldown=0.0, repeat=7.0)
    shown = np.arange(len(operating_points(scores, policy)))
    assert len(shown) > 500
    columns = load_columns(scores, policy, shown)
    for at in rng.choice(shown, 40, replace=False):
        load = load_at(scores, {0: np.unique(scores.y_score)[at]}, policy)
        agree(columns, at, load)
    # Chattering does occur, and nothing stays on for a day in stretches of minutes.
    assert columns["chattering"].max() > 2 and not columns["standing_long"].any()


def test_columns_without_a_clock_are_missing() -> None:
    scores = replace(naive.random_scores(np.random.default_rng(1)), time_unit=NO_TIME)
    columns = load_columns(scores, AlarmPolicy(), np.array([0, 1]))
    assert all(np.isnan(values).all() and len(values) == 2 for values in columns.values())


def test_machines_that_run_at_the_same_time_are_watched_once() -> None:
    # Two machines, 4 rows of 2 minutes each: A at 0, 2, 4, 6 stands for -2 to 6; B 3 minutes later for 1 to
    # 9. Together 11 minutes, not 16; far apart 16.
    one = naive.random_scores(np.random.default_rng(0), restarts=0.0).where(np.arange(68) < 4)
    one = replace(one, clock=2.0 * np.arange(4), stretch=np.zeros(4, int))
    two = machines_of(one)
    assert (watched_minutes(one), watched_minutes(two)) == (8.0, 11.0)
    apart = replace(two, clock=two.clock + 1000.0 * two.asset)
    assert watched_minutes(apart) == 16.0
    assert watched_minutes(two.where(np.zeros(8, bool))) == 0.0
