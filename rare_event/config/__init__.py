"""Every setting of an experiment, as frozen dataclasses that refuse bad values where they are made.

A config is plain data: it goes to JSON and back without loss (`to_json`, `from_json`), so a run
folder holds the whole recipe of its figures.
"""

from rare_event.config.base import Settings, require
from rare_event.config.baselines import (
    BlendModel,
    BoostingModel,
    ForestModel,
    IsolationForestModel,
    KNNModel,
    LogisticModel,
    MahalanobisModel,
    OneClassSVMModel,
    PCAModel,
    SquaresModel,
    SupervisedConfig,
    SVMModel,
    UnsupervisedConfig,
)
from rare_event.config.experiment import ExperimentConfig, ModelConfig, from_json, to_json
from rare_event.config.judge import LABEL_FREE, SHARES, AlarmPolicy, Costs, Rule, RuleKind
from rare_event.config.networks import (
    Activation,
    AttentionModel,
    BiLSTMModel,
    CNNLSTMModel,
    ConvModel,
    DenseModel,
    GRUModel,
    LSTMModel,
    NetworkConfig,
    NetworkOptions,
    RecurrentOptions,
    SequenceConfig,
    VAEModel,
)
from rare_event.config.prepare import (
    Representation,
    RepresentationKind,
    ScalerKind,
    SplitKind,
    SplitPlan,
    TrainingWindow,
)
from rare_event.config.presets import ARTICLE_DENSE, ARTICLE_LSTM, PRESETS, RECOMMENDED
from rare_event.config.recipes import RECIPES, SUPERVISED, UNSUPERVISED, Recipe, baselines, recipe
from rare_event.config.space import SPACE_MODELS, DesignSpace, space_from_json, space_to_json
from rare_event.config.training import Score, Training

__all__ = [
    "ARTICLE_DENSE",
    "ARTICLE_LSTM",
    "LABEL_FREE",
    "PRESETS",
    "RECIPES",
    "RECOMMENDED",
    "SHARES",
    "SPACE_MODELS",
    "SUPERVISED",
    "UNSUPERVISED",
    "Activation",
    "AlarmPolicy",
    "AttentionModel",
    "BiLSTMModel",
    "BlendModel",
    "BoostingModel",
    "CNNLSTMModel",
    "ConvModel",
    "Costs",
    "DenseModel",
    "DesignSpace",
    "ExperimentConfig",
    "ForestModel",
    "GRUModel",
    "IsolationForestModel",
    "KNNModel",
    "LSTMModel",
    "LogisticModel",
    "MahalanobisModel",
    "ModelConfig",
    "NetworkConfig",
    "NetworkOptions",
    "OneClassSVMModel",
    "PCAModel",
    "Recipe",
    "RecurrentOptions",
    "Representation",
    "RepresentationKind",
    "Rule",
    "RuleKind",
    "SVMModel",
    "ScalerKind",
    "Score",
    "SequenceConfig",
    "Settings",
    "SplitKind",
    "SplitPlan",
    "SquaresModel",
    "SupervisedConfig",
    "Training",
    "TrainingWindow",
    "UnsupervisedConfig",
    "VAEModel",
    "baselines",
    "from_json",
    "recipe",
    "require",
    "space_from_json",
    "space_to_json",
    "to_json",
]
