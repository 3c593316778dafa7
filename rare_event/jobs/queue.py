"""Jobs: a queue of runs for worker processes, so that pages stay responsive.

What people ask for comes first, of each of them in turn, so that nobody waits for all that another has
queued; background runs (baselines, the leakage meter, the ablation) follow while nothing else waits. The
cells of a design-space map have their own worker processes, and no cell begins while a run is executing.

The worker stays warm (TensorFlow imported). loky starts it without forking or rerunning the page script.
Pages read the run folder; only the order is kept here, so a restarted server loses only the runs that were
executing, and their folders say so. Of several servers on one workspace, each run is executed by one: see
`Run.executing`. Where people have workspaces of their own, one queue serves them all: each job is executed in
the workspace that its folder lies in.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import CancelledError, Executor, Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import replace
from typing import Any, TypeVar

from loky import process_executor

from rare_event.errors import RareEventError, RunError
from rare_event.jobs.asking import asked_again
from rare_event.jobs.cluster import scheduler
from rare_event.jobs.map_runner import run_map
from rare_event.jobs.outcome import fail, record
from rare_event.jobs.places import execute_at, execute_in_turn, place_of
from rare_event.jobs.pool import OpenWorker, any_worker, begin_worker
from rare_event.jobs.scoring import score_in_worker
from rare_event.jobs.spread import ClusterExecutor
from rare_event.jobs.turns import Job, Waiting, in_turn, served
from rare_event.jobs.worker import execute_in_worker, warm_up
from rare_event.logs import log
from rare_event.store.lease import TURN, is_leased
from rare_event.store.maps import DesignMap, list_maps
from rare_event.store.runs import Run, list_runs, mark
from rare_event.store.scorings import Scoring, list_scorings
from rare_event.store.scorings import Status as ScoringStatus
from rare_event.store.users import owner_of, user_workspaces
from rare_event.store.workspace import home, root, workspace

Answer = TypeVar("Answer")

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
                    WORKERS, timeout=None, initializer=begin_worker, initargs=(os.getpid(), True)
                )
                # A process that ends would wait for its worker, which may train for hours. What is registered
                # last is called first, and loky registers its wait when its worker starts. Not by a task:
                # loky replaces a worker whose memory has grown much since its first, and TensorFlow is large.
                self._executor._ensure_executor_running()
                threading._register_atexit(self.close)  # type: ignore[attr-defined]
            return self._executor

    def close(self) -> None:
        """End the worker at once, whatever it does."""
        with self._lock:
            if self._executor is not None:
                self._executor.shutdown(wait=False, kill_workers=True)


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
        on_cluster = executor is None and bool(scheduler())
        self._executor = executor or (_cluster() if on_cluster else LocalPool())
        # A cluster has a queue of its own.
        self._at_once = sys.maxsize if on_cluster else WORKERS
        self._open_worker = open_worker
        self._map_turn = threading.Lock()
        self._lock = threading.RLock()
        self._waiting: list[Waiting] = []
        self._executing: dict[Job, Future[Any]] = {}
        self._served: Mapping[str, int] = {}

    def warm_up(self) -> Future[int]:
        """Import TensorFlow in a worker before the first run needs it.

        Raises
        ------
        RareEventError
            If there is no worker; runs will say so too.
        """
        return self._submit(warm_up)

    def ask(self, question: Callable[..., Answer], *arguments: Any) -> Future[Answer]:
        """Queue a computation that needs Keras, in this workspace; it follows the run that is executing.

        It is asked again if the worker ends with that run.
        """
        place = place_of(home())
        return asked_again(lambda: self._submit(execute_at, place, question, *arguments), ATTEMPTS)

    def _submit(self, task: Callable[..., Answer], *arguments: Any) -> Future[Answer]:
        for _ in range(ATTEMPTS):
            # The pool can break after it is returned; the next call returns a new one.
            with suppress(BrokenProcessPool, process_executor.ShutdownExecutorError):
                return self._executor().submit(task, *arguments)
        raise RunError(NO_WORKER)

    def submit(self, run: Run, asker: str = "") -> None:
        """Queue a run; it is marked failed if no worker process can be started."""
        self._queue([Waiting(run, asker)])

    def submit_scoring(self, scoring: Scoring, asker: str = "") -> None:
        """Queue a new file that is scored; it waits its turn among the runs."""
        self._queue([Waiting(scoring, asker)])

    def submit_background(self, runs: Iterable[Run]) -> None:
        """Queue runs with low priority: what a person asked for comes first."""
        self._queue([Waiting(run, background=True) for run in runs])

    def _queue(self, jobs: list[Waiting]) -> None:
        with self._lock:
            known = {*self._executing, *(each.job for each in self._waiting)}
            new = [each for each in jobs if each.job not in known]
            self._waiting.extend(new)
        for each in new:
            log("queued", **{each.job.KIND: each.job.id})
        self._begin_next()

    def _begin_next(self) -> None:
        """Begin what is next as long as a worker is free."""
        with self._lock:
            while self._waiting and len(self._executing) < self._at_once:
                turn = next(in_turn(self._waiting, self._served))
                if turn.background and self._executing:
                    return
                self._waiting.remove(turn)
                self._served = served(self._served, turn)
                # It may have been cancelled, deleted or executed by another server since it was queued.
                with suppress(RunError):
                    if turn.job.status().state == "queued":
                        self._begin(turn)

    def _begin(self, turn: Waiting) -> None:
        job = turn.job
        try:
            task = execute_in_worker if isinstance(job, Run) else score_in_worker
            future: Future[Any]
            if self._at_once > WORKERS:
                # Each worker of a cluster executes one.
                future = self._submit(execute_at, place_of(job.workspace), task, job.id)
            else:
                future = self._submit(execute_in_turn, place_of(job.folder), task)
        except RareEventError as error:
            fail(job, str(error))
            return
        self._executing[job] = future
        future.add_done_callback(lambda done: self._ended(turn, done))

    def _ended(self, turn: Waiting, future: Future[Any]) -> None:
        """Record how a job ended and begin the next; called in a thread of the executor."""
        with self._lock:
            if self._executing.get(turn.job) is future:
                del self._executing[turn.job]
        error: BaseException | None = None
        # It may have been deleted, or the disk may be full or gone.
        with suppress(CancelledError, RunError, OSError):
            error = future.exception()
            unbegun = isinstance(error, BrokenProcessPool) and turn.job.status().state == "queued"
            if unbegun and turn.attempts < ATTEMPTS:
                # The worker died on something else.
                with self._lock:
                    self._waiting.insert(0, replace(turn, attempts=turn.attempts + 1))
            elif error is not None:
                record(turn.job, error)
            if isinstance(error, process_executor.ShutdownExecutorError):
                # The app is ending: what waits is taken up when it starts again.
                return
        self._begin_next()
        if isinstance(error, BrokenProcessPool):
            # A cancelled training, too, may have ended its worker. The next one is ready before it is needed.
            with suppress(RareEventError):
                self.warm_up()

    def _withdraw(self, job: Job) -> tuple[bool, Future[Any] | None]:
        """Take a job out of the queue; return whether it was there, and its future if it is executing."""
        with self._lock:
            kept = [each for each in self._waiting if each.job != job]
            waited, self._waiting = len(kept) < len(self._waiting), kept
            return waited, self._executing.get(job)

    def cancel(self, run: Run) -> None:
        """Cancel a run: at once if it is waiting, otherwise after the current epoch or within a second."""
        run.request_cancel()
        waits, future = self._withdraw(run)
        if future is not None and not future.done():
            # A cluster also lets a future be cancelled whose run is executing.
            waits = run.status().state == "queued" and future.cancel()
        else:
            # Another server may have queued it; whichever executes it sees the request.
            waits = waits or run.status().state == "queued"
        if waits:
            mark(run, "cancelled", "The run was cancelled before it began.")
            log("ended", run=run.id, state="cancelled")

    def cancel_scoring(self, scoring: Scoring) -> None:
        """Cancel a scoring: at once if it is waiting, otherwise after the current block of rows."""
        scoring.request_cancel()
        waits, future = self._withdraw(scoring)
        if future is None:
            # Another server may have queued it; its worker sees the request.
            waits = waits or scoring.status().state == "queued"
        if waits or (future is not None and future.cancel()):
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
        with self._map_turn, workspace(design_map.workspace), suppress(RareEventError):
            if design_map.cancel_requested:
                return
            run_map(design_map, may_begin=self._cells_may_begin, open_worker=self._open_worker)

    def _cells_may_begin(self) -> bool:
        return not self.busy and not is_leased(root(), TURN)

    def cancel_map(self, design_map: DesignMap) -> None:
        """Cancel a map: at once if it is waiting, otherwise after the current epoch of its cells."""
        design_map.request_cancel()
        state = design_map.state()
        if state.state in ("queued", "interrupted"):
            design_map.write_state(replace(state, state="cancelled"))

    @property
    def busy(self) -> bool:
        """Whether a run or a scoring is executing, or waits that a person asked for."""
        with self._lock:
            return bool(self._executing) or any(not each.background for each in self._waiting)

    def pending(self) -> list[Job]:
        """List what is executing or waiting, of all workspaces, in the order of its execution."""
        with self._lock:
            jobs = [*self._executing, *(turn.job for turn in in_turn(self._waiting, self._served))]
        pending = []
        for job in jobs:
            # It may have been deleted or damaged meanwhile.
            with suppress(RunError):
                if not job.status().ended:
                    pending.append(job)
        return pending

    def waiting_before(self, run: Run) -> int:
        """Count what is ahead of a queued run, and what another server executes meanwhile as one more."""
        pending = self.pending()
        if run in pending:
            with suppress(RunError):
                elsewhere = pending[0].status().state == "queued" and is_leased(root(), TURN)
                return pending.index(run) + elsewhere
            return pending.index(run)
        # Another server queued it.
        with workspace(run.workspace):
            return sum(1 for other in list_runs() if other.id < run.id and not other.status().ended)

    def recover(self) -> list[Run]:
        """Queue what waits in any workspace since an earlier server, resume the maps, and return the runs."""
        again: list[Run] = []
        for folder in (root(), *user_workspaces()):
            # One that cannot be written keeps nobody else waiting; whoever opens it is told.
            with workspace(folder), suppress(RunError):
                again += self._take_up(owner_of(folder))
        return again

    def _take_up(self, asker: str) -> list[Run]:
        """Queue what waits in this workspace."""
        again, known = [], self.pending()
        for run in reversed(list_runs(role=None)):
            # Cells are queued by their maps.
            cell = run.purpose().role == "cell"
            if not cell and run not in known and run.status().state == "queued":
                again.append(run)
        requested = [run for run in again if run.purpose().role == "run"]
        for run in requested:
            self.submit(run, asker)
        self.submit_background(run for run in again if run not in requested)
        for scoring in reversed(list_scorings()):
            if scoring not in known and scoring.status().state == "queued":
                self.submit_scoring(scoring, asker)
        for design_map in reversed(list_maps()):
            state = design_map.state()
            if state.state not in ("queued", "interrupted"):
                continue
            if design_map.cancel_requested:
                design_map.write_state(replace(state, state="cancelled"))
            else:
                self.start_map(design_map)
        return again
