"""Cheap random bits for the noise in a compiled epoch.

Keras's noise layers draw through three functions of TensorFlow, whose generator (Philox) XLA computes
anew wherever a layer's mask is used: in an LSTM that took three quarters of an epoch. Here a bit is a
hash of its place in the draw and of the draw's seed, which costs next to nothing to compute anew. The
layers remain Keras's own and so does the seed's state: a saved model knows nothing of this.
"""

from __future__ import annotations

from typing import Any


def hashed(number: Any) -> Any:
    """Mix 32 bits, so that numbers that are alike come out unlike.

    The last step of MurmurHash3 (Appleby 2011); it is one-to-one.

    Parameters
    ----------
    number
        Tensor of type uint32, any shape.
    """
    import tensorflow as tf

    def shifted(places: int) -> Any:
        return tf.bitwise.bitwise_xor(number, tf.bitwise.right_shift(number, tf.constant(places, tf.uint32)))

    number = shifted(16) * tf.constant(0x85EBCA6B, tf.uint32)
    number = shifted(13) * tf.constant(0xC2B2AE35, tf.uint32)
    return shifted(16)


def random_bits(shape: Any, seed: Any) -> Any:
    """Draw 32 random bits for each place of a shape, as uint32.

    Two draws mix their places with keys of their own twice: mixed once, draws whose keys happen to
    share their leading bits would hold the same numbers in another order.

    Parameters
    ----------
    shape
        Of the result; known when the program is compiled.
    seed
        Two integers; a draw is the same whenever they are.
    """
    import tensorflow as tf

    first, second = tf.unstack(tf.cast(seed, tf.uint32))
    key = hashed(first + hashed(second + tf.constant(0x9E3779B9, tf.uint32)))
    places = tf.cast(tf.reshape(tf.range(tf.reduce_prod(shape)), shape), tf.uint32)
    return hashed(hashed(tf.bitwise.bitwise_xor(places, key)) + hashed(key + second))


def uniform(
    shape: Any,
    seed: Any,
    minval: Any = 0.0,
    maxval: Any = 1.0,
    dtype: Any = None,
    name: str | None = None,
    alg: Any = None,
) -> Any:
    """Draw from [minval, maxval), in 2^24 equal steps, as `tf.random.stateless_uniform` does.

    Parameters
    ----------
    shape, seed
        As of `random_bits`.
    minval, maxval
        Bounds.
    dtype
        Of the result, float32 unless told; only floating types are drawn here.
    name, alg
        Not used.
    """
    import tensorflow as tf

    share = tf.cast(tf.bitwise.right_shift(random_bits(shape, seed), tf.constant(8, tf.uint32)), tf.float32)
    return tf.cast(minval + share * 2**-24 * (maxval - minval), dtype or tf.float32)


def normal(
    shape: Any,
    seed: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = None,
    name: str | None = None,
    alg: Any = None,
) -> Any:
    """Draw from a normal distribution, by its inverse, as `tf.random.stateless_normal` does.

    Parameters
    ----------
    shape, seed
        As of `random_bits`.
    mean, stddev
        Of the distribution.
    dtype
        Of the result, float32 unless told.
    name, alg
        Not used.
    """
    import tensorflow as tf

    # One step inwards from -1 as from 1: at either end the inverse is infinite.
    between = uniform(shape, seed, -1 + 2**-23, 1.0)
    return tf.cast(mean + stddev * 2**0.5 * tf.math.erfinv(between), dtype or tf.float32)


def dropout(
    x: Any, rate: float, seed: Any, rng_alg: Any = None, noise_shape: Any = None, name: str | None = None
) -> Any:
    """Set a share of the values to zero and scale the rest, as TensorFlow's stateless dropout does.

    Parameters
    ----------
    x
        Values of any shape.
    rate
        Share that is dropped, in [0, 1).
    seed
        As of `random_bits`.
    rng_alg
        Not used.
    noise_shape
        Of the mask, one where it is repeated; that of `x` unless told.
    name
        Not used.
    """
    import tensorflow as tf

    bits = random_bits(tf.shape(x) if noise_shape is None else noise_shape, seed)
    return tf.where(bits >= tf.constant(int(rate * 2**32), tf.uint32), x / (1 - rate), tf.zeros_like(x))
