"""Settings of a detector: the model, what it sees at once, and how it is trained and scored."""

from __future__ import annotations

from dataclasses import dataclass, field

from rare_event.config.base import Settings, require
from rare_event.config.baselines import BlendModel, SupervisedConfig, UnsupervisedConfig
from rare_event.config.networks import DenseModel, NetworkConfig
from rare_event.config.training import Score, Training

ModelConfig = NetworkConfig | UnsupervisedConfig | SupervisedConfig | BlendModel


@dataclass(frozen=True)
class DetectorConfig(Settings):
    """All that a detector needs to know: nothing of the data, their labels or what an alarm is.

    Parameters
    ----------
    model
        The settings of the model.
    lookback
        Number of rows in a window, which is what the model sees at once.
    training, score
        The settings of each.
    seed
        Random seed for the training.
    """

    model: ModelConfig = field(default_factory=DenseModel)
    lookback: int = 1
    training: Training = field(default_factory=Training)
    score: Score = field(default_factory=Score)
    seed: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        require(1 <= self.lookback <= 10_000, f"lookback is {self.lookback} rows; choose 1 to 10,000.")
        require(0 <= self.seed < 2**31, f"seed is {self.seed}; choose 0 to 2,147,483,647.")

        require(
            self.training.networks == 1 or isinstance(self.model, NetworkConfig),
            f"networks is {self.training.networks}, but only neural networks are averaged. Choose 1, or a "
            "neural network as the model.",
        )

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seed of each network whose errors are averaged; of another model, the run's alone."""
        return tuple((self.seed + number) % 2**31 for number in range(self.training.networks))
