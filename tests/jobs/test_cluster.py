"""Folds, pieces, runs and cells on a Dask cluster of this machine: the bits of one process, whoever dies."""

import gc
import os
import shutil
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rare_event.bench.cluster import scheduler_here, worker_here
from rare_event.cli.parser import main
from rare_event.config import RECOMMENDED, DenseModel, DesignSpace, PCAModel, Training, VAEModel
from rare_event.errors import RunError
from rare_event.experiment import score as scoring
from rare_event.experiment.backtest import backtest
from rare_event.experiment.folds import run_fold
from rare_event.experiment.run import run_experiment
from rare_event.experiment.score import score
from rare_event.experiment.trained import trained_of
from rare_event.jobs import cluster, spread
from rare_event.jobs.map_runner import run_map
from rare_event.jobs.pool import known_workers
from rare_event.jobs.queue import Jobs
from rare_event.jobs.spread import cluster_folds, cluster_pieces, in_order
from rare_event.prepare.table import read_table
from rare_event.store.datasets import add_dataset
from rare_event.store.maps import create_map
from rare_event.store.runs import create_run, list_runs
from rare_event.store.serial import to_plain
from rare_event.store.users import workspace_of
from rare_event.store.workspace import home as home_of_thread
from rare_event.store.workspace import workspace as working_in
from tests.small import PCA

ROOT = Path(__file__).resolve().parents[2]
DEADLINE = 120.0
QUICK = Training(epochs=3, patience=None)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A workspace that this process and the workers share."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("workspace")
        patch.setenv("RARE_EVENT_HOME", str(folder))
        patch.setenv("PYTHONPATH", str(ROOT))
        yield folder


@pytest.fixture(scope="module")
def address(home, tmp_path_factory):
    """A scheduler with two workers, used by this process."""
    folder = tmp_path_factory.mktemp("dask")
    with scheduler_here(folder) as address, worker_here(address, folder), worker_here(address, folder):
        yield address
        cluster.connect().close()


@pytest.fixture
def alone(monkeypatch, home, tmp_path):
    """A scheduler of the test's own, without workers yet."""
    before = os.environ.get(cluster.VARIABLE, "")
    with scheduler_here(tmp_path) as address:
        yield address
        client = cluster._clients.get(address)
        if client is not None:
            client.close()
    assert os.environ.get(cluster.VARIABLE, "") == before


def test_six_folds_give_the_bits_of_one_process(address, sample_table) -> None:
    config = replace(RECOMMENDED, training=QUICK)
    plan = replace(config.split, kind="rolling", folds=6)
    told = []
    here = run_experiment(sample_table, replace(config, split=plan), workers=1)
    there = run_experiment(
        sample_table,
        replace(config, split=plan),
        lambda *step: told.append(step[:2]),
        folds_by=cluster_folds(),
    )
    for one, other in zip(here.folds, there.folds, strict=True):
        for part in ("validation", "test"):
            mine, theirs = getattr(one, part), getattr(other, part)
            assert mine.y_score.tobytes() == theirs.y_score.tobytes()
            assert mine.row.tobytes() == theirs.row.tobytes()
        assert one.threshold == other.threshold
        assert [epoch.loss for epoch in one.history] == [epoch.loss for epoch in other.history]
    assert to_plain(here.judgement()) == to_plain(there.judgement())
    assert told == [(number, 6) for number in range(6) for _ in range(3)], "all epochs of all folds, in order"
    assert all(fold.detector is not None for fold in there.folds), "each explains the alarms of its part"
    unlike = run_experiment(sample_table, replace(config, split=plan, seed=1), workers=1)
    assert unlike.folds[0].test.y_score.tobytes() != there.folds[0].test.y_score.tobytes()


