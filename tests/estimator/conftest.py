"""A small mill with stops and events, as a frame with times and as arrays."""

import numpy as np
import pandas as pd
import pytest

from tests.small import small_frame


@pytest.fixture
def X() -> pd.DataFrame:
    """Four sensors with their times as index: events in rows 50, 110, ..., and a stop after each."""
    return small_frame().set_index("time").drop(columns="y")


@pytest.fixture
def y() -> np.ndarray:
    return small_frame()["y"].to_numpy()
