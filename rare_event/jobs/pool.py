"""Worker slots: each executes cells of a map in a warm process, one after the other.

A slot prefers cells of the model and lookback it just executed, because its process has compiled them.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from typing import Any

import psutil
from loky import process_executor

from rare_event.config import ExperimentConfig, SequenceConfig
from rare_event.experiment.watchdog import end_with
from rare_event.jobs.cancelling import allow_to_end
from rare_event.jobs.cluster import ENVIRONMENT, n_cluster_workers, reached, scheduler
from rare_event.jobs.spread import ClusterExecutor

# A worker with TensorFlow and a compiled program takes about half of this.
BYTES_PER_WORKER = 2 << 30
# A worker that is idle this long exits and frees its memory.
SECONDS_IDLE = 60
# A recurrent network takes about this many times as long as another model.
SEQUENCE_COST = 4

# Cells of one group share their compiled programs.
Group = tuple[str, int]
OpenWorker = Callable[[], Executor]


def n_workers() -> int:
    """Return how many cells this machine, or the cluster, can execute at once."""
    if scheduler():
        return n_cluster_workers()
    by_memory = psutil.virtual_memory().available // BYTES_PER_WORKER
    return max(1, min(os.cpu_count() or 1, by_memory))


def known_workers() -> int | None:
    """Return `n_workers`, or None as long as the scheduler does not answer, without waiting for it."""
    return n_workers() if not scheduler() or reached() else None


def ending() -> bool:
    """Whether this process is about to exit: its executors finish what they have and accept no more."""
    return bool(getattr(process_executor, "_global_shutdown", False))


def any_worker() -> Executor:
    """Start a worker process, or connect to one of the cluster."""
    return ClusterExecutor() if scheduler() else local_worker()


def local_worker() -> Executor:
    """Start a worker process for cells."""
    executor: Executor = process_executor.ProcessPoolExecutor(
        1, timeout=SECONDS_IDLE, initializer=begin_worker, initargs=(os.getpid(),), env=ENVIRONMENT
    )
    return executor


def begin_worker(parent: int, may_end: bool = False) -> None:
    """Lower the priority of this worker below that of the pages, and end it with its parent process.

    Parameters
    ----------
    parent
        Id of that process.
    may_end
        Whether a cancelled run may end the worker: see `cancelling`.
    """
    if hasattr(os, "nice"):
        os.nice(10)
    end_with(parent)
    if may_end:
        allow_to_end()


class Slot:
    """One worker process, started when it is first needed."""

    def __init__(self, open_worker: OpenWorker) -> None:
        self._open = open_worker
        self._executor: Executor | None = None
        self.group: Group | None = None

    def submit(self, config: ExperimentConfig, task: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Submit a cell to the worker process."""
        if self._executor is None:
            self._executor = self._open()
        self.group = group_of(config)
        return self._executor.submit(task, *arguments)

    def close(self) -> None:
        """Stop the worker process, even while it is busy; the next cell starts another."""
        executor, self._executor, self.group = self._executor, None, None
        if isinstance(executor, process_executor.ProcessPoolExecutor):
            # While this process exits, another thread already waits for the executor and holds its lock.
            executor.shutdown(wait=not ending(), kill_workers=True)
        elif executor is not None:
            executor.shutdown()


def group_of(config: ExperimentConfig) -> Group:
    """Return the model and lookback of a cell."""
    return config.model.kind, config.lookback


def next_cell(
    pending: Mapping[int, ExperimentConfig], last: Group | None, others: Sequence[Group | None]
) -> int:
    """Choose the cell a slot executes next.

    It is one of the slot's last group; if none is left, one of the group with the most work left, if
    possible a group no other slot is executing.
    """
    work: Counter[Group] = Counter()
    for config in pending.values():
        slow = SEQUENCE_COST if isinstance(config.model, SequenceConfig) else 1
        work[group_of(config)] += slow * (config.lookback + 1)
    free = [group for group in work if group not in others] or list(work)
    wanted = last if last in work else max(free, key=work.__getitem__)
    return next(number for number, config in pending.items() if group_of(config) == wanted)
