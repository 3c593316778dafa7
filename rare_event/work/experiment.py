"""The path from a table to a judged model, top to bottom.

This is the one place where the three stages meet: `prepare` makes windows, `detect` scores them,
`judge` says what the scores are worth.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd

from rare_event.config import ExperimentConfig
from rare_event.detect.detector import Detector, fit_detector
from rare_event.detect.scoring import score_and_contributions
from rare_event.detect.training import Epoch
from rare_event.errors import DataError
from rare_event.judge.evaluation import Evaluation, evaluate, ranking
from rare_event.judge.ledger import called_ledger
from rare_event.judge.rules import choose
from rare_event.judge.scores import Scores, join
from rare_event.judge.thresholds import operating_points
from rare_event.judge.trailing import follow
from rare_event.prepare.features import FittedRepresentation, derive, fit_representation
from rare_event.prepare.labels import curve_shift
from rare_event.prepare.split import Fold, split
from rare_event.prepare.stretches import Events, find_events, median_step, minutes, stretches
from rare_event.prepare.table import Table
from rare_event.prepare.windows import article_window_ends, window_ends


@dataclass(frozen=True)
class Prepared:
    """A table under the labels, windows and folds of a config; rows of events are gone.

    Parameters
    ----------
    row
        Row of the table, shape (n_kept,).
    clock, stretch, y
        Minutes, stretch and label after the shift, each of shape (n_kept,).
    derived
        The representation before scaling, float32, shape (n_kept, n_sensors).
    grades
        Category columns as text, each of shape (n_kept,).
    sensors
        Names of the columns of `derived`.
    ends
        Last rows of all windows, as positions among the kept rows.
    folds
        Of the split plan, as positions among the kept rows.
    events
        Of the table.
    step
        Minutes per row.
    """

    row: np.ndarray
    clock: np.ndarray
    stretch: np.ndarray
    y: np.ndarray
    derived: np.ndarray
    grades: Mapping[str, np.ndarray]
    sensors: tuple[str, ...]
    ends: np.ndarray
    folds: list[Fold]
    events: Events
    step: float

    @property
    def n_positive(self) -> int:
        """Number of positive windows."""
        return int(self.y[self.ends].sum())


@dataclass(frozen=True)
class FoldResult:
    """A fold, trained and scored.

    Parameters
    ----------
    representation, detector
        Fitted on the normal windows of the training part.
    history
        Epochs of the training.
    validation, test
        Scores of either part.
    validation_contributions, test_contributions
        The sensors that carry each score, as of `score_and_contributions`, with `fold` and `row`.
    threshold
        Chosen on the validation part, in the unit of the scores.
    """

    representation: FittedRepresentation
    detector: Detector
    history: list[Epoch]
    validation: Scores
    test: Scores
    validation_contributions: pd.DataFrame
    test_contributions: pd.DataFrame
    threshold: float


@dataclass(frozen=True)
class Result:
    """A finished experiment.

    Parameters
    ----------
    config
        Its recipe.
    prepared
        The data it saw.
    folds
        One for each fold of the plan.
    seconds
        Wall time of the stages ``prepare``, ``train`` and ``score``.
    """

    config: ExperimentConfig
    prepared: Prepared
    folds: list[FoldResult]
    seconds: Mapping[str, float]

    @property
    def thresholds(self) -> dict[int, float]:
        """Threshold of each fold."""
        return {number: fold.threshold for number, fold in enumerate(self.folds)}

    @property
    def validation(self) -> Scores:
        """Scores of all validation parts."""
        return join([fold.validation for fold in self.folds])

    @property
    def test(self) -> Scores:
        """Scores of all test parts."""
        return join([fold.test for fold in self.folds])

    def ledger(self) -> pd.DataFrame:
        """Write the ledger of the test parts at the thresholds."""
        test = follow(self.test, self.config.rule, self.validation)
        contributions = pd.concat([fold.test_contributions for fold in self.folds])
        names = self.folds[-1].representation.names
        return called_ledger(test, self.thresholds, self.config.policy, contributions, names)

    def evaluation(self) -> Evaluation:
        """Evaluate the test parts at the thresholds."""
        test = follow(self.test, self.config.rule, self.validation)
        return evaluate(test, self.thresholds, self.config.policy)


OnProgress = Callable[[int, int, Epoch], None]


def ignore_progress(fold: int, folds: int, epoch: Epoch) -> None:
    """Report to nobody."""


def prepare(table: Table, config: ExperimentConfig) -> Prepared:
    """Label, window and split a table.

    Parameters
    ----------
    table
        The table.
    config
        Its shift, lookback, article mode, representation and split are used.

    Raises
    ------
    DataError
        If no window fits, or a part of the split would be empty.
    ConfigError
        If the shift is not shorter than the table.
    """
    clock = minutes(table.time, table.n_rows)
    stretch = stretches(clock, table.label)
    shifted = curve_shift(table.label, config.shift, None if config.article_mode else stretch)
    kept = shifted.rows
    derived = derive(table.values, stretch, config.representation)[kept]
    ends = _window_ends(stretch[kept], config, np.isfinite(derived).all(axis=1))
    return Prepared(
        row=kept,
        clock=clock[kept],
        stretch=stretch[kept],
        y=shifted.y,
        derived=derived,
        grades={c: table.frame[c].astype(str).to_numpy()[kept] for c in table.schema.categories},
        sensors=table.schema.sensors,
        ends=ends,
        folds=split(config.split, stretch[kept], ends, purge=config.lookback + config.shift),
        events=find_events(clock, table.label, stretch),
        step=median_step(clock),
    )


def _window_ends(stretch: np.ndarray, config: ExperimentConfig, usable: np.ndarray) -> np.ndarray:
    if config.article_mode:
        ends = article_window_ends(len(stretch), config.lookback)
        ends = np.intersect1d(ends, window_ends(np.zeros_like(stretch), config.lookback, usable))
    else:
        ends = window_ends(stretch, config.lookback, usable)
    if not len(ends):
        longest = int(np.bincount(stretch).max()) if len(stretch) else 0
        raise DataError(
            f"No window of {config.lookback} rows fits: the longest stretch has {longest:,} rows, "
            f"and {int((~usable).sum()):,} of {len(usable):,} rows have missing or infinite values. "
            "Choose a shorter lookback, or mend the columns named on the Data page."
        )
    return ends


def run_experiment(
    table: Table, config: ExperimentConfig, on_progress: OnProgress = ignore_progress
) -> Result:
    """Prepare, train, score and choose the threshold, fold by fold.

    Parameters
    ----------
    table
        The table.
    config
        The whole recipe.
    on_progress
        Called after every epoch with the fold's number from 0, the number of folds and the epoch;
        what it raises ends the experiment.

    Raises
    ------
    RareEventError
        If the data cannot bear what the config asks.
    """
    began = perf_counter()
    prepared = prepare(table, config)
    seconds = {"prepare": perf_counter() - began, "train": 0.0, "score": 0.0}
    folds = []
    for number, fold in enumerate(prepared.folds):

        def on_epoch(epoch: Epoch, number: int = number) -> None:
            on_progress(number, len(prepared.folds), epoch)

        folds.append(_run_fold(prepared, config, number, fold, on_epoch, seconds))
    return Result(config, prepared, folds, seconds)


def _run_fold(
    prepared: Prepared,
    config: ExperimentConfig,
    number: int,
    fold: Fold,
    on_epoch: Callable[[Epoch], None],
    seconds: dict[str, float],
) -> FoldResult:
    began = perf_counter()
    train, validation, test = (
        _windows_of(prepared, part) for part in (fold.train, fold.validation, fold.test)
    )
    normal = train[prepared.y[train] == 0]
    representation = fit_representation(
        config.representation, prepared.sensors, prepared.derived, prepared.grades, normal
    )
    X = representation.transform(prepared.derived, prepared.grades)
    fitted = perf_counter()
    detector, history = fit_detector(config, X, prepared.y, train, validation, on_epoch)
    trained = perf_counter()
    scored, noted = [], []
    for rows, ends in ((fold.validation, np.sort(validation)), (fold.test, np.sort(test))):
        y_score, contributions = score_and_contributions(detector, X, ends, config.score)
        scored.append(make_scores(prepared, config, number, rows, ends, y_score))
        noted.append(contributions.assign(fold=number, row=prepared.row[ends]))
    if len(prepared.folds) > 1:
        scored = _in_common_unit(*scored)
    followed = follow(scored[0], config.rule)
    threshold = choose(operating_points(followed, config.policy), config.rule)
    seconds["prepare"] += fitted - began
    seconds["train"] += trained - fitted
    seconds["score"] += perf_counter() - trained
    return FoldResult(representation, detector, history, scored[0], scored[1], noted[0], noted[1], threshold)


def _windows_of(prepared: Prepared, part: np.ndarray) -> np.ndarray:
    """Find the windows of a part, in the order of the part, which a random split shuffles."""
    return part[np.isin(part, prepared.ends)]


def make_scores(
    prepared: Prepared,
    config: ExperimentConfig,
    fold: int,
    part: np.ndarray,
    ends: np.ndarray,
    y_score: np.ndarray,
) -> Scores:
    """Join the scores of windows with what the judge must know about them.

    Parameters
    ----------
    prepared
        The data.
    config
        Its shift tells which events belong to the part.
    fold
        Number of the fold.
    part
        Rows of the part, windows or not: an event belongs to it if one of the `shift` rows before
        the event does, so that events no window can see count as missed.
    ends, y_score
        Windows and their scores, shape (n,).
    """
    order = np.argsort(ends)
    ends, y_score = ends[order], y_score[order]
    if not np.isfinite(y_score).all():
        first = int(prepared.row[ends[np.argmin(np.isfinite(y_score))]])
        raise DataError(
            f"The reconstruction error of row {first:,} is too large to be a number. Clip the inputs, "
            "or mend the extreme values of that row."
        )
    events = prepared.events
    before = np.searchsorted(prepared.row, events.row)[:, None] - np.arange(1, config.shift + 1)
    mine = np.flatnonzero((np.isin(before, part) & (before >= 0)).any(axis=1))
    event_of = np.full(max(prepared.stretch.max(), events.stretch.max(initial=0)) + 1, -1)
    event_of[events.stretch] = np.arange(len(events))
    event = event_of[prepared.stretch[ends]]
    event = np.where(np.isin(event, mine), event, -1)
    # Without events there is nothing to look up, and -1 would be out of range.
    event_clock = np.append(events.clock, np.inf)[event]
    return Scores(
        row=prepared.row[ends],
        clock=prepared.clock[ends],
        stretch=prepared.stretch[ends],
        fold=np.full(len(ends), fold),
        y_true=prepared.y[ends],
        y_score=y_score,
        event=event,
        to_event=event_clock - prepared.clock[ends],
        total_events=mine,
        step=prepared.step,
    )


def _in_common_unit(validation: Scores, test: Scores) -> list[Scores]:
    """Divide by the median validation error of normal rows: folds differ in scale."""
    unit = float(np.median(validation.y_score[validation.y_true == 0]))
    return [part.with_score(part.y_score / max(unit, np.finfo(float).tiny)) for part in (validation, test)]


def summarise(result: Result) -> dict[str, Any]:
    """Figures of a finished experiment as plain data: the command line's JSON.

    Parameters
    ----------
    result
        The experiment.
    """
    evaluation = result.evaluation()
    thresholds = list(result.thresholds.values())
    return {
        "preset": result.config.name,
        "split": result.config.split.kind,
        "folds": [
            {**_ranking(fold.test), "threshold": fold.threshold, "epochs": len(fold.history)}
            for fold in result.folds
        ],
        "n_rows": len(result.prepared.row),
        "n_sensors": len(result.prepared.sensors),
        "n_windows": len(result.prepared.ends),
        "n_positive": result.prepared.n_positive,
        "epochs": max(len(fold.history) for fold in result.folds),
        "validation": _ranking(result.validation),
        "test": _ranking(result.test),
        "threshold": thresholds[0] if len(set(thresholds)) == 1 else None,
        "rule": asdict(result.config.rule),
        "policy": asdict(result.config.policy),
        "ledger_rows": evaluation.n_events + evaluation.false_alarms,
        "confusion": {name: getattr(evaluation, name) for name in ("tn", "fp", "fn", "tp")},
        "events": {"caught": evaluation.caught, "total": evaluation.n_events},
        "false_alarms_per_day": evaluation.false_alarms_per_day,
        "median_lead_minutes": evaluation.median_lead,
        "seconds": dict(result.seconds),
    }


def _ranking(scores: Scores) -> dict[str, Any]:
    auc, average_precision = ranking(scores)
    return {
        "auc": auc,
        "average_precision": average_precision,
        "n": len(scores),
        "n_positive": scores.n_positive,
    }
