"""Precision, recall and ROC curves."""

from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import pytest

from rare_event.clock import TimeUnit
from rare_event.config import AlarmPolicy, Rule
from rare_event.judge.rules import choose
from rare_event.judge.thresholds import operating_points
from rare_event.plots.curves import (
    NO_POSITIVES,
    overlay_alarms_figure,
    overlay_roc_figure,
    precision_recall_figure,
    roc_figure,
    threshold_figure,
)
from rare_event.plots.described import described
from rare_event.plots.marks import NOTE_WIDTH, note
from tests.plots.examples import make_points, make_scores, names, random_scores, texts, trace

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
    assert "average precision 0.750" in trace(figure, "precision–recall curve").name
    assert list(trace(figure, "chance").y) == [0.5, 0.5]


def test_above_every_score_precision_has_no_point():
    figure = precision_recall_figure(BY_HAND, 9.0, part="Test", average_precision=0.75, base_rate=0.5)

    assert not any(name.startswith("threshold") for name in names(figure))
    assert "No window reaches the threshold" in texts(figure)[0]


def test_the_roc_curve_runs_from_corner_to_corner():
    figure = roc_figure(BY_HAND, 3.0, part="Test", auc=0.75)

    curve = trace(figure, "ROC curve, AUC 0.750")
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


