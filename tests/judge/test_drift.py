"""Drift is told day by day, of normal windows, and a sentence says when it stays."""

import numpy as np
import pandas as pd
import pytest

from rare_event.config import AlarmPolicy
from rare_event.judge.drift import (
    alarms_by_day,
    carriers_by_day,
    drift_sentence,
    errors_by_day,
    worst_day_sentence,
)
from rare_event.judge.evaluation import call
from rare_event.judge.scores import Scores
from tests import naive

NAMES = ("x1", "x2", "x3", "<b>x4</b>")


def windows(clock, y_score, y_true=None, event=None, to_event=None, step=2.0) -> Scores:
    """Windows of one fold and stretch."""
    n = len(clock)
    event = np.full(n, -1) if event is None else np.array(event)
    return Scores(
        row=np.arange(n),
        clock=np.array(clock, float),
        stretch=np.zeros(n, int),
        fold=np.zeros(n, int),
        y_true=np.zeros(n, np.int8) if y_true is None else np.array(y_true, np.int8),
        y_score=np.array(y_score, float),
        event=event,
        to_event=np.full(n, np.inf) if to_event is None else np.array(to_event, float),
        total_events=np.unique(event[event >= 0]),
        step=step,
    )


def days_of(values, hour=30) -> Scores:
    """Two hours of 2-minute windows on each day, all with the day's value."""
    clock = [1440 * day + 2 * row for day in range(len(values)) for row in range(2 * hour)]
    return windows(clock, np.repeat(values, 2 * hour))


def test_errors_by_hand() -> None:
    # Day 0: 1, 3 and a positive 100 that does not count; nothing on day 1; day 2: 2, 4, ..., 22.
    clock = [0, 2, 4, *(2 * 1440 + 2 * np.arange(11))]
    scores = windows(clock, [1, 3, 100, *range(2, 24, 2)], y_true=[0, 0, 1] + [0] * 11)
    found = errors_by_day(scores)
    assert found["day"].tolist() == [0, 2] and found["normal"].tolist() == [2, 11]
    assert found["median"].tolist() == [2.0, 12.0]
    np.testing.assert_allclose(found["high"], [2.8, 20.0])
    halved = errors_by_day(scores, unit=2.0)
    np.testing.assert_allclose(halved["median"], [1.0, 6.0])
    assert halved["normal"].tolist() == [2, 11] and scores.y_score[1] == 3


def test_a_day_is_of_the_clock_from_its_first_minute() -> None:
    scores = windows([-2.0, 0.0, 1439.9, 1440.0], [1, 2, 3, 4])
    assert errors_by_day(scores)["day"].tolist() == [-1, 0, 1]
    assert errors_by_day(scores)["normal"].tolist() == [1, 2, 1]


def test_alarms_by_hand() -> None:
    # Rows of 30 minutes. Day 0: an alarm without an event at 0, one of two rows at 1410 and 1440 that
    # begins on day 0, and event 0 at 690, caught. Day 1: event 1 at 2190, missed.
    clock = [0, 660, 690, 1410, 1440, 2160]
    called = windows(
        clock,
        [1, 1, 0, 1, 1, 0],
        event=[-1, 0, 0, -1, -1, 1],
        to_event=[np.inf, 60, 30, np.inf, np.inf, 30],
        step=30.0,
    )
    found = alarms_by_day(called, AlarmPolicy(cooldown=60, lead=90, repeat=10_000)).set_index("day")
    assert found["hours"].tolist() == [2.0, 1.0]
    assert found["false_alarms"].tolist() == [2, 0] and found["caught"].tolist() == [1, 0]
    assert found["false_alarms_per_day"].tolist() == [24.0, 0.0]


