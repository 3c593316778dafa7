"""What a detector offers once it is fitted: sensor errors, or scores alone."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal, Protocol, runtime_checkable

import numpy as np

Steps = Literal["last", "window"]


@runtime_checkable
class Reconstructor(Protocol):
    """A detector that reproduces windows: the score is made of its errors, sensor by sensor.

    `FILE` is the name of what `save` writes.
    """

    FILE: ClassVar[str]

    def sensor_errors(self, X: np.ndarray, ends: np.ndarray, steps: Steps) -> np.ndarray:
        """Return squared errors, shape (n_windows, n_features); see `scoring.score`."""
        ...

    def save(self, folder: Path) -> None:
        """Write the detector into an existing folder."""
        ...


class Scorer(Protocol):
    """A detector that scores windows and cannot tell which sensors made the score.

    `FILE` is the name of what `save` writes.
    """

    FILE: ClassVar[str]

    def window_scores(self, X: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Return scores, float64, shape (n_windows,): finite, 0 or more, higher = less normal."""
        ...

    def save(self, folder: Path) -> None:
        """Write the detector into an existing folder."""
        ...


Detector = Reconstructor | Scorer
