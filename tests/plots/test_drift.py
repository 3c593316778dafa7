"""Errors, the sensors that carry them, and alarms, day by day."""

import numpy as np
import pandas as pd
import pytest

from rare_event.clock import TimeUnit
from rare_event.config.labels import ScoreLabel
from rare_event.plots.drift import carriers_figure, error_by_day_figure, false_alarms_by_day_figure
from tests.plots.examples import names, texts, trace

DAYS = pd.DataFrame(
    {"day": [0, 1, 4], "normal": [700, 650, 720], "median": [1.0, 2.0, 3.0], "high": [2.0, 3.0, 5.0]}
)
START = np.datetime64("1999-05-01", "us")


def error_by_day(days=DAYS, **more):
    return error_by_day_figure(days, part="Test", score=ScoreLabel("error", "bar"), **more)


def test_median_and_quantile_break_where_days_are_missing():
    figure = error_by_day()

    # Days 2 and 3 have no windows.
    np.testing.assert_array_equal(trace(figure, "median").x, [0, 1, 4, 4])
    np.testing.assert_array_equal(trace(figure, "median").y, [1, 2, np.nan, 3])
    np.testing.assert_array_equal(trace(figure, "90% quantile").y, [2, 3, np.nan, 5])
    assert trace(figure, "median").connectgaps is False
    assert list(trace(figure, "median").customdata) == [700, 650, 0, 720]
    assert trace(figure, "median").line.dash != trace(figure, "90% quantile").line.dash
    assert "bar" in figure.layout.yaxis.title.text
    assert figure.layout.title.text.startswith("Test: ")
    assert figure.layout.yaxis.type != "log"


@pytest.mark.parametrize(
    "when", [START, pd.Timestamp(START), START + DAYS["day"].to_numpy() * np.timedelta64(1, "D")]
)
def test_days_are_dates_where_the_start_is_known(when):
    line = trace(error_by_day(when=when), "median")

    assert [str(x)[:10] for x in line.x] == ["1999-05-01", "1999-05-02", "1999-05-05", "1999-05-05"]


def test_a_step_of_drift_is_drawn_on_a_logarithmic_axis():
    figure = error_by_day(DAYS.assign(high=[2.0, 3.0, 90.0]))

    assert figure.layout.yaxis.type == "log"
    # An error of 0 has no place there.
    assert error_by_day(DAYS.assign(median=0.0, high=[2.0, 3.0, 90.0])).layout.yaxis.type != "log"


@pytest.mark.parametrize(
    ("at", "place"),
    [
        (np.datetime64("1999-05-18T14:00"), "1999-05-18T14:00:00"),
        (pd.Timestamp("1999-05-18 14:00"), "1999-05-18T14:00:00"),
        (17.5, 17.5),
        (np.int64(17), 17.0),
    ],
)
def test_changes_are_lines_with_words(at, place):
    figure = error_by_day(changes=[(at, "a stop of\n834 minutes"), (at, "<b>" + "long " * 20)])

    assert [shape.x0 for shape in figure.layout.shapes] == [place, place]
    assert [shape.showlegend for shape in figure.layout.shapes] == [True, False]
    first, second = figure.layout.annotations
    assert first.text == "a stop of 834 minutes"
    assert first.x == place
    assert "<b>" not in second.text + second.hovertext
    assert len(second.text) < 40 < len(second.hovertext)


def test_many_days_are_thinned_out_and_the_worst_stays():
    n = 6000
    high = np.random.default_rng(0).lognormal(0, 1, n)
    days = pd.DataFrame({"day": np.arange(n), "normal": 1, "median": high / 2, "high": high})

    figure = error_by_day(days)

    assert sum(len(t.x) for t in figure.data) <= 5000
    assert max(trace(figure, "90% quantile").y) == high.max()


def test_days_without_errors():
    figure = error_by_day(DAYS.assign(median=np.nan))

    assert names(figure) == ["90% quantile"]
    assert texts(error_by_day(DAYS[:0])) == ["No day has normal windows."]


def carriers(*rows):
    return pd.DataFrame(rows, columns=["day", "sensor", "share"])


def test_shares_stack_with_the_largest_sensor_first():
    figure = carriers_figure(
        carriers((0, "x1", 0.2), (0, "x2", 0.7), (0, "other", 0.1), (1, "x2", 0.6), (1, "other", 0.4))
    )

    assert names(figure) == ["x2", "x1", "other"]
    np.testing.assert_allclose(trace(figure, "x2").y, [70, 60])
    np.testing.assert_allclose(trace(figure, "x1").y, [20, 0])
    np.testing.assert_allclose(sum(np.asarray(t.y) for t in figure.data), [100, 100])
    assert figure.layout.barmode == "stack"
    assert trace(figure, "other").marker.color == "#808080"
    assert trace(figure, "x1").marker.color != "#808080"


def test_sensors_beyond_the_largest_are_other():
    figure = carriers_figure(carriers(*((0, f"x{i}", (20 - i) / 210) for i in range(20))))

    assert names(figure) == [*(f"x{i}" for i in range(8)), "other"]
    np.testing.assert_allclose(sum(t.y[0] for t in figure.data), 100)
    looks = [(t.marker.color, t.marker.pattern.shape) for t in figure.data]
    assert len(set(looks)) == len(looks)


