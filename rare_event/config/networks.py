"""Settings of the networks: the layers of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from rare_event.config.base import require, typed
from rare_event.config.network_options import (
    LayerOptions,
    NetworkOptions,
    RecurrentOptions,
    require_penalty,
    require_rows,
    require_size,
    require_widths,
)


@dataclass(frozen=True)
class DenseModel(LayerOptions):
    """Dense autoencoder: puts the rows of a window side by side, compresses them and reconstructs them.

    Parameters
    ----------
    widths
        Units of each hidden layer, first to last; the output layer follows them. The narrowest layer limits
        how much of a window is kept.
    activity_l1
        L1 penalty on the outputs of the first layer, which keeps most of them small; the dense
        article uses 0.001. The penalty is summed over the windows of a batch, as in Keras 2.2, which the
        articles use; Keras 3 averages it. 0: no penalty.
    activity_l2
        L2 penalty on the outputs of the first layer, summed over the windows of a batch. 0: no penalty.
    tied
        Each decoder layer uses the (transposed) weights of the matching encoder layer, with its own biases,
        so there are about half as many weights to learn. The widths must be symmetric, for example 32, 16,
        32.
    """

    kind: Literal["dense"] = field(default="dense", kw_only=True)
    widths: tuple[int, ...] = (32, 16, 16, 32)
    activity_l1: float = 0.0
    activity_l2: float = 0.0
    tied: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        require_widths("widths", self.widths)
        require_penalty("activity_l1", self.activity_l1)
        require_penalty("activity_l2", self.activity_l2)
        require(
            not self.tied or self.widths == self.widths[::-1],
            f"widths is {typed(self.widths)}, which is not symmetric; with tied weights, give widths that "
            "are, for example 32, 16, 32.",
        )
        self.require_activations(len(self.widths))

    @property
    def bottleneck(self) -> int:
        """Numbers that encode a window: the units of the narrowest layer."""
        return min(self.widths)


@dataclass(frozen=True)
class VAEModel(NetworkOptions):
    """Variational autoencoder: encodes each window as a distribution and decodes a draw from it.

    Windows are scored without a draw: the mean is decoded (Kingma and Welling 2013).

    Parameters
    ----------
    widths
        Units of each hidden layer of the encoder, first to last; the decoder reverses them.
    latent
        Size of the latent code. Each of its numbers has a mean and a variance.
    beta
        How strongly training pulls the latent code towards a standard normal distribution. 1 is the textbook
        weight (evidence lower bound, unit variance); a smaller one reconstructs windows more closely (Higgins
        and others 2017).
    """

    kind: Literal["vae"] = field(default="vae", kw_only=True)
    widths: tuple[int, ...] = (32,)
    latent: int = 16
    beta: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        require_widths("widths", self.widths)
        require_size("latent", self.latent)
        require_penalty("beta", self.beta)

    @property
    def bottleneck(self) -> int:
        """Numbers that encode a window: the latent code."""
        return self.latent


@dataclass(frozen=True)
class VectorOptions(RecurrentOptions):
    """Further settings of recurrent networks that encode a window as one vector.

    Parameters
    ----------
    encoder
        Units of each recurrent layer that reads the window, first to last; the last layer returns the
        vector that encodes it. A bidirectional layer has that many in each direction.
    decoder
        Units of each recurrent layer that reconstructs the window, first to last. A bidirectional layer
        has that many in each direction.
    """

    encoder: tuple[int, ...] = (32, 16)
    decoder: tuple[int, ...] = (16, 32)

    def __post_init__(self) -> None:
        super().__post_init__()
        require_widths("encoder", self.encoder)
        require_widths("decoder", self.decoder)
        self.require_activations(len(self.encoder) + len(self.decoder))

    @property
    def bottleneck(self) -> int:
        """Numbers that encode a window: the units of the last layer that reads it."""
        return self.encoder[-1]


@dataclass(frozen=True)
class LSTMModel(VectorOptions):
    """LSTM autoencoder: encodes a window as one vector and reconstructs each row from it."""

    kind: Literal["lstm"] = field(default="lstm", kw_only=True)


@dataclass(frozen=True)
class GRUModel(VectorOptions):
    """GRU autoencoder: like an LSTM autoencoder, but with gated recurrent units, which have fewer weights."""

    kind: Literal["gru"] = field(default="gru", kw_only=True)


@dataclass(frozen=True)
class BiLSTMModel(VectorOptions):
    """Bidirectional LSTM autoencoder: each layer reads the window forwards and backwards."""

    kind: Literal["bilstm"] = field(default="bilstm", kw_only=True)
    encoder: tuple[int, ...] = (16, 8)
    decoder: tuple[int, ...] = (8, 16)

    @property
    def bottleneck(self) -> int:
        """Numbers that encode a window: the units of the last layer that reads it, in both directions."""
        return 2 * self.encoder[-1]


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
        require_widths("filters", self.filters)
        require_rows("width", self.width)
        require_widths("encoder", self.encoder)
        require_widths("decoder", self.decoder)
        self.require_activations(len(self.encoder) + len(self.decoder))

    @property
    def bottleneck(self) -> int:
        """Numbers that encode a window: the units of the last layer that reads it."""
        return self.encoder[-1]


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
        require_widths("filters", self.filters)
        require_rows("width", self.width)
        require_rows("pooling", self.pooling)


@dataclass(frozen=True)
class AttentionModel(NetworkOptions):
    """Self-attention autoencoder: rows of a window attend to each other, then form one vector.

    Parameters
    ----------
    width
        Size of the vector that represents each row in the network. It must be a multiple of the number
        of heads.
    heads
        Number of attention heads.
    blocks
        Number of blocks of attention and dense layers in the encoder, and again in the decoder (Vaswani
        and others 2017).
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
        require_size("width", self.width)
        require_size("latent", self.latent)
        require(1 <= self.heads <= 64, f"heads is {self.heads}; choose 1 to 64.")
        require(1 <= self.blocks <= 16, f"blocks is {self.blocks}; choose 1 to 16.")
        require(
            self.width % self.heads == 0,
            f"width is {self.width} with {self.heads} attention heads; choose a multiple of {self.heads}.",
        )

    @property
    def bottleneck(self) -> int:
        """Numbers that encode a window: the latent code."""
        return self.latent


# These encode a window as one vector.
VectorModel = LSTMModel | GRUModel | BiLSTMModel | CNNLSTMModel
# These read a window row by row: a single row gives them little to learn from.
SequenceConfig = VectorModel | ConvModel | AttentionModel
NetworkConfig = DenseModel | VAEModel | SequenceConfig
