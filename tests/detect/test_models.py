"""Architectures are ordinary Keras models of the articles' shapes; every option does what it says."""

import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from rare_event.config import ARTICLE_DENSE_TEXT, Training, networks
from rare_event.detect.detector import Autoencoder
from rare_event.detect.models import BUILDERS, LONGEST_UNROLLED, build, import_keras
from rare_event.detect.training import train_autoencoder

ROOT = Path(__file__).resolve().parents[2]
# As small as can be: compiling is what takes the time.
SMALL: dict[str, networks.NetworkConfig] = {
    "dense": networks.DenseModel(widths=(4, 2, 4)),
    "tied": networks.DenseModel(widths=(4, 2, 2, 4), tied=True),
    "vae": networks.VAEModel(widths=(8,), latent=2, beta=0.01),
    "lstm": networks.LSTMModel(encoder=(6,), decoder=(6,)),
    "gru": networks.GRUModel(encoder=(6,), decoder=(6,)),
    "bilstm": networks.BiLSTMModel(encoder=(4,), decoder=(4,)),
    "cnn-lstm": networks.CNNLSTMModel(filters=(4,), encoder=(6,), decoder=(6,)),
    "conv": networks.ConvModel(filters=(6,)),
    "attention": networks.AttentionModel(width=4, heads=2, latent=4),
}
NOISE = {"dropout": 0.3, "recurrent_dropout": 0.3, "gaussian_dropout": 0.3, "alpha_dropout": 0.3}
NOISE["input_noise"] = 0.3
TRAINING = Training(epochs=4, batch_size=32, learning_rate=1e-2, patience=None, keep="last")
LOOKBACK, N_FEATURES, SEED = 2, 6, 3


# What each is trained with: some noise everywhere.
TRAINED: dict[str, dict[str, Any]] = {
    "dense": {"dropout": 0.05, "input_noise": 0.05, "activation": "tanh"},
    "tied": {"gaussian_dropout": 0.05, "activity_l2": 1e-5, "activation": "tanh"},
    "vae": {"gaussian_dropout": 0.05},
    "lstm": {"recurrent_dropout": 0.05},
    "gru": {"dropout": 0.05, "input_noise": 0.05},
    "bilstm": {"dropout": 0.05},
    "cnn-lstm": {"gaussian_dropout": 0.05},
    "conv": {"alpha_dropout": 0.05, "activation": "selu"},
    "attention": {"input_noise": 0.05},
}


def with_options(config: networks.NetworkConfig, options: dict[str, Any]) -> networks.NetworkConfig:
    return replace(config, **options)


CASES = {name: with_options(SMALL[name], {"weight_decay": 1e-5, **TRAINED[name]}) for name in SMALL}
# Each option on its own, where compiling is quickest.
OPTIONS: dict[str, Any] = {
    "dropout": 0.05,
    "gaussian_dropout": 0.05,
    "alpha_dropout": 0.05,
    "input_noise": 0.05,
    "weight_decay": 1e-4,
    "activity_l1": 1e-4,
    "activity_l2": 1e-4,
    "tied": True,
    "activation": "tanh",
    "activations": ("tanh", "relu"),
    "output_activation": "tanh",
}
CASES |= {
    f"dense, {name}": with_options(networks.DenseModel(widths=(4, 4)), {"activation": "selu", name: value})
    for name, value in OPTIONS.items()
}
CASES["lstm, recurrent_dropout"] = with_options(SMALL["lstm"], {"recurrent_dropout": 0.05})


def small(config: networks.NetworkConfig, lookback: int = LOOKBACK, seed: int = SEED):
    return build(config, lookback, N_FEATURES, TRAINING.batch_size, seed)


def layers_of(model, kind):
    return [layer for layer in model.layers if type(layer).__name__ == kind]


