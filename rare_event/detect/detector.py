"""Detectors: fitted on normal windows, they tell how badly each sensor of a window is reproduced."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Any, ClassVar, Literal, Protocol

import numpy as np

from rare_event.config import ExperimentConfig, NetworkConfig, PCAModel
from rare_event.detect.baselines import CHUNK, PCADetector
from rare_event.detect.models import build, import_keras
from rare_event.detect.training import Epoch, OnEpoch, compile_errors, ignore_epoch, train_autoencoder

Steps = Literal["last", "window"]


class Detector(Protocol):
    """What every model offers once it is fitted; `FILE` is what `save` writes."""

    FILE: ClassVar[str]

    def sensor_errors(self, X: np.ndarray, ends: np.ndarray, steps: Steps) -> np.ndarray:
        """Return squared errors, shape (n_windows, n_features); see `scoring.score`."""
        ...

    def save(self, folder: Path) -> None:
        """Write the detector into an existing folder."""
        ...


class Autoencoder:
    """A Keras autoencoder as a detector.

    Parameters
    ----------
    model
        Fitted; input and output of shape (batch, lookback, n_features).
    """

    FILE: ClassVar[str] = "model.keras"

    def __init__(self, model: Any) -> None:
        self.model = model
        self._errors = {steps: compile_errors(model, steps) for steps in ("last", "window")}

    def sensor_errors(self, X: np.ndarray, ends: np.ndarray, steps: Steps) -> np.ndarray:
        """Return squared errors of each window, shape (n_windows, n_features).

        Parameters
        ----------
        X
            float32, shape (n_rows, n_features).
        ends
            Last rows of the windows.
        steps
            Of the ``last`` row, or the mean over the ``window``.
        """
        return self._errors[steps](X, ends)

    def save(self, folder: Path) -> None:
        """Write `model.keras` into a folder.

        Parameters
        ----------
        folder
            An existing folder.
        """
        self.model.save(folder / self.FILE)

    @classmethod
    def load(cls, folder: Path) -> Autoencoder:
        """Read what `save` wrote; nothing in the file is executed.

        Parameters
        ----------
        folder
            Holds `model.keras`.
        """
        return cls(import_keras().models.load_model(folder / cls.FILE, compile=False, safe_mode=True))


def build_network(config: ExperimentConfig, n_features: int) -> Any:
    """Build the Keras model a config names, with seeded initial weights.

    Parameters
    ----------
    config
        Its model, lookback, batch size and seed are used.
    n_features
        Inputs of one row.

    Raises
    ------
    ValueError
        If the config's model is no network.
    """
    if not isinstance(config.model, NetworkConfig):
        raise ValueError(f"{config.model.kind} is not a network")
    return build(config.model, config.lookback, n_features, config.training.batch_size, config.seed)


def fit_detector(
    config: ExperimentConfig,
    X: np.ndarray,
    y: np.ndarray,
    train_ends: np.ndarray,
    validation_ends: np.ndarray,
    on_epoch: OnEpoch = ignore_epoch,
) -> tuple[Detector, list[Epoch]]:
    """Fit the detector a config names.

    Parameters
    ----------
    config
        Its model, lookback, training and seed are used.
    X
        float32, shape (n_rows, n_features).
    y
        Labels after the shift, shape (n_rows,): only what is supervised sees positive windows.
    train_ends, validation_ends
        Last rows of the windows of either part.
    on_epoch
        Told of every epoch of a network.

    Returns
    -------
    tuple
        The detector, and the epochs of its training (one for PCA).
    """
    train_ends, validation_ends = (ends[y[ends] == 0] for ends in (train_ends, validation_ends))
    if isinstance(config.model, PCAModel):
        return _fit_pca(config.model, config.lookback, X, train_ends, validation_ends, on_epoch)
    model = build_network(config, X.shape[1])
    history = train_autoencoder(model, X, train_ends, validation_ends, config.training, config.seed, on_epoch)
    return Autoencoder(model), history


def _fit_pca(
    config: PCAModel,
    lookback: int,
    X: np.ndarray,
    train_ends: np.ndarray,
    validation_ends: np.ndarray,
    on_epoch: OnEpoch,
) -> tuple[Detector, list[Epoch]]:
    """Fit PCA and report it as a training of one epoch, so that it is watched and cancelled alike."""
    began = perf_counter()
    detector = PCADetector.fit(config, X, train_ends, lookback)
    loss, validation_loss = (_mean_error(detector, X, ends) for ends in (train_ends, validation_ends))
    epoch = Epoch(1, loss, validation_loss, perf_counter() - began)
    on_epoch(epoch)
    return detector, [epoch]


def _mean_error(detector: PCADetector, X: np.ndarray, ends: np.ndarray) -> float:
    """Mean squared error over windows, a bounded number of them at once; 0 of none."""
    total = sum(
        float(detector.sensor_errors(X, ends[start : start + CHUNK], "window").sum())
        for start in range(0, len(ends), CHUNK)
    )
    return total / max(len(ends) * X.shape[1], 1)


def load_detector(config: ExperimentConfig, folder: Path) -> Detector:
    """Read the detector of a config from a folder that `Detector.save` wrote.

    Parameters
    ----------
    config
        Tells which detector the folder holds.
    folder
        The folder.
    """
    return PCADetector.load(folder) if isinstance(config.model, PCAModel) else Autoencoder.load(folder)
