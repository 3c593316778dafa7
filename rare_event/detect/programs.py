"""Programs: compiled functions of a network that learn, validate and score.

A program gathers windows by their last row and runs all batches in one XLA loop, so memory does not grow
with the lookback.

Weights and data are arguments, and data are padded to one of a few lengths. Programs are therefore cached
by architecture: the next fold of a backtest compiles nothing.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from threading import RLock
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar

import numpy as np

from rare_event.aligned import aligned, empty
from rare_event.detect.operations import quick_operations

if TYPE_CHECKING:
    import keras

# Windows scored per step: enough to fill the CPU, while windows of a long lookback take a few megabytes.
EVALUATION_BATCH = 2048
# Compiled programs cached, per kind.
KEPT_PROGRAMS = 8

Made = TypeVar("Made")

# Threads that train networks of equal architecture at once wait for the first one's programs.
compiling = RLock()


class State(NamedTuple):
    """The state at the start of an epoch, as tensors.

    Parameters
    ----------
    weights, momenta, velocities
        Weights and Adam's moments (Kingma and Ba 2015), all trainable variables in one vector.
    steps
        Number of steps taken.
    others
        The model's other variables, such as the states of its random generators.
    """

    weights: Any
    momenta: Any
    velocities: Any
    steps: Any
    others: list[Any]


def first_state(model: keras.Model) -> State:
    """Return the state of a model before training."""
    import tensorflow as tf

    weights = _joined(values_of(model.trainable_variables))
    zeros = tf.zeros_like(weights)
    return State(weights, zeros, zeros, tf.constant(0.0), values_of(model.non_trainable_variables))


def values_of(variables: list[Any]) -> list[Any]:
    """Return the values of variables as tensors."""
    import tensorflow as tf

    return [tf.convert_to_tensor(variable.value) for variable in variables]


def _joined(values: list[Any]) -> Any:
    """Concatenate values of any shape into one vector."""
    import tensorflow as tf

    return tf.concat([tf.reshape(value, [-1]) for value in values], 0)


def _split(row: Any, variables: list[Any]) -> list[Any]:
    """Split a vector into the shapes of variables."""
    import tensorflow as tf

    parts = tf.split(row, [math.prod(variable.shape) for variable in variables])
    return [tf.reshape(part, variable.shape) for part, variable in zip(parts, variables, strict=True)]


def load_state(model: keras.Model, state: State) -> None:
    """Set the variables of a model to those of a state."""
    values = _split(state.weights, model.trainable_variables) + state.others
    variables = model.trainable_variables + model.non_trainable_variables
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


@dataclass(frozen=True)
class Network:
    """A cache key: networks of equal architecture share their programs.

    Parameters
    ----------
    architecture
        The model's JSON, without the numbers that Keras gives to names.
    model
        The first model of this architecture; its weights are not read.
    """

    architecture: str
    model: Any = field(compare=False, repr=False)

    @classmethod
    def of(cls, model: keras.Model) -> Network:
        """Return the key of a model."""
        parts = json.loads(model.to_json())
        del parts["config"]["name"]
        described = json.dumps(parts)
        # Keras numbers layer names per process: lstm, lstm_1, ...
        for number, name in enumerate(dict.fromkeys(re.findall(r'"name": "([^"]+)"', described))):
            kind = re.sub(r"_\d+$", "", name)
            described = re.sub(f'"{re.escape(name)}"(?!:)', f'"{kind}#{number}"', described)
        return cls(described, model)


def forget_programs() -> None:
    """Clear the cached programs."""
    epoch_programs.cache_clear()
    _errors_program.cache_clear()


@lru_cache(maxsize=KEPT_PROGRAMS)
def epoch_programs(network: Network, rows: int, batch: int, held_out_batch: int) -> tuple[Any, Any, bool]:
    """Return the programs that learn and validate, and whether XLA compiled them.

    Both take the ends of windows in batches, of which they use the first `count` windows.
    """
    import tensorflow as tf

    model = network.model
    learn, validate = _learning(model), _validating(model)
    # Never read, so that it takes no memory.
    X = padded(empty(rows, model.input_shape[2]), rows)
    state, none = first_state(model), tf.constant(0)
    order, held_out = (tf.zeros((math.ceil(rows / size), size), tf.int32) for size in (batch, held_out_batch))
    to_validate, to_learn = (state, X, held_out, none), (state, tf.constant(0.0), X, order, none)

    def programs(compiled: bool) -> tuple[Any, Any, bool]:
        """Run both once without windows, so that XLA compiles them, in parallel."""
        learning, validating = (
            tf.function(f, jit_compile=compiled, autograph=False) for f in (learn, validate)
        )
        with ThreadPoolExecutor(1) as thread:
            # Only compiling happens in the thread, since a Keras model cannot be traced twice at once.
            with quick_operations():
                validating = validating.get_concrete_function(*to_validate)
                compiling = thread.submit(validating, *to_validate)
                learning = learning.get_concrete_function(*to_learn)
            learning(*to_learn)
            compiling.result()
        return learning, validating, compiled

    return compiled_if_possible(programs)


def padded(X: np.ndarray, rows: int) -> Any:
    """Return data on the device, with rows of zeros appended.

    Without any, an `aligned` array is lent as it is; a constant of TensorFlow would be a copy.
    """
    import tensorflow as tf

    if rows > len(X) or not aligned(X):
        X, given = empty(rows, X.shape[1]), X
        X[: len(given)] = given
        X[len(given) :] = 0
    return tf.experimental.dlpack.from_dlpack(X.__dlpack__())


def compiled_if_possible(make: Callable[[bool], Made]) -> Made:
    """Make programs with XLA, or without it if it does not support an operation."""
    import tensorflow as tf

    try:
        return make(True)
    except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError):
        return make(False)


def _learning(model: keras.Model) -> Callable[..., tuple[State, Any]]:
    """Return the function of an epoch: from state, rate, data and batches to the next state and mean loss."""
    import tensorflow as tf

    variables, loss_of = model.trainable_variables, _loss_of(model)

    def learn(state: State, rate: Any, X: Any, batches: Any, count: Any) -> tuple[State, Any]:
        def step(carried: Any, ends: Any, real: Any) -> tuple[Any, Any]:
            weights, momenta, velocities, steps, others = carried
            with tf.GradientTape() as tape:
                tape.watch(weights)
                loss, others = loss_of(weights, others, X, ends, real, True)
            gradient = _joined(tape.gradient(loss, weights))
            change, momenta, velocities = _adam(gradient, momenta, velocities, steps + 1, rate)
            changes = _split(change, variables)
            weights = [weight + each for weight, each in zip(weights, changes, strict=True)]
            return (weights, momenta, velocities, steps + 1, others), loss

        # Weights are split only inside, because each tensor passed to a program costs time; moments never,
        # because each piece would be an operation of its own in every step.
        carried = (_split(state.weights, variables), *state[1:])
        (weights, *rest), loss = _each_batch(step, carried, batches, count)
        return State(_joined(weights), *rest), loss

    return learn


def _validating(model: keras.Model) -> Callable[..., Any]:
    """Return the function of the mean loss of batches, which leaves the state unchanged."""
    variables, loss_of = model.trainable_variables, _loss_of(model)

    def validate(state: State, X: Any, batches: Any, count: Any) -> Any:
        weights = _split(state.weights, variables)

        def step(carried: Any, ends: Any, real: Any) -> tuple[Any, Any]:
            return carried, loss_of(weights, state.others, X, ends, real, False)[0]

        return _each_batch(step, (), batches, count)[1]

    return validate


def _loss_of(model: keras.Model) -> Callable[..., tuple[Any, Any]]:
    """Return the function of a batch's loss without its padding, and the other variables afterwards."""
    import tensorflow as tf

    offsets = np.arange(1 - model.input_shape[1], 1)

    def loss_of(weights: Any, others: Any, X: Any, ends: Any, real: Any, learning: bool) -> tuple[Any, Any]:
        windows = tf.gather(X, ends[:, None] + offsets)
        again, others, penalties = model.stateless_call(
            weights, others, windows, training=learning, return_losses=True
        )
        error = tf.reduce_mean(tf.square(again - windows), axis=[1, 2])
        return tf.reduce_sum(real * error) / tf.reduce_sum(real) + sum(penalties), others

    return loss_of


