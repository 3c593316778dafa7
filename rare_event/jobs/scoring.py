"""Score a new file in a worker, where networks may be opened; and write bundles there."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import partial
from time import perf_counter

from rare_event.errors import Cancelled, RareEventError, RunError
from rare_event.experiment.differences import Mismatch
from rare_event.experiment.matching import refuse
from rare_event.experiment.score import score
from rare_event.logs import log, logged_job, set_up_in_worker
from rare_event.read.between import between_blocks
from rare_event.store.archive import archive_file, save_archive
from rare_event.store.bundle import open_trained
from rare_event.store.incoming import read_new
from rare_event.store.processes import give_up, owner
from rare_event.store.runs import open_run
from rare_event.store.scorings import Scoring, Status, open_scoring
from rare_event.store.shared import share

UNWRITTEN = "The scores could not be written. Free some space, then score the file again."
NO_MEMORY = "This machine has too little memory for the file. Score it in parts."


def score_in_worker(scoring_id: str) -> None:
    """Score the file of a scoring; the outcome is in its folder."""
    # It may have been deleted while it waited, or scored by another server.
    try:
        scoring = open_scoring(scoring_id)
        if scoring.status().ended:
            return
    except RunError:
        return
    set_up_in_worker()
    with logged_job(scoring=scoring.id) as job:
        _execute(scoring)
        # It may have been deleted meanwhile.
        with suppress(RunError):
            job.state = scoring.status().state


def _execute(scoring: Scoring) -> None:
    """Score the file of a scoring and record the outcome."""
    pid, created = owner()
    try:
        running = Status("running", pid=pid, pid_created=created)
        scoring.write_status(_scored(scoring, running))
        if scoring.status().state == "done":
            scoring.forget_files()
    except Cancelled:
        _end(scoring, Status("cancelled"))
    except RareEventError as error:
        _fail(scoring, str(error))
    except MemoryError:
        _fail(scoring, NO_MEMORY)
    except Exception as error:
        _fail(scoring, f"The file cannot be scored: an unexpected error ({type(error).__name__}: {error}).")


def _scored(scoring: Scoring, running: Status) -> Status:
    """Score the file, or find that the analyst must say which column is which.

    Raises
    ------
    Cancelled
        If cancellation was requested.
    """
    request, began = scoring.request(), perf_counter()
    _go_on(scoring, running)
    trained = open_trained(open_run(request.run))
    with between_blocks(partial(_require_wanted, scoring)):
        incoming = read_new(trained, scoring.source, scoring.name, request.mapping, scoring.history)
    matched = incoming.matched
    log("read", run=request.run, seconds=perf_counter() - began)
    _go_on(scoring, running)
    scoring.save_findings(matched.findings)
    if can_be_mapped(matched.findings):
        return Status("asked")
    refuse(matched.findings)
    table = matched.ready()

    def on_rows(rows: int) -> None:
        _go_on(scoring, replace(running, progress=rows / table.n_rows))

    began = perf_counter()
    scored = score(trained, table, incoming.history, on_rows=on_rows, shelve_until=request.shelve_until)
    log("scored", run=request.run, rows=table.n_rows, seconds=perf_counter() - began)
    scoring.save(trained, scored)
    log("saved", run=request.run)
    return Status("done")


def _go_on(scoring: Scoring, status: Status) -> None:
    """Write how far the work is, unless it is cancelled."""
    _require_wanted(scoring)
    scoring.write_status(status)


def _require_wanted(scoring: Scoring) -> None:
    if scoring.cancel_requested:
        raise Cancelled("The scoring was cancelled.")


def can_be_mapped(findings: tuple[Mismatch, ...]) -> bool:
    """Whether all that is in the way are missing columns, and the file has others in their place."""
    blocking = {one.kind for one in findings if one.blocks}
    others = any(one.suggestion or one.kind == "new" for one in findings)
    return bool(blocking) and blocking <= {"missing", "renamed"} and others


def _fail(scoring: Scoring, message: str) -> None:
    _end(scoring, Status("failed", message))


def _end(scoring: Scoring, status: Status) -> None:
    try:
        scoring.write_status(status)
        scoring.forget_files()
    except RareEventError:
        if scoring.folder.is_dir():
            # The outcome could not be written (a full disk?): ending the process reports the failure.
            give_up(UNWRITTEN)


def write_bundle_in_worker(run_id: str) -> None:
    """Write the bundle of a run as it is now into its folder, in place of an earlier one."""
    run = open_run(run_id)
    path = archive_file(run)
    save_archive(run, path)
    for other in run.folder.glob("bundle-*.zip"):
        if other != path:
            with suppress(OSError):
                other.unlink()


def share_in_worker(run_id: str, by: str) -> None:
    """Share a run as it is now, unless that is not wanted any more; `by` is told to others."""
    share(open_run(run_id), by)
