"""Scorings: one folder for each new file that is scored with a run, so that a reload finds the results.

`request.json` says with what; the file is there until it is scored or refused. `status.json` follows the
work of the worker, `findings.json` says how the file differs from training. At the end come the files that
the command line writes too, and the windows that the page draws.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Literal

import pandas as pd

from rare_event.errors import RunError
from rare_event.experiment.differences import Mismatch
from rare_event.experiment.score import Scored
from rare_event.experiment.trained import Trained
from rare_event.judge.scores import Scores
from rare_event.read.source import Files
from rare_event.store.digests import recorded
from rare_event.store.folders import Entry, WorkFolder, list_folders, new_folder, open_folder
from rare_event.store.originals import COPIED_BYTES
from rare_event.store.processes import read_alive
from rare_event.store.records import ScoredWith
from rare_event.store.runs import Run
from rare_event.store.scored import SCORES_PARQUET, SUMMARY, WATCH_CSV, exports
from rare_event.store.serial import dump_kept, explain
from rare_event.store.workspace import remove_folder, write

SCORE_AGAIN = "Score the file again."
LOST = "The process that was scoring this file ended early. Score the file again."
WINDOWS, ALARMS, WATCH = "windows.parquet", "alarms.parquet", "watch_alarms.parquet"
State = Literal["queued", "running", "asked", "done", "failed", "interrupted", "cancelled"]


@dataclass(frozen=True)
class Request:
    """What is scored with which run.

    Parameters
    ----------
    run
        Id of the run.
    names
        Of the files, which follow one another.
    mapping
        Names of columns of the file, and what each was called in training.
    history
        Names of the files of the rows before; empty without them.
    shelve_until
        Time before which no alarm begins or goes on; None: alarms are not shelved.
    """

    run: str
    names: tuple[str, ...]
    mapping: Mapping[str, str] = field(default_factory=dict)
    history: tuple[str, ...] = ()
    shelve_until: str | None = None


@dataclass(frozen=True)
class Status:
    """How far a scoring is: `asked` waits for the analyst to say which column is which.

    Parameters
    ----------
    state
        How far it is.
    message
        Why it failed.
    pid, pid_created
        Process that works on it.
    progress
        Share of the rows that are scored, 0 to 1.
    """

    state: State
    message: str = ""
    pid: int | None = None
    pid_created: float | None = None
    progress: float = 0.0

    @property
    def ended(self) -> bool:
        """Whether nothing happens any more unless the analyst does something."""
        return self.state not in ("queued", "running")


REQUEST = Entry("request.json", Request, "request")
STATUS = Entry("status.json", Status, "status")
FINDINGS = Entry("findings.json", list[Mismatch], "list of findings")
WINDOWS_WITH = Entry("windows.json", ScoredWith[list[int]], "windows")


@dataclass(frozen=True)
class Scoring(WorkFolder):
    """A folder of a scoring."""

    KIND, SETTINGS, OPENED, AGAIN = "scoring", "request.json", "on the Score page", SCORE_AGAIN

    def request(self) -> Request:
        """Read what is scored with which run."""
        return REQUEST.read(self)

    @property
    def name(self) -> str:
        """Name of the files together."""
        return Files((), self.request().names).rows_name

    @property
    def source(self) -> Path | Files:
        """Where the files are.

        Raises
        ------
        RunError
            If they are no longer there.
        """
        return self._uploaded("input", self.request().names)

    @property
    def history(self) -> Path | Files | None:
        """Where the files of the rows before are; None without them.

        Raises
        ------
        RunError
            If they are no longer there.
        """
        names = self.request().history
        return self._uploaded("history", names) if names else None

    def _uploaded(self, kind: str, names: tuple[str, ...]) -> Path | Files:
        paths = tuple(self.folder / f"{kind}-{place}" for place in range(len(names)))
        if not all(path.is_file() for path in paths):
            raise RunError("The uploaded file is no longer here. Upload it again.")
        return paths[0] if len(paths) == 1 else Files(paths, names)

    def status(self) -> Status:
        """Read the status: interrupted if the process that scores the file is gone."""
        return read_alive(
            lambda: STATUS.read(self), lambda status: replace(status, state="interrupted", message=LOST)
        )

    def write_status(self, status: Status) -> Status:
        """Replace the status."""
        return STATUS.write(self, status)

    def queue(self, mapping: Mapping[str, str]) -> None:
        """Queue it once more, with columns that the analyst has named."""
        self.withdraw_cancel()
        REQUEST.write(self, replace(self.request(), mapping=dict(mapping)))
        self.write_status(Status("queued"))

    def findings(self) -> list[Mismatch]:
        """Read how the file differs from training."""
        return FINDINGS.read_or(self, [])

    def save_findings(self, findings: Sequence[Mismatch]) -> None:
        """Write how the file differs from training."""
        FINDINGS.write(self, list(findings))

    def save(self, trained: Trained, scored: Scored) -> None:
        """Write the results."""
        with recorded(self.folder):
            # An attempt that was interrupted may have had a watch level.
            for name in (WATCH, WATCH_CSV):
                (self.folder / name).unlink(missing_ok=True)
            for name, content in exports(trained, scored).items():
                write(self.folder / name, partial(_fill, content))
            self.write_frame(ALARMS, scored.alarms)
            if scored.watch is not None:
                self.write_frame(WATCH, scored.watch)
            self.write_frame(WINDOWS, scored.scores.to_frame())
            WINDOWS_WITH.write(self, ScoredWith.of(scored.scores, scored.scores.total_events.tolist()))

    def file(self, name: str) -> bytes | None:
        """Read a file that the command line writes too; None where there never was one."""
        if not self.has(name):
            return None
        with explain(name, self.named, SCORE_AGAIN):
            return self.intact(name).read_bytes()

    def summary(self) -> dict[str, Any]:
        """Read the figures."""
        with explain("figures", self.named, SCORE_AGAIN):
            figures: dict[str, Any] = json.loads(self.intact(SUMMARY).read_bytes())
            return figures

    def frame(self) -> pd.DataFrame:
        """Read the scores of all rows; see `Scored.frame`."""
        with explain("scores", self.named, SCORE_AGAIN):
            return pd.read_parquet(self.intact(SCORES_PARQUET))

    @property
    def trailing(self) -> bool:
        """Whether the threshold followed the scores, whatever the run is committed to by now."""
        limit = self.frame()["threshold"].dropna()
        return bool((limit != self.summary()["threshold"]).any())

    def alarms(self) -> pd.DataFrame:
        """Read the alarms; see `Scored.alarms`."""
        with explain("alarms", self.named, SCORE_AGAIN):
            return pd.read_parquet(self.intact(ALARMS))

    def watch(self) -> pd.DataFrame | None:
        """Read the alarms of the watch level; None where the file was scored without one."""
        if not self.has(WATCH):
            return None
        with explain("alarms of the watch level", self.named, SCORE_AGAIN):
            return pd.read_parquet(self.intact(WATCH))

    def windows(self) -> Scores:
        """Read the scored windows."""
        about = WINDOWS_WITH.read(self)
        with explain("windows", self.named, SCORE_AGAIN):
            return about.scores(pd.read_parquet(self.intact(WINDOWS)), about.total_events)

    def forget_files(self) -> None:
        """Delete the files that were uploaded."""
        for kind in ("input", "history"):
            for path in self.folder.glob(f"{kind}-*"):
                path.unlink(missing_ok=True)


def _fill(content: bytes, path: Path) -> None:
    path.write_bytes(content)


def create_scoring(
    run: Run,
    files: Sequence[tuple[BinaryIO, str]],
    history: Sequence[tuple[BinaryIO, str]] = (),
    shelve_until: str | None = None,
) -> Scoring:
    """Keep new files to be scored with a run.

    Parameters
    ----------
    run
        A finished run.
    files
        The content and the name of each.
    history
        Those of the rows before.
    shelve_until
        Time before which no alarm begins or goes on.

    Raises
    ------
    RunError
        If the workspace cannot be written; then nothing is kept.
    """
    names, before = (tuple(name for _, name in each) for each in (files, history))
    request = Request(run.id, names, history=before, shelve_until=shelve_until)
    scoring = new_folder(Scoring, run.dataset(), dump_kept(request))
    try:
        for kind, contents in (("input", files), ("history", history)):
            for place, (content, _) in enumerate(contents):
                write(scoring.folder / f"{kind}-{place}", partial(_copy, content))
        scoring.write_status(Status("queued"))
    except BaseException:
        shutil.rmtree(scoring.folder, ignore_errors=True)
        raise
    return scoring


def _copy(content: BinaryIO, path: Path) -> None:
    with path.open("wb") as file:
        shutil.copyfileobj(content, file, COPIED_BYTES)
        os.fsync(file.fileno())


def open_scoring(scoring_id: str) -> Scoring:
    """Open a scoring, or raise a RunError if there is none of this id."""
    return open_folder(Scoring, scoring_id)


def list_scorings(run_id: str | None = None) -> list[Scoring]:
    """List the readable scorings, of one run or of all, latest first."""
    return [scoring for scoring in list_folders(Scoring) if _wanted(scoring, run_id)]


def _wanted(scoring: Scoring, run_id: str | None) -> bool:
    try:
        scoring.status()
        return run_id in (None, scoring.request().run)
    except RunError:
        return False


def delete_scoring(scoring: Scoring) -> None:
    """Delete a scoring with its file and its results."""
    remove_folder(scoring.folder)
