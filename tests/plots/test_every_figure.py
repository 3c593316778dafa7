"""What every public figure has, on ordinary and on odd data."""

import importlib
import inspect
import json
import pkgutil

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

import rare_event.plots
from rare_event.clock import MINUTES
from rare_event.config.labels import SCORE
from rare_event.detect.summary import Layer
from rare_event.judge.comparison import Comparison
from rare_event.plots.ablation import ablation_figure
from rare_event.plots.alarm import Course, courses_figure, score_around_figure, shares_figure
from rare_event.plots.balance import balance_figure
from rare_event.plots.correlation import correlation_figure
from rare_event.plots.curves import (
    overlay_alarms_figure,
    overlay_roc_figure,
    precision_recall_figure,
    roc_figure,
    threshold_figure,
)
from rare_event.plots.design_map import map_figure
from rare_event.plots.distribution import distribution_figure
from rare_event.plots.drift import carriers_figure, error_by_day_figure, false_alarms_by_day_figure
from rare_event.plots.errors import error_figure, score_histogram_figure
from rare_event.plots.intervals import differences_figure
from rare_event.plots.leakage import leakage_figure
from rare_event.plots.matrix import confusion_figure
from rare_event.plots.network import network_figure
from rare_event.plots.rates import alarm_rate_figure, time_in_alarm_figure
from rare_event.plots.scored import scored_figure
from rare_event.plots.sensors import course_figure, sensor_figure
from rare_event.plots.stacked import stacked_figure
from rare_event.plots.timeline import folds_figure, split_figure, stretch_figure
from rare_event.plots.training import loss_figure
from rare_event.prepare.split import Fold
from tests.plots.examples import dates, make_points, make_scores, random_scores

ORDINARY = random_scores(200)
# Name: scores and threshold.
PARTS = {
    "ordinary": (ORDINARY, 1.0),
    "threshold above all": (ORDINARY, 1e9),
    "endless threshold": (ORDINARY, np.inf),
    "threshold below all": (ORDINARY, -1.0),
    "no positives": (make_scores([1, 2, 3]), 2.0),
    "positives only": (make_scores([1, 2, 3], [1, 1, 1]), 2.0),
    "one window": (make_scores([1.5], [1]), 1.5),
    "all scores equal": (make_scores([2] * 10, [0, 1] * 5), 2.0),
    "all scores zero": (make_scores([0] * 10, [0, 1] * 5), 0.0),
    "huge scores": (make_scores([1e-300, 1, 1e300], [0, 1, 0]), 1.0),
}


def new_file(scores, n_alarms):
    """Windows, rows and alarms of a new file."""
    n_rows = int(scores.row.max()) + 1
    frame = pd.DataFrame({"time": dates(n_rows), "score": np.nan, "threshold": 1.0})
    frame.loc[scores.row, "score"] = scores.y_score
    alarms = pd.DataFrame(
        {"peak_at": frame["time"][scores.row[:n_alarms]], "peak": scores.y_score[:n_alarms]}
    )
    return scores, frame, alarms


def of_part(scores, threshold):
    """All figures of scores."""
    points = make_points(scores.y_score, scores.y_true)
    return [
        threshold_figure(points, threshold, part="Test"),
        precision_recall_figure(points, threshold, part="Test", average_precision=None, base_rate=0.1),
        roc_figure(points, threshold, part="Test", auc=None),
        error_figure(scores, threshold, part="Test"),
        error_figure(scores, threshold, when=dates(len(scores)), part="Test"),
        error_figure(scores, threshold, part="Test", following=2 * scores.y_score),
        *(scored_figure(*new_file(scores, n), name="new.csv", threshold=threshold) for n in (0, 1)),
        scored_figure(*new_file(scores, 1), name="new.csv", threshold=threshold, trailing=True),
        score_histogram_figure(scores, threshold, "Test"),
        overlay_roc_figure({"a": points, "b": points}, part="Test"),
        overlay_alarms_figure({"a": points, "b": points}, part="Test"),
        alarm_rate_figure(points, threshold, part="Test", unit=MINUTES),
        time_in_alarm_figure(points, threshold, part="Test", unit=MINUTES),
    ]


