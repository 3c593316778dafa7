"""The workspace: one folder that holds datasets and runs, and how files in it are written."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from platformdirs import user_data_path

from rare_event.errors import RunError

HOME_VARIABLE = "RARE_EVENT_HOME"


def home() -> Path:
    """Return the workspace folder: `RARE_EVENT_HOME`, or a folder in the user's data directory."""
    chosen = os.environ.get(HOME_VARIABLE)
    return Path(chosen) if chosen else user_data_path("rare_event", appauthor=False)


@contextmanager
def explain_disk_errors(folder: Path) -> Iterator[None]:
    """Turn a full or read-only disk into a sentence.

    Raises
    ------
    RunError
        If the disk is full or refuses to be written.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.EPERM):
            raise
        raise RunError(
            f"The workspace {folder} cannot be written: {error.strerror}. Free some space there, or set "
            f"{HOME_VARIABLE} to another folder."
        ) from error


def write(path: Path, save: Callable[[Path], object]) -> Path:
    """Write a file or folder under a temporary name and rename it: a reader never sees half of it.

    Parameters
    ----------
    path
        Where it will be; its folder is created if need be.
    save
        Writes to the path it is given. The name ends like that of `path`.

    Raises
    ------
    RunError
        If the disk is full or refuses to be written.
    """
    with explain_disk_errors(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".writing-") as folder:
            temporary = Path(folder) / path.name
            save(temporary)
            os.replace(temporary, path)
    return path


def write_text(path: Path, text: str) -> Path:
    """Write a text file by rename."""
    return write(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))
