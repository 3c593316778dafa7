"""Recipes: the models that a run is compared with, each with the inputs and the score that suit it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from rare_event.config.baselines import (
    BlendModel,
    BoostingModel,
    ForestModel,
    HazardModel,
    IsolationForestModel,
    KNNModel,
    LogisticModel,
    MahalanobisModel,
    OneClassSVMModel,
    PCAModel,
    SquaresModel,
    SVMModel,
)
from rare_event.config.detector import ModelConfig
from rare_event.config.experiment import ExperimentConfig
from rare_event.config.labels import NAMES
from rare_event.config.networks import DenseModel
from rare_event.config.prepare import Representation
from rare_event.config.training import Score, Training
from rare_event.errors import ConfigError
from rare_event.text import capital


@dataclass(frozen=True)
class Recipe:
    """A model with a title for display, and the representation and score that suit it."""

    title: str
    model: ModelConfig
    representation: Representation = field(default_factory=Representation)
    score: Score = field(default_factory=lambda: Score(top_k=5))

    def applied(self, base: ExperimentConfig, name: str) -> ExperimentConfig:
        """Return `base` with this model, representation and score, default training and another name."""
        return replace(
            base,
            name=name,
            model=self.model,
            representation=replace(self.representation, per_asset=base.representation.per_asset),
            score=self.score,
            training=Training(),
        )


UNSUPERVISED: dict[str, Recipe] = {
    "dense": Recipe("Dense autoencoder", DenseModel()),
    "pca": Recipe("PCA, squared error", PCAModel()),
    "pca-t2": Recipe("PCA, Hotelling's T2", PCAModel(statistic="t2")),
    "mahalanobis": Recipe("Mahalanobis distance", MahalanobisModel()),
    "isolation-forest": Recipe("Isolation Forest", IsolationForestModel()),
    "knn": Recipe("Nearest neighbours", KNNModel()),
    "one-class-svm": Recipe("One-class SVM", OneClassSVMModel()),
    "squares": Recipe("Mean of squares, no model", SquaresModel(), score=Score()),
    "difference-5": Recipe("PCA on changes over five rows", PCAModel(), Representation(lag=5)),
    "forecast": Recipe("PCA on forecast residuals", PCAModel(), Representation("forecast")),
    "average": Recipe("Average of three PCA scores", BlendModel(("pca", "difference-5", "forecast"))),
}
SUPERVISED: dict[str, Recipe] = {
    "logistic": Recipe("Logistic regression", LogisticModel(), Representation("combined", scaler="standard")),
    "boosting": Recipe("Gradient boosting", BoostingModel(), Representation("movement")),
    "forest": Recipe("Random forest, undersampled", ForestModel(), Representation("movement")),
    "svm": Recipe("SVM, undersampled", SVMModel(), Representation("movement")),
    "hazard": Recipe(
        "Hazard model, near rows first", HazardModel(), Representation("combined", scaler="standard")
    ),
    "log-odds": Recipe("Logistic and boosting, sum of log-odds", BlendModel(("logistic", "boosting"))),
}
JOINED: dict[str, Recipe] = {
    "all-four": Recipe(
        "Logistic, boosting, forest and forecast, averaged",
        BlendModel(("logistic", "boosting", "forest", "forecast")),
    ),
    "either": Recipe(
        "PCA average or log-odds sum, whichever is more unusual",
        BlendModel(("average", "log-odds"), join="either"),
    ),
}
RECIPES: dict[str, Recipe] = {**UNSUPERVISED, **SUPERVISED, **JOINED}


def name_of(key: str) -> str:
    """Name a preset, a recipe or a kind of model; other words stay as they are.

    Examples
    --------
    >>> name_of("article-lstm"), name_of("pca-t2"), name_of("vae")
    ("Articles' LSTM", "PCA, Hotelling's T2", 'Variational autoencoder')
    """
    return RECIPES[key].title if key in RECIPES else capital(NAMES.get(key, key))


def recipe(name: str, base: ExperimentConfig) -> ExperimentConfig:
    """Return the config of a recipe on the data, labels and split of another config.

    Parameters
    ----------
    name
        A key of `RECIPES`.
    base
        The config of the run to compare with.

    Raises
    ------
    ConfigError
        If there is no such recipe.
    """
    if name not in RECIPES:
        raise ConfigError(f"There is no recipe {name!r}; choose one of {', '.join(RECIPES)}.")
    return RECIPES[name].applied(base, name)


def baselines(base: ExperimentConfig) -> list[ExperimentConfig]:
    """Return the configs a run is compared with.

    Parameters
    ----------
    base
        The config of the run; a recipe equal to it is left out.
    """
    configs = [recipe(name, base) for name in RECIPES]
    return [config for config in configs if config != base]
