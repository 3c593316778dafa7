"""Standing: the rows of a leaderboard, ranked and grouped by what the data can distinguish."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from rare_event.config import SplitKind
from rare_event.judge.comparison import groups
from rare_event.judge.judgement import Judgement

Kind = Literal["run", "baseline", "supervised", "trivial"]


@dataclass(frozen=True)
class Row:
    """A model on a leaderboard.

    Parameters
    ----------
    judgement
        Its figures.
    name
        As shown; unique on a leaderboard.
    kind
        ``trivial`` rows need no model.
    run, split, train_seconds, looks
        Its run, the run's split, the seconds of its training and the looks at its test data; empty or
        None in trivial rows.
    group
        From 1; the models of one group are statistically tied.
    """

    judgement: Judgement
    name: str
    kind: Kind
    run: str = ""
    split: SplitKind | None = None
    train_seconds: float | None = None
    looks: int | None = None
    group: int = 0


def rank(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Sort rows by the mean fold AUC, the best first, and number their groups."""
    ordered = sorted(rows, key=lambda row: -_auc(row))
    draws = [row.judgement.auc_draws for row in ordered]
    resamples = max(map(len, draws), default=0) or 1
    # Missing draws, or a different number of them, show no difference.
    paired = np.array([each if len(each) == resamples else np.full(resamples, np.nan) for each in draws])
    ranked = sum(row.judgement.mean_fold_auc is not None for row in ordered)
    group = groups(paired[:ranked]) if ranked else np.empty(0, int)
    # A model without an AUC is in a group of its own.
    alone = group.max(initial=0) + 1 + np.arange(len(ordered) - ranked)
    numbers = np.append(group, alone).astype(int).tolist()
    return tuple(replace(row, group=number) for row, number in zip(ordered, numbers, strict=True))


def _auc(row: Row) -> float:
    auc = row.judgement.mean_fold_auc
    return -np.inf if auc is None else auc
