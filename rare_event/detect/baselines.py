"""Baselines behind the detector interface: what every network must beat."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from rare_event.config import PCAModel
from rare_event.errors import DataError

CHUNK = 8192


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


@dataclass(frozen=True)
class PCADetector:
    """Reconstruction from principal components of flattened windows.

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

    @classmethod
    def fit(cls, config: PCAModel, X: np.ndarray, train_ends: np.ndarray, lookback: int) -> PCADetector:
        """Fit on normal training windows.

        The covariance is summed over chunks of windows, so memory does not grow with their number.

        Parameters
        ----------
        config
            Number of components.
        X
            float32, shape (n_rows, n_features).
        train_ends
            Last rows of the normal training windows.
        lookback
            Rows in one window.

        Raises
        ------
        DataError
            If there are fewer than two windows.
        """
        if len(train_ends) < 2:
            raise DataError(
                f"{len(train_ends)} normal training windows: PCA needs at least 2. Use more data."
            )
        width = lookback * X.shape[1]
        total, product = np.zeros(width), np.zeros((width, width))
        for start in range(0, len(train_ends), CHUNK):
            windows = flat_windows(X, train_ends[start : start + CHUNK], lookback).astype(float)
            total += windows.sum(axis=0)
            product += windows.T @ windows
        mean = total / len(train_ends)
        covariance = product / len(train_ends) - np.outer(mean, mean)
        kept = min(config.components, width - 1)
        _, vectors = np.linalg.eigh(covariance)
        return cls(mean, vectors[:, ::-1][:, :kept].T, lookback)

    def sensor_errors(self, X: np.ndarray, ends: np.ndarray, steps: Literal["last", "window"]) -> np.ndarray:
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
        centred = flat_windows(X, ends, self.lookback) - self.mean
        residual = centred - (centred @ self.components.T) @ self.components
        squared = np.square(residual).reshape(len(ends), self.lookback, X.shape[1])
        return squared[:, -1] if steps == "last" else squared.mean(axis=1)

    def save(self, folder: Path) -> None:
        """Write `pca.npz` into a folder.

        Parameters
        ----------
        folder
            An existing folder.
        """
        np.savez(folder / self.FILE, mean=self.mean, components=self.components, lookback=self.lookback)

    @classmethod
    def load(cls, folder: Path) -> PCADetector:
        """Read what `save` wrote.

        Parameters
        ----------
        folder
            Holds `pca.npz`.
        """
        with np.load(folder / cls.FILE, allow_pickle=False) as stored:
            return cls(stored["mean"], stored["components"], int(stored["lookback"]))
