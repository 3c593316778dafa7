"""Values in normal rows and before events."""

import numpy as np
import pytest

from rare_event.plots.distribution import BINS, distribution_figure
from tests.plots.examples import names, texts, trace


def test_shares_of_each_class_add_up_in_the_same_bins():
    rng = np.random.default_rng(0)
    normal, positive = rng.normal(size=1000), rng.normal(1, 1, size=50)
    normal[3] = np.nan

    figure = distribution_figure(normal, positive, "x1", "rows before an event")

    assert names(figure) == ["normal rows (999)", "rows before an event (50)"]
    lines = [trace(figure, "normal"), trace(figure, "rows")]
    np.testing.assert_array_equal(lines[0].x, lines[1].x)
    for line, values in zip(lines, (normal[np.isfinite(normal)], positive), strict=True):
        assert len(line.x) == len(line.y) == BINS + 1
        assert sum(line.y[:-1]) == pytest.approx(1)
        inside = (values >= line.x[5]) & (values < line.x[6])
        assert line.y[5] == pytest.approx(inside.mean())
    assert lines[0].line.color != lines[1].line.color


def test_one_value_far_outside_leaves_the_others_their_bins():
    values = np.append(np.linspace(0, 1, 1000), 1e9)

    line = trace(distribution_figure(values, values[:0], "x1", "before"), "normal")

    assert max(line.x) < 2
    assert max(line.y) < 0.1
    assert sum(line.y[:-1]) == pytest.approx(1), "it is counted in the last bin"


@pytest.mark.parametrize("value", [0.0, -5.0, 1e12])
def test_a_constant_has_one_bin(value):
    line = trace(distribution_figure(np.full(9, value), np.full(2, value), "x1", "before"), "normal")

    assert max(line.y) == 1
    assert len(set(line.x)) == BINS + 1


def test_names_from_a_file_are_text_and_no_values_are_a_sentence():
    figure = distribution_figure(np.arange(3.0), np.zeros(0), "<b>%{y}</b>", "before")
    assert "<b>" not in figure.layout.title.text
    assert "%{y}</b>" not in figure.data[0].hovertemplate

    empty = distribution_figure(np.zeros(0), np.full(2, np.nan), "x1", "before")
    assert texts(empty) == ["There are no values."]
    assert not empty.data
