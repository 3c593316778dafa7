"""Scored rows as files: the same bytes from the app and from the command line."""

from __future__ import annotations

import io
import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rare_event.clock import rate_of
from rare_event.errors import ConfigError, RunError
from rare_event.experiment.listing import n_open
from rare_event.experiment.score import Scored
from rare_event.experiment.trained import Counted, Trained
from rare_event.store.exports import spreadsheet_safe
from rare_event.store.serial import to_plain
from rare_event.text import plural

SCORES_PARQUET, SCORES_CSV, ALARMS_CSV = "scores.parquet", "scores.csv", "alarms.csv"
WATCH_CSV, LEDGER_CSV, SUMMARY = "watch_alarms.csv", "ledger.csv", "summary.json"
FILES = (SCORES_PARQUET, SCORES_CSV, ALARMS_CSV, WATCH_CSV, LEDGER_CSV, SUMMARY)


def exports(trained: Trained, scored: Scored) -> dict[str, bytes]:
    """Return the files of scored rows by name.

    Returns
    -------
    dict
        `scores.parquet` and `scores.csv` with every row, `alarms.csv`, `summary.json`, with a watch level
        `watch_alarms.csv` and, for rows with a label, `ledger.csv`.
        Text that a spreadsheet would run as a formula stays text in the CSV files.
    """
    parquet = io.BytesIO()
    scored.frame.to_parquet(parquet, index=False)
    files = {
        SCORES_PARQUET: parquet.getvalue(),
        SCORES_CSV: csv_of(scored.frame),
        ALARMS_CSV: csv_of(scored.alarms),
        SUMMARY: (json.dumps(summary(trained, scored), indent=1) + "\n").encode(),
    }
    if scored.watch is not None:
        files[WATCH_CSV] = csv_of(scored.watch)
    if scored.worth is not None:
        files[LEDGER_CSV] = csv_of(scored.worth.ledger)
    return files


def csv_of(frame: pd.DataFrame) -> bytes:
    """Return a frame as CSV: times in full, and no text that a spreadsheet would run."""
    safe = spreadsheet_safe(frame.rename(columns=lambda name: name))
    for column in safe.select_dtypes("datetime"):
        times, known = safe[column].to_numpy(), safe[column].notna().to_numpy()
        whole = (times[known].astype("datetime64[ns]").astype(np.int64) % 1_000_000_000 == 0).all()
        text = np.where(known, np.datetime_as_string(times, unit="s" if whole else "ns"), "")
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
            "scores": to_plain(scored.drift) | {"what": scored.drift_in_words},
            "regime": to_plain(scored.regime),
            "sensors": [
                {"sensor": one.sensor, "machine": one.asset, "share": one.share, "what": one.in_words}
                for one in scored.apart
            ],
        },
    }
    if worth is not None:
        figures["worth"] = {
            **_figures(worth.given),
            "on_validation_data": None if trained.validation is None else _figures(trained.validation),
            "what": worth.in_words,
        }
    if trained.promise is not None and scored.check is not None:
        unit = replace(trained.time_unit, labelled=bool(trained.schema.labels))
        figures["promise"] = {
            **to_plain(trained.promise),
            "what": trained.promise.in_words(unit),
            "answer": scored.check.answer,
            "check": to_plain(scored.check) | {"what": scored.check.headline},
        }
    if trained.watch is not None and scored.watch is not None:
        figures["watch"] = {
            "threshold": trained.watch.last,
            "chosen": trained.watch.how(trained.time_unit),
            "alarms": len(scored.watch),
            "alarms_still_on": n_open(scored.watch),
            "alarms_per_day": rate_of(len(scored.watch), scored.scores.days),
            "reached_warning": int(scored.watch["reached_warning"].notna().sum()),
            "what": watch_in_words(scored.watch),
        }
    if scored.hidden.suppressed:
        figures["suppressed"] = scored.hidden.suppressed
    if scored.hidden.until:
        figures["shelved"] = {"until": scored.hidden.until, "rows": scored.hidden.shelved}
    figures |= trained.time_unit.about()
    return figures


def watch_in_words(alarms: pd.DataFrame) -> str:
    """Say how many alarms of the watch level there are, and how many reached the warning level."""
    reached, still = int(alarms["reached_warning"].notna().sum()), n_open(alarms)
    on = f", {still} still on at the end" if still else ""
    of_them = "none of them" if not reached else f"{reached:,} of them"
    warned = f"; {of_them} reached the warning level" if len(alarms) else ""
    return f"At the watch level: {plural(len(alarms), 'alarm')}{on}{warned}."


def _figures(counted: Counted) -> dict[str, Any]:
    return {
        "events_caught": counted.caught,
        "events": counted.n_events,
        "events_caught_share_95": list(counted.share),
        "false_alarms": counted.false_alarms,
        "days": counted.days,
        "false_alarms_per_day_95": [end if np.isfinite(end) else None for end in counted.rate],
    }


def describe(trained: Trained, scored: Scored) -> str:
    """Describe scored rows in a few lines."""
    lines = [f"{scored.name}: {scored.in_words}", *(one.what for one in scored.unscored)]
    lines += [] if scored.watch is None else [watch_in_words(scored.watch)]
    lines += filter(None, [scored.hidden.suppressed])
    lines += [f"{one.what} {one.fix}" for one in scored.findings]
    lines += [scored.drift_in_words, *(one.in_words for one in scored.apart)]
    if scored.worth is not None:
        lines.append(scored.worth.in_words)
    if trained.promise is not None and scored.check is not None:
        lines.append(scored.check.in_words)
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
