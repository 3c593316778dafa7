"""The workspace: the folder of datasets, runs and maps, and how its files are written.

Where people sign in, each of them has a workspace of their own, in the folder of the workspace of the server.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import BinaryIO

import pandas as pd
from platformdirs import user_data_path

from rare_event.errors import RunError

HOME_VARIABLE = "RARE_EVENT_HOME"
# How folders begin that are being written or deleted; no listing knows them.
WRITING, DELETING = ".writing-", ".deleting-"


# The one that this thread works in, and what else may know whose it is.
_here: ContextVar[Path | None] = ContextVar("workspace", default=None)
_resolvers: list[Callable[[], Path | None]] = []


def root() -> Path:
    """Return the workspace of the server or command: `RARE_EVENT_HOME`, or a folder in the user's data."""
    chosen = os.environ.get(HOME_VARIABLE)
    return Path(chosen) if chosen else user_data_path("rare_event", appauthor=False)


def home() -> Path:
    """Return the workspace that is worked in: that of `workspace`, or else of who is signed in, or `root`.

    Raises
    ------
    RareEventError
        If whoever asks must sign in first.
    """
    if (chosen := _here.get()) is not None:
        return chosen
    for resolve in _resolvers:
        if (found := resolve()) is not None:
            return found
    return root()


@contextmanager
def workspace(folder: Path) -> Iterator[None]:
    """Work in a workspace for a while, in this thread only.

    Parameters
    ----------
    folder
        Its folder.
    """
    token = _here.set(folder)
    try:
        yield
    finally:
        _here.reset(token)


def resolve_by(resolve: Callable[[], Path | None]) -> None:
    """Ask the app, which knows who is signed in, for the workspace of a thread.

    Parameters
    ----------
    resolve
        Returns it; None for a thread of nobody. It replaces an earlier one.
    """
    _resolvers[:] = [resolve]


@contextmanager
def scratch_home(folder: Path) -> Iterator[None]:
    """Use another workspace for a while, in this process."""
    before = os.environ.get(HOME_VARIABLE)
    os.environ[HOME_VARIABLE] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ[HOME_VARIABLE]
        else:
            os.environ[HOME_VARIABLE] = before


@contextmanager
def explain_disk_errors(folder: Path) -> Iterator[None]:
    """Turn a full or read-only disk into a sentence.

    Raises
    ------
    RunError
        If the disk is full or cannot be written.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.EPERM):
            raise
        raise RunError(
            f"The workspace {folder} cannot be written to: {error.strerror}. Free some space or allow "
            f"writing there, or set the environment variable {HOME_VARIABLE} to another folder and restart."
        ) from error


def write(path: Path, save: Callable[[Path], object]) -> Path:
    """Write a file under a temporary name and rename it, so that readers never see half of it.

    Raises
    ------
    RunError
        If the disk is full or cannot be written.
    """
    with explain_disk_errors(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=WRITING) as folder:
            temporary = Path(folder) / path.name
            save(temporary)
            os.replace(temporary, path)
    return path


def remove_folder(folder: Path) -> None:
    """Delete a folder: for readers at once, by a name that no listing knows; one already gone is no error.

    A process that is killed meanwhile leaves a folder of that name, which `rare-event doctor` removes.

    Raises
    ------
    RunError
        If the disk cannot be written; then the folder is as it was.
    """
    shutil.rmtree(_put_away(folder), ignore_errors=True)


def replace_folder(new: Path, folder: Path) -> None:
    """Put a new folder in the place of one, which need not exist; readers miss it for a moment at most.

    Raises
    ------
    RunError
        If the disk cannot be written.
    """
    going = _put_away(folder)
    with explain_disk_errors(folder.parent):
        os.rename(new, folder)
    shutil.rmtree(going, ignore_errors=True)


def _put_away(folder: Path) -> Path:
    """Give a folder a name that no listing knows, and return it."""
    going = folder.with_name(f"{DELETING}{folder.name}-{uuid.uuid4().hex[:8]}")
    with explain_disk_errors(folder.parent), suppress(FileNotFoundError):
        # A full disk has no room for a new folder, but for another name.
        os.rename(folder, going)
        with suppress(OSError):
            os.utime(going)
    return going


def write_text(path: Path, text: str) -> Path:
    """Write a text file by rename, with the same bytes on every system."""
    return write(path, lambda temporary: temporary.write_text(text, encoding="utf-8", newline="\n"))


def paths_below(folder: Path) -> list[Path]:
    """Return all files and folders in a folder, in order; what vanishes meanwhile is left out."""
    found = []
    # Unlike `rglob`, it does not fail if a temporary folder disappears.
    for root, folders, files in os.walk(folder):
        found += [Path(root, name) for name in (*folders, *files)]
    return sorted(found)


def write_parquet(frame: pd.DataFrame, path: Path | BinaryIO, index: bool | None = None) -> None:
    """Write a frame as Parquet, only texts with a dictionary: measured numbers hardly repeat.

    Parameters
    ----------
    frame
        The frame.
    path
        Where to.
    index
        As in `pandas.DataFrame.to_parquet`.
    """
    texts = [str(name) for name, column in frame.items() if not pd.api.types.is_numeric_dtype(column)]
    frame.to_parquet(path, index=index, use_dictionary=texts)
