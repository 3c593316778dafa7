"""An alarm that ends at a lower level than it begins: by hand, by a loop and at every threshold."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rare_event.config import AlarmPolicy
from rare_event.errors import ConfigError
from rare_event.judge.alarms import alarms
from rare_event.judge.evaluation import evaluate
from rare_event.judge.hysteresis import held_levels, holds_up_to
from rare_event.judge.thresholds import operating_points
from tests import naive
from tests.small import one_stretch

KINDS = ("caught", "alarms", "false_alarms")


def test_by_hand() -> None:
    # At threshold 10 an alarm begins in row 1. Rows 2 and 3 lie below it, but not below 6: it goes on. Row 4
    # ends it. Row 5 reaches 6 only, which begins none; row 6 begins another.
    scores = one_stretch(0, 10, 7, 6, 5, 9, 12, 6, 0)
    policy = AlarmPolicy(cooldown=0.0, end_share=0.6)
    listed = alarms(scores, 10.0, policy)
    assert listed["first_row"].tolist() == [1, 6] and listed["last_row"].tolist() == [3, 7]
    assert listed["rows"].tolist() == [3, 2] and listed["peak"].tolist() == [10, 12]
    # Row 6 alone reaches 12; row 7 lies below 7.2.
    assert alarms(scores, 12.0, policy)[["first_row", "last_row"]].to_numpy().tolist() == [[6, 6]]
    # At 15, no score begins an alarm, though three reach 9, its lower level.
    assert not len(alarms(scores, 15.0, policy))


def test_a_score_that_flutters_about_the_threshold_is_one_alarm() -> None:
    scores = one_stretch(*[10, 9.5] * 20)
    for cooldown, without in ((0.0, 20), (3.0, 20)):
        policy = AlarmPolicy(cooldown=cooldown, repeat=1e9)
        assert len(alarms(scores, 10.0, policy)) == without
        assert len(alarms(scores, 10.0, replace(policy, end_share=0.9))) == 1


def test_a_cooldown_is_an_off_delay() -> None:
    # Rows are 2 minutes apart. An alarm that ends after 3 rows below the threshold in a row outlives gaps of
    # 1 and 2 rows, not one of 3: of all cooldowns, those above 6 and up to 8 minutes do the same.
    scores = one_stretch(9, 0, 9, 0, 0, 9, 0, 0, 0, 9)
    for cooldown, first in ((6.0, [0, 5, 9]), (6.5, [0, 9]), (8.0, [0, 9]), (8.5, [0])):
        assert alarms(scores, 5.0, AlarmPolicy(cooldown=cooldown))["first_row"].tolist() == first


@pytest.mark.parametrize("share", [0.95, 0.75, 0.5, 0.1])
@pytest.mark.parametrize("seed", range(8))
def test_the_curve_is_the_loop_at_and_between_all_its_points(seed: int, share: float) -> None:
    rng = np.random.default_rng([21, seed])
    scores = naive.random_scores(rng, ties=int(rng.choice([3, 12, 60])), backwards=seed % 4 == 0)
    policy = replace(naive.random_policy(rng), end_share=share)
    points = operating_points(scores, policy)
    assert (np.diff(points.threshold) > 0).all() and points.threshold[-1] == scores.y_score.max()
    middle = (points.threshold[1:] + points.threshold[:-1]) / 2
    for threshold in (*points.threshold, *middle):
        figures, i = naive.alarm_figures(scores, threshold, policy), points.at(threshold)
        assert [getattr(points, name)[i] for name in KINDS] == [figures[name] for name in KINDS]
        assert points.standing is not None
        assert points.standing[i] == naive.standing_rows(scores, threshold, policy)
        rows = naive.confusion(scores.y_true, scores.y_score, threshold)
        assert (points.tp[i], points.fp[i]) == (rows["tp"], rows["fp"])
        found = evaluate(scores, {0: threshold}, policy)
        assert [getattr(found, name) for name in KINDS] == [figures[name] for name in KINDS]


@given(st.integers(0, 10_000), st.sampled_from([0.9, 0.5, 0.2]))
def test_a_higher_threshold_alarms_no_further_row_and_catches_no_further_event(
    seed: int, share: float
) -> None:
    rng = np.random.default_rng(seed)
    scores = naive.random_scores(rng, n_rows=60, ties=int(rng.choice([3, 12, 60])))
    policy = replace(naive.random_policy(rng), end_share=share)
    held, plain = operating_points(scores, policy), operating_points(scores, replace(policy, end_share=1.0))
    assert held.standing is not None and plain.standing is not None
    for counts in (held.tp, held.fp, held.caught, held.standing):
        assert (np.diff(counts) <= 0).all()
    # A lower level takes no event and no alarmed row away.
    at = [held.at(threshold) for threshold in plain.threshold]
    assert (held.caught[at] >= plain.caught).all() and (held.standing[at] >= plain.standing).all()
    assert (held.tp[at] == plain.tp).all()


def test_scores_of_0_and_below_are_not_held() -> None:
    values = np.array([-3.0, -0.5, 0.0, 0.5])
    assert holds_up_to(values, 0.5)[:3].tolist() == values[:3].tolist()
    points = operating_points(one_stretch(-3, -0.5, 0, -1, 0.5), AlarmPolicy(cooldown=0.0, end_share=0.5))
    # At 0 two rows are alarmed, at 0.5 one; nothing holds an alarm in row 3.
    assert points.alarms[[points.at(0.0), points.at(0.5)]].tolist() == [2, 1]


@given(st.lists(st.tuples(st.integers(-1, 30), st.integers(0, 20), st.booleans()), min_size=1))
def test_levels_are_those_of_a_walk(rows: list[tuple[int, int, bool]]) -> None:
    level = np.array([row[0] for row in rows], np.int32)
    upper = level + np.array([row[1] for row in rows], np.int32)
    starts = np.array([row[2] for row in rows])
    starts[0] = True
    whole, held = held_levels(level, upper, starts, -1)
    last = -1
    for i in range(len(rows)):
        goes_on = -1 if starts[i] else min(last, upper[i])
        last = max(level[i], goes_on)
        assert (whole[i], held[i]) == (last, goes_on)
    assert whole.dtype == held.dtype == np.int32


@pytest.mark.parametrize("share", [0.0, -1.0, 1.01, 0.001, float("nan")])
def test_a_share_that_cannot_be_is_refused(share: float) -> None:
    with pytest.raises(ConfigError, match=r"end_share is .*; choose"):
        AlarmPolicy(end_share=share)
