"""Whether the process that works on a run or map is still alive."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol, TypeVar

import psutil

from rare_event.errors import RunError

# Start times come from the system clock, which can be adjusted while a process runs.
CLOCK_SECONDS = 60.0


# Id and start of a process.
Owner = tuple[int, float]
_owner: ContextVar[Owner | None] = ContextVar("owner", default=None)


def owner() -> Owner:
    """Return the process without which the work of this one is lost: itself, or the one that waits for it."""
    process = psutil.Process()
    return _owner.get() or (process.pid, process.create_time())


@contextmanager
def on_behalf_of(responsible: Owner) -> Iterator[None]:
    """Work for a process of another machine, which records name as the one that works."""
    token = _owner.set(responsible)
    try:
        yield
    finally:
        _owner.reset(token)


def give_up(why: str) -> None:
    """Report that an outcome could not be written: end this process, or tell the one that waits.

    Raises
    ------
    RunError
        If another process waits.
    """
    if _owner.get() is None:
        os._exit(1)
    raise RunError(why)


class Record(Protocol):
    """A record of work: its state and the process that does it."""

    @property
    def state(self) -> str:
        """``running`` while a process works on it."""

    @property
    def pid(self) -> int | None:
        """Id of that process."""

    @property
    def pid_created(self) -> float | None:
        """When it started."""


Written = TypeVar("Written", bound=Record)


def alive(pid: int, created: float | None) -> bool:
    """Whether the same process is still running."""
    try:
        process = psutil.Process(pid)
        # A zombie has ended, though its id is still taken.
        if created is None or process.status() == psutil.STATUS_ZOMBIE:
            return False
        return abs(process.create_time() - created) < CLOCK_SECONDS
    except psutil.NoSuchProcess:
        return False


def read_alive(read: Callable[[], Written], interrupted: Callable[[Written], Written]) -> Written:
    """Read a record; apply `interrupted` if it is running in a process that is gone."""
    record = read()
    if _lost(record):
        # The process may have written the outcome just before it ended.
        record = read()
    return interrupted(record) if _lost(record) else record


def _lost(record: Record) -> bool:
    return record.state == "running" and record.pid is not None and not alive(record.pid, record.pid_created)
