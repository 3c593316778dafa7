"""Each score against a slow version of its formula, and by hand."""

import numpy as np
import pytest

from rare_event.config import IsolationForestModel, KNNModel, MahalanobisModel, OneClassSVMModel
from rare_event.detect import unsupervised
from rare_event.detect.unsupervised import (
    IsolationForestDetector,
    KNNDetector,
    MahalanobisDetector,
    OneClassSVMDetector,
)

NO_LABELS = np.array([])


def fit(detector, model, rows, seed=0):
    return detector(detector.fit_rows(model, rows, NO_LABELS, seed))


def test_mahalanobis_by_hand() -> None:
    # The covariance is half the identity: shrinking it towards that changes nothing.
    rows = np.array([[1, 0], [-1, 0], [0, 1], [0, -1]], np.float32)
    found = fit(MahalanobisDetector, MahalanobisModel(), rows).score_rows(np.array([[1, 1], [0, 0], [3, 0]]))
    np.testing.assert_allclose(found, [4, 0, 18], atol=1e-12)


def test_mahalanobis_is_that_of_the_shrunk_covariance(X) -> None:
    detector = fit(MahalanobisDetector, MahalanobisModel(), X[:200])
    inverse = np.linalg.inv(detector.estimator.covariance_)
    mean = X[:200].mean(axis=0, dtype=float)
    expected = [(row - mean) @ inverse @ (row - mean) for row in X.astype(float)]
    np.testing.assert_allclose(detector.score_rows(X), expected, rtol=1e-6)
    # Not that of the plain covariance.
    plain = np.linalg.inv(np.cov(X[:200].T, bias=True))
    assert not np.allclose([(row - mean) @ plain @ (row - mean) for row in X.astype(float)], expected)


def test_a_covariance_is_read_from_a_bounded_number_of_rows(X, monkeypatch) -> None:
    monkeypatch.setattr(unsupervised, "COVARIANCE_ROWS", 51)
    kept = X[np.linspace(0, 299, 51).round().astype(int)]
    detector = fit(MahalanobisDetector, MahalanobisModel(), X)
    np.testing.assert_allclose(detector.estimator.location_, kept.mean(axis=0, dtype=float))
    assert not np.allclose(detector.estimator.location_, X.mean(axis=0))


def average_depth(n):
    """Expected depth of a search that fails among n rows (Liu et al. 2008, equation 1)."""
    if n <= 2:
        return max(n - 1, 0)
    return 2 * (np.log(n - 1) + np.euler_gamma) - 2 * (n - 1) / n


def test_isolation_scores_are_those_of_a_walk_down_the_trees(X) -> None:
    forest = fit(IsolationForestDetector, IsolationForestModel(trees=7), X[:200]).estimator

    def depth(tree, row):
        node, steps = 0, 0
        while tree.children_left[node] >= 0:
            left = row[tree.feature[node]] <= tree.threshold[node]
            node, steps = (tree.children_left if left else tree.children_right)[node], steps + 1
        return steps + average_depth(tree.n_node_samples[node])

    expected = [
        2 ** -(np.mean([depth(member.tree_, row) for member in forest.estimators_]) / average_depth(200))
        for row in X[:20]
    ]
    found = IsolationForestDetector(forest).score_rows(X[:20])
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert (found > 0).all() and (found <= 1).all()
    assert (IsolationForestDetector(forest).score_rows(X[:1] * 50) > np.median(found)).all()


def test_neighbours_by_hand() -> None:
    rows = np.array([[0], [1], [3]], np.float32)
    detector = fit(KNNDetector, KNNModel(neighbours=2), rows)
    # 0 is its own neighbour and 1 away from the next; 5 is 2 and 4 away; halfway 1 and 3: 1 and 1.
    np.testing.assert_allclose(detector.score_rows(np.array([[0], [5], [2]], np.float32)), [0.5, 3, 1])
    all_three = fit(KNNDetector, KNNModel(neighbours=5), rows)
    np.testing.assert_allclose(all_three.score_rows(np.array([[1]], np.float32)), [1])


def test_neighbours_are_those_of_the_loop(X) -> None:
    found = fit(KNNDetector, KNNModel(neighbours=4), X[:200]).score_rows(X)
    expected = [
        np.mean(sorted(np.sqrt(np.square(row - other).sum()) for other in X[:200].astype(float))[:4])
        for row in X.astype(float)
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-4)
    assert found[200:].min() > 0


@pytest.mark.parametrize(
    ("detector", "model", "stored"),
    [
        (KNNDetector, KNNModel(most_rows=100), "_fit_X"),
        (OneClassSVMDetector, OneClassSVMModel(nu=0.99, most_rows=100), "support_vectors_"),
    ],
    ids=["knn", "one-class-svm"],
)
def test_what_is_kept_is_spread_over_the_training_part(X, detector, model, stored) -> None:
    kept = getattr(fit(detector, model, X).estimator, stored)
    assert len(kept) <= 100 < len(X)
    rows = [int(np.flatnonzero((row == X).all(axis=1))[0]) for row in kept.astype(np.float32)]
    assert min(rows) < 10 and max(rows) > 290


def test_one_class_scores_are_those_of_the_loop_and_rank_as_the_decision_does(X, monkeypatch) -> None:
    detector = fit(OneClassSVMDetector, OneClassSVMModel(nu=0.2), X[:200])
    svm = detector.estimator
    weights = svm.dual_coef_[0] / svm.dual_coef_.sum()
    expected = []
    for row in X[:40].astype(float):
        distances = np.square(svm.support_vectors_ - row).sum(axis=1)
        expected.append(-np.log((weights * np.exp(-svm.gamma * distances)).sum()))
    found = detector.score_rows(X)
    np.testing.assert_allclose(found[:40], expected, rtol=1e-6)
    assert (np.argsort(found, kind="stable") == np.argsort(-svm.decision_function(X), kind="stable")).all()
    assert svm.gamma == pytest.approx(1 / (6 * X[:200].var(dtype=float)))
    monkeypatch.setattr(unsupervised, "KERNEL_ROWS", 7)
    np.testing.assert_allclose(detector.score_rows(X), found, rtol=1e-9)


def test_far_out_the_one_class_score_still_rises() -> None:
    rng = np.random.default_rng(0)
    detector = fit(OneClassSVMDetector, OneClassSVMModel(), rng.normal(size=(100, 3)).astype(np.float32))
    rows = np.array([[4.0, 0, 0], [8.0, 0, 0], [16.0, 0, 0], [1e6, 0, 0]], np.float32)
    found = detector.score_rows(rows)
    assert (np.diff(found) > 0).all() and np.isfinite(found).all()
    # The decision itself has levelled off.
    decision = detector.estimator.decision_function(rows)
    assert decision[2] == decision[3]
