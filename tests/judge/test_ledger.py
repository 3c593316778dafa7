"""The ledger lists each event once and each false alarm every time it sounds."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rare_event.config import AlarmPolicy
from rare_event.judge.ledger import COLUMNS, ledger
from rare_event.judge.scores import Scores
from tests import naive

HOURLY = AlarmPolicy(repeat=60.0)


@pytest.fixture
def six_hours() -> Scores:
    """Two stretches of three hours, 2-minute rows, in alarm at 1 throughout; event 4 ends the second.

    The score rises from row to row within each stretch, from 1.00 by 0.01.
    """
    age = np.tile(np.arange(90), 2)
    stretch = np.repeat([0, 1], 90)
    return Scores(
        row=np.arange(180) + 10 * stretch,
        clock=2.0 * np.arange(180) + 20.0 * stretch,
        stretch=stretch,
        fold=stretch,
        y_true=np.zeros(180, int),
        y_score=1 + age / 100,
        event=np.where(stretch == 1, 4, -1),
        to_event=np.where(stretch == 1, 180.0 - 2 * age, np.inf),
        total_events=np.array([4]),
        step=2.0,
    )


def test_an_alarm_that_stands_for_hours_has_a_line_for_each(six_hours) -> None:
    lines = ledger(six_hours, 1.0, HOURLY)
    assert list(lines.columns) == COLUMNS
    assert lines["kind"].tolist() == ["event"] + ["false alarm"] * 5
    event, false = lines.iloc[0], lines.iloc[1:]
    # First warned of in its lead window, 4 minutes before minute 380.
    assert (event["event"], event["caught"], event["first_alarm"], event["lead"]) == (4, True, 376, 4)
    # The second stretch begins at minute 200; its third hour reaches the event.
    assert false["first_alarm"].tolist() == [0, 60, 120, 200, 260]
    # Each is shown where its own hour is highest, in its last row.
    assert false["row"].tolist() == [29, 59, 89, 129, 159]
    assert false["fold"].tolist() == [0, 0, 0, 1, 1]
    assert false["peak"].tolist() == pytest.approx([1.29, 1.59, 1.89, 1.29, 1.59])
    assert not false["caught"].any() and false["lead"].isna().all()


def test_without_repeats_the_hours_before_an_event_would_be_no_false_alarm(six_hours) -> None:
    once = ledger(six_hours, 1.0, AlarmPolicy(repeat=1e9))
    assert once["kind"].tolist() == ["event", "false alarm"]
    pd.testing.assert_frame_equal(once.iloc[:1], ledger(six_hours, 1.0, HOURLY).iloc[:1])
    assert once["row"].tolist() != ledger(six_hours, 1.0, HOURLY)["row"].tolist()


def test_thresholds_of_each_fold(six_hours) -> None:
    # The first fold is never in alarm, the second from its second hour on: row 130 is at 1.30.
    lines = ledger(six_hours, {0: 9.0, 1: 1.3}, HOURLY)
    # The first full hour in which it stood throughout is its third, and that reaches the event.
    assert lines["kind"].tolist() == ["event", "false alarm"]
    assert lines["first_alarm"].tolist() == [376, 260] and lines["fold"].tolist() == [1, 1]
    # Scores, not multiples of the threshold of their fold.
    places = np.searchsorted(six_hours.row, lines["row"].to_numpy(int))
    assert lines["peak"].tolist() == six_hours.y_score[places].tolist() and (lines["peak"] > 1.5).all()


@pytest.mark.parametrize("seed", range(20))
def test_as_many_lines_as_the_walk_counts(seed) -> None:
    rng = np.random.default_rng([11, seed])
    scores = naive.random_scores(rng, 120, restarts=0.05)
    policy = replace(naive.random_policy(rng), cooldown=6.0)
    for threshold in (0.0, 0.5, 1.5):
        lines = ledger(scores, threshold, policy)
        groups = naive.alarm_groups(scores, threshold, policy)
        false = [g for g in groups if all(scores.to_event[i] > scores.lead_of(policy) for i in g)]
        shown = lines[lines["kind"] == "false alarm"]
        assert shown["first_alarm"].tolist() == [scores.clock[g[0]] for g in false]
        # The peak is that of its own rows, the ones between two alarmed rows included.
        peaks = [max(scores.y_score[g[0] : g[-1] + 1]) for g in false]
        assert shown["peak"].tolist() == peaks and not shown["row"].isna().any()
        assert (lines["kind"] == "event").sum() == len(scores.total_events)
