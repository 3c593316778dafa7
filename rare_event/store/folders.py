"""What a run's folder and a map's have in common: a name that is a time, a dataset, and how to cancel."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rare_event.store.datasets import Dataset
from rare_event.store.workspace import home, read_json, write_text

FOLDER_ID = re.compile(r"\d{8}-\d{6}-\d{6}")
FOLDER_TIME = "%Y%m%d-%H%M%S-%f"


@dataclass(frozen=True)
class WorkFolder:
    """A folder for work that someone asked for and someone else does."""

    folder: Path

    @property
    def id(self) -> str:
        """The name of the folder."""
        return self.folder.name

    @property
    def created(self) -> datetime:
        """When it was asked for, UTC."""
        return datetime.strptime(self.id, FOLDER_TIME).replace(tzinfo=UTC)

    def dataset(self) -> Dataset:
        """Read the dataset as it was when the work was asked for."""
        return Dataset.from_dict(read_json(self.folder / "dataset.json"))

    def request_cancel(self) -> None:
        """Ask whoever does the work to stop, a training after the present epoch."""
        write_text(self.folder / "cancel", "")

    def withdraw_cancel(self) -> None:
        """Let the work go on."""
        (self.folder / "cancel").unlink(missing_ok=True)

    @property
    def cancel_requested(self) -> bool:
        """Whether someone asked for the work to stop."""
        return (self.folder / "cancel").exists()


def new_folder(kind: str) -> Path:
    """Name a folder of the workspace after the present time.

    Parameters
    ----------
    kind
        ``runs`` or ``maps``.
    """
    # To the microsecond, so that ids sort in the order in which folders were made.
    return home() / kind / datetime.now(UTC).strftime(FOLDER_TIME)
