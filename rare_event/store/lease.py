"""Which process works in a folder: it holds a lock, which ends with it, however it ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from rare_event.errors import RunError
from rare_event.store.workspace import explain_disk_errors

LEASE = ".executing"
# Whoever looks whether it is held holds it for a moment.
SECONDS_TO_LOCK = 1.0


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


def is_leased(folder: Path) -> bool:
    """Whether a process works in a folder."""
    if (folder / LEASE).exists():
        with suppress(OSError):
            try:
                with FileLock(folder / LEASE, timeout=0):
                    return False
            except Timeout:
                return True
    return False
