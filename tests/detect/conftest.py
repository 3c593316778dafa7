"""Tiny data with structure, and detectors trained on them once for each module."""

import numpy as np
import pytest

from rare_event.config import (
    BoostingModel,
    DenseModel,
    DetectorConfig,
    ForestModel,
    HazardModel,
    IsolationForestModel,
    KNNModel,
    LogisticModel,
    LSTMModel,
    MahalanobisModel,
    ModelConfig,
    OneClassSVMModel,
    PCAModel,
    Score,
    SquaresModel,
    SVMModel,
    Training,
)
from rare_event.detect.detector import fit_detector
from rare_event.prepare.sample import sample_mill
from rare_event.prepare.table import read_table

TINY = {
    name: DetectorConfig(
        model, lookback, Training(epochs=2, batch_size=32, patience=None), Score(top_k=5), seed=3
    )
    for name, model, lookback in (
        ("dense", DenseModel(widths=(4, 2, 4)), 2),
        ("lstm", LSTMModel(encoder=(4,), decoder=(4,)), 3),
        ("pca", PCAModel(components=2), 2),
    )
}
RECONSTRUCTING: dict[str, ModelConfig] = {"squares": SquaresModel(), "pca": PCAModel(components=2)}
UNLABELLED: dict[str, ModelConfig] = {
    "pca-t2": PCAModel(components=2, statistic="t2"),
    "mahalanobis": MahalanobisModel(),
    "isolation-forest": IsolationForestModel(trees=20),
    "knn": KNNModel(),
    "one-class-svm": OneClassSVMModel(nu=0.2),
}
LABELLED: dict[str, ModelConfig] = {
    "logistic": LogisticModel(C=1.0),
    "boosting": BoostingModel(trees=20),
    "forest": ForestModel(trees=20, ratio=3.0),
    "svm": SVMModel(ratio=3.0),
    "hazard": HazardModel(C=1.0),
}
MODELS = {**RECONSTRUCTING, **UNLABELLED, **LABELLED}
BASELINE = {name: DetectorConfig(model, lookback=2, score=Score(), seed=3) for name, model in MODELS.items()}


@pytest.fixture(scope="session")
def X() -> np.ndarray:
    """300 rows of 6 sensors that follow 2 factors, with little noise."""
    rng = np.random.default_rng(0)
    values: np.ndarray = rng.normal(size=(300, 2)) @ rng.normal(size=(2, 6)) + 0.1 * rng.normal(size=(300, 6))
    values = (values / values.std(axis=0)).astype(np.float32)
    values.flags.writeable = False
    return values


@pytest.fixture(scope="session")
def sample_rows() -> np.ndarray:
    """300 rows of 6 sensors of the sample mill, standardised."""
    table = read_table(sample_mill(500).to_csv(index=False).encode())
    values = table.frame[list(table.schema.sensors[:6])].to_numpy(np.float32)[:300]
    standardised: np.ndarray = (values - values.mean(axis=0)) / values.std(axis=0)
    return standardised


@pytest.fixture(scope="session")
def y(X: np.ndarray) -> np.ndarray:
    """Positive where the first sensor is far out: some 5% of the rows."""
    positive: np.ndarray = (np.abs(X[:, 0]) > 2).astype(np.int8)
    return positive


@pytest.fixture(scope="module", params=TINY)
def fitted(request: pytest.FixtureRequest, X: np.ndarray):
    """Config, detector and history of each kind of model with sensor errors that is trained."""
    config = TINY[request.param]
    return config, *fit_detector(config, X, np.zeros(len(X), np.int8), np.arange(5, 200), np.arange(210, 300))


@pytest.fixture(scope="module", params=BASELINE)
def baseline(request: pytest.FixtureRequest, X: np.ndarray, y: np.ndarray):
    """Config, detector and history of each baseline."""
    config = BASELINE[request.param]
    return config, *fit_detector(config, X, y, np.arange(5, 200), np.arange(210, 300))
