"""Settings of the training of a network, and of the score made from its errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rare_event.config.base import Settings, require, typed


@dataclass(frozen=True)
class Training(Settings):
    """How a network is fitted.

    Parameters
    ----------
    epochs
        Maximum number of passes through the normal training windows.
    batch_size
        Number of normal windows in each step of the optimiser.
    learning_rate
        Step size of the Adam optimiser.
    patience
        Training stops after this many epochs without a lower validation loss. Empty (None): all epochs
        are run.
    keep
        Weights to keep: those with the ``best`` validation loss, or the ``last``.
    networks
        Networks that are trained alike, the first from the run's seed and each next one from the next seed.
        The error of a window is the mean of theirs (Lakshminarayanan and others 2017), so less of it is
        chance. Training, scoring and explaining take up to as many times as long. Two averages whose seeds
        lie closer than this number share networks.
    """

    epochs: int = 100
    batch_size: int = 128
    learning_rate: float = 1e-3
    patience: int | None = 5
    keep: Literal["best", "last"] = "best"
    networks: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        require(1 <= self.epochs <= 100_000, f"epochs is {self.epochs}; choose 1 to 100,000.")
        require(1 <= self.batch_size <= 65_536, f"batch_size is {self.batch_size}; choose 1 to 65,536.")
        require(
            0 < self.learning_rate <= 1,
            f"learning_rate is {typed(self.learning_rate)}; choose a number above 0, at most 1.",
        )
        require(
            self.patience is None or self.patience >= 1, f"patience is {self.patience}; choose 1 or more."
        )
        require(1 <= self.networks <= 20, f"networks is {self.networks}; choose 1 to 20.")


@dataclass(frozen=True)
class Score(Settings):
    """How the errors of a window become its score.

    Parameters
    ----------
    steps
        The score is the error of the ``last`` row of the window, or the mean error of all rows of the
        ``window``.
    top_k
        The score is the mean of this many of the largest sensor errors. Empty (None): of all errors.
    """

    steps: Literal["last", "window"] = "last"
    top_k: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.top_k is None or self.top_k >= 1, f"top_k is {self.top_k}; choose 1 or more.")
