"""Small files for the tests of reading, roles and checks."""

from typing import Any

import numpy as np
import pandas as pd

from rare_event.prepare.schema import Schema, guess_schema
from rare_event.prepare.table import Table, apply_schema
from rare_event.read.raw import read_raw

PLAIN = "time,y,x1\n2020-01-01 00:00,0,1.5\n2020-01-01 00:01,1,2.5\n"


def frame(n: int = 100, **columns: Any) -> pd.DataFrame:
    """A file of `n` minutes and one sensor, events in rows 10, 40, 80 and near the end; nothing is wrong."""
    base = {
        "time": pd.date_range("2020-01-01", periods=n, freq="min").strftime("%Y-%m-%d %H:%M"),
        "y": np.isin(np.arange(n), [10, 40, 80, *([n - 20] if n > 100 else [])]).astype(int),
        "x1": np.random.default_rng(0).normal(size=n),
    }
    return pd.DataFrame(base | columns)


def csv(data: pd.DataFrame, **options: Any) -> bytes:
    text: str = data.to_csv(index=False, **options)
    return text.encode()


def raw_of(data: pd.DataFrame) -> pd.DataFrame:
    return read_raw(csv(data), name="f").frame


def table_of(raw: pd.DataFrame, schema: Schema | None = None) -> Table:
    return apply_schema(raw, schema or guess_schema(raw), name="f", digest="")


def with_values(values: dict[int, float], n: int = 100, seed: int = 1) -> np.ndarray:
    x = np.random.default_rng(seed).normal(size=n)
    for row, value in values.items():
        x[row] = value
    return x


REPEATED = frame(time=frame()["time"].where(np.arange(100) != 10, frame()["time"][9]))

FLIPPED = 1 - frame()["y"]
