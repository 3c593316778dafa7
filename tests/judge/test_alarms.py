"""Alarms and the ledger of events, by hand and against a walk through the rows."""

import json
from dataclasses import replace

import numpy as np
import pytest

from rare_event.config import RECOMMENDED, AlarmPolicy, from_json, to_json
from rare_event.errors import ConfigError
from rare_event.judge.alarms import alarm_level, alarms, event_ledger
from rare_event.judge.resampling import figure_draws
from rare_event.judge.scores import Scores
from rare_event.judge.thresholds import operating_points
from tests import naive


@pytest.fixture
def by_hand() -> Scores:
    """Three stretches of 2-minute rows; events 0 and 1 end the first two, event 2 no window sees.

    row        0  1  2  3  4  5   10 11 12 13    20 21 22
    minute     0  2  4  6  8 10   40 42 44 46    80 82 84
    to event  12 10  8  6  4  2    8  6  4  2    no event
    score      5  1  1  5  1  5    1  9  1  1     5  1  7
    """
    minute = np.array([0, 2, 4, 6, 8, 10, 40, 42, 44, 46, 80, 82, 84], float)
    inf = np.inf
    return Scores(
        row=np.array([0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 20, 21, 22]),
        clock=minute,
        stretch=np.repeat([0, 1, 2], [6, 4, 3]),
        fold=np.zeros(13, int),
        y_true=np.array([0, 0, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 0]),
        y_score=np.array([5, 1, 1, 5, 1, 5, 1, 9, 1, 1, 5, 1, 7], float),
        event=np.array([0] * 6 + [1] * 4 + [-1] * 3),
        to_event=np.array([12, 10, 8, 6, 4, 2, 8, 6, 4, 2, inf, inf, inf]),
        total_events=np.array([0, 1, 2]),
        step=2.0,
    )


def test_alarms_by_hand(by_hand) -> None:
    # At threshold 5 rows 0, 3, 5, 11, 20 and 22 are alarmed. Less than 5 minutes apart are rows 3
    # and 5 (4 minutes) and rows 20 and 22 (4 minutes); rows 0 and 3 are 6 apart.
    listed = alarms(by_hand, 5.0, AlarmPolicy(cooldown=5.0, lead=4.0))
    assert listed["first_row"].tolist() == [0, 3, 11, 20]
    assert listed["last_row"].tolist() == [0, 5, 11, 22]
    assert listed["start"].tolist() == [0, 6, 42, 80] and listed["end"].tolist() == [0, 10, 42, 84]
    assert listed["rows"].tolist() == [1, 2, 1, 2]
    assert listed["peak"].tolist() == [5, 5, 9, 7]
    # Only the second sounds within 4 minutes of an event: row 5, 2 minutes before event 0.
    assert listed["event"].tolist() == [-1, 0, -1, -1]
    assert listed["false"].tolist() == [True, False, True, True]


def test_a_wider_lead_window_makes_false_alarms_true(by_hand) -> None:
    listed = alarms(by_hand, 5.0, AlarmPolicy(cooldown=5.0, lead=6.0))
    assert listed["event"].tolist() == [-1, 0, 1, -1]  # row 11 is 6 minutes before event 1
    assert listed["false"].tolist() == [True, False, False, True]


def test_the_cooldown_is_exclusive(by_hand) -> None:
    # Rows 3 and 5, and rows 20 and 22, are exactly 4 minutes apart: no longer one alarm.
    assert alarms(by_hand, 5.0, AlarmPolicy(cooldown=4.0))["first_row"].tolist() == [0, 3, 5, 11, 20, 22]
    assert alarms(by_hand, 5.0, AlarmPolicy(cooldown=1000.0))["first_row"].tolist() == [0, 11, 20]


def test_the_ledger_by_hand(by_hand) -> None:
    ledger = event_ledger(by_hand, 5.0, AlarmPolicy(lead=6.0))
    assert ledger["event"].tolist() == [0, 1, 2]
    assert ledger["caught"].tolist() == [True, True, False]  # no window sees event 2
    # Event 0 is first warned of in row 3, 6 minutes before (row 0, 12 minutes before, is too early
    # to count); event 1 in row 11, 6 minutes before.
    assert ledger["lead"].tolist()[:2] == [6.0, 6.0] and np.isnan(ledger["lead"][2])
    assert ledger["peak"].tolist()[:2] == [5.0, 9.0] and np.isnan(ledger["peak"][2])


