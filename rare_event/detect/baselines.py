"""Baselines: which detector belongs to which model settings.

To add one, add its settings to `rare_event.config`, a class with `fit`, `save`, `load` and either
`sensor_errors` or `window_scores`, and an entry here.
"""

from __future__ import annotations

from pkgutil import resolve_name
from typing import TYPE_CHECKING

from rare_event.config import ModelConfig, PCAModel

if TYPE_CHECKING:
    from rare_event.detect.pca import PCADetector, T2Detector
    from rare_event.detect.rows import RowDetector

T2 = "pca-t2"
# Module of this package and class. By name, since most need scikit-learn, which takes longer to import than
# a PCA run to compute.
BASELINES = {
    "squares": "pca:SquaresDetector",
    "pca": "pca:PCADetector",
    T2: "pca:T2Detector",
    "mahalanobis": "unsupervised:MahalanobisDetector",
    "isolation-forest": "unsupervised:IsolationForestDetector",
    "knn": "unsupervised:KNNDetector",
    "one-class-svm": "unsupervised:OneClassSVMDetector",
    "logistic": "supervised:LogisticDetector",
    "boosting": "supervised:BoostingDetector",
    "forest": "supervised:ForestDetector",
    "svm": "supervised:SVMDetector",
    "hazard": "hazard:HazardDetector",
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
    found: type[PCADetector | T2Detector | RowDetector] = resolve_name(f"rare_event.detect.{BASELINES[kind]}")
    return found
