"""Replacements for operations of TensorFlow and Keras that XLA compiles to slow code.

While a program is traced, five names lead to these functions. The layers, their weights and the saved
model remain Keras's own; only the compiled program differs.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Any

from rare_event.detect.layers import import_keras
from rare_event.detect.random_bits import dropout, normal, uniform
from rare_event.errors import RareEventError

Operation = Callable[..., Any]
# The module or class of an operation, its name there, and a function from the original to ours.
Replacement = tuple[Any, str, Callable[[Operation], Operation]]
# Names belong to the process: a second thread would take our operations for the originals and keep them.
_one_at_a_time = RLock()


def convolution_as_product(theirs: Operation) -> Operation:
    """Return `tf.nn.convolution` with plain convolutions along rows as one matrix product of shifted rows.

    An epoch of a convolutional network takes a tenth of the time: XLA's gradients of a convolution are slow
    on a CPU. Convolutions with strides, dilations, groups or two dimensions use the original.
    """
    import tensorflow as tf

    def convolution(
        input: Any,
        filters: Any,
        strides: Any = None,
        padding: str = "VALID",
        data_format: str | None = None,
        dilations: Any = None,
        name: str | None = None,
    ) -> Any:
        ones = all(number in (1, None, [1], (1,)) for number in (strides, dilations))
        plain = padding == "SAME" and data_format in (None, "NWC")
        if input.shape.rank != 3 or input.shape[2] != filters.shape[1] or not (ones and plain):
            return theirs(input, filters, strides, padding, data_format, dilations, name)
        width, rows = filters.shape[0], input.shape[1]
        padded = tf.pad(input, [[0, 0], [(width - 1) // 2, width // 2], [0, 0]])
        shifted = tf.concat([padded[:, row : row + rows] for row in range(width)], 2)
        return shifted @ tf.reshape(filters, [-1, filters.shape[2]])

    return convolution


def rows_at_once(theirs: Operation) -> Operation:
    """Return `TimeDistributed.call` with a plain dense layer applied to all rows in one matrix product.

    Keras adds one product per row to the program, so long windows are slow to compile. Other layers use
    the original.
    """

    def call(self: Any, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        layer = self.layer
        if type(layer) is not import_keras().layers.Dense or layer.activity_regularizer or mask is not None:
            return theirs(self, inputs, training=training, mask=mask)
        return layer.call(inputs)

    return call


@contextmanager
def replaced(replacements: Iterable[Replacement]) -> Iterator[None]:
    """Replace operations within the context, for one thread at a time.

    Raises
    ------
    RareEventError
        If a name is missing or its operation takes other arguments than ours; then none is replaced.
    """
    with _one_at_a_time:
        pairs = [(home, name, *_both(home, name, ours_from)) for home, name, ours_from in replacements]
        try:
            for home, name, _, ours in pairs:
                setattr(home, name, ours)
            yield
        finally:
            for home, name, theirs, _ in reversed(pairs):
                setattr(home, name, theirs)


def _both(home: Any, name: str, ours_from: Callable[[Operation], Operation]) -> tuple[Operation, Operation]:
    """Return the original operation and ours, which must take the same arguments."""
    where = f"{home.__name__}.{name}"
    unfit = "The installed release of TensorFlow or Keras does not fit this program"
    remedy = "Install the releases of TensorFlow and Keras that requirements.txt names."
    theirs = vars(home).get(name)
    if theirs is None:
        raise RareEventError(f"{unfit}: it has no {where}. {remedy}")
    ours = ours_from(theirs)
    if _arguments(theirs) != _arguments(ours):
        raise RareEventError(
            f"{unfit}: {where} takes {', '.join(_arguments(theirs))}, not "
            f"{', '.join(_arguments(ours))}. {remedy}"
        )
    return theirs, ours


def _arguments(operation: Operation) -> list[str]:
    """Argument names of an operation, in order; keyword-only ones begin with a star."""
    parameters = inspect.signature(operation).parameters.values()
    return [f"*{one.name}" if one.kind is one.KEYWORD_ONLY else one.name for one in parameters]


@contextmanager
def quick_operations() -> Iterator[None]:
    """Use these operations and cheap random bits for programs traced within the context.

    Raises
    ------
    RareEventError
        If TensorFlow or Keras has changed a replaced operation.
    """
    import tensorflow as tf

    with replaced(
        [
            (tf.nn, "convolution", convolution_as_product),
            (import_keras().layers.TimeDistributed, "call", rows_at_once),
            (tf.random, "stateless_uniform", lambda _: uniform),
            (tf.random, "stateless_normal", lambda _: normal),
            (tf.nn.experimental, "stateless_dropout", lambda _: dropout),
        ]
    ):
        yield
