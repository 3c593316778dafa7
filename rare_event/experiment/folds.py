"""Folds: train and score each and choose its threshold, in parallel where cores allow."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from time import perf_counter

import numpy as np
import pandas as pd

from rare_event.config import ExperimentConfig, NetworkConfig
from rare_event.detect.detector import fit_detector
from rare_event.detect.layers import import_keras
from rare_event.detect.rows import NO_EVENT_AHEAD
from rare_event.detect.scoring import score_and_contributions
from rare_event.detect.threads import run_in_threads
from rare_event.detect.training import Epoch, ignore_epoch
from rare_event.errors import DataError
from rare_event.experiment.result import FoldResult, OnProgress
from rare_event.experiment.watchdog import end_with
from rare_event.judge.category import Category
from rare_event.judge.rules import choose_on
from rare_event.judge.scores import Scores
from rare_event.judge.trailing import follow
from rare_event.prepare.features import fit_representation
from rare_event.prepare.prepared import Prepared, windows_of

# The fold of a model that is not a network keeps about two cores busy.
CORES_FOR_ONE = 2

Trained = tuple[FoldResult, dict[str, float]]
# Runs all folds of an experiment, as `run_folds` does.
RunFolds = Callable[[Prepared, ExperimentConfig, OnProgress], list[Trained]]


def run_folds(
    prepared: Prepared, config: ExperimentConfig, on_progress: OnProgress, workers: int | None = None
) -> list[Trained]:
    """Run all folds of an experiment: those of a network in threads, others in processes.

    Returns
    -------
    list
        For each fold its result, and the seconds of its stages.
    """
    n_folds = len(prepared.folds)
    in_threads = isinstance(config.model, NetworkConfig)
    if workers is None:
        workers = (os.cpu_count() or 1) // (1 if in_threads else CORES_FOR_ONE)
    at_once = min(workers, n_folds)
    if at_once <= 1:
        threads = max(1, workers)
        return [_run_here(prepared, config, number, on_progress, threads) for number in range(n_folds)]
    if in_threads:
        longest_first = sorted(range(n_folds), key=lambda number: -len(prepared.folds[number].train))
        run = partial(run_fold, prepared, config, threads=workers // at_once)
        return run_in_threads(run, longest_first, at_once, on_progress)
    return _run_in_processes(prepared, config, on_progress, at_once)


def _run_here(
    prepared: Prepared, config: ExperimentConfig, number: int, on_progress: OnProgress, threads: int = 1
) -> Trained:
    n_folds = len(prepared.folds)
    return run_fold(prepared, config, number, lambda epoch: on_progress(number, n_folds, epoch), threads)


def _run_in_processes(
    prepared: Prepared, config: ExperimentConfig, on_progress: OnProgress, at_once: int
) -> list[Trained]:
    """Run the last fold here, the others in processes."""
    n_folds = len(prepared.folds)
    from loky import get_reusable_executor

    executor = get_reusable_executor(
        max_workers=at_once - 1, timeout=None, initializer=end_with, initargs=(os.getpid(),)
    )
    waiting = [executor.submit(run_fold, prepared, config, number) for number in range(n_folds - 1)]
    try:
        last = _run_here(prepared, config, n_folds - 1, on_progress)
        trained = [future.result() for future in waiting]
    finally:
        # Folds of a cancelled experiment must not start later.
        for future in waiting:
            future.cancel()
    for number, (result, _) in enumerate(trained):
        on_progress(number, n_folds, result.history[-1])
    return [*trained, last]


def run_fold(
    prepared: Prepared,
    config: ExperimentConfig,
    number: int,
    on_epoch: Callable[[Epoch], None] = ignore_epoch,
    threads: int = 1,
) -> Trained:
    """Fit the representation and the detector of a fold, score it and choose its threshold.

    `threads` networks of an average are trained at once.

    Returns
    -------
    tuple
        The result, and the wall time of the stages ``prepare``, ``train`` and ``score``.
    """
    began = perf_counter()
    fold = prepared.folds[number]
    train, validation, test = (
        windows_of(prepared, part) for part in (fold.train, fold.validation, fold.test)
    )
    normal = train[prepared.y[train] == 0]
    with ThreadPoolExecutor(1) as thread:
        if isinstance(config.model, NetworkConfig):
            # It takes seconds, as the scales of a large file do; what it raises is raised where it is needed.
            thread.submit(import_keras)
        representation = fit_representation(config.representation, prepared.derived, normal)
        X = representation.transform(prepared.derived)
    fitted = perf_counter()
    ahead = rows_ahead(prepared, config.shift)
    detector, history = fit_detector(
        config.detector, X, prepared.y, train, validation, on_epoch, ahead, threads
    )
    trained = perf_counter()
    scored, noted = [], []
    for rows, ends in ((fold.validation, np.sort(validation)), (fold.test, np.sort(test))):
        y_score, contributions = score_and_contributions(detector, X, ends, config.score)
        scored.append(make_scores(prepared, config, number, rows, ends, y_score))
        noted.append(contributions.assign(fold=number, row=prepared.row[ends]))
    unit = 1.0
    if len(prepared.folds) > 1:
        unit = _validation_median(scored[0])
        scored = [part.with_score(part.y_score / unit) for part in scored]
    followed = follow(scored[0], config.rule)
    threshold = choose_on(followed, config.policy, config.rule)
    seconds = {
        "prepare": fitted - began,
        "train": trained - fitted,
        "score": perf_counter() - trained,
    }
    result = FoldResult(
        representation, detector, history, scored[0], scored[1], noted[0], noted[1], threshold, unit=unit
    )
    return result, seconds


def _validation_median(validation: Scores) -> float:
    """Return the median validation score of normal rows: divided by it, folds have one scale."""
    normal = validation.y_score[validation.y_true == 0]
    if not len(normal):
        raise DataError(
            "A fold has no normal windows in its validation part, so its scores cannot be scaled. "
            "Use fewer folds, a shorter lookback, or more data."
        )
    return float(np.median(normal)) or 1.0


def make_scores(
    prepared: Prepared,
    config: ExperimentConfig,
    fold: int,
    part: np.ndarray,
    ends: np.ndarray,
    y_score: np.ndarray,
) -> Scores:
    """Join the scores of windows with their labels, events and times.

    Parameters
    ----------
    prepared
        The data.
    config
        Its shift determines which events belong to the part.
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
    _refuse_infinite(y_score, prepared.row[ends])
    events = prepared.events
    mine = _events_of(prepared, part, config.shift)
    event_of = np.full(max(prepared.stretch.max(), events.stretch.max(initial=0)) + 1, -1)
    event_of[events.stretch] = np.arange(len(events))
    event = event_of[prepared.stretch[ends]]
    event = np.where(np.isin(event, mine), event, -1)
    # Without events there is nothing to look up, and -1 would be out of range.
    event_clock = np.append(events.clock, np.inf)[event]
    # The lead window of the label holds its positive rows, however far apart they are.
    rows_ahead = np.append(events.row, -1)[event] - prepared.row[ends]
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
        lead=config.shift * prepared.step,
        time_unit=prepared.time_unit,
        minutes=_running(prepared, config.shift)[ends],
        near=(event >= 0) & _is_near(rows_ahead, config.shift),
        asset=None if prepared.asset is None else prepared.asset[ends],
        assets=prepared.assets,
        categories=_categories(prepared, ends),
    )


