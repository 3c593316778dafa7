"""Runs in real worker processes, and what becomes of them when processes die."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from rare_event.config import DenseModel, LSTMModel
from rare_event.detect.summary import describe
from rare_event.jobs.queue import Jobs, LocalPool
from rare_event.jobs.worker import warm_up
from rare_event.store.datasets import add_dataset
from rare_event.store.records import Purpose, Status
from rare_event.store.runs import create_run, mark
from tests.small import ENDLESS, PCA

ROOT = Path(__file__).resolve().parents[2]
DEADLINE = 120.0


def until(condition, what) -> None:
    """Wait until a condition holds; fail past a deadline that a slow machine does not reach."""
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, f"After {DEADLINE:g} s still not: {what}"
        time.sleep(0.01)


def until_ended(*runs) -> list[str]:
    until(lambda: all(run.status().ended for run in runs), "all runs ended")
    return [run.status().state for run in runs]


@pytest.fixture
def make_run(workspace, small_csv):
    dataset = add_dataset(small_csv, "small.csv")
    return lambda config=PCA: create_run(dataset, config)


@pytest.fixture
def jobs(workspace):
    """Jobs in a pool of their own: a worker keeps the environment it was started with."""
    pool = LocalPool()
    yield Jobs(pool)
    pool().shutdown(wait=True, kill_workers=True)


def test_ten_threads_share_one_worker(jobs, make_run) -> None:
    runs = [make_run() for _ in range(10)]
    with ThreadPoolExecutor(10) as threads:
        list(threads.map(jobs.submit, runs))
        pids = {future.result(DEADLINE) for future in threads.map(lambda _: jobs.ask(os.getpid), runs)}
    assert until_ended(*runs) == ["done"] * 10
    executed = {run.status().pid for run in runs}
    assert len(executed | pids) == 1, "each further process would import TensorFlow again"
    assert os.getpid() not in executed


def test_a_worker_answers_what_needs_keras(jobs) -> None:
    answer = jobs.ask(describe, DenseModel(widths=(3,)), 2, 4)
    layers = answer.result(DEADLINE)
    assert [layer.kind for layer in layers] == ["Input", "Flatten", "Dense", "Dense", "Reshape"]
    assert jobs.ask(os.getpid).result(DEADLINE) != os.getpid(), "it was answered here"


def test_runs_are_executed_elsewhere_one_after_the_other(jobs, make_run) -> None:
    first, second, third = runs = [make_run() for _ in range(3)]
    for run in runs:
        jobs.submit(run)

    def in_order() -> bool:
        # The later one is read first: once it runs, the one before it has ended.
        for earlier, later in ((first, second), (second, third)):
            assert later.status().state == "queued" or earlier.status().ended
        return bool(third.status().ended)

    until(in_order, "the last run ended")
    assert until_ended(*runs) == ["done", "done", "done"]
    pids = {run.status().pid for run in runs}
    assert len(pids) == 1 and os.getpid() not in pids  # one warm worker
    assert all(run.evaluation().run == run.id for run in runs)
    assert jobs.recover() == []


def test_a_worker_killed_and_a_run_cancelled_while_others_wait(jobs, make_run) -> None:
    killed, waiting, cancelled = make_run(ENDLESS), make_run(), make_run()
    for run in (killed, waiting, cancelled):
        jobs.submit(run)
    until(lambda: killed.status().epoch > 0, "training has begun")
    assert waiting.status().state == cancelled.status().state == "queued"
    assert [jobs.waiting_before(run) for run in (killed, waiting, cancelled)] == [0, 1, 2]
    jobs.cancel(cancelled)
    pid = killed.status().pid
    assert pid != os.getpid() and psutil.Process(pid).ppid() == os.getpid()
    os.kill(pid, signal.SIGKILL)
    assert until_ended(killed, waiting, cancelled) == ["interrupted", "done", "cancelled"]
    # That its process is gone is seen at once; the pool says a moment later which process it was.
    until(lambda: killed.written_status().ended, "the pool took note")
    assert "process ended unexpectedly. Train the run again" in killed.status().message
    assert waiting.status().pid != pid and waiting.evaluation().run == waiting.id
    assert not (cancelled.folder / "scores.parquet").exists()
    # And the pool goes on.
    after = make_run()
    jobs.submit(after)
    assert until_ended(after) == ["done"]


def test_a_run_is_cancelled_while_it_trains(jobs, make_run) -> None:
    run = make_run(ENDLESS)
    jobs.submit(run)
    until(lambda: run.status().epoch > 0, "training has begun")
    assert run.status().state == "running"
    jobs.cancel(run)
    assert until_ended(run) == ["cancelled"]
    pid = run.status().pid
    after = make_run()
    jobs.submit(after)
    assert until_ended(after) == ["done"] and after.status().pid == pid  # the worker lives on
    # Cancelling what has ended changes nothing.
    jobs.cancel(after)
    assert after.status().state == "done"


def test_a_run_is_cancelled_while_its_network_is_compiled(jobs, make_run) -> None:
    """Its worker ends with it, and another is ready for the next run."""
    before = jobs.warm_up().result(DEADLINE)
    # Its program takes several seconds to compile.
    run = make_run(replace(ENDLESS, model=LSTMModel(), lookback=8))
    jobs.submit(run)
    until(lambda: run.status().state == "running", "the run has begun")
    answer = jobs.ask(os.getpid)
    jobs.cancel(run)
    assert until_ended(run) == ["cancelled"]
    status = run.written_status()
    assert (status.state, status.epoch) == ("cancelled", 0), "it waited for the first epoch"
    assert status.message == "The run was cancelled."
    assert len(run.history()) == 0 and not run.has("scores.parquet")
    assert status.pid == before and answer.result(DEADLINE) not in (before, os.getpid()), "it was not lost"
    after = make_run()
    jobs.submit(after)
    assert until_ended(after) == ["done"] and after.status().pid != status.pid
    until(lambda: not psutil.pid_exists(status.pid), "the worker ended")
    assert run.written_status().state == "cancelled", "nothing was written later"


def test_a_run_that_fails_says_why(jobs, make_run) -> None:
    run = make_run(replace(PCA, lookback=500))
    jobs.submit(run)
    assert until_ended(run) == ["failed"]
    assert run.status().message.startswith("No window of 500 rows fits")


def test_a_restarted_server_takes_up_what_waited_and_marks_what_was_lost(jobs, make_run) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    me = psutil.Process()
    waiting, dead, reused, alive, done = (make_run() for _ in range(5))
    dead.write_status(Status("running", pid=gone.pid, pid_created=1.0))
    reused.write_status(Status("running", pid=me.pid, pid_created=me.create_time() - 1000))
    alive.write_status(Status("running", pid=me.pid, pid_created=me.create_time()))
    mark(done, "done")
    also_waiting = make_run()
    assert jobs.recover() == [waiting, also_waiting]
    # A process of the same number that began at another time is another process.
    for run in (dead, reused):
        assert run.status().state == "interrupted" and "ended early" in run.status().message
    assert alive.status().state == "running" and done.status().state == "done"
    assert until_ended(waiting, also_waiting) == ["done", "done"]
    assert jobs.recover() == []


def test_the_serving_process_never_imports_tensorflow(workspace, small_csv) -> None:
    (workspace / "small.csv").write_bytes(small_csv)
    code = f"""
