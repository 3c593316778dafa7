"""The compiled epoch does what a plain loop over batches does, and can be repeated."""

import gc
import hashlib
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from rare_event.config import DenseModel, LSTMModel, Score, Training
from rare_event.detect import programs as programs_module
from rare_event.detect import training as training_module
from rare_event.detect.detector import fit_detector
from rare_event.detect.models import build, import_keras
from rare_event.detect.operations import quick_operations
from rare_event.detect.programs import compile_errors, forget_programs
from rare_event.detect.scoring import score
from rare_event.detect.training import Epoch, train_autoencoder
from rare_event.errors import Cancelled, DataError
from rare_event.prepare.windows import gather

ROOT = Path(__file__).resolve().parents[2]
TINY_DENSE, TINY_LSTM = DenseModel(widths=(4, 2, 4)), LSTMModel(encoder=(4,), decoder=(4,))
SEED = 5


def plain_loop(model, X, train_ends, validation_ends, training, seed):
    """Train batch by batch with a gradient tape; returns losses and validation losses."""
    import tensorflow as tf

    optimizer = import_keras().optimizers.Adam(training.learning_rate)
    lookback, rng, losses = model.input_shape[1], np.random.default_rng(seed), []

    def loss_of(ends, learning):
        windows = gather(X, ends, lookback)
        return tf.reduce_mean(tf.square(model(windows, training=learning) - windows)) + sum(model.losses)

    for _ in range(training.epochs):
        order, total = rng.permutation(train_ends), 0.0
        for start in range(0, len(order), training.batch_size):
            batch = order[start : start + training.batch_size]
            with tf.GradientTape() as tape:
                loss = loss_of(batch, learning=True)
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
            total += float(loss) * len(batch)
        losses.append((total / len(order), float(loss_of(validation_ends, learning=False))))
    return losses


