"""Whether all that a workspace keeps can be read: each thing by the readers that the app uses.

A thing at work is left alone: its files change. A file without which a thing can be used, because its absence
has a meaning, is damage of its own; any other damages the whole thing.
"""

from __future__ import annotations

import hashlib
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

import pyarrow as pa

from rare_event.errors import RareEventError, RunError
from rare_event.experiment.explain import Explanation
from rare_event.store.alarm_lists import StoredAlarms, list_alarms
from rare_event.store.archive import is_imported
from rare_event.store.bundle import COUNTED, FACTS, UNITS, open_folds, open_trained
from rare_event.store.datasets import RECORD, STORED, Dataset, open_dataset
from rare_event.store.digests import DIGESTS, digests_of
from rare_event.store.folders import DATASET, Entry, list_folders
from rare_event.store.maps import CELLS, DesignMap
from rare_event.store.marks import MARKS
from rare_event.store.originals import COPIED_BYTES, DIGEST, ORIGINAL, folder_of
from rare_event.store.runs import ABOUT, INPUTS, PURPOSE, SCORES, STATUS, Run, read_cache
from rare_event.store.scored import FILES, SCORES_PARQUET, SUMMARY
from rare_event.store.scorings import ALARMS, WATCH, WINDOWS, Scoring
from rare_event.store.serial import UPLOAD_AGAIN
from rare_event.store.shared import BUNDLE, require_whole, shared_folders
from rare_event.store.workspace import home, paths_below, scratch_home
from rare_event.text import plural

Kind = Literal["dataset", "run", "map", "scoring", "shared run"]
# What has no record yet may still be being written; after so long nobody does.
HALF_MADE_SECONDS = 3600.0
# A file and what reads it.
Reading = tuple[str, Callable[[], object]]


@dataclass(frozen=True)
class Damage:
    """A file that cannot be read.

    Parameters
    ----------
    kind, id
        The thing it belongs to.
    file
        Its path in the folder of the thing.
    what
        What is wrong and what to do, in a sentence.
    paths
        What is set aside to repair it: the folder of the thing, or only files of it.
    drop
        Whether these are deleted instead: they can be computed again.
    """

    kind: Kind
    id: str
    file: str
    what: str
    paths: tuple[Path, ...]
    drop: bool = False

    @property
    def in_words(self) -> str:
        """The thing, the file and the sentence."""
        return f"{self.kind} {self.id}, {self.file}: {self.what}"


def damages_of(workspace: Path) -> list[Damage]:
    """Read all datasets, runs, maps, scored files and shared runs of a workspace; return what cannot be read.

    Parameters
    ----------
    workspace
        Its folder.
    """
    with scratch_home(workspace):
        return [*_damages()]


def _damages() -> Iterator[Damage]:
    for digest in digests():
        yield from _of_digests("dataset", folder_of(digest)) or _of_dataset(digest)
    for run in list_folders(Run):
        yield from _of_digests("run", run.folder) or _of_run(run)
    for design_map in list_folders(DesignMap):
        yield from _of_digests("map", design_map.folder) or _of_map(design_map)
    for scoring in list_folders(Scoring):
        yield from _of_digests("scoring", scoring.folder) or _of_scoring(scoring)
    for folder in shared_folders(home()):
        yield from _failing("shared run", folder.name, [(BUNDLE, partial(require_whole, folder))], (folder,))


def _of_digests(kind: Kind, folder: Path) -> list[Damage]:
    """Return the damage of the list of digests of a folder: without it, the rest can be read."""
    return list(_failing(kind, folder.name, [(DIGESTS, partial(digests_of, folder))], (folder / DIGESTS,)))


def digests() -> list[str]:
    """Return the digests of all datasets of the workspace, readable or not."""
    return sorted(each.name for each in (home() / "datasets").glob("*") if DIGEST.fullmatch(each.name))


def last_change(folder: Path) -> float:
    """Return when something in a folder changed last, in seconds since 1970."""
    times = [0.0]
    for path in (folder, *paths_below(folder)):
        # It may be deleted meanwhile.
        with suppress(OSError):
            times.append(path.stat().st_mtime)
    return max(times)


