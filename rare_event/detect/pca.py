"""Principal components of flattened windows: their residuals, and Hotelling's T2."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import ClassVar, Self, cast

import numpy as np

from rare_event.batches import in_batches
from rare_event.config import DetectorConfig, PCAModel
from rare_event.detect.interface import Steps

# Windows per partial sum of the covariance.
CHUNK = 8192
# Share of the largest variance; directions below it vary only by rounding.
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
    """Find the principal components of windows, largest variance first.

    Memory does not grow with the number of windows, because the covariance is summed in chunks.

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


def kept_components(config: DetectorConfig, n_inputs: int) -> int:
    """Return the number of components of a PCA config, at most the number of inputs less one."""
    return min(cast(PCAModel, config.model).components, n_inputs - 1)


@dataclass(frozen=True)
class Axes:
    """Fitted principal components, written and read as `pca.npz`.

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
        """Return flattened windows less the mean, shape (n_windows, lookback * n_features)."""
        centred: np.ndarray = flat_windows(X, ends, self.lookback) - self.mean
        return centred

    def save(self, folder: Path) -> None:
        """Write `pca.npz` into a folder."""
        np.savez(folder / self.FILE, **{field.name: getattr(self, field.name) for field in fields(self)})

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        with np.load(folder / cls.FILE, allow_pickle=False) as stored:
            arrays = {field.name: stored[field.name] for field in fields(cls)}
        return cls(**{**arrays, "lookback": int(arrays["lookback"])})


class PCADetector(Axes):
    """Reconstruction from principal components; the errors are the squared residuals."""

    @classmethod
    def fit(cls, config: DetectorConfig, X: np.ndarray, y: np.ndarray, ends: np.ndarray) -> Self:
        """Fit on the normal training windows that end in the rows `ends`; `y` is not used."""
        mean, components, _ = principal_axes(X, ends, config.lookback)
        kept = kept_components(config, len(mean))
        return cls(mean, components[:kept], config.lookback)

    def sensor_errors(self, X: np.ndarray, ends: np.ndarray, steps: Steps) -> np.ndarray:
        """Return squared errors of each window; see `interface.SensorDetector`."""

        def errors(some: np.ndarray) -> np.ndarray:
            centred = self.centred(X, some)
            residual = centred - (centred @ self.components.T) @ self.components
            squared = np.square(residual).reshape(len(some), self.lookback, X.shape[1])
            of_windows: np.ndarray = squared[:, -1] if steps == "last" else squared.mean(axis=1)
            return of_windows

        return in_batches(errors, ends)


class SquaresDetector(PCADetector):
    """No model: the errors are the squared inputs."""

    @classmethod
    def fit(cls, config: DetectorConfig, X: np.ndarray, y: np.ndarray, ends: np.ndarray) -> Self:
        """Keep the shape of a window; nothing is learned."""
        width = config.lookback * X.shape[1]
        return cls(np.zeros(width), np.zeros((0, width)), config.lookback)


@dataclass(frozen=True)
class T2Detector(Axes):
    """Hotelling's T2 of the kept components (Jackson and Mudholkar 1979, Technometrics 21).

    Parameters
    ----------
    variances
        Variance along each component, above 0, shape (n_components,).
    """

    variances: np.ndarray

    @classmethod
    def fit(cls, config: DetectorConfig, X: np.ndarray, y: np.ndarray, ends: np.ndarray) -> Self:
        """Fit as `PCADetector.fit` does, without components along which nothing varies."""
        mean, components, variances = principal_axes(X, ends, config.lookback)
        kept = kept_components(config, len(mean))
        kept = min(kept, int((variances > LEAST_VARIANCE * max(variances[0], 1.0)).sum()))
        return cls(mean, components[:kept], config.lookback, variances[:kept])

    def window_scores(self, X: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Return the sum of squared distances along the components, each over its variance; (n_windows,)."""

        def distances(some: np.ndarray) -> np.ndarray:
            of_windows: np.ndarray = np.square(self.centred(X, some) @ self.components.T) @ (
                1 / self.variances
            )
            return of_windows

        return in_batches(distances, ends)
