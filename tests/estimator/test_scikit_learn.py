"""scikit-learn's own checks of estimators; those that must fail are named with the reason."""

import warnings
from typing import Any

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import is_outlier_detector
from sklearn.ensemble import IsolationForest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import (
    check_dict_unchanged,
    check_estimator,
    check_estimators_overwrite_params,
    check_fit_idempotent,
    check_outliers_train,
)

from rare_event import (
    DenseModel,
    EarlyWarning,
    PCAModel,
    RepresentationTransformer,
    RollingOrigin,
    Rule,
    StretchSplit,
    Training,
)

OTHER_LABELS = "labels its rows 1 and 2; which of them is an event is never guessed"
ONE_LABEL = "labels all its rows 1 and 2, and a message about labels names no feature"
NEIGHBOURS = "a row is compared with the rows before it, so their order and presence count"
HOLES = "leaves out a value in most windows, and no window with a missing value is trained on"
FEW = "gives 10 rows, of which the threshold and the rows between the parts leave no window to train on"
TOO_SHORT = "labels every second or third row an event, so no stretch holds normal windows"

LABELS = {"check_estimators_dtypes": OTHER_LABELS, "check_fit2d_1feature": ONE_LABEL}
ORDER = {
    "check_methods_sample_order_invariance": NEIGHBOURS,
    "check_methods_subset_invariance": NEIGHBOURS,
}
UNWINDOWED = {
    "check_estimators_pickle": HOLES,
    "check_fit2d_1feature": FEW,
    "check_classifier_data_not_an_array": FEW,
}
SHORT = dict.fromkeys(
    (
        "check_fit_score_takes_y",
        "check_estimators_overwrite_params",
        "check_dont_overwrite_parameters",
        "check_estimators_fit_returns_self",
        "check_readonly_memmap_input",
        "check_n_features_in_after_fitting",
        "check_dtype_object",
        "check_pipeline_consistency",
        "check_estimators_pickle",
        "check_f_contiguous_array_estimator",
        "check_dict_unchanged",
        "check_fit_idempotent",
        "check_fit_check_is_fitted",
        "check_n_features_in",
        "check_fit2d_predict1d",
    ),
    TOO_SHORT,
)


class Unlabelled(EarlyWarning):
    """The early warning without labels: the checks' labels leave no stretch long enough for windows."""

    def fit(self, X: Any, y: Any = None, groups: Any = None) -> "Unlabelled":
        super().fit(X, None, groups)
        return self

    def score(self, X: Any, y: Any = None, groups: Any = None, sample_weight: Any = None) -> float:
        return float(np.mean(self.score_samples(X, groups)))


ROW_BY_ROW = EarlyWarning(0, 1, "pca", representation="level", rule=Rule("quantile", 0.9))
CASES = {
    "row by row": (ROW_BY_ROW, LABELS | {"check_classifier_data_not_an_array": OTHER_LABELS}),
    "windows": (
        EarlyWarning(model="pca"),
        LABELS | ORDER | SHORT | {"check_classifier_data_not_an_array": OTHER_LABELS},
    ),
    "windows without labels": (Unlabelled(model="pca"), ORDER | UNWINDOWED),
    "levels": (RepresentationTransformer("level", shift=0), LABELS),
    "differences": (RepresentationTransformer(shift=0), LABELS | ORDER),
}


