"""Settings of the baselines to compare networks with: unsupervised, supervised and blended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from rare_event.config.base import Settings, require, typed
from rare_event.config.labels import RECONSTRUCTION, ScoreLabel


@dataclass(frozen=True)
class SquaresModel(Settings):
    """No model at all: the score is the mean of the squared inputs."""

    kind: Literal["squares"] = field(default="squares", kw_only=True)
    score_label = ScoreLabel("mean square of the inputs", "squared scaled units")


@dataclass(frozen=True)
class PCAModel(Settings):
    """Principal components: the baseline every network must beat.

    Parameters
    ----------
    components
        Number of components kept, at most one less than the number of inputs.
    statistic
        ``squared-error``: squared reconstruction error of each sensor. ``t2``: the
        distance from the mean along the kept components (Jackson and Mudholkar 1979).
    """

    kind: Literal["pca"] = field(default="pca", kw_only=True)
    components: int = 16
    statistic: Literal["squared-error", "t2"] = field(default="squared-error", kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.components >= 1, f"components is {self.components}; choose 1 or more.")

    @property
    def score_label(self) -> ScoreLabel:
        """The reconstruction error, or Hotelling's T2."""
        t2 = ScoreLabel("Hotelling's T2", "squared standard deviations")
        return t2 if self.statistic == "t2" else RECONSTRUCTION


@dataclass(frozen=True)
class MahalanobisModel(Settings):
    """Squared Mahalanobis distance, with the covariance shrinkage of Ledoit and Wolf (2004)."""

    kind: Literal["mahalanobis"] = field(default="mahalanobis", kw_only=True)
    score_label = ScoreLabel("squared Mahalanobis distance", "squared standard deviations")


@dataclass(frozen=True)
class IsolationForestModel(Settings):
    """Isolation Forest (Liu, Ting and Zhou 2008): the fewer random cuts isolate a row, the higher it scores.

    Parameters
    ----------
    trees
        Number of trees.
    """

    kind: Literal["isolation-forest"] = field(default="isolation-forest", kw_only=True)
    score_label = ScoreLabel("isolation score", "0 to 1")
    trees: int = 200

    def __post_init__(self) -> None:
        super().__post_init__()
        require(1 <= self.trees <= 10_000, f"trees is {self.trees}; choose 1 to 10,000.")


@dataclass(frozen=True)
class KNNModel(Settings):
    """Mean distance to the nearest normal rows of the training part (Ramaswamy, Rastogi and Shim 2000).

    Parameters
    ----------
    neighbours
        Number of nearest normal rows whose distances are averaged.
    most_rows
        Maximum number of training rows; a longer training part is thinned evenly.
    """

    kind: Literal["knn"] = field(default="knn", kw_only=True)
    score_label = ScoreLabel("distance to normal rows", "scaled units")
    neighbours: int = 5
    most_rows: int = 20_000

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.neighbours >= 1, f"neighbours is {self.neighbours}; choose 1 or more.")
        require(
            self.most_rows >= self.neighbours,
            f"most_rows is {self.most_rows}; choose {self.neighbours:,} or more, one for each neighbour.",
        )


@dataclass(frozen=True)
class OneClassSVMModel(Settings):
    """One-class support vector machine with a Gaussian kernel (Schölkopf et al. 2001).

    Parameters
    ----------
    nu
        Upper bound on the share of training rows outside the boundary.
    most_rows
        Maximum number of training rows; a longer training part is thinned evenly, since fitting
        time grows with the square of the number of rows.
    """

    kind: Literal["one-class-svm"] = field(default="one-class-svm", kw_only=True)
    score_label = ScoreLabel("dissimilarity to normal rows", "minus log of the similarity")
    nu: float = 0.05
    most_rows: int = 5_000

    def __post_init__(self) -> None:
        super().__post_init__()
        require(0 < self.nu < 1, f"nu is {typed(self.nu)}; choose a number above 0, below 1.")
        require(self.most_rows >= 10, f"most_rows is {self.most_rows}; choose 10 or more.")


@dataclass(frozen=True)
class LogisticModel(Settings):
    """Logistic regression on past events, strongly regularised; the score is the odds of a positive row.

    Parameters
    ----------
    C
        Inverse strength of the L2 penalty, as in scikit-learn.
    """

    kind: Literal["logistic"] = field(default="logistic", kw_only=True)
    score_label = ScoreLabel("odds of a positive row", "positive to normal")
    C: float = 1e-4

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.C > 0, f"C is {typed(self.C)}; choose a number above 0.")


