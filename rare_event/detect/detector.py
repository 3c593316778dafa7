"""Detectors score how abnormal a window is; they are fitted on normal windows or on past events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, ClassVar

import numpy as np
from threadpoolctl import threadpool_limits

from rare_event.config import DetectorConfig, HazardModel, ModelConfig, NetworkConfig, Score, SupervisedConfig
from rare_event.config.labels import MODELS
from rare_event.detect.averages import joined, networks_of
from rare_event.detect.baselines import detector_class
from rare_event.detect.interface import Detector, Steps
from rare_event.detect.layers import import_keras
from rare_event.detect.models import build
from rare_event.detect.programs import compile_errors
from rare_event.detect.rows import thinned
from rare_event.detect.scoring import score
from rare_event.detect.threads import run_in_threads
from rare_event.detect.training import Epoch, OnEpoch, ignore_epoch, train_autoencoder
from rare_event.errors import DataError, NoEventError
from rare_event.text import plural

# A baseline's losses are the mean score of this many windows: enough for a figure to look at.
LOSS_WINDOWS = 2048


class Autoencoder:
    """A fitted Keras autoencoder as a detector; input and outputs have shape (batch, lookback, n_features).

    A model of several networks has an output for each; see `averages`.
    """

    FILE: ClassVar[str] = "model.keras"

    def __init__(self, model: Any) -> None:
        self.model = model
        self.networks = networks_of(model)
        # Each is compiled when it is first asked for; most models are asked for one.
        self._errors = cache(self._compiled)

    def __reduce__(self) -> tuple[Any, tuple[bytes]]:
        """Send only the model to another process, which compiles its own programs."""
        with TemporaryDirectory() as folder:
            self.save(Path(folder))
            return _received, ((Path(folder) / self.FILE).read_bytes(),)

    def sensor_errors(self, X: np.ndarray, ends: np.ndarray, steps: Steps) -> np.ndarray:
        """Return squared errors of each window; see `interface.SensorDetector`."""
        each = (errors(X, ends) for errors in self._errors(steps))
        total = sum(each, next(each))
        return total if len(self.networks) == 1 else total / np.float32(len(self.networks))

    def _compiled(self, steps: Steps) -> list[Callable[[np.ndarray, np.ndarray], np.ndarray]]:
        # Networks of equal architecture share one program.
        return [compile_errors(network, steps) for network in self.networks]

    def save(self, folder: Path) -> None:
        """Write `model.keras` into a folder."""
        self.model.save(folder / self.FILE)

    @classmethod
    def load(cls, folder: Path) -> Autoencoder:
        """Read what `save` wrote; nothing in the file is executed."""
        return cls(import_keras().models.load_model(folder / cls.FILE, compile=False, safe_mode=True))


def _received(content: bytes) -> Autoencoder:
    """Load a model that another process sent, after our layers are known to Keras."""
    with TemporaryDirectory() as folder:
        (Path(folder) / Autoencoder.FILE).write_bytes(content)
        return Autoencoder.load(Path(folder))


def build_network(config: DetectorConfig, n_features: int) -> Any:
    """Build the Keras model of a config, with seeded initial weights; of an average, its first network.

    Raises
    ------
    ValueError
        If the model is not a network.
    """
    if not isinstance(config.model, NetworkConfig):
        raise ValueError(f"{config.model.kind} is not a network")
    return build(config.model, config.lookback, n_features, config.training.batch_size, config.seed)


def fit_detector(
    config: DetectorConfig,
    X: np.ndarray,
    y: np.ndarray,
    train_ends: np.ndarray,
    validation_ends: np.ndarray,
    on_epoch: OnEpoch = ignore_epoch,
    ahead: np.ndarray | None = None,
    threads: int = 1,
) -> tuple[Detector, list[Epoch]]:
    """Fit a detector.

    Parameters
    ----------
    config
        Its settings.
    X
        float32, shape (n_rows, n_features).
    y
        Labels after the shift, shape (n_rows,): only a supervised model sees positive windows.
    train_ends, validation_ends
        Last rows of the windows of each part.
    on_epoch
        Called after every epoch.
    ahead
        Rows until the next event, for the hazard model; see `HazardDetector.fit`.
    threads
        Networks of an average that are trained at once.

    Returns
    -------
    tuple
        The detector, and the epochs of its training, one network after the other. A baseline has one epoch,
        so that pages can show and cancel it like a network; its losses are mean scores of normal windows.

    Raises
    ------
    DataError
        If there are too few normal or positive windows to learn from.
    ValueError
        If the model is a blend, which has several detectors.
    """
    normal_train, normal_validation = (ends[y[ends] == 0] for ends in (train_ends, validation_ends))
    if isinstance(config.model, NetworkConfig):
        return _fit_networks(config, X, normal_train, normal_validation, on_epoch, threads)
    began = perf_counter()
    supervised = isinstance(config.model, SupervisedConfig)
    fit = _fitting(config.model, ahead)
    _refuse_too_few(config.model.kind, len(train_ends), len(normal_train), supervised)
    # Folds run in parallel; several threads each would wait for one another (a fit of 2 s took 17 s).
    with threadpool_limits(1):
        detector = fit(config, X, y, train_ends if supervised else normal_train)
        loss, validation_loss = (
            _mean_score(detector, X, ends, config.score) for ends in (normal_train, normal_validation)
        )
    epoch = Epoch(1, loss, validation_loss, perf_counter() - began)
    on_epoch(epoch)
    return detector, [epoch]


def _fit_networks(
    config: DetectorConfig,
    X: np.ndarray,
    train_ends: np.ndarray,
    validation_ends: np.ndarray,
    on_epoch: OnEpoch,
    threads: int,
) -> tuple[Detector, list[Epoch]]:
    """Train the networks of a config, each as if it were alone, and join them."""
    seeds = config.seeds

    def fit(number: int, tell: OnEpoch) -> tuple[Any, list[Epoch]]:
        one = replace(config, seed=seeds[number])
        model = build_network(one, X.shape[1])
        history = train_autoencoder(model, X, train_ends, validation_ends, one.training, one.seed, tell)
        return model, [_of_network(number, len(seeds), epoch) for epoch in history]

    if len(seeds) == 1:
        fitted = [fit(0, on_epoch)]
    else:
        fitted = run_in_threads(fit, range(len(seeds)), threads, lambda *told: on_epoch(_of_network(*told)))
    return Autoencoder(joined([model for model, _ in fitted])), [
        epoch for _, history in fitted for epoch in history
    ]


def _of_network(number: int, networks: int, epoch: Epoch) -> Epoch:
    return replace(epoch, network=number + 1, networks=networks)


def _fitting(model: ModelConfig, ahead: np.ndarray | None) -> Callable[..., Detector]:
    """Return what fits a baseline; only a hazard model is told how far ahead events are."""
    fit: Callable[..., Detector] = detector_class(model).fit
    return partial(fit, ahead=ahead) if isinstance(model, HazardModel) else fit


def _refuse_too_few(kind: str, n_windows: int, n_normal: int, supervised: bool) -> None:
    """Refuse a training part that is too small for a baseline."""
    if n_normal < 2:
        raise DataError(
            f"The training part has {plural(n_normal, 'normal window')}, but this model ({MODELS[kind]}) "
            "needs at least 2. Use a shorter lookback, another split, or more data."
        )
    if supervised and n_windows == n_normal:
        raise NoEventError(
            f"The training part has {plural(n_windows, 'window')}, none of them positive, but this model "
            f"({MODELS[kind]}) learns from past events. Choose a split that trains on more of the past, a "
            "longer shift, or a model that needs no events."
        )


def _mean_score(detector: Detector, X: np.ndarray, ends: np.ndarray, config: Score) -> float:
    """Mean score of at most `LOSS_WINDOWS` evenly spaced windows; 0 if there are none."""
    chosen = thinned(ends, LOSS_WINDOWS)
    return float(score(detector, X, chosen, config).mean()) if len(chosen) else 0.0


def load_detector(model: ModelConfig, folder: Path) -> Detector:
    """Read the detector of a model from the folder that `save` wrote it into.

    Raises
    ------
    OSError, ValueError, KeyError, EOFError, BadZipFile
        If the file is missing, damaged, or holds another detector.
    """
    if isinstance(model, NetworkConfig):
        return Autoencoder.load(folder)
    return detector_class(model).load(folder)
