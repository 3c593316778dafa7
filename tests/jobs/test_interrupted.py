"""Runs and maps whose process is killed, stopped with Ctrl-C, or ends in an error nobody foresaw."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from loky.process_executor import ShutdownExecutorError
from tenacity import retry, stop_after_delay, wait_fixed

from rare_event.config import DesignSpace
from rare_event.errors import Cancelled, RunError
from rare_event.jobs import worker
from rare_event.jobs.outcome import APP_ENDED
from rare_event.jobs.queue import NO_WORKER, Jobs, LocalPool
from rare_event.jobs.worker import NO_MEMORY, STOPPED, execute
from rare_event.store import workspace as disk
from rare_event.store.datasets import Dataset, add_dataset
from rare_event.store.deleting import delete_run
from rare_event.store.lease import Taken
from rare_event.store.maps import DesignMap, create_map
from rare_event.store.runs import create_run, list_runs
from tests.small import ENDLESS, PCA

ROOT = Path(__file__).resolve().parents[2]
EXECUTE = """
from rare_event.jobs.worker import execute
from rare_event.store.runs import open_run
execute(open_run({id!r}))
"""
EXECUTE_IN_WORKER = """
from rare_event.jobs.worker import execute_in_worker
execute_in_worker({id!r})
"""
# As a server does, it ends by leaving its main thread.
STOPPABLE = """
import signal, sys
from rare_event.jobs.queue import Jobs
from rare_event.store.runs import open_run

for how in (signal.SIGTERM, signal.SIGINT):
    signal.signal(how, lambda *_: sys.exit(0))
jobs = Jobs()
jobs.warm_up()
for run in ({first!r}, {second!r}):
    jobs.submit(open_run(run))
while True:
    signal.pause()
"""
SERVE = """
import signal
from rare_event.config import DesignSpace
from rare_event.jobs.queue import Jobs
from rare_event.store.maps import create_map
from rare_event.store.runs import open_run

run = open_run({id!r})
if {mapped}:
    space = DesignSpace((2,), (1,), ("level",), ("dense",), folds=3, base=run.config())
    Jobs().start_map(create_map(run.dataset(), space))
else:
    Jobs().submit(run)
signal.pause()
"""
# Its first cell never ends.
RUN_MAP = """
import signal
from concurrent.futures import Executor
from rare_event.jobs.map_runner import run_map
from rare_event.store.maps import open_map

class Stuck(Executor):
    def submit(self, *_, **__):
        signal.pause()

run_map(open_map({id!r}), 1, open_worker=Stuck)
"""


@retry(stop=stop_after_delay(120), wait=wait_fixed(0.02))
def until(condition: Callable[[], bool]) -> None:
    assert condition()


@pytest.fixture
def dataset(workspace: Path, small_csv: bytes) -> Dataset:
    return add_dataset(small_csv, "small.csv")


@pytest.fixture
def start() -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Starts Python on some code; what still runs at the end is killed."""
    started: list[subprocess.Popen[str]] = []

    def begin(code: str) -> subprocess.Popen[str]:
        process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def nobody() -> Jobs:
    """Jobs that must hand nothing to a worker."""

    def refuse() -> Executor:
        raise AssertionError("It was handed over.")

    return Jobs(refuse, open_worker=refuse)


def test_a_run_killed_is_interrupted_and_holds_nobody_up(dataset, start, nobody) -> None:
    run = create_run(dataset, ENDLESS)
    process = start(EXECUTE.format(id=run.id))
    until(lambda: run.status().epoch > 0)
    waiting = create_run(dataset, PCA)
    assert run.status().state == "running" and nobody.waiting_before(waiting) == 1
    process.kill()
    until(lambda: run.status().ended)
    status = run.status()
    assert status.state == "interrupted" and "ended early" in status.message
    assert nobody.waiting_before(waiting) == 0
    # A page that was drawn before still has its button.
    nobody.cancel(run)
    assert run.status() == status
    delete_run(run)
    assert list_runs() == [waiting]


