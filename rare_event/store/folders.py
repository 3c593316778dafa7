"""What a run's folder and a map's share: a time as its name, typed files, a dataset, and how to cancel."""

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
from rare_event.store.workspace import home, write, write_text

FOLDER_ID = re.compile(r"\d{8}-\d{6}-\d{6}")
FOLDER_TIME = "%Y%m%d-%H%M%S-%f"
T = TypeVar("T")
Default = TypeVar("Default")


@dataclass(frozen=True)
class WorkFolder:
    """A folder for work that someone asked for and someone else does."""

    KIND: ClassVar[str] = ""
    AGAIN: ClassVar[str] = TRAIN_AGAIN

    folder: Path

    @property
    def id(self) -> str:
        """The name of the folder."""
        return self.folder.name

    @property
    def named(self) -> str:
        """What sentences call it."""
        return f"{self.KIND} {self.id}"

    @property
    def created(self) -> datetime:
        """When it was asked for, UTC."""
        return datetime.strptime(self.id, FOLDER_TIME).replace(tzinfo=UTC)

    def dataset(self) -> Dataset:
        """Read the dataset as it was when the work was asked for."""
        return DATASET.read(self)

    def write_frame(self, file: str, frame: pd.DataFrame) -> None:
        """Replace a Parquet file of the folder."""
        write(self.folder / file, lambda path: frame.to_parquet(path, index=False))

    def request_cancel(self) -> None:
        """Ask whoever does the work to stop, a training after the present epoch."""
        write_text(self.folder / "cancel", "")

    def withdraw_cancel(self) -> None:
        """Withdraw the request to stop."""
        (self.folder / "cancel").unlink(missing_ok=True)

    @property
    def cancel_requested(self) -> bool:
        """Whether someone asked for the work to stop."""
        return (self.folder / "cancel").exists()


@dataclass(frozen=True)
class Entry(Generic[T]):
    """A JSON file of a work folder.

    Parameters
    ----------
    file
        Its name.
    type
        What it holds.
    what
        What sentences call it.
    hint
        What to do if it cannot be read; by default, to train or make the work again.
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
        """Read the file; return `default` where there is none."""
        return self.read(work) if (work.folder / self.file).exists() else default

    def write(self, work: WorkFolder, value: T) -> T:
        """Replace the file."""
        write_text(work.folder / self.file, dump(value, self.type))
        return value


DATASET = Entry("dataset.json", Dataset, "dataset")
Work = TypeVar("Work", bound=WorkFolder)


def new_folder(kind: type[Work]) -> Work:
    """Name a folder of the workspace after the present time."""
    # To the microsecond, so that ids sort in the order in which folders were made.
    return kind(_all(kind) / datetime.now(UTC).strftime(FOLDER_TIME))


def open_folder(kind: type[Work], work_id: str, where: str) -> Work:
    """Open a run or a map.

    Parameters
    ----------
    kind
        Which of the two.
    work_id
        Its id.
    where
        Where people can open another one.

    Raises
    ------
    RunError
        If there is none of that id.
    """
    # An id may come from an address bar: anything else must never become a path.
    work = kind(_all(kind) / work_id)
    if not FOLDER_ID.fullmatch(work_id) or not work.folder.is_dir():
        raise RunError(f"There is no {kind.KIND} {work_id[:40]!r} in this workspace. Open one {where}.")
    return work


def list_folders(kind: type[Work]) -> Iterator[Work]:
    """List all runs or maps, the latest first."""
    for folder in sorted(_all(kind).glob("*"), reverse=True):
        if FOLDER_ID.fullmatch(folder.name):
            yield kind(folder)


def _all(kind: type[WorkFolder]) -> Path:
    return home() / f"{kind.KIND}s"
