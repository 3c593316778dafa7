"""A small table for what need not be realistic, and short recipes."""

from dataclasses import replace

import numpy as np
import pandas as pd

from rare_event.config import RECOMMENDED, DenseModel, PCAModel, Training

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