def test_a_run_stopped_with_ctrl_c_says_so(dataset, start) -> None:
    run = create_run(dataset, ENDLESS)
    process = start(EXECUTE.format(id=run.id))
    until(lambda: run.status().epoch > 0)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=120)
    assert process.returncode != 0 and "KeyboardInterrupt" in told
    status = run.written_status()
    assert (status.state, status.message) == ("interrupted", STOPPED)
    assert not (run.folder / "scores.parquet").exists()


UNFORESEEN = (
    "Training stopped because of an unexpected error. Train the run again. If it fails again, report this:"
)


@pytest.mark.parametrize(
    ("error", "state", "message"),
    [
        (KeyboardInterrupt(), "interrupted", STOPPED),
        (TypeError("a bug"), "failed", f"{UNFORESEEN} TypeError: a bug"),
        (SystemExit(), "failed", f"{UNFORESEEN} SystemExit"),
        (MemoryError(), "failed", NO_MEMORY),
    ],
    ids=["ctrl-c", "bug", "exit", "memory"],
)
def test_what_nobody_foresaw_ends_the_run_and_is_raised(dataset, monkeypatch, error, state, message) -> None:
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(worker, "run_experiment", fail)
    run = create_run(dataset, PCA)
    with pytest.raises(type(error)):
        execute(run)
    assert (run.status().state, run.status().message) == (state, message)
    assert not (run.folder / "scores.parquet").exists()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_an_app_that_is_stopped_does_not_wait_for_its_worker(dataset, start, how) -> None:
    run, waiting = create_run(dataset, ENDLESS), create_run(dataset, PCA)
    process = start(STOPPABLE.format(first=run.id, second=waiting.id))
    until(lambda: run.status().epoch > 0)
    (worker_of_it,) = [psutil.Process(run.status().pid)]
    process.send_signal(how)
    assert process.wait(120) == 0
    until(lambda: not worker_of_it.is_running())
    assert (run.status().state, run.status().message) == ("interrupted", APP_ENDED)
    assert waiting.status().state == "queued", "it is taken up when the app starts again"


def test_two_processes_execute_a_run_once(dataset, start) -> None:
    run = create_run(dataset, ENDLESS)
    first = start(EXECUTE_IN_WORKER.format(id=run.id))
    until(lambda: run.status().epoch > 0)
    second = start(EXECUTE_IN_WORKER.format(id=run.id))
    assert second.wait(120) == 0, "it leaves the run to the other"
    assert run.status().state == "running" and run.status().pid == first.pid
    with pytest.raises(Taken, match=f"Another process works on run {run.id}"):
        execute(run)
    # A process of another computer is known by its lock.
    run.write_status(replace(run.written_status(), pid=999_999_999, pid_created=1.0))
    assert run.status().state == "running"
    first.kill()
    first.wait()
    until(lambda: run.status().ended)
    assert run.status().state == "interrupted"
    run.queue_again()
    run.request_cancel()
    with pytest.raises(Cancelled):
        execute(run)


def test_what_has_ended_is_not_executed_again(dataset) -> None:
    run = create_run(dataset, PCA)
    execute(run)
    before = run.scores("test").y_score.tobytes()
    with pytest.raises(Taken, match="has ended already"):
        execute(run)
    assert run.status().state == "done" and run.scores("test").y_score.tobytes() == before


def test_a_run_that_waits_for_nobody_is_cancelled(dataset, nobody) -> None:
    # Whoever made it was killed before it began.
    run = create_run(dataset, PCA)
    nobody.cancel(run)
    assert run.status().state == "cancelled" and nobody.recover() == []
    # If it was not killed, it sees the request.
    with pytest.raises(Cancelled):
        execute(run)
    assert run.status().state == "cancelled" and not (run.folder / "scores.parquet").exists()


