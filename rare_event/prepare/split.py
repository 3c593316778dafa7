"""Splits: folds of training, validation and test rows."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from sklearn.model_selection import GroupKFold, GroupShuffleSplit, KFold, train_test_split

from rare_event.config import SplitPlan
from rare_event.config.labels import SPLITS
from rare_event.errors import DataError

# Share of the rows for testing, and of the others for validation, as in the articles.
HOLD_OUT = 0.2
# Share of the past for validation in a rolling split: its last rows.
ROLLING_VALIDATION = 0.15


@dataclass(frozen=True)
class Fold:
    """Row positions of the three parts, each rising except in a random or shuffled split."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def split(plan: SplitPlan, stretch: np.ndarray, ends: np.ndarray, purge: int) -> list[Fold]:
    """Divide the rows into folds.

    Parameters
    ----------
    plan
        The settings of the split.
    stretch
        Stretch id of each row, shape (n_rows,).
    ends
        Last rows of the windows, from which random and shuffled splits draw.
    purge
        Rows removed from the end of a part that another part follows in time (lookback + shift), so
        that no window or label is in both. Test rows are never removed: they are the same for every
        lookback.

    Raises
    ------
    DataError
        If a part would be empty.
    """
    n_rows = len(stretch)
    plans = {
        "random": lambda: _random(plan, ends),
        "shuffled": lambda: _shuffled(plan, ends),
        "stretch": lambda: _by_stretch(plan, stretch),
        "chronological": lambda: _chronological(n_rows, purge),
        "rolling": lambda: _rolling(plan, n_rows, purge),
    }
    folds = plans[plan.kind]()
    for number, fold in enumerate(folds, 1):
        for part in ("train", "validation", "test"):
            if not len(getattr(fold, part)):
                raise DataError(
                    f"The {SPLITS[plan.kind]} leaves no rows for the {part} part of fold {number} of "
                    f"{len(folds)}: {n_rows:,} rows are too few. Use fewer folds, a shorter lookback or "
                    "shift, or more data."
                )
    return folds


def _random(plan: SplitPlan, ends: np.ndarray) -> list[Fold]:
    if len(ends) < 5:
        raise DataError(f"Only {len(ends)} windows are available: too few for a random split. Use more data.")
    rest, test = train_test_split(ends, test_size=HOLD_OUT, random_state=plan.seed)
    return [_nested(rest, test, plan.seed)]


def _shuffled(plan: SplitPlan, ends: np.ndarray) -> list[Fold]:
    if len(ends) < max(4, plan.folds):
        raise DataError(
            f"Only {len(ends)} windows are available: too few to split at random into {plan.folds} "
            "folds. Use fewer folds, or more data."
        )
    folds = KFold(plan.folds, shuffle=True, random_state=plan.seed).split(ends)
    return [_nested(ends[rest], ends[test], plan.seed) for rest, test in folds]


def _nested(rest: np.ndarray, test: np.ndarray, seed: int) -> Fold:
    train, validation = train_test_split(rest, test_size=HOLD_OUT, random_state=seed)
    return Fold(train, validation, test)


def _by_stretch(plan: SplitPlan, stretch: np.ndarray) -> list[Fold]:
    n_stretches = len(np.unique(stretch))
    if n_stretches < plan.folds + 1:
        raise DataError(
            f"The table has {n_stretches} stretches, too few to hold out {plan.folds} groups of them. "
            f"Use fewer folds, or a split by time."
        )
    rows = np.arange(len(stretch))
    folds = []
    for rest, test in GroupKFold(plan.folds, shuffle=True, random_state=plan.seed).split(
        rows, groups=stretch
    ):
        inner = GroupShuffleSplit(1, test_size=HOLD_OUT, random_state=plan.seed)
        train, validation = next(inner.split(rest, groups=stretch[rest]))
        folds.append(Fold(rest[train], rest[validation], test))
    return folds


def _in_time(n_rows: int, train_end: int, validation_end: int, test_end: int, purge: int) -> Fold:
    rows = np.arange(n_rows)
    return Fold(
        rows[: max(0, train_end - purge)],
        rows[train_end : max(train_end, validation_end - purge)],
        rows[validation_end:test_end],
    )


def _chronological(n_rows: int, purge: int) -> list[Fold]:
    validation_end = round(n_rows * (1 - HOLD_OUT))
    train_end = round(n_rows * (1 - HOLD_OUT) ** 2)
    return [_in_time(n_rows, train_end, validation_end, n_rows, purge)]


def _rolling(plan: SplitPlan, n_rows: int, purge: int) -> list[Fold]:
    bounds = np.linspace(n_rows * (1 - plan.test_share), n_rows, plan.folds + 1).round().astype(int)
    folds = [
        _in_time(n_rows, round(start * (1 - ROLLING_VALIDATION)), int(start), int(end), purge)
        for start, end in zip(bounds[:-1], bounds[1:], strict=True)
    ]
    if plan.window == "expanding":
        return folds
    # Each fold has as long a past as the first: older rows are left out of training.
    return [
        replace(fold, train=fold.train[fold.train >= start - bounds[0]])
        for fold, start in zip(folds, bounds, strict=False)
    ]
