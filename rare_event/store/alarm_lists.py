"""Alarm lists of a dataset: what a plant has today, kept with the data that they are judged on.

Each has a record in the dataset's folder `alarms`, and unless it is a rule the upload, compressed.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pyarrow as pa

from rare_event.config import SensorRule
from rare_event.errors import RunError
from rare_event.prepare.alarm_file import AlarmList, read_alarms
from rare_event.read.raw import digest_of
from rare_event.read.source import compress
from rare_event.read.table import AS_FOUND, Reading
from rare_event.store.folders import FOLDER_TIME
from rare_event.store.originals import COPIED_BYTES, folder_of
from rare_event.store.serial import dump_kept, explain, load
from rare_event.store.workspace import write, write_text

ID = re.compile(r"\d{8}-\d{6}-\d{6}")
ADD_AGAIN = "Delete it and add it again."


@dataclass(frozen=True)
class StoredAlarms:
    """An alarm list of a dataset, or a rule.

    Parameters
    ----------
    id
        When it was added; the name of its files.
    dataset
        Digest of the dataset.
    name
        Of the upload, or the rule as it is typed; shown, never used as a path.
    reading
        How the upload is read.
    rule
        The rule; None for a list.
    sha256
        Of the upload; empty for a rule, and in records of older versions.
    """

    id: str
    dataset: str
    name: str
    reading: Reading = AS_FOUND
    rule: SensorRule | None = None
    sha256: str = ""

    def alarms(self) -> AlarmList:
        """Read the list.

        Raises
        ------
        RunError
            If its file is missing or damaged.
        TableError
            If it cannot be read.
        """
        path = _folder(self.dataset) / f"{self.id}.zst"
        with (
            explain("alarm list", self.name, ADD_AGAIN),
            pa.input_stream(str(path), compression="zstd") as packed,
        ):
            content = packed.read()
            if self.sha256 not in ("", digest_of(content)):
                raise ValueError("The list was changed after it was written.")
        return read_alarms(content, self.name, self.reading)


def add_alarms(dataset: str, name: str, content: bytes, reading: Reading = AS_FOUND) -> StoredAlarms:
    """Store an alarm list with a dataset, after reading it.

    Parameters
    ----------
    dataset
        Digest of the dataset.
    name, content
        The upload.
    reading
        What the analyst says of it.

    Raises
    ------
    OpenQuestion
        If the list leaves something open that is never guessed.
    TableError
        If it cannot be read.
    RunError
        If the workspace cannot be written.
    """
    read_alarms(content, name, reading)
    stored = StoredAlarms(_new_id(), dataset, name, reading, sha256=digest_of(content))
    write(_folder(dataset) / f"{stored.id}.zst", partial(compress, content, COPIED_BYTES))
    return _save(stored)


def add_rule(dataset: str, rule: SensorRule) -> StoredAlarms:
    """Store a rule on one sensor with a dataset."""
    return _save(StoredAlarms(_new_id(), dataset, rule.in_words, rule=rule))


def list_alarms(dataset: str) -> list[StoredAlarms]:
    """List the readable alarm lists and rules of a dataset, the first added first."""
    found = []
    for record in _records(dataset):
        with suppress(RunError):
            found.append(_read(record, dataset))
    return found


def damaged_alarms(dataset: str) -> list[str]:
    """Return a sentence for each alarm list and rule of a dataset that cannot be read."""
    said = []
    for record in _records(dataset):
        try:
            _read(record, dataset)
        except RunError as error:
            said.append(str(error))
    return said


def _records(dataset: str) -> list[Path]:
    """Return the records of a dataset, also one whose list is there without it."""
    return sorted({path.with_suffix(".json") for path in _folder(dataset).glob("[0-9]*")})


def _read(record: Path, dataset: str) -> StoredAlarms:
    whose = f"the alarm list {record.stem} of dataset {dataset[:12]}"
    stored = load(StoredAlarms, record, "record", whose, "Add the list again.")
    # A record may be written by hand; nothing else may become a path.
    if stored.id != record.stem or not ID.fullmatch(stored.id) or stored.dataset != dataset:
        raise RunError(f"The record of {whose} is damaged. Add the list again.")
    return stored


def delete_alarms(stored: StoredAlarms) -> None:
    """Delete an alarm list or a rule; one that is already gone is no error."""
    for ending in ("json", "zst"):
        (_folder(stored.dataset) / f"{stored.id}.{ending}").unlink(missing_ok=True)


def _save(stored: StoredAlarms) -> StoredAlarms:
    write_text(_folder(stored.dataset) / f"{stored.id}.json", dump_kept(stored))
    return stored


def _folder(dataset: str) -> Path:
    return folder_of(dataset) / "alarms"


def _new_id() -> str:
    return datetime.now(UTC).strftime(FOLDER_TIME)
