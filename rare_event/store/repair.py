"""Repairing a workspace: what cannot be read is moved out of the way, and what was left over is removed."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from rare_event.errors import RunError
from rare_event.store.check import Damage, last_change
from rare_event.store.deleting import (
    has_ended,
    require_dataset_unused,
    require_map_unused,
    require_run_unused,
)
from rare_event.store.digests import forget
from rare_event.store.folders import FOLDER_TIME, WorkFolder, list_folders
from rare_event.store.maps import STATE, DesignMap, open_map
from rare_event.store.runs import Run, open_run
from rare_event.store.scorings import STATUS, Scoring
from rare_event.store.users import USERS
from rare_event.store.workspace import DELETING, WRITING, explain_disk_errors, paths_below, scratch_home

SET_ASIDE = "set-aside"
# Temporary folders that a killed process leaves behind; a younger one may belong to one that is at work.
LEFT_OVER = (WRITING, DELETING, ".reading-", ".importing-")
LEFT_OVER_SECONDS = 3600.0


def repair(workspace: Path, damages: Sequence[Damage]) -> tuple[list[str], list[str]]:
    """Repair a workspace.

    Parameters
    ----------
    workspace
        Its folder. What is queued or running in it is left alone.
    damages
        What `damages_of` found in it.

    Returns
    -------
    tuple of two lists
        What was done, and what was left and why, each in a sentence.

    Raises
    ------
    RunError
        If the workspace cannot be written.
    """
    done, left = [], []
    with scratch_home(workspace), explain_disk_errors(workspace):
        done += list(_mark_interrupted())
        aside = workspace / SET_ASIDE / datetime.now(UTC).strftime(FOLDER_TIME)
        for damage in damages:
            if why := _in_use(damage):
                left.append(f"{damage.kind} {damage.id}: {damage.file} was left alone. {why}")
            else:
                done += list(_put_away(damage, workspace, aside))
        done += list(_remove_left_over(workspace))
    return done, left


def _mark_interrupted() -> Iterator[str]:
    """Write down that work was interrupted whose process is gone."""
    for work, written, current, write in _works():
        # A record that cannot be read is a damage.
        with suppress(RunError):
            if written().state == current().state:
                continue
            write(current())
            yield f"{work.named}: marked as interrupted, because its process is gone."


Work = tuple[WorkFolder, Callable[[], Any], Callable[[], Any], Callable[[Any], Any]]


def _works() -> Iterator[Work]:
    """Yield all work with what reads its state as written and as it is, and what writes it."""
    for run in list_folders(Run):
        yield run, run.written_status, run.status, run.write_status
    for design_map in list_folders(DesignMap):
        yield design_map, partial(STATE.read, design_map), design_map.state, design_map.write_state
    for scoring in list_folders(Scoring):
        yield scoring, partial(STATUS.read, scoring), scoring.status, scoring.write_status


def _in_use(damage: Damage) -> str:
    """Say what uses a damaged thing; empty if nothing does, or if what goes is only a cache."""
    try:
        if damage.drop or damage.kind in ("scoring", "shared run"):
            return ""
        if damage.kind == "run":
            require_run_unused(open_run(damage.id))
        elif damage.kind == "map":
            require_map_unused(open_map(damage.id))
        else:
            require_dataset_unused(damage.id, with_runs=True)
    except RunError as error:
        # Set aside already, with another file of it.
        return str(error) if any(path.exists() for path in damage.paths) else ""
    return ""


def _put_away(damage: Damage, workspace: Path, aside: Path) -> Iterator[str]:
    for path in damage.paths:
        if not path.exists():
            continue
        where = path.relative_to(workspace)
        if damage.drop:
            path.unlink(missing_ok=True)
            yield f"{where}: deleted; it is computed again."
            continue
        target = aside / where
        target.parent.mkdir(parents=True, exist_ok=True)
        os.rename(path, target)
        forget(path.parent, path.name)
        yield f"{where}: moved to {target.relative_to(workspace)}."


def _remove_left_over(workspace: Path) -> Iterator[str]:
    """Remove temporary folders of processes that were killed, but not those of work that has not ended."""
    busy = {work.folder for work, *_ in _works() if not has_ended(work)}
    found = [path for path in paths_below(workspace) if path.name.startswith(LEFT_OVER) and path.is_dir()]
    for path in found:
        where = path.relative_to(workspace)
        # The workspaces of people are repaired by themselves.
        if {SET_ASIDE, USERS}.intersection(where.parts) or busy.intersection(path.parents):
            continue
        if time.time() - last_change(path) >= LEFT_OVER_SECONDS:
            shutil.rmtree(path, ignore_errors=True)
            yield f"{where}: removed; a process that ended early left it."
