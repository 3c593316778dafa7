"""Where a job is executed: in the workspace that it belongs to, whoever asked for it and whatever worker."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rare_event.store.workspace import root, workspace


def place_of(folder: Path) -> str:
    """Return where a workspace lies, as a worker finds it: a cluster may see the root under another path."""
    return folder.relative_to(root()).as_posix() if folder.is_relative_to(root()) else str(folder)


def execute_at(place: str, task: Callable[..., Any], *arguments: Any) -> Any:
    """Execute a task in a workspace.

    Parameters
    ----------
    place
        See `place_of`.
    task, *arguments
        What is called, in this thread.
    """
    with workspace(root() / place):
        return task(*arguments)
