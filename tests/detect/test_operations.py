"""Operations in place of TensorFlow's and Keras's give what those give, and only while they are asked for."""

from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from threading import Event, RLock
from types import SimpleNamespace

import numpy as np
import pytest

from rare_event.detect import operations
from rare_event.detect.layers import import_keras
from rare_event.detect.operations import convolution_as_product, quick_operations, replaced, rows_at_once
from rare_event.detect.random_bits import normal
from rare_event.errors import RareEventError


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
    assert "Conv2D" in operations_of(layer, windows)
    with quick_operations():
        np.testing.assert_allclose(layer(windows), usual, atol=1e-6)
        assert "Conv2D" not in operations_of(layer, windows), "Keras calls the name that is replaced"
    assert usual.any()


def operations_of(layer, windows) -> set[str]:
    """Types of the operations in the program of a layer."""
    import tensorflow as tf

    graph = tf.function(lambda values: layer(values), autograph=False).get_concrete_function(windows).graph
    return {operation.type for operation in graph.get_operations()}


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


def home_of(**operations):
    return SimpleNamespace(__name__="tf.home", **operations)


def as_it_was(a, b=2):
    return "theirs"


def ours_from(theirs):
    def ours(a, b=3):
        return f"ours for {theirs(a, b)}"

    return ours


def test_a_name_leads_to_ours_and_back() -> None:
    home = home_of(one=as_it_was)
    with replaced([(home, "one", ours_from)]):
        assert home.one(1) == "ours for theirs"
        with replaced([(home, "one", ours_from)]):
            assert home.one(1) == "ours for ours for theirs"
        assert home.one(1) == "ours for theirs"
    assert home.one is as_it_was


def test_a_name_that_is_gone_is_told_and_nothing_is_replaced() -> None:
    home = home_of(one=as_it_was)
    wanted = [(home, "one", ours_from), (home, "two", ours_from)]
    with (
        pytest.raises(RareEventError, match=r"has no tf\.home\.two\. Install the releases"),
        replaced(wanted),
    ):
        pytest.fail("the body must not run")
    assert vars(home) == {"__name__": "tf.home", "one": as_it_was}


@pytest.mark.parametrize(
    "changed", [lambda a: 0, lambda a, b, c=0: 0, lambda b, a: 0, lambda a, *, b=2: 0, lambda a, c=2: 0]
)
def test_an_operation_that_takes_other_arguments_is_told(changed) -> None:
    home = home_of(one=as_it_was, two=changed)
    wanted = [(home, "one", ours_from), (home, "two", ours_from)]
    with pytest.raises(RareEventError, match=r"tf\.home\.two takes .*, not a, b\."), replaced(wanted):
        pytest.fail("the body must not run")
    assert home.one is as_it_was and home.two is changed


def test_another_release_of_tensorflow_or_keras_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import tensorflow as tf

    monkeypatch.setattr(tf.random, "stateless_normal", lambda shape, key: key)
    uniform = tf.random.stateless_uniform
    with pytest.raises(RareEventError, match="random.stateless_normal takes shape, key"), quick_operations():
        pytest.fail("the body must not run")
    monkeypatch.delattr(tf.random, "stateless_normal")
    with pytest.raises(RareEventError, match="has no .*random.stateless_normal"), quick_operations():
        pytest.fail("the body must not run")
    monkeypatch.setattr(import_keras().layers.TimeDistributed, "call", lambda self, inputs: inputs)
    with (
        pytest.raises(RareEventError, match=r"TimeDistributed\.call takes self, inputs, not self"),
        quick_operations(),
    ):
        pytest.fail("the body must not run")
    assert tf.random.stateless_uniform is uniform


class WatchedLock:
    """A lock that tells when a second thread asks for it."""

    def __init__(self) -> None:
        self.lock, self.asked, self.inside = RLock(), Event(), False

    def __enter__(self) -> None:
        if self.inside:
            self.asked.set()
        self.lock.acquire()
        self.inside = True

    def __exit__(self, *error) -> None:
        self.inside = False
        self.lock.release()


def test_two_threads_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    home, first_is_in, order = home_of(one=as_it_was), Event(), []
    monkeypatch.setattr(operations, "_one_at_a_time", lock := WatchedLock())

    def first() -> None:
        with replaced([(home, "one", ours_from)]):
            first_is_in.set()
            assert lock.asked.wait(60)
            order.append(f"first: {home.one(1)}")

    def second() -> None:
        assert first_is_in.wait(60)
        with replaced([(home, "one", ours_from)]):
            order.append(f"second: {home.one(1)}")

    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(first), threads.submit(second)]:
            done.result()
    assert order == ["first: ours for theirs", "second: ours for theirs"], "neither replaces the other's"
    assert home.one is as_it_was


def test_requirements_hold_keras_and_tensorflow_to_the_minor_release_whose_names_are_replaced() -> None:
    root = Path(__file__).parents[2]
    lines = (root / "requirements.txt").read_text(encoding="utf-8").splitlines()
    project = (root / "pyproject.toml").read_text(encoding="utf-8")
    for package in ("keras", "tensorflow"):
        major, minor = (int(part) for part in version(package).split(".")[:2])
        bound = f"{package}>={major}.{minor},<{major}.{minor + 1}"
        assert bound in lines and f'"{bound}"' in project
        assert f"{package}>={major}.{minor},<{major + 1}" not in lines
