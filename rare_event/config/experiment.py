"""All settings of a run, and their conversion to and from JSON."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from rare_event.clock import MINUTES
from rare_event.config.base import Settings, require, settings_from_json, settings_to_json, typed
from rare_event.config.baselines import BlendModel
from rare_event.config.detector import DetectorConfig, ModelConfig
from rare_event.config.judge import RATES, AlarmPolicy, Rule
from rare_event.config.labels import OF_FOLDS, ScoreLabel
from rare_event.config.networks import DenseModel, NetworkConfig
from rare_event.config.prepare import Representation, SplitPlan
from rare_event.config.training import Score, Training
from rare_event.text import number

# Of a figure that was typed: all of a double that can be typed.
DIGITS = 15


@dataclass(frozen=True)
class ExperimentConfig(Settings):
    """All settings of one run.

    Parameters
    ----------
    name
        The preset that the settings started from, or ``custom``; it has no part in equality.
    shift
        Number of rows before an event that are labelled positive. With 0, the model detects events while
        they last: the rows of the events themselves are positive.
    lookback
        Number of rows in a window, which is what the model sees at once.
    article_mode
        A stop may then lie between an event and the rows labelled before it, or between the rows of one
        window.
    split, representation, model, training, score, policy, rule
        The settings of each stage.
    watch
        Rule of a watch level: a second, lower threshold on the same score, under the same alarm policy.
        Empty (None): there is none.
    seed
        Random seed for the training.

    Examples
    --------
    >>> config = ExperimentConfig(shift=3, lookback=5)
    >>> from_json(to_json(config)) == config
    True
    """

    name: str = field(default="custom", compare=False)
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
    watch: Rule | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        require(0 <= self.shift <= 10_000, f"shift is {self.shift} rows; choose 0 to 10,000.")
        require(
            self.shift > 0 or not self.article_mode,
            "The articles warn before events, so their settings need a shift of 1 row or more.",
        )
        require(
            self.shift > 0 or self.policy.lead is None,
            "With a shift of 0, an alarm catches an event only while it lasts: leave the lead window empty.",
        )
        _check_watch(self.rule, self.watch)
        # Made only to refuse what no detector can have.
        _ = self.detector

    @property
    def detector(self) -> DetectorConfig:
        """The settings of its detector."""
        return DetectorConfig(self.model, self.lookback, self.training, self.score, self.seed)

    def with_model(self, model: ModelConfig) -> ExperimentConfig:
        """Return these settings with another model; only neural networks are averaged."""
        averaged = self.training.networks if isinstance(model, NetworkConfig) else 1
        return replace(self, model=model, training=replace(self.training, networks=averaged))

    def score_label(self, folds: int) -> ScoreLabel:
        """Name the score and its unit; scores of several folds are ratios, since folds differ in scale."""
        label = self.model.score_label
        # Rarities have the same scale in all folds.
        one_scale = folds == 1 or (isinstance(self.model, BlendModel) and self.model.join == "either")
        return label if one_scale else replace(label, unit=OF_FOLDS)


def _check_watch(rule: Rule, watch: Rule | None) -> None:
    """Refuse a watch level that no data can put below the warning level."""
    if watch is None:
        return
    require(
        not watch.trailing,
        "The watch level is on the same score as the warning level, so it cannot follow the recent scores by "
        "a rule of its own. Choose another rule for it.",
    )
    if watch.kind != rule.kind:
        return
    above = "The watch level would lie above the warning level: "
    require(
        watch.kind not in RATES or watch.value >= rule.value,
        f"{above}it may give at most {MINUTES.alarms(number(watch.value, DIGITS))}, and the warning level "
        f"{number(rule.value, DIGITS)}. Allow the watch level more.",
    )
    require(
        watch.kind not in ("quantile", "fixed") or watch.value <= rule.value,
        f"{above}{typed(watch.value)}, and the warning level {typed(rule.value)}. Choose a lower value for "
        "the watch level.",
    )


def to_json(config: ExperimentConfig) -> str:
    """Write a config as JSON text."""
    return settings_to_json(config)


def from_json(text: str | bytes) -> ExperimentConfig:
    """Read a config written by `to_json`, or raise a ConfigError that names the setting."""
    refused = (
        "The settings of this run cannot be read. The run may come from a newer version: open it in that "
    )
    refused += "version, or train again. Detail: {where}: {why}."
    return settings_from_json(ExperimentConfig, text, refused)