CASES = {
    # 70 windows in batches of 32: the last has 6. 43 validation windows are taken 32 at a time.
    "dense, partial batch": (TINY_DENSE, 2, 32, 70, 43),
    "dense, one batch not full": (TINY_DENSE, 1, 128, 70, 43),
    "dense, batches of one": (TINY_DENSE, 1, 1, 9, 1),
    # A penalty counts the rows that fill a batch up: compared where batches are full.
    "dense, penalty": (replace(TINY_DENSE, activity_l1=1e-3), 2, 35, 70, 32),
    "lstm, partial batch": (TINY_LSTM, 3, 32, 70, 43),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_compiled_epoch_is_the_plain_loop(X, case) -> None:
    config, lookback, batch_size, n_train, n_validation = case
    training = Training(epochs=3, batch_size=batch_size, learning_rate=1e-2, patience=None, keep="last")
    train_ends, validation_ends = np.arange(5, 5 + n_train), np.arange(150, 150 + n_validation)
    compiled, plain = (build(config, lookback, X.shape[1], batch_size, seed=1) for _ in range(2))
    initial = plain.get_weights()
    history = train_autoencoder(compiled, X, train_ends, validation_ends, training, SEED)
    expected = plain_loop(plain, X, train_ends, validation_ends, training, SEED)
    np.testing.assert_allclose([(e.loss, e.validation_loss) for e in history], expected, rtol=2e-4)
    for ours, theirs, before in zip(compiled.get_weights(), plain.get_weights(), initial, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=2e-4)
        assert not np.array_equal(ours, before)
    assert [epoch.number for epoch in history] == [1, 2, 3]
    assert all(a.seconds < b.seconds for a, b in zip(history, history[1:], strict=False))


def test_a_step_is_one_of_keras_adam() -> None:
    import tensorflow as tf

    rng = np.random.default_rng(3)
    weight = tf.constant(rng.normal(size=(3, 4)), tf.float32)
    expected = import_keras().Variable(weight)
    optimizer = import_keras().optimizers.Adam(0.02)
    momentum = velocity = tf.zeros_like(weight)
    for step in range(1, 8):
        gradient = tf.constant(rng.normal(size=(3, 4)), tf.float32)
        optimizer.apply([gradient], [expected])
        change, momentum, velocity = programs_module._adam(
            gradient, momentum, velocity, tf.constant(float(step)), tf.constant(0.02)
        )
        weight += change
        np.testing.assert_allclose(weight, expected.numpy(), rtol=1e-5, atol=1e-7)
    # With one gradient the first step goes the whole rate against its sign.
    first, _, _ = programs_module._adam(
        tf.constant([5.0, -0.1]), tf.zeros(2), tf.zeros(2), tf.constant(1.0), 0.5
    )
    np.testing.assert_allclose(first, [-0.5, 0.5], rtol=1e-4)


def test_batches_are_filled_up_and_padded() -> None:
    found = training_module._batches(np.array([7, 8, 9]), 2, rows=6)
    assert found.tolist() == [[7, 8], [9, 7], [0, 0]] and found.dtype == np.int32
    lengths = [training_module._padded_length(rows) for rows in range(1, 20_000)]
    assert all(rows <= length <= max(256, 1.25 * rows) for rows, length in enumerate(lengths, start=1))
    assert training_module._padded_length(1_000_001) == 1_000_001
    assert len(set(lengths)) < 25


def test_validation_in_several_batches_counts_every_window_once(X, monkeypatch) -> None:
    training = Training(epochs=1, batch_size=64, patience=None, keep="last")
    whole, parts = (build(TINY_DENSE, 1, X.shape[1], 64, seed=1) for _ in range(2))
    expected = train_autoencoder(whole, X, np.arange(64), np.arange(100, 150), training, SEED)
    monkeypatch.setattr(training_module, "VALIDATION_BATCH", 16)  # 16, 16, 16 and 2 of 50
    found = train_autoencoder(parts, X, np.arange(64), np.arange(100, 150), training, SEED)
    assert found[0].validation_loss == pytest.approx(expected[0].validation_loss, rel=1e-5)
    assert found[0].loss == expected[0].loss


@pytest.mark.parametrize("config", [TINY_DENSE, TINY_LSTM], ids=["dense", "lstm"])
def test_the_loss_falls_on_data_with_structure(X, config) -> None:
    training = Training(epochs=40, batch_size=32, learning_rate=1e-2, patience=None)
    model = build(config, 1, X.shape[1], 32, seed=1)
    before = X.copy()
    history = train_autoencoder(model, X, np.arange(200), np.arange(200, 300), training, SEED)
    assert len(history) == 40
    assert history[-1].loss < 0.6 * history[0].loss
    assert history[-1].validation_loss < 0.7 * history[0].validation_loss
    np.testing.assert_array_equal(X, before)


def digest_of_scores(config, lookback, seed):
    """Train on data of its own and give a digest of the scores; also called in another process."""
    rng = np.random.default_rng(9)
    X = rng.normal(size=(200, 5)).astype(np.float32)
    from rare_event.config import RECOMMENDED

    recipe = replace(
        RECOMMENDED,
        lookback=lookback,
        model=config,
        training=Training(epochs=3, batch_size=32, patience=None),
        seed=seed,
    )
    detector, _ = fit_detector(
        recipe.detector, X, np.zeros(len(X), np.int8), np.arange(5, 120), np.arange(120, 200)
    )
    return hashlib.sha256(score(detector, X, np.arange(5, 200), Score()).tobytes()).hexdigest()


def test_one_seed_gives_equal_scores_in_any_process() -> None:
    cases = [(TINY_DENSE, 1), (TINY_LSTM, 2)]
    here = [digest_of_scores(config, lookback, seed=1) for config, lookback in cases]
    assert digest_of_scores(*cases[0], seed=1) == here[0] != digest_of_scores(*cases[0], seed=2)
    code = (
        "from tests.detect.test_training import *\n"
        "for case in ((TINY_DENSE, 1), (TINY_LSTM, 2)):\n"
        "    print(digest_of_scores(*case, seed=1))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == here


@pytest.fixture(scope="module")
def overfitting():
    """Noise that cannot be learned at a rate that is too high: validation soon gets worse."""
    rng = np.random.default_rng(1)
    return rng.normal(size=(120, 8)).astype(np.float32), np.arange(10), np.arange(20, 120)


def train_noise(overfitting, **settings):
    X, train_ends, validation_ends = overfitting
    training = Training(batch_size=20, learning_rate=0.05, **settings)
    model = build(DenseModel(widths=(8,)), 1, 8, 20, seed=0)
    history = train_autoencoder(model, X, train_ends, validation_ends, training, SEED)
    windows = gather(X, validation_ends, 1)
    loss = np.square(model.predict(windows, verbose=0) - windows).mean()
    return history, float(loss)


@pytest.mark.parametrize("patience", [1, 4])
def test_training_stops_when_validation_no_longer_falls(overfitting, patience) -> None:
    history, _ = train_noise(overfitting, epochs=200, patience=patience)
    losses = [epoch.validation_loss for epoch in history]
    assert len(losses) < 200
    assert len(losses) == int(np.argmin(losses)) + 1 + patience


def test_the_best_or_the_last_weights_are_kept(overfitting) -> None:
    best_history, best = train_noise(overfitting, epochs=60, patience=None, keep="best")
    last_history, last = train_noise(overfitting, epochs=60, patience=None, keep="last")
    losses = [epoch.validation_loss for epoch in best_history]
    assert losses == [epoch.validation_loss for epoch in last_history] and len(losses) == 60
    assert best == pytest.approx(min(losses), rel=1e-4)
    assert last == pytest.approx(losses[-1], rel=1e-4)
    assert best < last


def test_what_on_epoch_raises_stops_the_training(X) -> None:
    seen: list[Epoch] = []

    def stop_in_the_second(epoch):
        seen.append(epoch)
        if epoch.number == 2:
            raise Cancelled("Stop.")

    model = build(TINY_DENSE, 1, X.shape[1], 32, seed=0)
    before = model.get_weights()
    with pytest.raises(Cancelled, match=r"^Stop\.$"):
        train_autoencoder(
            model, X, np.arange(100), np.arange(100, 200), Training(epochs=50), SEED, stop_in_the_second
        )
    assert [epoch.number for epoch in seen] == [1, 2]
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))


