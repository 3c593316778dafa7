"""Simulated plants: scores of a plant with known rates, to see whether promises hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

STEP = 2.0
# Mean rows of a stretch, as in the mill; and rows before an event whose scores may rise.
MEAN_ROWS = 100
WARNING = 2


@dataclass(frozen=True)
class Plant:
    """A plant whose scores are log-normal, alike within a stretch and from row to row.

    Parameters
    ----------
    name
        What is special about it.
    between
        Standard deviation of the log score from stretch to stretch: false alarms come in bad stretches.
    memory
        Correlation of the log score of a row with that of the row before.
    signal
        Mean rise of the log score before an event; its strength differs from event to event.
    n_stretches
        Stretches of the validation part; half of them end with an event.
    """

    name: str
    between: float = 0.0
    memory: float = 0.5
    signal: float = 1.0
    n_stretches: int = 70


PLANTS = (
    Plant("alike"),
    Plant("bad stretches", between=0.5),
    Plant("very bad stretches", between=1.0),
    Plant("long memory", memory=0.95),
    Plant("no signal", signal=0.0),
    Plant("few events", n_stretches=30, signal=2.0),
)


def scores_of_plant(plant: Plant, n_stretches: int, seed: int, folds: int = 1) -> Any:
    """Return scores of so many stretches of a plant, in folds of equally many stretches."""
    from scipy.signal import lfilter

    from rare_event.judge.scores import Scores

    random = np.random.default_rng(seed)
    length = 3 + random.geometric(1 / MEAN_ROWS, n_stretches)
    stretch = np.repeat(np.arange(n_stretches), length)
    last = np.cumsum(length) - 1
    ends_with_event = random.random(n_stretches) < 0.5
    event = np.where(ends_with_event, np.cumsum(ends_with_event) - 1, -1)[stretch]
    clock = STEP * np.arange(len(stretch)) + 60.0 * stretch
    to_event = np.where(event >= 0, clock[last][stretch] + STEP - clock, np.inf)
    near = to_event <= WARNING * STEP
    noise = np.sqrt(1 - plant.memory**2) * random.normal(size=len(stretch))
    level = lfilter([1.0], [1.0, -plant.memory], noise)
    level = level + plant.between * random.normal(size=n_stretches)[stretch]
    level = level + near * plant.signal * random.exponential(size=n_stretches)[stretch]
    return Scores(
        row=np.arange(len(stretch)),
        clock=clock,
        stretch=stretch,
        fold=stretch * folds // n_stretches,
        y_true=near.astype(np.int8),
        y_score=np.exp(level),
        event=event,
        to_event=to_event,
        total_events=np.arange(ends_with_event.sum()),
        step=STEP,
        lead=WARNING * STEP,
    )
