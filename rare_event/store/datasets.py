"""Datasets: stored once by digest; corrections never change the stored file."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from rare_event.checks.findings import Finding
from rare_event.checks.fixes import fix, fix_again, with_role_of
from rare_event.errors import RunError
from rare_event.prepare.schema import Schema, guess_schema
from rare_event.prepare.table import Table, apply_schema
from rare_event.read.raw import FIRST_LINE, digest_of, read_raw
from rare_event.read.table import LINE, Reading, Remark
from rare_event.store.serial import UPLOAD_AGAIN, dump, explain, load
from rare_event.store.workspace import home, write, write_text

DIGEST = re.compile(r"[0-9a-f]{64}")
RECORD = "dataset.json"


@dataclass(frozen=True)
class Dataset:
    """An uploaded file and its corrections.

    Parameters
    ----------
    digest
        SHA-256 of the upload, in hexadecimal.
    name
        Name of the upload; shown, never used as a path.
    added
        Time of the upload, ISO 8601, UTC.
    n_rows
        Rows of the upload.
    schema
        Roles of the columns.
    fixes
        One-click fixes, in the order of their application.
    reading, remarks
        How the upload was read, and what was found then.
    """

    # Otherwise a correction by a newer version would be lost silently.
    __pydantic_config__ = {"extra": "forbid"}

    digest: str
    name: str
    added: str
    n_rows: int
    schema: Schema
    fixes: tuple[Finding, ...] = ()
    reading: Reading = Reading()
    remarks: tuple[Remark, ...] = ()

    @property
    def version(self) -> str:
        """Digest of the upload, the schema and the fixes."""
        recipe = json.dumps(
            [self.digest, asdict(self.schema), [asdict(f) for f in self.fixes]], sort_keys=True
        )
        return hashlib.sha256(recipe.encode()).hexdigest()

    def raw(self) -> pd.DataFrame:
        """Read the stored columns with the fixes applied.

        Raises
        ------
        RunError
            If the stored file is missing or damaged.
        """
        raw = _stored(self.digest, self.name)
        for finding in self.fixes:
            raw, _ = fix_again(raw, self.schema, finding)
        return raw

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

    def with_fix(self, finding: Finding) -> Dataset:
        """Return the dataset with one more fix, which may change the schema.

        Raises
        ------
        TableError
            If it would destroy data, or the columns would no longer fit the schema.
        """
        return self._with(finding, fix)

    def _with(self, finding: Finding, apply: Callable[..., tuple[pd.DataFrame, Schema]]) -> Dataset:
        _, schema = apply(self.raw(), self.schema, finding)
        changed = replace(self, schema=schema, fixes=(*self.fixes, finding))
        changed.table()
        return changed

    def without_last_fix(self) -> Dataset:
        """Return the dataset without its latest fix; roles chosen by the user stay."""
        changed = replace(self, schema=guess_schema(_stored(self.digest, self.name)), fixes=())
        for finding in self.fixes[:-1]:
            changed = changed._with(finding, fix_again)
        last = self.fixes[-1]
        if changed._with(last, fix_again).schema == self.schema:
            return changed
        # Only the column of this fix gets its earlier role back.
        schema = (
            self.schema if last.column is None else with_role_of(self.schema, changed.schema, last.column)
        )
        return replace(self, fixes=self.fixes[:-1]).with_schema(schema)


def add_dataset(source: Path | bytes, name: str) -> Dataset:
    """Read and store a file; one that is already stored keeps its schema and fixes.

    Raises
    ------
    TableError
        If the file is not a usable table.
    RunError
        If the workspace cannot be written.
    """
    digest = digest_of(source)
    # A missing or damaged dataset is stored again.
    with suppress(RunError):
        dataset = open_dataset(digest)
        _stored(digest, name)
        return dataset
    raw = read_raw(source, name=name)
    schema = guess_schema(raw.frame)
    apply_schema(raw.frame, schema, name=name, digest=digest)
    write(_folder(digest) / "raw.parquet", raw.frame.to_parquet)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return save_dataset(Dataset(digest, name, now, len(raw.frame), schema, (), raw.reading, raw.remarks))


def save_dataset(dataset: Dataset) -> Dataset:
    """Store the record of a dataset: its schema and fixes."""
    write_text(_folder(dataset.digest) / RECORD, dump(dataset))
    return dataset


def open_dataset(digest: str) -> Dataset:
    """Open a stored dataset.

    Raises
    ------
    RunError
        If it does not exist or its record is damaged.
    """
    return load(Dataset, _folder(digest) / RECORD, "record", f"dataset {digest[:12]}", UPLOAD_AGAIN)


def list_datasets() -> list[Dataset]:
    """List the readable datasets, latest first."""
    datasets = []
    for record in sorted((home() / "datasets").glob(f"*/{RECORD}")):
        with suppress(RunError):
            datasets.append(open_dataset(record.parent.name))
    return sorted(datasets, key=lambda dataset: dataset.added, reverse=True)


def _stored(digest: str, name: str) -> pd.DataFrame:
    with explain("stored file", name, UPLOAD_AGAIN):
        stored = pd.read_parquet(_folder(digest) / "raw.parquet")
    if stored.index.name == LINE:
        return stored
    # Stored before lines were kept: the header was line 1.
    return stored.set_axis(pd.RangeIndex(FIRST_LINE, FIRST_LINE + len(stored), name=LINE))


def _folder(digest: str) -> Path:
    # A digest may come from a URL; nothing else may become a path.
    if not DIGEST.fullmatch(digest):
        raise RunError("This is not the digest of a dataset. Open one from the home page.")
    return home() / "datasets" / digest