DIFFERENCES = [Comparison(0.1, 0.05, 0.15, 78), Comparison(-0.1, -0.2, 0.0, 78), None]
SPLITS = pd.DataFrame(
    {
        "name": ["Random split", "Past only"],
        "optimistic": [True, False],
        "auc": [0.6, 0.5],
        "low": [0.5, np.nan],
        "high": [0.7, np.nan],
    }
)
LEFT_OUT = pd.DataFrame(
    {
        "name": ["x15, x48 and x5", "x1", "x2"],
        "fall": [0.08, 0.01, -0.03],
        "low": [0.03, -0.01, -0.05],
        "high": [0.12, 0.03, -0.01],
        "seen": [True, False, True],
    }
)
DAYS = pd.DataFrame(
    {
        "day": [0, 2],
        "normal": [700, 650],
        "median": [1.0, 50.0],
        "high": [2.0, 90.0],
        "hours": [24.0, 1.0],
        "false_alarms": [2, 1],
        "caught": [1, 0],
        "false_alarms_per_day": [2.0, 24.0],
    }
)
CELLS = pd.DataFrame(
    {
        "model": ["dense", "dense", "lstm"],
        "representation": ["level", "difference", "level"],
        "lookback": [1, 5, 1],
        "shift": [2, 2, 4],
        "state": ["done", "failed", "running"],
        "value": [0.6, np.nan, np.nan],
        "low": [0.5, np.nan, np.nan],
        "high": [0.7, np.nan, np.nan],
        "level": [True, False, False],
    }
)
CORRELATIONS = pd.DataFrame(
    [[1, 0.5, np.nan], [0.5, 1, -1], [np.nan, -1, 1]], list("abc"), list("abc"), dtype=float
)
CARRIERS = pd.DataFrame({"day": [0, 0], "sensor": ["x1", "other"], "share": [0.6, 0.4]})


def of_frames():
    """Figures of frames, each on ordinary data, on one row and on none."""
    figures = []
    for n in (3, 1, 0):
        figures += [
            differences_figure(list("abc")[:n], DIFFERENCES[:n], "d"),
            leakage_figure(SPLITS[:n]),
            ablation_figure(LEFT_OUT[:n]),
            map_figure(CELLS[:n], title="Mean AUC", unit="mean AUC", chance=0.5, digits=2),
            map_figure(CELLS[:n], title="Events", unit="events", chance=None, digits=0),
            error_by_day_figure(DAYS[:n], part="Test", score=SCORE, changes=[(1, "a stop")]),
            error_by_day_figure(DAYS[:n], when=dates(1)[0], part="Test", score=SCORE),
            carriers_figure(CARRIERS[:n]),
            *(false_alarms_by_day_figure(DAYS[:n], budget) for budget in (2.0, 0.0, None)),
        ]
    return figures


def of_an_alarm():
    """Figures of one alarm, on ordinary data, on numbers of rows, and on nothing."""
    when, line, level = dates(5), np.arange(-5.0, 0), np.array([0.5, 0.4, np.nan, 30.0, 0.5])
    courses = [Course("x1", line, -4.0, -1.0, -2.0), Course("x2 & co", np.full(5, np.nan), np.nan, np.nan)]
    return [
        score_around_figure(when, level, when[3], when[4:], part="Test"),
        score_around_figure(np.arange(5), np.zeros(5), None, np.arange(0), part="Test"),
        score_around_figure(when[:0], level[:0], None, when[:0], part="Test"),
        courses_figure(when, courses * 3, when[3], when[4:], reading="Value"),
        courses_figure(np.arange(5), courses[:1], 9, np.arange(0), reading="Value"),
        courses_figure(when[:0], [], when[3], when[:0], reading="Value"),
        shares_figure(["x1", "x2 & co"], [0.75, 0.25], title="Sensors that moved", x="Share (%)"),
        shares_figure([], [], title="Sensors that moved", x="Share (%)"),
    ]


