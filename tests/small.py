"""A small table for what need not be realistic, and short recipes."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from rare_event.config import RECOMMENDED, DenseModel, PCAModel, Training
from rare_event.experiment.result import Ranking, Summary

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