def test_a_warning_can_come_too_late(by_hand) -> None:
    # Within 4 minutes only row 5 warns of event 0, 2 minutes before: too late for 3.
    late = event_ledger(by_hand, 5.0, AlarmPolicy(lead=4.0, min_lead=3.0))
    assert late["caught"].tolist() == [False, False, False] and late["lead"].isna().all()
    assert event_ledger(by_hand, 5.0, AlarmPolicy(lead=4.0, min_lead=2.0))["caught"].tolist()[0]


def test_two_of_three_windows(by_hand) -> None:
    # At 5, two of the last three windows reach it in row 5 only (rows 3 and 5), and in row 22.
    policy = AlarmPolicy(k=2, n=3)
    assert alarms(by_hand, 5.0, policy)["first_row"].tolist() == [5, 22]
    # At 1 every row from the second of each stretch on has two.
    assert alarms(by_hand, 1.0, policy)["first_row"].tolist() == [1, 11, 21]


def test_muted_rows_after_a_restart(by_hand) -> None:
    # The first two rows of each stretch are silent: rows 0, 11 (second of its stretch) and 20 go.
    assert alarms(by_hand, 5.0, AlarmPolicy(mute=2))["first_row"].tolist() == [3, 22]
    assert len(alarms(by_hand, 5.0, AlarmPolicy(mute=100))) == 0


def test_no_alarm(by_hand) -> None:
    listed = alarms(by_hand, 9.5, AlarmPolicy())
    assert len(listed) == 0 and "false" in listed and int(listed["false"].sum()) == 0
    ledger = event_ledger(by_hand, 9.5, AlarmPolicy())
    assert len(ledger) == 3 and not ledger["caught"].any()
    assert not ledger["peak"][:2].isna().any()  # what was missed can still be seen


@pytest.mark.parametrize("seed", range(30))
def test_the_same_as_walking_through_the_rows(seed) -> None:
    rng = np.random.default_rng(seed)
    scores, policy = naive.random_scores(rng), naive.random_policy(rng)
    level = alarm_level(scores.y_score, scores, policy, -np.inf)
    before = scores.y_score.copy()
    for threshold in [0.0, 0.5, 1.0, 1.1, 2.0, 2.75, 3.0]:
        assert (level >= threshold).tolist() == naive.alarmed_rows(scores, threshold, policy)
        groups = naive.alarm_groups(scores, threshold, policy)
        listed = alarms(scores, threshold, policy)
        assert listed["first_row"].tolist() == [scores.row[g[0]] for g in groups]
        assert listed["last_row"].tolist() == [scores.row[g[-1]] for g in groups]
        assert listed["rows"].tolist() == [sum(level[i] >= threshold for i in g) for g in groups]
        assert listed["peak"].tolist() == [max(scores.y_score[i] for i in g) for g in groups]
        figures = naive.alarm_figures(scores, threshold, policy)
        assert listed["false"].sum() == figures["false_alarms"]
        ledger = event_ledger(scores, threshold, policy)
        assert ledger["event"].tolist() == scores.total_events.tolist()
        caught = ledger[ledger["caught"]]
        assert dict(zip(caught["event"], caught["lead"], strict=True)) == figures["leads"]
    assert (scores.y_score == before).all()


def test_scores_of_any_unit_give_the_same_alarms(by_hand) -> None:
    scaled = replace(by_hand, y_score=by_hand.y_score / 1024)
    one, other = alarms(by_hand, 5.0, AlarmPolicy()), alarms(scaled, 5.0 / 1024, AlarmPolicy())
    assert len(one) == 3 and one.drop(columns="peak").equals(other.drop(columns="peak"))


# Alarms that still stand


