"""Deleting runs, datasets and maps: what goes with each of them, and what is still in use.

A folder goes by rename, so that readers see it whole or not at all. Whatever ends a deletion in between,
nothing is left that lacks what it needs: runs go before their dataset, a map before its cells.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from rare_event.errors import RunError
from rare_event.store.alarm_lists import StoredAlarms, list_alarms
from rare_event.store.archive import is_imported
from rare_event.store.claim import follower_of
from rare_event.store.datasets import open_dataset
from rare_event.store.folders import WorkFolder, list_folders
from rare_event.store.followers import list_followers
from rare_event.store.maps import DesignMap
from rare_event.store.marks import MARKS
from rare_event.store.originals import folder_of
from rare_event.store.runs import COMMITTED, Run
from rare_event.store.scorings import Scoring
from rare_event.store.shared import folder_of_shared, stop_sharing
from rare_event.store.workspace import remove_folder
from rare_event.text import capital, plural

SHORT = 12  # characters of a digest in sentences
WITH_RUNS = "Add --with-runs to delete them too."


@dataclass(frozen=True)
class Belongings:
    """What is deleted with a run, a dataset or a map.

    Parameters
    ----------
    runs, cells
        Runs, without and with those that are cells of a map.
    maps
        Maps.
    scorings
        Results of files scored with these runs.
    alarms
        Alarm lists and rules.
    marks
        Number of alarms that somebody marked.
    shared
        Runs among them that are shared: the copy that others see goes too, what they took of it stays.
    """

    runs: tuple[Run, ...] = ()
    cells: tuple[Run, ...] = ()
    maps: tuple[DesignMap, ...] = ()
    scorings: tuple[Scoring, ...] = ()
    alarms: tuple[StoredAlarms, ...] = ()
    marks: int = 0
    shared: tuple[Run, ...] = ()

    @property
    def in_words(self) -> str:
        """What there is of each kind; empty if there is nothing.

        Examples
        --------
        >>> Belongings().in_words
        ''
        """
        committed = sum(_by_person(run) for run in self.cells)
        cells = plural(len(self.cells), "cell")
        cells += f" ({committed} with a threshold that somebody committed)" if committed else ""
        parts = [
            plural(len(self.runs), "run") if self.runs else "",
            plural(len(self.maps), "map") if self.maps else "",
            cells if self.cells else "",
            plural(len(self.scorings), "scored file") if self.scorings else "",
            plural(len(self.alarms), "alarm list") if self.alarms else "",
            plural(self.marks, "alarm mark") if self.marks else "",
            f"{plural(len(self.shared), 'run')} shared with others" if self.shared else "",
        ]
        *first, last = [part for part in parts if part] or [""]
        return f"{', '.join(first)} and {last}" if first else last


def of_run(run: Run) -> Belongings:
    """Find what is deleted with a run: files scored with it, marks of its alarms, and its shared copy."""
    return Belongings(scorings=_scorings_with([run]), marks=_marks_of([run]), shared=_shared([run]))


def of_map(design_map: DesignMap) -> Belongings:
    """Find what is deleted with a map: its cells, but for those that another map has too."""
    others = {run for other in list_folders(DesignMap) if other != design_map for run in _cells(other)}
    cells = tuple(run for run in _cells(design_map) if run not in others and _role(run) == "cell")
    return Belongings(
        cells=cells, scorings=_scorings_with(cells), marks=_marks_of(cells), shared=_shared(cells)
    )


def of_dataset(digest: str) -> Belongings:
    """Find what is deleted with a dataset: all that was made of it here.

    A run that was imported is not: its data are elsewhere.

    Raises
    ------
    RunError
        If the digest is none.
    """
    every = [run for run in list_folders(Run) if _made_of(run, digest) and not is_imported(run)]
    cells = tuple(run for run in every if _role(run) == "cell")
    return Belongings(
        runs=tuple(run for run in every if run not in cells),
        cells=cells,
        maps=tuple(each for each in list_folders(DesignMap) if _made_of(each, digest)),
        scorings=_scorings_with(every),
        alarms=tuple(list_alarms(digest)),
        marks=_marks_of(every),
        shared=_shared(every),
    )


def delete_run(run: Run) -> None:
    """Delete a run that has ended, with the files that were scored with it.

    Raises
    ------
    RunError
        If it has not ended or is in use, or the workspace cannot be written.
    """
    require_run_unused(run)
    _delete(of_run(run))
    remove_folder(run.folder)


def delete_map(design_map: DesignMap) -> None:
    """Delete a map that has ended, with its cells.

    Raises
    ------
    RunError
        If it has not ended or a cell is in use, or the workspace cannot be written.
    """
    require_map_unused(design_map)
    belongings = of_map(design_map)
    remove_folder(design_map.folder)
    _delete(belongings)


def delete_dataset(digest: str, with_runs: bool = False) -> None:
    """Delete a dataset, with its uploads and alarm lists.

    Parameters
    ----------
    digest
        Of the dataset, which may be damaged.
    with_runs
        Whether its runs and maps are deleted too; otherwise one that has any is refused.

    Raises
    ------
    RunError
        If there is no such dataset, it has runs or maps that may not be deleted or that are in use, or the
        workspace cannot be written.
    """
    require_dataset_unused(digest, with_runs)
    _delete(of_dataset(digest))
    remove_folder(folder_of(digest))


def require_run_unused(run: Run) -> None:
    """Refuse to delete a run that has not ended, or that something at work uses.

    Raises
    ------
    RunError
        If it may not be deleted.
    """
    if not has_ended(run):
        raise RunError(f"Run {run.id} has not ended. Cancel it first.")
    for design_map in list_folders(DesignMap):
        if not has_ended(design_map) and run in _cells(design_map):
            raise RunError(
                f"Run {run.id} is a cell of map {design_map.id}, which has not ended. Cancel it first."
            )
    _require_not_scoring([run])


def require_map_unused(design_map: DesignMap) -> None:
    """Refuse to delete a map that has not ended, or whose cells something at work uses.

    Raises
    ------
    RunError
        If it may not be deleted.
    """
    belongings = of_map(design_map)
    _require_ended([design_map, *belongings.cells], f"Map {design_map.id}")
    _require_not_scoring(belongings.cells)


def require_dataset_unused(digest: str, with_runs: bool) -> None:
    """Refuse to delete a dataset that is not here, or that has runs or maps that must not be deleted.

    Parameters
    ----------
    digest
        Of the dataset.
    with_runs
        Whether its runs and maps may be deleted too.

    Raises
    ------
    RunError
        If it may not be deleted.
    """
    named = f"Dataset {name_of_dataset(digest)}"
    if not folder_of(digest).is_dir():
        raise RunError(
            f"There is no dataset {digest[:SHORT]!r} in this workspace. It may be deleted already."
        )
    found = of_dataset(digest)
    works = [*found.runs, *found.cells, *found.maps]
    _require_ended([*found.maps, *found.runs, *found.cells], named)
    _require_not_scoring([*found.runs, *found.cells])
    if works and not with_runs:
        raise RunError(f"{named} has {found.in_words}, which cannot be used without it.", WITH_RUNS)


def name_of_dataset(digest: str) -> str:
    """Return the name of a dataset; of one that is damaged, the beginning of its digest."""
    with suppress(RunError):
        return open_dataset(digest).name
    return digest[:SHORT]


def _delete(belongings: Belongings) -> None:
    works: list[WorkFolder] = [*belongings.scorings, *belongings.maps, *belongings.runs, *belongings.cells]
    for run in belongings.shared:
        stop_sharing(run)
    for work in works:
        remove_folder(work.folder)


def _require_ended(works: Iterable[WorkFolder], named: str) -> None:
    for work in works:
        if not has_ended(work):
            if capital(work.named) == named:
                raise RunError(f"{named} has not ended. Cancel it first.")
            raise RunError(f"{named} is in use: {work.named} has not ended. Cancel {work.named} first.")


def _require_not_scoring(runs: Iterable[Run]) -> None:
    """Refuse where a file is being scored with one of the runs, or a folder followed."""
    runs = list(runs)
    for scoring in _scorings_with(runs):
        if not has_ended(scoring):
            raise RunError(
                f"Run {scoring.request().run} is scoring {scoring.name}. Wait until it is done, or cancel it "
                "on the Score page."
            )
    ids = {run.id for run in runs}
    for note in list_followers():
        if note.run in ids and (process := follower_of(note.out)) is not None:
            raise RunError(
                f"Run {note.run} scores the files that arrive in {note.watched} ({process.in_words}). Stop "
                "that process first."
            )


def has_ended(work: WorkFolder) -> bool:
    """Whether work has ended; a record that cannot be read is of no work."""
    with suppress(RunError):
        if isinstance(work, DesignMap):
            return work.state().ended
        if isinstance(work, Run | Scoring):
            return work.status().ended
    return True


def _made_of(work: WorkFolder, digest: str) -> bool:
    with suppress(RunError):
        return work.dataset().digest == digest
    return False


def _cells(design_map: DesignMap) -> list[Run]:
    with suppress(RunError):
        return list(design_map.cells().values())
    return []


def _role(run: Run) -> str:
    with suppress(RunError):
        return run.purpose().role
    return "run"


def _by_person(run: Run) -> bool:
    with suppress(RunError):
        committed = COMMITTED.read_or(run, None)
        return committed is not None and committed.by_person
    return False


def _marks_of(runs: Iterable[Run]) -> int:
    found = 0
    for run in runs:
        with suppress(RunError):
            found += len(MARKS.read_or(run, []))
    return found


def _shared(runs: Iterable[Run]) -> tuple[Run, ...]:
    return tuple(run for run in runs if folder_of_shared(run) is not None)


def _scorings_with(runs: Iterable[Run]) -> tuple[Scoring, ...]:
    ids = {run.id for run in runs}
    found = []
    for scoring in list_folders(Scoring) if ids else ():
        with suppress(RunError):
            if scoring.request().run in ids:
                found.append(scoring)
    return tuple(found)
