"""Operations in place of TensorFlow's, where XLA makes slow code of those.

Keras's layers call TensorFlow by name. While a program is traced, four of those names lead here: the
layers, their weights and the saved model remain Keras's own, and only the compiled program differs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

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


@contextmanager
def quick_operations() -> Iterator[None]:
    """Let what is traced meanwhile use these operations, and cheap random bits."""
    import tensorflow as tf

    with ExitStack() as stack:
        for home, name, ours in (
            (tf.nn, "convolution", convolution_as_product(tf.nn.convolution)),
            (tf.random, "stateless_uniform", uniform),
            (tf.random, "stateless_normal", normal),
            (tf.nn.experimental, "stateless_dropout", dropout),
        ):
            stack.enter_context(patch.object(home, name, ours))
        yield
