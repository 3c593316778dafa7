"""Settings of the networks: what each is made of, and the options all of them share.

A config inherits its options; the class that declares a field documents it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from rare_event.config.base import Settings, require, whole
from rare_event.config.labels import RECONSTRUCTION

Activation = Literal["relu", "tanh", "elu", "selu", "linear"]


@dataclass(frozen=True, kw_only=True)
class NetworkOptions(Settings):
    """What every network has: an activation, and ways to keep it from learning its windows by heart.

    Noise of any kind is there in training only; the scores of a trained network have none.

    Parameters
    ----------
    activation
        What hidden layers do with their sums: ``relu``, as in the articles, keeps what is positive;
        ``selu`` starts from LeCun-normal weights, as self-normalising networks need. The output is linear,
        since standardised values can be negative.
    dropout
        Share set to zero at random: of the outputs of each hidden layer, and in recurrent layers of their
        inputs, the same ones in all rows of a window. From 0 (none) to below 1.
    gaussian_dropout
        Outputs of each hidden layer are multiplied by Gaussian noise around 1 that is as strong as
        dropout of this share. From 0 (none) to below 1.
    alpha_dropout
        Dropout that keeps the mean and the variance of ``selu`` networks (Klambauer and others 2017);
        needs that activation. From 0 (none) to below 1.
    input_noise
        Standard deviation of Gaussian noise added to the inputs, in units of the scaled sensors: the
        network learns to take it away (a denoising autoencoder). 0 adds none.
    weight_decay
        Penalty on the squared weights of all layers (L2), biases left out; it is part of the loss. 0 is
        none.
    """

    score_label = RECONSTRUCTION
    activation: Activation = "relu"
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
            f"alpha_dropout is {self.alpha_dropout} with activation {self.activation!r}: it keeps the mean "
            "and variance of selu networks only; choose activation 'selu', or dropout.",
        )


@dataclass(frozen=True, kw_only=True)
class RecurrentOptions(NetworkOptions):
    """What networks with recurrent layers have beside.

    Parameters
    ----------
    recurrent_dropout
        Share of what a recurrent layer remembers that is set to zero at random on its way to the next
        row, the same in all rows of a window (Gal and Ghahramani 2016). From 0 (none) to below 1.
    """

    recurrent_dropout: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        require_share("recurrent_dropout", self.recurrent_dropout)


@dataclass(frozen=True)
class DenseModel(NetworkOptions):
    """Dense autoencoder: each window, flattened, through layers of these widths and back.

    Parameters
    ----------
    widths
        Units of the hidden layers, from the first to the last; the output layer is added. The narrowest
        decides how little of a window is kept.
    activity_l1
        Penalty on the absolute outputs of the first layer, so that few of them are large; the articles
        take 0.001. It is *summed* over the rows of a batch, as Keras 2.2 did when they were written
        (Keras 3 averages it).
    activity_l2
        Penalty on the squared outputs of the first layer, summed in the same way. 0 is none.
    tied
        Each layer of the decoder uses the weights of the layer it undoes, transposed (with biases of its
        own): half the weights to learn. The widths must read the same from both ends.
    """

    kind: Literal["dense"] = field(default="dense", kw_only=True)
    widths: tuple[int, ...] = (32, 16, 16, 32)
    activity_l1: float = 0.0
    activity_l2: float = 0.0
    tied: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        require_widths(self.widths)
        require_penalty("activity_l1", self.activity_l1)
        require_penalty("activity_l2", self.activity_l2)
        require(
            not self.tied or self.widths == self.widths[::-1],
            f"Layer widths are {list(self.widths)} with tied weights: give widths that read the same from "
            "both ends, or choose weights that are not tied.",
        )


@dataclass(frozen=True)
class VAEModel(NetworkOptions):
    """Variational autoencoder: each window becomes a distribution that is drawn from and decoded.

    When windows are scored nothing is drawn: the mean is decoded (Kingma and Welling 2013).

    Parameters
    ----------
    widths
        Units of the hidden layers of the encoder, from the first to the last; the decoder has them in
        reverse.
    latent
        Numbers that a window becomes in the middle, each with a mean and a variance.
    beta
        Weight of the divergence from the standard normal distribution. 1 is the evidence lower bound of
        a decoder of unit variance; less lets the network follow its windows more closely (Higgins and
        others 2017).
    """

    kind: Literal["vae"] = field(default="vae", kw_only=True)
    widths: tuple[int, ...] = (32,)
    latent: int = 16
    beta: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        require_widths(self.widths)
        require_widths((self.latent,))
        require_penalty("beta", self.beta)


@dataclass(frozen=True)
class VectorOptions(RecurrentOptions):
    """What recurrent networks have that make one vector of a window.

    Parameters
    ----------
    encoder
        Units of the recurrent layers that read the window, from the first to the last; the last gives the
        one vector that is kept of it. A bidirectional layer has as many in each direction.
    decoder
        Units of the recurrent layers that write the window again, from the first to the last. A
        bidirectional layer has as many in each direction.
    """

    encoder: tuple[int, ...] = (32, 16)
    decoder: tuple[int, ...] = (16, 32)

    def __post_init__(self) -> None:
        super().__post_init__()
        require_widths(self.encoder)
        require_widths(self.decoder)


@dataclass(frozen=True)
class LSTMModel(VectorOptions):
    """LSTM autoencoder: an encoder to one vector, repeated for each row, and a decoder."""

    kind: Literal["lstm"] = field(default="lstm", kw_only=True)


@dataclass(frozen=True)
class GRUModel(VectorOptions):
    """GRU autoencoder: as the LSTM autoencoder, of gated recurrent units with fewer weights."""

    kind: Literal["gru"] = field(default="gru", kw_only=True)


@dataclass(frozen=True)
class BiLSTMModel(VectorOptions):
    """Bidirectional LSTM autoencoder: each layer reads the window forwards and backwards."""

    kind: Literal["bilstm"] = field(default="bilstm", kw_only=True)
    encoder: tuple[int, ...] = (16, 8)
    decoder: tuple[int, ...] = (8, 16)


@dataclass(frozen=True)
class CNNLSTMModel(RecurrentOptions):
    """CNN-LSTM autoencoder: convolutions along the window, then an LSTM autoencoder of what they find.

    Parameters
    ----------
    filters
        Filters of the convolutions, from the first to the last: how many patterns each looks for.
    width
        Rows each filter sees; beyond the ends of the window are zeros.
    encoder
        Units of the LSTM layers that read the window, from the first to the last; the last gives the
        one vector that is kept of it.
    decoder
        Units of the LSTM layers that write the window again, from the first to the last.
    """

    kind: Literal["cnn-lstm"] = field(default="cnn-lstm", kw_only=True)
    filters: tuple[int, ...] = (32,)
    width: int = 3
    encoder: tuple[int, ...] = (16,)
    decoder: tuple[int, ...] = (16, 32)

    def __post_init__(self) -> None:
        super().__post_init__()
        require_widths(self.filters)
        require_rows("width", self.width)
        require_widths(self.encoder)
        require_widths(self.decoder)


@dataclass(frozen=True)
class ConvModel(NetworkOptions):
    """Convolutional autoencoder: filters along the window, of fewer and fewer rows, and back.

    Parameters
    ----------
    filters
        Filters of the convolutions of the encoder, from the first to the last: how many patterns each
        looks for. The decoder has them in reverse.
    width
        Rows each filter sees; beyond the ends of the window are zeros.
    pooling
        Rows that become one, their largest value, after each convolution of the encoder, and are
        repeated before each of the decoder; 1 keeps all rows.
    """

    kind: Literal["conv"] = field(default="conv", kw_only=True)
    filters: tuple[int, ...] = (32, 16)
    width: int = 3
    pooling: int = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        require_widths(self.filters)
        require_rows("width", self.width)
        require_rows("pooling", self.pooling)


@dataclass(frozen=True)
class AttentionModel(NetworkOptions):
    """Self-attention autoencoder: the rows of a window look at each other before it becomes one vector.

    Parameters
    ----------
    width
        Numbers that stand for each row within the network; a multiple of `heads`.
    heads
        Ways in which the rows of a window look at each other, side by side.
    blocks
        Blocks of attention and dense layers (Vaswani and others 2017) in the encoder, and as many in the
        decoder.
    latent
        Numbers that the window becomes in the middle, between encoder and decoder.
    """

    kind: Literal["attention"] = field(default="attention", kw_only=True)
    width: int = 32
    heads: int = 4
    blocks: int = 1
    latent: int = 16

    def __post_init__(self) -> None:
        super().__post_init__()
        require_widths((self.width, self.latent))
        require(1 <= self.heads <= 64, f"heads is {self.heads}; choose 1 to 64.")
        require(1 <= self.blocks <= 16, f"blocks is {self.blocks}; choose 1 to 16.")
        require(
            self.width % self.heads == 0,
            f"width is {self.width} with {self.heads} heads: choose a width that is a multiple of them.",
        )


# These make one vector of a window.
VectorModel = LSTMModel | GRUModel | BiLSTMModel | CNNLSTMModel
# These read a window row by row: of a single row they make little.
SequenceConfig = VectorModel | ConvModel | AttentionModel
NetworkConfig = DenseModel | VAEModel | SequenceConfig


def require_widths(widths: tuple[int, ...]) -> None:
    """Refuse layer widths that are empty or not positive."""
    require(
        len(widths) >= 1 and all(whole(w) and 1 <= w <= 4096 for w in widths),
        f"Layer widths are {list(widths)}; give one or more numbers from 1 to 4096.",
    )


def require_rows(name: str, rows: int) -> None:
    """Refuse a number of rows that is not positive or absurdly long."""
    require(1 <= rows <= 1000, f"{name} is {rows} rows; choose 1 to 1,000.")


def require_share(name: str, share: float) -> None:
    """Refuse a share of dropout that is negative or leaves nothing."""
    require(0 <= share < 1, f"{name} is {share}; choose 0 or more, below 1.")


def require_penalty(name: str, weight: float) -> None:
    """Refuse a weight or standard deviation that is negative."""
    require(weight >= 0, f"{name} is {weight}; choose 0 or more.")