import sys, time
from pathlib import Path
from typing import Any
from rare_event.store.datasets import add_dataset
from rare_event.store.runs import create_run
from rare_event.jobs.queue import Jobs, LocalPool
from tests.small import DENSE

jobs = Jobs()
worker = jobs.warm_up()
run = create_run(add_dataset(Path({str(workspace / "small.csv")!r}), "small.csv"), DENSE)
jobs.submit(run)
end = time.monotonic() + {DEADLINE}
while not run.status().ended and time.monotonic() < end:
    time.sleep(0.01)
loaded = {{name.split(".")[0] for name in sys.modules}}
print(run.status().state, worker.result() == run.status().pid, bool(loaded & {{"tensorflow", "keras"}}))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["done", "True", "False"]


class ByHand(Executor):
    """An executor whose futures the test ends."""

    def __init__(self) -> None:
        self.futures: list[Future[Status]] = []
        self.warmed: list[Future[int]] = []

    def __call__(self) -> "ByHand":
        return self

    def submit(self, *task: Any, **_: Any) -> Future[Any]:
        future: Future[Any] = Future()
        (self.warmed if task[0] is warm_up else self.futures).append(future)
        return future


def test_a_queued_run_is_cancelled_at_once(make_run) -> None:
    pool, run = ByHand(), make_run()
    jobs = Jobs(pool)
    jobs.submit(run)
    jobs.cancel(run)
    assert run.status().state == "cancelled" and run.cancel_requested
    assert "before it began" in run.status().message
    assert pool.futures[0].cancelled() and len(pool.futures) == 1


def test_an_unexpected_error_is_told_by_the_folder(make_run) -> None:
    pool, run = ByHand(), make_run()
    Jobs(pool).submit(run)
    mark(run, "running")
    pool.futures[0].set_exception(ZeroDivisionError("by zero"))
    assert run.status().state == "failed"
    assert run.status().message == (
        "Training stopped because of an unexpected error. Train the run again. If it fails again, report "
        "this: ZeroDivisionError: by zero"
    )
    assert len(pool.futures) == 1


