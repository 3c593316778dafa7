"""The classification report is scikit-learn's."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import classification_report as of_sklearn
from sklearn.metrics import confusion_matrix

from rare_event.judge.report import classification_report


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_the_report_equals_that_of_scikit_learn(rows) -> None:
    y_true, called = np.array(rows).T
    tn, fp, fn, tp = confusion_matrix(y_true, called, labels=[False, True]).ravel().tolist()
    report = classification_report(tn, fp, fn, tp)
    expected = of_sklearn(
        y_true, called, labels=[False, True], target_names=report.classes.index, output_dict=True,
        zero_division=math.nan,
    )  # fmt: skip
    for name, row in report.classes.iterrows():
        for ours, theirs in (("precision",) * 2, ("recall",) * 2, ("support",) * 2):
            assert row[ours] == pytest.approx(expected[name][theirs], nan_ok=True)
        if not math.isnan(row["f1"]):
            assert row["f1"] == pytest.approx(2 * row_of(tn, fp, fn, tp, name))
    assert report.accuracy == pytest.approx((y_true == called).mean())
    normal = ~y_true
    rate = called[normal].mean() if normal.any() else math.nan
    assert report.false_positive_rate == pytest.approx(rate, nan_ok=True)


def row_of(tn, fp, fn, tp, name) -> float:
    right, wrong = (tn, fp + fn) if name == "normal" else (tp, fp + fn)
    return float(right / (2 * right + wrong))


def test_a_class_without_windows_has_no_recall() -> None:
    report = classification_report(5, 1, 0, 0, ("Normal", "Break"))
    assert np.isnan(report.classes["recall"]["Break"])
    assert report.classes.loc["Break", "precision"] == 0 and report.classes.loc["Break", "support"] == 0
    assert math.isnan(classification_report(0, 0, 0, 0).accuracy)