def with_events(y_score, events, step=60.0):
    """Operating points of stretches that end with an event or without one.

    A row an hour: alarms of different rows never merge.
    """
    n = len(y_score)
    stretch = np.repeat(np.arange(n // 10 + 1), 10)[:n]
    event = np.where(np.isin(stretch, events), stretch, -1)
    left = step * (10 - np.arange(n) % 10)
    scores = replace(
        make_scores(y_score, (event >= 0) & (left == step)),
        clock=step * np.arange(n),
        stretch=stretch,
        event=event,
        to_event=np.where(event >= 0, left, np.inf),
        total_events=np.asarray(events),
        step=step,
    )
    return operating_points(scores, AlarmPolicy(lead=step, cooldown=10))


def test_models_are_overlaid_with_the_areas_of_their_curves():
    figure = overlay_roc_figure({"a": BY_HAND, "b": make_points([4, 3, 2, 1], [0, 1, 0, 1])}, part="Test")

    # Of a's four pairs three are in order; of b's one.
    assert names(figure) == ["a, AUC 0.750", "b, AUC 0.250", "chance"]
    assert (trace(figure, "a").x[0], trace(figure, "a").y[-1]) == (1, 0)
    assert not texts(figure)


def test_many_models_differ_in_colour_or_dash_and_stay_within_the_limit():
    scores = random_scores(8000, n_positive=2000)
    points = make_points(scores.y_score, scores.y_true)
    models = {f"model {i}": points for i in range(12)}

    figures = [overlay_roc_figure(models, part="Test"), overlay_alarms_figure(models, part="Test")]

    for figure in figures:
        looks = [(t.line.color, t.line.dash) for t in figure.data]
        assert len(set(looks)) == len(looks)
        assert sum(len(t.x) for t in figure.data) <= 5000 + 2
        # Dots are for chance.
        assert all(t.line.dash != "dot" for t in figure.data if t.name != "chance")
    alone = overlay_roc_figure({"one": points}, part="Test")
    assert max(len(t.x) for t in alone.data) <= 2000
    assert figures[0].layout.height > alone.layout.height


def test_events_caught_grow_with_the_budget():
    # Five stretches, 48 rows of an hour, the first ends with an event. Highest first: a
    # false alarm, the event's last row, another false alarm.
    score = np.ones(48)
    score[[3, 9, 15]] = [9, 8, 7]

    figure = overlay_alarms_figure({"a": with_events(score, [0])}, part="Test")

    (line,) = figure.data
    # Nothing without a false alarm; the event at one in two days; nothing more at the second. The
    # lowest score alarms always, 23 times a day: more than the axis shows.
    np.testing.assert_allclose(line.x, [0, 0.5, 10])
    np.testing.assert_array_equal(line.y, [0, 1, 1])
    assert figure.layout.xaxis.range == (0, 10)
    assert line.line.shape == "hv"
    assert "(of 1)" in figure.layout.yaxis.title.text


@pytest.mark.parametrize("seed", range(5))
def test_the_curve_is_what_the_rule_for_false_alarms_catches(seed):
    rng = np.random.default_rng(seed)
    points = with_events(rng.lognormal(0, 1, 2000).round(1), np.flatnonzero(rng.random(200) < 0.4))

    (line,) = overlay_alarms_figure({"a": points}, part="Test", most_per_day=3.0).data

    assert (np.diff(line.x) >= 0).all()
    assert (np.diff(line.y) >= 0).all()
    assert line.x[-1] <= 3.0
    for budget in np.linspace(0, line.x[-1], 40, endpoint=False):
        at = points.at(choose(points, Rule("fa-per-day", budget)))
        caught = points.caught[at] if at < len(points) else 0
        drawn = line.y[np.searchsorted(line.x, budget, side="right") - 1]
        assert drawn == caught


def test_an_alarm_that_hardly_ever_stops_is_not_a_bargain():
    # A row every two minutes: a constant score is one alarm in each stretch, and catches every event.
    points = with_events(np.ones(1000), np.arange(0, 100, 2), step=2.0)
    assert points.caught[0] == 50

    (line,) = overlay_alarms_figure({"a": points}, part="Test", most_per_day=1e6).data

    assert max(line.y) == 0


def test_models_with_different_events_are_compared_by_share():
    score = np.arange(40.0)
    figure = overlay_alarms_figure(
        {"a": with_events(score, [3]), "b": with_events(score, [0, 3])}, part="Test", most_per_day=5.0
    )

    assert max(trace(figure, "a").y) == 1
    assert max(trace(figure, "b").y) == 0.5
    assert "share" in figure.layout.yaxis.title.text


def test_a_model_without_a_curve_keeps_its_place_in_the_legend():
    models = {"none": make_points([1, 2]), "a": BY_HAND}

    roc = overlay_roc_figure(models, part="Test")
    short, long = (with_events(np.arange(n), [1]) for n in (20.0, 30.0))
    alarms = overlay_alarms_figure(models | {"b": long, "short": short}, part="Test")

    assert names(roc) == ["none, one class only", "a, AUC 0.750", "chance"]
    assert names(alarms) == ["none, no events", "a, no events", "b", "short, no rate (less than a day)"]
    assert np.isnan(trace(roc, "none").y).all() and np.isnan(trace(alarms, "short").y).all()
    # Colours go by the place, so that a model has one colour in both.
    assert trace(roc, "a").line.color == trace(alarms, "a").line.color
    assert not texts(roc) + texts(alarms)
    assert texts(overlay_roc_figure({"none": models["none"]}, part="Test"))
    assert texts(overlay_alarms_figure({"none": models["none"]}, part="Test"))
    assert texts(overlay_roc_figure({}, part="Test")) == texts(overlay_alarms_figure({}, part="Test"))


def test_names_of_models_are_text_cut_in_the_legend_and_whole_on_the_curve():
    long = "<b>%{x}</b> a name that is much too long"

    figure = overlay_roc_figure({long + " 1": BY_HAND, long + " 2": BY_HAND}, part="Test")

    first, second, _ = figure.data
    assert first.name != second.name
    assert "<b>" not in first.name + first.meta[0] + first.hovertemplate
    assert first.meta[0].endswith("long 1")
    assert "long" not in first.hovertemplate
    assert "that is much too long 1, AUC " in described(figure) and "…" in first.name
    assert "…" not in described(figure)


def test_a_note_fits_a_narrow_figure() -> None:
    figure = go.Figure()
    note(figure, NO_POSITIVES)
    (text,) = [each.text for each in figure.layout.annotations]
    assert text.replace("<br>", " ") == NO_POSITIVES
    assert max(map(len, text.split("<br>"))) <= NOTE_WIDTH and len(NO_POSITIVES) > NOTE_WIDTH


def test_the_budget_of_several_machines_is_per_machine_day() -> None:
    points = replace(with_events(np.arange(48.0), [0]), time_unit=TimeUnit(machines=True))
    title = overlay_alarms_figure({"a": points}, part="Test").layout.xaxis.title.text
    assert title.startswith("False alarms per machine-day<br>") and "day of running time" not in title
