"""Initial weights depend on the seed alone, not on what other threads of the process draw."""

import random
from threading import Thread

import numpy as np
import pytest

from rare_event.config import DenseModel, LSTMModel, NetworkConfig, VAEModel
from rare_event.detect import operations
from rare_event.detect.layers import import_keras
from rare_event.detect.models import BUILDERS, build

MODELS: list[NetworkConfig] = [DenseModel(widths=(4, 3), dropout=0.2), VAEModel(widths=(3,)), LSTMModel()]


def state(model) -> list[np.ndarray]:
    return [np.asarray(value) for value in model.variables]


@pytest.mark.parametrize("config", MODELS, ids=lambda config: config.kind)
def test_draws_of_another_thread_do_not_change_the_weights(config, monkeypatch) -> None:
    keras = import_keras()
    keras.utils.set_random_seed(3)
    # What Keras does without us, in a process of one thread.
    expected = state(BUILDERS[config.kind](config, 4, 3, 8))
    seeded = keras.utils.set_random_seed

    def draw() -> None:
        random.uniform(0, 1)
        keras.initializers.GlorotUniform()

    def interrupted(seed: int) -> None:
        seeded(seed)
        other = Thread(target=draw)
        other.start()
        other.join()

    monkeypatch.setattr(keras.utils, "set_random_seed", interrupted)
    found = state(build(config, 4, 3, 8, 3))
    assert all(mine.tobytes() == theirs.tobytes() for mine, theirs in zip(expected, found, strict=True))
    unlike = state(build(config, 4, 3, 8, 4))
    assert any(mine.tobytes() != theirs.tobytes() for mine, theirs in zip(found, unlike, strict=True))
    # Outside, layers draw from the global generator as before.
    random.seed(1)
    first = random.randint(1, int(1e9))
    random.seed(1)
    assert keras.initializers.GlorotUniform().seed == first


def test_a_layer_made_in_another_thread_takes_no_seed_away(monkeypatch) -> None:
    keras = import_keras()
    expected = state(build(MODELS[0], 4, 3, 8, 3))
    real = BUILDERS["dense"]

    def with_another(*arguments):
        other = Thread(target=keras.initializers.GlorotUniform)
        other.start()
        other.join()
        return real(*arguments)

    monkeypatch.setitem(BUILDERS, "dense", with_another)
    found = state(build(MODELS[0], 4, 3, 8, 3))
    assert all(mine.tobytes() == theirs.tobytes() for mine, theirs in zip(expected, found, strict=True))


def test_weights_are_not_drawn_while_another_thread_replaces_the_operations(monkeypatch) -> None:
    real, free = BUILDERS["dense"], []

    def watched(*arguments):
        def ask() -> None:
            free.append(operations._one_at_a_time.acquire(blocking=False))

        asking = Thread(target=ask)
        asking.start()
        asking.join()
        return real(*arguments)

    monkeypatch.setitem(BUILDERS, "dense", watched)
    found = state(build(MODELS[0], 4, 3, 8, 3))
    assert free == [False], "a thread that traces a program would have to wait"
    with operations.quick_operations():
        drawn = state(build(MODELS[0], 4, 3, 8, 3))
    assert any(one.tobytes() != two.tobytes() for one, two in zip(found, drawn, strict=True))
