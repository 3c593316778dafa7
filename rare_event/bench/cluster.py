"""Work on two workers of a Dask cluster on this machine, against one."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from time import monotonic, sleep

import rare_event
from rare_event.bench.scoring import ROWS, write_rows_and_model
from rare_event.bench.timing import Row, row, seconds
from rare_event.errors import RunError
from rare_event.jobs.cluster import VARIABLE, connect
from rare_event.read.source import Files

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


def cluster(n_rows: int = ROWS, n_backtest: int = 24_000, epochs: int = 200) -> Row:
    """Time six folds of a backtest on two workers and on one, once all have compiled the model.

    The row also has the seconds in which the 1,000,000 rows of `score`, in 8 Parquet files, are read, scored
    and judged by this process alone, by one worker and by two; alarms and reading are not spread.
    """
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

    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        files = write_parts(folder, n_rows)
        scoring = {"here": _scored(folder, files)}
        address = stack.enter_context(scheduler_here(folder))
        stack.enter_context(worker_here(address, folder))
        one, scoring["one worker"] = folds(), _scored(folder, files)
        stack.enter_context(worker_here(address, folder))
        two, scoring["two workers"] = folds(), _scored(folder, files)
        connect().close()
    what = f"one worker of the cluster, six folds of {n_backtest:,} rows, {epochs} epochs each"
    return row(two, one, what, score_rows=n_rows, score_seconds=scoring)


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


def _scored(folder: Path, files: Files) -> float:
    """Return the seconds of scoring files, once everything is compiled."""
    from rare_event.experiment.score import score
    from rare_event.jobs.spread import cluster_pieces
    from rare_event.store.archive import open_bundle
    from rare_event.store.incoming import read_new

    trained = open_bundle(folder / "model.zip")

    def action() -> None:
        score(trained, read_new(trained, files, files.name).matched.ready(), None, cluster_pieces())

    action()
    return seconds(action)
