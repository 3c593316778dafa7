"""Operations in place of TensorFlow's and Keras's, where XLA makes slow code of those.

They are called by name. While a program is traced, five of those names lead here: the layers, their
weights and the saved model remain Keras's own, and only the compiled program differs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from rare_event.detect.layers import import_keras
from rare_event.detect.random_bits import dropout, normal, uniform

Operation = Callable[..., Any]


def convolution_as_product(theirs: Operation) -> Operation:
    """Return a convolution along the rows as one matrix product of shifted rows.

    An epoch of a convolutional network takes a tenth of the time: XLA has no quick code for the
    gradients of a convolution on a processor.

    Parameters
    ----------
    theirs
        `tf.nn.convolution`, which does all others: with strides, holes, groups or in two dimensions.
    """
    import tensorflow as tf

    def convolution(input: Any, filters: Any, strides: Any = 1, padding: str = "VALID", **rest: Any) -> Any:
        ones = all(number in (1, None, [1], (1,)) for number in (strides, rest.get("dilations")))
        plain = padding == "SAME" and rest.get("data_format") in (None, "NWC")
        if input.shape.rank != 3 or input.shape[2] != filters.shape[1] or not (ones and plain):
            return theirs(input, filters, strides, padding, **rest)
        width, rows = filters.shape[0], input.shape[1]
        padded = tf.pad(input, [[0, 0], [(width - 1) // 2, width // 2], [0, 0]])
        beside = tf.concat([padded[:, row : row + rows] for row in range(width)], 2)
        return beside @ tf.reshape(filters, [-1, filters.shape[2]])

    return convolution


def rows_at_once(theirs: Operation) -> Operation:
    """Return what `keras.layers.TimeDistributed` does, with all rows of a window in one matrix product.

    Keras writes the product down for each row: long windows made large programs, slow to compile.

    Parameters
    ----------
    theirs
        The layer's own `call`, for all layers but plain dense ones.
    """

    def call(self: Any, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        layer = self.layer
        if type(layer) is not import_keras().layers.Dense or layer.activity_regularizer or mask is not None:
            return theirs(self, inputs, training=training, mask=mask)
        return layer.call(inputs)

    return call


@contextmanager
def quick_operations() -> Iterator[None]:
    """Let what is traced meanwhile use these operations, and cheap random bits."""
    import tensorflow as tf

    time_distributed = import_keras().layers.TimeDistributed
    with ExitStack() as stack:
        for home, name, ours in (
            (tf.nn, "convolution", convolution_as_product(tf.nn.convolution)),
            (time_distributed, "call", rows_at_once(time_distributed.call)),
            (tf.random, "stateless_uniform", uniform),
            (tf.random, "stateless_normal", normal),
            (tf.nn.experimental, "stateless_dropout", dropout),
        ):
            stack.enter_context(patch.object(home, name, ours))
        yield
