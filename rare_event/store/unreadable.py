"""What is in the workspace and cannot be listed: a sentence for each, so that nothing vanishes in silence."""

from __future__ import annotations

from collections.abc import Callable

from rare_event.errors import RareEventError, RunError
from rare_event.store.check import digests, half_made
from rare_event.store.datasets import RECORD, open_dataset
from rare_event.store.folders import Work, list_folders
from rare_event.store.maps import DesignMap
from rare_event.store.originals import folder_of
from rare_event.store.runs import ABOUT, EVALUATION, Run
from rare_event.store.scorings import Scoring


def unreadable_datasets() -> list[str]:
    """Return a sentence for each dataset that cannot be listed."""
    said = []
    for digest in digests():
        if half_made(folder_of(digest), RECORD):
            continue
        try:
            open_dataset(digest)
        except RunError as error:
            said.append(str(error))
    return said


def unreadable_runs() -> list[str]:
    """Return a sentence for each run that cannot be listed or compared, latest first."""
    return _unreadable(Run, _read_records)


def _read_records(run: Run) -> None:
    role, status = run.purpose().role, run.status()
    # A map that can be read says what is wrong with its cells, which may be many.
    if role not in ("run", "baseline"):
        return
    run.dataset(), run.config(), ABOUT.read_or(run, None)
    if status.state == "done":
        run.looks(), run.committed(), EVALUATION.read_or(run, None), run.judged()


def unreadable_maps() -> list[str]:
    """Return a sentence for each map that cannot be listed, latest first."""
    return _unreadable(DesignMap, lambda each: (each.state(), each.space(), each.dataset()))


def unreadable_scorings() -> list[str]:
    """Return a sentence for each scoring that cannot be listed, latest first."""
    return _unreadable(Scoring, lambda scoring: (scoring.status(), scoring.request()))


def _unreadable(kind: type[Work], read: Callable[[Work], object]) -> list[str]:
    """Return a sentence for each run, map or scoring that cannot be read, latest first.

    Parameters
    ----------
    kind
        Which of them.
    read
        Reads what must be readable to list it.
    """
    said = []
    for work in list_folders(kind):
        if half_made(work.folder, "state.json" if kind is DesignMap else "status.json"):
            continue
        try:
            read(work)
        except RareEventError as error:
            said.append(str(error))
    return said