def test_a_loss_that_is_no_number_is_a_sentence(X) -> None:
    extreme = X.copy()
    extreme[50] = 1e30  # its square is too large for float32
    model = build(TINY_DENSE, 1, X.shape[1], 32, seed=0)
    seen: list[Epoch] = []
    with pytest.raises(DataError, match="became NaN in epoch 1. Lower the learning rate"):
        train_autoencoder(model, extreme, np.arange(100), np.arange(100, 200), Training(), SEED, seen.append)
    assert seen == []


@pytest.mark.parametrize(("n_train", "n_validation"), [(0, 10), (10, 0), (0, 0)])
def test_an_empty_part_is_a_sentence(X, n_train, n_validation) -> None:
    model = build(TINY_DENSE, 1, X.shape[1], 32, seed=0)
    before = model.get_weights()
    with pytest.raises(DataError, match=f"validation part, but there are {n_train} and {n_validation}"):
        train_autoencoder(model, X, np.arange(n_train), np.arange(n_validation), Training(), SEED)
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))


def stochastic(n_features, rate=0.3):
    """Make a model that draws random numbers and keeps averages beside its weights."""
    keras = import_keras()
    layers = keras.layers
    stack = [layers.Input((2, n_features)), layers.Flatten(), layers.Dropout(rate), layers.Dense(3)]
    stack += [layers.BatchNormalization(), layers.Dense(2 * n_features), layers.Reshape((2, n_features))]
    return keras.Sequential(stack)


def functional(n_features, crossed=False):
    layers = import_keras().layers
    inputs = layers.Input((1, n_features))
    near = layers.Dense(n_features)
    far = layers.Dense(n_features)
    first, second = (far, near) if crossed else (near, far)
    outputs = layers.Add()([near(inputs), second(first(inputs))])
    return import_keras().Model(inputs, outputs)


def train_kind(kind, X, seed=1, n_train=70, rate=1e-2):
    """Train a fresh model of a kind; returns its history and all its variables."""
    import_keras().utils.set_random_seed(seed)
    if kind == "stochastic":
        model = stochastic(X.shape[1])
    else:
        model = build(TINY_DENSE if kind == "dense" else TINY_LSTM, 2, X.shape[1], 32, seed)
    training = Training(epochs=3, batch_size=32, learning_rate=rate, patience=None, keep="last")
    history = train_autoencoder(model, X, np.arange(5, 5 + n_train), np.arange(150, 193), training, seed)
    losses = [(epoch.loss, epoch.validation_loss) for epoch in history]
    return losses, [variable.numpy() for variable in model.variables]


def kept():
    info = programs_module.epoch_programs.cache_info()
    return info.hits, info.misses


