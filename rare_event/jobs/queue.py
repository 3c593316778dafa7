"""Jobs: a queue of runs for worker processes, so that pages stay responsive.

Runs that a person asked for come first; the others (baselines, the leakage meter) are handed over one
at a time while nothing else waits. The cells of a design-space map have worker processes of their own,
which give way: no cell begins while a run is executed.

The worker is warm (TensorFlow stays imported) and is started by loky, which neither forks nor runs
the page script again. Whoever watches reads the run folder; the only thing kept here is which run
was handed over, so a restarted server loses nothing but the runs that were being executed, and
those say so.
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
from rare_event.jobs.map_runner import run_map
from rare_event.jobs.pool import OpenLane, local_lane
from rare_event.jobs.worker import execute_in_worker, unexpected, warm_up
from rare_event.store.maps import DesignMap, list_maps
from rare_event.store.records import Status
from rare_event.store.runs import Run, list_runs, mark

Answer = TypeVar("Answer")

# TensorFlow uses all cores for one training; a second would slow both.
WORKERS = 1
# A pool that breaks twice in a row does so for a reason.
ATTEMPTS = 2
NO_WORKER = "The worker process cannot be started. Restart the app, then train again."


class LocalPool:
    """One warm worker pool for all threads of a process; called, it returns it, or a new one if that broke.

    loky's own reusable executor is one for each thread, and each rerun of a page is a new thread.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._executor: process_executor.ProcessPoolExecutor | None = None

    def __call__(self) -> process_executor.ProcessPoolExecutor:
        """Return the pool."""
        with self._lock:
            if self._executor is None or self._executor._flags.broken or self._executor._flags.shutdown:
                # A worker that idles is kept: importing TensorFlow again would cost five seconds.
                self._executor = process_executor.ProcessPoolExecutor(
                    WORKERS, timeout=None, initializer=end_with, initargs=(os.getpid(),)
                )
            return self._executor


class Jobs:
    """Hands runs to workers and tells what became of those that were lost.

    Parameters
    ----------
    executor
        Returns the executor to use, asked for every run; None takes a `LocalPool`.
    open_lane
        Opens a worker process for the cells of a map.
    """

    def __init__(
        self, executor: Callable[[], Executor] | None = None, open_lane: OpenLane = local_lane
    ) -> None:
        self._executor = executor or LocalPool()
        self._open_lane = open_lane
        self._map_turn = threading.Lock()
        self._lock = threading.RLock()
        self._futures: dict[str, Future[Status]] = {}
        self._beside: deque[Run] = deque()

    def warm_up(self) -> Future[int]:
        """Let a worker import TensorFlow before the first run needs it."""
        return self._hand_over(warm_up)

    def ask(self, question: Callable[..., Answer], *about: Any) -> Future[Answer]:
        """Let a worker compute what needs Keras; it takes its turn among the runs."""
        return self._hand_over(question, *about)

    def _hand_over(self, task: Callable[..., Answer], *arguments: Any) -> Future[Answer]:
        for _ in range(ATTEMPTS):
            # A pool can break after it is fetched; the next one fetched is new.
            with suppress(BrokenProcessPool, process_executor.ShutdownExecutorError):
                return self._executor().submit(task, *arguments)
        raise RunError(NO_WORKER)

    def submit(self, run: Run) -> None:
        """Queue a run; it fails at once if no worker process can take it."""
        with self._lock:
            try:
                future = self._hand_over(execute_in_worker, run.id)
            except RunError as error:
                mark(run, "failed", str(error))
                return
            self._futures[run.id] = future
        future.add_done_callback(lambda done: self._ended(run, done))

    def submit_beside(self, runs: Iterable[Run]) -> None:
        """Queue runs with low priority: runs a person asks for come first."""
        with self._lock:
            self._beside.extend(runs)
        self._fill()

    def _fill(self) -> None:
        """Hand over the next run of those that give way, if nothing else is being executed or waits."""
        with self._lock:
            while self._beside and all(future.done() for future in self._futures.values()):
                run = self._beside.popleft()
                # It may have been cancelled, or deleted, since it was queued.
                with suppress(RunError):
                    if run.status().state == "queued":
                        self.submit(run)

    def cancel(self, run: Run) -> None:
        """Ask a run to stop: at once while it waits, after the present epoch otherwise."""
        run.request_cancel()
        with self._lock:
            waits_beside = run in self._beside
            if waits_beside:
                self._beside.remove(run)
            future = self._futures.get(run.id)
        if future is not None and not future.done():
            waits = future.cancel()
        else:
            # Whoever queued it may be gone; whoever may still take it up sees the request.
            waits = waits_beside or run.status().state == "queued"
        if waits:
            mark(run, "cancelled", "The run was cancelled before it began.")

    def start_map(self, design_map: DesignMap) -> threading.Thread:
        """Work on a map in the background, after the maps that were started before; returns the thread.

        Parameters
        ----------
        design_map
            Nobody works on it; one that was cancelled, or left undone, goes on.
        """
        design_map.withdraw_cancel()
        design_map.write_state(replace(design_map.state(), state="queued", message=""))
        # A server that ends does not wait for it: the map goes on when it is started again.
        thread = threading.Thread(
            target=self._run_map, args=(design_map,), name=f"map {design_map.id}", daemon=True
        )
        thread.start()
        return thread

    def _run_map(self, design_map: DesignMap) -> None:
        # Its state tells what went wrong.
        with self._map_turn, suppress(RareEventError):
            if design_map.cancel_requested:
                return
            run_map(design_map, may_begin=lambda: not self.busy, open_lane=self._open_lane)

    def cancel_map(self, design_map: DesignMap) -> None:
        """Ask a map to stop: at once while it waits, after the present epoch of its cells otherwise."""
        design_map.request_cancel()
        state = design_map.state()
        if state.state in ("queued", "interrupted"):
            design_map.write_state(replace(state, state="cancelled"))

    @property
    def busy(self) -> bool:
        """Whether a run is being executed or waits."""
        with self._lock:
            return any(not future.done() for future in self._futures.values())

    def waiting_before(self, run: Run) -> int:
        """Count the runs that will be executed before a queued one."""
        return sum(1 for other in list_runs() if other.id < run.id and not other.status().ended)

    def recover(self) -> list[Run]:
        """Queue the waiting runs of an earlier server again and resume its maps.

        Returns
        -------
        list
            The runs that were queued again.
        """
        again = []
        for run in reversed(list_runs(role=None)):
            # What becomes of a cell is for its map to say.
            cell = run.purpose().role == "cell"
            if cell or run.id in self._futures or run in self._beside:
                continue
            if run.status().state == "queued":
                again.append(run)
        asked_for = [run for run in again if run.purpose().role == "run"]
        for run in asked_for:
            self.submit(run)
        self.submit_beside(run for run in again if run not in asked_for)
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
        """Make sure that the folder says how a run ended; called in a thread of the executor."""
        self._explain(run, future)
        self._fill()

    def _explain(self, run: Run, future: Future[Status]) -> None:
        try:
            error = future.exception()
        except CancelledError:
            return
        if error is None:
            return
        # It may have been deleted; and a full disk takes no explanation.
        with suppress(RunError):
            status = run.written_status()
            if status.ended:
                # It told how it ended before the worker died, or raised.
                return
            if isinstance(error, BrokenProcessPool) and status.state == "queued":
                # The worker died over another run; this one only waited behind it.
                self.submit(run)
            elif isinstance(error, BrokenProcessPool):
                mark(run, "interrupted", "The worker process died while it trained this run. Train it again.")
            else:
                mark(run, "failed", unexpected(error))
