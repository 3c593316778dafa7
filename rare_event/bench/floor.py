"""The floor of an epoch: about the time of its matrix products alone, measured on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from rare_event.bench.timing import TURNS, seconds

# Forward, and backward with respect to the inputs and to the weights.
# The first layer needs no gradient of its inputs.
PRODUCTS_TO_TRAIN = 3


@dataclass(frozen=True)
class Product:
    """Inputs of a layer times its weights.

    Parameters
    ----------
    inputs, outputs
        Shape of the weights.
    times
        How often in a window: once, or once for each of its rows.
    """

    inputs: int
    outputs: int
    times: int


def products_of(model: Any, lookback: int) -> list[Product]:
    """Return the products of a network: those of layers of sequences once for each row of a window."""
    found = []
    for layer in model.layers:
        rows = lookback if len(layer.input.shape) == 3 else 1
        shapes = [weight.shape for weight in layer.trainable_weights]
        found += [Product(shape[0], shape[1], rows) for shape in shapes if len(shape) == 2]
    return found


def operations_of(products: list[Product], n_train: int, n_validation: int) -> int:
    """Count the multiplications and additions of an epoch.

    Examples
    --------
    >>> operations_of([Product(10, 4, times=1), Product(4, 10, times=5)], n_train=100, n_validation=50)
    168000
    """
    once = sum(2 * each.inputs * each.outputs * each.times for each in products)
    return once * (PRODUCTS_TO_TRAIN * n_train + n_validation)


def floor_of(products: list[Product], n_train: int, n_validation: int, batch: int) -> float:
    """Measure the products of an epoch on one core, without anything between them, in seconds.

    Parameters
    ----------
    products
        Of the network.
    n_train, n_validation
        Windows.
    batch
        Windows in a step.
    """
    random, spent = np.random.default_rng(0), 0.0
    steps = n_train / batch + n_validation / (PRODUCTS_TO_TRAIN * batch)
    with threadpool_limits(1):
        for each in products:
            x = random.normal(size=(batch, each.inputs)).astype(np.float32)
            w = random.normal(size=(each.inputs, each.outputs)).astype(np.float32)
            y = x @ w
            actions = (lambda x=x, w=w: x @ w, lambda y=y, w=w: y @ w.T, lambda x=x, y=y: x.T @ y)
            spent += sum(_quickest(action) for action in actions) * each.times * steps
    return spent


def _quickest(action: Any, repeats: int = 100) -> float:
    """Return the least time of a call: what else the machine does only adds."""
    return min(seconds(lambda: [action() for _ in range(repeats)]) for _ in range(TURNS)) / repeats
