"""Split plans as scikit-learn's splitters: rows of the past against those that follow, or whole stretches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.model_selection import BaseCrossValidator
from sklearn.utils.validation import _num_samples

from rare_event.config import SplitPlan, TrainingWindow, require
from rare_event.config.base import whole
from rare_event.estimator.rows import Rows, as_value_errors, rows_of
from rare_event.prepare.split import Fold, purged, split


class _PlanSplit(BaseCrossValidator):  # type: ignore[misc, unused-ignore]
    """A split plan; training and validation part of its folds are one, which the estimator divides."""

    __metadata_request__split = {"groups": True}
    n_splits: int
    purge: int

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of folds; the data do not change it."""
        return self.n_splits

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield the training and test rows of each fold, rising.

        Raises
        ------
        ValueError
            If a setting is out of range, or there are too few rows or stretches for the folds.
        """
        with as_value_errors():
            require(
                whole(self.purge) and self.purge >= 0,
                f"purge is {self.purge!r}; choose a whole number of rows, 0 or more.",
            )
            plan = self._plan()
            n_rows = _num_samples(X)
            # The splits need no sensor, only which rows there are.
            rows = rows_of(np.zeros((n_rows, 1), np.float32), getattr(X, "index", None), y, groups)
            folds = self._folds(plan, rows)
        for fold in folds:
            rest = np.concatenate([fold.train, fold.validation])
            train = purged(rest, fold.test, rows.table.asset, n_rows, self.purge)
            with as_value_errors():
                require(
                    len(train) > 0,
                    f"No training rows are left after a purge of {self.purge:,} rows; choose a smaller one.",
                )
            yield np.sort(rows.order[train]), np.sort(rows.order[fold.test])

    def _plan(self) -> SplitPlan:
        raise NotImplementedError

    def _folds(self, plan: SplitPlan, rows: Rows) -> list[Fold]:
        raise NotImplementedError


class RollingOrigin(_PlanSplit):
    """Train on the past, test on the rows that follow, fold by fold: the judgement in the order of time.

    The rows must be in the order of time; with groups, the index of the frame may hold their times instead.
    The folds are those of the split plan ``rolling``, whose training and validation parts are one here.

    Parameters
    ----------
    n_splits
        Number of folds, equal in test rows.
    purge
        Rows removed from the end of the training rows, of each group by itself. Choose at least shift +
        lookback, of a search the largest: it keeps all candidates on the same rows.
    test_share
        Share of the rows, the last ones, that are tested on.
    window
        ``expanding``: train on all rows before. ``trailing``: on the latest ones, as many as in the first
        fold.

    Examples
    --------
    >>> for train, test in RollingOrigin(2, purge=1, test_share=0.5).split(np.zeros((12, 1))):
    ...     print(train, test)
    [0 1 2 3 4] [6 7 8]
    [0 1 2 3 4 5 6 7] [ 9 10 11]
    """

    def __init__(
        self,
        n_splits: int = 6,
        *,
        purge: int,
        test_share: float = 0.6,
        window: TrainingWindow = "expanding",
    ) -> None:
        self.n_splits = n_splits
        self.purge = purge
        self.test_share = test_share
        self.window = window

    def _plan(self) -> SplitPlan:
        return SplitPlan("rolling", folds=self.n_splits, test_share=self.test_share, window=self.window)

    def _folds(self, plan: SplitPlan, rows: Rows) -> list[Fold]:
        n_rows = len(rows.order)
        return split(plan, np.zeros(n_rows, np.int64), np.arange(n_rows), 0, rows.place, rows.table.asset)


class StretchSplit(_PlanSplit):
    """Test on whole stretches, train on all others, earlier and later ones: no order of time.

    Stretches end after the events of `y`, with a group, and where the index of the frame has a gap. The rows
    of a part are no longer neighbours in time: an estimator that looks back must be told, by the groups (see
    scikit-learn's metadata routing), or by a frame whose index has the times or the numbers of the rows.

    Parameters
    ----------
    n_splits
        Number of folds.
    purge
        Training rows removed within so many rows of a test row of their group. Whole stretches share no
        window, so 0 is enough unless the inputs already look back across stops.
    random_state
        Seed for drawing the stretches.

    Examples
    --------
    >>> stretch = np.repeat([1, 2, 3, 4], 2)
    >>> for train, test in StretchSplit(2, random_state=0).split(np.zeros((8, 1)), groups=stretch):
    ...     print(train, test)
    [0 1 2 3] [4 5 6 7]
    [4 5 6 7] [0 1 2 3]
    """

    def __init__(self, n_splits: int = 5, *, purge: int = 0, random_state: int = 123) -> None:
        self.n_splits = n_splits
        self.purge = purge
        self.random_state = random_state

    def _plan(self) -> SplitPlan:
        return SplitPlan("stretch", folds=self.n_splits, seed=self.random_state)

    def _folds(self, plan: SplitPlan, rows: Rows) -> list[Fold]:
        return split(plan, rows.table.stretch, np.arange(len(rows.order)), 0)
