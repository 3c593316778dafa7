"""A model's file is data: what is foreign, damaged or dangerous in it is refused, not run."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline

from rare_event.detect.detector import fit_detector, load_detector
from rare_event.detect.rows import RowDetector
from rare_event.detect.saving import load_estimator, save_estimator
from tests.detect.conftest import BASELINE

TRAIN, VALIDATION = np.arange(5, 200), np.arange(210, 300)
RAN: list[str] = []


class Dangerous:
    """Tells when it is made from a file."""

    def __init__(self) -> None:
        self.value = 1

    def __setstate__(self, state) -> None:
        RAN.append("restored")


def dangerous(*args) -> None:
    RAN.append("called")


def fitted_detector(name, X, y):
    return fit_detector(BASELINE[name], X, y, TRAIN, VALIDATION)[0]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "model.skops"


@pytest.mark.parametrize(
    "content", [Dangerous(), dangerous, [Dangerous()]], ids=["object", "function", "list"]
)
def test_what_is_not_trusted_is_not_made(path, content) -> None:
    RAN.clear()
    path.write_bytes(skops.io.dumps(content))
    with pytest.raises(ValueError, match="model.skops cannot be read as a model: Untrusted types"):
        load_estimator(path, LogisticRegression)
    assert RAN == []


def test_an_estimator_with_a_stranger_inside_is_refused(path, X, y) -> None:
    estimator = LogisticRegression().fit(X, y)
    estimator.extra_ = Dangerous()
    RAN.clear()
    save_estimator(estimator, path)
    with pytest.raises(ValueError, match="Untrusted types"):
        load_estimator(path, LogisticRegression)
    assert RAN == []


@pytest.mark.parametrize(
    "content", [b"", b"no archive", b"PK\x03\x04 cut off", pickle.dumps(LogisticRegression())]
)
def test_what_is_no_archive_is_refused(path, content) -> None:
    path.write_bytes(content)
    with pytest.raises(ValueError, match="model.skops cannot be read as a model"):
        load_estimator(path, LogisticRegression)


def test_another_model_is_refused(path, X, y) -> None:
    save_estimator(GaussianNB().fit(X, y), path)
    with pytest.raises(ValueError, match="model.skops holds another model"):
        load_estimator(path, LogisticRegression)
    # Not even where the wanted one is inside.
    save_estimator(make_pipeline(LogisticRegression()).fit(X, y), path)
    with pytest.raises(ValueError, match="model.skops holds another model"):
        load_estimator(path, LogisticRegression)
    save_estimator(LogisticRegression().fit(X, y), path)
    assert (load_estimator(path, LogisticRegression).coef_ != 0).all()


def test_the_file_of_another_baseline_is_refused(X, y, tmp_path) -> None:
    fitted_detector("logistic", X, y).save(tmp_path)
    for name in ("mahalanobis", "isolation-forest", "knn", "one-class-svm", "boosting", "forest", "svm"):
        with pytest.raises(ValueError, match="model.skops holds another model"):
            load_detector(BASELINE[name].model, tmp_path)
    assert isinstance(load_detector(BASELINE["logistic"].model, tmp_path), RowDetector)


@pytest.mark.parametrize("name", ["forest", "isolation-forest"])
@pytest.mark.parametrize(
    ("field", "value"), [("children_left", 10**6), ("children_right", 0), ("feature", 6), ("feature", -1)]
)
def test_trees_that_lead_out_of_themselves_are_refused(X, y, tmp_path, name, field, value) -> None:
    detector = fitted_detector(name, X, y)
    detector.save(tmp_path)
    load_detector(BASELINE[name].model, tmp_path)
    getattr(detector.estimator.estimators_[3].tree_, field)[0] = value
    detector.save(tmp_path)
    with pytest.raises(ValueError, match="model.skops holds another model, or a damaged one"):
        load_detector(BASELINE[name].model, tmp_path)


@pytest.mark.parametrize(("field", "value"), [("left", 10**6), ("right", 0), ("feature_idx", 6)])
def test_boosted_trees_that_lead_out_of_themselves_are_refused(X, y, tmp_path, field, value) -> None:
    detector = fitted_detector("boosting", X, y)
    detector.save(tmp_path)
    load_detector(BASELINE["boosting"].model, tmp_path)
    ((predictor,), *_) = detector.estimator._predictors
    assert not predictor.nodes["is_leaf"][0]
    predictor.nodes[field][0] = value
    detector.save(tmp_path)
    with pytest.raises(ValueError, match="model.skops holds another model, or a damaged one"):
        load_detector(BASELINE["boosting"].model, tmp_path)
