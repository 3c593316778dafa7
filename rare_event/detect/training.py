"""Training: a whole epoch is one compiled program, and Python sees one call per epoch.

`model.fit` spends most of an epoch of a small model between batches. Here the data stay on the device in
two dimensions; `programs.py` holds the programs that run on them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from rare_event.config import Training
from rare_event.detect.programs import (
    Network,
    State,
    compiling,
    epoch_programs,
    first_state,
    load_state,
    padded,
)
from rare_event.errors import DataError

if TYPE_CHECKING:
    import keras

# Windows per validation step, so that the gathered windows fit into the cache.
VALIDATION_BATCH = 512
# Longer data are not copied to a common length: the copy costs more than a program of their own.
LONG = 2**17


@dataclass(frozen=True)
class Epoch:
    """Losses of one epoch.

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
        Whether XLA compiled the network; if not, epochs are slower but otherwise the same.
    network, networks
        Of the networks whose errors are averaged: the number of this one, from 1, and how many there are.
    """

    number: int
    loss: float
    validation_loss: float
    seconds: float
    compiled: bool = True
    network: int = 1
    networks: int = 1


OnEpoch = Callable[[Epoch], None]


def ignore_epoch(epoch: Epoch) -> None:
    """Do nothing."""


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
        Last rows of the normal windows of each part.
    training
        Epochs, batch size, learning rate, patience, which weights to keep.
    seed
        Seeds the order of the windows.
    on_epoch
        Called after every epoch; if it raises, training stops and the model is unchanged.

    Raises
    ------
    DataError
        If a part is empty, or the loss becomes NaN.
    """
    if not len(train_ends) or not len(validation_ends):
        raise DataError(
            "Training needs normal windows in the training part and in the validation part, but there are "
            f"{len(train_ends):,} and {len(validation_ends):,}. Use a "
            "shorter lookback, another split, or more data."
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
                f"The loss became NaN in epoch {number}. Lower the learning rate, or look for "
                "extreme values on the Data page."
            )
        history.append(Epoch(number, loss, validation_loss, perf_counter() - began, compiled))
        if validation_loss < best:
            best, best_number, best_state = validation_loss, number, state
        on_epoch(history[-1])
        if training.patience is not None and number - best_number >= training.patience:
            break
    load_state(model, best_state if training.keep == "best" else state)
    return history


RunEpoch = Callable[[State, np.ndarray], tuple[State, float, float]]


def compile_epoch(
    model: keras.Model, X: np.ndarray, validation_ends: np.ndarray, n_train: int, training: Training
) -> tuple[State, RunEpoch, bool]:
    """Compile one epoch of a model, or reuse the programs of an equal architecture.

    The last partial batch is padded with windows of weight 0, so that the program holds the network only
    once, which keeps compiling short. (Padding does count in the mean activity of an activity penalty.)

    Parameters
    ----------
    model
        Training starts at its weights, which are not changed.
    X
        float32, shape (n_rows, n_features); copied to the device once.
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
        (n_train,), to the next state, the loss and the validation loss; and whether XLA compiled it.
    """
    import tensorflow as tf

    rows = _padded_length(max(len(X), n_train, len(validation_ends)))
    batch = min(training.batch_size, n_train)
    # A power of two, so that small parts of similar size share their programs.
    held_out_batch = min(VALIDATION_BATCH, 1 << (len(validation_ends).bit_length() - 1))
    with compiling:
        learn, validate, compiled = epoch_programs(Network.of(model), rows, batch, held_out_batch)
    data = padded(X, rows)
    held_out = tf.constant(_batches(validation_ends, held_out_batch, rows))
    rate, count, n_held_out = (
        tf.constant(n) for n in (training.learning_rate, n_train, len(validation_ends))
    )

    def run_epoch(state: State, order: np.ndarray) -> tuple[State, float, float]:
        state, loss = learn(state, rate, data, tf.constant(_batches(order, batch, rows)), count)
        return state, float(loss), float(validate(state, data, held_out, n_held_out))

    return first_state(model), run_epoch, compiled


def _padded_length(rows: int) -> int:
    """Round a number of rows up by at most a quarter, so that few lengths occur; long data stay so."""
    if rows > LONG:
        return rows
    length = 256
    while length < rows:
        length = length * 5 // 4
    return length


def _batches(ends: np.ndarray, size: int, rows: int) -> np.ndarray:
    """Arrange ends in one row per batch, the last padded from the beginning; unused rows are zeros."""
    batches = np.zeros((math.ceil(rows / size), size), np.int32)
    used = math.ceil(len(ends) / size)
    batches[:used] = np.resize(ends, (used, size))
    return batches
