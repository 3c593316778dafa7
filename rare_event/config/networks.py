"""Settings of the networks: the layers of each, and the options that all share.

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
    """Settings of every network: the activation, and ways to prevent overfitting.

    Dropout and noise act during training only, never when windows are scored.

    Parameters
    ----------
    activation
        Activation of the hidden layers: ``relu``, as in the articles, sets negative values to zero;
        ``selu`` starts from LeCun-normal weights, as self-normalising networks need. The output layer is
        always linear, since scaled values can be negative.
    dropout
        Share of the outputs of each hidden layer that is set to zero at random. In a recurrent layer:
        share of its inputs, the same ones in all rows of a window. From 0 (none) to below 1.
    gaussian_dropout
        Multiplies the outputs of each hidden layer by Gaussian noise with mean 1, as strong as dropout
        of this share. From 0 (none) to below 1.
    alpha_dropout
        Dropout that keeps the mean and the variance of ``selu`` networks (Klambauer and others 2017);
        requires ``selu``. From 0 (none) to below 1.
    input_noise
        Standard deviation of Gaussian noise added to the scaled inputs, which the network learns to
        remove (a denoising autoencoder). 0 adds none.
    weight_decay
        L2 penalty on the weights of all layers, but not on biases. 0 adds none.
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
    """Further settings of networks with recurrent layers.

    Parameters
    ----------
    recurrent_dropout
        Share of the state of a recurrent layer that is set to zero at random between rows, the same units
        in all rows of a window (Gal and Ghahramani 2016). From 0 (none) to below 1.
    """

    recurrent_dropout: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        require_share("recurrent_dropout", self.recurrent_dropout)


@dataclass(frozen=True)
class DenseModel(NetworkOptions):
    """Dense autoencoder: flattens each window, compresses it and reconstructs it.

    Parameters
    ----------
    widths
        Units of each hidden layer, first to last; the output layer is added. The narrowest layer limits
        how much of a window is kept.
    activity_l1
        L1 penalty on the outputs of the first layer, which keeps most of them small; the articles use
        0.001. It is *summed* over the rows of a batch, as in the Keras 2.2 of the articles (Keras 3
        averages it). 0 adds none.
    activity_l2
        L2 penalty on the outputs of the first layer, summed in the same way. 0 adds none.
    tied
        Each decoder layer uses the transposed weights of its encoder layer, with its own biases: half as
        many weights to learn. The widths must be symmetric, for example 32, 16, 32.
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
            f"Layer widths are {list(self.widths)} with tied weights; give symmetric widths, for example "
            "32, 16, 32, or untie the weights.",
        )


@dataclass(frozen=True)
class VAEModel(NetworkOptions):
    """Variational autoencoder: encodes each window as a distribution and decodes a draw from it.

    Windows are scored without a draw: the mean is decoded (Kingma and Welling 2013).

    Parameters
    ----------
    widths
        Units of each hidden layer of the encoder, first to last; the decoder reverses them.
    latent
        Size of the latent code; each number has a mean and a variance.
    beta
        Weight of the divergence from the standard normal distribution. 1 gives the evidence lower bound
        of a decoder of unit variance; a smaller weight reconstructs windows more closely (Higgins and
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
    """Further settings of recurrent networks that encode a window as one vector.

    Parameters
    ----------
    encoder
        Units of each recurrent layer that reads the window, first to last; the last layer returns the
        vector that encodes it. A bidirectional layer has as many in each direction.
    decoder
        Units of each recurrent layer that reconstructs the window, first to last. A bidirectional layer
        has as many in each direction.
    """

    encoder: tuple[int, ...] = (32, 16)
    decoder: tuple[int, ...] = (16, 32)

    def __post_init__(self) -> None:
        super().__post_init__()
        require_widths(self.encoder)
        require_widths(self.decoder)


@dataclass(frozen=True)
class LSTMModel(VectorOptions):
    """LSTM autoencoder: encodes a window as one vector and reconstructs each row from it."""

    kind: Literal["lstm"] = field(default="lstm", kw_only=True)


@dataclass(frozen=True)
class GRUModel(VectorOptions):
    """GRU autoencoder: an LSTM autoencoder with gated recurrent units, which have fewer weights."""

    kind: Literal["gru"] = field(default="gru", kw_only=True)


@dataclass(frozen=True)
class BiLSTMModel(VectorOptions):
    """Bidirectional LSTM autoencoder: each layer reads the window forwards and backwards."""

    kind: Literal["bilstm"] = field(default="bilstm", kw_only=True)
    encoder: tuple[int, ...] = (16, 8)
    decoder: tuple[int, ...] = (8, 16)


@dataclass(frozen=True)
class CNNLSTMModel(RecurrentOptions):
    """CNN-LSTM autoencoder: convolutions along the window, then an LSTM encoder and decoder.

    Parameters
    ----------
    filters
        Filters of each convolution, first to last: the number of patterns they look for.
    width
        Rows that each filter covers; the window is padded with zeros at both ends.
    encoder
        Units of each LSTM layer that reads the window, first to last; the last layer returns the vector
        that encodes it.
    decoder
        Units of each LSTM layer that reconstructs the window, first to last.
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
    """Convolutional autoencoder: convolutions shorten the window step by step, then restore it.

    Parameters
    ----------
    filters
        Filters of each convolution of the encoder, first to last: the number of patterns they look for.
        The decoder reverses them.
    width
        Rows that each filter covers; the window is padded with zeros at both ends.
    pooling
        Rows that max pooling merges into one after each convolution of the encoder; the decoder repeats
        them. 1 keeps all rows.
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
    """Self-attention autoencoder: rows of a window attend to each other, then form one vector.

    Parameters
    ----------
    width
        Size of the vector that represents each row in the network; a multiple of `heads`.
    heads
        Number of attention heads.
    blocks
        Number of blocks of attention and dense layers (Vaswani and others 2017), in the encoder and in
        the decoder.
    latent
        Size of the latent code, between encoder and decoder.
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
            f"width is {self.width} with {self.heads} heads; choose a multiple of {self.heads}.",
        )


# These encode a window as one vector.
VectorModel = LSTMModel | GRUModel | BiLSTMModel | CNNLSTMModel
# These read a window row by row: a single row gives them little to learn from.
SequenceConfig = VectorModel | ConvModel | AttentionModel
NetworkConfig = DenseModel | VAEModel | SequenceConfig


def require_widths(widths: tuple[int, ...]) -> None:
    """Reject layer widths that are empty, too large or not positive."""
    require(
        len(widths) >= 1 and all(whole(w) and 1 <= w <= 4096 for w in widths),
        f"Layer widths are {list(widths)}; give one or more numbers from 1 to 4096.",
    )


def require_rows(name: str, rows: int) -> None:
    """Reject a number of rows that is not positive or too large."""
    require(1 <= rows <= 1000, f"{name} is {rows} rows; choose 1 to 1,000.")


def require_share(name: str, share: float) -> None:
    """Reject a share that is negative, or 1 and more."""
    require(0 <= share < 1, f"{name} is {share}; choose 0 or more, below 1.")


def require_penalty(name: str, weight: float) -> None:
    """Reject a negative weight or standard deviation."""
    require(weight >= 0, f"{name} is {weight}; choose 0 or more.")
