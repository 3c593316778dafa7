"""Alarms and the ledger of events, by hand and against a walk through the rows."""

from dataclasses import replace

import numpy as np
import pytest

from rare_event.config import AlarmPolicy
from rare_event.judge.alarms import alarm_level, alarms, event_ledger
from rare_event.judge.scores import Scores
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
        assert listed["rows"].tolist() == [len(g) for g in groups]
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