def rows_ahead(prepared: Prepared, shift: int) -> np.ndarray:
    """Count the rows from each row to the event that ends its stretch, `NO_EVENT_AHEAD` where none does.

    With a shift of 0 the rows of an event are positive themselves: they are 1, all others have none ahead.
    """
    if not shift:
        return np.where(prepared.y == 1, 1, NO_EVENT_AHEAD)
    events = prepared.events
    first = np.full(max(prepared.stretch.max(), events.stretch.max(initial=0)) + 1, -1)
    first[events.stretch] = events.row
    ahead = first[prepared.stretch] - prepared.row
    return np.where(ahead > 0, ahead, NO_EVENT_AHEAD)


def _refuse_infinite(y_score: np.ndarray, row: np.ndarray) -> None:
    if not np.isfinite(y_score).all():
        first = int(row[np.argmin(np.isfinite(y_score))])
        raise DataError(
            f"The score of row {first:,} is too large to be a number. Clip the inputs, "
            "or correct the extreme values of that row."
        )


def _categories(prepared: Prepared, ends: np.ndarray) -> dict[str, Category]:
    grades = {column: grade.take(ends) for column, grade in prepared.grades.items()}
    return {column: Category.of_text(grade.values, grade.since) for column, grade in grades.items()}


def _is_near(rows_ahead: np.ndarray, shift: int) -> np.ndarray:
    """Whether so many rows before the first of an event the shift makes a row positive."""
    return (rows_ahead > 0) & (rows_ahead <= shift) if shift else rows_ahead <= 0


def _running(prepared: Prepared, shift: int) -> np.ndarray:
    """Minutes of each row; with a shift of 0 none inside events, where no false alarm can sound."""
    return prepared.minutes if shift else np.where(prepared.y == 1, 0.0, prepared.minutes)


def _events_of(prepared: Prepared, part: np.ndarray, shift: int) -> np.ndarray:
    """Numbers of the events that one of the `shift` rows before belongs to a part; 0: one of its own."""
    events = prepared.events
    if shift == 0:
        inside = prepared.row[part[prepared.y[part] == 1]]
        return np.unique(np.searchsorted(events.row, inside, side="right") - 1)
    before = np.searchsorted(prepared.row, events.row)[:, None] - np.arange(1, shift + 1)
    inside = np.isin(before, part) & (before >= 0)
    if prepared.asset is not None and events.asset is not None:
        # The rows before the first event of a machine may be another's.
        inside &= prepared.asset[before] == events.asset[:, None]
    return np.flatnonzero(inside.any(axis=1))


def events_by_fold(prepared: Prepared, shift: int) -> dict[str, list[int]]:
    """Count the events of each fold's validation and test part, which are those that its figures count."""
    return {
        "validation": [len(_events_of(prepared, fold.validation, shift)) for fold in prepared.folds],
        "test": [len(_events_of(prepared, fold.test, shift)) for fold in prepared.folds],
    }


def part_sizes(prepared: Prepared, shift: int) -> pd.DataFrame:
    """Count the windows, positive windows and events of each part of the split, over all folds.

    Returns
    -------
    pandas.DataFrame
        Columns `windows`, `positive windows` and `events`; one row for each of training, validation and
        test. What several folds share, such as an old training row, is counted once.
    """
    rows = {}
    for name in ("train", "validation", "test"):
        part = np.unique(np.concatenate([getattr(fold, name) for fold in prepared.folds]))
        ends = np.intersect1d(part, prepared.ends)
        rows["training" if name == "train" else name] = {
            "windows": len(ends),
            "positive windows": int(prepared.y[ends].sum()),
            "events": len(_events_of(prepared, part, shift)),
        }
    return pd.DataFrame(rows).T
