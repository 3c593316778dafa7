"""A small table for what need not be realistic, and short recipes."""

from collections.abc import Mapping
from dataclasses import replace
from typing import get_args

import numpy as np
import pandas as pd

from rare_event.config import RECOMMENDED, DenseModel, PCAModel, Training
from rare_event.experiment.result import Ranking, Summary
from rare_event.judge.judgement import BUDGETS, Count, Judgement, Threshold
from rare_event.judge.scores import Scores

PCA = replace(RECOMMENDED, model=PCAModel(components=2))
DENSE = replace(RECOMMENDED, model=DenseModel(widths=(3,)), training=Training(epochs=2, patience=None))
# No worker finishes it: it ends by being cancelled or killed.
ENDLESS = replace(DENSE, training=Training(epochs=100_000, patience=None))


def small_frame(n_rows: int = 600) -> pd.DataFrame:
    """Four sensors; an event every 60 rows, in rows 50, 110, ..., and a stop after each."""
    rng = np.random.default_rng(0)
    label = np.zeros(n_rows, int)
    label[50::60] = 1
    minute = 2 * np.arange(n_rows) + 60 * np.cumsum(np.roll(label, 1))
    return pd.DataFrame(
        {
            "time": pd.Timestamp("2024-01-01") + pd.to_timedelta(minute, unit="min"),
            "y": label,
            **{f"s{i}": rng.normal(size=n_rows).round(4) for i in range(4)},
        }
    )


def one_stretch(*y_score: float) -> Scores:
    """Rows 2 minutes apart, and no event."""
    row, none = np.arange(len(y_score)), np.zeros(len(y_score), int)
    return Scores(
        row=row,
        clock=2.0 * row,
        stretch=none,
        fold=none,
        y_true=none,
        y_score=np.array(y_score, float),
        event=none - 1,
        to_event=np.full(len(row), np.inf),
        total_events=np.empty(0, int),
        step=2.0,
    )


def summary_of(auc: float | None = 0.5, seconds: Mapping[str, float] | None = None) -> Summary:
    """Figures of a run that found one of two events in ten windows."""
    ranking = Ranking(auc=auc, average_precision=0.2, n=10, n_positive=2)
    return Summary(
        preset="recommended",
        split="chronological",
        folds=(),
        n_rows=12,
        n_sensors=4,
        n_windows=10,
        n_positive=2,
        epochs=1,
        validation=ranking,
        test=ranking,
        threshold=1.0,
        confusion={"tn": 7, "fp": 1, "fn": 1, "tp": 1},
        events={"caught": 1, "total": 2},
        false_alarms_per_day=72.0,
        median_lead_minutes=None,
        seconds=seconds or {},
    )


def judgement_of(
    auc: float | None = 0.6,
    draws: np.ndarray | None = None,
    *,
    caught: int = 5,
    name: str = "any",
    windows: str = "0123456789abcdef",
    interval: tuple[float, float] | None = None,
    average_precision: float | None = 0.04,
    wider: int | None = None,
    rate: float = 3.0,
) -> Judgement:
    """Figures of a model on 78 events in 6 folds; `caught` of them at 2 a day, whatever the threshold."""
    if interval is None and auc is not None:
        interval = (auc - 0.02, auc + 0.02)
    more = {1.0: -1, 2.0: 0, 5.0: 4}
    counts = [
        Count(threshold, budget, lead, caught + more[budget], rate * budget / 2)
        if wider is None or lead < 20
        else Count(threshold, budget, lead, wider, rate * budget / 2)
        for threshold in get_args(Threshold)
        for lead in (4.0, 20.0)
        for budget in BUDGETS
    ]
    return Judgement(
        name=name,
        lead_windows=(4.0, 20.0),
        windows=windows,
        fold_auc=(auc,) * 6,
        interval=interval,
        auc_draws=np.empty(0) if auc is None or draws is None else auc + draws,
        pooled_auc=auc,
        average_precision=average_precision,
        base_rate=0.0137,
        n_events=78,
        counts=tuple(counts),
    )