def test_a_killed_worker_changes_nothing(alone, tmp_path, sample_table, monkeypatch) -> None:
    config = replace(RECOMMENDED, model=PCAModel())
    expected = backtest(sample_table, [config], 6)
    with worker_here(alone, tmp_path) as first, worker_here(alone, tmp_path):
        folds_by, told = cluster_folds(), []
        assert folds_by is not None
        # The first worker dies in its first task, while the other is at work.
        results = list(in_order(cluster.connect(), die, first.pid, range(6)))
        assert results == [0, 1, 4, 9, 16, 25], "each once, in order"
        assert first.wait(DEADLINE) == -9
        with worker_here(alone, tmp_path) as third:
            monkeypatch.setattr(spread, "_run_fold", partial(fold_or_die, third.pid))
            found = backtest(sample_table, [config], 6, lambda *step: told.append(step[0]), folds_by=folds_by)
            assert third.wait(DEADLINE) == -9
        assert [to_plain(row) for row in found] == [to_plain(row) for row in expected]
        assert sorted(told) == [0, 1, 2, 3, 4, 5], "no fold is told twice"


def fold_or_die(pid: int, prepared, which):
    """Run a fold; in the worker of this id, die after training it."""
    trained = run_fold(prepared, *which)
    if os.getpid() == pid:
        os.kill(pid, 9)
    return trained


def die(pid: int, number: int) -> int:
    """Square a number, but in the worker of this id die."""
    if os.getpid() == pid:
        os.kill(pid, 9)
    return number**2


@pytest.fixture(scope="module")
def model(sample_table):
    """A network, and differences from trailing means, which look back on rows of other pieces."""
    representation = replace(RECOMMENDED.representation, kind="deviation")
    config = replace(
        RECOMMENDED, model=DenseModel(widths=(4,)), lookback=4, training=QUICK, representation=representation
    )
    return trained_of(sample_table, run_experiment(sample_table, config, workers=1))


def equal(one, other) -> None:
    pd.testing.assert_frame_equal(one.frame, other.frame, check_exact=True)
    pd.testing.assert_frame_equal(one.alarms, other.alarms, check_exact=True)
    assert one.frame["score"].to_numpy().tobytes() == other.frame["score"].to_numpy().tobytes()
    assert one.drift == other.drift and one.unscored == other.unscored and one.apart == other.apart


