"""The layers, shapes and parameters of a Keras model."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from rare_event.config import NetworkConfig
from rare_event.detect.layers import import_keras
from rare_event.detect.models import build
from rare_event.text import counted, number

# Parameters per training window. Chitta Ranjan, "LSTM Autoencoder for Extreme Rare Event Classification in
# Keras", calls about half appropriate; a larger network needs regularisation.
RULE_OF_THUMB = 0.5
WIDTH = 100


@dataclass(frozen=True)
class Layer:
    """A layer of a network.

    Parameters
    ----------
    kind
        Class of the Keras layer, with the class of the layer it wraps, if any.
    shape
        Shape of its output for one window.
    parameters
        Number of trainable values; 0 when a layer is used again.
    inputs
        Positions of the layers its input comes from.
    """

    kind: str
    shape: tuple[int, ...]
    parameters: int
    inputs: tuple[int, ...] = ()


def describe(config: NetworkConfig, lookback: int, n_features: int) -> list[Layer]:
    """Build a network and list its layers; for a worker process."""
    return layers_of(build(config, lookback, n_features, batch_size=1, seed=0))


def layers_of(model: Any) -> list[Layer]:
    """List the layers of a Keras model in the order of the calls; a layer used twice is listed twice."""
    keras = import_keras()
    first = Layer("Input", _shape(model.inputs[0]), 0)
    if isinstance(model, keras.Sequential):
        stack = [Layer(_kind(layer), _shape(layer.output), _parameters(layer)) for layer in model.layers]
        return [first, *(replace(layer, inputs=(number,)) for number, layer in enumerate(stack))]
    found, position, counted = [first], dict[int, int](), set[str]()

    def record(layer: Any, *inputs: Any, **settings: Any) -> Any:
        outputs = layer(*inputs, **settings)
        # A tensor that no layer returned is the input.
        sources = {position.get(id(tensor), 0) for tensor in keras.tree.flatten(inputs)}
        position[id(outputs)] = len(found)
        kept.append(outputs)
        parameters = 0 if layer.name in counted else _parameters(layer)
        counted.add(layer.name)
        found.append(Layer(_kind(layer), _shape(outputs), parameters, tuple(sorted(sources))))
        return outputs

    # Tensors are identified by id, so they must be kept alive.
    kept: list[Any] = []
    keras.models.clone_model(model, call_function=record)
    return found


def _kind(layer: Any) -> str:
    inner = getattr(layer, "layer", None) or getattr(layer, "forward_layer", None)
    own = type(layer).__name__
    return own if inner is None else f"{own}({_kind(inner)})"


def _shape(tensor: Any) -> tuple[int, ...]:
    return tuple(int(size) for size in tensor.shape[1:])


def _parameters(layer: Any) -> int:
    # An operation, such as the sum of two tensors, has no weights.
    return sum(math.prod(weight.shape) for weight in getattr(layer, "trainable_weights", ()))


def summary(model: Any) -> str:
    """Return Keras's summary of a model."""
    lines: list[str] = []
    model.summary(
        print_fn=lambda text, line_break=True: lines.append(text),
        line_length=WIDTH,
        # An average holds whole networks.
        expand_nested=True,
    )
    return "\n".join(lines) + "\n"


def weigh(parameters: int, n_windows: int) -> str:
    """Compare a network's size with the article's rule of thumb.

    Examples
    --------
    >>> weigh(5_000, 10_000)
    '0.5 parameters for each normal training window, in line with the rule of thumb of at most about 0.5.'
    """
    if not n_windows:
        return "There are no normal windows to train on."
    ratio = parameters / n_windows
    size = f"{counted(number(ratio, 2), 'parameters')} for each normal training window"
    if ratio <= RULE_OF_THUMB:
        return f"{size}, in line with the rule of thumb of at most about 0.5."
    rule = f"{size}; the rule of thumb is at most about 0.5."
    if ratio <= 1:
        return f"{rule} Dropout or weight decay may be needed."
    return f"{rule} Use fewer units, or use dropout or weight decay."