@dataclass(frozen=True)
class BoostingModel(Settings):
    """Gradient boosting on past events with balanced classes; the score is the odds of a positive row.

    Parameters
    ----------
    trees
        Number of trees.
    learning_rate
        Weight of each tree.
    leaves
        Maximum number of leaves per tree.
    l2
        L2 penalty on the leaf values.
    """

    kind: Literal["boosting"] = field(default="boosting", kw_only=True)
    score_label = ScoreLabel("odds of a positive row", "classes weighted equally")
    trees: int = 100
    learning_rate: float = 0.05
    leaves: int = 7
    l2: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        require(1 <= self.trees <= 10_000, f"trees is {self.trees}; choose 1 to 10,000.")
        require(
            0 < self.learning_rate <= 1,
            f"learning_rate is {typed(self.learning_rate)}; choose a number above 0, at most 1.",
        )
        require(2 <= self.leaves <= 1024, f"leaves is {self.leaves}; choose 2 to 1,024.")
        require(self.l2 >= 0, f"l2 is {typed(self.l2)}; choose 0 or more.")


@dataclass(frozen=True)
class ForestModel(Settings):
    """Random forest on past events and a sample of normal rows; the score is the odds of a positive row.

    Parameters
    ----------
    trees
        Number of trees.
    ratio
        Number of normal rows sampled for each positive row.
    """

    kind: Literal["forest"] = field(default="forest", kw_only=True)
    score_label = ScoreLabel("odds of a positive row", "normal rows undersampled")
    trees: int = 300
    ratio: float = 5.0

    def __post_init__(self) -> None:
        super().__post_init__()
        require(1 <= self.trees <= 10_000, f"trees is {self.trees}; choose 1 to 10,000.")
        require(self.ratio > 0, f"ratio is {typed(self.ratio)}; choose a number above 0.")


@dataclass(frozen=True)
class SVMModel(Settings):
    """Support vector machine on past events and a sample of normal rows.

    The score is the exponential of the decision function, which is treated as log-odds.

    Parameters
    ----------
    C
        Inverse strength of the penalty, as in scikit-learn.
    ratio
        Number of normal rows sampled for each positive row.
    """

    kind: Literal["svm"] = field(default="svm", kw_only=True)
    score_label = ScoreLabel("exponential of the decision", "no unit")
    C: float = 1.0
    ratio: float = 5.0

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.C > 0, f"C is {typed(self.C)}; choose a number above 0.")
        require(self.ratio > 0, f"ratio is {typed(self.ratio)}; choose a number above 0.")


@dataclass(frozen=True)
class HazardModel(Settings):
    """Logistic regression on the rows before past events, near rows first; the score is a calibrated risk.

    The nearer a row is to its event, the more it counts; the risk is calibrated on the last quarter of the
    training rows.

    Parameters
    ----------
    horizon
        Number of rows: the score is the probability that an event begins within them.
    C
        Inverse strength of the L2 penalty, as in scikit-learn.
    """

    kind: Literal["hazard"] = field(default="hazard", kw_only=True)
    horizon: int = 5
    C: float = 1e-4

    def __post_init__(self) -> None:
        super().__post_init__()
        require(1 <= self.horizon <= 1000, f"horizon is {self.horizon}; choose 1 to 1,000 rows.")
        require(self.C > 0, f"C is {typed(self.C)}; choose a number above 0.")

    @property
    def score_label(self) -> ScoreLabel:
        """The risk over the horizon."""
        rows = "next row" if self.horizon == 1 else f"next {self.horizon:,} rows"
        return ScoreLabel(f"risk of an event in the {rows}", "probability")


@dataclass(frozen=True)
class BlendModel(Settings):
    """Blend: combines the scores that several models give to the same windows.

    Parameters
    ----------
    members
        Names of recipes (`rare_event.config.RECIPES`), at least two.
    join
        ``mean-log``: geometric mean of the scores, which adds the log-odds of scores that are odds.
        ``either``: an alarm of any model counts, and the models share the false alarms equally.
    """

    kind: Literal["blend"] = field(default="blend", kw_only=True)
    members: tuple[str, ...] = ("pca", "forecast")
    join: Literal["mean-log", "either"] = "mean-log"

    def __post_init__(self) -> None:
        super().__post_init__()
        require(
            len(set(self.members)) == len(self.members) >= 2,
            f"members is {', '.join(self.members) or 'empty'}; name at least two different models.",
        )

    @property
    def score_label(self) -> ScoreLabel:
        """The mean of the scores, or the rarity of the rarest."""
        if self.join == "either":
            return ScoreLabel("rarity of the score", "powers of ten")
        return ScoreLabel("geometric mean of the scores", "mixed units")


UnsupervisedConfig = (
    SquaresModel | PCAModel | MahalanobisModel | IsolationForestModel | KNNModel | OneClassSVMModel
)
SupervisedConfig = LogisticModel | BoostingModel | ForestModel | SVMModel | HazardModel