@pytest.mark.parametrize("seed", range(3))
def test_pieces_cut_anywhere_are_scored_as_one(address, model, sample_table, monkeypatch, seed) -> None:
    here = score(model, sample_table)
    assert len(here.alarms) > 1
    block = int(np.random.default_rng(seed).integers(700, 3000))
    monkeypatch.setattr(scoring, "BLOCK", block)
    pieces_by = cluster_pieces(model.part)
    sent: list[int] = []

    def counted(part, pieces):
        kept = list(pieces)
        sent.extend(len(piece.rows.clock) for piece in kept)
        return pieces_by(part, kept)

    equal(here, score(model, sample_table, pieces_by=counted))
    assert len(sent) == -(-sample_table.n_rows // block) > 3
    assert sum(sent) > sample_table.n_rows, "pieces lack the rows that they look back on"


def test_a_worker_killed_while_pieces_are_scored(alone, tmp_path, model, sample_table, monkeypatch) -> None:
    here = score(model, sample_table)
    monkeypatch.setattr(scoring, "BLOCK", 1000)
    with worker_here(alone, tmp_path) as first, worker_here(alone, tmp_path):
        pieces_by = cluster_pieces(model.part)
        sent: list[int] = []

        def counted(part, pieces):
            for windows in pieces_by(part, pieces):
                sent.append(1)
                if len(sent) == 3:
                    first.kill()
                yield windows

        equal(here, score(model, sample_table, pieces_by=counted))
        assert len(sent) == 12 and first.wait(DEADLINE) == -9


def test_several_parquet_files_equal_one_piece(
    address, home, tmp_path, sample_csv, capsys, monkeypatch
) -> None:

    frame = pd.read_csv(sample_csv, parse_dates=["time"])
    folder = tmp_path / "files"
    folder.mkdir()
    cuts = np.sort(np.random.default_rng(0).choice(np.arange(7000, len(frame)), 4, replace=False))
    frame[:6000].to_csv(tmp_path / "old.csv", index=False)
    for number, (begin, end) in enumerate(zip([6000, *cuts], [*cuts, len(frame)], strict=True)):
        frame[begin:end].to_parquet(folder / f"{number}.parquet", index=False)
    assert main(["run", str(tmp_path / "old.csv"), "--epochs", "2", "--json"]) == 0
    run = list_runs()[0]
    assert run.status().state == "done" and len(run.history()) == 2
    monkeypatch.setattr(scoring, "BLOCK", 1500)
    assert main(["score", run.id, str(folder), "--out", str(tmp_path / "there")]) == 0
    monkeypatch.delenv(cluster.VARIABLE)
    monkeypatch.setattr(scoring, "BLOCK", 50_000)
    files = [str(path) for path in sorted(folder.iterdir())]
    assert main(["score", run.id, *files, "--out", str(tmp_path / "here")]) == 0
    capsys.readouterr()
    names = {path.name for path in (tmp_path / "here").iterdir()}
    assert {"scores.csv", "alarms.csv", "summary.json"} <= names
    for name in names:
        assert (tmp_path / "here" / name).read_bytes() == (tmp_path / "there" / name).read_bytes(), name
    (tmp_path / "none").mkdir()
    assert main(["score", run.id, str(tmp_path / "none"), "--out", str(tmp_path / "nothing")]) == 2
    assert "holds no .parquet file" in capsys.readouterr().err and not (tmp_path / "nothing").exists()


def test_runs_and_cells_of_the_app_are_executed_in_workers(address, home, small_csv) -> None:
    dataset = add_dataset(small_csv, "small.csv")
    network = replace(PCA, model=VAEModel(widths=(3,)), training=QUICK)
    jobs = Jobs()
    runs = [create_run(dataset, config) for config in (PCA, network)]
    for run in runs:
        jobs.submit(run)
    for run in runs:
        until(lambda run=run: run.status().ended)
        assert run.status().state == "done"
        assert run.status().pid == os.getpid(), "the run ends with the process that waits for it"
    # The executed code is elsewhere.
    assert jobs.ask(os.getpid).result(DEADLINE) != os.getpid()
    space = DesignSpace(shifts=(1,), lookbacks=(1, 2), representations=("level",), models=("pca",), folds=2)
    made = create_map(dataset, space)
    assert run_map(made).state == "done" and made.state().workers == 2
    assert {run.status().state for run in made.cells().values()} == {"done"}


def test_a_worker_without_the_workspace_is_a_sentence(alone, home, tmp_path, small_csv) -> None:
    run = create_run(add_dataset(small_csv, "small.csv"), PCA)
    with worker_here(alone, tmp_path, RARE_EVENT_HOME=str(tmp_path / "other")):
        jobs = Jobs()
        jobs.submit(run)
        until(lambda: run.status().ended)
        assert run.status().state == "failed" and "does not see the workspace" in run.status().message


def test_the_run_of_a_person_is_executed_in_their_workspace_wherever_the_worker_sees_it(
    alone, home, tmp_path, small_csv
) -> None:
    (tmp_path / "mounted").symlink_to(home, target_is_directory=True)
    ana, before = workspace_of("https://id.example", "1"), {run.id for run in list_runs(role=None)}
    with working_in(ana):
        run = create_run(add_dataset(small_csv, "anas.csv"), PCA)
    with worker_here(alone, tmp_path, RARE_EVENT_HOME=str(tmp_path / "mounted")):
        jobs = Jobs()
        jobs.submit(run)
        until(lambda: run.status().ended)
        assert run.status().state == "done", run.status().message
        with working_in(ana):
            assert jobs.ask(where).result(DEADLINE) == str(tmp_path / "mounted" / "users" / ana.name)
    assert run.evaluation().run == run.id and run.dataset().name == "anas.csv"
    assert {run.id for run in list_runs(role=None)} == before, "nothing is made in the workspace of all"


def where() -> str:
    return str(home_of_thread())


def test_a_lost_scheduler_is_a_sentence(home, tmp_path) -> None:
    with ExitStack() as stack:
        address = stack.enter_context(scheduler_here(tmp_path))
        stack.enter_context(worker_here(address, tmp_path))
        client = cluster.connect()
        results = in_order(client, die, 0, range(8), ahead=1)
        assert next(results) == 0
        os.kill(client.run_on_scheduler(os.getpid), 9)
        with pytest.raises(RunError, match="The connection to the cluster was lost"):
            list(results)


def refused(capsys, *words):
    assert main(["backtest", "nowhere.csv"]) == 2
    out, err = capsys.readouterr()
    sentences = [line for line in err.splitlines() if line.startswith("rare_event: ")]
    assert out == "" and len(sentences) == 1 and "Traceback" not in err
    assert all(word in sentences[0] for word in words), sentences[0]
    return sentences[0]


def test_addresses_that_lead_nowhere(home, monkeypatch, capsys) -> None:
    monkeypatch.setattr(cluster, "SECONDS_TO_CONNECT", 1)
    monkeypatch.setenv(cluster.VARIABLE, "tcp://127.0.0.1:9")
    refused(capsys, "The scheduler at tcp://127.0.0.1:9 cannot be reached", "unset RARE_EVENT_SCHEDULER")
    monkeypatch.setenv(cluster.VARIABLE, "plant-server")
    refused(capsys, "'plant-server'", "tcp://HOST:PORT")
    monkeypatch.setenv(cluster.VARIABLE, "tcp://plant-server")
    refused(capsys, "cannot be reached")
    monkeypatch.setenv(cluster.VARIABLE, " ")
    assert cluster_folds() is None


@pytest.mark.parametrize("nowhere", ["tcp://127.0.0.1:9", "tcp://plant-server"])
def test_a_connection_that_fails_is_closed_before_the_garbage_collector_finds_it(
    home, monkeypatch, nowhere
) -> None:
    from distributed import Client

    def clients():
        return {id(one): one for one in gc.get_objects() if isinstance(one, Client)}

    monkeypatch.setattr(cluster, "SECONDS_TO_CONNECT", 1)
    monkeypatch.setenv(cluster.VARIABLE, nowhere)
    gc.disable()
    try:
        before = clients()
        with pytest.raises(RunError, match="cannot be reached") as refusal:
            cluster.connect()
        failed = [one for key, one in clients().items() if key not in before]
        # The traceback still holds the client, as does the page that shows it.
        assert refusal.value.__cause__ is not None and len(failed) == 1
        assert failed[0].status == "closed" and not failed[0]._loop_runner.is_started()
    finally:
        gc.enable()


@pytest.fixture
def held(monkeypatch):
    """A scheduler that does not answer before the event is set."""
    answers, real = threading.Event(), cluster._connected
    asked = threading.Event()

    def connected(address: str):
        asked.set()
        assert answers.wait(DEADLINE)
        return real(address)

    monkeypatch.setattr(cluster, "_connected", connected)
    monkeypatch.setattr(cluster, "SECONDS_TO_CONNECT", 1)
    monkeypatch.setenv(cluster.VARIABLE, "tcp://127.0.0.1:9")
    yield answers, asked
    answers.set()


def test_the_app_does_not_wait_for_a_scheduler_that_does_not_answer(home, held, small_csv) -> None:
    answers, asked = held
    dataset = add_dataset(small_csv, "small.csv")
    runs = [create_run(dataset, config) for config in (PCA, replace(PCA, seed=1))]
    jobs = Jobs()
    # Each of these returns while the connection is still being tried.
    warm = jobs.warm_up()
    for run in runs:
        jobs.submit(run)
    assert known_workers() is None
    assert asked.wait(DEADLINE) and not warm.done()
    assert [run.status().state for run in runs] == ["queued", "queued"]
    jobs.cancel(runs[1])
    assert runs[1].status().state == "cancelled"
    answers.set()
    until(lambda: runs[0].status().state == "failed")
    assert "The scheduler at tcp://127.0.0.1:9 cannot be reached" in runs[0].status().message
    until(lambda: not jobs.busy)
    assert runs[1].status().state == "cancelled", "a cancelled run does not fail later"


def test_a_map_that_cannot_reach_the_scheduler_says_so(home, monkeypatch, small_csv) -> None:
    monkeypatch.setattr(cluster, "SECONDS_TO_CONNECT", 1)
    monkeypatch.setenv(cluster.VARIABLE, "tcp://127.0.0.1:9")
    space = DesignSpace(shifts=(1,), lookbacks=(3,), representations=("level",), models=("pca",), folds=2)
    made = create_map(add_dataset(small_csv, "small.csv"), space)
    with pytest.raises(RunError, match="cannot be reached"):
        run_map(made)
    assert made.state().state == "failed" and "cannot be reached" in made.state().message
    assert not made.cells()


def until(condition) -> None:
    """Wait for what a thread does after a future is done."""
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_worker_that_joins_later_has_one_thread_before_a_model_reaches_it(alone, tmp_path) -> None:
    with worker_here(alone, tmp_path):
        client = cluster.connect()
        with worker_here(alone, tmp_path):
            limits = client.run(lambda: os.environ.get("TF_NUM_INTRAOP_THREADS"))
            assert list(limits.values()) == ["1", "1"]
            assert not any(client.run(lambda: "tensorflow" in sys.modules).values())


def test_without_dask_a_sentence_says_what_to_install(home, monkeypatch, capsys) -> None:
    monkeypatch.setenv(cluster.VARIABLE, "tcp://127.0.0.1:9")
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert "requirements-cluster.txt" in refused(capsys, "Dask is not installed")


def test_workers_that_cannot_be_used_are_named(alone, tmp_path, capsys) -> None:
    refused(capsys, f"The scheduler at {alone} has no workers", f"dask worker {alone} --nthreads 1")
    stub = tmp_path / "stub" / "rare_event"
    stub.mkdir(parents=True)
    (stub / "__init__.py").write_text("raise ModuleNotFoundError(\"No module named 'rare_event'\")")
    with worker_here(alone, tmp_path, PYTHONPATH=str(stub.parent)):
        refused(capsys, "The worker at tcp://127.0.0.1:", "cannot use rare_event")
    with worker_here(alone, tmp_path, "--nthreads", "2"):
        refused(capsys, "has 2 threads", "--nthreads 1")
    shutil.copytree(ROOT / "rare_event", tmp_path / "other" / "rare_event")
    with (tmp_path / "other" / "rare_event" / "text.py").open("a") as file:
        file.write("OTHER = 1\n")
    with worker_here(alone, tmp_path, PYTHONPATH=str(tmp_path / "other")):
        found = refused(capsys, "of rare_event, but this machine has", "the same version on both")
        assert cluster.identity()["rare_event"] in found
    with worker_here(alone, tmp_path):
        assert cluster.connect().status == "running"


def test_a_scheduler_of_another_version_is_a_sentence(alone, capsys, monkeypatch) -> None:
    from distributed import Client

    real = Client.get_versions

    def older(self, *args, **named):
        versions: Any = real(self, *args, **named)
        versions["scheduler"]["packages"]["distributed"] = "2025.1.0"
        return versions

    monkeypatch.setattr(Client, "get_versions", older)
    refused(capsys, f"The scheduler at {alone} has version 2025.1.0 of distributed", "this machine")


def test_a_worker_that_joins_later_is_checked_too(address) -> None:
    other = {**cluster.identity(), "numpy": "0.1"}
    future = cluster.connect().get_executor(pure=False).submit(cluster.perform, other, len, "abc")
    with pytest.raises(RunError, match="has version .* of numpy, but this machine has 0.1"):
        future.result(DEADLINE)


def test_an_error_of_a_fold_is_the_sentence_of_one_process(address, small_csv) -> None:
    table = read_table(small_csv)
    config = replace(RECOMMENDED, lookback=500, model=PCAModel())
    with pytest.raises(Exception) as here:
        run_experiment(table, config)
    with pytest.raises(type(here.value)) as there:
        run_experiment(table, config, folds_by=cluster_folds())
    assert str(here.value) == str(there.value)


def test_dask_is_imported_only_with_a_scheduler() -> None:
    code = "import sys, rare_event.jobs.queue; from rare_event.jobs.spread import cluster_folds as f; "
    code += "assert f() is None; print('dask' in sys.modules, 'distributed' in sys.modules)"
    clean = {key: value for key, value in os.environ.items() if key != cluster.VARIABLE}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=clean, capture_output=True, text=True)
    assert done.stdout.split() == ["False", "False"], done.stderr
