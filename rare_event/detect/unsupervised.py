"""Detectors fitted on normal rows only, without reconstruction."""

from __future__ import annotations

import numpy as np
from sklearn.covariance import LedoitWolf
from sklearn.ensemble import IsolationForest
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.neighbors import NearestNeighbors
from sklearn.svm import OneClassSVM

from rare_event.config import IsolationForestModel, KNNModel, MahalanobisModel, OneClassSVMModel
from rare_event.detect.rows import RowDetector, thinned

# More rows do not change a covariance of about a hundred sensors.
COVARIANCE_ROWS = 100_000
# Rows compared with the support vectors at once: 40 MB for 5,000 vectors.
KERNEL_ROWS = 1024


class MahalanobisDetector(RowDetector):
    """The score is the squared Mahalanobis distance, the covariance shrunk (Ledoit and Wolf 2004)."""

    ESTIMATOR = LedoitWolf

    @staticmethod
    def fit_rows(model: MahalanobisModel, rows: np.ndarray, y: np.ndarray, seed: int) -> LedoitWolf:
        """Fit mean and covariance to normal rows, thinned to `COVARIANCE_ROWS`."""
        return LedoitWolf().fit(thinned(rows, COVARIANCE_ROWS).astype(float))

    def score_rows(self, rows: np.ndarray) -> np.ndarray:
        """Return squared distances from the mean."""
        centred = rows - self.estimator.location_
        distance = np.einsum("ij,ij->i", centred @ self.estimator.precision_, centred)
        # Rounding can make a distance of 0 slightly negative.
        squared: np.ndarray = np.maximum(distance, 0)
        return squared


class IsolationForestDetector(RowDetector):
    """The score is that of Liu, Ting and Zhou (2008): 2 ** (-depth / expected depth), above 0, at most 1."""

    ESTIMATOR = IsolationForest
    BATCHES = False

    @staticmethod
    def fit_rows(model: IsolationForestModel, rows: np.ndarray, y: np.ndarray, seed: int) -> IsolationForest:
        """Grow trees on 256 normal rows each, drawn with the seed."""
        return IsolationForest(n_estimators=model.trees, random_state=seed).fit(rows)

    def score_rows(self, rows: np.ndarray) -> np.ndarray:
        """Return isolation scores."""
        isolation: np.ndarray = -self.estimator.score_samples(rows)
        return isolation


class KNNDetector(RowDetector):
    """The score is the mean distance to the nearest normal training rows (Ramaswamy et al. 2000)."""

    ESTIMATOR = NearestNeighbors

    @staticmethod
    def fit_rows(model: KNNModel, rows: np.ndarray, y: np.ndarray, seed: int) -> NearestNeighbors:
        """Keep at most `most_rows` normal rows."""
        kept = thinned(rows, model.most_rows)
        # Tree searches save nothing in many dimensions.
        return NearestNeighbors(n_neighbors=min(model.neighbours, len(kept)), algorithm="brute").fit(kept)

    def score_rows(self, rows: np.ndarray) -> np.ndarray:
        """Return mean distances; a training row counts itself."""
        distances: np.ndarray = self.estimator.kneighbors(rows)[0].mean(axis=1, dtype=float)
        return distances


class OneClassSVMDetector(RowDetector):
    """One-class support vector machine; its score rises as its decision function falls.

    The decision is the summed similarity to the support vectors less a constant. The score is minus the
    logarithm of the mean similarity: 0 or more, and it grows with the squared distance far from all support
    vectors, where the decision function levels off.
    """

    ESTIMATOR = OneClassSVM

    @staticmethod
    def fit_rows(model: OneClassSVMModel, rows: np.ndarray, y: np.ndarray, seed: int) -> OneClassSVM:
        """Fit a Gaussian kernel of scikit-learn's default width to normal rows, thinned."""
        kept = thinned(rows, model.most_rows).astype(float)
        # scikit-learn's default "scale" as a number, because `score_rows` needs it.
        gamma = 1 / (kept.shape[1] * (kept.var() or 1.0))
        return OneClassSVM(nu=model.nu, gamma=gamma).fit(kept)

    def score_rows(self, rows: np.ndarray) -> np.ndarray:
        """Return minus the logarithm of the mean similarity to the support vectors."""
        svm = self.estimator
        weights = svm.dual_coef_[0] / svm.dual_coef_.sum()
        parts = np.array_split(rows.astype(float), range(KERNEL_ROWS, len(rows), KERNEL_ROWS))
        similarity = np.concatenate(
            [rbf_kernel(part, svm.support_vectors_, gamma=svm.gamma) @ weights for part in parts]
        )
        rarity: np.ndarray = -np.log(np.clip(similarity, np.finfo(float).tiny, 1))
        return rarity
