"""Architectures are ordinary Keras models of the articles' shapes."""

import numpy as np
import pytest

from rare_event.config import DenseModel, LSTMModel
from rare_event.detect.models import BUILDERS, LONGEST_UNROLLED, build, import_keras


def layers_of(model, kind):
    return [layer for layer in model.layers if type(layer).__name__ == kind]


def test_the_articles_lstm() -> None:
    model = build(LSTMModel(), lookback=5, n_features=59, batch_size=64, seed=0)
    assert model.input_shape == model.output_shape == (None, 5, 59)
    # LSTM of u units on f inputs: 4 u (f + u + 1). 4*32*92 + 4*16*49 + 4*16*33 + 4*32*49, and the
    # output 32*59 + 59: 11,776 + 3,136 + 2,112 + 6,272 + 1,947.
    assert model.count_params() == 25_243
    assert [layer.units for layer in layers_of(model, "LSTM")] == [32, 16, 16, 32]
    assert [layer.return_sequences for layer in layers_of(model, "LSTM")] == [True, False, True, True]
    assert layers_of(model, "RepeatVector")[0].n == 5
    assert layers_of(model, "TimeDistributed")[0].layer.activation.__name__ == "linear"


def test_the_articles_dense() -> None:
    model = build(DenseModel(), lookback=1, n_features=59, batch_size=128, seed=0)
    assert model.input_shape == model.output_shape == (None, 1, 59)
    # (59+1)*32 + (32+1)*16 + (16+1)*16 + (16+1)*32 + (32+1)*59
    assert model.count_params() == 1_920 + 528 + 272 + 544 + 1_947
    names = [layer.activation.__name__ for layer in layers_of(model, "Dense")]
    # A decoder that ended in relu could not reproduce negative standardised values.
    assert names == ["relu", "relu", "relu", "relu", "linear"]


@pytest.mark.parametrize(
    ("lookback", "unrolled"), [(1, True), (LONGEST_UNROLLED, True), (9, False), (30, False)]
)
def test_only_short_windows_are_unrolled(lookback, unrolled) -> None:
    model = build(LSTMModel(encoder=(3,), decoder=(2, 3)), lookback, n_features=4, batch_size=8, seed=0)
    assert {layer.unroll for layer in layers_of(model, "LSTM")} == {unrolled}
    assert model.output_shape == (None, lookback, 4)
    assert LONGEST_UNROLLED == 8


@pytest.mark.parametrize("config", [DenseModel(widths=(5,)), LSTMModel(encoder=(5,), decoder=(5,))])
def test_windows_come_out_as_they_went_in(config) -> None:
    model = build(config, lookback=3, n_features=7, batch_size=8, seed=0)
    windows = np.ones((2, 3, 7), np.float32)
    assert model.predict(windows, verbose=0).shape == (2, 3, 7)
    assert not np.allclose(model.predict(windows, verbose=0), windows)  # nothing is learned yet
    assert set(BUILDERS) == {"dense", "lstm"}


def test_the_penalty_is_summed_over_the_rows_of_a_batch() -> None:
    keras = import_keras()
    batch = np.random.default_rng(0).normal(size=(16, 1, 6)).astype(np.float32)
    model = build(DenseModel(widths=(5, 3), activity_l1=1e-3), 1, 6, batch_size=16, seed=0)
    model(batch)
    first = layers_of(model, "Dense")[0]
    activity = np.maximum(batch[:, 0] @ first.kernel.numpy() + first.bias.numpy(), 0)
    # Keras 2.2 took l1 times the sum over the batch; Keras 3 divides that by its 16 rows.
    assert len(model.losses) == 1
    np.testing.assert_allclose(float(model.losses[0]), 1e-3 * np.abs(activity).sum(), rtol=1e-5)
    plain = build(DenseModel(widths=(5, 3)), 1, 6, batch_size=16, seed=0)
    plain(batch)
    assert plain.losses == [] and isinstance(plain, keras.Model)


def test_the_seed_gives_the_initial_weights() -> None:
    def weights(seed):
        return build(DenseModel(widths=(4,)), 1, 5, batch_size=8, seed=seed).get_weights()

    one, same, other = weights(1), weights(1), weights(2)
    assert all((a == b).all() for a, b in zip(one, same, strict=True))
    assert (one[0] != other[0]).any()
