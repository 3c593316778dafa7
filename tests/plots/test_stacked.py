"""Several sensors below each other, with one time axis."""

import numpy as np

from rare_event.plots.stacked import MOST_SENSORS, stacked_figure
from tests.plots.examples import dates, names, texts, trace


def drawn(figure):
    """The sensors' traces, from the top."""
    return sorted(
        (t for t in figure.data if t.type == "scatter" and t.name != "event"),
        key=lambda t: -figure.layout[t.yaxis.replace("y", "yaxis")].domain[0],
    )


def test_sensors_stand_in_their_order_and_share_one_time_axis():
    when = dates(5)
    figure = stacked_figure(
        when, {"b": np.arange(5.0), "a": -np.arange(5.0)}, np.zeros(5, np.int64), when[[2]]
    )

    assert [t.name for t in drawn(figure)] == ["b", "a"]
    assert {t.xaxis for t in figure.data} == {None}, "one axis, so that a zoom is a zoom of all"
    assert not [key for key in figure.layout if key.startswith("xaxis") and key != "xaxis"]
    domains = sorted(figure.layout[t.yaxis.replace("y", "yaxis")].domain for t in drawn(figure))
    assert all(below[1] < above[0] for below, above in zip(domains, domains[1:], strict=False))
    assert figure.layout.yaxis.title.text == "a"
    assert figure.layout.yaxis2.title.text == "b"


def test_events_cross_all_sensors_and_stops_are_gaps_of_the_bar_above():
    when = np.concatenate([dates(3), dates(2, "1999-05-01T01:00")])
    figure = stacked_figure(when, {"a": np.arange(5.0)}, np.array([0, 0, 0, 1, 1]), when[[2]])

    event, running = trace(figure, "event"), trace(figure, "running")
    assert figure.layout[event.yaxis.replace("y", "yaxis")].domain == (0, 1)
    assert list(event.x[:2]) == [when[2]] * 2
    assert list(running.base) == [when[0], when[3]]
    assert figure.layout[running.yaxis.replace("y", "yaxis")].domain[0] > figure.layout.yaxis.domain[1]
    assert np.isnan(np.asarray(trace(figure, "a").y, float)).sum() == 1


def test_a_million_rows_are_few_points_that_miss_no_extreme_and_no_stop():
    n = 1_000_000
    rng = np.random.default_rng(0)
    clock = np.arange(n) + 500.0 * np.repeat(np.arange(10), n // 10)
    values = {f"s{i}": rng.normal(size=n).astype(np.float32) for i in range(4)}
    peaks = {}
    for name, column in values.items():
        peaks[name] = rng.integers(1, n, 3)
        column[peaks[name]] = [50, -60, 70]

    figure = stacked_figure(clock, values, np.repeat(np.arange(10), n // 10), clock[:: n // 100])

    assert sorted(t.name for t in drawn(figure)) == sorted(values)
    for line in drawn(figure):
        assert len(line.x) <= 5000
        assert set(clock[peaks[line.name]]) <= set(line.x)
        assert {50.0, -60.0, 70.0} <= set(np.asarray(line.y, float))
        assert np.isnan(np.asarray(line.y, float)).sum() == 9, "a break at each stop"
    assert len(figure.to_json()) < 2_000_000


def test_no_more_than_four_are_drawn():
    figure = stacked_figure(
        dates(3), {f"s{i}": np.arange(3.0) for i in range(9)}, np.zeros(3, np.int64), dates(0)
    )

    assert len(drawn(figure)) == MOST_SENSORS
    assert "event" not in names(figure)


def test_without_a_sensor_it_asks_for_one():
    figure = stacked_figure(dates(3), {}, np.zeros(3, np.int64), dates(0))

    assert texts(figure) == ["Choose at least one sensor."]
    assert names(figure) == ["running"]


def test_a_long_name_is_short_on_the_axis_and_whole_on_hover():
    name = "<b>Plant1.Unit3.Section7.Flow.FIC101.PV</b>%{y}"
    figure = stacked_figure(dates(3), {name: np.arange(3.0)}, np.zeros(3, np.int64), dates(0))

    line = drawn(figure)[0]
    assert "Section7" not in figure.layout.yaxis.title.text
    assert line.meta == ("&lt;b&gt;Plant1.Unit3.Section7.Flow.FIC101.PV&lt;/b&gt;%{y}",)
    assert "FIC101" not in line.hovertemplate
    assert "<b>" not in figure.layout.title.text


def test_a_sensor_without_values_says_so_in_its_own_place():
    figure = stacked_figure(
        dates(3), {"a": np.full(3, np.nan), "b": np.arange(3.0)}, np.zeros(3, np.int64), dates(0)
    )

    assert texts(figure) == ["This sensor has no values here."]
    assert figure.layout.annotations[0].yref == "y2 domain"
    assert [t.name for t in drawn(figure)] == ["b"]
