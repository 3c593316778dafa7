"""A run as one file: everything needed to score new rows elsewhere, checked before it is unpacked."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from rare_event.errors import RunError
from rare_event.experiment.trained import Past, Trained
from rare_event.judge.running import windows_of
from rare_event.judge.trailing import memory
from rare_event.store.bundle import COUNTED, FACTS, PAST, REFERENCES, SCALER, open_trained
from rare_event.store.card import CARD, model_card
from rare_event.store.digests import record_digests
from rare_event.store.folders import FOLDER_TIME, Entry
from rare_event.store.members import check_members, check_model, read_members, require_size
from rare_event.store.records import Purpose, queued
from rare_event.store.runs import COMMITTED, PURPOSE, Run, open_run
from rare_event.store.serial import dump, dump_kept, explain, load
from rare_event.store.workspace import explain_disk_errors, home, write

FORMAT = 1
MANIFEST = "manifest.json"
RECORDS = (
    "config.json",
    "dataset.json",
    "about.json",
    "threshold.json",
    "evaluation.json",
    "judgement.json",
    "layers.json",
    "inputs.json",
    "looks.json",
    FACTS.file,
    REFERENCES,
)
MODELS = (SCALER, "model.keras", "model.skops", "pca.npz")
NEWER = (
    "This bundle was written by a newer version (format {found}; this version reads up to {known}). "
    "Update this program."
)


@dataclass(frozen=True)
class Member:
    """A file of a bundle: its name, size in bytes and SHA-256."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a bundle holds.

    Parameters
    ----------
    format
        Version of the layout.
    run
        Id of the run.
    title
        Of the run, for people.
    written
        When the bundle was written, ISO 8601, UTC.
    dataset
        Digest of the upload that was trained on.
    dataset_name
        Its name.
    files
        All files but this one.
    versions
        Of the packages that compute scores.
    """

    format: int
    run: str
    title: str
    written: str
    dataset: str
    dataset_name: str
    files: tuple[Member, ...]
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Imported:
    """Where an imported run comes from.

    Parameters
    ----------
    bundle
        SHA-256 of the file.
    manifest
        What it held.
    time
        When it was imported, ISO 8601, UTC.
    """

    bundle: str
    manifest: Manifest
    time: str


IMPORTED = Entry("imported.json", Imported, "origin")


def imported_from(run: Run) -> Imported | None:
    """Return where an imported run comes from; None for one that was trained here."""
    return IMPORTED.read_or(run, None)


def is_imported(run: Run) -> bool:
    """Whether a run came in a bundle: its model is here, its data and its scores are elsewhere."""
    return (run.folder / IMPORTED.file).exists()


def archive_file(run: Run) -> Path:
    """Return where the app keeps the bundle of a run: another file for each state of its records."""
    digest = hashlib.sha256()
    for name in _names(run):
        digest.update(name.encode() + _content(run, name))
    return run.folder / f"bundle-{digest.hexdigest()[:16]}.zip"


def save_archive(run: Run, path: Path) -> Manifest:
    """Write a finished run as a bundle; the dataset and the scores stay here.

    Raises
    ------
    RunError
        If the run is not finished, or an older version trained it.
    """
    trained = open_trained(run)
    files = {name: _content(run, name) for name in _names(run)}
    files[PAST] = _npz(_needed_past(trained))
    if trained.validation is not None:
        files[COUNTED.file] = dump_kept(trained.validation).encode()
    # Runs of older versions were committed without a promise; the scores that it comes from stay here.
    files[COMMITTED.file] = dump_kept(replace(run.committed(), promise=trained.promise)).encode()
    files[CARD] = model_card(run, trained).encode()
    require_size(f"The bundle of {run.named}", [*map(len, files.values())])
    dataset = run.dataset()
    manifest = Manifest(
        FORMAT,
        run.id,
        trained.name,
        _now(),
        dataset.digest,
        dataset.name,
        tuple(
            Member(name, len(content), hashlib.sha256(content).hexdigest())
            for name, content in sorted(files.items())
        ),
        trained.facts.versions,
    )

    def save(temporary: Path) -> None:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as bundle:
            bundle.writestr(MANIFEST, dump(manifest))
            for name, content in sorted(files.items()):
                bundle.writestr(name, content)

    write(path, save)
    return manifest


def _names(run: Run) -> list[str]:
    """Names of the files of a run that a bundle holds."""
    records = [name for name in RECORDS if (run.folder / name).is_file()]
    models = [path for name in MODELS for path in run.folder.rglob(name)]
    return [*records, *(path.relative_to(run.folder).as_posix() for path in models)]


def _content(run: Run, name: str) -> bytes:
    with explain(name, run.named):
        return run.intact(name).read_bytes()


def _needed_past(trained: Trained) -> Past:
    """Keep the scores that a threshold that follows them looks back on, of each machine."""
    past, keep = trained.past, np.zeros(len(trained.past.y_score), bool)
    if trained.rule.trailing:
        none = np.empty(0)
        empty = windows_of(none, none, none, none, trained.facts.step, trained.time_unit)
        most = memory(trained.rule.days, empty)[0] + 1
        for machine in np.unique(past.machine):
            keep[np.flatnonzero(past.machine == machine)[-most:]] = True
    return Past(past.clock[keep], past.machine[keep], past.y_score[keep], whole=False)


def _npz(past: Past) -> bytes:
    with tempfile.TemporaryFile() as file:
        np.savez(file, allow_pickle=False, clock=past.clock, machine=past.machine, y_score=past.y_score)
        file.seek(0)
        return file.read()


@contextmanager
def opened(path: Path) -> Iterator[tuple[Manifest, Run]]:
    """Unpack a bundle for a while, without the workspace.

    Raises
    ------
    RunError
        If it is damaged, not a bundle, or holds what a bundle must not hold.
    """
    manifest, files = _checked(path)
    with tempfile.TemporaryDirectory(prefix="rare-event-") as folder:
        run = Run(Path(folder) / manifest.run)
        _unpack(run, manifest, files)
        yield manifest, run


def open_bundle(path: Path) -> Trained:
    """Read the model of a bundle.

    Raises
    ------
    RunError
        If it is damaged, not a bundle, or holds what a bundle must not hold.
    """
    with opened(path) as (_, run):
        return open_trained(run)


def import_archive(path: Path) -> Run:
    """Unpack a bundle into the workspace, as a run that new rows can be scored with.

    Raises
    ------
    RunError
        If it is damaged, not a bundle, or holds what a bundle must not hold; then nothing is unpacked.
    """
    manifest, files = _checked(path)
    runs = home() / "runs"
    with explain_disk_errors(runs):
        runs.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=runs, prefix=".importing-") as draft:
            run = Run(Path(draft) / datetime.now(UTC).strftime(FOLDER_TIME))
            _unpack(run, manifest, files)
            if not any(name.endswith(".keras") for name in files):
                # What can be read without TensorFlow is read before the run is there.
                open_trained(run)
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            IMPORTED.write(run, Imported(digest, manifest, _now()))
            PURPOSE.write(run, Purpose())
            record_digests(run.folder)
            os.replace(run.folder, runs / run.id)
    return open_run(run.id)


def _checked(path: Path) -> tuple[Manifest, dict[str, bytes]]:
    """Read all files of a bundle, checked against its manifest."""
    try:
        infos = check_members(path)
        if MANIFEST not in infos:
            raise RunError(f"{path.name} is not a bundle of a run: it has no {MANIFEST}.")
        text = read_members(path, [infos[MANIFEST]])[MANIFEST]
        found = json.loads(text).get("format")
        if isinstance(found, int) and found > FORMAT:
            raise RunError(NEWER.format(found=found, known=FORMAT))
        manifest = _manifest(path, text)
        listed = {member.name: member for member in manifest.files}
        if {*infos} - {MANIFEST} != {*listed} or len(listed) < len(manifest.files):
            raise RunError(
                f"{path.name} does not hold exactly the files that its {MANIFEST} lists. Write the bundle "
                "again."
            )
        _require_known(path, listed)
        files = read_members(path, [info for name, info in infos.items() if name != MANIFEST])
    except (zipfile.BadZipFile, OSError, ValueError, EOFError, AttributeError, NotImplementedError) as error:
        raise RunError(
            f"{path.name} is damaged or not a bundle of a run. Copy it again, or create the bundle again."
        ) from error
    for name, content in files.items():
        member = listed[name]
        if len(content) != member.size or hashlib.sha256(content).hexdigest() != member.sha256:
            raise RunError(
                f"{name} in {path.name} was changed after it was written. Copy or write the bundle again."
            )
        check_model(path.name, name, content)
    return manifest, files


def _manifest(path: Path, text: bytes) -> Manifest:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / MANIFEST
        file.write_bytes(text)
        manifest = load(Manifest, file, "manifest", path.name, "Write the bundle again.")
    if manifest.format < 1 or not manifest.run.replace("-", "").isdigit():
        raise RunError(f"The manifest of {path.name} is damaged. Write the bundle again.")
    return manifest


def _require_known(path: Path, names: Mapping[str, object]) -> None:
    """Refuse files that no bundle holds."""
    here = {*RECORDS, PAST, COUNTED.file, CARD}
    for name in names:
        if name not in here and Path(name).name not in MODELS:
            raise RunError(f"{path.name} holds {name[:60]!r}, which does not belong in a bundle.")
    lacking = [
        name
        for name in ("config.json", "dataset.json", "threshold.json", FACTS.file, PAST)
        if name not in names
    ]
    if lacking:
        raise RunError(f"{path.name} lacks {lacking[0]}. Write the bundle again.")


def _unpack(run: Run, manifest: Manifest, files: Mapping[str, bytes]) -> None:
    try:
        for name, content in files.items():
            target = run.folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        run.write_status(replace(queued(run.config()), state="done"))
    except BaseException:
        shutil.rmtree(run.folder, ignore_errors=True)
        raise


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
