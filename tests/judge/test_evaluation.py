"""What a committed threshold is worth, on one fold or several."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from rare_event.clock import MINUTES, rate_of
from rare_event.config import AlarmPolicy
from rare_event.judge.evaluation import call, evaluate, false_alarms_in_words, ranking
from rare_event.judge.scores import Scores
from tests import naive


@pytest.fixture
def by_hand() -> Scores:
    """Two stretches of five 2-minute rows; event 3 ends the first, the second just stops."""
    return Scores(
        row=np.arange(10),
        clock=np.array([0, 2, 4, 6, 8, 100, 102, 104, 106, 108], float),
        stretch=np.repeat([0, 1], 5),
        fold=np.zeros(10, int),
        y_true=np.array([0, 0, 0, 1, 1, 0, 0, 0, 0, 0]),
        y_score=np.array([1, 8, 1, 9, 2, 1, 9, 1, 1, 1], float),
        event=np.repeat([3, -1], 5),
        to_event=np.array([10, 8, 6, 4, 2] + [np.inf] * 5),
        total_events=np.array([3]),
        step=2.0,
    )


def test_by_hand(by_hand) -> None:
    found = evaluate(by_hand, {0: 8.0}, AlarmPolicy(cooldown=3.0, lead=4.0))
    # Called positive: rows 1, 3 and 6. Row 3 is positive and rightly so, row 4 is missed.
    assert (found.tn, found.fp, found.fn, found.tp) == (6, 2, 1, 1)
    assert (found.precision, found.recall) == (1 / 3, 1 / 2)
    # Three alarms (rows 1 and 3 are 4 minutes apart); the one of row 3 sounds 4 minutes ahead.
    assert (found.alarms, found.false_alarms, found.caught, found.n_events) == (3, 2, 1, 1)
    assert found.median_lead == 4.0
    # 10 rows of 2 minutes: 20/1440 days, so 2 false alarms are 144 a day.
    assert found.days == 20 / 1440 and found.false_alarms_per_day == pytest.approx(144)
    # Of the 2 * 8 pairs: row 3 beats 7 normals and ties with row 6; row 4 beats 6: 13.5 of 16.
    assert found.auc == 13.5 / 16
    assert (found.n, found.n_positive) == (10, 2)


def test_nothing_called(by_hand) -> None:
    found = evaluate(by_hand, {0: 10.0}, AlarmPolicy())
    assert (found.tn, found.fp, found.fn, found.tp) == (8, 0, 2, 0)
    assert found.precision is None and found.recall == 0 and found.median_lead is None
    assert found.caught == found.alarms == found.false_alarms == found.false_alarms_per_day == 0
    assert found.n_events == 1 and found.auc == 13.5 / 16


def test_one_class_only_has_no_curve(by_hand) -> None:
    for y in (0, 1):
        one = replace(by_hand, y_true=np.full(10, y))
        assert ranking(one) == (None, None)
        found = evaluate(one, {0: 8.0}, AlarmPolicy())
        assert found.auc is None and found.average_precision is None
        assert found.tp + found.fp == 3
    assert evaluate(replace(by_hand, y_true=np.zeros(10, int)), {0: 8.0}, AlarmPolicy()).recall is None


def test_an_event_no_window_can_see_is_missed(by_hand) -> None:
    unseen = replace(by_hand, total_events=np.array([3, 7]))
    found = evaluate(unseen, {0: 0.0}, AlarmPolicy())
    assert (found.caught, found.n_events) == (1, 2)


@pytest.mark.parametrize("seed", range(20))
def test_the_same_as_walking_through_the_rows(seed) -> None:
    rng = np.random.default_rng(seed)
    scores, policy = naive.random_scores(rng), naive.random_policy(rng)
    threshold = float(rng.choice(scores.y_score))
    found = evaluate(scores, {0: threshold}, policy)
    assert {name: getattr(found, name) for name in ("tn", "fp", "fn", "tp")} == naive.confusion(
        scores.y_true, scores.y_score, threshold
    )
    figures = naive.alarm_figures(scores, threshold, policy)
    assert (found.caught, found.alarms, found.false_alarms) == tuple(
        figures[name] for name in ("caught", "alarms", "false_alarms")
    )
    leads = list(figures["leads"].values())
    assert found.median_lead == (float(np.median(leads)) if leads else None)
    assert found.auc == pytest.approx(roc_auc_score(scores.y_true, scores.y_score))
    assert found.average_precision == pytest.approx(average_precision_score(scores.y_true, scores.y_score))


def test_each_fold_has_its_threshold() -> None:
    scores = naive.random_scores(np.random.default_rng(5), n_folds=3)
    thresholds = {0: 0.5, 1: 1.5, 2: 99.0}
    called = call(scores, thresholds, AlarmPolicy())
    for fold, threshold in thresholds.items():
        mine = scores.fold == fold
        assert (called.y_score[mine] == (scores.y_score[mine] >= threshold)).all() and mine.any()
    assert not called.y_score[scores.fold == 2].any()
    found = evaluate(scores, thresholds, AlarmPolicy())
    assert found.tp + found.fp == called.y_score.sum() > 0
    with pytest.raises(KeyError):
        call(scores, {0: 0.5}, AlarmPolicy())


def test_less_than_a_day_bears_no_rate() -> None:
    assert rate_of(3, 0.999) is None and rate_of(3, 0.0) is None and rate_of(3, 1.0) == 3.0
    assert false_alarms_in_words(3, 0.5, MINUTES).startswith("3 false alarms in 12 h of running time (")
    assert false_alarms_in_words(3, 1.5, MINUTES) == "2 false alarms a day"
