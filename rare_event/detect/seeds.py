"""Seeds of layers: drawn by the thread that builds a model, whatever other threads draw meanwhile.

Keras draws them from Python's global generator. One draw of another thread in between, such as a cluster's
worker makes while it connects to another, would silently give other initial weights.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()


class _OwnDraws:
    """The global generator to other threads, and one of its own to the thread that made it."""

    def __init__(self, seed: int) -> None:
        self._own, self._thread = random.Random(seed), threading.get_ident()

    def randint(self, low: int, high: int) -> int:
        mine = threading.get_ident() == self._thread
        return self._own.randint(low, high) if mine else random.randint(low, high)


@contextmanager
def own_draws(seed: int) -> Iterator[None]:
    """Let layers that this thread makes draw the seeds that `keras.utils.set_random_seed` would give them."""
    from keras.src.random import seed_generator

    with _lock:
        before = seed_generator.python_random
        seed_generator.python_random = _OwnDraws(seed)
        try:
            yield
        finally:
            seed_generator.python_random = before
