"""Large files on the command line: whole commands from a CSV to figures, in processes of their own."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from rare_event.bench.reading import INGEST_COLUMNS, write_large
from rare_event.bench.timing import Row, peak_bytes, row, seconds

ROWS = 1_000_000
# Smaller files, as shares of the rows: what a command takes should grow with them and no faster.
SHARES = (0.1, 0.3, 1.0)
COMMANDS = {"pca": ("run", "--model", "pca"), "dense": ("run", "--model", "dense"), "backtest": ("backtest",)}
OF_ALL_ROWS_ONLY = ("backtest",)
READ = "import sys, pandas; pandas.read_csv(sys.argv[1], engine='pyarrow')"


def large(n_rows: int | None = None) -> Row:
    """Time runs and a backtest of a large CSV, from a new process to printed figures, with their peak memory.

    Parameters
    ----------
    n_rows
        Rows of the largest file; None takes `ROWS`.
    """
    n_rows = n_rows or ROWS
    found: dict[str, dict[int, dict[str, float]]] = {name: {} for name in COMMANDS}
    reading = 0.0
    for share in SHARES:
        count = round(share * n_rows)
        with TemporaryDirectory() as folder:
            path = Path(folder) / "large.csv"
            write_large(path, count)
            for name, command in COMMANDS.items():
                if count == n_rows or name not in OF_ALL_ROWS_ONLY:
                    found[name][count] = _measured(command, path, Path(folder) / f"home-{name}")
            reading = seconds(partial(_run, [sys.executable, "-c", READ, str(path)]))
    return row(
        found["pca"][n_rows]["seconds"],
        reading,
        f"a process that only reads the CSV with pandas; a PCA run, {n_rows:,} x {INGEST_COLUMNS}",
        rows=n_rows,
        commands=found,
        notes=[_in_words(name, of_rows) for name, of_rows in found.items()],
    )


def _in_words(name: str, of_rows: dict[int, dict[str, float]]) -> str:
    each = [f"{rows:,} rows {it['seconds']:.1f} s, {it['peak'] / 1e9:.2f} GB" for rows, it in of_rows.items()]
    return f"{name}: {'; '.join(each)}"


def _measured(command: Sequence[str], path: Path, home: Path) -> dict[str, float]:
    """Run a command on a file in a new process; return its wall time and its peak memory."""
    peak = path.with_suffix(".peak")
    code = "import sys; from rare_event.bench.long_files import measure; measure(sys.argv[1], sys.argv[2:])"
    arguments = [command[0], str(path), "--label", "y", *command[1:]]
    spent = seconds(
        lambda: _run([sys.executable, "-c", code, str(peak), *arguments], {"RARE_EVENT_HOME": str(home)})
    )
    return {"seconds": spent, "peak": float(peak.read_text())}


def _run(command: Sequence[str], more: dict[str, str] | None = None) -> None:
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, **(more or {})})


def measure(peak: str, arguments: Sequence[str]) -> None:
    """Run the command line in this process, and write its peak memory in bytes into a file."""
    sys.argv = ["rare_event", *arguments]
    try:
        runpy.run_module("rare_event", run_name="__main__")
    except SystemExit as ended:
        # What the command line refuses is no figure.
        if ended.code:
            raise
    Path(peak).write_text(str(peak_bytes()))
