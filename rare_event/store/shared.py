"""Runs that people share: a bundle of each in the workspace of the server, and who shared it.

Each lies in a folder of its own under `shared`, which appears whole or not at all. It is a copy: what is done
to the run later does not change it, only sharing it again, and it goes when its run is deleted.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rare_event.config import BlendModel, ExperimentConfig
from rare_event.errors import RunError
from rare_event.experiment.facts import member_config
from rare_event.store.archive import import_archive, imported_from, is_imported, save_archive
from rare_event.store.bundle import REFERENCES
from rare_event.store.digests import digest_of_file
from rare_event.store.folders import FOLDER_ID
from rare_event.store.runs import Run, list_runs
from rare_event.store.serial import dump_kept, load
from rare_event.store.users import ID_CHARACTERS, owner_of
from rare_event.store.workspace import (
    WRITING,
    explain_disk_errors,
    home,
    remove_folder,
    replace_folder,
    write_text,
)

SHARED, BUNDLE, RECORD = "shared", "run.zip", "shared.json"
# In the folder of a run, from when its owner asks to share it until they want that no longer.
ASKED = "sharing"
AGAIN = "Whoever shared it can share the run again."
DAMAGED = f"The shared run “{{}}” is damaged, and cannot be copied. {AGAIN}"
# What these models learn is rows of the training data.
MADE_OF_ROWS = ("knn", "one-class-svm", "svm")


@dataclass(frozen=True)
class SharedRun:
    """A run that somebody shared.

    Parameters
    ----------
    owner, by
        Id of the person, and what others are told of who it is.
    run, title, dataset
        Id of the run, its name, and the name of the file that it was trained on.
    time
        When it was shared, ISO 8601, UTC.
    size, sha256
        Of the bundle.
    """

    owner: str
    by: str
    run: str
    title: str
    dataset: str
    time: str
    size: int
    sha256: str

    @property
    def id(self) -> str:
        """Name of its folder."""
        return f"{self.owner}-{self.run}"


def ask_to_share(run: Run) -> None:
    """Note that its owner wants a run shared, which a worker does later; `stop_sharing` withdraws it.

    Raises
    ------
    RunError
        If the run was deleted, or the disk cannot be written.
    """
    run.require_here()
    write_text(run.folder / ASKED, "")


def share(run: Run, by: str) -> SharedRun:
    """Share a finished run as its owner asked, or what it has become since it was shared; its data stay.

    Parameters
    ----------
    run
        The run, in the workspace of a person.
    by
        What others are told of who shared it.

    Raises
    ------
    RunError
        If it is not finished or was imported, an older version trained it, or the disk cannot be written; or
        if its owner has stopped sharing it since they asked, see `ask_to_share`.
    """
    owner, where = owner_of(run.workspace), _shared_beside(run.workspace)
    if not owner:
        raise RunError("Runs are shared between people who sign in. In this workspace nobody does.")
    if is_imported(run):
        raise RunError(
            f"Run {run.id} came in a bundle. Whoever trained it can share it; you can pass on the bundle."
        )
    with explain_disk_errors(where):
        where.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=where, prefix=WRITING) as draft:
            path = Path(draft) / "new" / BUNDLE
            manifest = save_archive(run, path)
            now = datetime.now(UTC).isoformat(timespec="seconds")
            size, sha256 = path.stat().st_size, digest_of_file(path)
            shared = SharedRun(owner, by, run.id, manifest.title, manifest.dataset_name, now, size, sha256)
            write_text(path.parent / RECORD, dump_kept(shared))
            # It may have been deleted while its bundle was written, and its copy would be nobody's. Another
            # worker may share it too.
            with run.locked():
                _require_asked(run)
                replace_folder(path.parent, where / shared.id)
            try:
                # Again: whoever stops sharing withdraws what was asked for, and then what is there.
                _require_asked(run)
            except RunError:
                remove_folder(where / shared.id)
                raise
    return shared


def _require_asked(run: Run) -> None:
    if not (run.folder / ASKED).exists():
        raise RunError(f"Run {run.id} is not to be shared any more.")


def stop_sharing(run: Run) -> None:
    """Share a run no longer, also if that was only asked for; copies that others have taken stay theirs.

    Raises
    ------
    RunError
        If the disk cannot be written.
    """
    with explain_disk_errors(run.folder):
        (run.folder / ASKED).unlink(missing_ok=True)
    if (folder := folder_of_shared(run)) is not None:
        remove_folder(folder)


def folder_of_shared(run: Run) -> Path | None:
    """Return where the copy of a run lies that is shared; None if it is not shared."""
    owner = owner_of(run.workspace)
    folder = _shared_beside(run.workspace) / f"{owner}-{run.id}"
    return folder if owner and folder.is_dir() else None


def shared_of(run: Run) -> SharedRun | None:
    """Return what others see of a run; None if it is not shared.

    Raises
    ------
    RunError
        If its shared copy is damaged.
    """
    folder = folder_of_shared(run)
    return None if folder is None else _intact(folder)


def list_shared() -> tuple[list[SharedRun], list[str]]:
    """List what people share with this workspace, if it is one of theirs; see `shared_in`."""
    here = home()
    return shared_in(here.parent.parent) if owner_of(here) else ([], [])


def shared_in(server: Path) -> tuple[list[SharedRun], list[str]]:
    """List what people share, latest first.

    Parameters
    ----------
    server
        The workspace of the server.

    Returns
    -------
    tuple of two lists
        The runs, and a sentence for each that cannot be used.
    """
    found, damaged = [], []
    for folder in shared_folders(server):
        try:
            found.append(_intact(folder))
        except RunError as error:
            # One that was withdrawn in the meantime is no damage.
            if folder.is_dir():
                damaged.append(str(error))
    return sorted(found, key=lambda shared: shared.time, reverse=True), damaged


def shared_folders(server: Path) -> list[Path]:
    """Return the folders of the shared runs, readable or not, in the workspace of a server."""
    return sorted(each for each in (server / SHARED).glob("*") if is_shared_id(each.name))


def take_copy(shared: SharedRun) -> Run:
    """Copy a shared run into this workspace, as a run that new rows can be scored with.

    Raises
    ------
    RunError
        If it is not shared any more, is damaged, or the workspace cannot be written.
    """
    here = home()
    folder = _shared_beside(here) / shared.id
    known = bool(owner_of(here)) and is_shared_id(shared.id)
    while known and (seen := _identity(folder)) is not None:
        try:
            with _whole_copy(folder, here) as bundle:
                return import_archive(bundle)
        except RunError:
            # Whoever shared it may have shared it again, or no longer, meanwhile.
            if _identity(folder) == seen:
                raise
    raise RunError(f"“{shared.title}” is not shared any more. Ask whoever shared it.")


def _identity(folder: Path) -> tuple[int, int] | None:
    """Tell a shared run from what replaces it; None if it is gone."""
    try:
        stat = folder.stat()
    except FileNotFoundError:
        return None
    return stat.st_ino, stat.st_mtime_ns


@contextmanager
def _whole_copy(folder: Path, workspace: Path) -> Iterator[Path]:
    """Copy the bundle of a shared run, which may change while it is read, into a workspace for a while."""
    with explain_disk_errors(workspace):
        workspace.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=workspace, prefix=WRITING) as draft:
            record, copy = _intact(folder), Path(draft) / BUNDLE
            with suppress(FileNotFoundError):
                shutil.copyfile(folder / BUNDLE, copy)
            _require_digest(copy, record)
            yield copy


def require_whole(folder: Path) -> None:
    """Read all of a shared run.

    Raises
    ------
    RunError
        If it is damaged.
    """
    _require_digest(folder / BUNDLE, _intact(folder))


def _require_digest(bundle: Path, record: SharedRun) -> None:
    try:
        same = digest_of_file(bundle) == record.sha256
    except OSError:
        same = False
    if not same:
        raise RunError(DAMAGED.format(record.title))


def copies_here() -> set[str]:
    """Return the SHA-256 of the bundles that the imported runs of this workspace came in."""
    found = set()
    for run in list_runs():
        with suppress(RunError):
            if (origin := imported_from(run)) is not None:
                found.add(origin.bundle)
    return found


def holds_rows(config: ExperimentConfig) -> bool:
    """Whether the model of a run consists of rows of its training data, so that a bundle holds some."""
    if isinstance(config.model, BlendModel):
        return any(holds_rows(member_config(config, name)) for name in config.model.members)
    return config.model.kind in MADE_OF_ROWS


def holds_scores(run: Run) -> bool:
    """Whether new scores are compared with some of a run, so that a bundle holds these."""
    return run.committed().rule.trailing or run.has(REFERENCES)


def is_shared_id(name: str) -> bool:
    """Whether a folder is that of a shared run; others are being written or deleted."""
    owner, _, run_id = name.partition("-")
    return len(owner) == ID_CHARACTERS and FOLDER_ID.fullmatch(run_id) is not None


def _intact(folder: Path) -> SharedRun:
    whose = f"shared run {folder.name.partition('-')[2]}"
    shared = load(SharedRun, folder / RECORD, "record", whose, AGAIN, kept=True)
    bundle = folder / BUNDLE
    if shared.id != folder.name or not bundle.is_file() or bundle.stat().st_size != shared.size:
        raise RunError(DAMAGED.format(shared.title))
    return shared


def _shared_beside(workspace: Path) -> Path:
    return workspace.parent.parent / SHARED
