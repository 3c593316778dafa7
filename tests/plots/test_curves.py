"""Precision, recall and ROC curves."""

import numpy as np
import pytest

from rare_event.plots.curves import precision_recall_figure, roc_figure, threshold_figure
from tests.plots.examples import make_points, names, random_scores, texts, trace

# Thresholds 1 2 3 4; at or above them 4 3 2 1 windows, 2 2 1 1 of them positive.
BY_HAND = make_points([1, 2, 3, 4], [0, 1, 0, 1])


def test_precision_and_recall_at_and_above_each_threshold():
    figure = threshold_figure(BY_HAND, 3.0, part="Validation")

    assert names(figure) == ["precision", "recall", "threshold 3"]
    assert list(trace(figure, "precision").x) == [1, 2, 3, 4]
    np.testing.assert_allclose(trace(figure, "precision").y, [2 / 4, 2 / 3, 1 / 2, 1 / 1])
    np.testing.assert_allclose(trace(figure, "recall").y, [1, 1, 0.5, 0.5])
    # Between two points both have the value of the higher one: first up or down, then along.
    assert trace(figure, "recall").line.shape == "vh"
    assert list(trace(figure, "threshold").x) == [3, 3]
    assert not texts(figure)


@pytest.mark.parametrize("threshold", [-5.0, 0.0, 1e-3, 0.5, 40.0, 1e6])
def test_the_axis_always_shows_the_threshold(threshold):
    scores = random_scores(5000)

    figure = threshold_figure(make_points(scores.y_score, scores.y_true), threshold, part="Test")

    low, high = figure.layout.xaxis.range
    if figure.layout.xaxis.type == "log":
        low, high = 10**low, 10**high
    assert low < threshold < high


def test_the_axis_leaves_the_tail_out():
    score = np.append(np.linspace(1, 2, 1000), 15.0)

    figure = threshold_figure(make_points(score), 1.5, part="Test")

    assert figure.layout.xaxis.range[1] < 2.1
    assert figure.layout.xaxis.type != "log"


def test_no_more_points_than_the_limit():
    scores = random_scores(30_000, n_positive=3000)
    points = make_points(scores.y_score, scores.y_true)

    figures = [
        threshold_figure(points, 1.0, part="Test"),
        precision_recall_figure(points, 1.0, part="Test", average_precision=0.1, base_rate=0.1),
        roc_figure(points, 1.0, part="Test", auc=0.5),
    ]

    assert max(len(t.x) for figure in figures for t in figure.data) <= 2000


def test_the_operating_point_lies_on_precision_over_recall():
    figure = precision_recall_figure(BY_HAND, 2.5, part="Test", average_precision=0.75, base_rate=0.5)

    # A threshold of 2.5 calls the two windows with 3 and 4 positive: one is, of two.
    assert (list(trace(figure, "threshold").x), list(trace(figure, "threshold").y)) == ([0.5], [0.5])
    assert "average precision 0.750" in trace(figure, "precision over recall").name
    assert list(trace(figure, "chance").y) == [0.5, 0.5]


def test_above_every_score_precision_has_no_point():
    figure = precision_recall_figure(BY_HAND, 9.0, part="Test", average_precision=0.75, base_rate=0.5)

    assert not any(name.startswith("threshold") for name in names(figure))
    assert "No window reaches the threshold" in texts(figure)[0]


def test_the_roc_curve_runs_from_corner_to_corner():
    figure = roc_figure(BY_HAND, 3.0, part="Test", auc=0.75)

    curve = trace(figure, "ROC curve, area 0.750")
    assert (curve.x[0], curve.y[0], curve.x[-1], curve.y[-1]) == (1, 1, 0, 0)
    assert (list(trace(figure, "threshold").x), list(trace(figure, "threshold").y)) == ([0.5], [0.5])
    assert list(trace(figure, "chance").x) == list(trace(figure, "chance").y) == [0, 1]


def test_above_every_score_the_roc_point_is_the_origin():
    marked = trace(roc_figure(BY_HAND, 9.0, part="Test", auc=0.75), "threshold")

    assert (list(marked.x), list(marked.y)) == ([0], [0])


def test_without_positives_nothing_is_invented():
    points = make_points([1, 2, 3])

    over_threshold = threshold_figure(points, 2.0, part="Test")
    over_recall = precision_recall_figure(points, 2.0, part="Test", average_precision=None, base_rate=0.0)
    roc = roc_figure(points, 2.0, part="Test", auc=None)

    assert "recall" not in names(over_threshold)
    assert not any(name.startswith("ROC") for name in names(roc))
    assert all(texts(figure) for figure in (over_threshold, over_recall, roc))


def test_an_endless_threshold_draws_no_line():
    assert names(threshold_figure(BY_HAND, np.inf, part="Test")) == ["precision", "recall"]
