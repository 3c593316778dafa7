"""Runs: one folder each, the only channel between the worker that trains and the pages that watch.

`config.json`, `dataset.json`, `purpose.json` and `status.json` are there from the start; `about.json` once
a person names the run or writes a note; `history.csv` grows with the epochs; `scores.parquet`,
`scores.json`, `threshold.json`, `evaluation.json`, `judgement.json`, `layers.json` and the bundle follow at
the end, `looks.json` when the test data are opened. Every file is written by rename; only the logs in
`tensorboard`, a folder that requests them, grow in place.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from rare_event.clock import TimeUnit
from rare_event.config import ExperimentConfig, from_json, to_json
from rare_event.detect.summary import Layer
from rare_event.errors import Cancelled, RunError
from rare_event.experiment.ablation import Ablation
from rare_event.experiment.leakage import PLACEBO, SPLITS, Reading
from rare_event.experiment.result import Summary
from rare_event.judge.scores import Scores, join
from rare_event.store.datasets import Dataset
from rare_event.store.folders import Entry, WorkFolder, list_folders, new_folder, open_folder
from rare_event.store.judged import Judged
from rare_event.store.lease import Taken, is_leased, leased
from rare_event.store.processes import read_alive
from rare_event.store.records import (
    ENDED,
    About,
    CellFigures,
    Committed,
    Look,
    Part,
    Purpose,
    Role,
    ScoredWith,
    State,
    Status,
    queued,
)
from rare_event.store.serial import NEWER, UNREADABLE, explain
from rare_event.store.workspace import explain_disk_errors, write, write_parquet, write_text

HISTORY = ["fold", "network", "epoch", "loss", "validation_loss", "seconds"]
# Increase it when the computation of a cached frame changes.
CACHE_VERSION = 6
PERSON = Purpose()
PURPOSE = Entry("purpose.json", Purpose, "purpose")
ABOUT = Entry("about.json", About, "name", "Name the run again on the Train page.")
STATUS = Entry("status.json", Status, "status", NEWER)
COMMITTED = Entry("threshold.json", Committed, "committed threshold")
LOOKS = Entry("looks.json", list[Look], "record of looks")
SCORES = Entry("scores.json", ScoredWith[dict[Part, list[int]]], "list of events")
INPUTS = Entry("inputs.json", tuple[str, ...], "list of inputs")
LAYERS = Entry("layers.json", list[Layer], "list of layers")
EVALUATION = Entry("evaluation.json", Summary, "evaluation")
JUDGED = Entry("judgement.json", Judged, "judgement")
LEAKAGE = Entry("leakage.json", dict[str, Reading], "leakage meter")
ABLATION = Entry("ablation.json", Ablation, "ablation")
MOST_NAME = 60
LOST = "The process that was training this run ended early. Train the run again."


@dataclass(frozen=True)
class Run(WorkFolder):
    """A run folder."""

    KIND, SETTINGS, OPENED = "run", "config.json", "from the home page"

    def config(self) -> ExperimentConfig:
        """Read the settings."""
        with explain("settings file", self.named):
            text = self.intact(self.SETTINGS).read_bytes()
        return from_json(text)

    def purpose(self) -> Purpose:
        """Read why the run was created; runs of older versions were all requested by a person."""
        return PURPOSE.read_or(self, PERSON)

    def about(self) -> About:
        """Read its name and note; a run that nobody named has neither, as where they cannot be read."""
        with suppress(RunError):
            return ABOUT.read_or(self, About())
        return About()

    def describe(self, about: About) -> None:
        """Replace its name and note."""
        ABOUT.write(self, About(about.name.strip()[:MOST_NAME], about.note.strip()))

    def status(self) -> Status:
        """Read the status: interrupted if the process that executes the run is gone."""
        return read_alive(self.written_status, self._interrupted)

    def _interrupted(self, status: Status) -> Status:
        # A process of another computer is not seen here, but the lock that it holds is.
        return status if is_leased(self.folder) else replace(status, state="interrupted", message=LOST)

    @contextmanager
    def executing(self) -> Iterator[None]:
        """Keep others from executing the run.

        Raises
        ------
        Taken
            If another process executes the run, or has done so.
        Cancelled
            If it was cancelled.
        """
        with leased(self.folder, self.named):
            state = self.written_status().state
            if state == "cancelled":
                raise Cancelled("The run was cancelled.")
            if state in ENDED:
                raise Taken(f"Run {self.id} has ended already. Create another run to train again.")
            yield

    def written_status(self) -> Status:
        """Read the status as last written, possibly by a process that is gone."""
        return STATUS.read(self)

    def write_status(self, status: Status) -> Status:
        """Replace the status."""
        return STATUS.write(self, status)

    def history(self) -> pd.DataFrame:
        """Read the epochs so far: `fold`, `network`, `epoch`, `loss`, `validation_loss`, `seconds`."""
        with explain("history", self.named):
            path = self.intact("history.csv")
            if not path.exists():
                return pd.DataFrame(columns=HISTORY)
            history = pd.read_csv(path)
            # Runs of older versions have one network each.
            history = history.assign(network=history.get("network", 1))
            return history.astype({name: float for name in HISTORY[3:]})[HISTORY]

    def write_history(self, history: pd.DataFrame) -> None:
        """Replace the epochs; the columns are those of `history`."""
        self.write_file("history.csv", lambda path: history.to_csv(path, index=False))

    def note(self, line: str) -> None:
        """Add a line to the run's log."""
        write_text(self.folder / "log.txt", f"{self.log()}{line}\n")

    def log(self) -> str:
        """Read the run's log; most runs have none."""
        path = self.folder / "log.txt"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def request_tensorboard(self) -> None:
        """Request TensorBoard logs of the training."""
        with explain_disk_errors(self.folder):
            self.tensorboard.mkdir(exist_ok=True)

    @property
    def tensorboard(self) -> Path:
        """The folder of the TensorBoard logs; it exists if they were requested."""
        return self.folder / "tensorboard"

    def save_layers(self, layers: list[Layer]) -> None:
        """Write the layers of the trained network."""
        LAYERS.write(self, layers)

    def layers(self) -> list[Layer]:
        """Read the layers of the trained network; empty for other models and older runs."""
        return LAYERS.read_or(self, [])

    def save_scores(self, parts: Mapping[Part, list[Scores]]) -> None:
        """Write the scores of all parts and folds."""
        joined = {part: join(scores) for part, scores in parts.items()}
        frame = pd.concat([scores.to_frame().assign(part=part) for part, scores in joined.items()])
        self.write_frame("scores.parquet", frame)
        events = {part: scores.total_events.tolist() for part, scores in joined.items()}
        SCORES.write(self, ScoredWith.of(next(iter(joined.values())), events))

    def save_contributions(self, parts: Mapping[Part, pd.DataFrame], names: tuple[str, ...]) -> None:
        """Write the sensors with the largest errors in each score."""
        frame = pd.concat([contributions.assign(part=part) for part, contributions in parts.items()])
        self.write_frame("contributions.parquet", frame)
        INPUTS.write(self, names)

    def contributions(self, part: Part) -> tuple[pd.DataFrame, tuple[str, ...]]:
        """Read the sensors with the largest errors in each score of a part, and the model's input names."""
        with explain("contributions", self.named):
            path = self.intact("contributions.parquet")
            frame = pd.read_parquet(path, filters=[("part", "==", part)])
            return frame.drop(columns="part"), INPUTS.read(self)

    def scores(self, part: Part) -> Scores:
        """Read the scores of a part, all folds together.

        Raises
        ------
        RunError
            If they are missing or damaged.
        """
        about = SCORES.read(self)
        with explain("scores", self.named):
            frame = pd.read_parquet(self.intact("scores.parquet"), filters=[("part", "==", part)])
            return about.scores(frame, about.total_events[part])

    def time_unit(self) -> TimeUnit:
        """Read what the scores of a finished run count time in."""
        record = SCORES.read(self)
        labelled = bool(self.dataset().schema.labels)
        return TimeUnit(record.clock, machines=bool(record.assets), labelled=labelled)

    def commit(self, committed: Committed) -> None:
        """Commit the threshold at which the test data are judged from now on."""
        COMMITTED.write(self, committed)

    def committed(self) -> Committed:
        """Read the committed threshold."""
        return COMMITTED.read(self)

    def looks(self) -> list[Look]:
        """Read when the test data were opened, and at which thresholds, oldest first."""
        return LOOKS.read_or(self, [])

    def seal(self) -> None:
        """Write that the test data were not opened yet, so that a lost record of looks is noticed."""
        LOOKS.write(self, self.looks())

    def look(self) -> None:
        """Record that the test data are opened at the committed threshold."""
        with self.locked():
            LOOKS.write(self, [*self.looks(), Look(self.committed())])

    def cached_frame(self, key: tuple[object, ...], make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        """Read a cached frame, or compute and cache it."""
        name = hashlib.sha256(f"{CACHE_VERSION} {key!r}".encode()).hexdigest()[:20]
        path = self.folder / f"cache-{name}"
        # One that cannot be read is computed again, and a full disk only costs the time next time.
        with suppress(*UNREADABLE):
            return read_cache(path)
        frame, packed = make(), io.BytesIO()
        write_parquet(frame, packed, index=False)
        digest = hashlib.sha256(packed.getvalue()).hexdigest().encode()
        with suppress(RunError):
            self.require_here()
            write(path, lambda temporary: temporary.write_bytes(digest + b"\n" + packed.getvalue()))
        return frame

    def save_evaluation(self, summary: Summary) -> None:
        """Write the figures of the run at its end."""
        EVALUATION.write(self, summary)

    def evaluation(self) -> Summary:
        """Read the figures of the run at its end."""
        return EVALUATION.read(self)

    def save_judged(self, judged: Judged) -> None:
        """Write the judgement over all folds."""
        JUDGED.write(self, judged)

    def judged(self) -> Judged | None:
        """Read the judgement over all folds; None for older runs."""
        return JUDGED.read_or(self, None)

    def save_leakage(self, readings: dict[str, Reading]) -> None:
        """Write the readings of the leakage meter."""
        LEAKAGE.write(self, readings)

    def leakage(self) -> dict[str, Reading]:
        """Read the readings of the leakage meter."""
        readings = LEAKAGE.read(self)
        with explain(LEAKAGE.what, self.named):
            return {name: readings[name] for name in (*SPLITS, PLACEBO)}

    def save_ablation(self, found: Ablation) -> None:
        """Write what the model reads."""
        ABLATION.write(self, found)

    def ablation(self) -> Ablation:
        """Read what the model reads."""
        return ABLATION.read(self)

    def save_figures(self, windows: str, figures: CellFigures) -> None:
        """Write the figures of a cell on a design-space map."""
        _figures_on(windows).write(self, figures)

    def figures(self, windows: str) -> CellFigures | None:
        """Read the figures of a cell on a map; None if it was not judged on these windows."""
        return _figures_on(windows).read_or(self, None)

    def queue_again(self) -> None:
        """Queue the run again; partial results are overwritten."""
        self.withdraw_cancel()
        self.write_status(queued(self.config()))


def read_cache(path: Path) -> pd.DataFrame:
    """Read a cached frame.

    Raises
    ------
    OSError, ValueError
        If it is missing or damaged, or an older version cached it.
    """
    digest, content = path.read_bytes().split(b"\n", 1)
    if hashlib.sha256(content).hexdigest().encode() != digest:
        raise ValueError("This cache was changed after it was written.")
    return pd.read_parquet(io.BytesIO(content))


def _figures_on(windows: str) -> Entry[CellFigures]:
    return Entry(f"map-{windows}.json", CellFigures, "figures on the map")


def create_run(dataset: Dataset, config: ExperimentConfig, purpose: Purpose = PERSON) -> Run:
    """Create the folder of a queued run."""
    run = new_folder(Run, dataset, to_json(config))
    PURPOSE.write(run, purpose)
    run.write_status(queued(config))
    return run


def open_run(run_id: str) -> Run:
    """Open a run, or raise a RunError if there is none of this id."""
    return open_folder(Run, run_id)


def list_runs(digest: str | None = None, role: Role | None = "run") -> list[Run]:
    """List the readable runs, latest first."""
    return [run for run in list_folders(Run) if _wanted(run, digest, role)]


def _wanted(run: Run, digest: str | None, role: Role | None) -> bool:
    try:
        # The purpose is read first: it is quick, and excludes most runs of a map.
        if role not in (None, run.purpose().role) or (digest is not None and run.dataset().digest != digest):
            return False
        run.status()
        return True
    except RunError:
        return False


def mark(run: Run, state: State, message: str = "") -> Status:
    """Change the state and message of a run."""
    return run.write_status(replace(run.status(), state=state, message=message))
