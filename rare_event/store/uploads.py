"""Files that were uploaded and are not yet stored as a dataset, outside the server's memory."""

from __future__ import annotations

import os
import re
import shutil
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from rare_event.errors import RunError
from rare_event.read.raw import digest_of
from rare_event.read.source import Files
from rare_event.store.datasets import Dataset
from rare_event.store.originals import COPIED_BYTES, original
from rare_event.store.workspace import explain_disk_errors, home, write

DIGEST = re.compile(r"[0-9a-f]{64}")
# A file that nobody decided on is deleted with a later upload.
KEPT_SECONDS = 86_400


def keep_upload(content: BinaryIO) -> str:
    """Write the bytes of an upload to the disk, block by block, and return their digest.

    Raises
    ------
    RunError
        If the workspace cannot be written.
    """
    _forget_old()
    folder = home() / "uploads"
    with explain_disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder, prefix=".writing-") as writing:
            path = Path(writing) / "upload"
            with path.open("wb") as file:
                shutil.copyfileobj(content, file, COPIED_BYTES)
            digest = digest_of(path)
            os.replace(path, _path(digest))
    return digest


def keep_original(dataset: Dataset) -> tuple[tuple[str, ...], str]:
    """Unpack the uploads of a dataset again; return their digests and that of its events, empty without any.

    Raises
    ------
    RunError
        If it is missing or damaged.
    """
    _forget_old()
    with original(dataset) as source:
        files = source if isinstance(source, Files) else Files((source,), ())
        rows = tuple(_keep(part) for part in files.parts if isinstance(part, Path))
        return rows, _keep(files.events) if isinstance(files.events, Path) else ""


def _keep(file: Path) -> str:
    digest = digest_of(file)
    write(_path(digest), lambda kept: os.replace(file, kept))
    return digest


def open_uploads(files: tuple[tuple[str, str], ...], events: str = "", events_name: str = "") -> Path | Files:
    """Return the path of an upload; of several, or with a file of events, those of all.

    Parameters
    ----------
    files
        Digest and name of each upload.
    events, events_name
        Digest and name of the file of events; empty without one.

    Raises
    ------
    RunError
        If one is no longer there.
    """
    paths, names = tuple(open_upload(digest) for digest, _ in files), tuple(name for _, name in files)
    if not events and len(paths) == 1:
        return paths[0]
    return Files(paths, names, open_upload(events) if events else None, events_name)


def open_upload(digest: str) -> Path:
    """Return the path of an upload.

    Raises
    ------
    RunError
        If it is no longer there.
    """
    path = _path(digest)
    if not path.is_file():
        raise RunError("The uploaded file is no longer here. Upload it again.")
    with suppress(OSError):
        os.utime(path)  # what somebody still corrects is kept for another day
    return path


def forget_upload(digest: str) -> None:
    """Delete an upload."""
    _path(digest).unlink(missing_ok=True)


def _path(digest: str) -> Path:
    if not DIGEST.fullmatch(digest):
        raise RunError("This is not an uploaded file. Upload the file again.")
    return home() / "uploads" / digest


def _forget_old() -> None:
    for path in (home() / "uploads").glob("*"):
        # Another session may have deleted it meanwhile.
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > KEPT_SECONDS:
                path.unlink()
