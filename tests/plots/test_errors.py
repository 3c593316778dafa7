"""Reconstruction errors over time and by class."""

from dataclasses import replace

import numpy as np
import pytest

from rare_event.config.labels import ScoreLabel
from rare_event.plots.errors import error_figure, score_histogram_figure
from tests.plots.examples import dates, make_scores, names, random_scores, texts, trace


def test_classes_and_threshold_over_the_row():
    figure = error_figure(make_scores([1, 2, 3], [0, 1, 0]), 2.5, part="Test")

    # Positives come after normals, and so on top.
    assert names(figure) == ["normal", "positive", "threshold 2.5"]
    assert list(trace(figure, "normal").x) == [0, 2]
    assert list(trace(figure, "positive").y) == [2]
    assert list(trace(figure, "threshold").y) == [2.5, 2.5]
    assert list(trace(figure, "threshold").x) == [0, 2]
    assert figure.layout.yaxis.type != "log"


def test_over_time():
    when = dates(3)

    figure = error_figure(make_scores([1, 2, 3], [0, 1, 0]), 2.5, when=when, part="Test")

    assert trace(figure, "positive").x[0] == when[1]
    assert list(trace(figure, "threshold").x) == [when[0], when[2]]
    assert "1999-05-01T00:02" in figure.to_json()


def test_many_windows_are_thinned_out_but_no_positive_is():
    scores = random_scores(50_000, n_positive=300)

    figure = error_figure(scores, 20.0, part="Test")

    normal, positive = trace(figure, "normal"), trace(figure, "positive")
    assert len(normal.x) + len(positive.x) <= 3000
    assert len(positive.x) == 300
    assert positive.name == "positive"
    assert normal.name == f"normal ({len(normal.x):,} of 49,700 drawn)"
    assert max(max(normal.y), max(positive.y)) == scores.y_score.max()


@pytest.mark.parametrize("n", [3000, 3002, 50_000])
def test_no_figure_needs_a_graphics_card(n):
    figure = error_figure(random_scores(n, n_positive=1), 1.0, part="Test")

    assert [t.type for t in figure.data] == ["scatter"] * 3
    assert sum(len(t.x) for t in figure.data) <= 3000 + 2


def test_a_long_tail_is_drawn_on_a_logarithmic_axis():
    scores = make_scores([1, 1, 1, 30])

    assert error_figure(scores, 2.0, part="Test").layout.yaxis.type == "log"
    assert score_histogram_figure(scores, 2.0, "Test").layout.xaxis.type == "log"
    # A threshold of 0 could not be drawn there.
    assert error_figure(scores, 0.0, part="Test").layout.yaxis.type != "log"


def test_scores_are_called_what_they_are():
    scores, odds = make_scores([1, 2]), ScoreLabel("odds of a positive row", "ratio")

    over_time = error_figure(scores, 1.0, part="Test", score=odds).layout
    assert over_time.yaxis.title.text == "Odds of a positive row<br>(ratio)"
    assert "odds of a positive row" in over_time.title.text and "error" not in over_time.title.text
    histogram = score_histogram_figure(scores, 1.0, "Test", odds).layout
    assert histogram.xaxis.title.text == "Odds of a positive row<br>(ratio)"
    assert "error" not in histogram.title.text


def test_a_trailing_threshold_lies_beside_the_fixed_one():
    scores = make_scores([1, 2, 3, 4], [0, 1, 0, 0])

    figure = error_figure(scores, 2.5, part="Test", following=np.array([np.nan, 2, 0, 3.5]))

    assert names(figure) == ["normal", "positive", "threshold 2.5", "trailing threshold, for comparison"]
    line = trace(figure, "trailing threshold, for comparison")
    # Where it is not known, or alarms always, it has no place on a logarithmic axis.
    assert (list(line.x), list(line.y)) == ([1, 3], [2, 3.5])
    assert line.mode == "lines"
    assert line.line.color != trace(figure, "threshold").line.color
    assert "trailing threshold, for comparison" not in names(error_figure(scores, 2.5, part="Test"))
    unknown = error_figure(scores, 2.5, part="Test", following=np.full(4, np.nan))
    assert "trailing threshold, for comparison" not in names(unknown)