@pytest.mark.parametrize("kind", ["dense", "lstm", "stochastic"])
def test_a_kept_program_repeats_a_training_bit_for_bit(X, kind) -> None:
    forget_programs()
    losses, variables = train_kind(kind, X)
    assert kept() == (0, 1)
    # Another training in between, of other data, length, seed and rate, leaves nothing behind.
    other = train_kind(kind, 1 - X[:290], seed=2, n_train=64, rate=3e-2)
    again = train_kind(kind, X)
    assert kept() == (2, 1)
    assert losses == again[0] != other[0]
    forget_programs()
    anew = train_kind(kind, X)
    assert kept() == (0, 1) and anew[0] == losses
    for ours, kept_one, new_one, others in zip(variables, again[1], anew[1], other[1], strict=True):
        np.testing.assert_array_equal(kept_one, ours)
        np.testing.assert_array_equal(new_one, ours)
        assert not np.array_equal(others, ours)


def test_a_kept_program_is_the_plain_loop_on_other_data(X) -> None:
    forget_programs()
    train_kind("dense", X)
    other, train_ends, validation_ends = 1 - X[20:], np.arange(3, 80), np.arange(100, 143)
    training = Training(epochs=2, batch_size=32, learning_rate=3e-2, patience=None, keep="last")
    compiled, plain = (build(TINY_DENSE, 2, X.shape[1], 32, seed=7) for _ in range(2))
    history = train_autoencoder(compiled, other, train_ends, validation_ends, training, SEED)
    assert kept() == (1, 1)
    expected = plain_loop(plain, other, train_ends, validation_ends, training, SEED)
    np.testing.assert_allclose([(e.loss, e.validation_loss) for e in history], expected, rtol=2e-4)
    for ours, theirs in zip(compiled.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=2e-4)


def test_chance_is_drawn_anew_in_each_batch_and_never_in_validation(X) -> None:
    def generator(variables):
        (state,) = [variable for variable in variables if np.issubdtype(variable.dtype, np.integer)]
        return state

    losses, variables = train_kind("stochastic", X)
    _, fewer = train_kind("stochastic", X, n_train=64)
    assert len({loss for loss, _ in losses}) == 3
    # A generator counts its draws: one for each of 3 batches in 3 epochs, or of 2.
    seed, draws = generator(variables)
    assert (generator(fewer) == [seed, draws - 3]).all()
    assert draws == 9


def test_noise_is_drawn_from_the_cheap_bits(X) -> None:
    config, ends = replace(TINY_DENSE, dropout=0.2, gaussian_dropout=0.2, input_noise=0.2), np.arange(1, 113)
    parts, training = (ends[:70], ends[70:]), Training(3, 35, 1e-2, None, "last")
    compiled, cheap, usual = (build(config, 2, X.shape[1], 35, SEED) for _ in range(3))
    history = train_autoencoder(compiled, X, *parts, training, SEED)
    found = [(epoch.loss, epoch.validation_loss) for epoch in history]
    with quick_operations():
        np.testing.assert_allclose(found, plain_loop(cheap, X, *parts, training, SEED), rtol=2e-4)
    others = plain_loop(usual, X, *parts, training, SEED)
    assert abs(others[0][0] / found[0][0] - 1) > 1e-3, "TensorFlow's own bits are others"


@cache
def through_python():
    """Make a layer that XLA cannot compile, since what it does is a function of Python's."""
    import keras
    import tensorflow as tf

    import_keras()

    @keras.saving.register_keras_serializable("tests")
    class ThroughPython(keras.layers.Layer):
        def call(self, inputs):
            outputs = tf.py_function(lambda values: values * 1.0, [inputs], tf.float32)
            return tf.ensure_shape(outputs, inputs.shape)

    return ThroughPython()


def test_what_xla_cannot_compile_is_trained_all_the_same(X) -> None:
    keras = import_keras()

    def model(*layers):
        keras.utils.set_random_seed(SEED)
        around = keras.layers.Input((1, X.shape[1])), keras.layers.Dense(X.shape[1])
        return keras.Sequential([around[0], *layers, around[1]])

    parts, training = (np.arange(5, 75), np.arange(80, 123)), Training(2, 32, 1e-2, None, "last")
    odd, plain = model(through_python()), model()
    history = train_autoencoder(odd, X, *parts, training, SEED)
    usual = train_autoencoder(plain, X, *parts, training, SEED)
    assert not any(epoch.compiled for epoch in history)
    assert all(epoch.compiled for epoch in usual)
    one, two = ([(epoch.loss, epoch.validation_loss) for epoch in each] for each in (history, usual))
    np.testing.assert_allclose(one, two, rtol=1e-4)
    errors = [compile_errors(each, "last")(X, parts[1]) for each in (odd, plain)]
    np.testing.assert_allclose(errors[0], errors[1], atol=1e-4)


