"""A cancelled training that does not end by itself ends its worker, and only its worker."""

import threading

import pytest

from rare_event.jobs import cancelling
from rare_event.jobs.cancelling import allow_to_end, ended_when_cancelled
from rare_event.jobs.pool import begin_worker
from rare_event.store.datasets import add_dataset
from rare_event.store.runs import create_run, mark
from tests.small import ENDLESS


@pytest.fixture
def run(workspace, small_csv):
    return create_run(add_dataset(small_csv, "small.csv"), ENDLESS)


def watchers() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("cancelling")]


@pytest.fixture
def ended(monkeypatch):
    """A worker process, whose end is an event here."""
    ended = threading.Event()

    def end(code: int) -> None:
        assert code == 1
        ended.set()

    monkeypatch.setattr(cancelling, "_may_end", threading.Event())
    monkeypatch.setattr(cancelling.os, "_exit", end)
    monkeypatch.setattr(cancelling, "LOOK", 0.001)
    monkeypatch.setattr(cancelling, "PATIENCE", 0.001)
    return ended


def test_a_training_that_goes_on_ends_its_worker_and_is_cancelled(run, ended) -> None:
    mark(run, "running")
    allow_to_end()
    with ended_when_cancelled(run):
        assert not ended.wait(0.1), "nobody has asked for it"
        run.request_cancel()
        assert ended.wait(60)
    status = run.written_status()
    assert (status.state, status.message) == ("cancelled", "The run was cancelled.")


def test_a_training_that_ends_by_itself_records_how(run, ended, monkeypatch) -> None:
    monkeypatch.setattr(cancelling, "PATIENCE", 60.0)
    mark(run, "running")
    allow_to_end()
    with ended_when_cancelled(run):
        run.request_cancel()
        assert watchers() == [f"cancelling {run.id}"]
    for thread in threading.enumerate():
        if thread.name.startswith("cancelling"):
            thread.join(60)
    assert not watchers() and not ended.is_set()
    assert run.written_status().state == "running", "only the training itself says how it ended"


def test_a_process_that_does_other_work_is_never_ended(run, ended, monkeypatch) -> None:
    monkeypatch.setattr("rare_event.jobs.pool.end_with", lambda _: None)
    monkeypatch.setattr("rare_event.jobs.pool.os.nice", lambda _: 0)
    # As the workers of the cells of a map begin.
    begin_worker(1)
    run.request_cancel()
    with ended_when_cancelled(run):
        assert not watchers()
    assert not ended.is_set() and run.written_status().state == "queued"
