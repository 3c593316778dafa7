"""Odds of models that learn from events, against slow versions of their formulas, and by hand."""

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from rare_event.config import BoostingModel, ForestModel, LogisticModel, SVMModel
from rare_event.detect.supervised import (
    MOST_VALUES,
    BoostingDetector,
    ForestDetector,
    LogisticDetector,
    SVMDetector,
    odds,
    rounded,
    undersampled,
)

KINDS = [
    (LogisticDetector, LogisticModel(C=1.0)),
    (BoostingDetector, BoostingModel(trees=20)),
    (ForestDetector, ForestModel(trees=20)),
    (SVMDetector, SVMModel()),
]


@pytest.fixture(scope="module")
def labelled():
    """400 rows of 3 inputs, the first of which tells the label."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(400, 3)).astype(np.float32)
    return rows, (rows[:, 0] > 1.6).astype(np.int8)


def fit(detector, model, rows, y, seed=0):
    return detector(detector.fit_rows(model, rows, y, seed))


def test_odds_by_hand() -> None:
    np.testing.assert_allclose(odds(np.log([0.25, 1.0, 3.0])), [0.25, 1, 3])
    extreme = odds(np.array([-1e9, -np.inf, np.inf, 1e9]))
    assert (extreme > 0).all() and np.isfinite(extreme).all()
    # The ratio of any two is finite, and no scores are torn apart or reversed.
    assert np.isfinite(extreme.max() / extreme.min()) and extreme[0] == extreme[1] < extreme[2]


def test_undersampling_keeps_every_positive_row_and_draws_normal_ones() -> None:
    y = np.zeros(1000, np.int8)
    y[[3, 500, 999]] = 1
    chosen = undersampled(y, ratio=5.0, seed=0)
    assert len(chosen) == 18 and y[chosen].sum() == 3
    assert (np.diff(chosen) > 0).all()  # in time, none twice
    assert (undersampled(y, 5.0, 0) == chosen).all()
    assert (undersampled(y, 5.0, 1) != chosen).any()
    assert chosen.max() - chosen.min() == 996


@pytest.mark.parametrize(
    ("ratio", "n_normal"), [(0.01, 1), (0.5, 1), (1.0, 2), (2.5, 5), (100.0, 98), (49.0, 98)]
)
def test_as_many_normal_rows_as_asked_for_or_as_there_are(ratio, n_normal) -> None:
    y = np.zeros(100, np.int8)
    y[:2] = 1
    chosen = undersampled(y, ratio, seed=0)
    assert (y[chosen] == 0).sum() == n_normal
    assert len(np.unique(chosen)) == len(chosen)


@pytest.mark.parametrize(("detector", "model"), KINDS)
def test_what_led_to_events_scores_higher(labelled, detector, model) -> None:
    rows, y = labelled
    found = fit(detector, model, rows[:300], y[:300]).score_rows(rows[300:])
    assert found[y[300:] == 1].min() > np.quantile(found[y[300:] == 0], 0.9)
    assert (found > 0).all() and np.isfinite(found).all()
    # Events that were none teach the reverse.
    turned = rows * np.array([-1, 1, 1], np.float32)
    reverse = fit(detector, model, turned[:300], y[:300]).score_rows(rows[300:])
    assert reverse[y[300:] == 1].max() < np.quantile(reverse[y[300:] == 0], 0.99)


def test_logistic_odds_are_those_of_the_coefficients(labelled) -> None:
    rows, y = labelled
    detector = fit(LogisticDetector, LogisticModel(C=0.1), rows, y)
    coefficients, (intercept,) = detector.estimator.coef_[0], detector.estimator.intercept_
    expected = [np.exp(sum(row * coefficients) + intercept) for row in rows.astype(float)]
    np.testing.assert_allclose(detector.score_rows(rows), expected, rtol=1e-5)
    # At the optimum of a balanced fit either class has half the weight, so the intercept is such
    # that weighted probabilities sum to the weight of the positive class.
    found = detector.score_rows(rows)
    weight = np.where(y == 1, 0.5 / (y == 1).mean(), 0.5 / (y == 0).mean())
    assert (weight * found / (1 + found)).sum() == pytest.approx(weight[y == 1].sum(), rel=1e-2)
    # A stronger penalty shrinks them.
    strong = fit(LogisticDetector, LogisticModel(C=1e-4), rows, y).estimator.coef_[0]
    assert np.abs(strong).max() < np.abs(coefficients).max() / 10


def test_rounding_by_hand() -> None:
    rows = np.array([[0, 1], [1, 1], [2, 0], [7, 1], [8, 0], [9, 1]], np.float32)
    # The values of rank 0, 2 or 3 (rounded to even: 2) and 5 stay; 1 is halfway and goes down.
    assert rounded(rows, most=3)[:, 0].tolist() == [0, 0, 2, 9, 9, 9]
    assert rounded(rows, most=6).tolist() == rows.tolist()
    assert rounded(rows, most=2)[:, 1].tolist() == [1, 1, 0, 1, 0, 1]  # no more values than that
    assert rows[1, 0] == 1  # what is given stays


@pytest.mark.parametrize("most", [2, 17, 250])
def test_rounding_is_to_the_nearest_of_few_values_spread_over_the_rows(most) -> None:
    rows = np.random.default_rng(0).gamma(1, size=(1000, 2)).astype(np.float32)
    found = rounded(rows, most)
    for column in range(2):
        values, counts = np.unique(found[:, column], return_counts=True)
        assert len(values) == most and np.isin(values, rows[:, column]).all()
        nearest = [min(values, key=lambda value: abs(float(value) - float(x))) for x in rows[:, column]]
        np.testing.assert_array_equal(found[:, column], nearest)
        assert counts.max() <= 3 * 1000 / most


def test_rounded_rows_and_rows_as_they_are_fall_into_the_same_leaves() -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(2000, 3)).astype(np.float32)
    y = (rows[:, 0] + 0.3 * rng.normal(size=2000) > 1.5).astype(np.int8)
    detector = fit(BoostingDetector, BoostingModel(trees=30), rows, y)
    few = rounded(rows, MOST_VALUES)
    assert (few != rows).mean() > 0.5
    np.testing.assert_array_equal(detector.score_rows(rows), detector.score_rows(few))
    raw = detector.estimator.decision_function(rows)
    np.testing.assert_allclose(detector.score_rows(rows), np.exp(raw))
    # Nothing is lost by it: trees on all values rank the rows alike.
    plain = HistGradientBoostingClassifier(
        max_iter=30, learning_rate=0.05, max_leaf_nodes=7, l2_regularization=1, class_weight="balanced",
        early_stopping=False,
    ).fit(rows, y)  # fmt: skip
    assert np.corrcoef(raw, plain.decision_function(rows))[0, 1] > 0.99


def test_boosting_weighs_the_classes_alike(labelled) -> None:
    rows, y = labelled
    noise = np.random.default_rng(1).normal(size=(400, 1)).astype(np.float32)
    found = fit(BoostingDetector, BoostingModel(trees=1, leaves=2), noise, y).score_rows(noise)
    # Nothing to learn: even odds, though there are far fewer positive rows.
    assert y.mean() < 0.1 and 0.5 < np.median(found) < 2


def test_an_input_of_two_values_is_enough(labelled) -> None:
    rows, _ = labelled
    y = rows[:, 0] > 1
    coarse = np.column_stack([y, rows[:, 1].round(), np.ones(400)]).astype(np.float32)
    found = fit(BoostingDetector, BoostingModel(trees=20), coarse, y).score_rows(coarse)
    assert found[y].min() > found[~y].max()


def test_forest_odds_are_those_of_the_votes(labelled) -> None:
    rows, y = labelled
    detector = fit(ForestDetector, ForestModel(trees=9, ratio=3.0), rows, y)
    share = np.mean([tree.predict_proba(rows)[:, 1] for tree in detector.estimator.estimators_], axis=0)
    share = np.array([min(max(value, 0.05), 0.95) for value in share])
    np.testing.assert_allclose(detector.score_rows(rows), share / (1 - share))
    assert detector.score_rows(rows).min() == pytest.approx(0.05 / 0.95)
    # A single tree still tells rows apart.
    single = fit(ForestDetector, ForestModel(trees=1), rows, y).score_rows(rows)
    np.testing.assert_allclose(np.unique(single), [1 / 3, 3])


def test_svm_odds_are_those_of_the_decision(labelled) -> None:
    rows, y = labelled
    detector = fit(SVMDetector, SVMModel(ratio=3.0), rows, y)
    np.testing.assert_allclose(
        detector.score_rows(rows), np.exp(detector.estimator.decision_function(rows)), rtol=1e-9
    )
    assert len(detector.estimator.support_vectors_) <= 4 * y.sum()
