"""Points with their intervals in rows of their own."""

import numpy as np

from rare_event.judge.comparison import Comparison
from rare_event.plots.intervals import differences_figure
from tests.plots.examples import texts, trace

FOUND = [Comparison(0.1, 0.05, 0.15, 78), None, Comparison(-0.02, -0.2, 0.01, 78)]


def points(figure):
    return next(t for t in figure.data if t.name == "model" and t.mode == "markers")


def test_differences_lie_in_their_rows_with_their_intervals():
    figure = differences_figure(["a", "b", "c"], FOUND, "mine")

    assert list(points(figure).x) == [0.1, -0.02]
    assert list(points(figure).y) == [0, 2]
    line = next(t for t in figure.data if t.name == "model" and t.mode == "lines")
    np.testing.assert_array_equal(line.x, [0.05, 0.15, np.nan, -0.2, 0.01, np.nan])
    assert "+0.100 (+0.050 to +0.150)" in points(figure).text[0]
    assert "minus that of<br>“mine”" in figure.layout.xaxis.title.text


def test_the_axis_shows_no_difference_and_one_that_cannot_be_shown_is_not_0():
    figure = differences_figure(["a", "b", "c"], FOUND, "mine")

    assert set(trace(figure, "no difference").x) == {0.0}
    low, high = figure.layout.xaxis.range
    assert low < -0.2 and high > 0.15
    assert texts(figure) == ["cannot be shown"]
    assert figure.layout.annotations[0].y == 1
    assert 1 not in points(figure).y
    assert not any(t.name == "chance" for t in figure.data)


def test_a_long_reference_is_named_whole():
    figure = differences_figure(
        ["a"], FOUND[:1], "jumps over robust scales, LSTM autoencoder, two rows ahead"
    )

    title = figure.layout.xaxis.title.text
    assert "jumps over robust scales, LSTM<br>autoencoder, two rows ahead" in title
    assert "…" not in title


def test_names_are_text():
    figure = differences_figure(["<b>%{y}</b>"], FOUND[:1], "<i>mine</i>")

    shown = [*figure.layout.yaxis.ticktext, *points(figure).text, figure.layout.xaxis.title.text]
    assert all("<b>" not in text and "<i>" not in text for text in shown)
    assert all("%{y}</b>" not in (t.hovertemplate or "") for t in figure.data)