def _each_batch(step: Callable[..., Any], carried: Any, batches: Any, count: Any) -> tuple[Any, Any]:
    """Take a step with each batch; also return their mean loss, weighted by windows."""
    import tensorflow as tf

    size = batches.shape[1]

    def turn(number: Any, carried: Any, total: Any) -> Any:
        real = tf.cast(number * size + tf.range(size) < count, tf.float32)
        carried, loss = step(carried, batches[number], real)
        return number + 1, carried, total + tf.reduce_sum(real) * loss

    _, carried, total = tf.while_loop(lambda number, *_: number * size < count, turn, (0, carried, 0.0))
    return carried, total / tf.cast(count, tf.float32)


def _adam(gradient: Any, momenta: Any, velocities: Any, step: Any, rate: Any) -> tuple[Any, Any, Any]:
    """Take a step of Adam, counted from 1, with the constants of `keras.optimizers.Adam`.

    Returns the change of the weights, and the moments afterwards.
    """
    import tensorflow as tf

    rate *= tf.sqrt(1 - 0.999**step) / (1 - 0.9**step)
    momenta += (gradient - momenta) * (1 - 0.9)
    velocities += (tf.square(gradient) - velocities) * (1 - 0.999)
    return -rate * momenta / (tf.sqrt(velocities) + 1e-7), momenta, velocities


