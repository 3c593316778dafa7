"""One queue for the workspaces of several people: each job is done in its own."""

import os
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import pytest

from rare_event.config import DesignSpace
from rare_event.errors import RunError
from rare_event.jobs.queue import Jobs, LocalPool
from rare_event.store.datasets import add_dataset, list_datasets
from rare_event.store.maps import DesignMap, MapState, create_map, list_maps
from rare_event.store.records import Status
from rare_event.store.runs import Run, create_run, list_runs, mark
from rare_event.store.scorings import list_scorings
from rare_event.store.users import workspace_of
from rare_event.store.workspace import home
from rare_event.store.workspace import workspace as working_in
from tests.jobs.test_queue import ByHand, until_ended
from tests.small import PCA, small_frame

PEOPLE = ("ana", "ben")
SPACE = DesignSpace((1, 2), (1,), ("difference",), ("pca",), folds=2)


@pytest.fixture
def folders(workspace: Path) -> dict[str, Path]:
    """A workspace for each person, with a dataset that no other has."""
    found = {name: workspace_of("https://id.example", name) for name in PEOPLE}
    for n_rows, (name, folder) in zip((600, 660), found.items(), strict=True):
        with working_in(folder):
            add_dataset(small_frame(n_rows).to_csv(index=False).encode(), f"{name}.csv")
    return found


def runs_in(folder: Path) -> list[Run]:
    with working_in(folder):
        return list_runs(role=None)


def queued_in(folder: Path) -> Run:
    with working_in(folder):
        return create_run(list_datasets()[0], PCA)


def where() -> str:
    return str(home())


def test_one_worker_executes_the_runs_of_each_in_their_own_folder(workspace: Path, folders) -> None:
    pool = LocalPool()
    jobs = Jobs(pool)
    try:
        runs = [queued_in(folders[name]) for name in PEOPLE * 2]
        for run, name in zip(runs, PEOPLE * 2, strict=True):
            # Who submits is somewhere else.
            jobs.submit(run, name)
        with working_in(folders["ben"]):
            answer = jobs.ask(where)
        assert until_ended(*runs) == ["done"] * 4, [run.status().message for run in runs]
        assert answer.result(120) == str(folders["ben"]) and jobs.ask(where).result(120) == str(workspace)
    finally:
        pool().shutdown(wait=True, kill_workers=True)
    assert len({run.status().pid for run in runs}) == 1 and runs[0].status().pid != os.getpid()
    for name, folder in folders.items():
        assert {run.dataset().name for run in runs_in(folder)} == {f"{name}.csv"} and len(
            runs_in(folder)
        ) == 2
        assert all((run.folder / "scores.parquet").is_file() for run in runs_in(folder))
    assert not (workspace / "runs").exists() and not (workspace / "datasets").exists()


def test_a_restarted_server_takes_up_what_waits_in_each_workspace_once(workspace: Path, folders) -> None:
    waiting = [queued_in(folders[name]) for name in ("ana", "ana", "ben")]
    ended = queued_in(folders["ben"])
    mark(ended, "done")
    pool = ByHand()
    jobs = Jobs(pool)
    taken = jobs.recover()
    assert {run.folder for run in taken} == {run.folder for run in waiting}
    assert jobs.recover() == [] and len(jobs.pending()) == 3
    by_person = [run.workspace for run in jobs.pending()]
    assert by_person[0] != by_person[1], "nobody waits for all that another has queued"
    for n in range(3):
        assert len(pool.futures) == n + 1
        Run(jobs.pending()[0].folder).write_status(Status("done"))
        pool.futures[n].set_result(Status("done"))
    assert len(pool.futures) == 3 and jobs.recover() == []


def test_a_workspace_that_cannot_be_read_keeps_no_other_waiting(folders, monkeypatch) -> None:
    waiting = [queued_in(folders[name]) for name in PEOPLE]
    with working_in(folders["ana"]):
        made = create_map(waiting[0].dataset(), SPACE)
    made.write_state(MapState("queued"))
    made.request_cancel()

    def full(*_: Any) -> None:
        raise RunError("The disk is full.")

    monkeypatch.setattr(DesignMap, "write_state", full)
    jobs = Jobs(ByHand())
    jobs.recover()
    assert {run.workspace for run in jobs.pending()} == set(folders.values())


def test_what_is_cancelled_is_that_of_its_own_workspace(folders) -> None:
    first, second = (queued_in(folders[name]) for name in PEOPLE)
    jobs = Jobs(ByHand())
    for run in (first, second):
        jobs.submit(run)
    with working_in(folders["ana"]):
        assert jobs.waiting_before(second) == 1
    jobs.cancel(second)
    assert second.status().state == "cancelled" and first.status().state == "queued"
    assert jobs.pending() == [first] and not first.cancel_requested


class Here(Executor):
    """Executes each cell at once, in this thread."""

    def submit(self, fn: Any, /, *args: Any, **named: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **named))
        return future


def test_a_map_makes_its_cells_in_its_own_workspace(workspace: Path, folders) -> None:
    with working_in(folders["ana"]):
        made = create_map(list_datasets()[0], SPACE)
    thread = Jobs(ByHand(), Here).start_map(made)
    thread.join(120)
    assert not thread.is_alive() and made.state().state == "done", made.state().message
    assert [run.status().state for run in runs_in(folders["ana"])] == ["done", "done"]
    assert runs_in(folders["ben"]) == runs_in(workspace) == []
    with working_in(folders["ben"]):
        assert list_maps() == [] and list_scorings() == []
