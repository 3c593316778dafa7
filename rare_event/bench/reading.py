"""Reading a large CSV, against pandas with pyarrow: time, and peak memory in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from rare_event.bench.timing import Row, in_turn, row
from rare_event.bench.training import peak_bytes

INGEST_ROWS, INGEST_COLUMNS = 1_000_000, 60
BLOCK_ROWS = 50_000
TURNS = 3


def ingest(n_rows: int | None = None) -> Row:
    """Time reading a CSV of a time, sensors and a label, and measure its peak over the float32 frame.

    Parameters
    ----------
    n_rows
        Rows of the file; None takes `INGEST_ROWS`.
    """
    import pandas as pd

    from rare_event.read.raw import read_raw

    n_rows = n_rows or INGEST_ROWS
    with TemporaryDirectory() as folder:
        path = Path(folder) / "large.csv"
        write_large(path, n_rows)
        ours, reference = in_turn(
            lambda: read_raw(path, name=path.name), lambda: pd.read_csv(path, engine="pyarrow"), TURNS
        )
        code = (
            "import sys; from rare_event.bench.reading import peak_of_reading; peak_of_reading(sys.argv[1])"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, str(path)], check=True, capture_output=True, text=True
        )
        size = path.stat().st_size
    frame_bytes = 4 * n_rows * INGEST_COLUMNS
    return row(
        ours,
        reference,
        f"pandas.read_csv with pyarrow, {n_rows:,} rows; ours {size / ours / 1e6:.0f} MB/s, "
        f"peak {float(done.stdout.split()[-1]) / frame_bytes:.2f} float32 frames",
        megabytes_per_second=size / ours / 1e6,
        peak_over_frame=float(done.stdout.split()[-1]) / frame_bytes,
    )


def peak_of_reading(path: str) -> None:
    """Read a file and write by how many bytes the peak memory of this process grew."""
    from rare_event.read.raw import read_raw

    before = peak_bytes()
    read_raw(path, name="large.csv")
    sys.stdout.write(f"{peak_bytes() - before}\n")


def write_large(path: Path, n_rows: int) -> None:
    """Write a CSV of a time, sensors and a label, `INGEST_COLUMNS` in all."""
    random = np.random.default_rng(0)
    names = ["time", *(f"x{k}" for k in range(INGEST_COLUMNS - 2)), "y"]
    writer = None
    for start in range(0, n_rows, BLOCK_ROWS):
        count = min(BLOCK_ROWS, n_rows - start)
        minutes = np.datetime64("2020-01-01T00:00:00") + np.arange(start, start + count) * np.timedelta64(
            60, "s"
        )
        sensors = [np.round(10 * random.normal(size=count), 4) for _ in names[1:-1]]
        label = (random.random(count) < 0.001).astype(np.int8)
        block = pa.table([pa.array(minutes), *map(pa.array, sensors), pa.array(label)], names=names)
        writer = writer or pa_csv.CSVWriter(
            path, block.schema, write_options=pa_csv.WriteOptions(quoting_style="none")
        )
        writer.write(block)
    if writer is not None:
        writer.close()
