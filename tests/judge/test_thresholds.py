"""Operating points count exactly what a walk through the rows at each threshold counts."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import (
    average_precision_score,
    confusion_matrix,
    fbeta_score,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)

from rare_event.config import AlarmPolicy
from rare_event.errors import DataError
from rare_event.judge.alarms import alarms
from rare_event.judge.thresholds import highest_within, operating_points
from tests import naive


@pytest.mark.parametrize("seed", range(40))
def test_the_same_as_walking_through_the_rows(seed) -> None:
    rng = np.random.default_rng(seed)
    scores = naive.random_scores(rng, ties=int(rng.choice([1, 3, 12, 1000])), backwards=seed % 4 == 0)
    policy = naive.random_policy(rng)
    before = scores.y_score.copy()
    points = operating_points(scores, policy)
    assert points.threshold.tolist() == naive.thresholds_of(scores, policy)
    assert points.n_events == len(scores.total_events)
    for i, threshold in enumerate(points.threshold):
        rows = naive.confusion(scores.y_true, scores.y_score, threshold)
        assert (points.tp[i], points.fp[i]) == (rows["tp"], rows["fp"])
        figures = naive.alarm_figures(scores, threshold, policy)
        for name in ("caught", "alarms", "false_alarms"):
            assert getattr(points, name)[i] == figures[name], (name, threshold, policy)
    assert (scores.y_score == before).all()


@pytest.mark.parametrize("seed", range(60))
def test_alarms_that_still_stand_are_those_of_the_walk_and_of_the_listing(seed) -> None:
    rng = np.random.default_rng([3, seed])
    scores = naive.random_scores(rng, 150, ties=int(rng.choice([2, 5, 12])), restarts=0.03)
    policy = naive.random_policy(rng)
    points = operating_points(scores, policy)
    for i, threshold in enumerate(points.threshold):
        figures = naive.alarm_figures(scores, threshold, policy)
        counted = (points.caught[i], points.alarms[i], points.false_alarms[i])
        assert counted == (figures["caught"], figures["alarms"], figures["false_alarms"]), (threshold, policy)
        listed = alarms(scores, threshold, policy)
        assert counted[1:] == (len(listed), listed["false"].sum())


def once_each(scores, threshold, policy) -> tuple[int, int]:
    """Alarms and false alarms where none sounds twice: alarmed rows joined within the cooldown."""
    flags, goes_on = naive.walk_of_rows(scores, threshold, policy)
    last: int | None = None
    groups: list[list[int]] = []
    for i in np.flatnonzero(flags).tolist():
        joined = last is not None and scores.stretch[last] == scores.stretch[i]
        recent = joined and scores.clock[i] - scores.clock[last] < policy.cooldown
        if not (recent or goes_on[i]):
            groups.append([])
        groups[-1].append(i)
        last = i
    return len(groups), sum(
        all(scores.to_event[i] > scores.lead_of(policy) for i in group) for group in groups
    )


@pytest.mark.parametrize("seed", range(20))
def test_a_repeat_longer_than_every_stretch_changes_nothing(seed) -> None:
    rng = np.random.default_rng([5, seed])
    scores = naive.random_scores(rng, 120, backwards=seed % 2 == 0, restarts=0.05)
    longest = max(np.ptp(scores.clock[scores.stretch == s]) for s in np.unique(scores.stretch))
    policy = replace(naive.random_policy(rng), repeat=float(longest) + 0.5)
    points = operating_points(scores, policy)
    for i, threshold in enumerate(points.threshold):
        expected = once_each(scores, threshold, policy)
        assert (points.alarms[i], points.false_alarms[i]) == expected
    # One that just fits into the longest is heard at the lowest threshold, where all rows are alarmed.
    fits = replace(policy, k=1, n=1, mute=0, cooldown=1e6, lead=0.5, min_lead=0.0, repeat=float(longest))
    quiet = replace(scores, to_event=np.full(len(scores), np.inf))
    assert operating_points(quiet, fits).alarms[0] > once_each(quiet, -1.0, fits)[0]


@given(st.integers(0, 10_000), st.sampled_from([3.0, 8.0, 20.0, 60.0]))
def test_sounding_more_often_costs_false_alarms_only(seed, repeat) -> None:
    rng = np.random.default_rng(seed)
    scores = naive.random_scores(rng, n_rows=60, restarts=0.04)
    policy = naive.random_policy(rng)
    never, whole, half = (
        operating_points(scores, replace(policy, repeat=minutes)) for minutes in (1e9, repeat, repeat / 2)
    )
    assert (never.false_alarms <= whole.false_alarms).all()
    assert (whole.false_alarms <= half.false_alarms).all()
    for other in (whole, half):
        assert (other.caught == never.caught).all()
        assert (other.alarms - other.false_alarms == never.alarms - never.false_alarms).all()
        assert (other.tp == never.tp).all() and (other.alarms <= never.tp + never.fp + len(scores)).all()


@pytest.fixture
def scores():
    return naive.random_scores(np.random.default_rng(11), n_rows=300, ties=60)


def test_rows_against_scikit_learn(scores) -> None:
    points, frame = (
        operating_points(scores, AlarmPolicy()),
        operating_points(scores, AlarmPolicy()).to_frame(),
    )
    for i, threshold in enumerate(points.threshold):
        matrix = confusion_matrix(scores.y_true, scores.y_score >= threshold, labels=[0, 1])
        assert frame[["tn", "fp", "fn", "tp"]].to_numpy()[i].tolist() == matrix.ravel().tolist()
        for beta in (0.5, 1.0, 2.0):
            expected = fbeta_score(scores.y_true, scores.y_score >= threshold, beta=beta)
            assert points.f_beta(beta)[i] == pytest.approx(expected)
    assert len(frame) == len(points) and not frame[["precision", "recall"]].isna().any().any()


def test_curves_against_scikit_learn(scores) -> None:
    points = operating_points(scores, AlarmPolicy())
    precision, recall, threshold = precision_recall_curve(scores.y_true, scores.y_score)
    # The last precision of scikit-learn, 1, belongs to no threshold: it goes, not the first.
    np.testing.assert_array_equal(points.threshold, threshold)
    np.testing.assert_allclose(points.precision, precision[:-1])
    np.testing.assert_allclose(points.recall, recall[:-1])
    assert not np.allclose(points.precision, precision[1:])
    false, true, falling = roc_curve(scores.y_true, scores.y_score, drop_intermediate=False)
    np.testing.assert_array_equal(points.threshold[::-1], falling[1:])
    np.testing.assert_allclose(points.false_positive_rate[::-1], false[1:])
    np.testing.assert_allclose(points.recall[::-1], true[1:])


def test_areas_against_scikit_learn(scores) -> None:
    points = operating_points(scores, AlarmPolicy())
    false = np.append(points.false_positive_rate, 0)[::-1]
    recall = np.append(points.recall, 0)[::-1]
    assert np.trapezoid(recall, false) == pytest.approx(roc_auc_score(scores.y_true, scores.y_score))
    steps = np.diff(recall) @ points.precision[::-1]
    assert steps == pytest.approx(average_precision_score(scores.y_true, scores.y_score))


@given(st.integers(0, 10_000), st.sampled_from([1, 2, 12, 1000]))
def test_a_higher_threshold_never_calls_or_catches_more(seed, ties) -> None:
    rng = np.random.default_rng(seed)
    scores, policy = naive.random_scores(rng, n_rows=60, ties=ties), naive.random_policy(rng)
    points = operating_points(scores, policy)
    for counts in (points.tp, points.fp, points.caught, points.tp + points.fp):
        assert (np.diff(counts) <= 0).all()
    # The lowest threshold calls every row positive.
    assert points.tp[0] == points.n_positive and points.fp[0] == points.n_normal
    assert (points.caught <= points.n_events).all()
    assert (points.false_alarms <= points.alarms).all() and (points.false_alarms >= 0).all()
    # An alarm holds at least one alarmed row, and every event is caught by an alarm that is not false.
    assert (points.alarms - points.false_alarms >= points.caught).all()


def test_a_long_alarm_that_divides_counts_more_than_once(scores) -> None:
    # One stretch of ten normal rows, on from the first to the last at a threshold of 1; at 2 in two pieces.
    row, none = np.arange(10), np.zeros(10, int)
    y_score = np.array([2.0, 2, 2, 1, 1, 1, 1, 3, 3, 3])
    times = dict(event=none - 1, to_event=np.full(10, np.inf), total_events=np.empty(0, int), step=2.0)
    long = replace(scores, row=row, clock=2.0 * row, stretch=none, fold=none, y_true=none, y_score=y_score)
    points = operating_points(replace(long, **times, near=None), AlarmPolicy(cooldown=4.0, repeat=1e9))
    assert points.false_alarms.tolist() == [1, 2, 1]
    assert points.rises_above(1.0) and points.rises_above(0.5)
    # Not where no higher threshold has more.
    assert not points.rises_above(2.0) and not points.rises_above(3.0) and not points.rises_above(9.0)


@given(st.integers(0, 10_000))
def test_only_the_order_of_the_scores_counts(seed) -> None:
    rng = np.random.default_rng(seed)
    scores, policy = naive.random_scores(rng, n_rows=60), naive.random_policy(rng)
    # A share of a threshold is another one where scores are on another scale.
    policy = replace(policy, end_share=1.0)
    points = operating_points(scores, policy)
    other = operating_points(scores.with_score(np.exp(scores.y_score) - 100), policy)
    for name in ("tp", "fp", "caught", "alarms", "false_alarms"):
        assert (getattr(points, name) == getattr(other, name)).all()
    np.testing.assert_allclose(other.threshold, np.exp(points.threshold) - 100)


def test_between_two_scores_a_threshold_amounts_to_the_higher(scores) -> None:
    points = operating_points(scores, AlarmPolicy())
    low, high = points.threshold[3:5]
    assert points.at(low) == 3 and points.at((low + high) / 2) == 4 == points.at(high)
    assert points.at(-1e9) == 0 and points.at(1e9) == len(points)


def test_one_class_only(scores) -> None:
    normal = operating_points(replace(scores, y_true=np.zeros(len(scores), np.int8)), AlarmPolicy())
    assert normal.n_positive == 0 and not normal.tp.any()
    assert np.isnan(normal.recall).all() and (normal.precision == 0).all()
    assert not np.isnan(normal.false_positive_rate).any()
    positive = operating_points(replace(scores, y_true=np.ones(len(scores), np.int8)), AlarmPolicy())
    assert positive.n_normal == 0 and not positive.fp.any()
    assert np.isnan(positive.false_positive_rate).all() and (positive.precision == 1).all()


def test_one_score_for_all(scores) -> None:
    flat = operating_points(scores.with_score(np.ones(len(scores))), AlarmPolicy())
    assert len(flat) == 1 and flat.threshold.tolist() == [1.0]
    assert (flat.tp[0], flat.fp[0]) == (scores.n_positive, len(scores) - scores.n_positive)


def test_no_events(scores) -> None:
    inf = np.full(len(scores), np.inf)
    alone = replace(scores, event=np.full(len(scores), -1), to_event=inf, total_events=np.array([], int))
    points = operating_points(alone, AlarmPolicy())
    assert points.n_events == 0 and not points.caught.any()
    assert (points.false_alarms == points.alarms).all() and points.alarms.max() > 0


def test_nothing_scored_is_a_sentence(scores) -> None:
    with pytest.raises(DataError, match="No window could be scored. Use a shorter lookback"):
        operating_points(scores.where(np.zeros(len(scores), bool)), AlarmPolicy())


@pytest.mark.parametrize("cooldown", [0, 1, 1 / 60, 10, 1000])
def test_a_cooldown_of_hundreds_of_rows_is_that_of_the_loop(cooldown) -> None:
    rng = np.random.default_rng(3)
    age = np.concatenate([np.arange(n) for n in (1500, 1, 700, 2)])
    level = rng.integers(-1, 40, len(age)).astype(np.int32)
    # Steps of 0, 1 and 2 seconds, in minutes: differences are rounded.
    clock = np.cumsum(rng.integers(0, 3, len(age)) / 60) + 1e6
    found = highest_within(level, clock, age, cooldown)
    assert found.tolist() == naive.highest_within(level, clock, age, cooldown)
    assert found.dtype == level.dtype and (found[age == 0] == -1).all()


@given(st.lists(st.tuples(st.integers(-1, 50), st.booleans(), st.integers(0, 9))), st.integers(0, 40))
def test_the_highest_level_within_the_cooldown_is_that_of_the_loop(rows, cooldown) -> None:
    level = np.array([value for value, _, _ in rows], np.int32)
    restart = np.array([again for _, again, _ in rows], bool)
    # Each restart may set the clock back; within a stretch it rises or stands still.
    clock = np.cumsum([step for _, _, step in rows]) - 100.0 * np.cumsum(restart)
    position = np.arange(len(rows))
    age = position - np.maximum.accumulate(np.where(restart, position, 0)) if rows else position
    before = level.copy()
    found = highest_within(level, clock, age, cooldown)
    assert found.tolist() == naive.highest_within(level, clock, age, cooldown)
    assert (level == before).all()
