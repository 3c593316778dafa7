"""Averages of networks: several that were trained alike from different seeds are one Keras model.

It has an output for each network, so that one `.keras` file holds them all; the error of a window is the mean
of the squared errors of its outputs (a deep ensemble: Lakshminarayanan, Pritzel and Blundell 2017).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rare_event.detect.layers import import_keras

if TYPE_CHECKING:
    import keras

NAME = "network_{}"


def joined(networks: Sequence[keras.Model]) -> keras.Model:
    """Join networks of equal input shape into one model with an output for each; a single one stays as it is.

    The networks get other names, by which `networks_of` finds them.
    """
    if len(networks) == 1:
        return networks[0]
    keras = import_keras()
    inputs = keras.layers.Input(networks[0].input_shape[1:])
    for number, network in enumerate(networks, 1):
        network.name = NAME.format(number)
    return keras.Model(inputs, [network(inputs) for network in networks], name="average")


def networks_of(model: keras.Model) -> list[keras.Model]:
    """Return the networks of a model that `joined` returned, in their order.

    Raises
    ------
    ValueError
        If it has several outputs that are not those of networks.
    """
    if len(model.outputs) == 1:
        return [model]
    return [model.get_layer(NAME.format(number + 1)) for number in range(len(model.outputs))]


def squared_errors(outputs: Any, windows: Any) -> Any:
    """Return the squared errors of what a model reconstructs, in the shape of the windows.

    Parameters
    ----------
    outputs
        What a model returned: a tensor, or one for each network of an average.
    windows
        What it was called with.
    """
    import tensorflow as tf

    squared = [tf.square(again - windows) for again in tf.nest.flatten(outputs)]
    return squared[0] if len(squared) == 1 else tf.add_n(squared) / len(squared)
