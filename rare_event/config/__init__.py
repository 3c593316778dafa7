"""All settings: frozen dataclasses that reject bad values and survive JSON; and the name of every kind.

Knows no data and no model: it computes nothing and reads no file.
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
from rare_event.config.detector import DetectorConfig, ModelConfig
from rare_event.config.experiment import ExperimentConfig, from_json, to_json
from rare_event.config.judge import LABEL_FREE, SHARES, AlarmPolicy, Costs, Rule, RuleKind
from rare_event.config.network_options import Activation, NetworkOptions, RecurrentOptions
from rare_event.config.networks import (
    AttentionModel,
    BiLSTMModel,
    CNNLSTMModel,
    ConvModel,
    DenseModel,
    GRUModel,
    LSTMModel,
    NetworkConfig,
    SequenceConfig,
    VAEModel,
    VectorModel,
)
from rare_event.config.prepare import (
    Representation,
    RepresentationKind,
    ScalerKind,
    SplitKind,
    SplitPlan,
    TrainingWindow,
)
from rare_event.config.presets import (
    ARTICLE_DENSE,
    ARTICLE_DENSE_TEXT,
    ARTICLE_LSTM,
    ARTICLE_THRESHOLDS,
    PRESETS,
    RECOMMENDED,
)
from rare_event.config.recipes import RECIPES, SUPERVISED, UNSUPERVISED, Recipe, baselines, name_of, recipe
from rare_event.config.sensor_rule import SensorRule, parse_sensor_rule
from rare_event.config.space import SPACE_MODELS, DesignSpace, space_from_json, space_to_json
from rare_event.config.training import Score, Training

__all__ = [
    "ARTICLE_DENSE",
    "ARTICLE_DENSE_TEXT",
    "ARTICLE_LSTM",
    "ARTICLE_THRESHOLDS",
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
    "DetectorConfig",
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
    "SensorRule",
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
    "VectorModel",
    "baselines",
    "from_json",
    "name_of",
    "parse_sensor_rule",
    "recipe",
    "require",
    "space_from_json",
    "space_to_json",
    "to_json",
]
