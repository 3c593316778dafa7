"""Datasets: stored once by digest; corrections never change the stored file."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pandas as pd

from rare_event.checks.findings import Finding, Fix
from rare_event.checks.fixes import Recipe, fix, fix_again, with_role_of
from rare_event.errors import RunError
from rare_event.prepare.corrections import NO_CORRECTIONS, Corrections
from rare_event.prepare.schema import Schema, guess_schema
from rare_event.prepare.table import Table, apply_schema
from rare_event.read.raw import FIRST_LINE, digest_of
from rare_event.read.source import Files
from rare_event.read.table import AS_FOUND, LINE, Reading, Remark
from rare_event.store.digests import damaged_in, digests_of, intact, recorded, remember
from rare_event.store.originals import folder_of, keep_originals
from rare_event.store.preview import Preview, preview
from rare_event.store.serial import UPLOAD_AGAIN, dump_kept, explain, load
from rare_event.store.workspace import home, write, write_parquet, write_text

RECORD = "dataset.json"
FIRST_READING = "raw.parquet"
STORED = re.compile(r"raw(-[0-9a-f]{12})?\.parquet")
NEWER_ROLES = ("asset", "also", "left_out_values", "normal_values")


@dataclass(frozen=True)
class Dataset:
    """An uploaded file and its corrections.

    Parameters
    ----------
    digest
        SHA-256 of the upload, in hexadecimal; of several files, that of their digests.
    name
        Name of the upload; shown, never used as a path.
    added
        Time of the upload, ISO 8601, UTC.
    n_rows
        Rows of the upload.
    schema
        Roles of the columns.
    fixes
        The recipe of corrections, in order; findings in records of earlier versions.
    reading, remarks
        How the upload was read, and what was found then.
    stored
        File of the columns: each reading has its own, so that earlier runs keep theirs.
    first_schema
        The schema when the upload was stored.
    accepted
        Codes of the problems that were accepted for a run; none in the workspace.
    files
        Names of the files that were joined, or that have a file of events; empty for one file alone.
    events, events_reading
        Name of the file of events that gave the label, and how it was read; empty and None without one.
    """

    # Otherwise a correction by a newer version would be lost silently.
    __pydantic_config__ = {"extra": "forbid"}

    digest: str
    name: str
    added: str
    n_rows: int
    schema: Schema
    fixes: tuple[Fix | Finding, ...] = ()
    reading: Reading = Reading()
    remarks: tuple[Remark, ...] = ()
    stored: str = FIRST_READING
    first_schema: Schema | None = None
    accepted: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    events: str = ""
    events_reading: Reading | None = None

    @property
    def version(self) -> str:
        """Digest of the upload, its reading, the schema and the fixes."""
        parts = [self.digest, _roles(self.schema), [_step(f) for f in self.fixes]]
        # The first reading of a file is not named, as in earlier versions.
        parts += [self.stored] if self.stored != FIRST_READING else []
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def raw(self) -> pd.DataFrame:
        """Read the stored columns with the fixes applied.

        Raises
        ------
        RunError
            If the stored file is missing or damaged.
        """
        raw = self._columns()
        for step in self.fixes:
            raw, _ = fix_again(raw, self.schema, step)
        return raw

    @property
    def recipe(self) -> Recipe:
        """How the table is made from the file, to read another file identically."""
        return Recipe(self.reading, self.schema, self.fixes)

    def table(self) -> Table:
        """Read the table.

        Raises
        ------
        TableError
            If the schema does not fit the columns.
        RunError
            If the stored file is missing or damaged.
        """
        return apply_schema(self.raw(), self.schema, name=self.name, digest=self.digest, remarks=self.remarks)

    def _columns(self) -> pd.DataFrame:
        return _stored(self.digest, self.name, self.stored)

    def with_schema(self, schema: Schema) -> Dataset:
        """Return the dataset with another schema, after checking that it fits.

        Raises
        ------
        TableError
            If it does not fit the columns.
        """
        changed = replace(self, schema=schema)
        changed.table()
        return changed

    def with_fix(self, step: Fix | Finding) -> Dataset:
        """Return the dataset with one more fix, or that of a finding, which may change the schema.

        Raises
        ------
        TableError
            If it would destroy data, or the columns would no longer fit the schema.
        """
        return self._with(step if isinstance(step, Fix) else (step.remedy or step), fix)

    def _with(self, step: Fix | Finding, apply: Callable[..., tuple[pd.DataFrame, Schema]]) -> Dataset:
        _, schema = apply(self.raw(), self.schema, step)
        changed = replace(self, schema=schema, fixes=(*self.fixes, step))
        changed.table()
        return changed

    def _guessed(self) -> Schema:
        return guess_schema(self._columns(), self.schema.labelling)

    def without_last_fix(self) -> Dataset:
        """Return the dataset without its latest fix; roles chosen by the user stay."""
        changed = replace(self, schema=self.first_schema or self._guessed(), fixes=())
        for step in self.fixes[:-1]:
            changed = changed._with(step, fix_again)
        last = self.fixes[-1]
        if changed._with(last, fix_again).schema == self.schema:
            return changed
        # Only the column of this fix gets its earlier role back.
        schema = (
            self.schema if last.column is None else with_role_of(self.schema, changed.schema, last.column)
        )
        return replace(self, fixes=self.fixes[:-1]).with_schema(schema)


def _step(step: Fix | Finding) -> dict[str, object]:
    """Return a fix as plain data; one of an earlier version as that version did."""
    plain = asdict(step)
    old = ("grade", "column", "what", "fix", "action")
    return plain if isinstance(step, Fix) else {name: plain[name] for name in old}


def _roles(schema: Schema) -> dict[str, object]:
    """Return a schema as plain data; what earlier versions did not know is left out where it says nothing."""
    roles = {name: value for name, value in asdict(schema).items() if value or name not in NEWER_ROLES}
    if schema.blank == "refused":
        del roles["blank"]
    if len(schema.event_values) == 1:
        roles["event_value"] = roles.pop("event_values")[0]
    return roles


def add_dataset(
    source: Path | bytes | Files, name: str, said: Corrections = NO_CORRECTIONS, digest: str | None = None
) -> Dataset:
    """Read and store a file; one that is already stored keeps its reading, schema and fixes.

    Parameters
    ----------
    source, name, said, digest
        As in `preview`. Anything said replaces what is stored of the same file, except where it comes to the
        same.

    Raises
    ------
    OpenQuestion
        If the file leaves something open that is never guessed.
    TableError
        If the file is not a usable table.
    RunError
        If the workspace cannot be written.
    """
    digest = digest or digest_of(source)
    kept = stored_dataset(digest)
    if kept is not None and said == NO_CORRECTIONS:
        return kept
    return store(preview(source, name, said, digest), source)


def store(seen: Preview, source: Path | bytes | Files) -> Dataset:
    """Store a file as its preview shows it, in place of an earlier reading of the same file.

    Raises
    ------
    OpenQuestion
        If a question is open.
    TableError
        If the file is not a usable table.
    RunError
        If the workspace cannot be written.
    """
    raw, schema, table = seen.parts()
    kept, stored = stored_dataset(seen.digest), FIRST_READING
    # Events in other places are another label of the same reading.
    label = b"" if raw.events is None else raw.frame[schema.label].to_numpy().tobytes()
    named = f"raw-{_short_digest(raw.reading, label)}.parquet"
    if raw.events is not None:
        stored = named
    folder = folder_of(seen.digest)
    # The file was uploaded again, so its damaged parts can be replaced.
    damaged = damaged_in(folder)
    unchanged = False
    if kept is not None:
        same = kept.reading == raw.reading and (raw.events is None or kept.stored == named)
        unchanged = same and kept.schema == schema
        if unchanged and not damaged:
            return kept
        stored = kept.stored if same else named
    # Packing a large upload takes as long as writing its columns, and neither needs the other.
    with recorded(folder), ThreadPoolExecutor(1) as thread:
        for name in damaged:
            (folder / name).unlink(missing_ok=True)
        packing = thread.submit(keep_originals, folder, source)
        if not (folder / stored).exists() or kept is None:
            write(folder / stored, partial(write_parquet, raw.frame))
        files = packing.result()
    if kept is not None and unchanged:
        return kept
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return save_dataset(
        Dataset(
            seen.digest,
            seen.name,
            now if kept is None else kept.added,
            len(raw.frame),
            schema,
            (),
            raw.reading,
            table.remarks,
            stored,
            schema,
            files=files.names,
            events=files.events_name,
            events_reading=raw.events,
        )
    )


def stored_dataset(digest: str) -> Dataset | None:
    """Return the dataset of a file; None if it is not stored, or damaged: it is then stored again."""
    with suppress(RunError):
        dataset = open_dataset(digest)
        dataset.raw()
        return dataset
    return None


def _short_digest(reading: Reading, label: bytes = b"") -> str:
    # Fields that a newer version adds do not rename the files of an older one.
    given = {name: value for name, value in asdict(reading).items() if value != getattr(AS_FOUND, name)}
    return hashlib.sha256(json.dumps(given, sort_keys=True).encode() + label).hexdigest()[:12]


def save_dataset(dataset: Dataset) -> Dataset:
    """Store the record of a dataset: its schema and fixes."""
    folder = folder_of(dataset.digest)
    write_text(folder / RECORD, dump_kept(dataset))
    remember(folder, RECORD)
    return dataset


def open_dataset(digest: str) -> Dataset:
    """Open a stored dataset.

    Raises
    ------
    RunError
        If it does not exist or its record is damaged.
    """
    folder, whose = folder_of(digest), f"dataset {digest[:12]}"
    kept = RECORD in digests_of(folder)
    return load(Dataset, folder / RECORD, "record", whose, UPLOAD_AGAIN, kept=kept)


def list_datasets() -> list[Dataset]:
    """List the readable datasets, latest first."""
    datasets = []
    for record in sorted((home() / "datasets").glob(f"*/{RECORD}")):
        with suppress(RunError):
            datasets.append(open_dataset(record.parent.name))
    return sorted(datasets, key=lambda dataset: dataset.added, reverse=True)


def _stored(digest: str, name: str, file: str) -> pd.DataFrame:
    # A record may be written by hand; nothing else may become a path.
    if not STORED.fullmatch(file):
        raise RunError(f"The record of {name} is damaged. {UPLOAD_AGAIN}")
    with explain("stored file", name, UPLOAD_AGAIN):
        stored = pd.read_parquet(intact(folder_of(digest), file))
    if stored.index.name == LINE:
        return stored
    # Stored before lines were kept: the header was line 1.
    return stored.set_axis(pd.RangeIndex(FIRST_LINE, FIRST_LINE + len(stored), name=LINE))
