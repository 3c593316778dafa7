"""Architectures: a registry of small functions from a frozen config to an ordinary Keras model.

Adding an architecture is adding its config to `rare_event.config` and one builder here.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rare_event.config import DenseModel, LSTMModel, NetworkConfig

if TYPE_CHECKING:
    import keras

# Unrolled LSTM layers run faster in the compiled epoch, but past about 8 steps compiling them
# takes far longer than it saves.
LONGEST_UNROLLED = 8


def import_keras() -> Any:
    """Import keras on the TensorFlow backend, without its start-up messages."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    import keras

    return keras


def build_dense(config: DenseModel, lookback: int, n_features: int, batch_size: int) -> keras.Model:
    """Build the dense autoencoder; input and output have shape (batch, lookback, n_features).

    Parameters
    ----------
    config
        Widths, activation and penalty.
    lookback, n_features
        Shape of a window.
    batch_size
        Restores the articles' penalty: Keras 3 divides it by the rows of the batch.
    """
    layers = import_keras().layers
    penalty = import_keras().regularizers.L1(config.activity_l1 * batch_size) if config.activity_l1 else None
    stack = [layers.Input((lookback, n_features)), layers.Flatten()]
    for depth, units in enumerate(config.widths):
        first = penalty if depth == 0 else None
        stack.append(layers.Dense(units, activation=config.activation, activity_regularizer=first))
    stack += [layers.Dense(lookback * n_features), layers.Reshape((lookback, n_features))]
    return import_keras().Sequential(stack, name="dense")


def build_lstm(config: LSTMModel, lookback: int, n_features: int, batch_size: int) -> keras.Model:
    """Build the LSTM autoencoder; input and output have shape (batch, lookback, n_features).

    Parameters
    ----------
    config
        Units of the encoder and the decoder, activation.
    lookback, n_features
        Shape of a window.
    batch_size
        Not used.
    """
    layers = import_keras().layers
    unroll = lookback <= LONGEST_UNROLLED

    def lstm(units: int, sequences: bool) -> keras.Layer:
        return layers.LSTM(units, activation=config.activation, return_sequences=sequences, unroll=unroll)

    last = len(config.encoder) - 1
    stack = [layers.Input((lookback, n_features))]
    stack += [lstm(units, sequences=depth < last) for depth, units in enumerate(config.encoder)]
    stack += [layers.RepeatVector(lookback)]
    stack += [lstm(units, sequences=True) for units in config.decoder]
    stack += [layers.TimeDistributed(layers.Dense(n_features))]
    return import_keras().Sequential(stack, name="lstm")


BUILDERS: dict[str, Callable[..., Any]] = {"dense": build_dense, "lstm": build_lstm}


def build(config: NetworkConfig, lookback: int, n_features: int, batch_size: int, seed: int) -> keras.Model:
    """Build a model of the registry with seeded initial weights.

    Parameters
    ----------
    config
        Its `kind` names the builder.
    lookback, n_features
        Shape of a window.
    batch_size
        Of the training to come.
    seed
        Seeds the process: Python's, NumPy's and TensorFlow's global generators.
    """
    keras = import_keras()
    keras.utils.set_random_seed(seed)
    return BUILDERS[config.kind](config, lookback, n_features, batch_size)
