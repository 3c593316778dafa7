"""A small file with events, two categories and a gap."""

import numpy as np
import pandas as pd
import pytest

N_ROWS = 400


@pytest.fixture(scope="session")
def upload() -> bytes:
    rng = np.random.default_rng(0)
    label = np.zeros(N_ROWS, int)
    label[30::40] = 1
    minute = 2 * np.arange(N_ROWS) + 60 * np.cumsum(np.roll(label, 1))
    data = pd.DataFrame(
        {
            "time": pd.Timestamp("2024-01-01") + pd.to_timedelta(minute, unit="min"),
            "y": label,
            **{f"s{i}": rng.normal(size=N_ROWS).round(4) for i in range(4)},
            "grade": np.repeat(["thin", "thick"], N_ROWS // 2),
        }
    )
    return data.to_csv(index=False).encode()
