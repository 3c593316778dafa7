"""Records of a run: its status, committed threshold, purpose and looks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Generic, Literal, TypeVar

import pandas as pd

from rare_event.clock import MINUTES, TimeUnit
from rare_event.config import AlarmPolicy, ExperimentConfig, Rule
from rare_event.judge.align import Figures
from rare_event.judge.fold_thresholds import FoldThresholds
from rare_event.judge.promise import Promise
from rare_event.judge.scores import OLDER_LEAD, Scores
from rare_event.judge.watch import Watch
from rare_event.text import duration

State = Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]
Part = Literal["validation", "test"]
Role = Literal["run", "baseline", "leakage", "ablation", "cell"]
Events = TypeVar("Events")
ENDED: tuple[State, ...] = ("done", "failed", "cancelled", "interrupted")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True)
class Status:
    """Status of a run.

    Parameters
    ----------
    state
        ``interrupted`` if its worker or server died.
    message
        Why it did not succeed; empty otherwise.
    fold, folds
        How many folds were trained before the one being trained, and their number.
    epoch, epochs
        The last finished epoch of that fold, and the maximum.
    network, networks
        Of the networks whose errors are averaged: the number of the one being trained, from 1, and how many
        there are.
    seconds
        Since training began.
    pid, pid_created
        The process that executes it, and when it started (process ids are reused).
    """

    state: State
    message: str = ""
    fold: int = 0
    folds: int = 1
    epoch: int = 0
    epochs: int = 1
    network: int = 1
    networks: int = 1
    seconds: float = 0.0
    pid: int | None = None
    pid_created: float | None = None

    @property
    def ended(self) -> bool:
        """Whether the run is no longer queued or running."""
        return self.state in ENDED

    @property
    def progress(self) -> float:
        """Share of epochs done, 0 to 1; early stopping can end sooner."""
        if self.state == "done":
            return 1.0
        in_fold = (self.network - 1 + self.epoch / self.epochs) / self.networks
        return min(1.0, (self.fold + in_fold) / self.folds)

    @property
    def time_left(self) -> str:
        """Say how long training may still take; empty before its first epoch has ended.

        Only of a single training it is a bound: several are trained at once, but told one after the other.
        """
        if self.seconds_left is None:
            return ""
        about = "about" if self.folds * self.networks > 1 else "at most"
        return f"{about} {duration(self.seconds_left)} left"

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the last possible epoch at the current pace; None before the first."""
        return self.seconds * (1 - self.progress) / self.progress if self.progress > 0 else None


def queued(config: ExperimentConfig) -> Status:
    """Return the status of a run that waits to be trained."""
    return Status("queued", epochs=config.training.epochs, networks=len(config.detector.seeds))


@dataclass(frozen=True)
class Committed(FoldThresholds):
    """A committed threshold and how it was chosen.

    Parameters
    ----------
    thresholds
        Threshold of each fold; for a trailing rule, the factor of the trailing quantile.
    rule
        The rule that chose it.
    policy
        The alarm policy it was chosen under.
    time
        ISO 8601, UTC; when it was made has no part in whether two are equal.
    promise
        What was promised with it; None in records of older versions. It has no part in equality either.
    by_person
        Whether a person committed it; otherwise the training suggests it. It has no part in equality either.
    watch
        The watch level that is committed with it; None without one, and in records of older versions.
    """

    __pydantic_config__ = {"validate_by_name": True}

    # Older records call them folds.
    thresholds: dict[int, float] = field(metadata={"validation_alias": "folds"})
    rule: Rule
    policy: AlarmPolicy
    time: str = field(default_factory=_now, compare=False)
    part: Literal["validation"] = "validation"
    promise: Promise | None = field(default=None, compare=False)
    by_person: bool = field(default=False, compare=False)
    watch: Watch | None = None

    @property
    def n_thresholds(self) -> int:
        """How many thresholds there are: one if all folds have the same."""
        return len(self.thresholds) if self.common is None else 1

    @property
    def origin(self) -> Literal["committed", "suggested", "given"]:
        """Who set it: a person, the rule after training, or the settings of the run."""
        if self.by_person:
            return "committed"
        return "given" if self.rule.kind == "fixed" else "suggested"

    @property
    def trailing(self) -> Rule | None:
        """The rule, if it is a trailing one."""
        return self.rule if self.rule.trailing else None

    def in_words(self, unit: TimeUnit = MINUTES) -> str:
        """Describe how the threshold was chosen."""
        if self.origin == "given":
            return "given in the settings of the run"
        factor = self.common if self.trailing else 1.0
        times = "" if factor in (None, 1.0) else f"{factor:.4g} times "
        on = "" if self.trailing else f" on {self.part} data"
        return f"{times}{self.rule.in_words(unit)}{on}"


@dataclass(frozen=True)
class About:
    """What a person wrote about a run: a name in place of its title, and a note; both may be empty."""

    name: str = ""
    note: str = ""


@dataclass(frozen=True)
class Purpose:
    """Why a run was created.

    Parameters
    ----------
    role
        ``run``: requested by a person. ``baseline``: a baseline of such a run. ``leakage``: such a run
        judged under other splits. ``ablation``: such a run judged without each group of its inputs.
        ``cell``: one setting of a design-space map.
    of
        Id of the run of a ``baseline``, ``leakage`` or ``ablation``, or of the map of a ``cell``; empty
        otherwise.
    """

    role: Role = "run"
    of: str = ""


@dataclass(frozen=True)
class Look:
    """One opening of the test data: the threshold at that time, and the time, ISO 8601, UTC."""

    committed: Committed
    time: str = field(default_factory=_now, compare=False)


@dataclass(frozen=True, kw_only=True)
class ScoredWith(Generic[Events]):
    """Attributes of `Scores` that a frame of scores lacks; a run has `total_events` for each part."""

    step: float
    lead: float = OLDER_LEAD
    clock: str = ""
    assets: tuple[str, ...] = ()
    total_events: Events

    @classmethod
    def of(cls, scores: Scores, events: Events) -> ScoredWith[Events]:
        """Return the attributes of scores."""
        return cls(**scores.scales(), total_events=events)

    def scores(self, frame: pd.DataFrame, events: list[int]) -> Scores:
        """Restore scores from their frame and events."""
        return Scores.of_record(frame, events, vars(self))


@dataclass(frozen=True)
class CellFigures(Figures):
    """Figures of a cell of a design-space map, and the seconds it took."""

    seconds: float
