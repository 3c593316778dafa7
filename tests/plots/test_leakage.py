"""One model under several splits."""

import numpy as np
import pandas as pd

from rare_event.plots.leakage import leakage_figure
from tests.plots.examples import names, texts, trace

# Of the mill's dense model.
ROWS = pd.DataFrame(
    {
        "name": [
            "Random split into folds: optimistic",
            "Split by stretch",
            "Rolling split by time, after random rows",
            "Invented events (placebo)",
        ],
        "optimistic": [True, False, False, True],
        "auc": [0.647, 0.468, 0.483, 0.58],
        "low": [0.6, 0.42, 0.42, np.nan],
        "high": [0.69, 0.52, 0.54, np.nan],
    }
)


def points(figure, name):
    return next(t for t in figure.data if t.name == name and t.mode == "markers")


def test_optimistic_splits_stand_out_whatever_they_are_called_in_the_order_given():
    figure = leakage_figure(ROWS)

    optimistic, honest = points(figure, "optimistic split"), points(figure, "honest split")
    assert (list(optimistic.x), list(optimistic.y)) == ([0.647, 0.58], [0, 3])
    assert (list(honest.x), list(honest.y)) == ([0.468, 0.483], [1, 2])
    assert optimistic.marker.color != honest.marker.color
    assert optimistic.marker.symbol != honest.marker.symbol
    assert figure.layout.yaxis.ticktext[0].replace("<br>", " ") == "Random split into folds: optimistic"
    assert figure.layout.title.text == "The same model with three splits"
    # Figures stand beside their points.
    assert sorted(texts(figure)) == ["0.47", "0.48", "0.58", "0.65"]


def test_chance_is_on_the_axis_and_named():
    figure = leakage_figure(ROWS[:1])

    assert set(trace(figure, "chance").x) == {0.5}
    assert figure.layout.xaxis.range[0] < 0.5 < 0.69 < figure.layout.xaxis.range[1]
    assert "honest split" not in names(figure)


def test_a_missing_interval_or_figure_is_not_invented():
    figure = leakage_figure(ROWS.assign(auc=[0.647, np.nan, 0.483, 0.58]))

    lines = next(t for t in figure.data if t.name == "optimistic split" and t.mode == "lines")
    np.testing.assert_array_equal(lines.y, [0, 0, 0])
    assert list(points(figure, "honest split").y) == [2]
    assert len(texts(figure)) == 3
    assert "nan" not in points(figure, "optimistic split").text[1]


def test_no_splits():
    assert texts(leakage_figure(ROWS[:0])) == ["The model was not tried with other splits."]
