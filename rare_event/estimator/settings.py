"""From the parameters of the estimator to the settings of an experiment."""

from __future__ import annotations

from typing import Any, cast, get_args

from sklearn.utils import check_random_state

from rare_event.config import (
    AlarmPolicy,
    BlendModel,
    ExperimentConfig,
    ModelConfig,
    Representation,
    RepresentationKind,
    Rule,
    Score,
    Training,
    require,
)
from rare_event.config.base import whole

MODELS = {kind.kind: kind for kind in get_args(ModelConfig) if kind is not BlendModel}
# The score of the recommended preset.
TOP_K = 5


def experiment_of(
    *,
    shift: int,
    lookback: int,
    model: Any,
    representation: Any,
    training: Training | None,
    window_score: Score | None,
    rule: Rule | None,
    policy: AlarmPolicy | None,
    random_state: Any,
) -> ExperimentConfig:
    """Return the settings of an experiment that has the parameters of an `EarlyWarning`.

    Raises
    ------
    ConfigError
        If a parameter cannot work, or only an experiment can do what it asks for.
    """
    if isinstance(model, str):
        require(model in MODELS, f"model is {model!r}; choose one of {', '.join(MODELS)}.")
        model = MODELS[model]()
    if isinstance(representation, str):
        representation = Representation(cast(RepresentationKind, representation))
    require(
        not isinstance(model, BlendModel),
        "A blend has several models, and an estimator has one. Fit an estimator for each model.",
    )
    rule = Rule() if rule is None else rule
    require(
        not isinstance(rule, Rule) or not rule.trailing,
        "A trailing threshold needs the scores of the days before, which an estimator does not keep. "
        "Choose another rule.",
    )
    return ExperimentConfig(
        shift=shift,
        lookback=lookback,
        representation=representation,
        model=model,
        training=Training() if training is None else training,
        score=Score(top_k=TOP_K) if window_score is None else window_score,
        policy=AlarmPolicy() if policy is None else policy,
        rule=rule,
        seed=_seed(random_state),
    )


def _seed(random_state: Any) -> int:
    if whole(random_state):
        return int(random_state)
    return int(check_random_state(random_state).randint(2**31 - 1))
