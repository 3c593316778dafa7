"""Settings of how a table becomes windows: the split and the representation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from rare_event.config.base import Settings, require, typed
from rare_event.config.labels import SPLITS
from rare_event.errors import ConfigError

SplitKind = Literal["random", "shuffled", "stretch", "chronological", "rolling", "asset"]
RepresentationKind = Literal["level", "difference", "deviation", "forecast", "movement", "combined"]
TrainingWindow = Literal["expanding", "trailing"]
ScalerKind = Literal["standard", "robust"]


@dataclass(frozen=True)
class SplitPlan(Settings):
    """How rows are divided into training, validation and test parts.

    Parameters
    ----------
    kind
        ``rolling``: each fold, one round of training and testing, trains on the past and tests on the
        rows that follow. ``chronological``: the first 64% of the rows for training, the next 16% for
        validation, the last 20% for testing. ``stretch``: each fold tests on whole stretches that were
        not in its training data. ``asset``: each fold tests on one machine and trains on the others;
        the latest 20% of their rows are for validation. The training rows include rows of other machines
        from the times of the test rows. ``random``: rows are drawn at random, as in the articles: 64% for
        training, 16% for validation, 20% for testing. ``shuffled``: rows are assigned to folds at random,
        and each row is tested once. Both random splits are too optimistic: rows next to each test row are
        in the training data.
    folds
        Number of folds (rounds of training and testing) for ``shuffled``, ``stretch`` and ``rolling``.
        ``asset`` always uses one fold for each machine; the other splits use a single fold.
    test_share
        Share of the rows, at the end of the file, that ``rolling`` tests on.
    seed
        Random seed for ``random``, ``shuffled`` and ``stretch``; the articles use 123.
    window
        Which rows each fold of ``rolling`` trains on. ``expanding``: all rows before its validation rows.
        ``trailing``: only the latest of these, as many as the first fold trains on.
    train_from, train_until
        Times of the file, such as 2024-05-01 06:00, for ``chronological`` only. Rows before the first are
        not used; rows from the second on are for validation and testing, in the ratio 16 to 20.
        Empty (None): no limit.

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
    train_from: str | None = None
    train_until: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.seed >= 0, f"The seed of the split is {self.seed}; choose 0 or more.")
        require(2 <= self.folds <= 50, f"folds is {self.folds}; choose 2 to 50.")
        require(
            0 < self.test_share < 1,
            f"test_share is {typed(self.test_share)}; choose a share above 0, below 1.",
        )
        for name in ("train_from", "train_until"):
            text = getattr(self, name)
            plain = None if text is None else plain_time(text)
            require(text == plain, f"{name} is {text!r}; write it as {plain}.")
        require(
            self.train_from is None or self.train_until is None or self.train_from < self.train_until,
            f"train_from is {self.train_from}, which is not before train_until, {self.train_until}; choose "
            "an earlier time.",
        )

    @property
    def optimistic(self) -> bool:
        """Whether rows next to test rows are in the training data."""
        return self.kind in ("random", "shuffled")

    @property
    def dates(self) -> tuple[tuple[Literal["from", "until"], str], ...]:
        """The limits of the training rows, where they have any."""
        if self.kind != "chronological":
            return ()
        limits: tuple[tuple[Literal["from", "until"], str | None], ...]
        limits = ("from", self.train_from), ("until", self.train_until)
        return tuple((word, time) for word, time in limits if time)

    def in_words(self) -> str:
        """Name the split, and mark one whose figures are too optimistic."""
        if self.kind == "asset":
            return f"{SPLITS[self.kind]}: data of other machines from the same hours are in the training data"
        if self.dates:
            return ", ".join([SPLITS[self.kind], *(f"trained {word} {time}" for word, time in self.dates)])
        return SPLITS[self.kind] + (": optimistic" if self.optimistic else "")


def plain_time(text: str) -> str:
    """Write a time as settings hold it, in UTC if it names a zone: such texts compare like times.

    Raises
    ------
    ConfigError
        If it is no time.

    Examples
    --------
    >>> plain_time("2024-05-01T06:00:00"), plain_time("2024-05-01"), plain_time("2024-05-01 06:00:30")
    ('2024-05-01 06:00', '2024-05-01 00:00', '2024-05-01 06:00:30')
    """
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(
            f"{text!r} cannot be read as a time. Write a time like 2024-05-01 06:00."
        ) from error
    time = time if time.tzinfo is None else time.astimezone(UTC)
    return f"{time:%Y-%m-%d %H:%M:%S}".removesuffix(":00")


@dataclass(frozen=True)
class Representation(Settings):
    """How sensors enter the model.

    Parameters
    ----------
    kind
        ``level``: the values as they are. ``difference``: change since the row before (or since an
        earlier row, see “Lag”); near the start of a stretch, change since its first row. ``deviation``:
        value minus the mean of the last 30 rows of the stretch, this one included (for another number see
        “Trailing mean”). ``forecast``: change minus its forecast from the previous five changes and the
        previous deviation. ``movement``: mean absolute change over the last 1, 5 and 15 rows.
        ``combined``: value, change and absolute change.
    scaler
        ``standard``: values minus their mean, divided by their standard deviation. ``robust``: values
        minus their median, divided by the range from their 5% to their 95% quantile. Both are fitted on
        normal training rows only.
    clip
        Scaled values are clipped to plus or minus this value. Empty (None): no clipping.
    trailing
        Number of rows in the trailing mean of ``deviation`` and ``forecast``.
    lag
        For ``difference``: subtract the value this many rows earlier. 1 is the previous row.
    one_hot
        Also use categories as inputs: one 0/1 column for each value in the training data.
    per_asset
        Scale each machine by its own normal training rows. A machine with fewer than 20 of them uses the
        scale of all training machines.

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
    per_asset: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        require(
            self.clip is None or self.clip > 0,
            f"clip is {self.clip}; choose a positive number, or leave it empty.",
        )
        require(self.trailing >= 2, f"trailing is {self.trailing}; choose 2 rows or more.")
        require(self.lag >= 1, f"lag is {self.lag}; choose 1 row or more.")
