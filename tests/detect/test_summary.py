"""The layers of a network as Keras has them: in order, with shapes, each parameter counted once."""

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest

from rare_event.config import (
    ARTICLE_LSTM,
    AttentionModel,
    ConvModel,
    DenseModel,
    LSTMModel,
    NetworkConfig,
    VAEModel,
)
from rare_event.detect.models import build
from rare_event.detect.summary import Layer, describe, layers_of, summary, weigh

NETWORKS = [*(network() for network in get_args(NetworkConfig)), DenseModel(tied=True, dropout=0.1)]
NAMES = [f"{network.kind}{' tied' if getattr(network, 'tied', False) else ''}" for network in NETWORKS]


@pytest.mark.parametrize("config", NETWORKS, ids=NAMES)
def test_layers_are_those_of_the_model(config) -> None:
    model = build(config, 5, 7, 32, 0)
    weights = [weight.copy() for weight in model.get_weights()]
    text = summary(model)
    layers = layers_of(model)
    assert layers[0] == Layer("Input", (5, 7), 0) and layers[-1].shape == (5, 7)
    assert sum(layer.parameters for layer in layers) == model.count_params()
    assert f"Total params: {model.count_params():,}" in text
    # Each step follows what it takes its input from, and only the last is taken by none.
    assert all(max(layer.inputs) < row for row, layer in enumerate(layers) if row)
    used = {source for layer in layers for source in layer.inputs}
    assert used == set(range(len(layers) - 1))
    # Every layer that Keras lists is among them.
    kinds = {layer.kind.split("(")[0] for layer in layers}
    assert {type(layer).__name__ for layer in model.layers} - {"InputLayer"} <= kinds
    assert summary(model) == text, "the model was changed"
    for before, after in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)


def test_the_dense_autoencoder_by_hand() -> None:
    layers = describe(DenseModel(widths=(3, 2)), 2, 4)
    assert [(layer.kind, layer.shape, layer.parameters) for layer in layers] == [
        ("Input", (2, 4), 0),
        ("Flatten", (8,), 0),
        ("Dense", (3,), 8 * 3 + 3),
        ("Dense", (2,), 3 * 2 + 2),
        ("Dense", (8,), 2 * 8 + 8),
        ("Reshape", (2, 4), 0),
    ]


def test_a_layer_that_is_used_twice_stands_twice_and_is_counted_once() -> None:
    layers = describe(DenseModel(widths=(3,), tied=True), 2, 4)
    tied = [layer for layer in layers if layer.kind == "TiedDense"]
    assert [(layer.shape, layer.parameters) for layer in tied] == [((3,), 8 * 3 + 3 + 8), ((8,), 0)]


def test_layers_side_by_side_name_what_they_come_from() -> None:
    layers = describe(VAEModel(), 1, 6)
    (drawn,) = [layer for layer in layers if layer.kind == "Sampling"]
    mean, variance = (layers[source] for source in drawn.inputs)
    assert mean == variance and mean.kind == "Dense"
    sums = [layer for layer in describe(AttentionModel(), 4, 6) if layer.kind == "Add"]
    assert len(sums) == 4 and all(len(layer.inputs) == 2 for layer in sums)


def test_options_show_in_the_layers() -> None:
    plain = [layer.kind for layer in describe(ConvModel(), 4, 6)]
    noisy = [layer.kind for layer in describe(ConvModel(dropout=0.2, input_noise=0.1), 4, 6)]
    assert "Dropout" in noisy and "GaussianNoise" in noisy
    assert [kind for kind in noisy if kind not in ("Dropout", "GaussianNoise")] == plain


def test_the_network_of_the_article_is_larger_than_the_article_says() -> None:
    layers = describe(LSTMModel(), ARTICLE_LSTM.lookback, 59)
    counted = sum(layer.parameters for layer in layers)
    assert counted == 25_243
    assert counted > 4 * 5_331


@pytest.mark.parametrize(
    ("parameters", "windows", "words"),
    [
        (5_331, 11_536, "in line with the rule"),
        (50, 100, "in line with the rule"),
        (51, 100, "Dropout or weight decay may be needed"),
        (100, 100, "Dropout or weight decay may be needed"),
        (101, 100, "Use fewer units, or use dropout"),
        (10, 0, "no normal windows"),
    ],
)
def test_the_rule_of_thumb_is_weighed_in_one_sentence(parameters, windows, words) -> None:
    verdict = weigh(parameters, windows)
    assert words in verdict
    assert verdict.count("rule of thumb") <= 1 and "nan" not in verdict
    assert ("in line" in verdict) == (parameters <= windows / 2)


def test_a_description_of_another_size_differs() -> None:
    config = DenseModel()
    assert describe(config, 1, 5) == describe(config, 1, 5) != describe(config, 1, 6)
    assert describe(replace(config, widths=(4,)), 1, 5) != describe(config, 1, 5)
