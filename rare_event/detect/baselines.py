"""Baselines: which detector belongs to which model settings.

To add one, add its settings to `rare_event.config`, a class with `fit`, `save`, `load` and either
`sensor_errors` or `window_scores`, and an entry here.
"""

from __future__ import annotations

from rare_event.config import ModelConfig, PCAModel
from rare_event.detect.hazard import HazardDetector
from rare_event.detect.pca import PCADetector, SquaresDetector, T2Detector
from rare_event.detect.rows import RowDetector
from rare_event.detect.supervised import BoostingDetector, ForestDetector, LogisticDetector, SVMDetector
from rare_event.detect.unsupervised import (
    IsolationForestDetector,
    KNNDetector,
    MahalanobisDetector,
    OneClassSVMDetector,
)

T2 = "pca-t2"
BASELINES: dict[str, type[PCADetector | T2Detector | RowDetector]] = {
    "squares": SquaresDetector,
    "pca": PCADetector,
    T2: T2Detector,
    "mahalanobis": MahalanobisDetector,
    "isolation-forest": IsolationForestDetector,
    "knn": KNNDetector,
    "one-class-svm": OneClassSVMDetector,
    "logistic": LogisticDetector,
    "boosting": BoostingDetector,
    "forest": ForestDetector,
    "svm": SVMDetector,
    "hazard": HazardDetector,
}


def detector_class(model: ModelConfig) -> type[PCADetector | T2Detector | RowDetector]:
    """Return the detector class for a baseline's settings.

    Raises
    ------
    ValueError
        If the model is not a baseline.
    """
    kind = T2 if isinstance(model, PCAModel) and model.statistic == "t2" else model.kind
    if kind not in BASELINES:
        raise ValueError(f"{kind} is not a baseline")
    return BASELINES[kind]
