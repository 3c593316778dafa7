"""Runs: one folder for each, the only channel between whoever trains and whoever watches.

`config.json`, `dataset.json`, `purpose.json` and `status.json` stand from the start, `history.csv`
grows with the epochs; `scores.parquet`, `scores.json`, `threshold.json`, `evaluation.json`,
`judgement.json`, `layers.json` and the bundle follow at the end, `looks.json` when the test data are
opened. Every file is written by rename; only the logs in `tensorboard`, a folder that is there if they
were asked for, grow in place.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from rare_event.config import ExperimentConfig, from_json, to_json
from rare_event.detect.summary import Layer
from rare_event.errors import RunError
from rare_event.judge.scores import Scores, join
from rare_event.store.datasets import Dataset
from rare_event.store.folders import FOLDER_ID, WorkFolder, new_folder
from rare_event.store.processes import read_alive
from rare_event.store.records import Committed, Look, Part, Purpose, Role, State, Status
from rare_event.store.serial import NEWER, dump, explain, load
from rare_event.store.workspace import explain_disk_errors, home, read_json, write, write_json, write_text

HISTORY = ["fold", "epoch", "loss", "validation_loss", "seconds"]
# Raised when what is kept with a run is computed otherwise.
CACHE_VERSION = 1
PERSON = Purpose()
LOST = "The process that trained this run ended before it was done. Train it again."


@dataclass(frozen=True)
class Run(WorkFolder):
    """A run folder."""

    def config(self) -> ExperimentConfig:
        """Read the recipe."""
        try:
            return from_json((self.folder / "config.json").read_bytes())
        except OSError as error:
            raise RunError(f"The settings of run {self.id} are missing. Train it again.") from error

    def purpose(self) -> Purpose:
        """Read why the run was made; runs of older versions were all asked for."""
        path = self.folder / "purpose.json"
        if not path.exists():
            return Purpose()
        return load(Purpose, path, "purpose", self.named)

    def status(self) -> Status:
        """Read where the run stands: interrupted if the process that executes it is gone."""
        return read_alive(
            self.written_status, lambda status: replace(status, state="interrupted", message=LOST)
        )

    def written_status(self) -> Status:
        """Read the status as it was last written, by a process that may be gone."""
        return load(Status, self.folder / "status.json", "status", self.named, NEWER)

    def write_status(self, status: Status) -> Status:
        """Replace the status."""
        write_text(self.folder / "status.json", dump(status))
        return status

    def history(self) -> pd.DataFrame:
        """Read the epochs so far: `fold`, `epoch`, `loss`, `validation_loss`, `seconds`."""
        path = self.folder / "history.csv"
        if not path.exists():
            return pd.DataFrame(columns=HISTORY)
        with explain("history", self.named):
            history = pd.read_csv(path)
            return history.astype({name: float for name in HISTORY[2:]})[HISTORY]

    def write_history(self, history: pd.DataFrame) -> None:
        """Replace the epochs.

        Parameters
        ----------
        history
            Columns as of `history`.
        """
        write(self.folder / "history.csv", lambda path: history.to_csv(path, index=False))

    def note(self, line: str) -> None:
        """Add a line to the run's log."""
        write_text(self.folder / "log.txt", f"{self.log()}{line}\n")

    def log(self) -> str:
        """Read the run's log, line by line; empty of most runs."""
        path = self.folder / "log.txt"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def request_tensorboard(self) -> None:
        """Ask whoever executes the run for TensorBoard logs."""
        with explain_disk_errors(self.folder):
            self.tensorboard.mkdir(exist_ok=True)

    @property
    def tensorboard(self) -> Path:
        """The folder of the TensorBoard logs; it is there if they were asked for."""
        return self.folder / "tensorboard"

    def save_layers(self, layers: list[Layer]) -> None:
        """Write what the trained network is made of."""
        write_text(self.folder / "layers.json", dump(layers, list[Layer]))

    def layers(self) -> list[Layer]:
        """Read what the trained network is made of; nothing of other models and older runs."""
        path = self.folder / "layers.json"
        return load(list[Layer], path, "list of layers", self.named) if path.exists() else []

    def save_scores(self, parts: Mapping[Part, list[Scores]]) -> None:
        """Write the scores of all parts and folds."""
        joined = {part: join(scores) for part, scores in parts.items()}
        frame = pd.concat([scores.to_frame().assign(part=part) for part, scores in joined.items()])
        write(self.folder / "scores.parquet", lambda path: frame.to_parquet(path, index=False))
        write_json(
            self.folder / "scores.json",
            {
                **next(iter(joined.values())).scales(),
                "total_events": {part: scores.total_events.tolist() for part, scores in joined.items()},
            },
        )

    def save_contributions(self, parts: Mapping[Part, pd.DataFrame], names: tuple[str, ...]) -> None:
        """Write the sensors that carry each score."""
        frame = pd.concat([noted.assign(part=part) for part, noted in parts.items()])
        write(self.folder / "contributions.parquet", lambda path: frame.to_parquet(path, index=False))
        write_json(self.folder / "inputs.json", list(names))

    def contributions(self, part: Part) -> tuple[pd.DataFrame, tuple[str, ...]]:
        """Read the sensors that carry each score of a part, and the names of the model's inputs.

        Parameters
        ----------
        part
            ``validation`` or ``test``.
        """
        with explain("contributions", self.named):
            frame = pd.read_parquet(self.folder / "contributions.parquet", filters=[("part", "==", part)])
            return frame.drop(columns="part"), tuple(map(str, read_json(self.folder / "inputs.json")))

    def scores(self, part: Part) -> Scores:
        """Read the scores of a part, all folds together.

        Parameters
        ----------
        part
            ``validation`` or ``test``.

        Raises
        ------
        RunError
            If they are missing or damaged.
        """
        about = read_json(self.folder / "scores.json")
        with explain("scores", self.named):
            frame = pd.read_parquet(self.folder / "scores.parquet", filters=[("part", "==", part)])
            return Scores.of_record(frame, about["total_events"][part], about)

    def commit(self, committed: Committed) -> None:
        """Commit a threshold: from now on it is what the test data are judged at."""
        write_text(self.folder / "threshold.json", dump(committed))

    def committed(self) -> Committed:
        """Read the committed threshold and how it came about."""
        return load(Committed, self.folder / "threshold.json", "committed threshold", self.named)

    def looks(self) -> list[Look]:
        """Read how often the test data were opened, and at which thresholds, the first first."""
        path = self.folder / "looks.json"
        return load(list[Look], path, "record of looks", self.named) if path.exists() else []

    def look(self) -> None:
        """Note that the test data are opened at the committed threshold."""
        looks = [*self.looks(), Look(self.committed())]
        write_text(self.folder / "looks.json", dump(looks, list[Look]))

    def cached_frame(self, key: tuple[object, ...], make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        """Read a frame that was computed from this run before, or compute and keep it.

        Parameters
        ----------
        key
            What the frame depends on beside the run; plain data and frozen settings.
        make
            Computes it.
        """
        digest = hashlib.sha256(f"{CACHE_VERSION} {key!r}".encode()).hexdigest()[:20]
        path = self.folder / f"cache-{digest}.parquet"
        # A cache that cannot be read is made anew.
        with suppress(OSError, ValueError):
            return pd.read_parquet(path)
        frame = make()
        write(path, lambda temporary: frame.to_parquet(temporary, index=False))
        return frame

    def save_evaluation(self, summary: Mapping[str, Any]) -> None:
        """Write the figures of the run as they were when it ended."""
        write_json(self.folder / "evaluation.json", dict(summary))

    def evaluation(self) -> dict[str, Any]:
        """Read the figures of the run as they were when it ended."""
        figures = read_json(self.folder / "evaluation.json")
        if not isinstance(figures, dict):
            raise RunError(f"The evaluation of run {self.id} is missing or damaged. Train it again.")
        return figures

    def save_judgement(self, figures: Mapping[str, Any]) -> None:
        """Write what the run was worth over its folds.

        Parameters
        ----------
        figures
            Plain data, as of `rare_event.judge.judgement.Judgement.to_dict`.
        """
        write_json(self.folder / "judgement.json", dict(figures))

    def judgement(self) -> dict[str, Any] | None:
        """Read what the run was worth over its folds; None of runs that were never judged so."""
        if not (self.folder / "judgement.json").exists():
            return None
        with explain("judgement", self.named):
            return dict(read_json(self.folder / "judgement.json"))

    def save_leakage(self, readings: Mapping[str, Any]) -> None:
        """Write what the leakage meter read.

        Parameters
        ----------
        readings
            Plain data, as of `rare_event.experiment.leakage.to_dict`.
        """
        write_json(self.folder / "leakage.json", dict(readings))

    def leakage(self) -> dict[str, Any]:
        """Read what the leakage meter read."""
        with explain("leakage meter", self.named):
            return dict(read_json(self.folder / "leakage.json"))

    def save_figures(self, windows: str, figures: Mapping[str, Any]) -> None:
        """Write what a cell of a design-space map is worth."""
        write_json(self.folder / f"map-{windows}.json", dict(figures))

    def figures(self, windows: str) -> dict[str, Any] | None:
        """Read what a cell of a design-space map is worth; None if it was not judged on these windows."""
        path = self.folder / f"map-{windows}.json"
        return dict(read_json(path)) if path.exists() else None

    def begin_anew(self) -> None:
        """Queue the run again; what was half done is written over."""
        self.withdraw_cancel()
        self.write_status(Status("queued", epochs=self.config().training.epochs))

    @property
    def named(self) -> str:
        """What sentences call it."""
        return f"run {self.id}"


def create_run(dataset: Dataset, config: ExperimentConfig, purpose: Purpose = PERSON) -> Run:
    """Make the folder of a new run, queued.

    Raises
    ------
    RunError
        If the workspace cannot be written.
    """
    run = Run(new_folder("runs"))
    write_text(run.folder / "config.json", to_json(config))
    write_json(run.folder / "dataset.json", dataset.to_dict())
    write_text(run.folder / "purpose.json", dump(purpose))
    run.write_status(Status("queued", epochs=config.training.epochs))
    return run


def open_run(run_id: str) -> Run:
    """Open a run.

    Raises
    ------
    RunError
        If there is none of that id.
    """
    # An id may come from an address bar: anything else must never become a path.
    run = Run(home() / "runs" / run_id)
    if not FOLDER_ID.fullmatch(run_id) or not run.folder.is_dir():
        raise RunError(f"There is no run {run_id[:40]!r} in this workspace. Open one from the home page.")
    return run


def list_runs(digest: str | None = None, role: Role | None = "run") -> list[Run]:
    """List the runs whose records can be read, the latest first.

    Parameters
    ----------
    digest
        Only runs on this dataset.
    role
        Only runs made for this; None lists all.
    """
    folders = (home() / "runs").glob("*")
    runs = (Run(folder) for folder in sorted(folders, reverse=True) if FOLDER_ID.fullmatch(folder.name))
    return [run for run in runs if _wanted(run, digest, role)]


def _wanted(run: Run, digest: str | None, role: Role | None) -> bool:
    try:
        # The purpose is the quickest to read, and leaves most runs of a map out.
        if role not in (None, run.purpose().role) or (digest is not None and run.dataset().digest != digest):
            return False
        run.status()
        return True
    except RunError:
        return False


def delete_run(run: Run) -> None:
    """Delete a run that has ended.

    Raises
    ------
    RunError
        If it has not ended.
    """
    if not run.status().ended:
        raise RunError(f"Run {run.id} has not ended. Cancel it first.")
    shutil.rmtree(run.folder)


def mark(run: Run, state: State, message: str = "") -> Status:
    """Change the state of a run and keep the rest of its status."""
    return run.write_status(replace(run.status(), state=state, message=message))
