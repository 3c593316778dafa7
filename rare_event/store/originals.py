"""The uploads of a dataset, kept compressed beside its columns, so that they can be read differently."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pyarrow as pa

from rare_event.errors import RunError
from rare_event.read.source import Files, compress
from rare_event.store.digests import intact
from rare_event.store.serial import UPLOAD_AGAIN, explain
from rare_event.store.workspace import home, write

if TYPE_CHECKING:
    from rare_event.store.datasets import Dataset

DIGEST = re.compile(r"[0-9a-f]{64}")
ORIGINAL = "original.zst"
EVENTS = "events.zst"
COPIED_BYTES = 1 << 20


def folder_of(digest: str) -> Path:
    """Return the folder of a dataset.

    Raises
    ------
    RunError
        If the digest is none.
    """
    # A digest may come from a URL; nothing else may become a path.
    if not DIGEST.fullmatch(digest):
        raise RunError("This link names no dataset. Open one from the home page.")
    return home() / "datasets" / digest


def keep_originals(folder: Path, source: Path | bytes | Files) -> Files:
    """Write the upload into the folder of its dataset where it is not there yet; return it as several files.

    Raises
    ------
    RunError
        If the workspace cannot be written.
    """
    files = source if isinstance(source, Files) else Files((source,), ())
    kept = dict(zip(_names(files.names), files.parts, strict=True))
    if files.events is not None:
        kept[EVENTS] = files.events
    for name, part in kept.items():
        if not (folder / name).exists():
            write(folder / name, partial(compress, part, COPIED_BYTES))
    return files


@contextmanager
def original(dataset: Dataset) -> Iterator[Path | Files]:
    """Unpack the upload of a dataset into temporary files, to read it differently.

    Raises
    ------
    RunError
        If it is missing, as in datasets of earlier versions, or damaged.
    """
    folder = folder_of(dataset.digest)
    with TemporaryDirectory(dir=folder, prefix=".reading-") as unpacked:
        paths = []
        for file in [*_names(dataset.files), *([EVENTS] if dataset.events else [])]:
            path = Path(unpacked) / file
            with (
                explain("original file", dataset.name, UPLOAD_AGAIN),
                pa.input_stream(str(intact(folder, file)), compression="zstd") as packed,
                path.open("wb") as whole,
            ):
                shutil.copyfileobj(packed, whole, COPIED_BYTES)
            paths.append(path)
        if dataset.events:
            yield Files(tuple(paths[:-1]), dataset.files, paths[-1], dataset.events)
        else:
            yield Files(tuple(paths), dataset.files) if dataset.files else paths[0]


def _names(names: tuple[str, ...]) -> list[str]:
    """Names of the stored uploads: of one file, or of each that was joined."""
    return [f"{number}-{ORIGINAL}" for number in range(len(names))] or [ORIGINAL]
