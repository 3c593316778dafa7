"""The base of run and map folders: a time as id, typed files, a dataset, cancellation."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar, Generic, TypeVar

import pandas as pd
from filelock import FileLock

from rare_event.errors import RunError
from rare_event.store.datasets import Dataset
from rare_event.store.digests import digest_of_file, digests_of, intact, remember
from rare_event.store.serial import TRAIN_AGAIN, dump_kept, load
from rare_event.store.workspace import explain_disk_errors, home, write, write_parquet, write_text

FOLDER_ID = re.compile(r"\d{8}-\d{6}-\d{6}")
FOLDER_TIME = "%Y%m%d-%H%M%S-%f"
T = TypeVar("T")
Default = TypeVar("Default")


@dataclass(frozen=True)
class WorkFolder:
    """The folder of a run or a map: its kind, the file of its settings, and where another is opened."""

    KIND: ClassVar[str] = ""
    SETTINGS: ClassVar[str] = ""
    OPENED: ClassVar[str] = ""
    AGAIN: ClassVar[str] = TRAIN_AGAIN

    folder: Path

    @property
    def id(self) -> str:
        """The name of the folder."""
        return self.folder.name

    @property
    def workspace(self) -> Path:
        """The workspace that it belongs to."""
        return self.folder.parent.parent

    @property
    def named(self) -> str:
        """Its name in sentences."""
        return f"{self.KIND} {self.id}"

    @property
    def created(self) -> datetime:
        """When it was created, UTC."""
        return datetime.strptime(self.id, FOLDER_TIME).replace(tzinfo=UTC)

    def dataset(self) -> Dataset:
        """Read the dataset as it was when the folder was created."""
        return DATASET.read(self)

    def write_frame(self, file: str, frame: pd.DataFrame) -> None:
        """Replace a Parquet file of the folder."""
        self.write_file(file, lambda path: write_parquet(frame, path, index=False))

    def write_file(self, file: str, save: Callable[[Path], object]) -> None:
        """Replace a file of the folder that is no record."""
        self.require_here()
        path = write(self.folder / file, save)
        if digests_of(self.folder):
            remember(self.folder, file, digest_of_file(path))

    def intact(self, file: str) -> Path:
        """Return the path of a file, after checking that it is as it was written; see `digests.intact`."""
        return intact(self.folder, file)

    def has(self, file: str) -> bool:
        """Whether a file is there, or was: then reading it says that it is missing."""
        return (self.folder / file).exists() or file in digests_of(self.folder)

    def require_here(self) -> None:
        """Refuse to write into a deleted folder: writing would create it again.

        Raises
        ------
        RunError
            If it is gone.
        """
        if not self.folder.is_dir():
            raise RunError(f"The {self.named} was deleted meanwhile. Open another one {self.OPENED}.")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other threads and processes from changing a record between reading and replacing it."""
        self.require_here()
        with explain_disk_errors(self.folder), FileLock(self.folder / ".lock", is_singleton=True):
            yield

    def request_cancel(self) -> None:
        """Request that the work stops, a training after its current epoch or within a second."""
        write_text(self.folder / "cancel", "")

    def withdraw_cancel(self) -> None:
        """Withdraw the request."""
        (self.folder / "cancel").unlink(missing_ok=True)

    @property
    def cancel_requested(self) -> bool:
        """Whether cancellation was requested."""
        return (self.folder / "cancel").exists()


@dataclass(frozen=True)
class Entry(Generic[T]):
    """A JSON file of a work folder.

    Parameters
    ----------
    file
        Its name.
    type
        Type of its content.
    what
        Its name in sentences.
    hint
        What to do if it cannot be read; by default, train again or create a new map.
    """

    file: str
    type: type[T]
    what: str
    hint: str = ""

    def read(self, work: WorkFolder) -> T:
        """Read the file.

        Raises
        ------
        RunError
            If it is missing or damaged.
        """
        kept = self.file in digests_of(work.folder)
        hint = self.hint or work.AGAIN
        return load(self.type, work.folder / self.file, self.what, work.named, hint, kept=kept)

    def read_or(self, work: WorkFolder, default: Default) -> T | Default:
        """Read the file; return `default` if there never was one."""
        return self.read(work) if work.has(self.file) else default

    def write(self, work: WorkFolder, value: T) -> T:
        """Replace the file."""
        work.require_here()
        write_text(work.folder / self.file, dump_kept(value, self.type))
        remember(work.folder, self.file)
        return value


DATASET = Entry("dataset.json", Dataset, "dataset")
Work = TypeVar("Work", bound=WorkFolder)


def new_folder(kind: type[Work], dataset: Dataset, settings: str) -> Work:
    """Create a folder named after the current time, with its settings and its dataset.

    Raises
    ------
    RunError
        If the workspace cannot be written.
    """
    work = kind(_new_folder(_all(kind)))
    write_text(work.folder / kind.SETTINGS, settings)
    DATASET.write(work, dataset)
    return work


def _new_folder(where: Path) -> Path:
    """Create a folder named after the current time, to the microsecond, so that ids sort by creation."""
    now = datetime.now(UTC)
    with explain_disk_errors(where):
        where.mkdir(parents=True, exist_ok=True)
        # A clock may stand still, or go back.
        while True:
            folder = where / now.strftime(FOLDER_TIME)
            try:
                folder.mkdir()
            except FileExistsError:
                now += timedelta(microseconds=1)
            else:
                return folder


def open_folder(kind: type[Work], work_id: str) -> Work:
    """Open a run or a map.

    Raises
    ------
    RunError
        If the id does not exist.
    """
    # An id may come from a URL; nothing else may become a path.
    work = kind(_all(kind) / work_id)
    if not FOLDER_ID.fullmatch(work_id) or not work.folder.is_dir():
        raise RunError(f"There is no {kind.KIND} {work_id[:40]!r} in this workspace. Open one {kind.OPENED}.")
    return work


def list_folders(kind: type[Work]) -> Iterator[Work]:
    """List all runs or maps, latest first."""
    for folder in sorted(_all(kind).glob("*"), reverse=True):
        if FOLDER_ID.fullmatch(folder.name):
            yield kind(folder)


def _all(kind: type[WorkFolder]) -> Path:
    return home() / f"{kind.KIND}s"
