"""Training: a whole epoch is one compiled program.

`model.fit` spends most of an epoch of a small model between batches. Here the data stay on the
device in two dimensions, windows are gathered by their last row inside the program, all batches
including the last partial one run in one XLA loop, and the validation loss is part of the same
program. Python sees one call per epoch. Memory does not grow with the lookback.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from rare_event.config import Training
from rare_event.errors import DataError

if TYPE_CHECKING:
    import keras

# Windows per step where no gradient is taken: large enough to fill the processor, small enough
# that gathered windows of a long lookback stay a few megabytes.
EVALUATION_BATCH = 2048


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
    """

    number: int
    loss: float
    validation_loss: float
    seconds: float


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
    """Fit a model to reproduce normal windows; its weights are left at the best or last epoch.

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
        Called after every epoch; what it raises stops the training.

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
    run_epoch = compile_epoch(model, X, validation_ends, len(train_ends), training)
    random = np.random.default_rng(seed)
    began = perf_counter()
    history: list[Epoch] = []
    best, best_weights = math.inf, model.get_weights()
    best_number = 0
    for number in range(1, training.epochs + 1):
        loss, validation_loss = run_epoch(random.permutation(train_ends))
        if not math.isfinite(loss) or not math.isfinite(validation_loss):
            raise DataError(
                f"The loss stopped being a number in epoch {number}. Lower the learning rate, or look for "
                "extreme values on the Data page."
            )
        history.append(Epoch(number, loss, validation_loss, perf_counter() - began))
        if validation_loss < best:
            best, best_number = validation_loss, number
            if training.keep == "best":
                best_weights = model.get_weights()
        on_epoch(history[-1])
        if training.patience is not None and number - best_number >= training.patience:
            break
    if training.keep == "best":
        model.set_weights(best_weights)
    return history


def compile_epoch(
    model: keras.Model, X: np.ndarray, validation_ends: np.ndarray, n_train: int, training: Training
) -> Callable[[np.ndarray], tuple[float, float]]:
    """Compile one epoch of a model into one program.

    The last partial batch is filled up with windows that weigh nothing in the error, so that the
    network stands in the program once for learning and once for validation: that is what compiling
    costs. (Filling windows do count in the mean activity that a penalty is taken of.)

    Parameters
    ----------
    model
        Its weights are changed by each call of the program.
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
    Callable
        From a permutation of the training ends, shape (n_train,), to loss and validation loss.
    """
    import keras
    import tensorflow as tf

    optimizer = keras.optimizers.Adam(training.learning_rate)
    optimizer.build(model.trainable_variables)
    data = tf.constant(X)
    offsets = tf.range(1 - model.input_shape[1], 1)
    held_out = tf.constant(_batches(validation_ends, EVALUATION_BATCH))

    def loss_of(ends: Any, weight: Any, learning: bool) -> Any:
        windows = tf.gather(data, ends[:, None] + offsets)
        error = tf.reduce_mean(tf.square(model(windows, training=learning) - windows), axis=[1, 2])
        return tf.reduce_sum(weight * error) / tf.reduce_sum(weight) + sum(model.losses)

    def learn(ends: Any, weight: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = loss_of(ends, weight, True)
        optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
        return loss

    def mean_loss(step: Callable[[Any, Any], Any], batches: Any, count: int) -> Any:
        """Mean of the step's loss over all batches, each weighted by its windows."""
        total = tf.constant(0.0)
        size = batches.shape[1]
        for number in tf.range(batches.shape[0]):
            weight = tf.cast(number * size + tf.range(size) < count, tf.float32)
            total += tf.reduce_sum(weight) * step(batches[number], weight)
        return total / count

    @tf.function(jit_compile=True)
    def program(order: Any) -> Any:
        loss = mean_loss(learn, order, n_train)
        return loss, mean_loss(
            lambda ends, weight: loss_of(ends, weight, False), held_out, len(validation_ends)
        )

    def run(order: np.ndarray) -> tuple[float, float]:
        loss, validation_loss = program(tf.constant(_batches(order, training.batch_size)))
        return float(loss), float(validation_loss)

    return run


def _batches(ends: np.ndarray, size: int) -> np.ndarray:
    """Lay ends out in rows of one batch each, the last filled up from the beginning."""
    size = min(size, len(ends))
    return np.resize(ends.astype(np.int32), (math.ceil(len(ends) / size), size))


def compile_errors(
    model: keras.Model, steps: Literal["last", "window"]
) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Compile the squared errors of a model's reconstruction, for any number of rows.

    Parameters
    ----------
    model
        Input and output of shape (batch, lookback, n_features).
    steps
        Errors of the ``last`` row, or the mean over the ``window``.

    Returns
    -------
    Callable
        From X, shape (n_rows, n_features), and the last rows of windows to errors of shape
        (n_windows, n_features).
    """
    import tensorflow as tf

    offsets = np.arange(1 - model.input_shape[1], 1)

    @tf.function(jit_compile=True)
    def program(windows: Any) -> Any:
        squared = tf.square(model(windows, training=False) - windows)
        return squared[:, -1] if steps == "last" else tf.reduce_mean(squared, axis=1)

    def run(X: np.ndarray, ends: np.ndarray) -> np.ndarray:
        errors = np.empty((len(ends), X.shape[1]), np.float32)
        for start in range(0, len(ends), EVALUATION_BATCH):
            chunk = ends[start : start + EVALUATION_BATCH]
            # One shape means one compilation: the last batch is filled up with its first window.
            filled = np.full(EVALUATION_BATCH, chunk[0])
            filled[: len(chunk)] = chunk
            errors[start : start + len(chunk)] = program(X[filled[:, None] + offsets])[: len(chunk)]
        return errors

    return run
