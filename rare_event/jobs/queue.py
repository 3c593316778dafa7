"""Jobs: a queue of runs for worker processes, so that pages stay responsive.

Runs requested by a person come first; background runs (baselines, the leakage meter, the ablation) are
submitted one at a time while nothing else waits. The cells of a design-space map have their own worker
processes, and no cell begins while a run is executing.

The worker stays warm (TensorFlow imported). loky starts it without forking or rerunning the page script.
Pages read the run folder; only the submitted runs are kept here, so a restarted server loses only the
runs that were executing, and their folders say so.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import CancelledError, Executor, Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import replace
from typing import Any, TypeVar

from loky import process_executor

from rare_event.errors import RareEventError, RunError
from rare_event.experiment.watchdog import end_with
from rare_event.jobs.cluster import scheduler
from rare_event.jobs.map_runner import run_map
from rare_event.jobs.pool import OpenWorker, any_worker
from rare_event.jobs.scoring import score_in_worker
from rare_event.jobs.spread import ClusterExecutor
from rare_event.jobs.worker import execute_in_worker, unexpected, warm_up
from rare_event.logs import log
from rare_event.store.maps import DesignMap, list_maps
from rare_event.store.records import Status
from rare_event.store.runs import Run, list_runs, mark
from rare_event.store.scorings import Scoring, list_scorings
from rare_event.store.scorings import Status as ScoringStatus

Answer = TypeVar("Answer")
# What one worker executes after the other.
Job = Run | Scoring

# One training uses all cores; a second would slow both.
WORKERS = 1
# A pool that breaks twice in a row will break again.
ATTEMPTS = 2
NO_WORKER = "Training cannot be started. Restart the app, then train again."


class LocalPool:
    """One warm worker pool for all threads of a process.

    loky's own reusable executor belongs to one thread, and each rerun of a page is a new thread.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._executor: process_executor.ProcessPoolExecutor | None = None

    def __call__(self) -> process_executor.ProcessPoolExecutor:
        """Return the pool, or a new one if it broke or was shut down."""
        with self._lock:
            if self._executor is None or self._executor._flags.broken or self._executor._flags.shutdown:
                # Idle workers are kept: importing TensorFlow again would cost five seconds.
                self._executor = process_executor.ProcessPoolExecutor(
                    WORKERS, timeout=None, initializer=end_with, initargs=(os.getpid(),)
                )
            return self._executor


def _cluster() -> Callable[[], Executor]:
    """Return what returns the cluster: one connection for all threads, which nobody waits for."""
    cluster = ClusterExecutor()
    return lambda: cluster


