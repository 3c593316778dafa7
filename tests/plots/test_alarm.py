"""The figures of one alarm: what they show, and what they must not."""

import numpy as np

from rare_event.plots.alarm import Course, courses_figure, score_around_figure, shares_figure
from tests.plots.examples import dates

WHEN = dates(6)
LEVEL = np.array([0.4, 0.5, 2.5, 3.0, np.nan, 0.6])


def by_name(figure):
    return {trace.name: trace for trace in figure.data}


def test_the_score_is_drawn_with_the_threshold_and_the_window_that_is_explained() -> None:
    figure = score_around_figure(WHEN, LEVEL, WHEN[3], WHEN[5:], part="Test")
    shown = by_name(figure)
    assert set(shown) == {"score", "at or above the threshold", "highest score", "threshold", "event"}
    assert list(shown["at or above the threshold"].y) == [2.5, 3.0]
    assert list(shown["highest score"].x) == [WHEN[3]] and list(shown["threshold"].y) == [1, 1]
    # Where no alarm is, none is drawn.
    calm = by_name(score_around_figure(WHEN, LEVEL / 10, None, WHEN[:0], part="Test"))
    assert set(calm) == {"score", "threshold"}
    assert figure.layout.yaxis.type != "log"
    assert (
        score_around_figure(WHEN, 40 * LEVEL[:6] ** 4, None, WHEN[:0], part="Test").layout.yaxis.type == "log"
    )


def test_a_sensor_is_drawn_against_its_normal_band_and_what_was_expected() -> None:
    values = np.array([1.0, 2.0, 9.0, 2.0, np.nan, 1.0])
    courses = [Course("x1", values, 0.5, 2.5, 2.0), Course("x2", -values, -2.5, -0.5)]
    figure = courses_figure(WHEN, courses, WHEN[2], WHEN[:1], reading="Value")
    bands = [trace for trace in figure.data if trace.fill == "toself"]
    assert [(min(band.y), max(band.y)) for band in bands] == [(-2.5, -0.5), (0.5, 2.5)]
    expected = [trace for trace in figure.data if trace.name == "what the other sensors suggest"]
    assert [list(trace.y) for trace in expected] == [[2.0]], "only where it is known"
    # From the top down, as the table names them.
    assert figure.layout.yaxis2.title.text == "x1" and figure.layout.yaxis.title.text == "x2"
    assert figure.layout.yaxis2.domain[0] > figure.layout.yaxis.domain[0]


def test_the_largest_share_is_on_top_and_says_its_per_cent() -> None:
    figure = shares_figure(["x1", "x2"], [0.75, 0.25], title="Sensors that moved", x="Share (%)")
    (bar,) = figure.data
    assert list(bar.x) == [25, 75] and list(bar.text) == ["25%", "75%"]
    assert list(figure.layout.yaxis.ticktext) == ["x2", "x1"]
    hostile = shares_figure(["<b>x</b>"], [1.0], title="Sensors that moved", x="Share (%)")
    assert "<b>" not in hostile.data[0].customdata[0] + hostile.layout.yaxis.ticktext[0]
    assert not shares_figure([], [], title="Sensors that moved", x="Share (%)").data
