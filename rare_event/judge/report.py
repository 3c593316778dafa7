"""The classification report: precision, recall and F1 of each class, counted in windows."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Report:
    """Figures of a threshold by class, as scikit-learn's `classification_report` has them.

    Parameters
    ----------
    classes
        `precision`, `recall`, `f1` and `support` of each class; NaN where a figure is not defined.
    accuracy
        Share of the windows that are called right; NaN without windows.
    false_positive_rate
        Share of the normal windows at or above the threshold; NaN without normal windows.
    """

    classes: pd.DataFrame
    accuracy: float
    false_positive_rate: float


def classification_report(
    tn: int, fp: int, fn: int, tp: int, names: tuple[str, str] = ("normal", "positive")
) -> Report:
    """Report on the counts of a confusion matrix.

    Examples
    --------
    >>> classification_report(90, 5, 3, 2).classes.round(2)
              precision  recall    f1  support
    normal         0.97    0.95  0.96       95
    positive       0.29    0.40  0.33        5
    """
    rows = [
        {
            "precision": _ratio(right, right + wrong),
            "recall": _ratio(right, right + missed),
            "f1": _ratio(2 * right, 2 * right + wrong + missed),
            "support": right + missed,
        }
        for right, wrong, missed in ((tn, fn, fp), (tp, fp, fn))
    ]
    return Report(pd.DataFrame(rows, list(names)), _ratio(tn + tp, tn + fp + fn + tp), _ratio(fp, fp + tn))


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
