"""Which process works in a folder: it holds a lock, which ends with it, however it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from rare_event.errors import RunError
from rare_event.store.workspace import explain_disk_errors

LEASE, TURN, NEXT = ".executing", ".turn", ".next"
# Whoever looks whether it is held holds it for a moment.
SECONDS_TO_LOCK = 1.0
SECONDS_BETWEEN = 0.2


class Taken(RunError):
    """Another process works on something, or has ended it."""


@contextmanager
def leased(folder: Path, named: str) -> Iterator[None]:
    """Keep other processes from working in a folder, also those of other computers that share it.

    Raises
    ------
    Taken
        If another process works in it.
    RunError
        If the folder cannot be written.
    """
    lock = FileLock(folder / LEASE)
    with explain_disk_errors(folder):
        try:
            lock.acquire(timeout=SECONDS_TO_LOCK)
        except Timeout as error:
            raise Taken(f"Another process works on {named}. Wait until it ends.") from error
    try:
        yield
    finally:
        lock.release()


def is_leased(folder: Path, lock: str = LEASE) -> bool:
    """Whether a process works in a folder, or in a workspace has its `TURN`."""
    if (folder / lock).exists():
        with suppress(OSError):
            try:
                with FileLock(folder / lock, timeout=0):
                    return False
            except Timeout:
                return True
    return False


@contextmanager
def turn(folder: Path, given_up: Callable[[], bool]) -> Iterator[None]:
    """Wait until no other process has its turn in a workspace, or until it is given up; then go on.

    Whoever has had a turn is not next while others wait, however much it has to do.

    Raises
    ------
    RunError
        If the workspace cannot be written.
    """
    place, lock = FileLock(folder / NEXT), FileLock(folder / TURN)
    try:
        with explain_disk_errors(folder), suppress(Timeout):
            for each in (place, lock):
                each.acquire(poll_interval=SECONDS_BETWEEN, cancel_check=given_up)
        place.release()
        yield
    finally:
        place.release()
        lock.release()
