"""The base of detectors that use a scikit-learn estimator on the last row of a window."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from threadpoolctl import threadpool_limits

from rare_event.batches import in_batches
from rare_event.config import DetectorConfig
from rare_event.detect.saving import load_estimator, save_estimator

# Of rows without an event after them.
NO_EVENT_AHEAD = np.iinfo(np.int64).max


@dataclass(frozen=True, eq=False)
class RowDetector(ABC):
    """A fitted scikit-learn estimator that scores rows.

    It uses only the last row of a window; the representation holds what came before.
    """

    estimator: Any
    FILE: ClassVar[str] = "model.skops"
    # Trees compare one value at a time: their scores do not depend on the rows scored with them.
    BATCHES: ClassVar[bool] = True
    ESTIMATOR: ClassVar[type]

    @staticmethod
    @abstractmethod
    def fit_rows(model: Any, rows: np.ndarray, y: np.ndarray, seed: int) -> Any:
        """Return a fitted estimator.

        Parameters
        ----------
        model
            The settings.
        rows
            Training rows, float32, shape (n_rows, n_features): all if the model learns from labels,
            else the normal ones.
        y
            Their labels, shape (n_rows,).
        seed
            Seeds every random step.
        """

    @abstractmethod
    def score_rows(self, rows: np.ndarray) -> np.ndarray:
        """Return scores of one or more rows, shape (n_rows,): finite, 0 or more, higher = less normal."""

    @classmethod
    def fit(cls, config: DetectorConfig, X: np.ndarray, y: np.ndarray, ends: np.ndarray) -> Self:
        """Fit on the last rows of training windows.

        Parameters
        ----------
        config
            Its model and seed are used.
        X
            float32, shape (n_rows, n_features).
        y
            Labels after the shift, shape (n_rows,).
        ends
            Last rows of the training windows: all if the model learns from labels, else the normal
            ones.
        """
        return cls(cls.fit_rows(config.model, X[ends], y[ends], config.seed))

    def window_scores(self, X: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Return the scores of windows, float64, shape (n_windows,)."""
        if not len(ends):
            return np.empty(0)
        if self.BATCHES:
            return in_batches(lambda some: np.asarray(self.score_rows(X[some]), dtype=float), ends)
        with threadpool_limits(1):
            return np.asarray(self.score_rows(X[ends]), dtype=float)

    def save(self, folder: Path) -> None:
        """Write `model.skops` into a folder."""
        save_estimator(self.estimator, folder / self.FILE)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote; nothing in the file is executed.

        Raises
        ------
        OSError
            If there is no such file.
        ValueError
            If it is damaged or holds another model.
        """
        return cls(load_estimator(folder / cls.FILE, cls.ESTIMATOR))


def thinned(values: np.ndarray, most: int) -> np.ndarray:
    """Keep at most `most` rows of an array, evenly spaced.

    Examples
    --------
    >>> thinned(np.arange(10), most=4)
    array([0, 3, 6, 9])
    """
    if len(values) <= most:
        return values
    thin: np.ndarray = values[np.linspace(0, len(values) - 1, most).round().astype(int)]
    return thin


def rows_ahead(y: np.ndarray) -> np.ndarray:
    """Count the rows until the event from the labels: 1 in the last of a run of positive rows.

    Examples
    --------
    >>> ahead = rows_ahead(np.array([0, 1, 1, 0]))
    >>> ahead[1:3].tolist(), bool(ahead[0] == ahead[3] == NO_EVENT_AHEAD)
    ([2, 1], True)
    """
    position = np.arange(len(y))
    ends = np.flatnonzero(np.diff(np.append(y == 1, False).astype(int)) < 0)
    ahead = np.full(len(y), NO_EVENT_AHEAD)
    positive = position[y == 1]
    ahead[positive] = ends[np.searchsorted(ends, positive)] - positive + 1
    return ahead
