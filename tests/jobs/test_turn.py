"""Of several servers on one workspace, one executes at a time."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from filelock import FileLock, Timeout

from rare_event.jobs.queue import Jobs, LocalPool
from rare_event.store.datasets import add_dataset
from rare_event.store.lease import TURN, turn
from rare_event.store.runs import create_run
from rare_event.store.workspace import root
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
    assert is_taken()
    other()
    with turn(root(), lambda: False):
        assert is_taken()
    assert not is_taken()


def is_taken() -> bool:
    try:
        with FileLock(root() / TURN, timeout=0):
            return False
    except Timeout:
        return True
