"""Training against `model.fit`: time and memory."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from rare_event.bench.data import N_ROWS, N_SENSORS, correlated_rows
from rare_event.bench.floor import floor_of, operations_of, products_of
from rare_event.bench.pytorch import has_torch, in_pytorch
from rare_event.bench.timing import TURNS, Row, peak_bytes, row, seconds
from rare_event.config import (
    ARTICLE_DENSE,
    ARTICLE_LSTM,
    DenseModel,
    ExperimentConfig,
    Training,
)
from rare_event.prepare.windows import gather


@dataclass(frozen=True)
class Pace:
    """How a training is measured.

    Parameters
    ----------
    epochs
        Epochs of the training; its time is the first call plus that many less one warm epochs.
    turns
        Turns of each side.
    epochs_per_turn
        Consecutive epochs, as in a training; the first after a change of sides is slower.
    """

    epochs: int = 200
    turns: int = TURNS
    epochs_per_turn: int = 4


def train_dense() -> Row:
    """Time the dense article's training."""
    return train(ARTICLE_DENSE)


def train_dropout() -> Row:
    """Time the dense article's training with dropout."""
    return train(replace(ARTICLE_DENSE, model=DenseModel(activity_l1=1e-3, dropout=0.2)))


def train_lstm() -> Row:
    """Time the LSTM article's training."""
    return train(ARTICLE_LSTM, Pace(turns=3))


def train_lookback() -> Row:
    """Time 20 epochs of the LSTM article's model at a lookback of 30 rows."""
    return train(replace(ARTICLE_LSTM, lookback=30), Pace(epochs=20, turns=2, epochs_per_turn=3))


def train(config: ExperimentConfig, pace: Pace | None = None) -> Row:
    """Time a training by the compiled epoch and by `model.fit` of the same model.

    An LSTM that we unroll is also fitted without unrolling, as the article's code builds it, and in a
    plain PyTorch loop if PyTorch is installed. Building a model is not timed.
    """
    from rare_event.detect.detector import build_network
    from rare_event.detect.programs import forget_programs

    pace = pace or Pace()
    X, ends = correlated_rows(N_ROWS), np.arange(config.lookback - 1, N_ROWS)
    train_ends, held_out = np.split(ends, [round(0.8 * len(ends))])
    model = build_network(config.detector, N_SENSORS)
    actions = {
        "ours": _compiled(config, X, train_ends, held_out),
        "reference": _fitted(config, model, X, train_ends, held_out),
    }
    rolled = _rolled(model.get_config())
    if rolled != model.get_config():
        articles = model.__class__.from_config(rolled)
        actions["articles_layers"] = _fitted(config, articles, X, train_ends, held_out)
        if has_torch():
            actions["pytorch"] = in_pytorch(config)
    forget_programs()
    first = {name: seconds(action) for name, action in actions.items()}
    warm: dict[str, list[tuple[float, float]]] = {name: [] for name in actions}
    for _ in range(pace.turns):
        for name, action in actions.items():
            warm[name].extend(_timed(action) for _ in range(pace.epochs_per_turn))
    epoch = {name: median(spent for spent, _ in epochs) for name, epochs in warm.items()}
    total = {name: first[name] + (pace.epochs - 1) * epoch[name] for name in actions}
    products = products_of(model, config.lookback)
    windows = len(train_ends), len(held_out)
    floor = floor_of(products, *windows, config.training.batch_size)
    again = _compiled(config, correlated_rows(N_ROWS, seed=1), train_ends[:-100], held_out[:-50])
    return row(
        total["ours"],
        total["reference"],
        f"model.fit of the same model on materialised windows, {pace.epochs} epochs",
        epoch_ratio=epoch["reference"] / epoch["ours"],
        first_call=first,
        warm_epoch=epoch,
        validation_loss_after_equal_epochs={name: warm[name][-1][1] for name in ("ours", "reference")},
        second_training_starts_in=seconds(again),
        floor={"epoch": floor, "operations": operations_of(products, *windows)},
        notes=[f"epoch: {1e3 * epoch['ours']:.3g} ms, its products alone {1e3 * floor:.3g} ms on one core"],
        others={
            name: {"ratio": total[name] / total["ours"], "epoch_ratio": epoch[name] / epoch["ours"]}
            for name in actions
            if name not in ("ours", "reference")
        },
    )


def _timed(epoch: Callable[[], float]) -> tuple[float, float]:
    """Return the wall time of an epoch, and its validation loss."""
    began = perf_counter()
    loss = epoch()
    return perf_counter() - began, loss


def _compiled(
    config: ExperimentConfig, X: np.ndarray, train_ends: np.ndarray, held_out: np.ndarray
) -> Callable[[], float]:
    """Prepare a training by the compiled epoch; each call runs an epoch, and the first compiles."""
    from rare_event.detect.detector import build_network
    from rare_event.detect.training import compile_epoch

    model, random = build_network(config.detector, N_SENSORS), np.random.default_rng(0)
    started: list[Any] = []

    def epoch() -> float:
        if not started:
            started.extend(compile_epoch(model, X, held_out, len(train_ends), config.training)[:2])
        state, run_epoch = started
        started[0], _, validation_loss = run_epoch(state, random.permutation(train_ends))
        return float(validation_loss)

    return epoch


def _fitted(
    config: ExperimentConfig, model: Any, X: np.ndarray, train_ends: np.ndarray, held_out: np.ndarray
) -> Callable[[], float]:
    """Prepare a training by `model.fit` with our order of windows; each call runs an epoch."""
    from rare_event.detect.layers import import_keras

    windows, held_out_windows = (gather(X, ends, config.lookback) for ends in (train_ends, held_out))
    model.compile(loss="mse", optimizer=import_keras().optimizers.Adam(config.training.learning_rate))

    random = np.random.default_rng(0)

    def epoch() -> float:
        # The same order as ours, since otherwise chance decides which loss leaves its plateau first.
        shuffled = windows[random.permutation(len(windows))]
        history = model.fit(
            shuffled,
            shuffled,
            shuffle=False,
            batch_size=config.training.batch_size,
            validation_data=(held_out_windows, held_out_windows),
            verbose=0,
        )
        return float(history.history["val_loss"][0])

    return epoch


def _rolled(described: dict[str, Any]) -> dict[str, Any]:
    """Return a Sequential model's config without unrolling."""
    off = {"unroll": False}
    layers = [
        {**layer, "config": {**layer["config"], **(off if "unroll" in layer["config"] else {})}}
        for layer in described["layers"]
    ]
    return {**described, "layers": layers}


def train_memory() -> Row:
    """Measure the peak memory of training at lookback 30 and 5, each in its own process."""
    peak = {}
    for lookback in (5, 30):
        code = f"from rare_event.bench.training import peak_of_training; peak_of_training({lookback})"
        done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
        peak[lookback] = float(done.stdout.split()[-1])
    return row(
        peak[30], peak[5], "peak bytes of the process at lookback 5", unit="bytes", growth=peak[30] / peak[5]
    )


def peak_of_training(lookback: int) -> None:
    """Train a dense model for two epochs on 100,000 rows and write the peak memory in bytes."""
    from rare_event.detect.detector import build_network
    from rare_event.detect.training import train_autoencoder

    X = correlated_rows(100_000)
    ends = np.arange(lookback - 1, len(X))
    model = build_network(replace(ARTICLE_DENSE, lookback=lookback).detector, N_SENSORS)
    train_autoencoder(model, X, ends[:80_000], ends[80_000:], Training(epochs=2), seed=0)
    sys.stdout.write(f"{peak_bytes()}\n")