@pytest.fixture
def standing() -> Scores:
    """Three stretches of 2-minute rows; events 0 and 1 end the first two.

    row        0  1  2  3  4  5  6  7  8  9   20 .. 29   30 31 32 33 34
    minute     0  2  4  6  8 10 12 14 16 18  100 .. 118 200 .. 208
    to event  20 18 16 14 12 10  8  6  4  2   20 .. 2   no event
    score      5  5  1  5  1  1  1  5  5  5    5 .. 5     7  7  7  3  1
    """
    return Scores(
        row=np.array([*range(10), *range(20, 35)]),
        clock=np.array([*range(0, 20, 2), *range(100, 120, 2), *range(200, 210, 2)], float),
        stretch=np.repeat([0, 1, 2], [10, 10, 5]),
        fold=np.zeros(25, int),
        y_true=np.zeros(25, int),
        y_score=np.array([5, 5, 1, 5, 1, 1, 1, 5, 5, 5] + [5] * 10 + [7, 7, 7, 3, 1], float),
        event=np.repeat([0, 1, -1], [10, 10, 5]),
        to_event=np.array([*range(20, 0, -2)] * 2 + [np.inf] * 5),
        total_events=np.array([0, 1]),
        step=2.0,
    )


def test_an_alarm_that_still_stands_sounds_again_by_hand(standing) -> None:
    # Six full minutes have passed in rows 3, 6 and 9; 23, 26 and 29; and 33. Alarms stand for less
    # than 5 minutes after an alarmed row. In row 3 that of row 0 does, and did in rows 1 and 2; in row
    # 6 the last alarmed row is 6 minutes ago. Rows 9 and 29 are within 4 minutes of an event. In row 33
    # the alarm stands though its score is low, and nothing follows.
    policy = AlarmPolicy(cooldown=5.0, lead=4.0, repeat=6.0)
    listed = alarms(standing, 5.0, policy)
    assert listed["first_row"].tolist() == [0, 3, 7, 20, 23, 26, 30, 33]
    assert listed["last_row"].tolist() == [1, 3, 9, 22, 25, 29, 32, 33]
    assert listed["start"].tolist() == [0, 6, 14, 100, 106, 112, 200, 206]
    assert listed["end"].tolist() == [2, 6, 18, 104, 110, 118, 204, 206]
    assert listed["rows"].tolist() == [2, 1, 3, 3, 3, 4, 3, 0]
    assert listed["peak"].tolist() == [5, 5, 5, 5, 5, 5, 7, 3]
    # Of an alarm that reaches an event, what sounded before is false.
    assert listed["event"].tolist() == [-1, -1, 0, -1, -1, 1, -1, -1]
    assert listed["false"].tolist() == [True, True, False, True, True, False, True, True]
    points = operating_points(standing, policy)
    at = points.at(5.0)
    assert (points.alarms[at], points.false_alarms[at], points.caught[at]) == (8, 6, 2)
    # Nobody is warned better or worse for it.
    once = replace(policy, repeat=1e9)
    assert event_ledger(standing, 5.0, policy).equals(event_ledger(standing, 5.0, once))
    assert alarms(standing, 5.0, once)["first_row"].tolist() == [0, 7, 20, 30]
    assert operating_points(standing, once).false_alarms[at] == 2 != points.false_alarms[at]


def test_an_alarm_sounds_again_until_the_lead_window(standing) -> None:
    # With a lead window of 8 minutes it reaches row 26, and with 14 row 23.
    for lead, first_rows in ((7.9, [20, 23, 26]), (8.0, [20, 23]), (14.0, [20])):
        listed = alarms(standing, 5.0, AlarmPolicy(cooldown=5.0, lead=lead, repeat=6.0))
        second = listed[listed["first_row"].between(20, 29)]
        assert second["first_row"].tolist() == first_rows
        assert second["false"].tolist() == [True] * (len(first_rows) - 1) + [False]


def a_day(to_event, n_days=1) -> Scores:
    """Two-minute rows without a stop, all of one score."""
    n_rows = 720 * n_days
    return Scores(
        row=np.arange(n_rows),
        clock=2.0 * np.arange(n_rows),
        stretch=np.zeros(n_rows, int),
        fold=np.zeros(n_rows, int),
        y_true=np.zeros(n_rows, int),
        y_score=np.ones(n_rows),
        event=np.full(n_rows, 0 if np.isfinite(to_event).all() else -1),
        to_event=to_event,
        total_events=np.array([0]),
        step=2.0,
    )


