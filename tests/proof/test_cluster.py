"""A million rows in eight files, and six folds of the mill, with a worker that is killed: equal bits."""

import json
import os
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pandas as pd
import pytest

from rare_event.bench.cluster import await_, cluster, cluster_score, scheduler_here, worker_here, write_parts
from rare_event.config import RECOMMENDED
from rare_event.experiment.backtest import backtest
from rare_event.experiment.score import score
from rare_event.jobs.cluster import VARIABLE, connect
from rare_event.jobs.spread import cluster_folds, cluster_pieces
from rare_event.store.archive import open_bundle
from rare_event.store.incoming import read_new
from rare_event.store.scored import exports
from rare_event.store.serial import to_plain


@pytest.mark.timeout(1800)
def test_a_million_rows_with_a_killed_worker(tmp_path: Path) -> None:
    files = write_parts(tmp_path, 1_000_000)
    trained = open_bundle(tmp_path / "model.zip")
    table = read_new(trained, files, files.name).matched.ready()
    here = exports(trained, score(trained, table))
    with scheduler_here(tmp_path) as address, worker_here(address, tmp_path) as first:
        with worker_here(address, tmp_path):
            pieces_by, done = cluster_pieces(trained.part), []

            def killing(part, pieces):
                for windows in pieces_by(part, pieces):
                    done.append(1)
                    if len(done) == 20 + 7:
                        first.kill()
                    yield windows

            whole = exports(trained, score(trained, table, None, killing))
            assert first.poll() is None and len(done) == 20
            again = exports(trained, score(trained, table, None, killing))
            assert first.wait() == -9 and len(done) == 40
        connect().close()
    assert whole == here and again == here
    frame = pd.read_parquet(tmp_path / "part-0.parquet")
    assert json.loads(here["summary.json"])["rows"] == 8 * len(frame) == 1_000_000


@pytest.mark.mill
@pytest.mark.timeout(1800)
def test_the_mill_on_a_cluster_that_loses_a_worker(tmp_path: Path, mill_table) -> None:
    config = replace(RECOMMENDED, seed=3)
    here = [to_plain(row) for row in backtest(mill_table, [config], 6)]
    with scheduler_here(tmp_path) as address, worker_here(address, tmp_path) as first:
        with worker_here(address, tmp_path):
            folds_by = cluster_folds()
            assert [to_plain(row) for row in backtest(mill_table, [config], 6, folds_by=folds_by)] == here
            assert folds_by is not None
            client = connect()

            def kill_in_the_middle(prepared, config, on_progress):
                def at_work() -> bool:
                    return all(client.processing().values()) and len(client.processing()) == 2

                def kill() -> None:
                    await_(at_work, "The folds")
                    first.kill()

                killer = Thread(target=kill)
                killer.start()
                try:
                    return folds_by(prepared, config, on_progress)
                finally:
                    killer.join()

            found = backtest(mill_table, [config], 6, folds_by=kill_in_the_middle)
            assert first.wait() == -9 and client.status == "running"
        connect().close()
    assert [to_plain(row) for row in found] == here


@pytest.mark.timeout(600)
def test_two_workers_are_measured_against_one() -> None:
    for figures in (cluster(3000, 1), cluster_score(2000)):
        assert figures["ratio"] == figures["reference"] / figures["ours"] > 0
        assert "one worker" in figures["reference_is"] and VARIABLE not in os.environ
    work = figures["busiest_worker_seconds"]
    assert set(work) == {"one worker", "two workers"} and min(work.values()) >= 0
    whole = figures["whole_path_seconds"]
    assert set(whole) == {"here", "one worker", "two workers"}
    assert min(whole.values()) > min(figures["ours"], figures["reference"]), "the whole path is not less"