def recurrent_layers(model):
    """Every recurrent layer, those inside bidirectional ones included."""
    inner = [getattr(layer, way) for layer in layers_of(model, "Bidirectional") for way in WAYS]
    return [*layers_of(model, "LSTM"), *layers_of(model, "GRU"), *inner]


WAYS = ("forward_layer", "backward_layer")


def test_the_articles_lstm() -> None:
    model = build(networks.LSTMModel(), lookback=5, n_features=59, batch_size=64, seed=0)
    assert model.input_shape == model.output_shape == (None, 5, 59)
    # LSTM of u units on f inputs: 4 u (f + u + 1). 4*32*92 + 4*16*49 + 4*16*33 + 4*32*49, and the
    # output 32*59 + 59: 11,776 + 3,136 + 2,112 + 6,272 + 1,947.
    assert model.count_params() == 25_243
    assert [layer.units for layer in layers_of(model, "LSTM")] == [32, 16, 16, 32]
    assert [layer.return_sequences for layer in layers_of(model, "LSTM")] == [True, False, True, True]
    assert layers_of(model, "RepeatVector")[0].n == 5
    assert layers_of(model, "TimeDistributed")[0].layer.activation.__name__ == "linear"


def test_the_articles_dense() -> None:
    model = build(networks.DenseModel(), lookback=1, n_features=59, batch_size=128, seed=0)
    assert model.input_shape == model.output_shape == (None, 1, 59)
    # (59+1)*32 + (32+1)*16 + (16+1)*16 + (16+1)*32 + (32+1)*59
    assert model.count_params() == 1_920 + 528 + 272 + 544 + 1_947
    names = [layer.activation.__name__ for layer in layers_of(model, "Dense")]
    # A decoder that ended in relu could not reproduce negative standardised values.
    assert names == ["relu", "relu", "relu", "relu", "linear"]


def test_options_that_are_off_leave_the_articles_models_as_they_were() -> None:
    keras = import_keras()
    layers = keras.layers

    def lstm(units, sequences=True):
        return layers.LSTM(units, activation="relu", return_sequences=sequences, unroll=True)

    keras.utils.set_random_seed(7)
    encoder = [layers.Input((5, 59)), lstm(32), lstm(16, False), layers.RepeatVector(5)]
    by_hand = keras.Sequential([*encoder, lstm(16), lstm(32), layers.TimeDistributed(layers.Dense(59))])
    ours = build(networks.LSTMModel(), 5, 59, 64, seed=7)
    assert same_weights(ours, by_hand)
    assert [type(layer) for layer in ours.layers] == [type(layer) for layer in by_hand.layers]

    keras.utils.set_random_seed(7)
    hidden = [layers.Dense(units, activation="relu") for units in (32, 16, 16, 32)]
    by_hand = keras.Sequential([layers.Input((1, 59)), layers.Flatten(), *hidden, layers.Dense(59)])
    assert same_weights(build(networks.DenseModel(), 1, 59, 128, seed=7), by_hand)
    assert not same_weights(build(networks.DenseModel(), 1, 59, 128, seed=8), by_hand)