def _of_dataset(digest: str) -> Iterator[Damage]:
    folder = folder_of(digest)
    if half_made(folder, RECORD):
        return
    whole = list(_failing("dataset", digest, [(RECORD, partial(open_dataset, digest))], (folder,)))
    if whole:
        yield from whole
        return
    dataset = open_dataset(digest)
    yield from _failing("dataset", digest, _columns(dataset), (folder,))
    for path in folder.glob("raw*.parquet"):
        if STORED.fullmatch(path.name) and path.name != dataset.stored:
            # Of an earlier reading, for runs that were trained on it.
            read = replace(dataset, stored=path.name, fixes=()).raw
            yield from _failing("dataset", digest, [(path.name, read)], (path,))
    for path in folder.glob("*.zst"):
        # Of one file alone, the digest of the dataset is that of the upload.
        expected = digest if path.name == ORIGINAL and not dataset.events else ""
        yield from _failing("dataset", digest, [(path.name, partial(_unpack, path, expected))], (path,))
    yield from _of_alarm_lists(digest, folder)


def _columns(dataset: Dataset) -> Iterator[Reading]:
    yield dataset.stored, partial(_read_rows, dataset)
    yield dataset.stored, dataset.raw


def _read_rows(dataset: Dataset) -> None:
    n_rows = len(replace(dataset, fixes=()).raw())
    if n_rows != dataset.n_rows:
        raise RunError(
            f"The stored file of {dataset.name} holds {plural(n_rows, 'row')}, but {dataset.n_rows:,} were "
            "uploaded. Upload the file again."
        )


def _unpack(path: Path, expected: str) -> None:
    """Unpack an upload and compare its digest, if that is known; an empty file was never stored."""
    found, n_bytes = hashlib.sha256(), 0
    with pa.input_stream(str(path), compression="zstd") as packed:
        while block := packed.read(COPIED_BYTES):
            found.update(block)
            n_bytes += len(block)
    if not n_bytes or (expected and found.hexdigest() != expected):
        raise RunError(
            f"The uploaded file of this dataset is damaged: it cannot be read again. {UPLOAD_AGAIN}"
        )


def _of_alarm_lists(digest: str, folder: Path) -> Iterator[Damage]:
    readable: dict[str, StoredAlarms] = {stored.id: stored for stored in list_alarms(digest)}
    lists = (folder / "alarms").glob("[0-9]*")
    for path in sorted({each.with_suffix(".json") for each in lists}):
        stored, content = readable.get(path.stem), path.with_suffix(".zst")
        file = f"alarms/{path.name}"
        if stored is None:
            what = "The record of an alarm list cannot be read: the file is damaged. Add the list again."
            yield Damage("dataset", digest, file, what, (path, content))
        elif stored.rule is None:
            readings = [(f"alarms/{content.name}", stored.alarms)]
            yield from _failing("dataset", digest, readings, (path, content))


def _of_run(run: Run) -> Iterator[Damage]:
    if half_made(run.folder, STATUS.file):
        return
    unreadable = list(_failing("run", run.id, [(STATUS.file, run.status)], (run.folder,)))
    if unreadable or not run.status().ended:
        yield from unreadable
        return
    whole = list(_failing("run", run.id, _records_of_run(run), (run.folder,)))
    if not whole and run.status().state == "done":
        whole = list(_failing("run", run.id, _results(run), (run.folder,)))
    yield from whole
    for file, read in _may_be_absent(run):
        yield from _failing("run", run.id, [(file, read)], (run.folder / file,))
    # Older versions cached in files of this ending, which nothing reads any more.
    for path in (each for each in run.folder.glob("cache-*") if each.suffix != ".parquet"):
        for damage in _failing("run", run.id, [(path.name, partial(read_cache, path))], (path,)):
            yield replace(damage, what="This cache cannot be read. It is computed again.", drop=True)


def _records_of_run(run: Run) -> Iterator[Reading]:
    yield run.SETTINGS, run.config
    yield DATASET.file, run.dataset
    yield PURPOSE.file, run.purpose
    yield "looks.json", run.looks


def _may_be_absent(run: Run) -> Iterator[Reading]:
    """Yield the files of a run that it can be used without."""
    yield ABOUT.file, partial(ABOUT.read_or, run, None)
    yield "history.csv", run.history
    yield "log.txt", run.log
    yield "layers.json", run.layers
    yield MARKS.file, partial(MARKS.read_or, run, None)
    for path in run.folder.glob("explained-*.json"):
        yield path.name, partial(Entry(path.name, list[Explanation], "explanations of the alarms").read, run)
    for path in run.folder.glob("map-*.json"):
        windows = path.stem.removeprefix("map-")
        yield path.name, partial(run.figures, windows)
    for path in run.folder.glob("bundle-*.zip"):
        yield path.name, partial(_unzip, path)


