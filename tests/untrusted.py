"""What must hold of any bytes that come from outside: a sentence, or a result that can be used."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rare_event.config import ExperimentConfig, LogisticModel
from rare_event.errors import RareEventError
from rare_event.experiment.facts import Facts
from rare_event.jobs.worker import execute
from rare_event.prepare.corrections import Corrections
from rare_event.store.archive import MANIFEST, Manifest, import_archive, opened, save_archive
from rare_event.store.bundle import open_trained
from rare_event.store.datasets import Dataset, add_dataset
from rare_event.store.marks import Mark
from rare_event.store.preview import Preview, preview
from rare_event.store.records import Committed, Status
from rare_event.store.runs import Run, create_run
from rare_event.store.serial import dump, load
from tests.read.test_containers import workbook
from tests.small import PCA, small_frame

LONGEST = 300  # of a sentence about a file
RECORDS: tuple[Any, ...] = (
    *(ExperimentConfig, Dataset, Committed, Status, Facts, Manifest, Corrections, Mark),
    *(list[Mark], dict[int, float], tuple[str, ...]),
)


def require_sentence(text: str) -> None:
    """A refusal is short, and nothing in it moves the cursor, breaks a line or colours a terminal."""
    assert 10 < len(text) < LONGEST, f"{len(text)}: {text[:400]!r}"
    assert text.isprintable(), repr(text)


def read_any(content: bytes) -> Preview | None:
    """Read bytes as an upload; None if they cannot be opened at all."""
    try:
        seen = preview(content, "file")
    except RareEventError as error:
        require_sentence(str(error))
        return None
    if seen.refused:
        require_sentence(seen.refused)
    for said in (*(question.what for question in seen.questions), *(remark.what for remark in seen.remarks)):
        require_sentence(said)
    if seen.table is not None:
        assert seen.table.n_rows and not seen.refused and not seen.questions
    return seen


def load_any(content: bytes, kind: Any, folder: Path) -> None:
    """Read bytes as a record; what is read is written and read again without a change."""
    file = folder / "record.json"
    file.write_bytes(content)
    try:
        value = load(kind, file, "record", "run 7")
    except RareEventError as error:
        require_sentence(str(error))
        return
    written = dump(value, kind)
    file.write_text(written)
    assert dump(load(kind, file, "record", "run 7"), kind) == written


def import_any(path: Path) -> Run | None:
    """Import a file as a bundle; None if it is refused. What is refused leaves nothing in the workspace."""
    runs = Path(os.environ["RARE_EVENT_HOME"]) / "runs"
    before = {*runs.glob("*")}
    try:
        with opened(path):
            pass
        run = import_archive(path)
    except RareEventError as error:
        require_sentence(str(error))
        assert {*runs.glob("*")} == before
        return None
    try:
        if not any(run.folder.rglob("model.keras")):  # which only TensorFlow opens
            open_trained(run)
    except RareEventError as error:
        require_sentence(str(error))
    return run


def parquet(table: pa.Table, **options: Any) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out, **options)
    return out.getvalue()


@cache
def files() -> Mapping[str, bytes]:
    """One small valid file of each kind that is read."""
    frame = small_frame(60)
    frame["grade"] = np.where(np.arange(60) < 30, "thin", "thick")
    text = frame.to_csv(index=False)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:  # stored, so that a change reaches the table
        archive.writestr("a.csv", text)
    rows = [list(frame), *frame.head(20).astype(object).to_numpy().tolist()]
    rows[1:] = [[row[0].to_pydatetime(), *row[1:]] for row in rows[1:]]
    odd = pa.table(
        {
            "time": pa.array(frame["time"], pa.timestamp("ms", tz="Europe/Berlin")),
            "y": pa.array(frame["y"] == 1),
            "s": pa.array(frame["s0"], pa.float32()),
            "grade": pa.array(frame["grade"]).dictionary_encode(),
            "view": pa.array(frame["grade"], pa.string_view()),
            "none": pa.nulls(60),
        }
    )
    german = frame.assign(time=frame["time"].dt.strftime("%d.%m.%Y %H:%M"))
    return {
        "csv": text.encode(),
        "german": ("Werk Süd\n" + german.to_csv(index=False, sep=";", decimal=",")).encode("cp1252"),
        "utf-16": text.encode("utf-16"),
        "long": frame.melt(["time", "y"]).to_csv(index=False).encode(),
        "gzip": gzip.compress(text.encode(), mtime=0),
        "zip": packed.getvalue(),
        "workbook": workbook(A=rows, B=rows[:3]),
        "parquet": parquet(pa.Table.from_pandas(frame)),
        "odd parquet": parquet(odd, compression="none"),
    }


def write_bundles(folder: Path) -> dict[str, Path]:
    """Train two small models, and write their bundles."""
    dataset = add_dataset(small_frame().to_csv(index=False).encode(), "small.csv")
    bundles = {}
    for name, config in (("pca", PCA), ("logistic", replace(PCA, model=LogisticModel()))):
        run = create_run(dataset, config)
        execute(run)
        bundles[name] = folder / f"{name}.zip"
        save_archive(run, bundles[name])
    return bundles


def members_of(path: Path) -> dict[str, bytes]:
    """All files of a bundle but its manifest."""
    with zipfile.ZipFile(path) as bundle:
        return {name: bundle.read(name) for name in bundle.namelist() if name != MANIFEST}


def bundled(path: Path, original: Path, changed: Mapping[str, bytes]) -> None:
    """Write a bundle again with other files, in a manifest that agrees with them."""
    with zipfile.ZipFile(original) as bundle:
        manifest = json.loads(bundle.read(MANIFEST))
    files = members_of(original) | dict(changed)
    manifest["files"] = [
        {"name": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in files.items()
    ]
    with zipfile.ZipFile(path, "w") as bundle:
        bundle.writestr(MANIFEST, json.dumps(manifest))
        for name, content in files.items():
            bundle.writestr(name, content)


def spliced(content: bytes, place: float, removed: int, added: bytes) -> bytes:
    """Replace so many bytes at a place, a share of the length, by others."""
    at = int(place * len(content))
    return content[:at] + added + content[at + removed :]


def inside(content: bytes, change: Callable[[bytes], bytes], member: int) -> bytes:
    """Change a file within an archive, so that its checksum agrees; other bytes are changed as they are."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            files = {info.filename: archive.read(info) for info in archive.infolist()}
    except zipfile.BadZipFile:
        return change(content)
    name = [*files][member % len(files)]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for one, held in files.items():
            archive.writestr(one, change(held) if one == name else held)
    return out.getvalue()


def a_workspace() -> tempfile.TemporaryDirectory[str]:
    """Make a workspace of its own, also outside pytest."""
    folder = tempfile.TemporaryDirectory(prefix="rare-event-fuzz-")
    os.environ["RARE_EVENT_HOME"] = folder.name
    return folder
