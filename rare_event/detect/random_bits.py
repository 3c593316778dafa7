"""Cheap random bits for the noise in a compiled epoch.

Keras's noise layers draw through three functions of TensorFlow. XLA recomputes their generator (Philox)
wherever a layer's mask is used: in an LSTM that took three quarters of an epoch. Here a bit is a hash of its
position and the draw's seed, which is cheap to recompute. Layers and seed states remain Keras's own, so
saved models are unaffected.
"""

from __future__ import annotations

from typing import Any


def hashed(number: Any) -> Any:
    """Mix the bits of a uint32 tensor by the last step of MurmurHash3 (Appleby 2011); it is one-to-one."""
    import tensorflow as tf

    def shifted(places: int) -> Any:
        return tf.bitwise.bitwise_xor(number, tf.bitwise.right_shift(number, tf.constant(places, tf.uint32)))

    number = shifted(16) * tf.constant(0x85EBCA6B, tf.uint32)
    number = shifted(13) * tf.constant(0xC2B2AE35, tf.uint32)
    return shifted(16)


def random_bits(shape: Any, seed: Any) -> Any:
    """Draw uint32 random bits of a shape; equal seeds (two integers) give equal draws.

    Positions are mixed with the draw's key twice: mixed once, two draws whose keys share their leading bits
    would hold the same numbers in another order.
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
    """Draw floats from [minval, maxval) in 2^24 equal steps; replaces `tf.random.stateless_uniform`."""
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
    """Draw from a normal distribution through its inverse; replaces `tf.random.stateless_normal`."""
    import tensorflow as tf

    # One step short of -1 and of 1, where the inverse is infinite.
    between = uniform(shape, seed, -1 + 2**-23, 1.0)
    return tf.cast(mean + stddev * 2**0.5 * tf.math.erfinv(between), dtype or tf.float32)


def dropout(
    x: Any, rate: float, seed: Any, rng_alg: Any = None, noise_shape: Any = None, name: str | None = None
) -> Any:
    """Set the share `rate` of values to zero and scale the rest; replaces TensorFlow's stateless dropout."""
    import tensorflow as tf

    bits = random_bits(tf.shape(x) if noise_shape is None else noise_shape, seed)
    return tf.where(bits >= tf.constant(int(rate * 2**32), tf.uint32), x / (1 - rate), tf.zeros_like(x))
