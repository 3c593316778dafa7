"""Many trainings at once against one: the folds of a backtest with several seeds."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import median
from time import process_time
from typing import Any

import numpy as np

from rare_event.bench.data import N_ROWS, N_SENSORS, correlated_rows
from rare_event.bench.timing import Row, row, seconds
from rare_event.config import ARTICLE_LSTM, RECOMMENDED, ExperimentConfig

# Share of the rows that each fold trains on, as in a rolling origin; the rows after it are for validation.
FOLDS = (0.34, 0.42, 0.51, 0.59, 0.68, 0.76)
SEEDS = 3


@dataclass(frozen=True)
class Pace:
    """How many trainings are measured.

    Parameters
    ----------
    rows
        Rows of the data.
    dense_epochs, lstm_epochs
        Epochs of each training.
    turns
        Turns of each side.
    """

    rows: int = N_ROWS
    dense_epochs: int = 20
    lstm_epochs: int = 3
    turns: int = 3


def train_many(pace: Pace | None = None) -> Row:
    """Time 18 dense trainings (6 folds with 3 seeds each) at once, and 6 LSTM trainings, against one.

    Wall time depends on how many cores are free; processor time does not.
    """
    pace = pace or Pace()
    dense = _measured(RECOMMENDED, pace.rows, pace.dense_epochs, SEEDS, pace.turns)
    lstm = _measured(ARTICLE_LSTM, pace.rows, pace.lstm_epochs, 1, pace.turns)
    notes = [
        f"{figures['trainings']} {name} trainings take {figures['wall_ratio']:.2g} times as long as one, "
        f"{figures['processor_ratio']:.2g} times its processor time"
        for name, figures in (("dense", dense), ("LSTM", lstm))
    ]
    return row(
        dense["ours"],
        dense["reference"],
        f"one of the trainings, of a fold of mean length, by itself; cores: {os.cpu_count()}",
        dense=dense,
        lstm=lstm,
        notes=notes,
    )


def _measured(config: ExperimentConfig, rows: int, epochs: int, n_seeds: int, turns: int) -> dict[str, Any]:
    """Time all trainings at once and one, in turn, once the programs are compiled."""
    from rare_event.detect.threads import run_in_threads

    n_trainings, middle = len(FOLDS) * n_seeds, len(FOLDS) // 2
    train = _trainings(config, correlated_rows(rows), epochs)

    def ours() -> None:
        run_in_threads(train, range(n_trainings), max(2, os.cpu_count() or 1), lambda *_: None)

    actions: dict[str, Callable[[], None]] = {
        "ours": ours,
        "reference": lambda: train(middle, lambda _: None),
    }
    actions["reference"]()
    wall: dict[str, list[float]] = {name: [] for name in actions}
    processor: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(turns):
        for name, action in actions.items():
            began = process_time()
            wall[name].append(seconds(action))
            processor[name].append(process_time() - began)
    took, worked = ({name: median(each) for name, each in times.items()} for times in (wall, processor))
    return {
        **took,
        "trainings": n_trainings,
        "wall_ratio": took["ours"] / took["reference"],
        "processor_seconds": worked,
        "processor_ratio": worked["ours"] / worked["reference"],
    }


def _trainings(
    config: ExperimentConfig, X: np.ndarray, epochs: int
) -> Callable[[int, Callable[[Any], None]], None]:
    """Return what trains the fold and seed of a number; numbers go through the folds, then the seeds."""
    from rare_event.detect.detector import build_network
    from rare_event.detect.training import train_autoencoder

    training = replace(config.training, epochs=epochs, patience=None)

    def train(number: int, on_epoch: Callable[[Any], None]) -> None:
        seed, fold = divmod(number, len(FOLDS))
        n_train = round(FOLDS[fold] * len(X))
        ends = np.arange(config.lookback - 1, n_train + n_train // 6)
        model = build_network(replace(config, seed=seed).detector, N_SENSORS)
        train_autoencoder(model, X, ends[:n_train], ends[n_train:], training, seed, on_epoch)

    return train
