"""Digests of the files of a folder: what was damaged or lost is never read as something else.

`digests.json` is written when all other files are, and names each. A JSON record carries its own digest,
since it may be replaced later; of the others the digest is here. Folders of older versions have no such file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from rare_event.errors import RunError
from rare_event.store.serial import dump_kept, has_digest, load
from rare_event.store.workspace import paths_below, write_text

DIGESTS = "digests.json"
# Files read at once.
AT_ONCE = 2
OF_MODELS = (".npz", ".keras", ".skops")
OF_FILES = (*OF_MODELS, ".parquet", ".csv", ".zst")
# Records that are never replaced.
WRITTEN_ONCE = ("config.json", "space.json", "summary.json")
# What is made again where it is missing.
REMADE = ("cache-", "explained-", "map-", "bundle-", "input-", "history-", ".")
# Alarm lists come and go; each has its digest in its own record.
OTHERS = "alarms/"


def digest_of_file(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def recorded(folder: Path) -> Iterator[None]:
    """Record the digests of a folder after its files were written; until then it has none."""
    (folder / DIGESTS).unlink(missing_ok=True)
    yield
    record_digests(folder)


def record_digests(folder: Path) -> None:
    """Record the digest of each file of a folder and of its folders; a record in JSON has its own."""
    files, digests = {}, {}
    for path in paths_below(folder):
        name = path.relative_to(folder).as_posix()
        if name == DIGESTS or name.startswith(OTHERS) or any(map(_is_remade, name.split("/"))):
            continue
        if path.name in WRITTEN_ONCE or path.suffix in OF_FILES:
            files[name] = path
        elif path.suffix == ".json" and path.parent == folder and has_digest(path.read_bytes()):
            digests[name] = ""
    with ThreadPoolExecutor(AT_ONCE) as threads:
        digests |= zip(files, threads.map(digest_of_file, files.values()), strict=True)
    write_text(folder / DIGESTS, dump_kept(digests, dict[str, str]))


def _is_remade(part: str) -> bool:
    return part.startswith(REMADE)


def remember(folder: Path, name: str, digest: str = "") -> None:
    """Record that a folder holds a file from now on, if its digests are recorded; see `record_digests`."""
    known = digests_of(folder)
    if known and known.get(name) != digest and not name.startswith(REMADE):
        write_text(folder / DIGESTS, dump_kept({**known, name: digest}, dict[str, str]))


def forget(folder: Path, name: str) -> None:
    """Record that a folder holds a file no longer, so that it is not missed."""
    known = digests_of(folder)
    if name in known:
        left = {other: digest for other, digest in known.items() if other != name}
        write_text(folder / DIGESTS, dump_kept(left, dict[str, str]))


def digests_of(folder: Path) -> Mapping[str, str]:
    """Return the recorded digests by name; empty where none are recorded.

    Raises
    ------
    RunError
        If the file is damaged.
    """
    path = folder / DIGESTS
    try:
        stat = path.stat()
    except FileNotFoundError:
        return {}
    return _read(path, stat.st_mtime_ns, stat.st_size, stat.st_ino)


@lru_cache(maxsize=1024)
def _read(path: Path, *_: int) -> Mapping[str, str]:
    whose = f"{path.parents[1].name.removesuffix('s')} {path.parent.name[:22]}"
    hint = "Run `rare-event doctor --repair`, which sets it aside."
    return load(dict[str, str], path, "list of digests", whose, hint, kept=True)


def intact(folder: Path, name: str) -> Path:
    """Return the path of a file, after checking that it is as it was written.

    Raises
    ------
    ValueError
        If it was changed.
    OSError
        If it is missing.
    RunError
        If the digests of the folder are damaged.
    """
    path, digest = folder / name, digests_of(folder).get(name)
    if digest and digest_of_file(path) != digest:
        raise ValueError(f"{name} was changed after it was written.")
    return path


def damaged_in(folder: Path) -> list[str]:
    """Return the names of the recorded files of a folder that are missing, or not as they were written."""
    try:
        known = digests_of(folder)
    except RunError:
        return []
    own = {name: digest for name, digest in known.items() if digest and not name.startswith(OTHERS)}
    return [name for name in own if not _is_intact(folder, name)]


def require_intact(root: Path, folder: Path) -> None:
    """Check the model in one of the folders of a folder whose digests are recorded, or in itself.

    Raises
    ------
    ValueError, OSError
        If one was changed, or is missing.
    RunError
        If the digests are damaged.
    """
    for name, digest in digests_of(root).items():
        path = root / name
        if digest and path.parent == folder and path.suffix in OF_MODELS:
            intact(root, name)


def _is_intact(folder: Path, name: str) -> bool:
    try:
        return intact(folder, name).exists()
    except (OSError, ValueError):
        return False
