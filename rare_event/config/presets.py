"""Presets: the settings of the articles, and the recommended ones."""

from __future__ import annotations

from dataclasses import replace

from rare_event.config.experiment import ExperimentConfig
from rare_event.config.networks import DenseModel, LSTMModel
from rare_event.config.prepare import Representation, SplitPlan
from rare_event.config.training import Score, Training

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
# The network that the text of the dense article prints; its notebook, above, has another.
ARTICLE_DENSE_TEXT = replace(
    ARTICLE_DENSE,
    name="article-dense-text",
    model=DenseModel(
        widths=(32, 16, 16),
        activations=("tanh", "relu", "tanh"),
        output_activation="relu",
        activity_l1=1e-3,
    ),
    training=replace(ARTICLE_DENSE.training, epochs=100, keep="best"),
)
ARTICLE_LSTM = replace(
    ARTICLE_DENSE,
    name="article-lstm",
    lookback=5,
    model=LSTMModel(),
    training=Training(epochs=200, batch_size=64, learning_rate=1e-4, patience=None, keep="last"),
)
RECOMMENDED = ExperimentConfig(name="recommended", score=Score(top_k=5))

PRESETS: dict[str, ExperimentConfig] = {
    preset.name: preset for preset in (RECOMMENDED, ARTICLE_LSTM, ARTICLE_DENSE_TEXT, ARTICLE_DENSE)
}
# The threshold that each article sets by eye on its validation curves.
ARTICLE_THRESHOLDS = {"article-lstm": 0.3, "article-dense-text": 0.8, "article-dense": 0.4}
