"""Principal components of flattened windows: what they leave over, and how far out they are."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import ClassVar, Self, cast

import numpy as np

from rare_event.config import ExperimentConfig, PCAModel
from rare_event.detect.interface import Steps

# Windows whose products are summed at once.
CHUNK = 8192
# Of the largest variance: directions below vary by rounding only.
LEAST_VARIANCE = 1e-12


def flat_windows(X: np.ndarray, ends: np.ndarray, lookback: int) -> np.ndarray:
    """Copy windows out of the data, each flattened to (lookback * n_features,).

    Parameters
    ----------
    X
        Shape (n_rows, n_features).
    ends
        Last rows of the windows.
    lookback
        Rows in one window.
    """
    return X[ends[:, None] + np.arange(1 - lookback, 1)].reshape(len(ends), lookback * X.shape[1])


def principal_axes(
    X: np.ndarray, ends: np.ndarray, lookback: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find the principal components of windows, the one of largest variance first.

    The covariance is summed over chunks of windows, so memory does not grow with their number.

    Parameters
    ----------
    X
        float32, shape (n_rows, n_features).
    ends
        Last rows of the windows, at least one.
    lookback
        Rows in one window.

    Returns
    -------
    tuple
        With n_inputs = lookback * n_features: the mean, shape (n_inputs,); orthonormal rows, shape
        (n_inputs, n_inputs); the variance along each of them, shape (n_inputs,).
    """
    width = lookback * X.shape[1]
    total, product = np.zeros(width), np.zeros((width, width))
    for start in range(0, len(ends), CHUNK):
        windows = flat_windows(X, ends[start : start + CHUNK], lookback).astype(float)
        total += windows.sum(axis=0)
        product += windows.T @ windows
    mean = total / len(ends)
    variances, vectors = np.linalg.eigh(product / len(ends) - np.outer(mean, mean))
    return mean, vectors[:, ::-1].T, variances[::-1]


def kept_components(config: ExperimentConfig, n_inputs: int) -> int:
    """Count the components kept: those asked for, at most the number of inputs less one.

    Parameters
    ----------
    config
        Its model is of kind ``pca``.
    n_inputs
        lookback * n_features.
    """
    return min(cast(PCAModel, config.model).components, n_inputs - 1)


@dataclass(frozen=True)
class Axes:
    """Some principal components, as `save` writes them.

    Parameters
    ----------
    mean
        Shape (lookback * n_features,).
    components
        Orthonormal rows, shape (n_components, lookback * n_features).
    lookback
        Rows in one window.
    """

    mean: np.ndarray
    components: np.ndarray
    lookback: int
    FILE: ClassVar[str] = "pca.npz"

    def centred(self, X: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Return flattened windows less their mean, shape (n_windows, lookback * n_features).

        Parameters
        ----------
        X
            float32, shape (n_rows, n_features).
        ends
            Last rows of the windows.
        """
        return flat_windows(X, ends, self.lookback) - self.mean

    def save(self, folder: Path) -> None:
        """Write `pca.npz` into a folder."""
        np.savez(folder / self.FILE, **{field.name: getattr(self, field.name) for field in fields(self)})

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote.

        Parameters
        ----------
        folder
            Holds `pca.npz`.
        """
        with np.load(folder / cls.FILE, allow_pickle=False) as stored:
            arrays = {field.name: stored[field.name] for field in fields(cls)}
        return cls(**{**arrays, "lookback": int(arrays["lookback"])})


class PCADetector(Axes):
    """Reconstruction from principal components: the score is made of what they leave over."""

    @classmethod
    def fit(cls, config: ExperimentConfig, X: np.ndarray, y: np.ndarray, ends: np.ndarray) -> Self:
        """Fit on normal training windows.

        Parameters
        ----------
        config
            Its model tells the number of components.
        X
            float32, shape (n_rows, n_features).
        y
            Not used.
        ends
            Last rows of the normal training windows.
        """
        mean, components, _ = principal_axes(X, ends, config.lookback)
        kept = kept_components(config, len(mean))
        return cls(mean, components[:kept], config.lookback)

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
        centred = self.centred(X, ends)
        residual = centred - (centred @ self.components.T) @ self.components
        squared = np.square(residual).reshape(len(ends), self.lookback, X.shape[1])
        return squared[:, -1] if steps == "last" else squared.mean(axis=1)


class SquaresDetector(PCADetector):
    """No model: reconstruction from no component around 0, so that errors are the squared inputs."""

    @classmethod
    def fit(cls, config: ExperimentConfig, X: np.ndarray, y: np.ndarray, ends: np.ndarray) -> Self:
        """Take the shape of a window; nothing is learned.

        Parameters
        ----------
        config
            Its lookback is used.
        X
            float32, shape (n_rows, n_features).
        y, ends
            Not used.
        """
        width = config.lookback * X.shape[1]
        return cls(np.zeros(width), np.zeros((0, width)), config.lookback)


@dataclass(frozen=True)
class T2Detector(Axes):
    """Hotelling's T2 of the kept components (Jackson and Mudholkar 1979, Technometrics 21).

    Parameters
    ----------
    variances
        Along each component, above 0, shape (n_components,).
    """

    variances: np.ndarray

    @classmethod
    def fit(cls, config: ExperimentConfig, X: np.ndarray, y: np.ndarray, ends: np.ndarray) -> Self:
        """Fit on normal training windows; components along which nothing varies are left out.

        Parameters
        ----------
        config, X, y, ends
            As for `PCADetector.fit`.
        """
        mean, components, variances = principal_axes(X, ends, config.lookback)
        kept = kept_components(config, len(mean))
        kept = min(kept, int((variances > LEAST_VARIANCE * max(variances[0], 1.0)).sum()))
        return cls(mean, components[:kept], config.lookback, variances[:kept])

    def window_scores(self, X: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Return the squared distance along each component over its variance, summed; shape (n_windows,).

        Parameters
        ----------
        X
            float32, shape (n_rows, n_features).
        ends
            Last rows of the windows.
        """
        return np.square(self.centred(X, ends) @ self.components.T) @ (1 / self.variances)
