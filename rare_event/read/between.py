"""What happens between two blocks of a file that is read: a place to stop a long reading."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_action: ContextVar[Callable[[], None] | None] = ContextVar("action", default=None)


@contextmanager
def between_blocks(action: Callable[[], None]) -> Iterator[None]:
    """Call an action between the blocks of files that are read meanwhile; what it raises ends the reading.

    Files that are read at once call it from several threads.
    """
    token = _action.set(action)
    try:
        yield
    finally:
        _action.reset(token)


def block_read() -> None:
    """Tell that a block of a file has been read."""
    action = _action.get()
    if action is not None:
        action()