def same_weights(one, other) -> bool:
    pairs = zip(one.get_weights(), other.get_weights(), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


def test_there_is_a_builder_and_a_case_for_every_config() -> None:
    kinds = {config().kind for config in get_args(networks.NetworkConfig)}
    assert set(BUILDERS) == kinds == {config.kind for config in SMALL.values()}
    for builder in (build, *BUILDERS.values()):
        assert "input and output have shape (batch, lookback, n_features)" in (builder.__doc__ or "")


@pytest.mark.parametrize("lookback", [1, 2, 5, LONGEST_UNROLLED + 1])
@pytest.mark.parametrize("config", SMALL.values(), ids=SMALL)
def test_windows_come_out_as_they_went_in(config, lookback) -> None:
    model = small(config, lookback)
    assert model.input_shape == model.output_shape == (None, lookback, N_FEATURES)
    windows = np.ones((2, lookback, N_FEATURES), np.float32)
    assert model(windows).shape == windows.shape
    assert not np.allclose(model(windows), windows)  # nothing is learned yet
    assert {layer.unroll for layer in recurrent_layers(model)} <= {lookback <= LONGEST_UNROLLED}
    assert bool(recurrent_layers(model)) == isinstance(config, networks.RecurrentOptions)
    assert LONGEST_UNROLLED == 8


def test_a_convolution_gives_back_what_pooling_rounded_up() -> None:
    model = build(networks.ConvModel(filters=(8, 4), pooling=2), 5, N_FEATURES, 32, seed=0)
    rows = [layer.output.shape[1] for layer in model.layers]
    # 5 rows become 3, then 2; the decoder makes 4, then 8, of which 3 are cut off.
    assert rows == [5, 3, 3, 2, 4, 4, 8, 8, 8, 5]
    even = build(networks.ConvModel(filters=(8, 4), pooling=1), 5, N_FEATURES, 32, seed=0)
    assert not layers_of(even, "Cropping1D") and not layers_of(even, "MaxPooling1D")


def test_both_directions_have_weights_and_noise_of_their_own() -> None:
    model = small(replace(SMALL["bilstm"], dropout=0.5))
    for layer in layers_of(model, "Bidirectional"):
        forward, backward = (getattr(layer, way).cell for way in WAYS)
        assert not np.array_equal(forward.kernel, backward.kernel)
        assert not np.array_equal(forward.seed_generator.state, backward.seed_generator.state)


@pytest.fixture(scope="module", params=CASES)
def twice(request, sample_rows):
    """Each architecture, with noise and weight decay, and each option: trained twice with one seed."""
    config = CASES[request.param]
    # The sample mill drifts: in time, validation would not fall.
    train_ends, validation_ends = np.split(np.random.default_rng(0).permutation(np.arange(5, 300)), [200])
    fits = []
    for _ in range(2):
        model = small(config)
        history = train_autoencoder(model, sample_rows, train_ends, validation_ends, TRAINING, SEED)
        fits.append((model, history))
    return config, fits


def test_the_loss_falls(twice) -> None:
    for _, history in twice[1]:
        assert len(history) == TRAINING.epochs
        assert history[-1].validation_loss < 0.97 * history[0].validation_loss
        assert history[-1].loss < 0.97 * history[0].loss


def test_every_option_is_trained_and_xla_compiles_all(twice) -> None:
    assert all(epoch.compiled for _, history in twice[1] for epoch in history)
    options = {field.name for config in get_args(networks.NetworkConfig) for field in fields(config)}
    shapes = {"kind", "widths", "latent", "beta", "encoder", "decoder", "filters", "width", "pooling"}
    assert options - shapes - {"heads", "blocks"} == {*OPTIONS, "recurrent_dropout"}


def test_two_trainings_with_one_seed_are_equal_bit_for_bit(twice) -> None:
    config, ((one, first), (other, second)) = twice
    assert same_weights(one, other)
    assert [(e.loss, e.validation_loss) for e in first] == [(e.loss, e.validation_loss) for e in second]
    assert not same_weights(one, small(config))  # they did move


def test_saved_models_give_equal_scores(twice, sample_rows, tmp_path) -> None:
    config, ((model, _), _) = twice
    ends, detector = np.arange(5, 60), Autoencoder(model)
    errors = detector.sensor_errors(sample_rows, ends, "last")
    detector.save(tmp_path)
    np.testing.assert_array_equal(Autoencoder.load(tmp_path).sensor_errors(sample_rows, ends, "last"), errors)
    np.testing.assert_array_equal(detector.sensor_errors(sample_rows, ends, "last"), errors)
    windows = sample_rows[ends[:, None] + np.arange(1 - LOOKBACK, 1)]
    quiet, loud = (np.asarray(model(windows, training=training)) for training in (False, True))
    np.testing.assert_allclose(np.square(quiet - windows)[:, -1], errors, rtol=1e-4, atol=1e-5)
    noisy = any(getattr(config, option, 0) for option in NOISE) or config.kind == "vae"
    assert np.allclose(quiet, loud, atol=1e-3) != noisy


@pytest.mark.parametrize("option", NOISE)
@pytest.mark.parametrize("config", SMALL.values(), ids=SMALL)
def test_noise_is_seeded_and_there_in_training_only(config, option) -> None:
    if option == "recurrent_dropout" and not isinstance(config, networks.RecurrentOptions):
        assert not hasattr(config, option)
        return
    # One recurrent layer remembers nothing before its second row, so that a third is needed.
    windows = np.random.default_rng(0).normal(size=(64, 3, N_FEATURES)).astype(np.float32)
    quiet_config = replace(config, beta=0.0) if isinstance(config, networks.VAEModel) else config
    # Few units of relu may all be silent, and alpha dropout needs selu.
    config = with_options(quiet_config, {option: NOISE[option], "activation": "selu"})
    one, same, other = (small(config, 3, seed) for seed in (SEED, SEED, SEED + 1))
    assert same_weights(one, same) and not same_weights(one, other)
    first = np.asarray(one(windows, training=True))
    np.testing.assert_array_equal(first, same(windows, training=True))
    assert not np.array_equal(first, one(windows, training=True))  # drawn anew each time
    quiet = np.asarray(one(windows, training=False))
    np.testing.assert_array_equal(quiet, one(windows))
    assert not np.allclose(first, quiet)
    # Without the noise it is the same network: noise adds no weights.
    plain = small(replace(quiet_config, activation=config.activation), 3)
    plain.set_weights(one.get_weights())
    np.testing.assert_allclose(plain(windows), quiet, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("config", SMALL.values(), ids=SMALL)
def test_weight_decay_is_the_sum_of_squared_kernels(config) -> None:
    if isinstance(config, networks.VAEModel):
        config = replace(config, beta=0.0)
    windows = np.ones((4, LOOKBACK, N_FEATURES), np.float32)
    model = small(replace(config, weight_decay=0.5))
    model(windows)
    kernels = [w for w in model.trainable_variables if "kernel" in w.path]
    expected = 0.5 * sum(float(np.square(w.numpy()).sum()) for w in kernels)
    assert len(kernels) >= 3
    np.testing.assert_allclose(float(sum(model.losses)), expected, rtol=1e-5)
    plain = small(config)
    plain(windows)
    assert float(sum(plain.losses)) == 0.0


@pytest.mark.parametrize("config", SMALL.values(), ids=SMALL)
def test_selu_starts_from_lecun_normal_weights(config) -> None:
    def initializers(model):
        plain = [layer for layer in model.layers if hasattr(layer, "kernel_initializer")]
        inner = [layer.layer for layer in layers_of(model, "TimeDistributed")]
        found = [layer.kernel_initializer for layer in [*plain, *inner, *recurrent_layers(model)]]
        return {type(f).__name__ for f in found} | {
            layer.initializer for layer in layers_of(model, "TiedDense")
        }

    assert initializers(small(config)) <= {"GlorotUniform", "glorot_uniform"}
    selu = initializers(small(replace(config, activation="selu")))
    assert selu and selu <= {"LecunNormal", "lecun_normal"}


def test_the_penalty_is_summed_over_the_rows_of_a_batch() -> None:
    keras = import_keras()
    batch = np.random.default_rng(0).normal(size=(16, 1, 6)).astype(np.float32)
    model = build(networks.DenseModel(widths=(5, 3), activity_l1=1e-3), 1, 6, batch_size=16, seed=0)
    model(batch)
    first = layers_of(model, "Dense")[0]
    activity = np.maximum(batch[:, 0] @ first.kernel.numpy() + first.bias.numpy(), 0)
    # Keras 2.2 took l1 times the sum over the batch; Keras 3 divides that by its 16 rows.
    assert len(model.losses) == 1
    np.testing.assert_allclose(float(model.losses[0]), 1e-3 * np.abs(activity).sum(), rtol=1e-5)
    plain = build(networks.DenseModel(widths=(5, 3)), 1, 6, batch_size=16, seed=0)
    plain(batch)
    assert plain.losses == [] and isinstance(plain, keras.Model)


@pytest.mark.parametrize("tied", [False, True])
def test_the_squared_penalty_is_summed_as_well(tied) -> None:
    batch = np.random.default_rng(0).normal(size=(16, 1, 6)).astype(np.float32)
    config = networks.DenseModel(widths=(5, 3, 5), activity_l1=1e-3, activity_l2=1e-2, tied=tied)
    model = build(config, 1, 6, batch_size=16, seed=0)
    model(batch)
    first = layers_of(model, "TiedDense" if tied else "Dense")[0]
    activity = np.maximum(batch[:, 0] @ first.kernel.numpy() + first.bias.numpy(), 0)
    expected = 1e-3 * np.abs(activity).sum() + 1e-2 * np.square(activity).sum()
    assert len(model.losses) == 1  # of the first layer only, though it runs twice
    np.testing.assert_allclose(float(model.losses[0]), expected, rtol=1e-5)


@pytest.mark.parametrize("widths", [(4,), (4, 2, 4), (4, 2, 2, 4)])
def test_tied_weights_are_the_encoders_transposed(widths) -> None:
    model = small(networks.DenseModel(widths=widths, tied=True), lookback=1)
    tied, own = layers_of(model, "TiedDense"), layers_of(model, "Dense")
    assert len(tied) == (len(widths) + 1) // 2 and len(own) == (len(widths) + 1) % 2
    rng = np.random.default_rng(0)
    for layer in tied:
        layer.bias.assign(rng.normal(size=layer.bias.shape))
        layer.back_bias.assign(rng.normal(size=layer.back_bias.shape))
    values = windows = rng.normal(size=(9, 1, N_FEATURES)).astype(np.float32)
    steps = [(t.kernel.numpy(), t.bias.numpy()) for t in tied]
    steps += [(layer.kernel.numpy(), layer.bias.numpy()) for layer in own]
    steps += [(t.kernel.numpy().T, t.back_bias.numpy()) for t in reversed(tied)]
    for depth, (kernel, bias) in enumerate(steps):
        values = values @ kernel + bias
        if depth < len(steps) - 1:
            values = np.maximum(values, 0)
    np.testing.assert_allclose(model(windows), values, rtol=1e-4, atol=1e-5)
    free = small(networks.DenseModel(widths=widths), lookback=1)
    n_tied = sum(t.kernel.shape[0] * t.kernel.shape[1] for t in tied)
    assert free.count_params() - model.count_params() == n_tied


def test_a_vae_decodes_the_mean_and_pays_for_the_divergence() -> None:
    model = small(networks.VAEModel(widths=(8,), latent=3, beta=0.5))
    (sampling,) = layers_of(model, "Sampling")
    mean, log_variance = np.array([[1.0, 0, 2], [0, 0, 0]], "f"), np.zeros((2, 3), "f")
    log_variance[1, 1] = np.log(2.0)
    np.testing.assert_array_equal(sampling((mean, log_variance), training=False), mean)
    # (1 + 4) / 2 for the first window, (2 - 1 - ln 2) / 2 for the second; the weight is 2 beta over
    # lookback times features.
    expected = (2.5 + (1 - np.log(2)) / 2) / 2 * 2 * 0.5 / (LOOKBACK * N_FEATURES)
    np.testing.assert_allclose(float(sampling.losses[-1]), expected, rtol=1e-5)
    many = np.repeat(mean[1:], 20_000, axis=0), np.repeat(log_variance[1:], 20_000, axis=0)
    drawn = np.asarray(sampling(many, training=True))
    np.testing.assert_allclose(drawn.mean(axis=0), 0, atol=0.05)
    np.testing.assert_allclose(drawn.var(axis=0), [1, 2, 1], rtol=0.05)
    far = sampling((mean, np.full((2, 3), 1e6, "f")), training=True)
    assert np.isfinite(far).all() and np.isfinite(sampling.losses[-1])


def test_layers_of_ours_load_in_another_process(tmp_path) -> None:
    windows = np.ones((2, LOOKBACK, N_FEATURES), np.float32)
    expected = []
    for name in ("tied", "vae"):
        (tmp_path / name).mkdir()
        model = small(SMALL[name])
        Autoencoder(model).save(tmp_path / name)
        expected.append(float(np.asarray(model(windows)).sum()))
    code = (
        "import sys, numpy as np; from pathlib import Path\n"
        "from rare_event.detect.detector import Autoencoder\n"
        f"windows = np.ones({windows.shape}, np.float32)\n"
        "for folder in sys.argv[1:]: print(np.asarray(Autoencoder.load(Path(folder)).model(windows)).sum())"
    )
    folders = [str(tmp_path / name) for name in ("tied", "vae")]
    done = subprocess.run(
        [sys.executable, "-c", code, *folders], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    np.testing.assert_allclose([float(line) for line in done.stdout.split()], expected, rtol=1e-5)


def test_the_seed_gives_the_initial_weights() -> None:
    config = networks.DenseModel(widths=(4,))
    one, same, other = (build(config, 1, 5, batch_size=8, seed=seed) for seed in (1, 1, 2))
    assert same_weights(one, same) and not same_weights(one, other)


def test_each_layer_has_the_width_and_activation_given_for_it() -> None:
    article: Any = ARTICLE_DENSE_TEXT.model
    dense = small(article)
    stack = [layer for layer in dense.layers if hasattr(layer, "units")]
    assert [layer.units for layer in stack] == [32, 16, 16, LOOKBACK * N_FEATURES]
    assert [layer.activation.__name__ for layer in stack] == ["tanh", "relu", "tanh", "relu"]
    # Only the first layer has the penalty, which Keras divides by the batch size.
    penalties = [layer.activity_regularizer for layer in stack]
    assert float(penalties[0].l1) == pytest.approx(1e-3 * TRAINING.batch_size) and penalties[1:] == [None] * 3
    # A relu output reconstructs nothing below the mean.
    values = np.random.default_rng(0).normal(size=(64, LOOKBACK, N_FEATURES)).astype(np.float32)
    assert dense(values).numpy().min() == 0 > small(networks.DenseModel()).predict(values, verbose=0).min()
    tied = small(
        with_options(
            SMALL["tied"], {"activations": ("tanh", "relu", "elu", "tanh"), "output_activation": "relu"}
        )
    )
    found = [layer.activation.__name__ for layer in tied.layers if type(layer).__name__ == "Activation"]
    assert found == ["tanh", "relu", "elu", "tanh", "relu"]
    options: dict[str, Any] = {"activations": ("tanh", "relu", "elu"), "output_activation": "tanh"}
    lstm = small(networks.LSTMModel((6, 4), (4,), **options))
    found = [layer.activation.__name__ for layer in lstm.layers if type(layer).__name__ == "LSTM"]
    assert found == ["tanh", "relu", "elu"] and lstm.layers[-1].layer.activation.__name__ == "tanh"


@pytest.mark.parametrize("name", ["vae", "conv", "attention"])
def test_the_output_activation_of_other_networks(name) -> None:
    values = np.random.default_rng(0).normal(size=(64, LOOKBACK, N_FEATURES)).astype(np.float32)
    assert small(replace(SMALL[name], output_activation="relu"))(values).numpy().min() >= 0
    assert small(SMALL[name])(values).numpy().min() < 0
