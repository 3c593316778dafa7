"""Whole stretches are drawn; the interval of an AUC covers it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from rare_event.config import AlarmPolicy
from rare_event.judge import resampling
from rare_event.judge.evaluation import call, evaluate
from rare_event.judge.resampling import (
    FIGURES,
    auc_draws,
    auc_interval,
    average_precision_draws,
    draw_stretches,
    ends_of,
    figure_draws,
    interval_of,
    mean_auc_draws,
    stretch_weights,
)
from rare_event.judge.scores import Scores
from tests import naive
from tests.naive import random_scores


def test_every_resample_has_as_many_stretches_of_either_kind() -> None:
    # Stretches 0 and 2 lead to an event, 1 and 3 do not: two of each in every resample.
    stretch = np.array([0, 0, 1, 1, 1, 2, 3])
    weights = draw_stretches(stretch, np.isin(stretch, [0, 2]), seed=0, resamples=200)
    assert weights.shape == (200, 4)
    assert (weights[:, [0, 2]].sum(axis=1) == 2).all()
    assert (weights[:, [1, 3]].sum(axis=1) == 2).all()
    assert len(np.unique(weights, axis=0)) > 4, "every resample is the same"
    again = draw_stretches(stretch, np.isin(stretch, [0, 2]), seed=0, resamples=200)
    assert (again == weights).all()


def test_the_interval_leaves_out_what_is_not_defined() -> None:
    # 0 to 100 and a gap: ranks 2.5 and 97.5 of 0..100 round to 2 and 98.
    values = np.concatenate([np.arange(101.0), [np.nan] * 50])[:, None]
    low, high = interval_of(values)
    assert (low[0], high[0]) == (2, 98)
    assert not np.isnan([low[0], high[0]]).any()


def informative(seed: int):
    scores = random_scores(np.random.default_rng(seed), n_rows=600)
    return replace(scores, y_score=scores.y_score + 1.5 * scores.y_true)


def test_the_interval_of_an_auc_is_that_of_the_loop() -> None:
    scores = informative(3)
    _, stretch = np.unique(scores.stretch, return_inverse=True)
    weights = draw_stretches(stretch, scores.event >= 0, seed=5, resamples=60)
    drawn = []
    for weight in weights:
        rows = np.repeat(np.arange(len(scores)), weight[stretch].astype(int))
        drawn.append(roc_auc_score(scores.y_true[rows], scores.y_score[rows]))
    low, high = interval_of(np.array(drawn)[:, None])
    found = ends_of(mean_auc_draws([scores], seed=5, resamples=60))
    assert found == pytest.approx((low[0], high[0]))
    assert found is not None and found[0] < roc_auc_score(scores.y_true, scores.y_score) < found[1]


def test_more_folds_narrow_the_interval_and_one_class_has_none() -> None:
    folds = [informative(seed) for seed in range(8)]
    one, many = (
        ends_of(mean_auc_draws(folds[:1], resamples=100)),
        ends_of(mean_auc_draws(folds, resamples=100)),
    )
    assert one is not None and many is not None
    assert many[1] - many[0] < one[1] - one[0]
    normal = replace(folds[0], y_true=np.zeros_like(folds[0].y_true))
    assert ends_of(mean_auc_draws([folds[0], normal])) is None


# Rankings


def five_stretches() -> Scores:
    """Five stretches of three 2-minute rows; events 0 and 1 end the first and the third."""
    return Scores(
        row=np.arange(15),
        clock=2.0 * np.arange(15) + np.repeat([0, 60, 120, 180, 240], 3),
        stretch=np.repeat([10, 11, 12, 13, 14], 3),
        fold=np.zeros(15, int),
        y_true=np.array([0, 0, 1, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0]),
        y_score=np.array([1, 1, 5, 1, 1, 6, 1, 5, 2, 1, 1, 1, 2, 1, 1], float),
        event=np.repeat([0, -1, 1, -1, -1], 3),
        to_event=np.array([6, 4, 2, *[np.inf] * 3, 6, 4, 2, *[np.inf] * 6]),
        total_events=np.array([0, 1]),
        step=2.0,
    )


def fix_weights(monkeypatch: pytest.MonkeyPatch, weights: list[list[int]]) -> None:
    fixed = np.array(weights, np.float32)
    monkeypatch.setattr(resampling, "draw_stretches", lambda *_: fixed)


def test_rankings_by_hand(monkeypatch) -> None:
    # 1: as it is. 2: the first stretch twice, the third not at all; the second twice. 3: no event.
    fix_weights(monkeypatch, [[1, 1, 1, 1, 1], [2, 2, 0, 1, 0], [0, 1, 0, 1, 1]])
    drawn = auc_draws(five_stretches(), resamples=3)
    assert drawn is not None
    # 1: of 12 normals, one has 6 and one has 2: the two 5s beat 11, the 2 beats 10 and ties with one.
    # 2: of 4 + 6 + 3 = 13 normals, two have 6: the 5s beat 11.
    np.testing.assert_allclose(drawn, [(11 + 11 + 10.5) / 36, 11 / 13, np.nan])
    precise = average_precision_draws(five_stretches(), resamples=3)
    assert precise is not None
    # 1: at 5, 2 of 3 called are positive, and 2 of 3 positives come in; at 2, 3 of 5. 2: 2 of 4.
    np.testing.assert_allclose(precise, [2 / 3 * 2 / 3 + 1 / 3 * 3 / 5, 2 / 4, np.nan])
    # Nor is there a ranking without a normal window.
    scores = five_stretches()
    first_only = replace(scores, y_true=(scores.stretch == 10).astype(int))
    fix_weights(monkeypatch, [[1, 0, 0, 0, 0], [1, 0, 0, 0, 1]])
    for draws in (auc_draws(first_only, resamples=2), average_precision_draws(first_only, resamples=2)):
        assert draws is not None and np.isnan(draws).tolist() == [True, False]


@pytest.mark.parametrize("at_once", [1, 400, 2_000_000])
@pytest.mark.parametrize("seed", range(6))
def test_rankings_are_those_of_scikit_learn(seed, at_once, monkeypatch) -> None:
    # Memory is bounded by taking few resamples at once, which changes nothing.
    monkeypatch.setattr(resampling, "AT_ONCE", at_once)
    scores = random_scores(np.random.default_rng(seed), n_rows=150, ties=int(3 + 20 * seed))
    drawn = stretch_weights(scores, seed, 40)
    assert drawn is not None
    stretch, weights = drawn
    before = scores.y_score.copy()
    for found, expected in (
        (auc_draws(scores, seed, 40), roc_auc_score),
        (average_precision_draws(scores, seed, 40), average_precision_score),
    ):
        assert found is not None and found.shape == (40,)
        for weight, value in zip(weights, found, strict=True):
            w = weight[stretch]
            assert value == pytest.approx(
                expected(scores.y_true[w > 0], scores.y_score[w > 0], sample_weight=w[w > 0]), rel=1e-12
            )
    assert (scores.y_score == before).all()


def test_scores_have_no_say_in_what_is_drawn() -> None:
    scores = informative(2)
    other = scores.with_score(np.random.default_rng(0).random(len(scores)))
    for seed in (0, 7):
        one, two = stretch_weights(scores, seed), stretch_weights(other, seed)
        assert one is not None and two is not None
        assert (one[0] == two[0]).all() and (one[1] == two[1]).all()
    # Upside down, a score wins what it lost: in each resample, not only on average.
    upright, reversed_ = auc_draws(scores, 3), auc_draws(scores.with_score(-scores.y_score), 3)
    assert upright is not None and reversed_ is not None
    np.testing.assert_allclose(upright + reversed_, 1)
    another = auc_draws(scores, 4)
    assert another is not None and not np.allclose(upright, another)


def test_a_random_score_draws_around_one_half() -> None:
    rng = np.random.default_rng(1)
    scores = random_scores(rng, n_rows=6000)
    drawn = auc_draws(scores.with_score(rng.random(len(scores))))
    assert drawn is not None and abs(drawn.mean() - 0.5) < 0.05
    assert 0.001 < drawn.std() < 0.03


def test_one_class_or_few_stretches_have_no_draws() -> None:
    scores = informative(1)
    for y in (0, 1):
        one = replace(scores, y_true=np.full(len(scores), y))
        assert auc_draws(one) is None and average_precision_draws(one) is None
    four = five_stretches().where(np.arange(15) < 12)
    assert stretch_weights(four) is None and auc_draws(four) is None
    assert auc_draws(five_stretches()) is not None
    assert auc_draws(scores.where(np.zeros(len(scores), bool))) is None


def test_the_mean_over_folds_is_taken_in_each_resample() -> None:
    folds = [informative(seed) for seed in range(3)]
    drawn = mean_auc_draws(folds, seed=4, resamples=30)
    assert drawn is not None
    alone = np.array([auc_draws(fold, 4 + number, 30) for number, fold in enumerate(folds)])
    np.testing.assert_allclose(drawn, alone.mean(axis=0))
    low, high = interval_of(drawn[:, None])
    assert ends_of(mean_auc_draws(folds, seed=4, resamples=30)) == (low[0], high[0])
    assert drawn.std() < alone.std(axis=1).min()
    assert mean_auc_draws([]) is None and ends_of(None) is None


def test_an_auc_of_one_event_or_without_an_error_has_no_interval() -> None:
    scores = informative(3)
    first = scores.stretch[scores.y_true == 1][0]
    one = replace(scores, y_true=np.where(scores.stretch == first, scores.y_true, 0))
    draws = auc_draws(one)
    # Its positives are in every resample: what is left is how far normals would move it.
    assert draws is not None and np.nanstd(draws) > 0
    assert auc_interval(one) is None and auc_interval(scores) is not None
    right = scores.with_score(scores.y_true.astype(float))
    assert auc_interval(right) is None and ends_of(np.ones(9)) is None and ends_of(np.arange(9.0)) == (0, 8)


# Figures at a threshold


def test_figures_by_hand(monkeypatch) -> None:
    # Called: the 5s, the 6 and the 2s. Event 0 is caught 2 minutes ahead, event 1 is 4 ahead; the 6
    # and the 2 of the last stretch are false alarms. A stretch runs for 6 minutes.
    called = call(five_stretches(), {0: 2.0}, AlarmPolicy())
    fix_weights(
        monkeypatch, [[1, 1, 1, 1, 1], [3, 2, 0, 1, 0], [1, 0, 2, 1, 1], [0, 0, 0, 1, 0], [0, 1, 0, 0, 0]]
    )
    found = figure_draws(called, AlarmPolicy(lead=4.0), resamples=5)
    assert list(found.columns) == list(FIGURES)
    day = 1440 / 6
    expected = {
        "caught": [2, 3, 3, 0, 0],
        "false_alarms_per_day": [2 / 5 * day, 2 / 6 * day, 1 / 5 * day, 0, day],
        "precision": [3 / 5, 3 / 5, 5 / 6, np.nan, 0],
        "recall": [1, 1, 1, np.nan, np.nan],
        # Event 0 once and event 1 once: half-way; event 1 twice outweighs event 0.
        "median_lead": [3, 2, 4, np.nan, np.nan],
    }
    pd.testing.assert_frame_equal(found, pd.DataFrame(expected, dtype=float))
    quiet = figure_draws(call(five_stretches(), {0: 99.0}, AlarmPolicy()), AlarmPolicy(), resamples=5)
    assert (quiet["caught"] == 0).all() and (quiet["false_alarms_per_day"] == 0).all()
    assert quiet["precision"].isna().all() and quiet["median_lead"].isna().all()


@pytest.mark.parametrize("seed", range(10))
def test_figures_are_those_of_the_rows_laid_out(seed) -> None:
    rng = np.random.default_rng(seed)
    scores, policy = random_scores(rng, n_rows=100, n_folds=2), naive.random_policy(rng)
    called = call(scores, {0: float(rng.choice(scores.y_score)), 1: 1.5}, policy)
    drawn = stretch_weights(called, seed, 12)
    assert drawn is not None
    found = figure_draws(called, policy, seed, 12)
    for i, times in enumerate(drawn[1]):
        resample = naive.drawn(called, times)
        figures = naive.figures_at(resample, 1.0, policy)
        leads = list(figures["leads"].values())
        expected = {
            "caught": figures["caught"],
            "false_alarms_per_day": figures["false_alarms"] / (len(resample) * 2 / 1440),
            "precision": figures["precision"],
            "recall": figures["recall"],
            "median_lead": np.median(leads) if leads else np.nan,
        }
        np.testing.assert_allclose(found.loc[i], [expected[name] for name in FIGURES])
    assert len(found.drop_duplicates()) > 1


def test_drawn_once_each_the_figures_are_those_of_the_part(monkeypatch) -> None:
    scores = informative(5)
    n_stretches = len(np.unique(scores.stretch))
    fix_weights(monkeypatch, [[1] * n_stretches, [2] * n_stretches])
    found = figure_draws(call(scores, {0: 3.0}, AlarmPolicy()), AlarmPolicy(), resamples=2)
    expected = evaluate(scores, {0: 3.0}, AlarmPolicy())
    for name in FIGURES:
        assert found.loc[0, name] == pytest.approx(getattr(expected, name)), name
    assert 0 < expected.caught < expected.n_events
    # Twice as much of all: rates stay, counts do not.
    assert found.loc[1, "caught"] == 2 * expected.caught
    assert found.loc[1, "median_lead"] == expected.median_lead


def test_too_few_stretches_have_no_figures() -> None:
    four = call(five_stretches(), {0: 2.0}, AlarmPolicy()).where(np.arange(15) < 12)
    found = figure_draws(four, AlarmPolicy(), resamples=7)
    assert found.shape == (7, len(FIGURES)) and found.isna().all(axis=None)
    assert (
        not figure_draws(call(five_stretches(), {0: 2.0}, AlarmPolicy()), AlarmPolicy()).isna().all(axis=None)
    )
