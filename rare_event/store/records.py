"""Records of a run: where it stands, and the threshold that was committed."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Generic, Literal, TypeVar

import pandas as pd

from rare_event.clock import MINUTES, TimeUnit
from rare_event.config import AlarmPolicy, Rule
from rare_event.judge.align import Figures
from rare_event.judge.scores import OLDER_LEAD, Scores

State = Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]
Part = Literal["validation", "test"]
Role = Literal["run", "baseline", "leakage", "cell"]
Events = TypeVar("Events")
ENDED: tuple[State, ...] = ("done", "failed", "cancelled", "interrupted")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True)
class Status:
    """Where a run stands.

    Parameters
    ----------
    state
        ``interrupted`` is a run whose worker or server went away.
    message
        Why it did not end well; empty otherwise.
    fold, folds
        The fold being trained, from 0, and their number.
    epoch, epochs
        The last finished epoch of that fold, and the most there will be.
    seconds
        Since training began.
    pid, pid_created
        The process that executes it, and when that process began (a number can be used again).
    """

    state: State
    message: str = ""
    fold: int = 0
    folds: int = 1
    epoch: int = 0
    epochs: int = 1
    seconds: float = 0.0
    pid: int | None = None
    pid_created: float | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to the run."""
        return self.state in ENDED

    @property
    def progress(self) -> float:
        """Share of all epochs that are done, 0 to 1; early stopping can end sooner."""
        if self.state == "done":
            return 1.0
        return min(1.0, (self.fold + self.epoch / self.epochs) / self.folds)

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the last possible epoch at the present pace; None before the first."""
        return self.seconds * (1 - self.progress) / self.progress if self.progress > 0 else None


@dataclass(frozen=True)
class Committed:
    """A committed threshold and how it came about.

    Parameters
    ----------
    thresholds
        By fold; of the ratios to the trailing quantile if the rule is a trailing one.
    rule
        What chose it.
    policy
        The alarm policy it was chosen under.
    time
        ISO 8601, UTC; when it was made has no part in whether two are equal.
    """

    __pydantic_config__ = {"validate_by_name": True}

    # Older records call them folds.
    thresholds: dict[int, float] = field(metadata={"validation_alias": "folds"})
    rule: Rule
    policy: AlarmPolicy
    time: str = field(default_factory=_now, compare=False)
    part: Literal["validation"] = "validation"

    @property
    def common(self) -> float | None:
        """The threshold, where all folds have the same one."""
        values = set(self.thresholds.values())
        return values.pop() if len(values) == 1 else None

    @property
    def middle(self) -> float:
        """The median threshold: where folds have their own, a chart can only show one."""
        return statistics.median(self.thresholds.values())

    @property
    def trailing(self) -> Rule | None:
        """The rule, if it is a trailing one."""
        return self.rule if self.rule.trailing else None

    def in_words(self, unit: TimeUnit = MINUTES) -> str:
        """Say how the threshold came about."""
        factor = self.common if self.trailing else 1.0
        times = "" if factor in (None, 1.0) else f"{factor:.4g} times "
        return f"{times}{self.rule.in_words(unit)}, on {self.part} data"


@dataclass(frozen=True)
class Purpose:
    """Why a run was made.

    Parameters
    ----------
    role
        ``run``: asked for by a person. ``baseline``: trained with one. ``leakage``: one judged
        again under other splits. ``cell``: one setting of a design-space map.
    of
        Id of the run that a ``baseline`` or ``leakage`` belongs to, of the map that made a ``cell``; empty
        otherwise.
    """

    role: Role = "run"
    of: str = ""


@dataclass(frozen=True)
class Look:
    """One opening of the test data.

    Parameters
    ----------
    committed
        The threshold the test data were judged at.
    time
        ISO 8601, UTC.
    """

    committed: Committed
    time: str = field(default_factory=_now, compare=False)


@dataclass(frozen=True, kw_only=True)
class ScoredWith(Generic[Events]):
    """What a frame of scores does not hold.

    Parameters
    ----------
    step, lead, clock
        As of `Scores.scales`.
    total_events
        As of `Scores`; of a run for each part.
    """

    step: float
    lead: float = OLDER_LEAD
    clock: str = ""
    total_events: Events

    @classmethod
    def of(cls, scores: Scores, events: Events) -> ScoredWith[Events]:
        """Take it from scores."""
        return cls(**scores.scales(), total_events=events)

    def scores(self, frame: pd.DataFrame, events: list[int]) -> Scores:
        """Put scores together again from their frame and events."""
        return Scores.of_record(frame, events, vars(self))


@dataclass(frozen=True)
class CellFigures(Figures):
    """What a cell of a design-space map is worth, and the seconds it took."""

    seconds: float
