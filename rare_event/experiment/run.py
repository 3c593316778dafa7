"""The path from a table to a judged model, top to bottom.

This is the one place where the three stages meet: `prepare` makes windows, `detect` scores them,
`judge` says what the scores are worth.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

from rare_event.clock import TimeUnit
from rare_event.config import BlendModel, ExperimentConfig, recipe
from rare_event.detect.training import Epoch
from rare_event.errors import ConfigError
from rare_event.experiment.blending import blend
from rare_event.experiment.folds import RunFolds, run_folds
from rare_event.experiment.result import OnProgress, Result, ignore_progress
from rare_event.experiment.suppressing import require_suppression
from rare_event.logs import log
from rare_event.prepare.prepared import Preparing, Read, prepare
from rare_event.prepare.table import Table
from rare_event.text import number

RunMember = Callable[[ExperimentConfig, OnProgress], Result]


def run_experiment(
    table: Table,
    config: ExperimentConfig,
    on_progress: OnProgress = ignore_progress,
    run_member: RunMember | None = None,
    workers: int | None = None,
    folds_by: RunFolds | None = None,
    read: Read | None = None,
    prepared: Preparing | None = None,
) -> Result:
    """Prepare, train, score and choose the threshold, fold by fold.

    Parameters
    ----------
    table
        The table.
    config
        The whole recipe.
    on_progress
        Called after every epoch with the fold's number from 0, the number of folds and the epoch, one fold
        after the other, in any order; what it raises ends the experiment.
    run_member
        Runs a model that a blend needs, given its config and progress callback; None runs it here.
    workers
        Folds, or networks of an average, trained at once; None: as many as the machine has cores for.
    folds_by
        Runs the folds somewhere else, for example on a cluster; None runs them on this machine.
    read
        Changes what the model reads; None: it reads what its settings say.
    prepared
        Prepares the table where nothing changes what the model reads; None: `prepare`.

    Raises
    ------
    RareEventError
        If the data do not allow what the config asks for.
    """
    require_suppression(table, config.policy)
    if isinstance(config.model, BlendModel):
        run = run_member or (
            lambda member, progress: run_experiment(
                table, member, progress, None, workers, folds_by, read, prepared
            )
        )
        return _run_blend(config, config.model, on_progress, run)
    began = perf_counter()
    data = prepared(config) if prepared is not None and read is None else prepare(table, config, read)
    check_lead(config, data.step, data.time_unit)
    seconds = {"prepare": perf_counter() - began, "train": 0.0, "score": 0.0}
    log("prepared", model=config.model.kind, folds=len(data.folds), seconds=seconds["prepare"])
    if folds_by is None:
        trained = run_folds(data, config, on_progress, workers)
    else:
        trained = folds_by(data, config, on_progress)
    for place, (_, spent) in enumerate(trained, 1):
        seconds = {stage: seconds[stage] + spent[stage] for stage in seconds}
        log("trained", model=config.model.kind, fold=place, folds=len(trained), seconds=spent["train"])
    log("scored", model=config.model.kind, folds=len(trained), seconds=seconds["score"])
    return Result(config, data, [fold for fold, _ in trained], seconds)


def check_lead(config: ExperimentConfig, step: float, unit: TimeUnit) -> None:
    """Raise a ConfigError for a lead window that holds no row: every alarm would count as false."""
    lead = config.policy.lead
    if lead is not None and lead < step:
        raise ConfigError(
            f"The lead window is {unit.count(number(lead))}, but {apart(step, unit)}, so no alarm could "
            "count for an event. Leave it empty to use the length of the shift, "
            f"{unit.count(number(config.shift * step))}, or choose at least {number(step)}."
        )


def apart(step: float, unit: TimeUnit) -> str:
    """Say how far apart rows are; without a clock, that a lead window holds whole rows."""
    return "it must hold at least 1 row" if unit.reason else f"rows are {unit.count(number(step))} apart"


def _run_blend(
    config: ExperimentConfig, model: BlendModel, on_progress: OnProgress, run: RunMember
) -> Result:
    members = []
    for place, name in enumerate(model.members):

        def on_member(fold: int, folds: int, epoch: Epoch, place: int = place) -> None:
            on_progress(place * folds + fold, len(model.members) * folds, epoch)

        members.append(run(recipe(name, config), on_member))
    return blend(config, model.join, members)
