"""Scored rows as files: the same bytes from the app and from the command line."""

from __future__ import annotations

import io
import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rare_event.clock import rate_of
from rare_event.errors import ConfigError, RunError
from rare_event.experiment.score import Scored
from rare_event.experiment.trained import Promise, Trained
from rare_event.store.exports import spreadsheet_safe
from rare_event.store.serial import to_plain

SCORES_PARQUET, SCORES_CSV, ALARMS_CSV = "scores.parquet", "scores.csv", "alarms.csv"
LEDGER_CSV, SUMMARY = "ledger.csv", "summary.json"
FILES = (SCORES_PARQUET, SCORES_CSV, ALARMS_CSV, LEDGER_CSV, SUMMARY)


def exports(trained: Trained, scored: Scored) -> dict[str, bytes]:
    """Return the files of scored rows by name.

    Returns
    -------
    dict
        `scores.parquet` and `scores.csv` with every row, `alarms.csv`, `summary.json` and, for rows with a
        label, `ledger.csv`. Text that a spreadsheet would run as a formula stays text in the CSV files.
    """
    parquet = io.BytesIO()
    scored.frame.to_parquet(parquet, index=False)
    files = {
        SCORES_PARQUET: parquet.getvalue(),
        SCORES_CSV: csv_of(scored.frame),
        ALARMS_CSV: csv_of(scored.alarms),
        SUMMARY: (json.dumps(summary(trained, scored), indent=1) + "\n").encode(),
    }
    if scored.worth is not None:
        files[LEDGER_CSV] = csv_of(scored.worth.ledger)
    return files


def csv_of(frame: pd.DataFrame) -> bytes:
    """Return a frame as CSV: times in full, and no text that a spreadsheet would run."""
    safe = spreadsheet_safe(frame.rename(columns=lambda name: name))
    for column in safe.select_dtypes("datetime"):
        whole = (safe[column].to_numpy().astype("datetime64[ns]").astype(np.int64) % 1_000_000_000 == 0).all()
        text = np.datetime_as_string(safe[column].to_numpy(), unit="s" if whole else "ns")
        safe[column] = pd.Series([time.replace("T", " ") for time in text.tolist()], dtype="str")
    return bytes(safe.to_csv(index=False), "utf-8")


def summary(trained: Trained, scored: Scored) -> dict[str, Any]:
    """Return the figures of scored rows as plain data."""
    worth = scored.worth
    figures: dict[str, Any] = {
        "run": trained.source,
        "model": trained.name,
        "file": scored.name,
        "rows": len(scored.frame),
        "scored": scored.n_scored,
        "unscored": to_plain(scored.unscored),
        "alarms": len(scored.alarms),
        "alarms_still_on": scored.n_open,
        "days": scored.scores.days,
        "alarms_per_day": rate_of(len(scored.alarms), scored.scores.days),
        "threshold": trained.threshold,
        "chosen": trained.how,
        "findings": to_plain(scored.findings),
        "drift": {
            "scores": to_plain(scored.drift) | {"what": scored.drift.in_words},
            "sensors": [
                {"sensor": one.sensor, "machine": one.asset, "share": one.share, "what": one.in_words}
                for one in scored.apart
            ],
        },
    }
    if worth is not None:
        figures["worth"] = {
            **_figures(worth.given),
            "promised": None if trained.promise is None else _figures(trained.promise),
            "events_as_promised": to_plain(worth.events),
            "false_alarms_as_promised": to_plain(worth.false_alarms),
            "what": worth.in_words,
        }
    figures |= trained.time_unit.about()
    return figures


def _figures(promise: Promise) -> dict[str, Any]:
    return {
        "events_caught": promise.caught,
        "events": promise.n_events,
        "events_caught_share_95": list(promise.share),
        "false_alarms": promise.false_alarms,
        "days": promise.days,
        "false_alarms_per_day_95": [end if np.isfinite(end) else None for end in promise.rate],
    }


def describe(trained: Trained, scored: Scored) -> str:
    """Describe scored rows in a few lines."""
    lines = [f"{scored.name}: {scored.in_words}", *(one.what for one in scored.unscored)]
    lines += [f"{one.what} {one.fix}" for one in scored.findings]
    lines += [scored.drift.in_words, *(one.in_words for one in scored.apart)]
    if scored.worth is not None:
        worth = scored.worth
        lines += [worth.in_words, *(one.what for one in (worth.events, worth.false_alarms))]
    return "".join(f"{line}\n" for line in lines)


def check_folder(folder: Path, force: bool = False) -> None:
    """Refuse a folder for results that would replace something, before any work is done.

    Raises
    ------
    ConfigError
        If it exists and is not empty; with `force` only if it holds other files than such results.
    """
    if not folder.absolute().parent.is_dir():
        raise ConfigError(f"The folder {folder.parent} does not exist. Create it, or choose another one.")
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise ConfigError(f"{folder} is not a folder. Choose another name for the results.")
    held = sorted(path.name for path in folder.iterdir()) if folder.exists() else []
    others = [name for name in held if name not in FILES]
    if others:
        raise ConfigError(f"{folder} holds other files, such as {others[0]!r}. Choose another folder.")
    if held and not force:
        raise ConfigError(f"{folder} already holds results. Choose another folder, or add --force.")


def write_folder(files: Mapping[str, bytes], folder: Path, force: bool = False) -> None:
    """Write files into a folder, all or none of them.

    Parameters
    ----------
    files
        By name.
    folder
        Where they go.
    force
        Whether earlier results there are replaced.

    Raises
    ------
    ConfigError
        As in `check_folder`.
    RunError
        If the disk is full or cannot be written.
    """
    check_folder(folder, force)
    parent = folder.absolute().parent
    try:
        with tempfile.TemporaryDirectory(dir=parent, prefix=".writing-") as draft:
            new, old = Path(draft) / "new", Path(draft) / "old"
            new.mkdir()
            for name, content in files.items():
                (new / name).write_bytes(content)
            if folder.exists():
                folder.rename(old)
            try:
                new.rename(folder)
            except OSError:
                if old.exists():
                    old.rename(folder)
                raise
            shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise RunError(
            f"The results cannot be written to {folder}: {error.strerror}. Free some space, or choose "
            "another folder."
        ) from error
