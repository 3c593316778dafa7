"""A hazard model: the risk that an event begins within the next rows, calibrated on later training rows."""

from __future__ import annotations

from typing import Self, cast

import numpy as np
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from rare_event.config import DetectorConfig, HazardModel
from rare_event.detect.rows import RowDetector, rows_ahead
from rare_event.detect.supervised import MOST_ITERATIONS
from rare_event.errors import NoEventError

# Of the training rows, the last in time.
CALIBRATION_SHARE = 0.25
# Per standard deviation of the log-odds: a model that later rows contradict hardly moves the risk, and
# still ranks.
LEAST_SLOPE = 0.01


def nearness(ahead: np.ndarray, horizon: int) -> np.ndarray:
    """Weigh rows by how near their event is: 1 in the row before it, falling evenly to 0 past the horizon.

    Examples
    --------
    >>> nearness(np.array([1, 2, 4, 5, 6]), horizon=5)
    array([1. , 0.8, 0.4, 0.2, 0. ])
    """
    near: np.ndarray = np.maximum(1 - (np.minimum(ahead, horizon + 1) - 1) / horizon, 0.0)
    return near


class HazardDetector(RowDetector):
    """Logistic regression whose positives are the rows within the horizon, calibrated (Platt 1999)."""

    ESTIMATOR = LogisticRegression

    @staticmethod
    def fit_rows(model: HazardModel, rows: np.ndarray, y: np.ndarray, seed: int) -> LogisticRegression:
        """Fit on rows in the order of time, whose labels alone say how near an event is."""
        return fit_risk(model, rows, nearness(rows_ahead(y), model.horizon))

    @classmethod
    def fit(
        cls,
        config: DetectorConfig,
        X: np.ndarray,
        y: np.ndarray,
        ends: np.ndarray,
        ahead: np.ndarray | None = None,
    ) -> Self:
        """Fit on the last rows of training windows.

        Parameters
        ----------
        config, X, y, ends
            As in `RowDetector.fit`.
        ahead
            Rows until the next event of the stretch, `NO_EVENT_AHEAD` without one, shape (n_rows,); None
            reads it off the labels. An event counts only if the row before it is not after the last
            training row.

        Raises
        ------
        NoEventError
            If no event begins within the horizon of a training row.
        """
        model, ends = cast(HazardModel, config.model), np.sort(ends)
        ahead = (rows_ahead(y) if ahead is None else ahead)[ends]
        near = nearness(ahead, model.horizon)
        near[ahead > ends.max(initial=0) - ends + 1] = 0.0
        if not near.any():
            raise NoEventError(
                f"No event begins within {model.horizon:,} rows of a training row, but this model learns "
                "from past events. Choose a split that trains on more of the past, or a longer horizon."
            )
        return cls(fit_risk(model, X[ends], near))

    def score_rows(self, rows: np.ndarray) -> np.ndarray:
        """Return risks, above 0 and at most 1."""
        risk = expit(self.estimator.decision_function(rows).astype(float))
        return np.asarray(np.maximum(risk, np.finfo(float).tiny))


def fit_risk(model: HazardModel, rows: np.ndarray, near: np.ndarray) -> LogisticRegression:
    """Fit log-odds on the earlier rows, and calibrate them on the later ones.

    Parameters
    ----------
    model
        The settings.
    rows
        In the order of time, shape (n_rows, n_features).
    near
        Their nearness to an event, shape (n_rows,).
    """
    target = near > 0
    begin = round((1 - CALIBRATION_SHARE) * len(rows))
    # What the earlier rows lead to must not be among the later ones.
    fitted, later = slice(0, max(begin - model.horizon, 0)), slice(begin, len(rows))
    if any(len(np.unique(target[part])) < 2 for part in (fitted, later)):
        # With so few events, the risk is calibrated on what it was fitted on.
        fitted = later = slice(0, len(rows))
    share, positive = near[fitted], target[fitted]
    weight = np.where(positive, share / share.sum(), 1 / max((~positive).sum(), 1)) * len(share) / 2
    estimator = LogisticRegression(C=model.C, max_iter=MOST_ITERATIONS)
    estimator.fit(rows[fitted], positive, sample_weight=weight)
    return calibrated(estimator, rows[later], target[later])


def calibrated(estimator: LogisticRegression, rows: np.ndarray, target: np.ndarray) -> LogisticRegression:
    """Scale and shift the log-odds of an estimator so that they are those of the target in these rows."""
    log_odds = estimator.decision_function(rows).astype(float)
    middle, spread = log_odds.mean(), log_odds.std() or 1.0
    slope, shift = platt((log_odds - middle) / spread, target)
    if slope < LEAST_SLOPE:
        slope, shift = (
            LEAST_SLOPE,
            float(logit(np.clip(target.mean(), 0.5 / len(target), 1 - 0.5 / len(target)))),
        )
    estimator.coef_ = slope / spread * estimator.coef_
    estimator.intercept_ = slope / spread * (estimator.intercept_ - middle) + shift
    return estimator


def platt(log_odds: np.ndarray, target: np.ndarray) -> tuple[float, float]:
    """Fit a slope and a shift of log-odds to a target (Platt 1999).

    His targets lie slightly inside 0 and 1, so that few or separable rows give no endless slope.

    Parameters
    ----------
    log_odds, target
        Shape (n_rows,).
    """
    n_positive = int(target.sum())
    inside = np.where(target, (n_positive + 1) / (n_positive + 2), 1 / (len(target) - n_positive + 2))
    # Each row is positive by so much, and normal by the rest.
    twice, classes = np.tile(log_odds, 2)[:, None], np.repeat([1, 0], len(target))
    fit = LogisticRegression(C=np.inf, max_iter=MOST_ITERATIONS, tol=1e-8)
    fit.fit(twice, classes, sample_weight=np.concatenate([inside, 1 - inside]))
    return float(fit.coef_[0, 0]), float(fit.intercept_[0])