def compile_errors(
    model: keras.Model, steps: Literal["last", "window"]
) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Compile the squared reconstruction errors of a model, for any number of rows.

    Parameters
    ----------
    model
        Input and output of shape (batch, lookback, n_features); its weights are read at each call.
    steps
        The error of the ``last`` row, or the mean over the ``window``.

    Returns
    -------
    Callable
        From X, shape (n_rows, n_features), and the last rows of windows to errors, shape
        (n_windows, n_features).
    """
    size, offsets = EVALUATION_BATCH, np.arange(1 - model.input_shape[1], 1)
    with compiling:
        program = _errors_program(Network.of(model), steps, size)

    def run(X: np.ndarray, ends: np.ndarray) -> np.ndarray:
        weights = values_of(model.trainable_variables), values_of(model.non_trainable_variables)
        errors = np.empty((len(ends), X.shape[1]), np.float32)
        for start in range(0, len(ends), size):
            chunk = ends[start : start + size]
            # A single shape is compiled once: the last batch is padded with its first window.
            filled = np.full(size, chunk[0])
            filled[: len(chunk)] = chunk
            errors[start : start + len(chunk)] = program(*weights, X[filled[:, None] + offsets])[: len(chunk)]
        return errors

    return run


@lru_cache(maxsize=KEPT_PROGRAMS)
def _errors_program(network: Network, steps: str, size: int) -> Any:
    """Return the program that scores `size` windows, compiled if XLA supports it."""
    import tensorflow as tf

    model = network.model
    windows = tf.zeros((size, *model.input_shape[1:]))
    values = values_of(model.trainable_variables), values_of(model.non_trainable_variables), windows

    def errors(trainable: Any, others: Any, windows: Any) -> Any:
        again, _ = model.stateless_call(trainable, others, windows, training=False)
        squared = tf.square(again - windows)
        return squared[:, -1] if steps == "last" else tf.reduce_mean(squared, axis=1)

    def program(compiled: bool) -> Any:
        function = tf.function(errors, jit_compile=compiled, autograph=False)
        with quick_operations():
            function(*values)
        return function

    return compiled_if_possible(program)
