"""Training: a whole epoch is one compiled program.

`model.fit` spends most of an epoch of a small model between batches. Here the data stay on the
device in two dimensions, windows are gathered by their last row inside the program, all batches
including the last partial one run in one XLA loop, and the validation loss is part of the same
program. Python sees one call per epoch. Memory does not grow with the lookback.

Weights and data are arguments of the programs, and data are padded to one of few lengths. So
programs are kept by architecture: a second training that is alike, such as that of the next fold of a
backtest, compiles nothing.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from rare_event.config import Training
from rare_event.detect.operations import quick_operations
from rare_event.errors import DataError

if TYPE_CHECKING:
    import keras

# Windows per step where no gradient is taken: large enough to fill the processor, small enough
# that gathered windows of a long lookback stay a few megabytes. Validation stays in the cache.
EVALUATION_BATCH = 2048
VALIDATION_BATCH = 512
# Compiled programs that are kept, of either kind.
KEPT_PROGRAMS = 8


@dataclass(frozen=True)
class Epoch:
    """What one epoch came to.

    Parameters
    ----------
    number
        From 1.
    loss, validation_loss
        Mean squared error plus penalties, over normal windows; the training loss is the mean over
        batches while weights change, as Keras reports it.
    seconds
        Since training began.
    compiled
        Whether XLA could compile the network; if not, its epochs are slower, and otherwise the same.
    """

    number: int
    loss: float
    validation_loss: float
    seconds: float
    compiled: bool = True


OnEpoch = Callable[[Epoch], None]


def ignore_epoch(epoch: Epoch) -> None:
    """Report to nobody."""


def train_autoencoder(
    model: keras.Model,
    X: np.ndarray,
    train_ends: np.ndarray,
    validation_ends: np.ndarray,
    training: Training,
    seed: int,
    on_epoch: OnEpoch = ignore_epoch,
) -> list[Epoch]:
    """Fit a model to reproduce normal windows; its weights become those of the best or last epoch.

    Parameters
    ----------
    model
        Input and output of shape (batch, lookback, n_features).
    X
        float32, shape (n_rows, n_features).
    train_ends, validation_ends
        Last rows of the normal windows of either part.
    training
        Epochs, batch size, learning rate, patience, which weights to keep.
    seed
        Of the order in which windows are drawn.
    on_epoch
        Called after every epoch; what it raises stops the training and leaves the model as it was.

    Raises
    ------
    DataError
        If a part is empty, or the loss stops being a number.
    """
    if not len(train_ends) or not len(validation_ends):
        raise DataError(
            f"{len(train_ends)} normal windows to train on and {len(validation_ends)} to validate on: "
            "training needs both. Use a shorter lookback, another split, or more data."
        )
    began = perf_counter()
    state, run_epoch, compiled = compile_epoch(model, X, validation_ends, len(train_ends), training)
    random = np.random.default_rng(seed)
    history: list[Epoch] = []
    best, best_number, best_state = math.inf, 0, state
    for number in range(1, training.epochs + 1):
        state, loss, validation_loss = run_epoch(state, random.permutation(train_ends))
        if not math.isfinite(loss) or not math.isfinite(validation_loss):
            raise DataError(
                f"The loss stopped being a number in epoch {number}. Lower the learning rate, or look for "
                "extreme values on the Data page."
            )
        history.append(Epoch(number, loss, validation_loss, perf_counter() - began, compiled))
        if validation_loss < best:
            best, best_number, best_state = validation_loss, number, state
        on_epoch(history[-1])
        if training.patience is not None and number - best_number >= training.patience:
            break
    _load(model, best_state if training.keep == "best" else state)
    return history


class State(NamedTuple):
    """What an epoch starts from, as tensors.

    Parameters
    ----------
    weights, momenta, velocities
        Of Adam (Kingma and Ba 2015), all trainable variables in one row.
    steps
        How many were taken.
    others
        The model's other variables, such as the state of its random generators.
    """

    weights: Any
    momenta: Any
    velocities: Any
    steps: Any
    others: list[Any]


RunEpoch = Callable[[State, np.ndarray], tuple[State, float, float]]


def compile_epoch(
    model: keras.Model, X: np.ndarray, validation_ends: np.ndarray, n_train: int, training: Training
) -> tuple[State, RunEpoch, bool]:
    """Compile one epoch of a model, or take the programs of a training that was alike.

    The last partial batch is filled up with windows that weigh nothing in the error, so that the
    network stands in the program once: that is what compiling costs. (Filling windows do count in
    the mean activity that a penalty is taken of.)

    Parameters
    ----------
    model
        Its weights are where training starts; they are not changed.
    X
        float32, shape (n_rows, n_features); moved to the device once.
    validation_ends
        Last rows of the windows for the validation loss.
    n_train
        Windows per epoch.
    training
        Batch size and learning rate.

    Returns
    -------
    tuple
        The first state; a function from a state and a permutation of the training ends, shape
        (n_train,), to the next state, the loss and the validation loss; and whether XLA could compile
        it.
    """
    import tensorflow as tf

    rows = _padded_length(max(len(X), n_train, len(validation_ends)))
    batch = min(training.batch_size, n_train)
    # A power of two, so that small parts that differ by a few windows share their programs too.
    held_out_batch = min(VALIDATION_BATCH, 1 << (len(validation_ends).bit_length() - 1))
    learn, validate, compiled = _epoch_programs(_Network.of(model), rows, batch, held_out_batch)
    data = tf.constant(np.pad(X, ((0, rows - len(X)), (0, 0))))
    held_out = tf.constant(_batches(validation_ends, held_out_batch, rows))
    rate, count, n_held_out = (
        tf.constant(n) for n in (training.learning_rate, n_train, len(validation_ends))
    )

    def run_epoch(state: State, order: np.ndarray) -> tuple[State, float, float]:
        state, loss = learn(state, rate, data, tf.constant(_batches(order, batch, rows)), count)
        return state, float(loss), float(validate(state, data, held_out, n_held_out))

    return _first_state(model), run_epoch, compiled


def _first_state(model: keras.Model) -> State:
    import tensorflow as tf

    weights = _joined(_values(model.trainable_variables))
    nothing = tf.zeros_like(weights)
    return State(weights, nothing, nothing, tf.constant(0.0), _values(model.non_trainable_variables))


def _values(variables: list[Any]) -> list[Any]:
    import tensorflow as tf

    return [tf.convert_to_tensor(variable.value) for variable in variables]


def _joined(values: list[Any]) -> Any:
    """Lay values of any shape out in one row."""
    import tensorflow as tf

    return tf.concat([tf.reshape(value, [-1]) for value in values], 0)


def _split(row: Any, variables: list[Any]) -> list[Any]:
    """Cut a row into the shapes of variables."""
    import tensorflow as tf

    parts = tf.split(row, [math.prod(variable.shape) for variable in variables])
    return [tf.reshape(part, variable.shape) for part, variable in zip(parts, variables, strict=True)]


def _load(model: keras.Model, state: State) -> None:
    """Give a model the weights of a state."""
    values = _split(state.weights, model.trainable_variables) + state.others
    variables = model.trainable_variables + model.non_trainable_variables
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


@dataclass(frozen=True)
class _Network:
    """A model that is known by its architecture: equal ones share their programs."""

    architecture: str
    model: Any = field(compare=False, repr=False)

    @classmethod
    def of(cls, model: keras.Model) -> _Network:
        parts = json.loads(model.to_json())
        del parts["config"]["name"]
        described = json.dumps(parts)
        # Keras numbers the layers it names through the process: lstm, lstm_1, ...
        for number, name in enumerate(dict.fromkeys(re.findall(r'"name": "([^"]+)"', described))):
            kind = re.sub(r"_\d+$", "", name)
            described = re.sub(f'"{re.escape(name)}"(?!:)', f'"{kind}#{number}"', described)
        return cls(described, model)


def _padded_length(rows: int) -> int:
    """Round a number of rows up to one of few, by at most a quarter."""
    length = 256
    while length < rows:
        length = length * 5 // 4
    return length


def _batches(ends: np.ndarray, size: int, rows: int) -> np.ndarray:
    """Lay ends out in rows of one batch each, the last filled up from the beginning; then zeros."""
    batches = np.zeros((math.ceil(rows / size), size), np.int32)
    used = math.ceil(len(ends) / size)
    batches[:used] = np.resize(ends, (used, size))
    return batches


def forget_programs() -> None:
    """Compile the next training from scratch."""
    _epoch_programs.cache_clear()
    _errors_program.cache_clear()


@lru_cache(maxsize=KEPT_PROGRAMS)
def _epoch_programs(network: _Network, rows: int, batch: int, held_out_batch: int) -> tuple[Any, Any, bool]:
    """Make what learns and what validates, and tell whether XLA could compile them.

    Both take the ends of windows in batches, and turn as often as `count` windows need.
    """
    import tensorflow as tf

    model = network.model
    variables = model.trainable_variables
    offsets = np.arange(1 - model.input_shape[1], 1)

    def loss_of(weights: Any, others: Any, X: Any, ends: Any, real: Any, learning: bool) -> tuple[Any, Any]:
        """Return the loss of the windows that are no filling, and the other variables afterwards."""
        windows = tf.gather(X, ends[:, None] + offsets)
        again, others, penalties = model.stateless_call(
            weights, others, windows, training=learning, return_losses=True
        )
        error = tf.reduce_mean(tf.square(again - windows), axis=[1, 2])
        return tf.reduce_sum(real * error) / tf.reduce_sum(real) + sum(penalties), others

    def each_batch(step: Callable[..., Any], carried: Any, batches: Any, count: Any) -> tuple[Any, Any]:
        """Take a step with each batch; also the mean of their losses, weighted by their windows."""
        size = batches.shape[1]

        def turn(number: Any, carried: Any, total: Any) -> Any:
            real = tf.cast(number * size + tf.range(size) < count, tf.float32)
            carried, loss = step(carried, batches[number], real)
            return number + 1, carried, total + tf.reduce_sum(real) * loss

        _, carried, total = tf.while_loop(lambda number, *_: number * size < count, turn, (0, carried, 0.0))
        return carried, total / tf.cast(count, tf.float32)

    def learn(state: State, rate: Any, X: Any, batches: Any, count: Any) -> tuple[State, Any]:
        def step(carried: Any, ends: Any, real: Any) -> tuple[Any, Any]:
            (weights, momenta, velocities), steps, others = carried
            with tf.GradientTape() as tape:
                tape.watch(weights)
                loss, others = loss_of(weights, others, X, ends, real, True)
            each = zip(weights, momenta, velocities, tape.gradient(loss, weights), strict=True)
            moved = [_adam(*one, steps + 1, rate) for one in each]
            return ([list(kind) for kind in zip(*moved, strict=True)], steps + 1, others), loss

        # Variables are apart only within: a call costs for every tensor it is given.
        apart = [_split(row, variables) for row in state[:3]]
        (apart, steps, others), loss = each_batch(step, (apart, state.steps, state.others), batches, count)
        weights, momenta, velocities = (_joined(values) for values in apart)
        return State(weights, momenta, velocities, steps, others), loss

    def validate(state: State, X: Any, batches: Any, count: Any) -> Any:
        weights = _split(state.weights, variables)

        def step(carried: Any, ends: Any, real: Any) -> tuple[Any, Any]:
            return carried, loss_of(weights, state.others, X, ends, real, False)[0]

        return each_batch(step, (), batches, count)[1]

    state, X, none = _first_state(model), tf.zeros((rows, model.input_shape[2])), tf.constant(0)
    order, held_out = (tf.zeros((math.ceil(rows / size), size), tf.int32) for size in (batch, held_out_batch))
    to_validate, to_learn = (state, X, held_out, none), (state, tf.constant(0.0), X, order, none)

    def programs(compiled: bool) -> tuple[Any, Any, bool]:
        """Run both once, on no windows: that is when XLA compiles, one beside the other."""
        learning, validating = (
            tf.function(f, jit_compile=compiled, autograph=False) for f in (learn, validate)
        )
        with ThreadPoolExecutor(1) as thread:
            # Only XLA's part is left to the thread, since a Keras model cannot be traced twice at once.
            with quick_operations():
                validating = validating.get_concrete_function(*to_validate)
                beside = thread.submit(validating, *to_validate)
                learning = learning.get_concrete_function(*to_learn)
            learning(*to_learn)
            beside.result()
        return learning, validating, compiled

    try:
        return programs(compiled=True)
    except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError):
        return programs(compiled=False)


def _adam(
    weight: Any, momentum: Any, velocity: Any, gradient: Any, step: Any, rate: Any
) -> tuple[Any, Any, Any]:
    """Take a step of Adam with the constants of `keras.optimizers.Adam`; the first step is 1."""
    import tensorflow as tf

    rate *= tf.sqrt(1 - 0.999**step) / (1 - 0.9**step)
    momentum += (gradient - momentum) * (1 - 0.9)
    velocity += (tf.square(gradient) - velocity) * (1 - 0.999)
    return weight - rate * momentum / (tf.sqrt(velocity) + 1e-7), momentum, velocity


def compile_errors(
    model: keras.Model, steps: Literal["last", "window"]
) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Compile the squared errors of a model's reconstruction, for any number of rows.

    Parameters
    ----------
    model
        Input and output of shape (batch, lookback, n_features); its weights are read at each call.
    steps
        Errors of the ``last`` row, or the mean over the ``window``.

    Returns
    -------
    Callable
        From X, shape (n_rows, n_features), and the last rows of windows to errors of shape
        (n_windows, n_features).
    """
    size, offsets = EVALUATION_BATCH, np.arange(1 - model.input_shape[1], 1)
    program = _errors_program(_Network.of(model), steps, size)

    def run(X: np.ndarray, ends: np.ndarray) -> np.ndarray:
        weights = _values(model.trainable_variables), _values(model.non_trainable_variables)
        errors = np.empty((len(ends), X.shape[1]), np.float32)
        for start in range(0, len(ends), size):
            chunk = ends[start : start + size]
            # One shape means one compilation: the last batch is filled up with its first window.
            filled = np.full(size, chunk[0])
            filled[: len(chunk)] = chunk
            errors[start : start + len(chunk)] = program(*weights, X[filled[:, None] + offsets])[: len(chunk)]
        return errors

    return run


@lru_cache(maxsize=KEPT_PROGRAMS)
def _errors_program(network: _Network, steps: str, size: int) -> Any:
    """Make what scores `size` windows, compiled unless XLA cannot."""
    import tensorflow as tf

    model = network.model
    windows = tf.zeros((size, *model.input_shape[1:]))
    values = _values(model.trainable_variables), _values(model.non_trainable_variables), windows

    def errors(trainable: Any, others: Any, windows: Any) -> Any:
        again, _ = model.stateless_call(trainable, others, windows, training=False)
        squared = tf.square(again - windows)
        return squared[:, -1] if steps == "last" else tf.reduce_mean(squared, axis=1)

    def program(compiled: bool) -> Any:
        function = tf.function(errors, jit_compile=compiled, autograph=False)
        with quick_operations():
            function(*values)
        return function

    try:
        return program(compiled=True)
    except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError):
        return program(compiled=False)
