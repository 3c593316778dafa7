"""Files that were uploaded and are not yet stored as a dataset, outside the server's memory."""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from pathlib import Path

from rare_event.errors import RunError
from rare_event.read.raw import digest_of
from rare_event.store.datasets import Dataset, original
from rare_event.store.workspace import home, write

DIGEST = re.compile(r"[0-9a-f]{64}")
# A file that nobody decided on is deleted with a later upload.
KEPT_SECONDS = 86_400


def keep_upload(content: bytes) -> str:
    """Write the bytes of an upload to the disk and return their digest.

    Raises
    ------
    RunError
        If the workspace cannot be written.
    """
    _forget_old()
    digest = digest_of(content)
    write(_path(digest), lambda path: path.write_bytes(content))
    return digest


def keep_original(dataset: Dataset) -> str:
    """Unpack the upload of a dataset again and return its digest.

    Raises
    ------
    RunError
        If it is missing or damaged.
    """
    _forget_old()
    with original(dataset) as path:
        write(_path(dataset.digest), lambda kept: os.replace(path, kept))
    return dataset.digest


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
    return path


def forget_upload(digest: str) -> None:
    """Delete an upload."""
    _path(digest).unlink(missing_ok=True)


def _path(digest: str) -> Path:
    if not DIGEST.fullmatch(digest):
        raise RunError("This is not the digest of a file. Upload it again.")
    return home() / "uploads" / digest


def _forget_old() -> None:
    for path in (home() / "uploads").glob("*"):
        # Another session may have deleted it meanwhile.
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > KEPT_SECONDS:
                path.unlink()