def _results(run: Run) -> Iterator[Reading]:
    """Yield the files that a run has once it is done."""
    role = run.purpose().role
    if role in ("leakage", "ablation"):
        yield f"{role}.json", run.leakage if role == "leakage" else run.ablation
        return
    yield "threshold.json", run.committed
    yield "evaluation.json", run.evaluation
    yield "judgement.json", run.judged
    if not is_imported(run):
        yield SCORES.file, partial(SCORES.read, run)
        yield "scores.parquet", partial(run.scores, "validation")
        yield "scores.parquet", partial(run.scores, "test")
        if any((run.folder / name).exists() for name in ("contributions.parquet", INPUTS.file)):
            yield "contributions.parquet", partial(run.contributions, "validation")
            yield "contributions.parquet", partial(run.contributions, "test")
    models = [path for path in sorted(run.folder.rglob("*")) if path.suffix in (".keras", ".npz", ".skops")]
    for path in models:
        yield path.relative_to(run.folder).as_posix(), partial(_unzip, path)
    for entry in (FACTS, UNITS, COUNTED):
        yield entry.file, partial(entry.read_or, run, None)
    # A network would need TensorFlow; of its file the checksums are compared.
    if (run.folder / FACTS.file).exists() and not any(path.suffix == ".keras" for path in models):
        yield "the model", partial(open_trained, run)
        if not is_imported(run):
            yield "the models of its folds", partial(open_folds, run)


def _unzip(path: Path) -> None:
    with zipfile.ZipFile(path) as file:
        if file.testzip() is not None:
            raise zipfile.BadZipFile


def _of_map(design_map: DesignMap) -> Iterator[Damage]:
    if half_made(design_map.folder, "state.json"):
        return
    readings: list[Reading] = [
        ("state.json", design_map.state),
        (design_map.SETTINGS, design_map.space),
        (DATASET.file, design_map.dataset),
    ]
    if _at_work(lambda: design_map.state().ended):
        return
    readings += [
        (CELLS.file, partial(CELLS.read_or, design_map, None)),
        ("windows.parquet", design_map.windows),
    ]
    yield from _failing("map", design_map.id, readings, (design_map.folder,))


def _of_scoring(scoring: Scoring) -> Iterator[Damage]:
    if half_made(scoring.folder, "status.json") or _at_work(lambda: scoring.status().ended):
        return
    readings: list[Reading] = [
        ("status.json", scoring.status),
        (scoring.SETTINGS, scoring.request),
        (DATASET.file, scoring.dataset),
        ("findings.json", scoring.findings),
    ]
    with suppress(RunError):
        if scoring.status().state == "done":
            readings += [
                *((name, partial(scoring.file, name)) for name in FILES),
                (SUMMARY, scoring.summary),
                (SCORES_PARQUET, scoring.frame),
                (ALARMS, scoring.alarms),
                (WATCH, scoring.watch),
                (WINDOWS, scoring.windows),
            ]
    yield from _failing("scoring", scoring.id, readings, (scoring.folder,))


def _failing(kind: Kind, id_: str, readings: Iterable[Reading], paths: tuple[Path, ...]) -> Iterator[Damage]:
    """Yield a damage for each reading that fails, but once for each sentence."""
    said = set()
    for file, read in readings:
        what = _problem(read)
        if what and what not in said:
            said.add(what)
            yield Damage(kind, id_, file, what, paths)


def _problem(read: Callable[[], object]) -> str:
    """Return why something cannot be read; empty if it can."""
    try:
        read()
    except RareEventError as error:
        return str(error)
    # What a damaged file makes a library raise is not known beforehand.
    except Exception as error:
        return f"The file cannot be read: it is missing or damaged ({type(error).__name__})."
    return ""


def half_made(folder: Path, record: str) -> bool:
    """Whether a folder may be being created: it has no record yet, and changed a short while ago."""
    if (folder / record).exists() or (folder / DIGESTS).exists():
        return False
    return time.time() - last_change(folder) < HALF_MADE_SECONDS


def _at_work(ended: Callable[[], bool]) -> bool:
    with suppress(RunError):
        return not ended()
    return False
