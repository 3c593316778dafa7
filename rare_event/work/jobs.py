"""Jobs: runs handed to worker processes, one after the other, while pages stay free.

Runs that a person asked for come first; the others (baselines, the leakage meter) are handed over one
at a time while nothing else waits.

The worker is warm (TensorFlow stays imported) and is started by loky, which neither forks nor runs
the page script again. Whoever watches reads the run folder; the only thing kept here is which run
was handed over, so a restarted server loses nothing but the runs that were being executed, and
those say so.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import CancelledError, Executor, Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress

import psutil

from rare_event.errors import RunError
from rare_event.store.records import Status
from rare_event.store.runs import Run, list_runs, mark
from rare_event.work.worker import execute_in_worker, warm_up

# TensorFlow uses all cores for one training; a second one beside it would only slow both.
WORKERS = 1


def local_executor() -> Executor:
    """Return the warm pool of this process; a new one if the last one broke."""
    from loky import get_reusable_executor

    # A worker that idles is kept: importing TensorFlow again would cost five seconds.
    executor: Executor = get_reusable_executor(max_workers=WORKERS, timeout=None)
    return executor


class Jobs:
    """Hands runs to workers and tells what became of those that were lost.

    Parameters
    ----------
    executor
        Returns the executor to use; asked anew for every run.
    """

    def __init__(self, executor: Callable[[], Executor] = local_executor) -> None:
        self._executor = executor
        self._lock = threading.RLock()
        self._futures: dict[str, Future[Status]] = {}
        self._beside: deque[Run] = deque()

    def warm_up(self) -> Future[int]:
        """Let a worker import TensorFlow before the first run needs it."""
        return self._executor().submit(warm_up)

    def submit(self, run: Run) -> None:
        """Queue a run.

        Parameters
        ----------
        run
            Queued, not yet submitted.
        """
        with self._lock:
            future = self._executor().submit(execute_in_worker, run.id)
            self._futures[run.id] = future
        future.add_done_callback(lambda done: self._ended(run, done))

    def submit_beside(self, runs: Iterable[Run]) -> None:
        """Queue runs that give way to every run a person asks for.

        Parameters
        ----------
        runs
            Queued, not yet submitted.
        """
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
        """Ask a run to stop: at once while it waits, after the present epoch otherwise.

        Parameters
        ----------
        run
            Any run.
        """
        run.request_cancel()
        with self._lock:
            waits_beside = run in self._beside
            if waits_beside:
                self._beside.remove(run)
            future = self._futures.get(run.id)
        if waits_beside or (future is not None and future.cancel()):
            mark(run, "cancelled", "The run was cancelled before it began.")

    def waiting_before(self, run: Run) -> int:
        """Count the runs that will be executed before a queued one.

        Parameters
        ----------
        run
            A queued run.
        """
        return sum(1 for other in list_runs() if other.id < run.id and not other.status().ended)

    def recover(self) -> list[Run]:
        """Take up what an earlier server left: queue what waited, mark what was lost.

        Returns
        -------
        list
            The runs that were queued again.
        """
        again = []
        for run in reversed(list_runs(role=None)):
            status = run.status()
            if run.id in self._futures or run in self._beside or status.ended:
                continue
            if status.state == "queued":
                again.append(run)
            elif not _alive(status):
                mark(
                    run,
                    "interrupted",
                    "The process that trained this run ended before it was done. Train it again.",
                )
        asked_for = [run for run in again if run.purpose().role == "run"]
        for run in asked_for:
            self.submit(run)
        self.submit_beside(run for run in again if run not in asked_for)
        return again

    def _ended(self, run: Run, future: Future[Status]) -> None:
        """Make sure that the folder tells how a run ended; runs in a thread of the executor."""
        self._explain(run, future)
        self._fill()

    def _explain(self, run: Run, future: Future[Status]) -> None:
        try:
            error = future.exception()
        except CancelledError:
            return
        if error is None:
            return
        try:
            status = run.status()
        except RunError:
            return
        if isinstance(error, BrokenProcessPool) and status.state == "queued":
            # The worker died over another run; this one only waited behind it.
            self.submit(run)
        elif isinstance(error, BrokenProcessPool):
            mark(run, "interrupted", "The worker process died while it trained this run. Train it again.")
        else:
            mark(run, "failed", f"Training ended with an unexpected error ({type(error).__name__}: {error}).")


def _alive(status: Status) -> bool:
    """Whether the process of a status still runs, and is still the same one."""
    try:
        return status.pid is not None and psutil.Process(status.pid).create_time() == status.pid_created
    except psutil.NoSuchProcess:
        return False
