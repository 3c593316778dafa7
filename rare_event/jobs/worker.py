"""Execute a run from its folder: train, report progress, write the results."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from operator import itemgetter
from time import monotonic, perf_counter

import pandas as pd

from rare_event.detect.detector import Autoencoder
from rare_event.detect.summary import layers_of
from rare_event.detect.tensorboard import tensorboard_log
from rare_event.detect.training import Epoch
from rare_event.errors import Cancelled, RareEventError
from rare_event.experiment.ablation import ablation
from rare_event.experiment.backtest import trivial
from rare_event.experiment.facts import facts_of
from rare_event.experiment.folds import RunFolds
from rare_event.experiment.leakage import leakage
from rare_event.experiment.result import OnProgress, Result, ignore_progress, summarise
from rare_event.experiment.run import run_experiment
from rare_event.jobs.cancelling import CANCELLED, ended_when_cancelled
from rare_event.logs import log, logged_job, set_up_in_worker
from rare_event.prepare.prepared import Preparations
from rare_event.prepare.table import Table
from rare_event.store.bundle import save_folds, save_trained
from rare_event.store.digests import recorded
from rare_event.store.judged import Judged
from rare_event.store.lease import Taken
from rare_event.store.processes import give_up, owner
from rare_event.store.records import Committed, Role, Status
from rare_event.store.runs import HISTORY, Run, mark, open_run

UNCOMPILED = "A layer of this network cannot be compiled, so its epochs take longer."
STOPPED = "Training was stopped with Ctrl-C before it finished. Train the run again."
UNWRITTEN = "The results of the run could not be written. Free some space, then train the run again."
NO_MEMORY = "This computer has too little memory for the run. Use a shorter lookback or a smaller model."
# Writing after every 10 ms epoch would cost more than the epoch; pages poll once a second.
REPORT_SECONDS = 0.25


class Reporter:
    """Writes progress into a run folder; stops the run when it is cancelled."""

    def __init__(self, run: Run, on_progress: OnProgress = ignore_progress) -> None:
        self.run, self.on_progress = run, on_progress
        self.history: list[dict[str, float]] = []
        self.folds_begun: set[int] = set()
        self.began = self.reported = monotonic()

    def __call__(self, fold: int, folds: int, epoch: Epoch) -> None:
        """Record an epoch.

        Raises
        ------
        Cancelled
            If cancellation of the run was requested.
        """
        record = {**asdict(epoch), "fold": fold}
        record["epoch"] = record.pop("number")
        if not epoch.compiled and fold not in self.folds_begun:
            self.run.note(f"Fold {fold + 1}: {UNCOMPILED}")
        self.folds_begun.add(fold)
        self.history.append(record)
        self.on_progress(fold, folds, epoch)
        now = monotonic()
        if epoch.number == 1 or now - self.reported >= REPORT_SECONDS:
            self.reported = now
            self.write()
            # Not `status()`: its "interrupted" is inferred, and would become permanent if written.
            status, seconds = self.run.written_status(), now - self.began
            place = len(self.folds_begun) - 1
            status = replace(status, fold=place, folds=folds, seconds=seconds)
            self.run.write_status(
                replace(status, network=epoch.network, networks=epoch.networks, epoch=epoch.number)
            )
            if self.run.cancel_requested:
                raise Cancelled(CANCELLED)

    def write(self) -> None:
        """Write the recorded epochs, by fold."""
        by_fold = sorted(self.history, key=itemgetter("fold"))
        self.run.write_history(pd.DataFrame(by_fold, columns=HISTORY))


def execute(
    run: Run,
    on_progress: OnProgress = ignore_progress,
    workers: int | None = None,
    folds_by: RunFolds | None = None,
    prepared: Preparations | None = None,
) -> Result:
    """Execute a queued run in this process and write the results into its folder.

    Parameters
    ----------
    run
        The run.
    on_progress, workers, folds_by
        See `run_experiment`.
    prepared
        The table of the run's dataset, if it is known, and its preparation; None reads it.

    Raises
    ------
    RareEventError
        If the run fails or is cancelled; its status says so too.
    """
    with _outcome_recorded(run), _with_tensorboard(run, on_progress) as report:
        reporter = Reporter(run, report)
        try:
            with ended_when_cancelled(run):
                prepared = prepared or Preparations(run.dataset().table())
                result = run_experiment(
                    prepared.table, run.config(), reporter, None, workers, folds_by, prepared=prepared
                )
        except RareEventError:
            # The page draws the epochs until then, if they can be written.
            with suppress(RareEventError):
                if reporter.history:
                    reporter.write()
            raise
        reporter.write()
        save_result(run, prepared.table, result)
    return result


@contextmanager
def _with_tensorboard(run: Run, on_progress: OnProgress) -> Iterator[OnProgress]:
    """Also log every epoch for TensorBoard, if requested."""
    if not run.tensorboard.is_dir():
        yield on_progress
        return
    with tensorboard_log(run.tensorboard) as log:

        def both(fold: int, folds: int, epoch: Epoch) -> None:
            log(fold, folds, epoch)
            on_progress(fold, folds, epoch)

        yield both


def execute_leakage(run: Run) -> None:
    """Execute a run of the leakage meter in this process and write its readings.

    Raises
    ------
    RareEventError
        If the run fails or is cancelled; its status says so too.
    """
    with _outcome_recorded(run):
        with ended_when_cancelled(run):
            readings = leakage(run.dataset().table(), run.config(), Reporter(run))
        run.save_leakage(readings)


def execute_ablation(run: Run) -> None:
    """Execute a run that leaves out each group of inputs in this process, and write what was found.

    Raises
    ------
    RareEventError
        If the run fails or is cancelled; its status says so too.
    """
    with _outcome_recorded(run):
        config = run.config()
        with ended_when_cancelled(run):
            found = ablation(run.dataset().table(), config, config.split.folds, on_progress=Reporter(run))
        run.save_ablation(found)


@contextmanager
def _outcome_recorded(run: Run) -> Iterator[None]:
    """Execute a run that no other process executes, and record in its status how it ends."""
    with run.executing(), _ending_recorded(run):
        yield


@contextmanager
def _ending_recorded(run: Run) -> Iterator[None]:
    pid, created = owner()
    run.write_status(replace(run.status(), state="running", pid=pid, pid_created=created))
    try:
        if run.cancel_requested:
            raise Cancelled(CANCELLED)
        with recorded(run.folder), logged_job(run=run.id):
            yield
        mark(run, "done")
    except Cancelled as cancelled:
        mark(run, "cancelled", str(cancelled))
        raise
    except RareEventError as error:
        mark(run, "failed", str(error))
        raise
    except KeyboardInterrupt:
        mark(run, "interrupted", STOPPED)
        raise
    except BaseException as error:
        mark(run, "failed", unexpected(error))
        raise


def unexpected(error: BaseException) -> str:
    """Describe an error other than a `RareEventError` that ended a training."""
    # TensorFlow raises an error of its own when memory runs out.
    if type(error).__name__ in ("MemoryError", "ResourceExhaustedError"):
        return NO_MEMORY
    described = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    again = "Train the run again. If it fails again, report this"
    return f"Training stopped because of an unexpected error. {again}: {described}"


def save_result(run: Run, table: Table, result: Result) -> None:
    """Write scores, thresholds, figures and the models into a run folder.

    Parameters
    ----------
    run
        The run.
    table, result
        The rows that it was trained on, and the result.
    """
    began = perf_counter()
    run.save_scores(
        {
            "validation": [fold.validation for fold in result.folds],
            "test": [fold.test for fold in result.folds],
        }
    )
    run.save_contributions(
        {
            "validation": pd.concat([fold.validation_contributions for fold in result.folds]),
            "test": pd.concat([fold.test_contributions for fold in result.folds]),
        },
        result.folds[-1].representation.names,
    )
    committed = Committed(result.thresholds, result.config.rule, result.policy, watch=result.watched[0])
    run.commit(replace(committed, promise=result.promise()))
    run.save_evaluation(summarise(result, run.id))
    log("saved", what="scores", seconds=perf_counter() - began)
    began = perf_counter()
    # A large file takes seconds to judge, mostly outside Python.
    with ThreadPoolExecutor(2) as threads:
        without_model = threads.submit(trivial, result.validation, result.test, result.policy)
        facts = threads.submit(facts_of, table, result)
        judged = result.judgement()
    run.save_judged(Judged(judged, tuple(without_model.result())))
    run.seal()
    log("judged", seconds=perf_counter() - began)
    began = perf_counter()
    save_trained(run, result.folds[-1], result.config, facts.result())
    if run.purpose().role == "run":
        save_folds(run, result.folds)
    detector = result.folds[-1].detector
    if isinstance(detector, Autoencoder):
        # Those of an average are alike.
        run.save_layers(layers_of(detector.networks[0]))
    log("saved", what="model", seconds=perf_counter() - began)


# What is executed for a run that is not trained to be used itself.
EXECUTED: Mapping[Role, Callable[[Run], object]] = {"leakage": execute_leakage, "ablation": execute_ablation}


def execute_in_worker(run_id: str) -> Status:
    """Execute a run in a worker process; the outcome is in its folder."""
    set_up_in_worker()
    run = open_run(run_id)
    try:
        EXECUTED.get(run.purpose().role, execute)(run)
    except Taken:
        # Whoever executes it records how it ends.
        return run.status()
    except RareEventError:
        # The status already explains an error the analyst can correct; the worker keeps running.
        _give_up_if_unwritten(run)
    except BaseException:
        _give_up_if_unwritten(run)
        raise
    return run.status()


def _give_up_if_unwritten(run: Run) -> None:
    status = run.written_status()
    if status.state == "running" and status.pid == owner()[0]:
        # The outcome could not be written (a full disk?): ending the process reports the failure.
        give_up(UNWRITTEN)


def warm_up() -> int:
    """Import what training needs, so that the first run starts at once; return the process id."""
    from rare_event.detect.layers import import_keras

    # Without TensorFlow only neural networks fail, and their runs say why.
    with suppress(RareEventError):
        import_keras()
    return os.getpid()
