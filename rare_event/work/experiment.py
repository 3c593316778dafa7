"""The path from a table to a judged model, top to bottom.

This is the one place where the three stages meet: `prepare` makes windows, `detect` scores them,
`judge` says what the scores are worth.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

import numpy as np

from rare_event.config import BlendModel, ExperimentConfig, recipe
from rare_event.detect.detector import fit_detector
from rare_event.detect.scoring import score_and_contributions
from rare_event.detect.training import Epoch
from rare_event.errors import DataError
from rare_event.judge.rules import choose
from rare_event.judge.scores import Scores
from rare_event.judge.thresholds import operating_points
from rare_event.judge.trailing import follow
from rare_event.prepare.features import fit_representation
from rare_event.prepare.split import Fold
from rare_event.prepare.table import Table
from rare_event.work.blend import blend
from rare_event.work.prepared import Prepared, make_scores, prepare
from rare_event.work.result import FoldResult, OnProgress, Result, ignore_progress

RunMember = Callable[[ExperimentConfig, OnProgress], Result]


def run_experiment(
    table: Table,
    config: ExperimentConfig,
    on_progress: OnProgress = ignore_progress,
    run_member: RunMember | None = None,
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
    run_member
        Runs a model that a blend needs, told of its config and progress; None runs it here.

    Raises
    ------
    RareEventError
        If the data cannot bear what the config asks.
    """
    if isinstance(config.model, BlendModel):
        run = run_member or (lambda member, progress: run_experiment(table, member, progress))
        return _run_blend(config, config.model, on_progress, run)
    began = perf_counter()
    prepared = prepare(table, config)
    seconds = {"prepare": perf_counter() - began, "train": 0.0, "score": 0.0}
    folds = []
    for number, fold in enumerate(prepared.folds):

        def on_epoch(epoch: Epoch, number: int = number) -> None:
            on_progress(number, len(prepared.folds), epoch)

        folds.append(_run_fold(prepared, config, number, fold, on_epoch, seconds))
    return Result(config, prepared, folds, seconds)


def _run_blend(
    config: ExperimentConfig, model: BlendModel, on_progress: OnProgress, run: RunMember
) -> Result:
    members = []
    for number, name in enumerate(model.members):

        def on_member(fold: int, folds: int, epoch: Epoch, number: int = number) -> None:
            on_progress(number * folds + fold, len(model.members) * folds, epoch)

        members.append(run(recipe(name, config), on_member))
    return blend(config, model.join, members)


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
    representation = fit_representation(config.representation, prepared.derived, normal)
    X = representation.transform(prepared.derived)
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


def _in_common_unit(validation: Scores, test: Scores) -> list[Scores]:
    """Divide by the median validation error of normal rows: folds differ in scale."""
    normal = validation.y_score[validation.y_true == 0]
    if not len(normal):
        raise DataError(
            "A fold has no normal window in its validation part, so its scores have no unit. "
            "Use fewer folds, a shorter lookback, or more data."
        )
    unit = float(np.median(normal))
    return [part.with_score(part.y_score / (unit or 1.0)) for part in (validation, test)]
