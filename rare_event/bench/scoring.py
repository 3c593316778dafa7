"""Scoring of a large file, from Parquet to alarms, against Keras on windows that are laid out in memory."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from rare_event.bench.data import correlated_rows
from rare_event.bench.timing import Row, peak_bytes, row

ROWS, SENSORS = 1_000_000, 60
TIMES_AS_MANY = 10
# Rows that the model is trained on; scoring does not depend on how well it learned.
TRAINED_ON = 5_000


def score(n_rows: int = ROWS) -> Row:
    """Time scoring a Parquet file with the dense model, in a process of its own, and take its peak memory.

    The reference reads the same file, scales it, lays out its windows and calls `model.predict` on them;
    the alarms are those of a threshold. Both processes have imported Keras and scored a few rows before.
    """
    with tempfile.TemporaryDirectory() as folder:
        write_rows_and_model(Path(folder), n_rows)
        ours, reference = (_measured(Path(folder), side) for side in ("ours", "reference"))
    if ours["rows"] != reference["rows"] or not np.isclose(ours["median"], reference["median"], rtol=1e-4):
        raise AssertionError("The scores differ from those of model.predict.")
    return row(
        ours["seconds"],
        reference["seconds"],
        f"model.predict on materialised windows, Parquet to alarms, {n_rows:,} x {SENSORS}",
        rows=n_rows,
        peak_bytes=ours["peak"],
        reference_peak_bytes=reference["peak"],
    )


def score_large(n_rows: int = ROWS) -> Row:
    """Time scoring ten times as many rows, against ten times the time of one file of `n_rows`."""
    figures = []
    for rows in (n_rows, TIMES_AS_MANY * n_rows):
        with tempfile.TemporaryDirectory() as folder:
            write_rows_and_model(Path(folder), rows)
            figures.append(_measured(Path(folder), "ours"))
    small, large = figures
    return row(
        large["seconds"],
        TIMES_AS_MANY * small["seconds"],
        f"{TIMES_AS_MANY} times the time of {n_rows:,} rows, Parquet to alarms, {SENSORS} sensors",
        rows=TIMES_AS_MANY * n_rows,
        peak_bytes=large["peak"],
        small_peak_bytes=small["peak"],
    )


def write_rows_and_model(folder: Path, n_rows: int) -> None:
    """Write the file, and a model that was trained on its first rows."""
    import pandas as pd

    from rare_event.config import RECOMMENDED, DenseModel, Training
    from rare_event.jobs.worker import execute
    from rare_event.prepare.table import read_table
    from rare_event.store.archive import save_archive
    from rare_event.store.datasets import add_dataset
    from rare_event.store.runs import create_run
    from rare_event.store.workspace import scratch_home

    values = correlated_rows(n_rows, SENSORS)
    label = np.zeros(n_rows, np.int8)
    label[100::150] = 1
    minute = 2 * np.arange(n_rows) + 60 * np.cumsum(np.roll(label, 1))
    columns: dict[str, Any] = {"time": np.datetime64("2024-01-01", "ns") + minute.astype("timedelta64[m]")}
    columns["y"] = label
    columns |= {f"x{number}": values[:, number] for number in range(SENSORS)}
    frame = pd.DataFrame(columns)
    frame.to_parquet(folder / "new.parquet", index=False)
    config = replace(RECOMMENDED, model=DenseModel(), training=Training(epochs=1, patience=None))
    with scratch_home(folder / "home"):
        frame[:TRAINED_ON].to_parquet(folder / "old.parquet", index=False)
        read_table(folder / "old.parquet")
        run = create_run(add_dataset(folder / "old.parquet", "old.parquet"), config)
        execute(run)
        save_archive(run, folder / "model.zip")


def _measured(folder: Path, side: str) -> dict[str, float]:
    """Run one side in a process of its own, so that its peak memory is its own."""
    code = f"from rare_event.bench.scoring import measure; measure({str(folder)!r}, {side!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def measure(folder: str, side: str) -> None:
    """Score the file of a folder as `side` says, and write the figures as JSON."""
    from rare_event.store.archive import open_bundle

    trained = open_bundle(Path(folder) / "model.zip")
    action = {"ours": _ours, "reference": _reference}[side]
    action(trained, Path(folder) / "old.parquet")
    began = perf_counter()
    scores, _ = action(trained, Path(folder) / "new.parquet")
    seconds = perf_counter() - began
    middle = float(np.median(scores))
    figures = {"seconds": seconds, "peak": peak_bytes(), "rows": len(scores), "median": middle}
    sys.stdout.write(json.dumps(figures) + "\n")


def _ours(trained: Any, path: Path) -> tuple[np.ndarray, Any]:
    from rare_event.experiment.score import BEGINNING, score
    from rare_event.store.incoming import read_new

    scored = score(trained, read_new(trained, path, path.name).matched.ready(), BEGINNING)
    return scored.scores.y_score, scored.alarms


def _reference(trained: Any, path: Path) -> tuple[np.ndarray, Any]:
    """Do what a script with pandas and Keras does."""
    import pandas as pd

    from rare_event.prepare.windows import gather, window_ends

    frame = pd.read_parquet(path)
    part = trained.part
    representation, lookback = part.representation, part.config.lookback
    label = frame["y"].to_numpy()
    stretch = np.concatenate([[0], np.cumsum((label[:-1] == 1) & (label[1:] == 0))])
    values = frame[list(representation.sensors)].to_numpy(np.float32)
    changed = values - np.concatenate([values[:1], values[:-1]])
    changed[np.diff(stretch, prepend=-1) != 0] = 0
    scaled = (changed - representation.center) / representation.scale
    clip = representation.config.clip
    X = np.clip(scaled, -clip, clip).astype(np.float32)[label == 0]
    windows = gather(X, window_ends(stretch[label == 0], lookback), lookback)
    again = part.detector.model.predict(windows, verbose=0)
    errors = np.square(again - windows)
    errors = errors[:, -1] if part.config.score.steps == "last" else errors.mean(axis=1)
    top = part.config.score.top_k
    if top is not None:
        errors = np.partition(errors, -top, axis=1)[:, -top:]
    scores: np.ndarray = errors.mean(axis=1) / part.unit
    return scores, np.flatnonzero(scores >= trained.threshold)
