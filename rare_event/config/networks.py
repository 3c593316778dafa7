"""Settings of the networks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from rare_event.config.base import Settings, require, whole

Activation = Literal["relu", "tanh", "elu", "selu", "linear"]


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


NetworkConfig = DenseModel | LSTMModel


def require_widths(widths: tuple[int, ...]) -> None:
    """Refuse layer widths that are empty or not positive."""
    require(
        len(widths) >= 1 and all(whole(w) and 1 <= w <= 4096 for w in widths),
        f"Layer widths are {list(widths)}; give one or more numbers from 1 to 4096.",
    )