def test_a_worker_that_cannot_tell_how_a_run_ended_ends_itself(dataset) -> None:
    def fill_the_disk_once_it_began() -> None:
        original = disk.write
        written: list[Path] = []

        def write(path, save):
            if written:
                raise RunError("The workspace cannot be written.")
            written.append(path)
            return original(path, save)

        disk.write = write

    pool = LocalPool()
    jobs = Jobs(pool)
    jobs.ask(fill_the_disk_once_it_began).result(120)
    lost, after = create_run(dataset, replace(PCA, lookback=500)), create_run(dataset, PCA)
    jobs.submit(lost)
    jobs.submit(after)
    try:
        until(lambda: lost.status().ended and after.status().ended)
    finally:
        pool().shutdown(wait=True, kill_workers=True)
    assert [lost.status().state, after.status().state] == ["interrupted", "done"]
    assert lost.status().pid != after.status().pid and "Train the run again" in lost.status().message


@pytest.mark.parametrize("cancelled", [False, True])
def test_a_map_killed_is_interrupted_and_can_be_cancelled_or_taken_up(
    dataset, start, nobody, monkeypatch, cancelled
) -> None:
    made = create_map(dataset, DesignSpace((1,), (1,), ("level",), ("pca",), folds=3, base=PCA))
    process = start(RUN_MAP.format(id=made.id))
    until(lambda: bool(made.cells()))
    assert made.state().state == "running" and made.state().pid == process.pid
    process.kill()
    until(lambda: made.state().ended)
    assert made.state().state == "interrupted"
    again: list[DesignMap] = []
    monkeypatch.setattr(nobody, "start_map", again.append)
    if cancelled:
        nobody.cancel_map(made)
        assert made.state().state == "cancelled"
    nobody.recover()
    assert again == ([] if cancelled else [made])


def test_the_run_of_another_process_is_not_ended_by_who_looks(dataset, start, nobody) -> None:
    run = create_run(dataset, ENDLESS)
    start(EXECUTE.format(id=run.id))
    until(lambda: run.status().epoch > 0)
    assert nobody.recover() == [] and run.status().state == "running"
    # And it is cancelled by the request alone.
    nobody.cancel(run)
    until(lambda: run.status().ended)
    assert run.status().state == "cancelled"


@pytest.mark.parametrize("mapped", [False, True], ids=["run", "map"])
def test_a_worker_ends_with_its_server(dataset, start, mapped) -> None:
    made = create_run(dataset, ENDLESS)
    server = start(SERVE.format(id=made.id, mapped=mapped))

    def training() -> bool:
        return any(run.status().epoch > 0 for run in list_runs(role="cell" if mapped else "run"))

    until(training)
    (run,) = list_runs(role="cell" if mapped else "run")
    pid = run.status().pid
    assert pid is not None and pid != server.pid and psutil.pid_exists(pid)
    assert run.status().state == "running" and server.poll() is None
    server.kill()
    server.wait()
    until(lambda: not psutil.pid_exists(pid))
    assert run.written_status().state == "running" and run.status().state == "interrupted"


class Breaking(Executor):
    """Breaks as often as it is told to, and then takes what it is given."""

    def __init__(self, errors: list[Exception]) -> None:
        self.errors, self.taken = errors, 0

    def submit(self, task, /, *_, **__):
        if self.errors:
            raise self.errors.pop()
        self.taken += 1
        return Future()


def test_a_pool_that_breaks_before_it_is_used_is_replaced_once(dataset) -> None:
    pool = Breaking([ShutdownExecutorError("shut down")])
    jobs = Jobs(lambda: pool)
    run = create_run(dataset, PCA)
    jobs.submit(run)
    assert pool.taken == 1 and jobs.busy and run.status().state == "queued"
    pool.errors = [BrokenProcessPool("broken")]
    jobs.warm_up()
    assert pool.taken == 2 and not pool.errors


def test_a_pool_that_breaks_again_leaves_no_run_queued(dataset) -> None:
    pool = Breaking([BrokenProcessPool("broken")] * 6)
    jobs = Jobs(lambda: pool)
    run, baseline = create_run(dataset, PCA), create_run(dataset, PCA)
    jobs.submit(run)
    jobs.submit_background([baseline])
    for failed in (run, baseline):
        assert (failed.status().state, failed.status().message) == ("failed", NO_WORKER)
    with pytest.raises(RunError, match="cannot be started"):
        jobs.ask(len, "abc")
    assert not jobs.busy and pool.taken == 0