def test_only_equal_architectures_share_programs() -> None:
    network = programs_module.Network.of
    models = {
        "dense": lambda: build(TINY_DENSE, 2, 5, 32, seed=1),
        "other activation": lambda: build(replace(TINY_DENSE, activation="tanh"), 2, 5, 32, seed=1),
        "other width": lambda: build(DenseModel(widths=(4, 3, 4)), 2, 5, 32, seed=1),
        "other lookback": lambda: build(TINY_DENSE, 3, 5, 32, seed=1),
        "other sensors": lambda: build(TINY_DENSE, 2, 6, 32, seed=1),
        "penalty": lambda: build(replace(TINY_DENSE, activity_l1=1e-3), 2, 5, 32, seed=1),
        "lstm": lambda: build(TINY_LSTM, 2, 5, 32, seed=1),
        "dropout": lambda: stochastic(5),
        "more dropout": lambda: stochastic(5, rate=0.4),
        "functional": lambda: functional(5),
        "functional, crossed": lambda: functional(5, crossed=True),
    }
    networks = {name: (network(make()), network(make())) for name, make in models.items()}
    assert all(one == two and hash(one) == hash(two) for one, two in networks.values())
    assert len({one for one, _ in networks.values()}) == len(models)
    assert all(one.model is not two.model for one, two in networks.values())


@pytest.mark.parametrize("kind", ["dense", "lstm"])
def test_long_data_are_lent_to_the_program_and_give_the_same_training(X, kind, monkeypatch) -> None:
    forget_programs()
    losses, variables = train_kind(kind, X)
    # Without rows of zeros at the end it is another program, and must be the same training.
    monkeypatch.setattr(training_module, "LONG", 100)
    before, refused = X.copy(), X.copy()
    refused.flags.writeable = False
    # Data that may not be written to, or lie otherwise in memory, are not lent but copied.
    for data in (X, refused, np.asfortranarray(X)):
        again, those = train_kind(kind, data)
        assert again == losses
        for ours, theirs in zip(variables, those, strict=True):
            np.testing.assert_array_equal(theirs, ours)
        np.testing.assert_array_equal(data, before)
    assert kept() == (2, 2)


def test_kept_programs_are_few_and_hold_no_data() -> None:
    import tensorflow as tf

    X = np.random.default_rng(0).normal(size=(300, 11)).astype(np.float32)

    def tensors_of_data():
        gc.collect()
        tensors = [one for one in gc.get_objects() if isinstance(one, tf.__internal__.EagerTensor)]
        return [one for one in tensors if one.shape.rank == 2 and one.shape[0] >= 300 and one.shape[1] == 11]

    assert not tensors_of_data()
    forget_programs()
    train_kind("dense", X)
    held = tf.constant(X)
    assert [one is held for one in tensors_of_data()] == [True]
    assert programs_module.epoch_programs.cache_info().currsize == 1
    assert programs_module.epoch_programs.cache_info().maxsize == programs_module.KEPT_PROGRAMS <= 10


@pytest.mark.parametrize("steps", ["last", "window"])
def test_models_that_share_a_scoring_program_keep_their_weights(X, steps) -> None:
    forget_programs()
    one, two = (build(TINY_DENSE, 2, X.shape[1], 32, seed) for seed in (1, 2))
    ends, windows = np.arange(4, 90), gather(X, np.arange(4, 90), 2)
    errors_of_one, errors_of_two = compile_errors(one, steps), compile_errors(two, steps)
    assert programs_module._errors_program.cache_info().misses == 1

    def expected(model):
        squared = np.square(model.predict(windows, verbose=0) - windows)
        return squared[:, -1] if steps == "last" else squared.mean(axis=1)

    np.testing.assert_allclose(errors_of_one(X, ends), expected(one), atol=1e-5)
    np.testing.assert_allclose(errors_of_two(X, ends), expected(two), atol=1e-5)
    assert not np.allclose(errors_of_one(X, ends), errors_of_two(X, ends))
    one.set_weights(two.get_weights())
    np.testing.assert_array_equal(errors_of_one(X, ends), errors_of_two(X, ends))
