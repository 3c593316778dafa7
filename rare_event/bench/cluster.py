"""Work on two workers of a Dask cluster on this machine, against one."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import monotonic, sleep
from typing import TypeVar

import psutil

import rare_event
from rare_event.bench.scoring import ROWS, SENSORS, write_rows_and_model
from rare_event.bench.timing import TURNS, Row, row, seconds
from rare_event.errors import RunError
from rare_event.experiment.pieces import Piece, Windows, score_here
from rare_event.experiment.trained import Part
from rare_event.jobs.cluster import VARIABLE, connect
from rare_event.read.source import Files

Figures = TypeVar("Figures")
Workers = Sequence[subprocess.Popen[bytes]]

PARTS = 8
LOOPBACK = "127.0.0.1"
# Until a scheduler or a worker that was started is there.
SECONDS_TO_START = 120.0


@contextmanager
def served(folder: Path, command: list[str], **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start a process of Dask in a folder, with this copy of our code and without its log."""
    ours = {"PYTHONPATH": str(Path(rare_event.__file__).parents[1])}
    process = subprocess.Popen(
        [sys.executable, "-m", f"distributed.cli.{command[0]}", *command[1:], "--no-dashboard"],
        cwd=folder,
        env={**os.environ, **ours, **variables},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def await_(condition: Callable[[], bool], what: str) -> None:
    """Wait until a condition holds.

    Raises
    ------
    RunError
        If it never does.
    """
    end = monotonic() + SECONDS_TO_START
    while not condition():
        if monotonic() > end:
            raise RunError(f"{what} did not start. Look at the memory of this machine, then try again.")
        sleep(0.01)


@contextmanager
def scheduler_here(folder: Path) -> Iterator[str]:
    """Start a scheduler on this machine, and name it to this process as the one to use.

    Parameters
    ----------
    folder
        For its files.

    Yields
    ------
    str
        Its address.
    """
    from distributed import Client

    file = folder / "scheduler.json"
    command = ["dask_scheduler", "--host", LOOPBACK, "--port", "0", "--scheduler-file", str(file)]
    before = os.environ.get(VARIABLE)
    with served(folder, command):
        await_(file.is_file, "The scheduler")
        with Client(scheduler_file=str(file), set_as_default=False, timeout=SECONDS_TO_START) as client:
            address = str(client.scheduler_info()["address"])
        os.environ[VARIABLE] = address
        try:
            yield address
        finally:
            if before is None:
                del os.environ[VARIABLE]
            else:
                os.environ[VARIABLE] = before


@contextmanager
def worker_here(
    address: str, folder: Path, *more: str, **variables: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a worker of one thread on this machine, and wait until the scheduler knows it.

    Parameters
    ----------
    address
        Of the scheduler.
    folder
        For its files.
    *more
        Further options.
    **variables
        Of its environment.
    """
    from distributed import Client

    options = ["--nthreads", "1", "--host", LOOPBACK, "--no-nanny", "--local-directory", str(folder), *more]

    def there() -> int:
        # Not kept open: it would wait long for a scheduler that has ended.
        with Client(address, set_as_default=False, timeout=SECONDS_TO_START) as client:
            return len(client.scheduler_info(n_workers=-1)["workers"])

    before = there()
    with served(folder, ["dask_worker", address, *options], **variables) as process:
        await_(lambda: there() > before, "The worker")
        yield process


def cluster(n_backtest: int = 24_000, epochs: int = 200) -> Row:
    """Time six folds of a backtest on two workers and on one, once all have compiled the model."""
    from rare_event.config import RECOMMENDED, Training
    from rare_event.experiment.backtest import over_folds
    from rare_event.experiment.run import run_experiment
    from rare_event.jobs.spread import cluster_folds
    from rare_event.prepare.sample import sample_mill
    from rare_event.prepare.table import read_table

    table = read_table(sample_mill(n_backtest).to_csv(index=False).encode())
    config = replace(RECOMMENDED, training=Training(epochs=epochs, patience=None))
    [config] = over_folds([config], 6)

    def folds() -> float:
        run_experiment(table, config, folds_by=cluster_folds())
        return seconds(lambda: run_experiment(table, config, folds_by=cluster_folds()))

    with tempfile.TemporaryDirectory() as name:
        one, two = _on_one_and_two(Path(name), lambda _: folds())
    return row(two, one, f"one worker of the cluster, six folds of {n_backtest:,} rows, {epochs} epochs each")


def cluster_score(n_rows: int = ROWS) -> Row:
    """Time the windows of `score` on two workers and on one, from rows that are read to their scores.

    The row also has the processor seconds of the busiest worker, which tell what two workers give where
    each and this process have a core of their own; and the seconds of the whole path, from 8 Parquet files
    to alarms, by this process alone, by one worker and by two: reading and alarms stay here. Seconds are
    the best of `TURNS`, once all have compiled the model.
    """
    from rare_event.experiment.score import score
    from rare_event.jobs.spread import cluster_pieces
    from rare_event.store.archive import open_bundle
    from rare_event.store.incoming import read_new

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files, trained = write_parts(folder, n_rows), open_bundle(folder / "model.zip")

        def whole() -> None:
            pieces_by = cluster_pieces(trained.part)
            score(trained, read_new(trained, files, files.name).matched.ready(), None, pieces_by)

        pieces: list[Piece] = []

        def kept(part: Part, laid_out: Iterable[Piece]) -> Iterator[Windows]:
            pieces.extend(laid_out)
            return score_here(part, pieces)

        score(trained, read_new(trained, files, files.name).matched.ready(), None, kept)

        def windows() -> None:
            for _ in cluster_pieces(trained.part)(trained.part, pieces):
                pass

        def both(workers: Workers) -> tuple[float, float, float]:
            return _best(windows), _busiest(windows, workers), _best(whole)

        here = _best(whole)
        (one, work_one, whole_one), (two, work_two, whole_two) = _on_one_and_two(folder, both)
    return row(
        two,
        one,
        f"one worker of the cluster, {n_rows:,} x {SENSORS}, from rows that are read to their scores",
        rows=n_rows,
        busiest_worker_seconds={"one worker": work_one, "two workers": work_two},
        whole_path_seconds={"here": here, "one worker": whole_one, "two workers": whole_two},
    )


def _best(action: Callable[[], None]) -> float:
    """Return the seconds of the fastest of some calls, after one that compiles."""
    action()
    return min(seconds(action) for _ in range(TURNS))


def _busiest(action: Callable[[], None], workers: Workers) -> float:
    """Return the processor seconds of the busiest worker in a call, whatever else the machine does."""

    def used() -> list[float]:
        times = [psutil.Process(worker.pid).cpu_times() for worker in workers]
        return [each.user + each.system for each in times]

    before = used()
    action()
    return max(after - old for after, old in zip(used(), before, strict=True))


def _on_one_and_two(folder: Path, measure: Callable[[Workers], Figures]) -> tuple[Figures, Figures]:
    """Measure with one worker, and with two."""
    with scheduler_here(folder) as address, worker_here(address, folder) as first:
        one = measure([first])
        with worker_here(address, folder) as second:
            two = measure([first, second])
            connect().close()
    return one, two


def write_parts(folder: Path, n_rows: int) -> Files:
    """Write the rows of `score` in 8 files, and its model."""
    import pandas as pd

    write_rows_and_model(folder, n_rows)
    frame = pd.read_parquet(folder / "new.parquet")
    paths = tuple(folder / f"part-{number}.parquet" for number in range(PARTS))
    size = -(-n_rows // PARTS)
    for number, path in enumerate(paths):
        frame[number * size : (number + 1) * size].to_parquet(path, index=False)
    return Files(paths, tuple(path.name for path in paths))