def test_a_broken_pool_interrupts_what_ran_and_queues_again_what_waited(make_run) -> None:
    pool, ran, waited = ByHand(), make_run(), make_run()
    jobs = Jobs(pool)
    jobs.submit(ran)
    jobs.submit(waited)
    assert len(pool.futures) == 1, "one after the other"
    mark(ran, "running")
    pool.futures[0].set_exception(BrokenProcessPool("gone"))
    assert ran.status().state == "interrupted" and waited.status().state == "queued"
    assert len(pool.futures) == 2 and not pool.futures[1].done()
    # It died before it began, on something else; but not for ever.
    for attempt in (1, 2):
        pool.futures[attempt].set_exception(BrokenProcessPool("gone"))
        assert waited.status().state == "queued" and len(pool.futures) == attempt + 2
    pool.futures[3].set_exception(BrokenProcessPool("gone"))
    assert waited.status().state == "interrupted" and len(pool.futures) == 4
    assert len(pool.warmed) == 4, "each time another worker is made ready"


def test_what_was_asked_is_asked_again_when_the_worker_ends_with_a_run(workspace) -> None:
    pool = ByHand()
    jobs = Jobs(pool)
    answer, failed, twice = (jobs.ask(os.getpid) for _ in range(3))
    for future in pool.futures[:3]:
        future.set_exception(BrokenProcessPool("gone"))
    assert len(pool.futures) == 6 and not any(each.done() for each in (answer, failed, twice))
    pool.futures[3].set_result(7)  # type: ignore[arg-type]
    pool.futures[4].set_exception(ZeroDivisionError("by zero"))
    pool.futures[5].set_exception(BrokenProcessPool("gone again"))
    assert answer.result(0) == 7 and isinstance(failed.exception(0), ZeroDivisionError)
    assert isinstance(twice.exception(0), BrokenProcessPool) and len(pool.futures) == 6, "not for ever"


def test_a_run_deleted_meanwhile_is_left_alone(make_run) -> None:
    pool, run = ByHand(), make_run()
    Jobs(pool).submit(run)
    (run.folder / "status.json").unlink()
    pool.futures[0].set_exception(ZeroDivisionError("by zero"))
    assert not (run.folder / "status.json").exists()


def test_what_runs_beside_gives_way_to_what_a_person_asks_for(make_run) -> None:
    pool, beside, asked_for = ByHand(), [make_run() for _ in range(3)], make_run()
    jobs = Jobs(pool)
    jobs.submit_background(beside)
    assert len(pool.futures) == 1
    jobs.submit(asked_for)
    jobs.cancel(beside[1])
    assert len(pool.futures) == 1 and beside[1].status().state == "cancelled"
    assert jobs.pending() == [beside[0], asked_for, beside[2]]
    # The first of them is done, but a person's run is not.
    pool.futures[0].set_result(Status("done"))
    assert len(pool.futures) == 2 and beside[2].status().state == "queued"
    pool.futures[1].set_result(Status("done"))
    assert len(pool.futures) == 3
    pool.futures[2].set_result(Status("done"))
    assert len(pool.futures) == 3


def test_a_restarted_server_queues_baselines_after_what_was_asked_for(make_run) -> None:
    asked_for = make_run()
    baseline = create_run(asked_for.dataset(), PCA, Purpose("baseline", asked_for.id))
    later = make_run()
    pool = ByHand()
    jobs = Jobs(pool)
    assert jobs.recover() == [asked_for, baseline, later]
    assert jobs.pending() == [asked_for, later, baseline]
    for n in (1, 2):
        assert len(pool.futures) == n
        pool.futures[n - 1].set_result(Status("done"))
    assert len(pool.futures) == 3


def test_of_several_people_each_is_served_in_turn(make_run) -> None:
    pool, many, few = ByHand(), [make_run() for _ in range(4)], [make_run() for _ in range(2)]
    jobs = Jobs(pool)
    for run in many:
        jobs.submit(run, "first")
    for run in few:
        jobs.submit(run, "second")
    order = [many[0], few[0], many[1], few[1], many[2], many[3]]
    assert jobs.pending() == order and [jobs.waiting_before(run) for run in order] == [0, 1, 2, 3, 4, 5]
    for n, run in enumerate(order):
        assert len(pool.futures) == n + 1, "never two at once"
        mark(run, "done")
        pool.futures[n].set_result(Status("done"))
    assert jobs.pending() == [] and not jobs.busy and len(pool.futures) == 6


def test_what_another_server_executed_is_not_executed_again(make_run) -> None:
    pool, first, second = ByHand(), make_run(), make_run()
    jobs = Jobs(pool)
    jobs.submit(first)
    jobs.submit(second)
    mark(second, "done")
    pool.futures[0].set_result(Status("done"))
    assert len(pool.futures) == 1 and not jobs.busy