HOURLY = AlarmPolicy(repeat=60.0)


def test_an_alarm_that_never_stops_costs_24_a_day() -> None:
    quiet = a_day(np.full(1440, np.inf), n_days=2)
    points = operating_points(quiet, HOURLY)
    assert points.false_alarms.tolist() == [48] and points.false_alarms_per_day.tolist() == [24.0]
    assert alarms(quiet, 1.0, HOURLY)["start"].tolist() == list(range(0, 2880, 60))
    # Every half hour it is twice as much; never again, it would be one alarm however long.
    assert operating_points(quiet, AlarmPolicy(repeat=30.0)).false_alarms_per_day.tolist() == [48.0]
    assert operating_points(quiet, AlarmPolicy(repeat=1e9)).false_alarms.tolist() == [1]
    # An event at the end makes the last of them true, not all.
    ends = a_day(2.0 * np.arange(720, 0, -1))
    points = operating_points(ends, HOURLY)
    assert (points.caught[0], points.alarms[0], points.false_alarms[0]) == (1, 24, 23)
    assert alarms(ends, 1.0, HOURLY)["false"].tolist() == [True] * 23 + [False]
    assert operating_points(ends, AlarmPolicy(repeat=1e9)).false_alarms.tolist() == [0]


@pytest.mark.parametrize("seed", range(60))
def test_standing_alarms_are_those_of_the_walk(seed) -> None:
    rng = np.random.default_rng([7, seed])
    scores = naive.random_scores(rng, 150, ties=5, backwards=seed % 3 == 0, restarts=0.03)
    policy = replace(naive.random_policy(rng), cooldown=float(rng.choice([0.0, 2.5, 6.0, 10.0, 1000.0])))
    for threshold in np.unique(scores.y_score):
        groups = naive.alarm_groups(scores, threshold, policy)
        listed = alarms(scores, threshold, policy)
        assert listed["first_row"].tolist() == [scores.row[g[0]] for g in groups]
        assert listed["last_row"].tolist() == [scores.row[g[-1]] for g in groups]
        assert listed["peak"].tolist() == [max(scores.y_score[i] for i in g) for g in groups]
        false = [all(scores.to_event[i] > scores.lead_of(policy) for i in g) for g in groups]
        assert listed["false"].tolist() == false
        # As many as without, and those that sound again, none of which is in a lead window.
        once = alarms(scores, threshold, replace(policy, repeat=1e9))
        more = listed[~listed["first_row"].isin(once["first_row"])]
        assert len(listed) == len(once) + len(more)
        assert (listed["event"] >= 0).sum() == (once["event"] >= 0).sum()
        near = scores.row[scores.to_event <= scores.lead_of(policy)]
        assert not more["first_row"].isin(near).any()


def test_each_time_an_alarm_sounds_it_is_drawn_with_its_stretch() -> None:
    called = replace(
        a_day(np.full(3600, np.inf), n_days=5),
        stretch=np.repeat(np.arange(5), 720),
        y_score=np.repeat([1.0, 0.0, 0.0, 0.0, 0.0], 720),
    )
    # The first stretch is drawn so many times of five, with its 24 alarms each time.
    drawn = figure_draws(called, HOURLY, resamples=50)["false_alarms_per_day"]
    assert set(drawn) <= {24 * times / 5 for times in range(6)}
    assert drawn.nunique() > 1 and drawn.max() > 24 / 5


@pytest.mark.parametrize("repeat", [0.0, -5.0, float("nan"), float("inf")])
def test_a_repeat_that_cannot_be_is_refused(repeat) -> None:
    with pytest.raises(ConfigError, match=rf"repeat is {repeat:g}.*; choose"):
        AlarmPolicy(repeat=repeat)


def test_a_policy_of_a_run_from_before_sounds_again_each_half_hour() -> None:
    settings = json.loads(to_json(replace(RECOMMENDED, policy=AlarmPolicy(cooldown=3.0, repeat=5.0))))
    assert settings["policy"].pop("repeat") == 5.0
    assert from_json(json.dumps(settings)).policy == AlarmPolicy(cooldown=3.0, repeat=30.0)
