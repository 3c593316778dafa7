"""The methods of a fitted detector: sensor errors, or only scores."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal, Protocol, runtime_checkable

import numpy as np

Steps = Literal["last", "window"]


@runtime_checkable
class Reconstructor(Protocol):
    """A detector that reconstructs windows; the score is computed from each sensor's error.

    `FILE` is the name of the file `save` writes.

    Examples
    --------
    >>> from rare_event.detect.pca import SquaresDetector
    >>> detector = SquaresDetector(mean=np.zeros(2), components=np.zeros((0, 2)), lookback=1)
    >>> detector.sensor_errors(np.array([[1.0, 3.0]]), np.array([0]), steps="last")
    array([[1., 9.]])
    """

    FILE: ClassVar[str]

    def sensor_errors(self, X: np.ndarray, ends: np.ndarray, steps: Steps) -> np.ndarray:
        """Return squared errors of each window, shape (n_windows, n_features); see `scoring.score`.

        Parameters
        ----------
        X
            float32, shape (n_rows, n_features).
        ends
            Last rows of the windows.
        steps
            The error of the ``last`` row, or the mean over the ``window``.
        """
        ...

    def save(self, folder: Path) -> None:
        """Write the detector into an existing folder."""
        ...


class Scorer(Protocol):
    """A detector that scores windows without attributing the score to sensors.

    `FILE` is the name of the file `save` writes.
    """

    FILE: ClassVar[str]

    def window_scores(self, X: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Return scores, float64, shape (n_windows,): finite, 0 or more, higher = less normal."""
        ...

    def save(self, folder: Path) -> None:
        """Write the detector into an existing folder."""
        ...


Detector = Reconstructor | Scorer
