"""Whole stretches are drawn; the interval of an AUC covers it."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from rare_event.judge.resampling import draw_stretches, interval_of, mean_auc_interval
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
    found = mean_auc_interval([scores], seed=5, resamples=60)
    assert found == pytest.approx((low[0], high[0]))
    assert found is not None and found[0] < roc_auc_score(scores.y_true, scores.y_score) < found[1]


def test_more_folds_narrow_the_interval_and_one_class_has_none() -> None:
    folds = [informative(seed) for seed in range(8)]
    one, many = mean_auc_interval(folds[:1], resamples=100), mean_auc_interval(folds, resamples=100)
    assert one is not None and many is not None
    assert many[1] - many[0] < one[1] - one[0]
    normal = replace(folds[0], y_true=np.zeros_like(folds[0].y_true))
    assert mean_auc_interval([folds[0], normal]) is None
