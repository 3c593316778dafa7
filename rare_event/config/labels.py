"""The display name of each key in a config; no other module names it."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

PRESETS: dict[str, str] = {
    "recommended": "Recommended",
    "article-lstm": "Articles' LSTM",
    "article-dense-text": "Articles' dense",
    "article-dense": "Dense, notebook",
}
MODELS: dict[str, str] = {
    "dense": "dense autoencoder",
    "vae": "variational autoencoder",
    "lstm": "LSTM autoencoder",
    "gru": "GRU autoencoder",
    "bilstm": "bidirectional LSTM autoencoder",
    "cnn-lstm": "CNN-LSTM autoencoder",
    "conv": "convolutional autoencoder",
    "attention": "self-attention autoencoder",
    "squares": "mean of squares",
    "pca": "PCA",
    "mahalanobis": "Mahalanobis distance",
    "isolation-forest": "isolation forest",
    "knn": "nearest neighbours",
    "one-class-svm": "one-class SVM",
    "logistic": "logistic regression",
    "boosting": "gradient boosting",
    "forest": "random forest",
    "svm": "SVM",
    "hazard": "hazard model",
    "blend": "blend",
}
REPRESENTATIONS: dict[str, str] = {
    "level": "levels",
    "difference": "differences",
    "deviation": "deviations",
    "forecast": "forecast residuals",
    "movement": "movement",
    "combined": "levels and changes",
}
RULES: dict[str, str] = {
    "fa-per-day": "At most N false alarms a day",
    "promise-per-day": "At most N false alarms a day, with 95% confidence",
    "events": "Catch at least this share of the events",
    "recall": "Catch at least this share of the positive rows",
    "f-beta": "Highest F-beta, counted by row",
    "cost": "Least cost",
    "quantile": "Fixed quantile of the scores",
    "trailing-quantile": "Trailing quantile (follows drift)",
    "fixed": "Set by hand",
}
SPLITS: dict[str, str] = {
    "chronological": "split by time",
    "rolling": "rolling split by time",
    "stretch": "split by stretch",
    "random": "random split",
    "shuffled": "random split into folds",
    "asset": "split by machine",
}
TRIVIAL: dict[str, str] = {
    "chance": "Chance: the score shifted in time",
    "since-restart": "Time since the last restart",
}
OPTIONS: dict[str, str] = {
    "squared-error": "squared error",
    "t2": "Hotelling's T2",
    "mean-log": "mean of the log scores",
    "either": "alarm by either",
}
NAMES = PRESETS | MODELS | REPRESENTATIONS | RULES | SPLITS | TRIVIAL | OPTIONS


def model_on(model: str, representation: str) -> str:
    """Name a kind of model and its representation in short.

    Examples
    --------
    >>> model_on("cnn-lstm", "forecast")
    'CNN-LSTM on forecast residuals'
    """
    return f"{MODELS[model].removesuffix(' autoencoder')} on {REPRESENTATIONS[representation]}"


@dataclass(frozen=True)
class ScoreLabel:
    """Name and unit of a model's score."""

    name: str = "score"
    unit: str = "no unit"

    @property
    def axis(self) -> str:
        """Title of an axis of scores."""
        return f"{self.name[:1].upper()}{self.name[1:]}<br>({self.unit})"

    @property
    def short_axis(self) -> str:
        """Title of an upright axis on a low chart: more lines, each shorter."""
        return "<br>".join([self.axis.split("<br>")[0], *textwrap.wrap(f"({self.unit})", 28)])


SCORE = ScoreLabel()
RECONSTRUCTION = ScoreLabel("reconstruction error", "squared scaled units")
OF_FOLDS = "multiples of the fold's validation median"
