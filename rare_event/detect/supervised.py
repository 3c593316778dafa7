"""Detectors that learn from past events; their score is the odds of a positive row.

Positive rows are rare, so each model balances the classes by weights or by drawing fewer normal rows. The
odds are higher than the plant's: they rank rows, but give no probabilities.
"""

from __future__ import annotations

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

from rare_event.config import BoostingModel, ForestModel, LogisticModel, SVMModel
from rare_event.detect.rows import RowDetector, thinned

# So that the ratio of any two odds is finite.
MOST_LOG_ODDS = 300.0
MOST_ITERATIONS = 1000
# Fewer than the 255 bins of the boosted trees.
MOST_VALUES = 250


def odds(log_odds: np.ndarray) -> np.ndarray:
    """Turn log-odds into odds, above 0 and finite."""
    finite: np.ndarray = np.exp(np.clip(log_odds, -MOST_LOG_ODDS, MOST_LOG_ODDS))
    return finite


def undersampled(y: np.ndarray, ratio: float, seed: int) -> np.ndarray:
    """Choose all positive rows, and `ratio` times as many normal rows at random.

    Parameters
    ----------
    y
        Labels, shape (n_rows,).
    ratio
        Normal rows per positive row; all normal rows if there are fewer.
    seed
        Seeds the draw.

    Returns
    -------
    numpy.ndarray
        Rising positions, with at least one normal row if there is any.
    """
    positive, normal = np.flatnonzero(y == 1), np.flatnonzero(y == 0)
    wanted = min(len(normal), max(1, round(ratio * len(positive))))
    drawn = np.random.default_rng(seed).choice(normal, wanted, replace=False)
    return np.sort(np.concatenate([positive, drawn]))


class LogisticDetector(RowDetector):
    """Logistic regression with an L2 penalty and balanced classes."""

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
        Distinct values kept per input; an input with no more than that stays as it is.
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
    """Histogram gradient boosting with balanced classes.

    With weights, scikit-learn finds bins by weighted percentiles, which took 9 s of an 11 s fit. For inputs
    with fewer values than bins it instead cuts halfway between neighbouring values. Rounding to the nearest
    value cuts there too, so rows are rounded for the fit and scored unrounded.
    """

    ESTIMATOR = HistGradientBoostingClassifier
    BATCHES = False

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
    BATCHES = False

    @staticmethod
    def fit_rows(model: ForestModel, rows: np.ndarray, y: np.ndarray, seed: int) -> RandomForestClassifier:
        """Grow the trees on undersampled rows; the seed is used for the draw and the trees."""
        chosen = undersampled(y, model.ratio, seed)
        return RandomForestClassifier(model.trees, random_state=seed).fit(rows[chosen], y[chosen])

    def score_rows(self, rows: np.ndarray) -> np.ndarray:
        """Return odds; half a vote keeps the share of votes away from 0 and 1."""
        half = 0.5 / (len(self.estimator.estimators_) + 1)
        share = np.clip(self.estimator.predict_proba(rows)[:, 1], half, 1 - half)
        odds_of_votes: np.ndarray = share / (1 - share)
        return odds_of_votes


class SVMDetector(RowDetector):
    """Support vector machine with a Gaussian kernel on undersampled normal rows, with balanced classes.

    Its decision function is used as log-odds, as in Platt (1999) except for the scale.
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
