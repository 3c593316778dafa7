"""A network that can copy its input, or has too many for its width, is named before training."""

from dataclasses import replace

import pytest

from rare_event.config import ARTICLE_DENSE, ARTICLE_LSTM, RECOMMENDED
from rare_event.config.baselines import PCAModel
from rare_event.config.networks import AttentionModel, BiLSTMModel, ConvModel, DenseModel, GRUModel, VAEModel
from rare_event.experiment.bottleneck import check_bottleneck, n_inputs
from rare_event.experiment.policy import before_training
from rare_event.prepare.prepared import Prepared, prepare
from rare_event.prepare.sample import sample_mill
from rare_event.prepare.table import Table, read_table


@pytest.fixture(scope="module")
def table() -> Table:
    return read_table(sample_mill(3000).to_csv(index=False).encode())


@pytest.fixture(scope="module")
def prepared(table: Table) -> Prepared:
    return prepare(table, RECOMMENDED)


def test_the_presets_suit_the_sample_mill(prepared: Prepared) -> None:
    for config in (RECOMMENDED, ARTICLE_DENSE, ARTICLE_LSTM):
        assert list(check_bottleneck(prepared, config)) == []


@pytest.mark.parametrize(
    ("model", "width"),
    [
        (DenseModel(widths=(64, 40, 64)), 40),
        (VAEModel(latent=40), 40),
        (GRUModel(encoder=(64, 40)), 40),
        (BiLSTMModel(encoder=(32, 20)), 40),
        (AttentionModel(latent=40), 40),
    ],
)
def test_a_network_as_wide_as_its_input_is_named(prepared: Prepared, model, width: int) -> None:
    assert n_inputs(prepared) < width == model.bottleneck
    config = replace(RECOMMENDED, model=model, lookback=1)
    (sentence,) = check_bottleneck(prepared, config)
    assert f"has {width} units" in sentence and f"only {n_inputs(prepared)} numbers" in sentence
    assert f"at most {n_inputs(prepared) // 2} units" in sentence
    # A longer window holds more numbers.
    assert list(check_bottleneck(prepared, replace(config, lookback=10))) == []


def test_many_inputs_in_few_units_are_named(prepared: Prepared) -> None:
    (sentence,) = check_bottleneck(prepared, replace(RECOMMENDED, model=DenseModel(widths=(32, 2, 32))))
    assert f"has 2 units for {n_inputs(prepared)} inputs" in sentence and "at least 3 units" in sentence
    for model in (ConvModel(), PCAModel(components=1)):
        assert list(check_bottleneck(prepared, replace(RECOMMENDED, model=model, lookback=8))) == []


def test_each_network_is_looked_at_before_training(table: Table) -> None:
    wide, narrow = DenseModel(widths=(64, 40, 64)), DenseModel(widths=(32, 2, 32))
    configs = [replace(RECOMMENDED, model=model) for model in (wide, narrow, wide)]
    _, sentences = before_training(table, configs, lambda config: prepare(table, config))
    assert len([sentence for sentence in sentences if "narrowest part" in sentence]) == 2