@pytest.mark.parametrize("case", CASES)
def test_the_checks_of_scikit_learn(case) -> None:
    estimator, expected = CASES[case]
    with warnings.catch_warnings():
        # The checks warn of their own doings: skips, and labels of other shapes.
        warnings.simplefilter("ignore")
        done = check_estimator(estimator, expected_failed_checks=expected, on_skip=None, on_fail=None)
    by_status: dict[str, set[str]] = {}
    for check in done:
        by_status.setdefault(check["status"], set()).add(check["check_name"])
    # Nothing is excused that passes, and nothing fails but for the reason given.
    assert by_status.get("failed", set()) == set()
    assert by_status["xfail"] == set(expected)
    assert len(by_status["passed"]) > 20
    reasons = {check["check_name"]: check["exception"] for check in done if check["status"] == "xfail"}
    sentences = {
        OTHER_LABELS: "y holds 2",
        ONE_LABEL: "y holds 2",
        NEIGHBOURS: "not invariant|No window|no normal",
        TOO_SHORT: "No window|no normal",
        HOLES: "no normal windows",
        FEW: "no normal windows",
    }
    for name, error in reasons.items():
        with pytest.raises(type(error), match=sentences[expected[name]]):
            raise error


@pytest.mark.parametrize(
    "check",
    [check_outliers_train, check_fit_idempotent, check_dict_unchanged, check_estimators_overwrite_params],
)
def test_some_checks_of_a_network(check) -> None:
    """All of them would train some eighty networks."""
    training = Training(epochs=2, patience=None)
    network = Unlabelled(2, 3, DenseModel(widths=(2,)), training=training, rule=Rule("quantile", 0.9))
    check("EarlyWarning", network)


def test_it_is_an_outlier_detector_that_gives_no_probability() -> None:
    assert is_outlier_detector(EarlyWarning()) and not hasattr(EarlyWarning, "predict_proba")
    assert EarlyWarning().get_params()["model"] == "dense"
    assert EarlyWarning(lookback=9) is not EarlyWarning(lookback=9)


def test_groups_reach_every_step_that_asks_for_them(X, y) -> None:
    """With scikit-learn's metadata routing a search hands groups to the splits, the fits and the scores."""
    values, groups = X.to_numpy(), np.arange(600) // 60
    with config_context(enable_metadata_routing=True):
        steps = (
            RepresentationTransformer("difference")
            .set_fit_request(groups=True)
            .set_transform_request(groups=True),
            EarlyWarning(2, 3, PCAModel(components=2), representation="level", rule=Rule("quantile", 0.9))
            .set_fit_request(groups=True)
            .set_score_request(groups=True),
        )
        pipeline = make_pipeline(*steps)
        cv = StretchSplit(3)
        search = GridSearchCV(pipeline, {"earlywarning__lookback": [2, 6]}, cv=cv).fit(
            values, y, groups=groups
        )
        scores = []
        for train, test in cv.split(values, y, groups):
            pipeline.set_params(earlywarning__lookback=6).fit(values[train], y[train], groups=groups[train])
            scores.append(pipeline.score(values[test], y[test], groups=groups[test]))
        routed = search.score(values, y, groups=groups)
    assert search.cv_results_["mean_test_score"][1] == pytest.approx(np.mean(scores), abs=1e-12)
    plain = make_pipeline(
        RepresentationTransformer("difference"),
        EarlyWarning(2, 6, PCAModel(components=2), representation="level", rule=Rule("quantile", 0.9)),
    )
    plain.fit(values, y)
    assert plain.score(values, y) != routed


def test_other_scores_of_a_search_see_the_same_signs(X, y) -> None:
    """A scorer of scikit-learn takes the decision: higher for the normal class, here the label 0."""
    near = np.roll(y, -1) | np.roll(y, -2)
    inner = EarlyWarning(2, 3, PCAModel(components=2), rule=Rule("quantile", 0.9))
    search = GridSearchCV(inner, {"lookback": [2]}, cv=RollingOrigin(2, purge=6), scoring=not_normal).fit(
        X, y
    )
    assert 0 < search.best_score_ < 1
    fitted = search.best_estimator_
    assert (fitted.decision_function(X)[near == 1].mean() < 0) == (fitted.predict(X)[near == 1].mean() < 0)
    assert IsolationForest(random_state=0).fit(X).predict(X).min() == fitted.predict(X).min() == -1


def not_normal(estimator: EarlyWarning, X: Any, y: Any) -> float:
    return float(np.mean(estimator.predict(X) == -1))
