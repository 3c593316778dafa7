"""Every setting of an experiment, as frozen dataclasses that refuse bad values where they are made.

A config is plain data: it goes to JSON and back without loss (`to_json`, `from_json`), so a run
folder holds the whole recipe of its figures.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import cache
from numbers import Integral
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin, get_type_hints

import numpy as np

from rare_event.errors import ConfigError

if TYPE_CHECKING:
    from pydantic import TypeAdapter

SplitKind = Literal["random", "stretch", "chronological", "rolling"]
RepresentationKind = Literal["level", "difference", "deviation"]
ScalerKind = Literal["standard", "robust"]
RuleKind = Literal[
    "fa-per-day", "recall", "events", "f-beta", "cost", "quantile", "trailing-quantile", "fixed"
]
# Rules whose value is a share, and those that need no positive rows to choose by.
SHARES: tuple[RuleKind, ...] = ("recall", "events", "quantile", "trailing-quantile")
LABEL_FREE: tuple[RuleKind, ...] = ("fa-per-day", "quantile", "trailing-quantile", "fixed")
Activation = Literal["relu", "tanh", "elu", "selu", "linear"]


@dataclass(frozen=True)
class Settings:
    """Base of all settings: unknown names are refused in JSON, wrong types everywhere."""

    __pydantic_config__ = {"extra": "forbid", "strict": True}

    def __post_init__(self) -> None:
        for name, wanted in get_type_hints(type(self)).items():
            value = self.__dict__.get(name)
            kinds = [kind for kind in get_args(wanted) or (wanted,) if kind is not type(None)]
            if value is None and len(kinds) < len(get_args(wanted)):
                continue
            if get_origin(wanted) is Literal:
                choices = ", ".join(map(str, kinds))
                require(value in kinds, f"{name} is {value!r}; choose one of {choices}.")
            elif all(isinstance(kind, type) and (issubclass(kind, Settings | bool | str)) for kind in kinds):
                names = " or ".join(kind.__name__ for kind in kinds)
                require(isinstance(value, tuple(kinds)), f"{name} is {value!r}; give a {names}.")
            elif kinds == [int]:
                require(_whole(value), f"{name} is {value!r}; choose a whole number.")
            elif kinds == [float]:
                require(_finite(value), f"{name} is {value!r}; choose a finite number.")


def _whole(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _finite(value: Any) -> bool:
    # numpy's numbers count, a bool does not.
    return isinstance(value, int | float | np.number) and not isinstance(value, bool) and math.isfinite(value)


def require(condition: bool, sentence: str) -> None:
    """Raise `ConfigError` with the sentence unless the condition holds."""
    if not condition:
        raise ConfigError(sentence)


@dataclass(frozen=True)
class SplitPlan(Settings):
    """How rows are divided into training, validation and test parts.

    Parameters
    ----------
    kind
        ``random``: single rows, nested 80/20, as the articles; optimistic, since neighbours of a
        test row are trained on. ``stretch``: whole stretches held out. ``chronological``: 64/16/20
        in time. ``rolling``: rolling origin over the last `test_share` of the rows.
    folds
        Number of folds of the plans ``stretch`` and ``rolling``; the others have one.
    test_share
        Share of the rows that are tested at all, for ``rolling``.
    seed
        Seed of the draw, for ``random`` and ``stretch``; 123 is the articles'.
    """

    kind: SplitKind = "chronological"
    folds: int = 6
    test_share: float = 0.6
    seed: int = 123

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.seed >= 0, f"The seed of the split is {self.seed}; choose 0 or more.")
        require(2 <= self.folds <= 50, f"folds is {self.folds}; choose 2 to 50.")
        require(0 < self.test_share < 1, f"test_share is {self.test_share}; choose between 0 and 1.")


@dataclass(frozen=True)
class Representation(Settings):
    """How sensors enter the model.

    Parameters
    ----------
    kind
        ``level``: the values as they are. ``difference``: change since the row before, 0 in the
        first row of a stretch. ``deviation``: value less the mean of the last `trailing` rows of
        the same stretch, the row itself included.
    scaler
        ``standard``: mean and standard deviation. ``robust``: median and 5-95 % range. Both are
        fitted on normal training rows only.
    clip
        Scaled values are clipped to +-`clip`; None leaves them.
    trailing
        Rows in the trailing mean of ``deviation``.
    one_hot
        Whether categories enter as 0/1 columns, one for each grade seen in training.
    """

    kind: RepresentationKind = "difference"
    scaler: ScalerKind = "robust"
    clip: float | None = 5.0
    trailing: int = 30
    one_hot: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.clip is None or self.clip > 0, f"clip is {self.clip}; choose a positive number or none.")
        require(self.trailing >= 2, f"trailing is {self.trailing}; a trailing mean needs at least 2 rows.")


@dataclass(frozen=True)
class DenseModel(Settings):
    """Dense autoencoder: each window, flattened, through layers of these widths and back.

    Parameters
    ----------
    widths
        Units of the hidden layers, in order; the output layer is added.
    activation
        Of the hidden layers; the output is linear, since standardised values can be negative.
    activity_l1
        Penalty on the absolute activity of the first layer, *summed* over the rows of a batch as
        Keras 2.2 did when the articles were written (Keras 3 averages it over the batch).
    """

    kind: Literal["dense"] = field(default="dense", kw_only=True)
    widths: tuple[int, ...] = (32, 16, 16, 32)
    activation: Activation = "relu"
    activity_l1: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        require_widths(self.widths)
        require(self.activity_l1 >= 0, f"activity_l1 is {self.activity_l1}; choose 0 or more.")


@dataclass(frozen=True)
class LSTMModel(Settings):
    """LSTM autoencoder: an encoder to one vector, repeated for each step, and a decoder.

    Parameters
    ----------
    encoder, decoder
        Units of the LSTM layers on either side of the repeated vector.
    activation
        Of the LSTM layers; ``relu`` as in the article.
    """

    kind: Literal["lstm"] = field(default="lstm", kw_only=True)
    encoder: tuple[int, ...] = (32, 16)
    decoder: tuple[int, ...] = (16, 32)
    activation: Activation = "relu"

    def __post_init__(self) -> None:
        super().__post_init__()
        require_widths(self.encoder)
        require_widths(self.decoder)


@dataclass(frozen=True)
class PCAModel(Settings):
    """Reconstruction from the first principal components: the baseline every network must beat.

    Parameters
    ----------
    components
        Number of components kept; at most the number of inputs less one is used.
    """

    kind: Literal["pca"] = field(default="pca", kw_only=True)
    components: int = 16

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.components >= 1, f"components is {self.components}; choose 1 or more.")


NetworkConfig = DenseModel | LSTMModel
ModelConfig = NetworkConfig | PCAModel


def require_widths(widths: tuple[int, ...]) -> None:
    """Refuse layer widths that are empty or not positive."""
    require(
        len(widths) >= 1 and all(_whole(w) and 1 <= w <= 4096 for w in widths),
        f"Layer widths are {list(widths)}; give one or more numbers from 1 to 4096.",
    )


@dataclass(frozen=True)
class Training(Settings):
    """How a network is fitted.

    Parameters
    ----------
    epochs, batch_size, learning_rate
        Of the Adam optimiser.
    patience
        Epochs without a lower validation loss before training stops; None trains all epochs.
    keep
        Which weights the detector gets: those of the ``best`` validation loss, or the ``last``.
    """

    epochs: int = 100
    batch_size: int = 128
    learning_rate: float = 1e-3
    patience: int | None = 5
    keep: Literal["best", "last"] = "best"

    def __post_init__(self) -> None:
        super().__post_init__()
        require(1 <= self.epochs <= 100_000, f"epochs is {self.epochs}; choose 1 to 100,000.")
        require(1 <= self.batch_size <= 65_536, f"batch_size is {self.batch_size}; choose 1 to 65,536.")
        require(
            0 < self.learning_rate <= 1, f"learning_rate is {self.learning_rate}; choose above 0, at most 1."
        )
        require(
            self.patience is None or self.patience >= 1, f"patience is {self.patience}; choose 1 or more."
        )


@dataclass(frozen=True)
class Score(Settings):
    """How a window's reconstruction becomes one number.

    Parameters
    ----------
    steps
        Squared errors of the ``last`` row of the window, or averaged over the whole ``window``.
    top_k
        The score is the mean of the `top_k` largest sensor errors; None takes the mean of all.
    """

    steps: Literal["last", "window"] = "last"
    top_k: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.top_k is None or self.top_k >= 1, f"top_k is {self.top_k}; choose 1 or more.")


@dataclass(frozen=True)
class AlarmPolicy(Settings):
    """When scores at or above the threshold become an alarm, and when an alarm counts.

    Parameters
    ----------
    k, n
        A row is alarmed when at least `k` of the last `n` windows of its stretch reach the
        threshold.
    cooldown
        Minutes; alarmed rows of one stretch less than this apart belong to one alarm.
    lead
        Minutes before an event in which an alarm counts for it (the lead window).
    min_lead
        Minutes; a warning later than this before the event comes too late to catch it.
    mute
        Rows after a restart in which no row is alarmed.
    """

    k: int = 1
    n: int = 1
    cooldown: float = 10.0
    lead: float = 4.0
    min_lead: float = 0.0
    mute: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        require(
            1 <= self.k <= self.n <= 1000, f"k={self.k} of n={self.n} windows; choose 1 <= k <= n <= 1000."
        )
        require(self.cooldown >= 0, f"cooldown is {self.cooldown} minutes; choose 0 or more.")
        require(self.lead > 0, f"lead is {self.lead} minutes; choose more than 0.")
        require(
            0 <= self.min_lead <= self.lead,
            f"min_lead is {self.min_lead} minutes; choose 0 to the lead window of {self.lead} minutes.",
        )
        require(self.mute >= 0, f"mute is {self.mute} rows; choose 0 or more.")


@dataclass(frozen=True)
class Costs(Settings):
    """What the plant pays, in its own currency.

    Parameters
    ----------
    event
        Of an event nobody saw coming; the articles speak of 10,000 dollars and more.
    false_alarm
        Of an alarm that no event follows.
    saved
        Share of an event's cost that a warning saves.
    """

    event: float = 10_000.0
    false_alarm: float = 200.0
    saved: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.event >= 0, f"The cost of an event is {self.event}; choose 0 or more.")
        require(self.false_alarm >= 0, f"The cost of a false alarm is {self.false_alarm}; choose 0 or more.")
        require(0 <= self.saved <= 1, f"The share saved is {self.saved}; choose 0 to 1.")


@dataclass(frozen=True)
class Rule(Settings):
    """How the threshold is chosen on validation data.

    Parameters
    ----------
    kind
        ``fa-per-day``: the most events at no more than `value` false alarms per day of running
        time. ``recall``, ``events``: at least this share of positive rows, or of events, at the
        best precision. ``f-beta``: the highest F-beta of the rows, `value` being beta. ``cost``:
        the highest net value under `costs`. ``quantile``: this quantile of the scores.
        ``trailing-quantile``: this quantile of the last `days` days before each row, which follows
        drift; the threshold is then 1, in multiples of it. ``fixed``: `value` itself.
    value
        Of the rule; not used by ``cost``.
    days
        Running time that a trailing quantile looks back on.
    costs
        For ``cost``.
    """

    kind: RuleKind = "fa-per-day"
    value: float = 2.0
    days: float = 3.0
    costs: Costs = field(default_factory=Costs)

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.value >= 0, f"The rule {self.kind} has the value {self.value}; choose 0 or more.")
        if self.kind in SHARES:
            require(self.value <= 1, f"The rule {self.kind} has the value {self.value}; choose 0 to 1.")
        require(self.kind != "f-beta" or self.value > 0, "The rule f-beta needs a beta above 0.")
        require(0 < self.days <= 365, f"days is {self.days}; choose above 0, at most 365.")

    @property
    def trailing(self) -> bool:
        """Whether the threshold follows the scores."""
        return self.kind == "trailing-quantile"

    def in_words(self) -> str:
        """Say how the threshold is chosen."""
        return {
            "fa-per-day": f"at most {self.value:g} false alarms a day",
            "recall": f"at least {self.value:.0%} of the positive rows, at the best precision",
            "events": f"at least {self.value:.0%} of the events, at the best precision",
            "f-beta": f"the highest F-beta with beta {self.value:g}",
            "cost": (
                f"the least cost with {self.costs.event:,.0f} for an event, {self.costs.saved:.0%} of it "
                f"saved by a warning, and {self.costs.false_alarm:,.0f} for a false alarm"
            ),
            "quantile": f"the {self.value:g} quantile of the scores",
            "trailing-quantile": f"the {self.value:g} quantile of the last {self.days:g} days",
            "fixed": "set by hand",
        }[self.kind]


@dataclass(frozen=True)
class ExperimentConfig(Settings):
    """The whole recipe of one run.

    Parameters
    ----------
    name
        The preset it started from, or ``custom``.
    shift
        Rows before an event that become positive.
    lookback
        Rows in one window, the last included.
    article_mode
        Shift and windows in row order, across stops, exactly as the articles do.
    split, representation, model, training, score, policy, rule
        The settings of each stage.
    seed
        Of every random step of training.
    """

    name: str = "custom"
    shift: int = 2
    lookback: int = 1
    article_mode: bool = False
    split: SplitPlan = field(default_factory=SplitPlan)
    representation: Representation = field(default_factory=Representation)
    model: ModelConfig = field(default_factory=DenseModel)
    training: Training = field(default_factory=Training)
    score: Score = field(default_factory=Score)
    policy: AlarmPolicy = field(default_factory=AlarmPolicy)
    rule: Rule = field(default_factory=Rule)
    seed: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        require(1 <= self.shift <= 10_000, f"shift is {self.shift} rows; choose 1 to 10,000.")
        require(1 <= self.lookback <= 10_000, f"lookback is {self.lookback} rows; choose 1 to 10,000.")
        require(0 <= self.seed < 2**31, f"seed is {self.seed}; choose 0 to 2,147,483,647.")


ARTICLE_DENSE = ExperimentConfig(
    name="article-dense",
    shift=2,
    lookback=1,
    article_mode=True,
    split=SplitPlan("random"),
    representation=Representation("level", "standard", clip=None),
    model=DenseModel(activity_l1=1e-3),
    training=Training(epochs=200, batch_size=128, learning_rate=1e-3, patience=None, keep="last"),
)
ARTICLE_LSTM = replace(
    ARTICLE_DENSE,
    name="article-lstm",
    lookback=5,
    model=LSTMModel(),
    training=Training(epochs=200, batch_size=64, learning_rate=1e-4, patience=None, keep="last"),
)
RECOMMENDED = ExperimentConfig(name="recommended", score=Score(top_k=5))

PRESETS: dict[str, ExperimentConfig] = {c.name: c for c in (RECOMMENDED, ARTICLE_LSTM, ARTICLE_DENSE)}


@cache
def _adapter() -> TypeAdapter[ExperimentConfig]:
    from pydantic import TypeAdapter

    return TypeAdapter(ExperimentConfig)


def to_json(config: ExperimentConfig) -> str:
    """Write a config as JSON text."""
    return _adapter().dump_json(config, indent=1).decode()


def from_json(text: str | bytes) -> ExperimentConfig:
    """Read a config written by `to_json`.

    Raises
    ------
    ConfigError
        If a setting is unknown, missing its type, or out of range.
    """
    from pydantic import ValidationError

    try:
        return _adapter().validate_json(text)
    except ValidationError as error:
        first: Any = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigError(
            f"The settings of this run cannot be read at {where or 'the top'}: {first['msg']}. "
            "It may come from a newer version; open it there, or train again."
        ) from error
