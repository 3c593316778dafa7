"""Settings of how a table becomes windows: the split and the representation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rare_event.config.base import Settings, require
from rare_event.config.labels import SPLITS

SplitKind = Literal["random", "shuffled", "stretch", "chronological", "rolling"]
RepresentationKind = Literal["level", "difference", "deviation", "forecast", "movement", "combined"]
TrainingWindow = Literal["expanding", "trailing"]
ScalerKind = Literal["standard", "robust"]


@dataclass(frozen=True)
class SplitPlan(Settings):
    """How rows are divided into training, validation and test parts.

    Parameters
    ----------
    kind
        ``random``: single rows, nested 80/20, as the articles; optimistic, since rows
        next to each test row are in the training data. ``shuffled``: the same, but each row is tested
        once, in one of `folds` folds.
        ``stretch``: whole stretches held out. ``chronological``: 64/16/20 in time. ``rolling``:
        rolling origin over the end of the file.
    folds
        Number of folds for ``shuffled``, ``stretch`` and ``rolling``; the other splits have one.
    test_share
        Share of the rows, at the end of the file, that ``rolling`` tests on.
    seed
        Seed of the random draw, for ``random``, ``shuffled`` and ``stretch``; 123 is the articles'.
    window
        Training data of a fold of ``rolling``. ``expanding``: all rows before it. ``trailing``: only the
        latest rows before it, as many as the first fold has, so that old rows drop out.

    Examples
    --------
    >>> SplitPlan("rolling", folds=4).optimistic
    False
    >>> SplitPlan("random").optimistic
    True
    """

    kind: SplitKind = "chronological"
    folds: int = 6
    test_share: float = 0.6
    seed: int = 123
    window: TrainingWindow = "expanding"

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.seed >= 0, f"The seed of the split is {self.seed}; choose 0 or more.")
        require(2 <= self.folds <= 50, f"folds is {self.folds}; choose 2 to 50.")
        require(0 < self.test_share < 1, f"test_share is {self.test_share}; choose between 0 and 1.")

    @property
    def optimistic(self) -> bool:
        """Whether rows next to test rows are in the training data."""
        return self.kind in ("random", "shuffled")

    def in_words(self) -> str:
        """Name the split for people, and mark one whose figures are too optimistic."""
        return SPLITS[self.kind] + (": optimistic" if self.optimistic else "")


@dataclass(frozen=True)
class Representation(Settings):
    """How sensors enter the model.

    Parameters
    ----------
    kind
        ``level``: the values as they are. ``difference``: change since `lag` rows before, or since the
        first row of a younger stretch. ``deviation``: value less the mean of the last `trailing` rows of
        the same stretch, the row itself included. ``forecast``: change less its forecast from the
        five changes and the deviation before it. ``movement``: mean absolute change over the last
        1, 5 and 15 rows. ``combined``: level, change and absolute change together.
    scaler
        ``standard``: mean and standard deviation. ``robust``: median and 5-95 % range. Both are
        fitted on normal training rows only.
    clip
        Largest absolute scaled value; larger ones are clipped to it. None clips nothing.
    trailing
        Rows in the trailing mean of ``deviation`` and ``forecast``.
    lag
        Lag of the difference, in rows.
    one_hot
        Whether categories are inputs too: one 0/1 column for each grade in the training data.

    Examples
    --------
    >>> Representation("deviation", trailing=60).scaler
    'robust'
    """

    kind: RepresentationKind = "difference"
    scaler: ScalerKind = "robust"
    clip: float | None = 5.0
    trailing: int = 30
    lag: int = 1
    one_hot: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.clip is None or self.clip > 0, f"clip is {self.clip}; choose a positive number or none.")
        require(self.trailing >= 2, f"trailing is {self.trailing}; a trailing mean needs at least 2 rows.")
        require(self.lag >= 1, f"lag is {self.lag}; choose 1 row or more.")
