"""Leakage meter: one model, the same rows, judged under three splits and on invented events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np

from rare_event.config import ExperimentConfig, SplitPlan
from rare_event.detect.training import Epoch
from rare_event.errors import ConfigError
from rare_event.experiment.folds import RunFolds
from rare_event.experiment.result import OnProgress, ignore_progress
from rare_event.experiment.run import run_experiment
from rare_event.judge.evaluation import ranking
from rare_event.judge.resampling import auc_interval
from rare_event.judge.scores import Scores
from rare_event.prepare.placebo import placebo
from rare_event.prepare.table import Table
from rare_event.text import capital, plural

# The key of each reading, and the split that gives it.
SPLITS = {"random": SplitPlan("shuffled"), "stretch": SplitPlan("stretch"), "past": SplitPlan("rolling")}
PLACEBO = "placebo"


@dataclass(frozen=True)
class Reading:
    """Skill under one way of judging.

    Parameters
    ----------
    auc
        ROC AUC over all folds together, each score in multiples of its fold's validation median;
        None with one class only.
    interval
        95% interval from resampled stretches; None where not defined.
    n, n_positive, n_events
        Windows judged, the positive ones, and events among them.
    """

    auc: float | None
    interval: tuple[float, float] | None
    n: int
    n_positive: int
    n_events: int


def leakage(
    table: Table,
    config: ExperimentConfig,
    on_progress: OnProgress = ignore_progress,
    folds_by: RunFolds | None = None,
) -> dict[str, Reading]:
    """Judge a model under random rows, held-out stretches and the past only, and on a placebo.

    Parameters
    ----------
    table
        The table.
    config
        Its split is replaced by each of them.
    on_progress, folds_by
        See `run_experiment`.

    Returns
    -------
    dict
        ``random``, ``stretch`` and ``past``, judged on the same windows; ``placebo``: invented
        events under random rows.

    Raises
    ------
    RareEventError
        If the data cannot bear one of the splits.
    """
    if config.shift == 0:
        raise ConfigError(
            "The leakage check invents events of one row, so it needs a shift of at least 1 row. "
            "Choose a model that warns before events."
        )
    invented = placebo(table, config.shift, config.seed)
    runs = [(table, reading) for reading in readings_of(config)]
    runs.append((invented.table, _under(config, PLACEBO)))
    tests = []
    for number, (rows, reading) in enumerate(runs):

        def on_fold(fold: int, folds: int, epoch: Epoch, number: int = number) -> None:
            on_progress(number * folds + fold, len(runs) * folds, epoch)

        tests.append(run_experiment(rows, reading, on_fold, folds_by=folds_by).test)
    shared = reduce(np.intersect1d, (test.row for test in tests[:-1]))
    rows_of = [shared] * len(SPLITS) + [invented.quiet]
    compared = [test.where(np.isin(test.row, rows)) for test, rows in zip(tests, rows_of, strict=True)]
    return dict(zip([*SPLITS, PLACEBO], map(read, compared), strict=True))


def readings_of(config: ExperimentConfig) -> list[ExperimentConfig]:
    """Return the settings of the readings that are judged on the events of the file."""
    return [_under(config, name) for name in SPLITS]


def _under(config: ExperimentConfig, name: str) -> ExperimentConfig:
    return replace(config, split=replace(config.split, kind=split_of(name).kind))


def read(test: Scores) -> Reading:
    """Read the skill off the scores of all folds."""
    events = np.unique(test.event[test.y_true == 1])
    return Reading(ranking(test)[0], auc_interval(test), len(test), test.n_positive, int((events >= 0).sum()))


def split_of(name: str) -> SplitPlan:
    """Return the split that gives a reading."""
    return SPLITS.get(name, SPLITS["random"])


def title_of(name: str) -> str:
    """Name a reading for people."""
    split = split_of(name).in_words()
    return f"Invented events (placebo), {split}" if name == PLACEBO else capital(split)


def describe(readings: Mapping[str, Reading]) -> str:
    """Lay readings out for people."""
    width = max(len(title_of(name)) for name in readings) + 2
    lines = []
    for name, reading in readings.items():
        auc = "–" if reading.auc is None else f"{reading.auc:.3f}"
        between = (
            "" if reading.interval is None else f" ({reading.interval[0]:.2f} to {reading.interval[1]:.2f})"
        )
        lines.append(f"{title_of(name):{width}}AUC {auc}{between}, {plural(reading.n_events, 'event')}")
    return "\n".join([*lines, in_words(readings)]) + "\n"


def in_words(readings: Mapping[str, Reading]) -> str:
    """Say in plain words what the splits tell."""
    random, past, invented = (readings[name] for name in ("random", "past", PLACEBO))
    if random.auc is None or past.auc is None:
        return (
            "The rows that all splits test do not hold both normal and positive windows, so the splits "
            "cannot be compared."
        )
    difference = random.auc - past.auc
    told = f"Trained on random rows: AUC {random.auc:.2f}; trained on the past only: {past.auc:.2f}"
    if difference > 0 and (random.interval is None or past.interval is None):
        sentence = f"{told}. There are too few data to tell whether the first is really higher."
    elif difference <= 0 or _overlap(random, past):
        sentence = f"{told}. The first is not clearly higher, so there is no sign of a leak."
    else:
        sentence = (
            f"{told}. The difference probably comes from training rows next to the test rows. "
            "In the plant the future is unknown, so only the second figure counts."
        )
    if invented.auc is not None and invented.interval and invented.interval[0] > 0.5:
        sentence += " Under the random split, even events that never happened are “predicted” "
        sentence += f"with AUC {invented.auc:.2f}."
    return sentence


def _overlap(first: Reading, second: Reading) -> bool:
    if first.interval is None or second.interval is None:
        return True
    return first.interval[0] <= second.interval[1] and second.interval[0] <= first.interval[1]
