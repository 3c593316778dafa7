"""Operations in place of TensorFlow's and Keras's give what those give, and only while they are asked for."""

import numpy as np
import pytest

from rare_event.detect.layers import import_keras
from rare_event.detect.operations import convolution_as_product, quick_operations, rows_at_once
from rare_event.detect.random_bits import normal


def theirs(*arguments, **rest):
    raise AssertionError("TensorFlow's own was called")


@pytest.mark.parametrize("rows", [1, 2, 7])
@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_a_convolution_along_the_rows_is_tensorflows(rows: int, width: int) -> None:
    import tensorflow as tf

    random = np.random.default_rng(width)
    values = random.normal(size=(4, rows, 3)).astype(np.float32)
    filters = random.normal(size=(width, 3, 5)).astype(np.float32)
    values, filters = tf.constant(values), tf.constant(filters)
    found = []
    for operation in (convolution_as_product(theirs), tf.nn.convolution):
        with tf.GradientTape() as tape:
            tape.watch([values, filters])
            result = operation(values, filters, strides=1, padding="SAME", data_format="NWC", dilations=1)
            total = tf.reduce_sum(tf.sin(result))
        found.append([result, *tape.gradient(total, [values, filters])])
    for ours, expected in zip(*found, strict=True):
        np.testing.assert_allclose(ours, expected, atol=1e-5)


@pytest.mark.parametrize(
    "odd", [{"strides": 2}, {"padding": "VALID"}, {"dilations": 2}, {"data_format": "NCW"}, {"strides": [3]}]
)
def test_other_convolutions_are_left_to_tensorflow(odd) -> None:
    import tensorflow as tf

    calls = []
    ours = convolution_as_product(lambda *arguments, **rest: calls.append(arguments))
    arguments = {"strides": 1, "padding": "SAME", "data_format": "NWC", "dilations": 1}
    assert ours(tf.zeros((2, 6, 3)), tf.zeros((3, 3, 4)), **{**arguments, **odd}) is None
    ours(tf.zeros((2, 6, 6)), tf.zeros((3, 3, 4)), **arguments)
    ours(tf.zeros((2, 6, 6, 3)), tf.zeros((3, 3, 3, 4)), **arguments)
    assert len(calls) == 3
    assert ours(tf.zeros((2, 6, 3)), tf.zeros((3, 3, 4)), **arguments).shape == (2, 6, 4)
    assert len(calls) == 3, "the plain one is ours"


def test_kerass_convolution_is_the_same_either_way() -> None:
    layer = import_keras().layers.Conv1D(4, 3, padding="same", activation="relu")
    windows = np.random.default_rng(0).normal(size=(8, 5, 3)).astype(np.float32)
    usual = layer(windows).numpy()
    with quick_operations():
        np.testing.assert_allclose(layer(windows), usual, atol=1e-6)
    assert usual.any()


def written_down(layer, windows):
    """Answers of a layer, the gradients, and how many products the program holds."""
    import tensorflow as tf

    @tf.function(autograph=False)
    def answer(windows):
        with tf.GradientTape() as tape:
            tape.watch(windows)
            found = layer(windows)
            total = tf.reduce_sum(tf.sin(found))
        return found, tape.gradient(total, [windows, *[weight.value for weight in layer.weights]])

    program = answer.get_concrete_function(windows)
    products = sum(
        operation.type in ("MatMul", "BatchMatMulV2") for operation in program.graph.get_operations()
    )
    return *tf.nest.flatten(program(windows)), products


def test_a_dense_layer_answers_for_all_rows_of_a_window_at_once() -> None:
    import tensorflow as tf

    layers = import_keras().layers
    layer = layers.TimeDistributed(layers.Dense(4, activation="tanh", bias_initializer="normal"))
    windows = tf.constant(np.random.default_rng(0).normal(size=(8, 30, 3)).astype(np.float32))
    layer(windows)
    *usual, products = written_down(layer, windows)
    with quick_operations():
        *ours, fewer = written_down(layer, windows)
    assert len(ours) == 4 and ours[0].shape == (8, 30, 4)
    for found, expected in zip(ours, usual, strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-4)
    assert (fewer, products) == (3, 90)


def test_other_layers_in_time_are_left_to_keras() -> None:
    layers = import_keras().layers
    calls = []
    call = rows_at_once(lambda layer, inputs, **rest: calls.append(rest))
    windows = np.ones((2, 5, 3), np.float32)
    for inner in (
        layers.Dropout(0.5),
        layers.Dense(2, activity_regularizer="l2"),
        layers.BatchNormalization(),
    ):
        assert call(layers.TimeDistributed(inner), windows, training=True) is None
    assert call(layers.TimeDistributed(layers.Dense(2)), windows, mask=np.ones((2, 5), bool)) is None
    assert [rest["training"] for rest in calls] == [True, True, True, None]


def test_kerass_layers_draw_cheap_bits_only_where_that_is_wanted() -> None:
    layers = import_keras().layers
    ones = np.ones((64, 50), np.float32)
    for layer in (layers.Dropout, layers.GaussianDropout, layers.AlphaDropout, layers.GaussianNoise):
        usual, ours, usual_again = layer(0.3, seed=1), layer(0.3, seed=1), layer(0.3, seed=1)
        before = usual(ones, training=True).numpy()
        with quick_operations():
            assert not np.array_equal(ours(ones, training=True).numpy(), before), layer
        assert np.array_equal(usual_again(ones, training=True).numpy(), before), layer


def test_a_body_that_fails_leaves_tensorflow_as_it_was() -> None:
    import tensorflow as tf

    def functions():
        return (
            tf.nn.convolution,
            tf.random.stateless_uniform,
            tf.random.stateless_normal,
            tf.nn.experimental.stateless_dropout,
            import_keras().layers.TimeDistributed.call,
        )

    before = functions()
    with pytest.raises(KeyError), quick_operations():
        assert tf.random.stateless_normal is normal
        raise KeyError
    assert functions() == before