def test_many_days_are_averaged_in_blocks():
    n = 1000
    x1 = np.random.default_rng(0).uniform(0, 1, n)
    figure = carriers_figure(
        carriers(
            *((i, "x1", share) for i, share in enumerate(x1)),
            *((i, "x2", 1 - share) for i, share in enumerate(x1)),
        )
    )

    shown = trace(figure, "x1")
    # Blocks of 2 days: 2,000 bars would be too many, and 1,000 are not.
    assert sum(len(t.x) for t in figure.data) == 1000
    np.testing.assert_allclose(shown.y, 100 * x1.reshape(-1, 2).mean(axis=1))
    assert list(shown.x[:2]) == [0.5, 2.5]
    assert shown.width == 2


def test_names_of_sensors_are_text():
    (bar,) = carriers_figure(carriers((0, "<b>x</b>", 1.0))).data

    assert bar.name == "&lt;b&gt;x&lt;/b&gt;"
    assert "x</b>" not in bar.hovertemplate


def test_no_carriers():
    assert texts(carriers_figure(carriers())) == ["No day has scored windows."]


ALARMS = pd.DataFrame(
    {
        "day": [0, 1, 2, 3],
        "hours": [24.0, 12.0, 1.0, 0.0],
        "false_alarms": [2, 2, 1, 0],
        "caught": [0, 1, 0, 0],
        "false_alarms_per_day": [2.0, 4.0, 24.0, np.nan],
    }
)


def test_the_area_of_a_bar_is_its_number_of_false_alarms():
    bars = trace(false_alarms_by_day_figure(ALARMS, 2.0), "false alarms")

    # The day that did not run has none.
    assert list(bars.x) == [0, 1, 2]
    np.testing.assert_allclose(np.asarray(bars.y) * np.asarray(bars.width), [2, 2, 1])


def test_a_day_that_ran_less_than_24_hours_shows_a_count_and_no_rate():
    figure = false_alarms_by_day_figure(ALARMS, 2.0)

    bars = trace(figure, "false alarms")
    assert list(bars.hovertext) == [
        "2 false alarms in 24 hours, 2 a day",
        "2 false alarms in 12 hours",
        "1 false alarm in 1 hour",
    ]
    assert "%{y" not in bars.hovertemplate
    assert list(trace(figure, "above the axis").hovertext) == ["1 false alarm in 1 hour"]
    assert "a day" not in trace(figure, "event caught").hovertext[0]
    rows = trace(false_alarms_by_day_figure(ALARMS, 2.0, TimeUnit("No time is readable")), "false alarms")
    assert rows.hovertext[0] == "2 false alarms in 1,000 rows, 2 per 1,000 rows"
    assert rows.hovertext[1] == "2 false alarms in 500 rows"


def test_caught_events_and_the_budget_are_marked():
    figure = false_alarms_by_day_figure(ALARMS, 2.0)

    assert list(trace(figure, "event caught").x) == [1]
    assert list(trace(figure, "budget: 2 a day").y) == [2, 2]
    assert not any(name.startswith("budget") for name in names(false_alarms_by_day_figure(ALARMS, None)))


def test_a_short_day_does_not_flatten_the_others():
    figure = false_alarms_by_day_figure(ALARMS, 2.0)

    # 24 a day in an hour's running: the axis ends above the 4 a day of the longer days.
    assert 4 < figure.layout.yaxis.range[1] < 6
    assert list(trace(figure, "above the axis").x) == [2]
    assert "above the axis" not in names(false_alarms_by_day_figure(ALARMS[:2], 2.0))
    # With short days only, they are what there is to see.
    assert false_alarms_by_day_figure(ALARMS[2:], 2.0).layout.yaxis.range[1] > 24


def test_the_axis_shows_the_budget():
    assert false_alarms_by_day_figure(ALARMS[:1], 10.0).layout.yaxis.range[1] > 10


def test_many_days_of_alarms():
    n = 6000
    days = pd.concat([ALARMS[:1]] * n).assign(day=np.arange(n), caught=1)

    figure = false_alarms_by_day_figure(days, 2.0)

    assert max(len(t.x) for t in figure.data) <= 5000 / 3
    assert "days drawn" in trace(figure, "false alarms").name


def test_no_days():
    for days in (ALARMS[:0], ALARMS[3:]):
        figure = false_alarms_by_day_figure(days, 2.0)
        assert texts(figure) == ["No day of running time is scored."]
        assert not figure.data


def test_days_of_several_machines_are_machine_days():
    days = ALARMS.assign(hours=[144.0, 72.0, 6.0, 0.0], false_alarms_per_day=[1 / 3, 2 / 3, 4.0, np.nan])
    figure = false_alarms_by_day_figure(days, 2.0, TimeUnit(machines=True))

    bars = trace(figure, "false alarms")
    # No bar is wider than a day, so none covers another; areas are in proportion.
    assert max(bars.width) == 1
    np.testing.assert_allclose(np.asarray(bars.y) * np.asarray(bars.width) * 6, [2, 2, 1])
    assert bars.hovertext[0] == "2 false alarms in 144 machine-hours, 0.333 per machine-day"
    assert figure.layout.yaxis.title.text == "False alarms<br>per machine-day"
