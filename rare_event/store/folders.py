"""The base of run and map folders: a time as id, typed files, a dataset, cancellation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar, Generic, TypeVar

import pandas as pd

from rare_event.errors import RunError
from rare_event.store.datasets import Dataset
from rare_event.store.serial import TRAIN_AGAIN, dump, load
from rare_event.store.workspace import home, write, write_parquet, write_text

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
        write(self.folder / file, lambda path: write_parquet(frame, path, index=False))

    def request_cancel(self) -> None:
        """Request that the work stops, a training after its current epoch."""
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
        return load(self.type, work.folder / self.file, self.what, work.named, self.hint or work.AGAIN)

    def read_or(self, work: WorkFolder, default: Default) -> T | Default:
        """Read the file; return `default` if there is none."""
        return self.read(work) if (work.folder / self.file).exists() else default

    def write(self, work: WorkFolder, value: T) -> T:
        """Replace the file."""
        write_text(work.folder / self.file, dump(value, self.type))
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
    # To the microsecond, so that ids sort by creation.
    work = kind(_all(kind) / datetime.now(UTC).strftime(FOLDER_TIME))
    write_text(work.folder / kind.SETTINGS, settings)
    DATASET.write(work, dataset)
    return work


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
