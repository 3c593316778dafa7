"""The import of Keras, on first use, and the layers it lacks."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from functools import cache
from tempfile import TemporaryFile
from threading import RLock
from typing import Any

from rare_event.errors import ConfigError

NETWORK_PACKAGES = ("keras", "tensorflow")
STANDARD_ERROR = 2
_importing = RLock()
# Log variances are clipped to this range, because the exponential of a large one overflows.
LARGEST_LOG_VARIANCE = 20.0


def import_keras() -> Any:
    """Import keras on the TensorFlow backend, without its start-up messages.

    It registers our own layers, so that models with them load in safe mode.

    Raises
    ------
    ConfigError
        If Keras or TensorFlow is not installed.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    try:
        # Standard error belongs to the process: of two threads each would keep what the other has put there.
        # The progress of another thread is not held back for an import that is done already.
        with _importing, nullcontext() if "keras" in sys.modules else _without_start_up_lines():
            import keras
    except ModuleNotFoundError as error:
        # Any other missing module means a broken installation.
        if (error.name or "").split(".")[0] not in NETWORK_PACKAGES:
            raise
        raise ConfigError(
            "Neural networks need TensorFlow and Keras, which are not installed. Install them with "
            '`pip install "rare-event[networks]"`, or choose a model that is not a neural network.'
        ) from error

    own_layers()
    return keras


@contextmanager
def _without_start_up_lines() -> Iterator[None]:
    """Hold back what TensorFlow's libraries write to standard error while they load.

    If that fails, it is written.
    """
    with ExitStack() as opened:
        try:
            held = opened.enter_context(TemporaryFile())
            ours = os.dup(STANDARD_ERROR)
            opened.callback(os.close, ours)
        except OSError:
            # Standard error is closed, or no file can be written.
            yield
            return
        os.dup2(held.fileno(), STANDARD_ERROR)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(ours, held.read())
            raise
        finally:
            os.dup2(ours, STANDARD_ERROR)


@cache
def own_layers() -> tuple[Any, Any]:
    """Return the two layer classes that Keras lacks, `TiedDense` and `Sampling`.

    Functions define them, because their base class exists only once keras is imported.
    """
    return _tied_dense(), _sampling()


def _tied_dense() -> Any:
    """Define `TiedDense`."""
    import keras

    ops = keras.ops

    @keras.saving.register_keras_serializable("rare_event")
    class TiedDense(keras.layers.Layer):  # type: ignore[misc, unused-ignore]
        """A linear layer that can also apply its weights transposed (`back`)."""

        def __init__(self, units: int, initializer: str, weight_decay: float, **rest: Any) -> None:
            super().__init__(**rest)
            self.units, self.initializer, self.weight_decay = units, initializer, weight_decay

        def build(self, input_shape: tuple[int | None, int]) -> None:
            decay = keras.regularizers.L2(self.weight_decay) if self.weight_decay else None
            shape = (input_shape[-1], self.units)
            self.kernel = self.add_weight(
                shape=shape, initializer=self.initializer, regularizer=decay, name="kernel"
            )
            self.bias = self.add_weight(shape=shape[1:], initializer="zeros", name="bias")
            self.back_bias = self.add_weight(shape=shape[:1], initializer="zeros", name="back_bias")

        def call(self, inputs: Any, back: bool = False) -> Any:
            if back:
                return ops.matmul(inputs, ops.transpose(self.kernel)) + self.back_bias
            return ops.matmul(inputs, self.kernel) + self.bias

        def get_config(self) -> dict[str, Any]:
            own = {name: getattr(self, name) for name in ("units", "initializer", "weight_decay")}
            return {**super().get_config(), **own}

    return TiedDense


def _sampling() -> Any:
    """Define `Sampling`."""
    import keras

    ops = keras.ops

    @keras.saving.register_keras_serializable("rare_event")
    class Sampling(keras.layers.Layer):  # type: ignore[misc, unused-ignore]
        """Draw from the normal distribution of a mean and a log variance; return the mean when scoring.

        Its loss is the divergence from the standard normal distribution (Kingma and Welling 2013,
        appendix B), averaged over the batch.
        """

        def __init__(self, weight: float, seed: int | None = None, **rest: Any) -> None:
            super().__init__(**rest)
            self.weight, self.seed = weight, seed
            self.seed_generator = keras.random.SeedGenerator(seed)

        def call(self, inputs: tuple[Any, Any], training: bool = False) -> Any:
            mean, log_variance = inputs
            log_variance = ops.clip(log_variance, -LARGEST_LOG_VARIANCE, LARGEST_LOG_VARIANCE)
            divergence = ops.sum(ops.exp(log_variance) + ops.square(mean) - 1.0 - log_variance, axis=-1) / 2
            self.add_loss(self.weight * ops.mean(divergence))
            if not training:
                return mean
            return mean + ops.exp(log_variance / 2) * keras.random.normal(
                ops.shape(mean), seed=self.seed_generator
            )

        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "weight": self.weight, "seed": self.seed}

    return Sampling
