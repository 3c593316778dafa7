"""Architectures: one function per network config, which builds an ordinary Keras model.

To add an architecture, add its config to `rare_event.config` and a builder here: a function of the config,
the shape of a window (`lookback`, `n_features`) and the training's batch size. `_weights` and `_noise` apply
the options that all networks share; an option that is off adds no layer and draws no random number, so the
initial weights stay the same.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from rare_event.config import Activation, networks
from rare_event.detect.layers import import_keras, own_layers
from rare_event.detect.operations import replaced
from rare_event.detect.seeds import own_draws

if TYPE_CHECKING:
    import keras

# Unrolled recurrent layers run faster, but beyond about 8 steps compiling takes longer than it saves.
LONGEST_UNROLLED = 8


def _initializer(activation: Activation) -> str:
    return "lecun_normal" if activation == "selu" else "glorot_uniform"


def _weights(config: networks.NetworkOptions, activation: Activation | None = None) -> dict[str, Any]:
    """Return the arguments of every layer with weights: initializer and penalty."""
    decay = import_keras().regularizers.L2(config.weight_decay) if config.weight_decay else None
    initializer = _initializer(activation or config.activation)
    return {"kernel_initializer": initializer, "kernel_regularizer": decay}


def _output(config: networks.NetworkOptions, units: int) -> Any:
    """Return the dense layer that gives the reconstructed values."""
    return import_keras().layers.Dense(units, activation=config.output_activation, **_weights(config))


def _input_noise(config: networks.NetworkOptions) -> list[Any]:
    """Return the layer of input noise, if any."""
    return [import_keras().layers.GaussianNoise(config.input_noise)] if config.input_noise else []


def _noise(config: networks.NetworkOptions, dropout: bool = True) -> list[Any]:
    """Return the noise layers that follow a hidden layer; recurrent layers have their own dropout."""
    layers = import_keras().layers
    kinds = (
        (layers.Dropout, config.dropout if dropout else 0.0),
        (layers.GaussianDropout, config.gaussian_dropout),
        (layers.AlphaDropout, config.alpha_dropout),
    )
    return [kind(share) for kind, share in kinds if share]


def _through(layers: list[Any], values: Any) -> Any:
    """Apply layers one after the other."""
    for layer in layers:
        values = layer(values)
    return values


def _hidden_dense(
    config: networks.NetworkOptions, units: int, activation: Activation | None = None, penalty: Any = None
) -> list[Any]:
    """Return a hidden dense layer, by default with the activation of all, and its noise layers."""
    activation = activation or config.activation
    layer = import_keras().layers.Dense(
        units, activation=activation, activity_regularizer=penalty, **_weights(config, activation)
    )
    return [layer, *_noise(config)]


def build_dense(config: networks.DenseModel, lookback: int, n_features: int, batch_size: int) -> keras.Model:
    """Build the dense autoencoder; input and output have shape (batch, lookback, n_features).

    Keras 3 divides an activity penalty by the batch size; multiplying by it restores the articles' penalty.
    """
    keras = import_keras()
    layers = keras.layers
    l1, l2 = config.activity_l1 * batch_size, config.activity_l2 * batch_size
    # A zero term would change how the articles' loss is rounded.
    penalty = keras.regularizers.L1L2(l1, l2) if l2 else keras.regularizers.L1(l1) if l1 else None
    if config.tied:
        return _build_tied(config, lookback, n_features, penalty)
    stack = [layers.Input((lookback, n_features)), *_input_noise(config), layers.Flatten()]
    for units, activation in zip(config.widths, config.activation_of_each(len(config.widths)), strict=True):
        stack += _hidden_dense(config, units, activation, penalty)
        penalty = None
    output = _output(config, lookback * n_features)
    return keras.Sequential([*stack, output, layers.Reshape((lookback, n_features))], name="dense")


def _build_tied(config: networks.DenseModel, lookback: int, n_features: int, penalty: Any) -> keras.Model:
    """Build the dense autoencoder whose decoder uses the transposed weights of its encoder."""
    layers = import_keras().layers
    tied_dense, _ = own_layers()
    half, odd = divmod(len(config.widths), 2)
    activations = config.activation_of_each(len(config.widths))
    encoder = [
        tied_dense(units, _initializer(activation), config.weight_decay)
        for units, activation in zip(config.widths[: half + odd], activations, strict=False)
    ]
    steps: list[Any] = [*encoder]
    if not odd:
        # The two middle layers have equal widths; the layer between them has no counterpart to be tied to.
        steps.append(layers.Dense(config.widths[half], **_weights(config, activations[half])))
    steps += [partial(layer, back=True) for layer in reversed(encoder)]
    inputs = layers.Input((lookback, n_features))
    values = _through([*_input_noise(config), layers.Flatten()], inputs)
    for step, activation in zip(steps[:-1], activations, strict=True):
        active = layers.Activation(activation, activity_regularizer=penalty)
        values = _through([step, active, *_noise(config)], values)
        penalty = None
    last = [steps[-1], layers.Activation(config.output_activation), layers.Reshape((lookback, n_features))]
    outputs = _through(last, values)
    return import_keras().Model(inputs, outputs, name="dense")


def build_vae(config: networks.VAEModel, lookback: int, n_features: int, batch_size: int) -> keras.Model:
    """Build the variational autoencoder; input and output have shape (batch, lookback, n_features).

    The evidence lower bound of a Gaussian decoder of unit variance is half the *sum* of the squared
    errors of a window plus the divergence (Kingma and Welling 2013); the loss here is their *mean*, so
    the divergence is weighted by 2 / (lookback * n_features), and by `beta`.
    """
    layers = import_keras().layers
    _, sampling = own_layers()
    inputs = layers.Input((lookback, n_features))
    values = _through([*_input_noise(config), layers.Flatten()], inputs)
    for units in config.widths:
        values = _through(_hidden_dense(config, units), values)
    mean, log_variance = (layers.Dense(config.latent, **_weights(config))(values) for _ in range(2))
    values = sampling(2 * config.beta / (lookback * n_features))((mean, log_variance))
    for units in reversed(config.widths):
        values = _through(_hidden_dense(config, units), values)
    outputs = _output(config, lookback * n_features)(values)
    return import_keras().Model(inputs, layers.Reshape((lookback, n_features))(outputs), name="vae")


def _hidden_conv(config: networks.ConvModel | networks.CNNLSTMModel, filters: int) -> list[Any]:
    """Return a convolution that keeps the number of rows, and its noise layers."""
    layer = import_keras().layers.Conv1D(
        filters, config.width, padding="same", activation=config.activation, **_weights(config)
    )
    return [layer, *_noise(config)]


def build_recurrent(
    config: networks.VectorModel, lookback: int, n_features: int, batch_size: int
) -> keras.Model:
    """Build a recurrent autoencoder; input and output have shape (batch, lookback, n_features).

    It encodes a window to one vector, repeats the vector for each row, and decodes.
    """
    layers = import_keras().layers
    stack = [layers.Input((lookback, n_features)), *_input_noise(config)]
    if isinstance(config, networks.CNNLSTMModel):
        for filters in config.filters:
            stack += _hidden_conv(config, filters)
    hidden, last = (*config.encoder, *config.decoder), len(config.encoder) - 1
    activations = config.activation_of_each(len(hidden))
    for depth, (units, activation) in enumerate(zip(hidden, activations, strict=True)):
        stack += _hidden_recurrent(config, lookback, units, activation, sequences=depth != last)
        if depth == last:
            stack.append(layers.RepeatVector(lookback))
    stack.append(layers.TimeDistributed(_output(config, n_features)))
    return import_keras().Sequential(stack, name=config.kind)


def _hidden_recurrent(
    config: networks.VectorModel, lookback: int, units: int, activation: Activation, sequences: bool
) -> list[Any]:
    """Return a recurrent layer, which outputs all rows or only the last, and its noise layers."""
    layers, weights = import_keras().layers, _weights(config, activation)
    kind = layers.GRU if isinstance(config, networks.GRUModel) else layers.LSTM
    layer = kind(
        units,
        activation=activation,
        return_sequences=sequences,
        unroll=lookback <= LONGEST_UNROLLED,
        dropout=config.dropout,
        recurrent_dropout=config.recurrent_dropout,
        recurrent_regularizer=weights["kernel_regularizer"],
        **weights,
    )
    if isinstance(config, networks.BiLSTMModel):
        layer = layers.Bidirectional(layer)
    return [layer, *_noise(config, dropout=False)]


def build_conv(config: networks.ConvModel, lookback: int, n_features: int, batch_size: int) -> keras.Model:
    """Build the convolutional autoencoder; input and output have shape (batch, lookback, n_features).

    Pooling rounds the number of rows up; the decoder's surplus rows are cropped.
    """
    keras = import_keras()
    layers = keras.layers
    stack = [layers.Input((lookback, n_features)), *_input_noise(config)]
    rows = lookback
    for filters in config.filters:
        stack += _hidden_conv(config, filters)
        if config.pooling > 1:
            stack.append(layers.MaxPooling1D(config.pooling, padding="same"))
            rows = -(-rows // config.pooling)
    for filters in reversed(config.filters):
        if config.pooling > 1:
            stack.append(layers.UpSampling1D(config.pooling))
            rows *= config.pooling
        stack += _hidden_conv(config, filters)
    last = {"activation": config.output_activation, **_weights(config)}
    stack.append(layers.Conv1D(n_features, config.width, padding="same", **last))
    if rows > lookback:
        stack.append(layers.Cropping1D((0, rows - lookback)))
    return keras.Sequential(stack, name="conv")


def build_attention(
    config: networks.AttentionModel, lookback: int, n_features: int, batch_size: int
) -> keras.Model:
    """Build the self-attention autoencoder; input and output have shape (batch, lookback, n_features)."""
    layers = import_keras().layers

    def block(values: Any) -> Any:
        attend = layers.MultiHeadAttention(config.heads, config.width // config.heads, **_weights(config))
        values = layers.LayerNormalization()(values + _through(_noise(config), attend(values, values)))
        narrow = layers.Dense(config.width, **_weights(config))
        wide = [*_hidden_dense(config, 2 * config.width), narrow]
        return layers.LayerNormalization()(values + _through(wide, values))

    inputs = layers.Input((lookback, n_features))
    # A bias per row encodes its position in the window.
    embed = layers.EinsumDense(
        "bln,nw->blw",
        (lookback, config.width),
        bias_axes="lw",
        bias_initializer="random_normal",
        **_weights(config),
    )
    values = _through([*_input_noise(config), embed, *[block] * config.blocks, layers.Flatten()], inputs)
    values = _through(_hidden_dense(config, config.latent), values)
    values = _through(_hidden_dense(config, lookback * config.width), values)
    values = layers.Reshape((lookback, config.width))(values)
    outputs = _through([*[block] * config.blocks, _output(config, n_features)], values)
    return import_keras().Model(inputs, outputs, name="attention")


BUILDERS: dict[str, Callable[..., Any]] = {
    "dense": build_dense,
    "vae": build_vae,
    "lstm": build_recurrent,
    "gru": build_recurrent,
    "bilstm": build_recurrent,
    "cnn-lstm": build_recurrent,
    "conv": build_conv,
    "attention": build_attention,
}


def build(
    config: networks.NetworkConfig, lookback: int, n_features: int, batch_size: int, seed: int
) -> keras.Model:
    """Build a seeded model; input and output have shape (batch, lookback, n_features).

    The seed sets the global generators of Python, NumPy and TensorFlow; layers draw their own seeds in the
    order of their creation, as from Python's, from which no other thread takes one away. Initial weights
    are drawn by TensorFlow's own operations, so a thread that replaces them to trace a program waits.
    """
    keras = import_keras()
    with replaced(()), own_draws(seed):
        keras.utils.set_random_seed(seed)
        return BUILDERS[config.kind](config, lookback, n_features, batch_size)
