"""One follower for a folder of results: who follows now, and how others are kept out."""

from __future__ import annotations

import json
import os
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from rare_event.errors import ConfigError, RunError
from rare_event.store.processes import alive

CLAIM = "follower-"


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Keep other followers out of a folder while this process follows.

    Each follower writes a file of its own before it looks for others, so of two that start at once at least
    one sees the other. A follower that was killed leaves its file; the next one finds it dead.

    Raises
    ------
    ConfigError
        If another one is at work.
    RunError
        If the folder cannot be written.
    """
    own = folder / f"{CLAIM}{os.getpid()}-{uuid.uuid4().hex[:8]}.json"
    created = psutil.Process().create_time()
    try:
        folder.mkdir(exist_ok=True)
        own.write_text(json.dumps({"pid": os.getpid(), "created": created, "host": socket.gethostname()}))
    except (FileNotFoundError, FileExistsError, NotADirectoryError) as error:
        raise ConfigError(
            f"{folder} is not a folder, and none can be created there. Choose another folder."
        ) from error
    except OSError as error:
        own.unlink(missing_ok=True)
        raise unwritable(folder, error) from error
    try:
        for claim in folder.glob(f"{CLAIM}*.json"):
            if claim != own and (pid := _claimant(claim)):
                raise ConfigError(
                    f"Process {pid} already follows into {folder}. Stop it first, or choose another folder."
                )
        yield
    finally:
        with ignoring_errors():
            own.unlink(missing_ok=True)


def _claimant(claim: Path) -> int | None:
    """Return the process of a claim; a claim of a dead process is removed."""
    try:
        about = json.loads(claim.read_text(encoding="utf-8"))
        pid, created = int(about["pid"]), float(about["created"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        # Half-written: by a process that is killed, or that is about to look for others.
        pid, created = int(claim.name.removeprefix(CLAIM).split("-")[0]), None
        return pid if psutil.pid_exists(pid) else None
    if alive(pid, created):
        return pid
    claim.unlink(missing_ok=True)
    return None


def follower_of(folder: Path) -> int | None:
    """Return the process that follows into a folder; None without one."""
    return next(filter(None, map(_claimant, folder.glob(f"{CLAIM}*.json"))), None)


def unwritable(folder: Path, error: OSError) -> RunError:
    """Return the sentence for a folder that cannot be written to."""
    return RunError(
        f"{folder} cannot be written to: {error.strerror}. Free some space there and start again: nothing is "
        "lost, and scoring resumes where it stopped."
    )


@contextmanager
def ignoring_errors() -> Iterator[None]:
    """Clean up as far as the disk allows."""
    try:
        yield
    except OSError:
        return
