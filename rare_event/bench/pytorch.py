"""The LSTM article's training as a plain PyTorch loop, if PyTorch is installed.

It runs in its own process, because PyTorch and TensorFlow each contain an LLVM, and the two conflict.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from importlib.util import find_spec
from multiprocessing import get_context
from typing import Any

import numpy as np

from rare_event.bench.data import N_ROWS, N_SENSORS, correlated_rows
from rare_event.config import ExperimentConfig, LSTMModel
from rare_event.errors import ConfigError
from rare_event.prepare.windows import gather


def has_torch() -> bool:
    """Whether PyTorch is installed."""
    return find_spec("torch") is not None


def in_pytorch(config: ExperimentConfig) -> Callable[[], float]:
    """Prepare a training in another process; each call runs an epoch."""
    pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
    pool.submit(_make_ready, config).result()
    return lambda: float(pool.submit(_epoch, config).result())


def _make_ready(config: ExperimentConfig) -> None:
    _prepared(config)


def _epoch(config: ExperimentConfig) -> float:
    return _prepared(config)()


@cache
def _prepared(config: ExperimentConfig) -> Callable[[], float]:
    X, ends = correlated_rows(N_ROWS), np.arange(config.lookback - 1, N_ROWS)
    return epochs_of(config, X, *np.split(ends, [round(0.8 * len(ends))]))


def epochs_of(
    config: ExperimentConfig, X: np.ndarray, train_ends: np.ndarray, held_out: np.ndarray
) -> Callable[[], float]:
    """Prepare a training in a plain loop; each call runs an epoch and returns the validation loss.

    PyTorch's LSTM always uses tanh, whatever the config's activation.

    Raises
    ------
    ConfigError
        If the model is not an LSTM.
    """
    import torch

    model = config.model
    if not isinstance(model, LSTMModel):
        raise ConfigError(f"The PyTorch loop trains only an LSTM, not {model.kind!r}.")
    units = model.encoder + model.decoder
    widths = zip((N_SENSORS, *units), units, strict=False)
    layers = torch.nn.ModuleList(torch.nn.LSTM(*width, batch_first=True) for width in widths)
    output = torch.nn.Linear(units[-1], N_SENSORS)
    adam = torch.optim.Adam([*layers.parameters(), *output.parameters()], config.training.learning_rate)
    windows, held_out_windows = (
        torch.tensor(gather(X, ends, config.lookback)) for ends in (train_ends, held_out)
    )

    def loss_of(batch: Any) -> Any:
        values = batch
        for depth, layer in enumerate(layers):
            values, _ = layer(values)
            if depth == len(model.encoder) - 1:
                values = values[:, -1:].expand(-1, config.lookback, -1)
        return torch.nn.functional.mse_loss(output(values), batch)

    def epoch() -> float:
        for batch in torch.randperm(len(windows)).split(config.training.batch_size):
            adam.zero_grad()
            loss_of(windows[batch]).backward()
            adam.step()
        with torch.no_grad():
            return float(loss_of(held_out_windows))

    return epoch
