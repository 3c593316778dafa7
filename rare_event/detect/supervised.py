"""Detectors that learn from past events; their score is the odds of a positive row.

Positive rows are rare, so each model weighs the classes alike or draws fewer normal rows: the odds
are those of that balanced problem, higher than the plant's. They rank rows and are no probabilities.
"""

from __future__ import annotations

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

from rare_event.config import BoostingModel, ForestModel, LogisticModel, SVMModel
from rare_event.detect.rows import RowDetector, thinned

# The odds of any two rows then have a finite ratio.
MOST_LOG_ODDS = 300.0
MOST_ITERATIONS = 1000
# Fewer than the 255 bins that the boosted trees tell apart.
MOST_VALUES = 250


def odds(log_odds: np.ndarray) -> np.ndarray:
    """Turn log-odds into odds that are above 0 and finite.

    Parameters
    ----------
    log_odds
        Shape (n_rows,).
    """
    return np.exp(np.clip(log_odds, -MOST_LOG_ODDS, MOST_LOG_ODDS))


def undersampled(y: np.ndarray, ratio: float, seed: int) -> np.ndarray:
    """Choose all positive rows, and at random so many normal rows for each of them.

    Parameters
    ----------
    y
        Labels, shape (n_rows,).
    ratio
        Normal rows for each positive row; all there are, if they are fewer.
    seed
        Of the draw.

    Returns
    -------
    numpy.ndarray
        Rising positions, at least one of a normal row if there is any.
    """
    positive, normal = np.flatnonzero(y == 1), np.flatnonzero(y == 0)
    wanted = min(len(normal), max(1, round(ratio * len(positive))))
    drawn = np.random.default_rng(seed).choice(normal, wanted, replace=False)
    return np.sort(np.concatenate([positive, drawn]))


class LogisticDetector(RowDetector):
    """Logistic regression with an L2 penalty, classes weighted alike."""

    ESTIMATOR = LogisticRegression

    @staticmethod
    def fit_rows(model: LogisticModel, rows: np.ndarray, y: np.ndarray, seed: int) -> LogisticRegression:
        """Fit the coefficients."""
        return LogisticRegression(C=model.C, class_weight="balanced", max_iter=MOST_ITERATIONS).fit(rows, y)

    def score_rows(self, rows: np.ndarray) -> np.ndarray:
        """Return odds."""
        return odds(self.estimator.decision_function(rows).astype(float))


def rounded(rows: np.ndarray, most: int) -> np.ndarray:
    """Round each input to the nearest of at most `most` of its values, evenly spaced in rank.

    Parameters
    ----------
    rows
        Shape (n_rows, n_features).
    most
        Distinct values left of an input; one that has no more stays as it is.
    """
    rising = np.sort(rows, axis=0)
    result = np.empty_like(rows)
    for column in range(rows.shape[1]):
        values = np.unique(rising[:, column])
        if len(values) > most:
            values = np.unique(thinned(rising[:, column], most))
        middle = (values[:-1].astype(float) + values[1:]) / 2
        result[:, column] = values[np.searchsorted(middle, rows[:, column])]
    return result


class BoostingDetector(RowDetector):
    """Histogram gradient boosting, classes weighted alike.

    Given weights, scikit-learn looks for the bins of each input by weighted percentiles, one at a
    time: 9 s of the 11 s of a fit. Where inputs have fewer values than bins there is nothing to look
    for, and it cuts halfway between neighbouring values. That is where rounding to the nearest value
    cuts too, so rows are rounded to fit the trees and scored as they are.
    """

    ESTIMATOR = HistGradientBoostingClassifier

    @staticmethod
    def fit_rows(
        model: BoostingModel, rows: np.ndarray, y: np.ndarray, seed: int
    ) -> HistGradientBoostingClassifier:
        """Grow the trees on rounded rows."""
        trees = HistGradientBoostingClassifier(
            max_iter=model.trees,
            learning_rate=model.learning_rate,
            max_leaf_nodes=model.leaves,
            l2_regularization=model.l2,
            early_stopping=False,
            class_weight="balanced",
            random_state=seed,
        )
        return trees.fit(rounded(rows, MOST_VALUES), y)

    def score_rows(self, rows: np.ndarray) -> np.ndarray:
        """Return odds."""
        return odds(self.estimator.decision_function(rows))


class ForestDetector(RowDetector):
    """Random forest on undersampled normal rows."""

    ESTIMATOR = RandomForestClassifier

    @staticmethod
    def fit_rows(model: ForestModel, rows: np.ndarray, y: np.ndarray, seed: int) -> RandomForestClassifier:
        """Grow the trees on undersampled rows; the seed is that of the draw and of the trees."""
        chosen = undersampled(y, model.ratio, seed)
        return RandomForestClassifier(model.trees, random_state=seed).fit(rows[chosen], y[chosen])

    def score_rows(self, rows: np.ndarray) -> np.ndarray:
        """Return odds; the share of votes is kept off none and all, by half a vote of one tree more."""
        half = 0.5 / (len(self.estimator.estimators_) + 1)
        share = np.clip(self.estimator.predict_proba(rows)[:, 1], half, 1 - half)
        return share / (1 - share)


class SVMDetector(RowDetector):
    """Support vector machine with a Gaussian kernel on undersampled normal rows, classes weighted alike.

    Its decision function stands for the log-odds, as in Platt (1999) but for the scale.
    """

    ESTIMATOR = SVC

    @staticmethod
    def fit_rows(model: SVMModel, rows: np.ndarray, y: np.ndarray, seed: int) -> SVC:
        """Fit a Gaussian kernel of scikit-learn's default width to undersampled rows."""
        chosen = undersampled(y, model.ratio, seed)
        return SVC(C=model.C, class_weight="balanced", random_state=seed).fit(rows[chosen], y[chosen])

    def score_rows(self, rows: np.ndarray) -> np.ndarray:
        """Return the exponential of the decision function."""
        return odds(self.estimator.decision_function(rows))
