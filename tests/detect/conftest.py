"""Tiny data with structure, and detectors trained on them once for each module."""

from dataclasses import replace

import numpy as np
import pytest

from rare_event.config import RECOMMENDED, DenseModel, LSTMModel, PCAModel, Training
from rare_event.detect.detector import fit_detector

TINY = {
    "dense": replace(RECOMMENDED, lookback=2, model=DenseModel(widths=(4, 2, 4))),
    "lstm": replace(RECOMMENDED, lookback=3, model=LSTMModel(encoder=(4,), decoder=(4,))),
    "pca": replace(RECOMMENDED, lookback=2, model=PCAModel(components=2)),
}
TINY = {
    name: replace(config, training=Training(epochs=2, batch_size=32, patience=None), seed=3)
    for name, config in TINY.items()
}


@pytest.fixture(scope="session")
def X() -> np.ndarray:
    """300 rows of 6 sensors that follow 2 factors, with little noise."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(300, 2)) @ rng.normal(size=(2, 6)) + 0.1 * rng.normal(size=(300, 6))
    values = (values / values.std(axis=0)).astype(np.float32)
    values.flags.writeable = False
    return values


@pytest.fixture(scope="module", params=TINY)
def fitted(request: pytest.FixtureRequest, X: np.ndarray):
    """Config, detector and history of each kind of model."""
    config = TINY[request.param]
    return config, *fit_detector(config, X, np.zeros(len(X), np.int8), np.arange(5, 200), np.arange(210, 300))
