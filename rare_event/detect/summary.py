"""What a network is made of, read from the Keras model itself: layers, shapes, parameters."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from rare_event.config import NetworkConfig
from rare_event.detect.layers import import_keras
from rare_event.detect.models import build

# Chitta Ranjan, "LSTM Autoencoder for Extreme Rare Event Classification in Keras": a network whose
# parameters are about half as many as its training windows is called appropriate there, and a larger one
# is said to need regularisation.
RULE_OF_THUMB = 0.5
WIDTH = 100


@dataclass(frozen=True)
class Layer:
    """A step of a network, in the order in which a window passes through.

    Parameters
    ----------
    kind
        Class of the Keras layer; of a layer around another, both.
    shape
        Of its output for one window.
    parameters
        Numbers that training sets; 0 of a layer that is used again.
    inputs
        Positions of the steps it takes its input from.
    """

    kind: str
    shape: tuple[int, ...]
    parameters: int
    inputs: tuple[int, ...] = ()


def describe(config: NetworkConfig, lookback: int, n_features: int) -> list[Layer]:
    """Build a network and list its layers; for a worker process.

    Parameters
    ----------
    config
        The network.
    lookback, n_features
        Shape of a window.
    """
    return layers_of(build(config, lookback, n_features, batch_size=1, seed=0))


def layers_of(model: Any) -> list[Layer]:
    """List the layers of a Keras model as a window meets them, one that is used twice twice."""
    keras = import_keras()
    begin = Layer("Input", _shape(model.inputs[0]), 0)
    if isinstance(model, keras.Sequential):
        stack = [Layer(_kind(layer), _shape(layer.output), _parameters(layer)) for layer in model.layers]
        return [begin, *(_after(layer, number) for number, layer in enumerate(stack))]
    steps, where, seen = [begin], dict[int, int](), set[str]()

    def take_down(layer: Any, *inputs: Any, **settings: Any) -> Any:
        outputs = layer(*inputs, **settings)
        # Tensors that no step made are the input.
        sources = {where.get(id(tensor), 0) for tensor in keras.tree.flatten(inputs)}
        where[id(outputs)] = len(steps)
        kept.append(outputs)
        parameters = 0 if layer.name in seen else _parameters(layer)
        seen.add(layer.name)
        steps.append(Layer(_kind(layer), _shape(outputs), parameters, tuple(sorted(sources))))
        return outputs

    # Tensors are known by their identity, so they must outlive the walk.
    kept: list[Any] = []
    keras.models.clone_model(model, call_function=take_down)
    return steps


def _after(layer: Layer, number: int) -> Layer:
    return Layer(layer.kind, layer.shape, layer.parameters, (number,))


def _kind(layer: Any) -> str:
    inner = getattr(layer, "layer", None) or getattr(layer, "forward_layer", None)
    own = type(layer).__name__
    return own if inner is None else f"{own}({_kind(inner)})"


def _shape(tensor: Any) -> tuple[int, ...]:
    return tuple(int(size) for size in tensor.shape[1:])


def _parameters(layer: Any) -> int:
    # A sum of two tensors is an operation: it has no weights.
    return sum(math.prod(weight.shape) for weight in getattr(layer, "trainable_weights", ()))


def summary(model: Any) -> str:
    """Return what Keras prints of a model."""
    lines: list[str] = []
    model.summary(print_fn=lambda text, line_break=True: lines.append(text), line_length=WIDTH)
    return "\n".join(lines) + "\n"


def weigh(parameters: int, n_windows: int) -> str:
    """Say what the article's rule of thumb makes of a network's size.

    Examples
    --------
    >>> weigh(5_000, 10_000)
    '0.5 parameters for each normal training window: within the rule of thumb of about half.'
    """
    if not n_windows:
        return "There is no normal window to train on."
    ratio = parameters / n_windows
    counted = f"{ratio:,.2g} parameters for each normal training window"
    if ratio <= RULE_OF_THUMB:
        return f"{counted}: within the rule of thumb of about half."
    if ratio <= 1:
        return f"{counted}: more than the rule of thumb of about half. Dropout or weight decay may be needed."
    return (
        f"{counted}: more parameters than windows, where the rule of thumb is about half. Take fewer units, "
        "or use dropout or weight decay."
    )
