"""What a folder says of work whose process is gone, or is another one by now."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import psutil
import pytest

from rare_event.config import RECOMMENDED, DesignSpace
from rare_event.store.datasets import add_dataset
from rare_event.store.deleting import delete_run
from rare_event.store.maps import MapState, create_map, list_maps
from rare_event.store.processes import CLOCK_SECONDS, alive, read_alive
from rare_event.store.records import Status
from rare_event.store.runs import create_run, list_runs, mark


@pytest.fixture
def dataset(workspace, upload):
    return add_dataset(upload, "mill.csv")


def created(process: subprocess.Popen[bytes]) -> float:
    return psutil.Process(process.pid).create_time()


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    """A process that waits until it is killed."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process
    process.kill()
    process.communicate()


def test_a_process_is_alive_until_it_ends_even_if_nobody_asks_how(child) -> None:
    began = created(child)
    assert alive(child.pid, began)
    os.kill(child.pid, signal.SIGKILL)
    # Nobody has asked yet how it ended, so that its number is still taken.
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert psutil.pid_exists(child.pid)
    assert not alive(child.pid, began)


def test_a_number_that_is_used_again_is_another_process(child) -> None:
    assert not alive(child.pid, created(child) - 2 * CLOCK_SECONDS)
    assert not alive(child.pid, None)
    # The clock was set by a second since: it is the same process.
    assert alive(child.pid, created(child) + 1)


def test_how_work_ended_just_before_its_process_did_is_not_lost() -> None:
    gone = Status("running", pid=2**22 - 1, pid_created=1.0)
    looks = iter([gone, replace(gone, state="done")])
    assert read_alive(lambda: next(looks), lambda _: Status("interrupted")).state == "done"
    assert read_alive(lambda: gone, lambda _: Status("interrupted")).state == "interrupted"


def test_a_run_whose_process_is_gone_says_so_wherever_it_is_read(dataset, child) -> None:
    run, other = create_run(dataset, RECOMMENDED), create_run(dataset, RECOMMENDED)
    written = Status("running", epoch=3, epochs=9, pid=child.pid, pid_created=created(child))
    for each in (run, other):
        each.write_status(written)
    assert run.status() == written
    other.write_status(replace(written, pid_created=1.0))
    child.kill()
    child.wait()
    for each in list_runs():
        status = each.status()
        assert status.state == "interrupted" and status.ended and status.epoch == 3
        assert status.message == "The process that was training this run ended early. Train the run again."
    # To look changes nothing, to mark keeps the rest.
    assert run.written_status() == written
    assert mark(run, "cancelled") == replace(written, state="cancelled")
    delete_run(other)
    assert list_runs() == [run]


def test_a_map_whose_process_is_gone_says_so(dataset, child) -> None:
    made = create_map(dataset, DesignSpace())
    written = MapState("running", pid=child.pid, pid_created=created(child), workers=2)
    made.write_state(written)
    assert made.state() == written and not made.state().ended
    child.kill()
    child.wait()
    assert [each.state().state for each in list_maps(dataset)] == ["interrupted"]
    assert made.state().ended and made.state().workers == 2
    assert "ended early" in made.state().message and "resume the map" in made.state().message


@pytest.mark.parametrize("state", ["queued", "done", "failed", "cancelled"])
def test_only_work_under_way_needs_its_process(dataset, state) -> None:
    run = create_run(dataset, RECOMMENDED)
    status = run.write_status(Status(state, "Why.", pid=2**22 - 1, pid_created=1.0))
    assert run.status() == status
