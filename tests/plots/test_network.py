"""The drawing of a network: every layer once, in order, as wide as its output."""

import numpy as np
import pytest

from rare_event.detect.summary import Layer
from rare_event.plots.network import in_words, network_figure, shape_in_words
from tests.plots.examples import names, texts, trace

LAYERS = [
    Layer("Input", (5, 8), 0),
    Layer("LSTM", (16,), 1_600, (0,)),
    Layer("RepeatVector", (5, 16), 0, (1,)),
    Layer("<b>Odd</b>", (5, 8), 136, (2,)),
    Layer("Add", (5, 8), 0, (0, 3)),
]


def test_each_layer_stands_in_its_row_as_wide_as_its_output() -> None:
    figure = network_figure(LAYERS, title="The model")
    learns, others = trace(figure, "layer with parameters"), trace(figure, "layer without parameters")
    assert list(learns.y) == [1, 3] and list(others.y) == [0, 2, 4]
    width = dict(zip([*learns.y, *others.y], [*learns.x, *others.x], strict=True))
    base = dict(zip([*learns.y, *others.y], [*learns.base, *others.base], strict=True))
    for row, layer in enumerate(LAYERS):
        assert width[row] == pytest.approx(np.sqrt(np.prod(layer.shape) / 80))
        assert base[row] == pytest.approx(-width[row] / 2), "a bar is not centred"
    # Read from top to bottom.
    top, bottom = figure.layout.yaxis.range[::-1]
    assert top < 0 < len(LAYERS) - 1 < bottom or bottom < 0 < len(LAYERS) - 1 < top


def test_shapes_and_parameters_are_written_beside_the_bars() -> None:
    figure = network_figure(LAYERS, title="The model")
    assert texts(figure)[1:] == ["5 × 8", "16 · 1,600", "5 × 16", "5 × 8 · 136", "5 × 8"]
    assert not any("None" in text or "· 0" in text for text in texts(figure))
    assert list(figure.layout.yaxis.ticktext)[3] == "&lt;b&gt;Odd&lt;/b&gt;"


def test_a_layer_says_where_its_input_comes_from_unless_from_the_one_above() -> None:
    assert in_words(LAYERS, 4) == "Add: 5 × 8, 0 parameters, from Input (1) and &lt;b&gt;Odd&lt;/b&gt; (4)"
    assert "from" not in in_words(LAYERS, 1)
    assert shape_in_words(Layer("Input", (1_000, 59), 0)) == "1,000 × 59"


def test_a_tiny_layer_can_still_be_seen_and_none_is_no_error() -> None:
    figure = network_figure([Layer("Input", (1_000, 60), 0), Layer("Dense", (1,), 9, (0,))], title="t")
    assert trace(figure, "layer with parameters").x[0] >= 0.02
    empty = network_figure([], title="t")
    assert not names(empty) and texts(empty) == ["There is no network to show."]
    assert network_figure(LAYERS, title="t").layout.height > empty.layout.height


def test_a_figure_grows_with_its_layers() -> None:
    heights = [network_figure(LAYERS[1:2] * count, title="t").layout.height for count in (5, 10, 50)]
    assert heights == sorted(set(heights))
