"""Of several servers on one workspace, one executes at a time."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from filelock import FileLock

from rare_event.jobs import map_runner, queue
from rare_event.jobs.map_runner import run_map
from rare_event.jobs.queue import Jobs, LocalPool
from rare_event.store.datasets import add_dataset
from rare_event.store.lease import NEXT, TURN, Taken, is_leased, leased, turn
from rare_event.store.maps import create_map
from rare_event.store.processes import owner
from rare_event.store.runs import create_run, mark, open_run
from rare_event.store.scorings import Status, create_scoring
from rare_event.store.workspace import root
from tests.jobs.test_map_runner import SPACE, Here
from tests.jobs.test_queue import until, until_ended
from tests.small import PCA


@pytest.fixture
def other(workspace):
    """What ends the turn of another server; a thread stands for it, since a lock belongs to one."""
    root().mkdir(parents=True, exist_ok=True)
    lock = FileLock(root() / TURN)
    with ThreadPoolExecutor(1) as server:
        server.submit(lock.acquire).result()
        yield lambda: server.submit(lock.release).result()
        server.submit(lock.release, force=True).result()


@pytest.fixture
def dataset(workspace, small_csv):
    return add_dataset(small_csv, "small.csv")


@pytest.fixture
def jobs(workspace):
    pool = LocalPool()
    yield Jobs(pool)
    pool().shutdown(wait=True, kill_workers=True)


def test_a_run_waits_until_the_other_server_has_ended_its_own(jobs, dataset, other) -> None:
    first, second = create_run(dataset, PCA), create_run(dataset, PCA)
    for run in (first, second):
        jobs.submit(run)
    jobs.warm_up()
    until(lambda: jobs.pending() == [first, second], "both wait")
    assert [jobs.waiting_before(run) for run in (first, second)] == [1, 2], "the other one's is ahead"
    assert [run.status().state for run in (first, second)] == ["queued", "queued"]
    other()
    assert until_ended(first, second) == ["done", "done"]


def test_what_waits_for_its_turn_can_be_cancelled(jobs, dataset, other) -> None:
    run, later = create_run(dataset, PCA), create_run(dataset, PCA)
    jobs.submit(run)
    jobs.submit(later)
    jobs.cancel(run)
    until(lambda: run.status().ended, "it is cancelled at once")
    assert run.status().state == "cancelled" and not (run.folder / "scores.parquet").exists()
    assert later.status().state == "queued"
    other()
    assert until_ended(later) == ["done"]


def test_a_turn_that_is_given_up_goes_on_and_leaves_the_other_its_own(other) -> None:
    looks: list[int] = []

    def third_look() -> bool:
        looks.append(1)
        return len(looks) > 2

    with turn(root(), third_look):
        assert len(looks) == 3 and is_taken(), "the other still has its turn"
        assert not is_leased(root(), NEXT), "nobody waits behind what is given up"
    assert is_taken()
    other()
    with turn(root(), lambda: False):
        assert is_taken()
    assert not is_taken()


def test_whoever_had_a_turn_is_not_next_while_another_waits(workspace) -> None:
    root().mkdir(parents=True, exist_ok=True)
    order: list[str] = []

    def take(name: str) -> None:
        with turn(root(), lambda: False):
            order.append(name)

    with ThreadPoolExecutor(1) as server:
        with turn(root(), lambda: False):
            waits = server.submit(take, "other")
            until(lambda: is_leased(root(), NEXT), "the other waits")
        take("again")
        waits.result(60)
    assert order == ["other", "again"]
    assert not is_taken() and not is_leased(root(), NEXT)


def test_no_cell_begins_while_the_other_server_trains(dataset, other, monkeypatch) -> None:
    looks: list[bool] = []

    def look(*arguments: Any) -> bool:
        looks.append(is_leased(*arguments))
        return looks[-1]

    monkeypatch.setattr(queue, "is_leased", look)
    monkeypatch.setattr(map_runner, "execute_cell", lambda _, run_id: mark(open_run(run_id), "done"))
    made = create_map(dataset, replace(SPACE, shifts=(1,), lookbacks=(1,)))
    thread = Jobs(open_worker=Here).start_map(made)
    until(lambda: len(looks) > 1, "it has looked twice")
    assert looks[:2] == [True, True] and made.cells() == {}
    other()
    thread.join(120)
    assert made.state().state == "done" and len(made.cells()) == 2


def test_a_map_that_another_server_computes_is_not_computed_twice(dataset) -> None:
    made = create_map(dataset, SPACE)
    before = made.state()
    with ThreadPoolExecutor(1) as server:
        held = leased(made.folder, made.named)
        server.submit(held.__enter__).result()
        with pytest.raises(Taken, match=f"^Another process works on map {made.id}"):
            run_map(made, 1, open_worker=Here)
        assert made.state() == before and made.cells() == {}
        server.submit(held.__exit__, None, None, None).result()


def test_a_scoring_that_another_server_has_queued_is_cancelled_at_once(dataset) -> None:
    run = create_run(dataset, PCA)
    queued, running = (create_scoring(run, [(BytesIO(b"rows"), "new.csv")]) for _ in range(2))
    pid, created = owner()
    at_work = running.write_status(Status("running", pid=pid, pid_created=created))
    for scoring in (queued, running):
        Jobs(open_worker=Here).cancel_scoring(scoring)
    assert queued.status() == Status("cancelled") and not list(queued.folder.glob("input-*"))
    # Its worker sees the request, and ends it.
    assert running.status() == at_work and running.cancel_requested and running.source


def is_taken() -> bool:
    return is_leased(root(), TURN)
