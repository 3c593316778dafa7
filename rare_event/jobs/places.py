"""Where a job is executed: in the workspace that it belongs to, whoever asked for it and whatever worker."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rare_event.store.folders import WorkFolder
from rare_event.store.lease import turn
from rare_event.store.workspace import root, workspace


def place_of(folder: Path) -> str:
    """Return where a folder lies, as a worker finds it: a cluster may see the root under another path."""
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


def execute_in_turn(place: str, task: Callable[[str], Any]) -> Any:
    """Execute a task on a run or a scoring when no other server of this workspace executes one.

    One training uses all cores; a second would slow both. What is cancelled or deleted while it waits is
    called at once, and ends itself.

    Parameters
    ----------
    place
        See `place_of`, of its folder.
    task
        What is called, with its id.
    """
    work = WorkFolder(root() / place)
    with turn(root(), lambda: work.cancel_requested or not work.folder.is_dir()):
        return execute_at(place_of(work.workspace), task, work.id)
