"""Lanes: warm worker processes that each execute cells of a map, one after the other.

A lane keeps to cells of one model and lookback while there are any, because compiled programs are kept
by those in a process.
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

# Each lane has a core of its own: two of two threads would only take turns.
ENVIRONMENT = dict.fromkeys(
    ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"
)
# Remarks of TensorFlow on the machine would stand between the lines of a progress bar.
ENVIRONMENT |= {"TF_CPP_MIN_LOG_LEVEL": "3"}
# A worker with TensorFlow and a compiled program takes about half of it.
BYTES_OF_A_LANE = 2 << 30
# A worker that is idle this long ends and frees its memory.
SECONDS_IDLE = 60
# A recurrent network takes about so much longer than another model.
SEQUENCE_COST = 4

# Cells of one group share their compiled programs.
Group = tuple[str, int]
OpenLane = Callable[[], Executor]


def n_lanes() -> int:
    """Return how many cells this machine can execute side by side."""
    by_memory = psutil.virtual_memory().available // BYTES_OF_A_LANE
    return max(1, min(os.cpu_count() or 1, by_memory))


def ending() -> bool:
    """Whether this process is about to end: its executors take no more work, and wait for what they have."""
    return bool(getattr(process_executor, "_global_shutdown", False))


def local_lane() -> Executor:
    """Open a worker process that gives way to everything else on the machine."""
    executor: Executor = process_executor.ProcessPoolExecutor(
        1, timeout=SECONDS_IDLE, initializer=_start, initargs=(os.getpid(),), env=ENVIRONMENT
    )
    return executor


def _start(parent: int) -> None:
    os.nice(10)
    end_with(parent)


class Lane:
    """One worker process, opened when it is first needed."""

    def __init__(self, open_lane: OpenLane) -> None:
        self._open = open_lane
        self._executor: Executor | None = None
        self.group: Group | None = None

    def submit(self, config: ExperimentConfig, task: Callable[..., Any], *arguments: str) -> Future[Any]:
        """Hand a cell over."""
        if self._executor is None:
            self._executor = self._open()
        self.group = group_of(config)
        return self._executor.submit(task, *arguments)

    def close(self) -> None:
        """End the worker process, whatever it is doing; the next cell opens another."""
        executor, self._executor, self.group = self._executor, None, None
        if isinstance(executor, process_executor.ProcessPoolExecutor):
            # While the process ends, another thread waits for the executor already, and holds its lock.
            executor.shutdown(wait=not ending(), kill_workers=True)
        elif executor is not None:
            executor.shutdown()


def group_of(config: ExperimentConfig) -> Group:
    """Return the model and the lookback of a cell."""
    return config.model.kind, config.lookback


def next_cell(
    pending: Mapping[int, ExperimentConfig], mine: Group | None, others: Sequence[Group | None]
) -> int:
    """Choose the cell a lane executes next.

    One of the lane's own group, if there is any; else of a group no other lane is at, else of any: the
    one with the most work left, so that the longest do not come last.

    Parameters
    ----------
    pending
        Configs of the cells that wait, by number; at least one.
    mine
        Group of the lane's last cell, None before the first.
    others
        Groups the other lanes are at.
    """
    work: Counter[Group] = Counter()
    for config in pending.values():
        slow = SEQUENCE_COST if isinstance(config.model, SequenceConfig) else 1
        work[group_of(config)] += slow * (config.lookback + 1)
    free = [group for group in work if group not in others] or list(work)
    wanted = mine if mine in work else max(free, key=work.__getitem__)
    return next(number for number, config in pending.items() if group_of(config) == wanted)
