"""Processes that work on runs and maps: whether the one that a record names is still there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

import psutil

# The start of a process comes from the system clock, which may be set while the process lives.
CLOCK_SECONDS = 60.0


class Record(Protocol):
    """What is written of work: its state, and the process that does it."""

    @property
    def state(self) -> str:
        """``running`` while a process works on it."""

    @property
    def pid(self) -> int | None:
        """Number of that process."""

    @property
    def pid_created(self) -> float | None:
        """When it began."""


Written = TypeVar("Written", bound=Record)


def alive(pid: int, created: float | None) -> bool:
    """Whether a process still runs, and is still the same one."""
    try:
        process = psutil.Process(pid)
        # One that ended, and that its parent did not ask about, keeps its number.
        if created is None or process.status() == psutil.STATUS_ZOMBIE:
            return False
        return abs(process.create_time() - created) < CLOCK_SECONDS
    except psutil.NoSuchProcess:
        return False


def read_alive(read: Callable[[], Written], interrupted: Callable[[Written], Written]) -> Written:
    """Read a record, and change it if its work is under way by a process that is gone."""
    record = read()
    if _lost(record):
        # It may have written how its work ended just before it went; now it writes no more.
        record = read()
    return interrupted(record) if _lost(record) else record


def _lost(record: Record) -> bool:
    return record.state == "running" and record.pid is not None and not alive(record.pid, record.pid_created)