@pytest.mark.parametrize("seed", range(10))
def test_the_days_add_up_to_the_whole(seed) -> None:
    rng = np.random.default_rng(seed)
    scores, policy = naive.random_scores(rng, n_rows=300), naive.random_policy(rng)
    called = call(scores, {0: 2.0}, policy)
    found = alarms_by_day(called, policy)
    expected = naive.alarm_figures(called, 1.0, policy)
    assert found["false_alarms"].sum() == expected["false_alarms"]
    assert found["caught"].sum() == expected["caught"]
    assert found["hours"].sum() / 24 == pytest.approx(scores.days)
    assert found["day"].is_unique and found["day"].is_monotonic_increasing and (found["hours"] > 0).all()
    # Each false alarm is on the day of its first row.
    groups = naive.alarm_groups(called, 1.0, policy)
    false = [group for group in groups if all(called.to_event[i] > called.lead_of(policy) for i in group)]
    days = [int(called.clock[group[0]] // 1440) for group in false]
    assert {day: days.count(day) for day in set(days)} == {
        day: count for day, count in zip(found["day"], found["false_alarms"], strict=True) if count
    }


def noted(sensors, shares, rows=None, fold=0) -> pd.DataFrame:
    """Contributions of windows as of `top_contributions`."""
    sensors, shares = np.array(sensors, np.int16), np.array(shares, np.float32)
    rows = range(len(sensors)) if rows is None else rows
    columns = {f"sensor_{i + 1}": sensors[:, i] for i in range(sensors.shape[1])}
    columns |= {f"share_{i + 1}": shares[:, i] for i in range(sensors.shape[1])}
    return pd.DataFrame(columns).assign(fold=fold, row=list(rows))


def test_carriers_by_hand() -> None:
    # Day 0: two windows, x1 with 60 and 40%, x2 with 20%, x3 with 30%; a positive one does not
    # count, nor does one without errors. Day 3: x4 alone.
    scores = windows([0, 2, 4, 6, 3 * 1440], np.ones(5), y_true=[0, 0, 1, 0, 0])
    contributions = noted(
        [[0, 1], [0, 2], [3, 2], [0, 1], [3, 0]], [[0.6, 0.2], [0.4, 0.3], [0.9, 0.1], [0, 0], [1, 0]]
    )
    found = carriers_by_day(contributions, scores, NAMES)
    wide = found.pivot(index="day", columns="sensor", values="share")
    np.testing.assert_allclose(wide.loc[0, ["x1", "x2", "x3", "<b>x4</b>"]], [0.5, 0.1, 0.15, 0], atol=1e-7)
    np.testing.assert_allclose(wide.loc[3, ["x1", "<b>x4</b>"]], [0, 1])
    np.testing.assert_allclose(wide["other"], [0.25, 0.0], atol=1e-7)
    assert found["sensor"].tolist()[:5] == ["<b>x4</b>", "x1", "x3", "x2", "other"]
    # Of two that are named, the rest goes with the others.
    two = carriers_by_day(contributions, scores, NAMES, most=2)
    assert two["sensor"].tolist() == ["<b>x4</b>", "x1", "other"] * 2
    np.testing.assert_allclose(two["share"], [0, 0.5, 0.5, 1, 0, 0], atol=1e-7)


@pytest.mark.parametrize("seed", range(5))
def test_carriers_are_the_means_of_each_day_and_sensor(seed) -> None:
    rng = np.random.default_rng(seed)
    n, sensors = 400, 8
    fold, row = rng.integers(0, 2, n), rng.permutation(n)
    scores = windows(3.0 * 1440 * rng.random(n), np.ones(n), y_true=rng.random(n) < 0.2)
    scores = Scores(**{**vars(scores), "fold": fold, "row": row})
    order = rng.permutation(n)
    chosen = np.array([rng.permutation(sensors)[:5] for _ in range(n)])
    shares = rng.dirichlet(np.ones(6), n)[:, :5]
    contributions = noted(chosen[order], shares[order], row[order], fold[order])
    names = [f"s{i}" for i in range(sensors)]
    found = carriers_by_day(contributions, scores, names, most=4)
    assert found["sensor"].nunique() == 5 and set(found["day"]) == {0, 1, 2}
    np.testing.assert_allclose(found.groupby("day")["share"].sum(), 1.0)
    for day, sensor, share in found.itertuples(index=False):
        mine = [i for i in range(n) if scores.clock[i] // 1440 == day and not scores.y_true[i]]
        if sensor != "other":
            each = [shares[i][chosen[i] == names.index(sensor)].sum() for i in mine]
            assert share == pytest.approx(np.mean(each), abs=1e-6)
    assert ((found["share"] >= 0) & (found["share"] <= 1)).all()


def test_no_windows_and_odd_names() -> None:
    nothing = windows([], [])
    assert errors_by_day(nothing).columns.tolist() == ["day", "normal", "median", "high"]
    by_day = alarms_by_day(nothing, AlarmPolicy())
    assert by_day.columns.tolist() == ["day", "hours", "false_alarms", "caught", "false_alarms_per_day"]
    empty = carriers_by_day(noted(np.empty((0, 5)), np.empty((0, 5))), nothing, NAMES)
    assert len(by_day) == len(errors_by_day(nothing)) == len(empty) == 0
    assert empty.columns.tolist() == ["day", "sensor", "share"]
    # A sensor that is called "other" is not told from the rest, and counted once.
    found = carriers_by_day(noted([[0, 1]], [[0.5, 0.25]]), windows([0], [1]), ("other", "x2"))
    assert found["sensor"].tolist() == ["x2", "other"] and found["share"].tolist() == [0.25, 0.75]


def test_the_sentence_of_an_error_that_has_risen() -> None:
    quiet, test = days_of([1.0, 1.2, 0.9]), days_of([1.1, 3.0, 1.0, 20.0, 26.0, 28.0])
    told = "the median score of normal windows has been 26 times as high as in the validation data"
    assert drift_sentence(quiet, test) == f"Since day 3, {told}."
    carriers = pd.DataFrame(
        {"day": [2, 3, 3, 3, 4, 4], "sensor": ["x1", "x19", "x2", "other", "x19", "x2"]}
    ).assign(share=[1.0, 0.86, 0.1, 0.04, 0.8, 0.2])
    said = drift_sentence(quiet, test, carriers, when=lambda day: f"{day + 15} May")
    assert said == f"Since 18 May, {told}; x19 accounts for 83% of the score."
    # Other units change nothing.
    assert drift_sentence(quiet.with_score(quiet.y_score / 7), test.with_score(test.y_score / 7)) is not None
    assert "2.5 times" in str(drift_sentence(quiet, days_of([2.5])))
    assert "more than a million times" in str(drift_sentence(quiet, days_of([1e40])))


def test_no_sentence_where_nothing_has_risen_for_good() -> None:
    quiet = days_of([1.0, 1.2, 0.9])
    for values in ([1.0, 1.9], [5.0, 5.0, 1.0], [0.1], []):
        assert drift_sentence(quiet, days_of(values)) is None
    assert drift_sentence(days_of([]), days_of([5.0])) is None
    assert drift_sentence(days_of([0.0]), days_of([5.0])) is None
    # Positive windows do not count, and a day of half an hour neither begins nor ends it.
    alarming = days_of([5.0])
    assert drift_sentence(quiet, Scores(**{**vars(alarming), "y_true": np.ones(len(alarming), int)})) is None
    short = windows(2.0 * np.arange(15), np.full(15, 9.0))
    assert drift_sentence(quiet, short) is None
    ended = windows([*days_of([1.0, 5.0]).clock, 2 * 1440.0], [*days_of([1.0, 5.0]).y_score, 1.0])
    assert str(drift_sentence(quiet, ended)).startswith("Since day 1, ")


def test_a_rise_that_did_not_stay_is_told_with_its_worst_day() -> None:
    before = days_of([1.0, 1.0])
    said = worst_day_sentence(before, days_of([1.0, 8.0, 3.0, 1.0]), "day {}".format)
    assert said.startswith(
        "On day 1, the median score of normal windows was 8.0 times as high as in the validation data."
    )
    assert said.endswith("At the end it is less than twice as high.") and "3.0" not in said
    quiet = worst_day_sentence(before, days_of([1.0, 1.5]))
    assert quiet.startswith("On every day with at least an hour of normal windows, ")
    assert quiet.endswith("is less than twice as high as in the validation data.")
    unknown = worst_day_sentence(before.with_score(0 * before.y_score), days_of([1.0, 8.0]))
    assert unknown.startswith("Drift of the score cannot be measured") and "times" not in unknown
    assert unknown.endswith("or their median score is 0.")
    assert drift_sentence(before, days_of([1.0, 8.0, 3.0, 1.0])) is None
