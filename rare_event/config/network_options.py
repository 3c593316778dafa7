"""Options that networks share: activations, and ways to prevent overfitting.

A config inherits its options; the class that declares a field documents it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from rare_event.config.base import Settings, require, typed, whole
from rare_event.config.labels import RECONSTRUCTION
from rare_event.text import plural

Activation = Literal["relu", "tanh", "elu", "selu", "linear"]
MOST_UNITS = 4096
MOST_PENALTY = 1000.0


@dataclass(frozen=True, kw_only=True)
class NetworkOptions(Settings):
    """Settings of every network: the activation, and ways to prevent overfitting.

    Dropout and noise act during training only, never when windows are scored.

    Parameters
    ----------
    activation
        Activation of the hidden layers: ``relu``, as in the articles, sets negative values to zero;
        ``selu`` keeps the outputs of each layer near mean 0 and variance 1, with initial weights
        drawn to suit it (LeCun normal).
    output_activation
        Activation of the output layer. Scaled values can be negative: ``linear`` can reconstruct all of
        them, ``relu`` none below 0, ``tanh`` none below -1 or above 1.
    dropout
        Share of the outputs of each hidden layer that is set to zero at random. A recurrent layer
        drops inputs instead, the same ones in every row of a window. At least 0 (none), below 1.
    gaussian_dropout
        Multiplies the outputs of each hidden layer by Gaussian noise with mean 1. The noise is as strong
        as dropout with the same value. At least 0 (none), below 1.
    alpha_dropout
        Dropout that does not change the mean and the variance of the outputs of ``selu`` layers (Klambauer
        and others 2017). It requires the activation ``selu`` in all hidden layers. At least 0 (none), below
        1.
    input_noise
        Standard deviation of Gaussian noise that is added to the scaled inputs; the network learns to
        remove it (a denoising autoencoder). 0: no noise.
    weight_decay
        L2 penalty on the weights of all layers, but not on biases. 0: no penalty.
    """

    score_label = RECONSTRUCTION
    activation: Activation = "relu"
    output_activation: Activation = "linear"
    dropout: float = 0.0
    gaussian_dropout: float = 0.0
    alpha_dropout: float = 0.0
    input_noise: float = 0.0
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("dropout", "gaussian_dropout", "alpha_dropout"):
            require_share(name, getattr(self, name))
        for name in ("input_noise", "weight_decay"):
            require_penalty(name, getattr(self, name))
        require(
            not self.alpha_dropout or self.activation == "selu",
            f"alpha_dropout is {typed(self.alpha_dropout)} with the activation {self.activation}, but "
            "it needs selu; choose the activation selu, or plain dropout.",
        )


@dataclass(frozen=True, kw_only=True)
class LayerOptions(NetworkOptions):
    """Further settings of networks whose hidden layers are listed one by one.

    Parameters
    ----------
    activations
        Activation of each hidden layer, first to last, for example *tanh, relu, tanh*. Empty: the same
        in all.
    """

    activations: tuple[Activation, ...] = ()

    def activation_of_each(self, n_hidden: int) -> tuple[Activation, ...]:
        """Return the activation of each hidden layer, first to last."""
        return self.activations or (self.activation,) * n_hidden

    def require_activations(self, n_hidden: int) -> None:
        """Reject activations that are unknown, or not one for each hidden layer."""
        known, given = get_args(Activation), typed(self.activations)
        require(
            set(self.activations) <= set(known),
            f"activations is {given}; choose from {', '.join(known)}.",
        )
        require(
            len(self.activations) in (0, n_hidden),
            f"activations is {given} for {plural(n_hidden, 'hidden layer')}; give one for each, or none to "
            "use the same in all.",
        )
        require(
            not self.alpha_dropout or {*self.activation_of_each(n_hidden)} == {"selu"},
            f"activations is {given} with alpha dropout; choose selu for each layer, or another dropout.",
        )


@dataclass(frozen=True, kw_only=True)
class RecurrentOptions(LayerOptions):
    """Further settings of networks with recurrent layers.

    Parameters
    ----------
    recurrent_dropout
        Share of the state passed from row to row in a recurrent layer that is set to zero; its units are
        drawn at random once per window (Gal and Ghahramani 2016). At least 0 (none), below 1.
    """

    recurrent_dropout: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        require_share("recurrent_dropout", self.recurrent_dropout)


def require_widths(name: str, widths: tuple[int, ...]) -> None:
    """Reject layer widths that are empty, too large or not positive."""
    require(
        len(widths) >= 1 and all(whole(w) and 1 <= w <= MOST_UNITS for w in widths),
        f"{name} is {typed(widths)}; give one or more whole numbers from 1 to {MOST_UNITS:,}.",
    )


def require_size(name: str, size: int) -> None:
    """Reject the size of a vector that is too large or not positive."""
    require(1 <= size <= MOST_UNITS, f"{name} is {size}; choose 1 to {MOST_UNITS:,}.")


def require_rows(name: str, rows: int) -> None:
    """Reject a number of rows that is not positive or too large."""
    require(1 <= rows <= 1000, f"{name} is {rows} rows; choose 1 to 1,000.")


def require_share(name: str, share: float) -> None:
    """Reject a share that is negative, or 1 and more."""
    require(0 <= share < 1, f"{name} is {typed(share)}; choose 0 or more, below 1.")


def require_penalty(name: str, weight: float) -> None:
    """Reject a weight or standard deviation that is negative, or too large to square and sum as float32."""
    allowed = f"0 or more, at most {MOST_PENALTY:,.0f}"
    require(0 <= weight <= MOST_PENALTY, f"{name} is {typed(weight)}; choose {allowed}.")
