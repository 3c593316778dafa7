"""The hazard model: near rows first, and a risk that comes true as often as it says."""

import warnings

import numpy as np
import pytest
from scipy.special import expit
from sklearn.calibration import _SigmoidCalibration
from sklearn.linear_model import LogisticRegression

from rare_event.config import DetectorConfig, HazardModel
from rare_event.detect.hazard import (
    HazardDetector,
    calibrated,
    fit_risk,
    nearness,
    platt,
)
from rare_event.detect.rows import NO_EVENT_AHEAD, rows_ahead
from rare_event.errors import NoEventError

MODEL = HazardModel(horizon=4, C=1.0)


def plant(n_events=400, length=50, seed=0, scale=1.0):
    """Stretches that end with an event; the first input rises in the 6 rows before it."""
    rng = np.random.default_rng(seed)
    ahead = np.tile(np.arange(length, 0, -1), n_events)
    X = rng.normal(size=(len(ahead), 3)).astype(np.float32)
    X[:, 0] += scale * np.maximum(7 - ahead, 0) / 3
    return X, (ahead <= 2).astype(np.int8), ahead


def test_rows_ahead_are_counted_like_one_by_one() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        y = (rng.random(60) < 0.3).astype(np.int8)
        expected = np.full(60, NO_EVENT_AHEAD)
        for place in np.flatnonzero(y):
            end = place
            while end + 1 < 60 and y[end + 1]:
                end += 1
            expected[place] = end - place + 1
        np.testing.assert_array_equal(rows_ahead(y), expected)
    assert (rows_ahead(np.zeros(3, np.int8)) == NO_EVENT_AHEAD).all()


def test_nearness_by_hand() -> None:
    ahead = np.array([1, 2, 3, 4, 5, 50, NO_EVENT_AHEAD])
    np.testing.assert_allclose(nearness(ahead, 4), [1, 0.75, 0.5, 0.25, 0, 0, 0])
    assert nearness(ahead, 1).tolist() == [1, 0, 0, 0, 0, 0, 0]


def test_the_risk_comes_true_as_often_as_it_says() -> None:
    X, y, ahead = plant()
    config = DetectorConfig(MODEL)
    ends = np.arange(15_000)
    detector = HazardDetector.fit(config, X, y, ends, ahead)
    later = np.arange(15_000, len(X))
    risk, came = detector.score_rows(X[later]), ahead[later] <= 4
    assert risk.mean() == pytest.approx(came.mean(), rel=0.15)
    for low, high in ((0.0, 0.05), (0.05, 0.2), (0.2, 0.6)):
        mine = (risk >= low) & (risk < high)
        assert mine.sum() > 50 and came[mine].mean() == pytest.approx(risk[mine].mean(), rel=0.35, abs=0.01)
    assert ((risk > 0) & (risk <= 1)).all()
    # Balanced classes alone would promise far more.
    raw = LogisticRegression(class_weight="balanced").fit(X[ends], ahead[ends] <= 4)
    assert raw.predict_proba(X[later])[:, 1].mean() > 3 * risk.mean()


def test_near_rows_count_more_than_far_ones() -> None:
    rng = np.random.default_rng(0)
    _, y, ahead = plant()
    X = rng.normal(size=(len(ahead), 2)).astype(np.float32)
    X[:, 0] += (ahead == 1) * 2
    X[:, 1] += (ahead == 4) * 2
    near = HazardDetector.fit(DetectorConfig(MODEL), X, y, np.arange(len(X)), ahead).estimator.coef_[0]
    assert near[0] > 2 * near[1] > 0


def test_the_slope_and_shift_are_those_of_platt() -> None:
    rng = np.random.default_rng(0)
    log_odds = rng.normal(size=500)
    target = rng.random(500) < expit(2 * log_odds - 3)
    expected = _SigmoidCalibration().fit(log_odds, target)
    np.testing.assert_allclose(platt(log_odds, target), (-expected.a_, -expected.b_), rtol=1e-3)
    # Few rows that are separable give no endless slope.
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        slope, _ = platt(np.array([-1.0, -0.5, 0.0, 3.0]), np.array([False, False, False, True]))
    assert 0 < slope < 10


def test_what_later_rows_contradict_hardly_moves_the_risk_and_is_not_reversed() -> None:
    X, _, ahead = plant()
    near = nearness(ahead, 4)
    turned = X.copy()
    turned[15_000:, 0] *= -1
    risk = expit(fit_risk(MODEL, turned, near).decision_function(X))
    assert risk.max() - risk.min() < 0.02 and risk.mean() == pytest.approx((ahead <= 4).mean(), rel=0.2)
    assert np.corrcoef(risk, X[:, 0])[0, 1] > 0.5


def test_a_training_part_with_few_events_is_calibrated_on_itself() -> None:
    X, y, _ = plant(n_events=2)
    ahead = np.full(len(y), NO_EVENT_AHEAD)
    ahead[40:50] = np.arange(10, 0, -1)
    risk = HazardDetector.fit(DetectorConfig(MODEL), X, y, np.arange(100), ahead).score_rows(X)
    assert np.isfinite(risk).all() and risk.mean() == pytest.approx(4 / 100, rel=0.5)
    estimator = LogisticRegression().fit(X, np.arange(100) % 2)
    assert np.isfinite(calibrated(estimator, X, np.ones(100, bool)).intercept_).all()


def test_an_event_after_the_last_training_row_teaches_nothing() -> None:
    X, y, ahead = plant(n_events=10)
    config = DetectorConfig(MODEL)
    # Rows 497 to 499 lead to the event that follows row 499, which is not in the training part.
    ends = np.arange(498)
    known = HazardDetector.fit(config, X, y, ends, ahead)
    without = ahead.copy()
    without[450:] = NO_EVENT_AHEAD
    expected = HazardDetector.fit(config, X, y, ends, without)
    np.testing.assert_array_equal(known.score_rows(X), expected.score_rows(X))
    other = HazardDetector.fit(config, X, y, np.arange(500), ahead)
    assert (known.score_rows(X) != other.score_rows(X)).any()
    with pytest.raises(NoEventError, match="within 4 rows of a training row"):
        HazardDetector.fit(config, X, y, np.arange(30), ahead)


def test_the_order_of_the_training_rows_does_not_matter() -> None:
    X, y, ahead = plant(n_events=20)
    ends = np.arange(900)
    shuffled = np.random.default_rng(0).permutation(ends)
    scores = [
        HazardDetector.fit(DetectorConfig(MODEL), X, y, e, ahead).score_rows(X) for e in (ends, shuffled)
    ]
    np.testing.assert_array_equal(scores[0], scores[1])