def of_tables():
    """All other figures, each on ordinary and on little data."""
    history = pd.DataFrame({"epoch": [1, 2], "loss": [2.0, 1.0], "validation_loss": [2.0, 1.0]})
    zero, one = np.zeros(0, np.int64), np.zeros(1, np.int64)
    fold = Fold(np.arange(3), np.arange(3, 4), np.arange(4, 5))
    line = np.arange(-5.0, 0)
    return [
        *(loss_figure(rows) for rows in (history, history[:1], history[:0])),
        confusion_figure(90, 10, 3, 1, part="Test"),
        confusion_figure(0, 0, 0, 0, part="Test"),
        *(
            stretch_figure(when, np.array([0, 0, 0, 1, 1]), np.array([0, 0, 1, 0, 0]))
            for when in (dates(5), line)
        ),
        *(stretch_figure(dates(n), a, a) for n, a in ((0, zero), (1, one))),
        *(split_figure(when, [fold, fold], when[:2]) for when in (dates(5), line)),
        split_figure(dates(0), [], dates(0)),
        *(
            folds_figure(when, [fold, fold], when[:2], np.array([True, False]), np.arange(2))
            for when in (dates(5), line)
        ),
        folds_figure(dates(0), [], dates(0), zero, zero),
        *(sensor_figure(when, line, "x1", "bar", when[:2]) for when in (dates(5), line)),
        *(sensor_figure(dates(n), np.zeros(n), "x1") for n in (0, 1)),
        course_figure(line, line, line, line, "x1", 3),
        course_figure(line[:0], line[:0], line[:0], line[:0], "x1", 0),
        *(
            stacked_figure(when, {"a": line, "b": np.full(5, np.nan)}, np.array([0, 0, 0, 1, 1]), when[:2])
            for when in (dates(5), line)
        ),
        stacked_figure(dates(5), {}, np.zeros(5, np.int64), dates(0)),
        stacked_figure(dates(0), {"a": line[:0]}, zero, dates(0)),
        *(correlation_figure(CORRELATIONS.iloc[:n, :n]) for n in (3, 1, 0)),
        distribution_figure(line, line[:2], "x1", "rows before an event"),
        distribution_figure(np.zeros(3), line[:0], "x1", "rows before an event"),
        distribution_figure(line[:0], np.full(3, np.nan), "x1", "rows before an event"),
        *of_an_alarm(),
        balance_figure(100, 1),
        balance_figure(0, 0),
        *(network_figure(layers, title="The model") for layers in ([Layer("Dense", (3,), 4)], [])),
    ]


def figures_of(case):
    """Draw within the test, where a warning is an error."""
    others = {"tables": of_tables, "frames": of_frames}
    return others[case]() if case in others else of_part(*PARTS[case])


@pytest.mark.parametrize("case", [*PARTS, "tables", "frames"])
def test_what_every_figure_has(case):
    for figure in figures_of(case):
        layout = figure.layout
        assert layout.title.text
        assert layout.xaxis.title.text
        assert layout.yaxis.title.text
        assert layout.uirevision
        assert layout.height >= 200
        assert layout.paper_bgcolor == layout.plot_bgcolor == "rgba(0, 0, 0, 0)"
        assert not layout.title.text.isupper()


@pytest.mark.parametrize("case", [*PARTS, "tables", "frames"])
def test_what_no_figure_has(case):
    for figure in figures_of(case):
        shown = [t.name for t in figure.data if t.showlegend is not False]
        assert len(shown) == len(set(shown))
        assert all(shown)
        for trace in figure.data:
            if trace.type in ("scatter", "scattergl"):
                assert len(trace.y)
                if trace.mode == "markers":
                    assert np.isfinite(np.asarray(trace.y, dtype=float)).all()
        json.loads(figure.to_json())


def test_every_public_function_that_draws_is_here():
    drawn = {name for name, value in globals().items() if name.endswith("_figure") and callable(value)}
    public = set()
    for module in pkgutil.iter_modules(rare_event.plots.__path__, "rare_event.plots."):
        for name, function in inspect.getmembers(importlib.import_module(module.name), inspect.isfunction):
            if function.__module__ == module.name and name.endswith("_figure"):
                public.add(name)

    assert public == drawn
    assert len(public) == 32


def test_figures_do_not_depend_on_what_was_drawn_before():
    first = error_figure(ORDINARY, 1.0, part="Test")
    second = error_figure(ORDINARY, 1.0, part="Test")

    assert first == second
    assert first is not second
    assert isinstance(first, go.Figure)