class Jobs:
    """Submits runs to workers, and records the outcome of runs whose worker died.

    Parameters
    ----------
    executor
        Called for every run, returns the executor; None uses the cluster, or else a `LocalPool`.
    open_worker
        Starts a worker process for the cells of a map.
    """

    def __init__(
        self, executor: Callable[[], Executor] | None = None, open_worker: OpenWorker = any_worker
    ) -> None:
        self._executor = executor or (_cluster() if scheduler() else LocalPool())
        self._open_worker = open_worker
        self._map_turn = threading.Lock()
        self._lock = threading.RLock()
        self._futures: dict[Job, Future[Any]] = {}
        self._background: deque[Run] = deque()

    def warm_up(self) -> Future[int]:
        """Import TensorFlow in a worker before the first run needs it.

        Raises
        ------
        RareEventError
            If there is no worker; runs will say so too.
        """
        return self._submit(warm_up)

    def ask(self, question: Callable[..., Answer], *arguments: Any) -> Future[Answer]:
        """Queue a computation that needs Keras; it waits its turn among the runs."""
        return self._submit(question, *arguments)

    def _submit(self, task: Callable[..., Answer], *arguments: Any) -> Future[Answer]:
        for _ in range(ATTEMPTS):
            # The pool can break after it is returned; the next call returns a new one.
            with suppress(BrokenProcessPool, process_executor.ShutdownExecutorError):
                return self._executor().submit(task, *arguments)
        raise RunError(NO_WORKER)

    def submit(self, run: Run) -> None:
        """Queue a run; mark it failed if no worker process can be started."""
        with self._lock:
            try:
                future = self._submit(execute_in_worker, run.id)
            except RareEventError as error:
                mark(run, "failed", str(error))
                return
            self._futures[run] = future
        log("queued", run=run.id)
        future.add_done_callback(lambda done: self._ended(run, done))

    def submit_scoring(self, scoring: Scoring) -> None:
        """Queue a new file that is scored; it waits its turn among the runs."""
        with self._lock:
            try:
                future = self._submit(score_in_worker, scoring.id)
            except RareEventError as error:
                scoring.write_status(ScoringStatus("failed", str(error)))
                return
            self._futures[scoring] = future
        log("queued", scoring=scoring.id)
        future.add_done_callback(lambda done: self._scoring_ended(scoring, done))

    def _scoring_ended(self, scoring: Scoring, future: Future[None]) -> None:
        """Queue a file again whose worker died on something else before its turn came."""
        # It may have been deleted.
        with suppress(CancelledError, RunError):
            error, status = future.exception(), scoring.status()
            if isinstance(error, BrokenProcessPool) and status.state == "queued":
                self.submit_scoring(scoring)
            elif isinstance(error, RareEventError) and not status.ended:
                scoring.write_status(ScoringStatus("failed", str(error)))
        self._next_background()

    def submit_background(self, runs: Iterable[Run]) -> None:
        """Queue runs with low priority: runs requested by a person come first."""
        with self._lock:
            self._background.extend(runs)
        self._next_background()

    def _next_background(self) -> None:
        """Submit the next background run if no other run is executing or waiting."""
        with self._lock:
            while self._background and all(future.done() for future in self._futures.values()):
                run = self._background.popleft()
                # It may have been cancelled or deleted since it was queued.
                with suppress(RunError):
                    if run.status().state == "queued":
                        self.submit(run)

    def cancel(self, run: Run) -> None:
        """Cancel a run: at once if it is waiting, otherwise after the current epoch."""
        run.request_cancel()
        with self._lock:
            in_background = run in self._background
            if in_background:
                self._background.remove(run)
            future = self._futures.get(run)
        if future is not None and not future.done():
            # A cluster also lets a future be cancelled whose run is executing.
            waits = run.status().state == "queued" and future.cancel()
        else:
            # Another server may have queued it; whichever executes it sees the request.
            waits = in_background or run.status().state == "queued"
        if waits:
            mark(run, "cancelled", "The run was cancelled before it began.")
            log("ended", run=run.id, state="cancelled")

    def cancel_scoring(self, scoring: Scoring) -> None:
        """Cancel a scoring: at once if it is waiting, otherwise after the current block of rows."""
        scoring.request_cancel()
        with self._lock:
            future = self._futures.get(scoring)
        # Another server may have queued it; its worker sees the request.
        if future is not None and future.cancel():
            scoring.write_status(ScoringStatus("cancelled"))
            scoring.forget_files()

    def start_map(self, design_map: DesignMap) -> threading.Thread:
        """Start or resume a map in a background thread, after the maps started earlier; return the thread."""
        design_map.withdraw_cancel()
        design_map.write_state(replace(design_map.state(), state="queued", message=""))
        log("queued", map=design_map.id)
        # A server that exits does not wait for the thread; the map resumes when the server restarts.
        thread = threading.Thread(
            target=self._run_map, args=(design_map,), name=f"map {design_map.id}", daemon=True
        )
        thread.start()
        return thread

    def _run_map(self, design_map: DesignMap) -> None:
        # The map's state records the error.
        with self._map_turn, suppress(RareEventError):
            if design_map.cancel_requested:
                return
            run_map(design_map, may_begin=lambda: not self.busy, open_worker=self._open_worker)

    def cancel_map(self, design_map: DesignMap) -> None:
        """Cancel a map: at once if it is waiting, otherwise after the current epoch of its cells."""
        design_map.request_cancel()
        state = design_map.state()
        if state.state in ("queued", "interrupted"):
            design_map.write_state(replace(state, state="cancelled"))

    @property
    def busy(self) -> bool:
        """Whether a run or a scoring is executing or waiting."""
        with self._lock:
            return any(not future.done() for future in self._futures.values())

    def pending(self) -> list[Job]:
        """List the runs and scorings that are executing or waiting, in the order of their execution."""
        with self._lock:
            submitted = [job for job, future in self._futures.items() if not future.done()]
            background = list(self._background)
        pending = []
        for job in dict.fromkeys([*submitted, *background]):
            # It may have been deleted or damaged meanwhile.
            with suppress(RunError):
                if not job.status().ended:
                    pending.append(job)
        return pending

    def waiting_before(self, run: Run) -> int:
        """Count the runs ahead of a queued one."""
        return sum(1 for other in list_runs() if other.id < run.id and not other.status().ended)

    def recover(self) -> list[Run]:
        """Queue the waiting runs of an earlier server again, resume its maps, and return those runs."""
        again = []
        for run in reversed(list_runs(role=None)):
            # Cells are queued by their maps.
            cell = run.purpose().role == "cell"
            if cell or run in self._futures or run in self._background:
                continue
            if run.status().state == "queued":
                again.append(run)
        requested = [run for run in again if run.purpose().role == "run"]
        for run in requested:
            self.submit(run)
        self.submit_background(run for run in again if run not in requested)
        for scoring in reversed(list_scorings()):
            if scoring.status().state == "queued":
                self.submit_scoring(scoring)
        for design_map in reversed(list_maps()):
            state = design_map.state()
            if state.state not in ("queued", "interrupted"):
                continue
            if design_map.cancel_requested:
                design_map.write_state(replace(state, state="cancelled"))
            else:
                self.start_map(design_map)
        return again

    def _ended(self, run: Run, future: Future[Status]) -> None:
        """Record how a run ended and start the next; called in a thread of the executor."""
        self._record_error(run, future)
        self._next_background()

    def _record_error(self, run: Run, future: Future[Status]) -> None:
        try:
            error = future.exception()
        except CancelledError:
            return
        if error is None:
            return
        # The run may have been deleted, or the disk may be full.
        with suppress(RunError):
            status = run.written_status()
            if status.ended:
                # The worker wrote the outcome before it died or raised.
                return
            if isinstance(error, BrokenProcessPool) and status.state == "queued":
                # The worker died on another run; this one was waiting.
                self.submit(run)
            elif isinstance(error, BrokenProcessPool):
                mark(run, "interrupted", "The training process ended unexpectedly. Train the run again.")
                log("ended", run=run.id, state="interrupted")
            elif isinstance(error, RareEventError):
                mark(run, "failed", str(error))
            else:
                mark(run, "failed", unexpected(error))