def test_a_trailing_threshold_of_many_windows_is_thinned_out():
    scores = random_scores(50_000, n_positive=300)
    following = np.random.default_rng(1).lognormal(0, 1, 50_000)

    figure = error_figure(scores, 20.0, when=dates(50_000), part="Test", following=following)

    line = trace(figure, "trailing threshold, for comparison")
    assert len(line.x) <= 2000
    assert max(line.y) == following.max()
    assert sum(len(t.x) for t in figure.data) <= 5000 + 2
    assert len({t.type for t in figure.data}) == 1


def of_two_machines(y_score):
    """Half of the windows are of either machine, at the same times."""
    scores, half = make_scores(y_score, np.arange(len(y_score)) % 3 == 1), len(y_score) // 2
    clock = np.tile(scores.clock[:half], 2)
    return replace(scores, clock=clock, asset=np.repeat([0, 2], half), assets=("A", "unused", "<b>"))


def test_machines_are_drawn_one_after_the_other():
    scores, when = of_two_machines([1, 2, np.nan, 4, 5, 6]), np.tile(dates(3), 2)

    figure = error_figure(scores, 2.5, when=when, part="Test", following=np.array([1, 2, 3, 4, np.nan, 6]))

    # In five places, though there are three times and one score is missing.
    normal, positive = trace(figure, "normal"), trace(figure, "positive")
    assert (list(normal.x), list(positive.x)) == ([0, 2, 4], [1, 3])
    assert list(normal.customdata) == [when[0], when[3], when[5]]
    assert list(normal.text) == ["A", "&lt;b&gt;", "&lt;b&gt;"]
    assert "%{x" not in normal.hovertemplate and "%{customdata|%Y" in normal.hovertemplate
    axis = figure.layout.xaxis
    assert (list(axis.tickvals), list(axis.ticktext)) == ([0.5, 3], ["A", "&lt;b&gt;"])
    assert [shape.x0 for shape in figure.layout.shapes] == [1.5]
    # The trailing threshold of one machine is not joined to that of the other.
    line = trace(figure, "trailing threshold, for comparison")
    np.testing.assert_array_equal(line.y, [1, 2, np.nan, 4, 6])
    assert not line.connectgaps
    assert not error_figure(make_scores([1, 2]), 1.5, part="Test").layout.shapes


def test_no_line_joins_many_windows_of_two_machines():
    random = np.random.default_rng(2)
    scores = of_two_machines(random.lognormal(0, 1, 20_000))

    figure = error_figure(scores, 20.0, part="Test", following=random.lognormal(0, 1, 20_000))

    line = trace(figure, "trailing threshold, for comparison")
    gap = np.flatnonzero(np.isnan(line.y))
    assert len(gap) == 1 and line.x[gap[0] - 1] < 10_000 <= line.x[gap[0] + 1]
    assert "%{customdata:,}" in trace(figure, "normal").hovertemplate


def test_missing_scores_are_left_out():
    figure = error_figure(make_scores([1, np.nan, np.inf, 2]), 1.5, part="Test")

    assert list(trace(figure, "normal").x) == [0, 3]


@pytest.mark.parametrize("n", [30, 20_000])
def test_each_class_of_the_histogram_adds_up(n):
    figure = score_histogram_figure(random_scores(n, n_positive=7), 3.0, "Validation")

    for name in ("normal", "positive, 7 windows"):
        # The last value is drawn twice: a step needs an end.
        assert sum(trace(figure, name).y[:-1]) == pytest.approx(100)
    assert list(trace(figure, "threshold").x) == [3, 3]


def test_a_part_without_windows_says_so():
    empty = make_scores([])

    for figure in (error_figure(empty, 1.0, part="Test"), score_histogram_figure(empty, 1.0, "Test")):
        assert texts(figure) == ["This part has no scored windows."]
        assert not figure.data
