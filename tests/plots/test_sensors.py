"""One sensor over time, and before an event."""

import numpy as np

from rare_event.plots.sensors import course_figure, sensor_figure
from tests.plots.examples import dates, names, texts, trace


def test_the_line_breaks_at_stops_and_missing_values():
    # Rows at 0 2 4 6, then a stop, then 60 62; the value at 4 is missing.
    when = np.array([0.0, 2, 4, 6, 60, 62])
    line = trace(sensor_figure(when, np.array([1, 2, np.nan, 4, 5, 6.0]), "x1"), "x1")

    np.testing.assert_array_equal(line.x, [0, 2, 6, 6, 60, 60, 62])
    np.testing.assert_array_equal(line.y, [1, 2, np.nan, 4, np.nan, 5, 6])
    assert line.connectgaps is False


def test_events_are_lines_behind_the_sensor():
    when = dates(10)

    figure = sensor_figure(when, np.arange(10.0), "x1", "bar", when[[3, 7]])

    events = trace(figure, "event")
    assert [events.x[0], events.x[3]] == [when[3], when[7]]
    assert events.yaxis == "y2"
    assert figure.layout.yaxis.overlaying == "y2"
    assert figure.layout.yaxis2.visible is False
    assert figure.layout.yaxis.title.text == "x1 (bar)"


def test_no_more_points_than_the_limit_however_many_stops():
    # A stop after every row but one: all breaks, and every one would cost a point.
    clock = np.cumsum(np.tile([2.0, 2.0, 2.0, 60.0], 10_000))
    values = np.random.default_rng(0).normal(size=40_000)

    figure = sensor_figure(clock, values, "x1", events_when=clock)

    line = trace(figure, "x1")
    assert len(line.x) <= 5000
    assert np.nanmax(line.y) == values.max()
    assert len(trace(figure, "event").x) <= 5000


def test_a_name_from_a_file_is_text():
    figure = sensor_figure(np.arange(2.0), np.arange(2.0), "<b>x</b> %{y}", "<i>")

    assert "<" not in figure.layout.title.text + figure.layout.yaxis.title.text + figure.data[0].name
    assert "x</b>" not in figure.data[0].hovertemplate


def test_a_sensor_without_values_says_so():
    assert texts(sensor_figure(np.arange(3.0), np.full(3, np.nan), "x1")) == ["This sensor has no values."]
    assert texts(sensor_figure(np.zeros(0), np.zeros(0), "x1")) == ["This sensor has no values."]


def test_the_course_and_its_band():
    offsets = np.array([-6.0, -4, -2])
    mean = np.array([1.0, 2, 3])

    figure = course_figure(offsets, mean, mean - 1, mean + 1, "x1", 12, band="middle half")

    assert names(figure) == ["middle half", "mean of 12 events", "event"]
    assert list(trace(figure, "mean").y) == [1, 2, 3]
    # There along the upper limit, back along the lower one.
    assert list(trace(figure, "middle half").x) == [-6, -4, -2, -2, -4, -6]
    assert list(trace(figure, "middle half").y) == [2, 3, 4, 2, 1, 0]
    assert trace(figure, "event").x[0] == 0
    assert not texts(figure)


def test_a_course_of_no_events_says_so():
    missing = np.full(3, np.nan)

    figure = course_figure(np.array([-6.0, -4, -2]), missing, missing, missing, "x1", 0)

    assert texts(figure) == ["The sensor has no values in the rows before events."]
    assert not figure.data
    none = np.zeros(0)
    figure = course_figure(none, none, none, none, "x1", 0)
    assert texts(figure) == ["No event has enough rows before it."] and not figure.data
