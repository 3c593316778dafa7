"""Scores of one part of the data, with what the judge must know about each scored row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypedDict

import numpy as np
import pandas as pd

from rare_event.clock import MINUTES, TimeUnit
from rare_event.config import AlarmPolicy
from rare_event.errors import DataError
from rare_event.judge.category import Category
from rare_event.text import listed

# Scores of older files do not say how long before an event their rows are positive: all were judged so.
OLDER_LEAD = 4.0
# A second lead window is this many times as wide: alarms that come sooner than the label asks.
WIDER = 5
# Minutes; a clock in fractions of a minute is not exact, and a row at the edge must not fall out.
ROUNDING = 1e-6


class Scales(TypedDict):
    """The attributes of `Scores` that are single values."""

    step: float
    lead: float
    clock: str
    assets: tuple[str, ...]


@dataclass(frozen=True)
class Scores:
    """Scored windows, in the order of their rows; all arrays have shape (n,).

    Parameters
    ----------
    row
        Row of the table that the window ends in, rising.
    clock
        Its time, in minutes since the first row of the table.
    stretch
        Its stretch.
    fold
        The fold it was scored in.
    y_true
        1 for positive, 0 for normal.
    y_score
        What is thresholded; higher is less normal.
    event
        Number of the event that ends its stretch, or -1.
    to_event
        Minutes until that event; infinite where there is none.
    total_events
        Numbers of all events of the part, including those that no window can see, shape (n_events,).
    step
        Minutes per row.
    lead
        Minutes before an event in which its rows are positive: shift x step. 0: the rows of the event are.
    time_unit
        If it is rows, all minutes above are rows, and a day is 1,000 rows.
    minutes
        Running time that each window stands for; None: the step.
    near
        Which windows end in a row that the shift made positive for their event; None: those in the
        `lead` minutes before it, which differ from these where steps are uneven.
    asset
        Number of its machine in `assets`, never falling; None for one machine.
    assets
        Names of the machines.
    categories
        Category columns of the table, by name.

    Examples
    --------
    >>> row = np.arange(4)
    >>> before = dict(event=0 * row, to_event=8.0 - 2 * row, total_events=np.array([0]), step=2.0)
    >>> scores = Scores(row, 2.0 * row, 0 * row, 0 * row, y_true=row // 2, y_score=row / 4, **before)
    >>> scores.in_lead_window(AlarmPolicy()).tolist()
    [False, False, True, True]
    """

    row: np.ndarray
    clock: np.ndarray
    stretch: np.ndarray
    fold: np.ndarray
    y_true: np.ndarray
    y_score: np.ndarray
    event: np.ndarray
    to_event: np.ndarray
    total_events: np.ndarray
    step: float
    lead: float = OLDER_LEAD
    time_unit: TimeUnit = MINUTES
    minutes: np.ndarray | None = None
    near: np.ndarray | None = None
    asset: np.ndarray | None = None
    assets: tuple[str, ...] = ()
    categories: Mapping[str, Category] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return the number of scored windows."""
        return len(self.row)

    @property
    def n_positive(self) -> int:
        """Number of positive windows."""
        return int(self.y_true.sum())

    @property
    def lead_windows(self) -> tuple[float, float]:
        """Minutes before an event in which judgements count an alarm: as the label has it, and wider."""
        return self.lead, WIDER * self.lead

    def lead_of(self, policy: AlarmPolicy) -> float:
        """Return the lead window of a policy in minutes; where it has none, that of the label."""
        return self.lead if policy.lead is None else policy.lead

    def in_lead_window(self, policy: AlarmPolicy) -> np.ndarray:
        """Return which windows lie in the lead window of an event, shape (n,).

        In the lead window of the label these are the positive ones, however long their steps are.
        """
        lead = self.lead_of(policy)
        if self.near is not None and abs(lead - self.lead) <= ROUNDING:
            return self.near
        within: np.ndarray = self.to_event <= lead + ROUNDING
        return within | self.near if self.near is not None and lead > self.lead else within

    @property
    def during(self) -> bool:
        """Whether events are detected while they last: `to_event` is then 0 in their first row, and falls."""
        return self.lead == 0

    def in_time(self, policy: AlarmPolicy) -> np.ndarray:
        """Return in which windows an alarm catches an event, shape (n,)."""
        near = self.in_lead_window(policy)
        return near if self.during else near & (self.to_event >= policy.min_lead)

    @property
    def running(self) -> np.ndarray:
        """Minutes of running time that each window stands for, shape (n,)."""
        return np.full(len(self), self.step) if self.minutes is None else self.minutes

    @property
    def days(self) -> float:
        """Days of running time, or thousands of rows, that the windows stand for."""
        return float(self.running.sum()) / self.time_unit.period

    @property
    def age(self) -> np.ndarray:
        """How many scored windows of the same stretch come before each window, int32."""
        index = np.arange(len(self), dtype=np.int32)
        starts = np.ones(len(self), bool)
        np.not_equal(self.stretch[1:], self.stretch[:-1], out=starts[1:])
        return index - np.repeat(index[starts], np.diff(np.append(np.flatnonzero(starts), len(self))))

    @property
    def series(self) -> np.ndarray:
        """Number of each window's fold and machine: what follows in time, shape (n,)."""
        if self.asset is None:
            return self.fold
        numbers: np.ndarray = self.fold * (1 + int(self.asset.max(initial=0))) + self.asset
        return numbers

    def asset_names(self, windows: np.ndarray) -> list[str]:
        """Names of the machines of some windows, by position."""
        return [] if self.asset is None else [self.assets[number] for number in self.asset[windows]]

    def with_score(self, y_score: np.ndarray) -> Scores:
        """Return the same windows with other scores.

        Parameters
        ----------
        y_score
            Shape (n,).
        """
        return replace(self, y_score=y_score)

    def of_fold(self, fold: int) -> Scores:
        """Return the windows of one fold; events are those its windows can see."""
        return self.where(self.fold == fold)

    def by_fold(self) -> dict[int, Scores]:
        """Return the windows of each fold, by its number, rising."""
        return {fold: self.of_fold(fold) for fold in np.unique(self.fold).tolist()}

    def once(self) -> Scores:
        """Return each row once, as the last of its folds scored it.

        Validation parts of several folds can overlap; counted twice, their rows would count as twice
        the running time and their alarms would merge.
        """
        later = np.append(self.row[1:] == self.row[:-1], False)[: len(self)]
        return self.where(~later)

    def where(self, mask: np.ndarray) -> Scores:
        """Return the windows of a mask; `total_events` stays.

        Parameters
        ----------
        mask
            bool, shape (n,).
        """
        categories = {name: category.where(mask) for name, category in self.categories.items()}
        columns = {name: column[mask] for name, column in self._columns().items()}
        return replace(replace(self, categories=categories), **columns)

    def suppressed(self, policy: AlarmPolicy) -> np.ndarray | None:
        """Return which windows a policy suppresses or shelves, shape (n,); None where it does neither.

        Raises
        ------
        DataError
            If the column that suppresses is not known.
        """
        if not len(self) or not (policy.suppresses or policy.shelved):
            return None
        suppressed = self._by_category(policy)
        suppressed |= self._inside((*policy.stops, *policy.shelved))
        return suppressed

    def shelved(self, policy: AlarmPolicy) -> np.ndarray:
        """Return in which windows the alarms are shelved, shape (n,)."""
        return self._inside(policy.shelved)

    def _inside(self, spans: tuple[tuple[float, float, str], ...]) -> np.ndarray:
        found = np.zeros(len(self), bool)
        for first, last, machine in spans:
            inside = (self.clock >= first - ROUNDING) & (self.clock <= last + ROUNDING)
            if self.asset is not None:
                inside &= np.array(self.assets, object)[self.asset] == machine
            found |= inside
        return found

    def _by_category(self, policy: AlarmPolicy) -> np.ndarray:
        column = policy.suppress_column
        if not column:
            return np.zeros(len(self), bool)
        if column not in self.categories:
            known = f"The category columns are {listed([*self.categories])}" if self.categories else ""
            raise DataError(
                f"Alarms cannot be suppressed by the column {column}: these scores have no such category "
                f"column. {known or 'They know no category column'}. Choose another column, give the column "
                "the role category, or, if the scores are of an older version, train again."
            )
        return self.categories[column].suppressed(policy.suppress_values, policy.suppress_after)

    def _columns(self) -> dict[str, np.ndarray]:
        every = {name: getattr(self, name) for name in (*COLUMNS, *MAYBE)}
        return {name: column for name, column in every.items() if column is not None}

    def scales(self) -> Scales:
        """Return what `of_record` needs besides the windows and the events, as plain data."""
        clock = self.time_unit.reason
        return {"step": self.step, "lead": self.lead, "clock": clock, "assets": self.assets}

    def to_frame(self) -> pd.DataFrame:
        """Return the windows as a frame with one column for each array of shape (n,)."""
        frame = pd.DataFrame(self._columns())
        more = {
            f"{prefix}{name}": column
            for name, category in self.categories.items()
            for prefix, column in ((OF_VALUE, category.text), (OF_CHANGE, category.since))
        }
        return pd.concat([frame, pd.DataFrame(more, index=frame.index)], axis=1) if more else frame

    @classmethod
    def of_record(cls, frame: pd.DataFrame, total_events: Any, scales: Mapping[str, Any]) -> Scores:
        """Make scores of what `to_frame` and `scales` returned, now or in an older version."""
        assets = tuple(scales.get("assets", ()))
        return cls(
            **{name: frame[name].to_numpy() for name in (*COLUMNS, *(m for m in MAYBE if m in frame))},
            total_events=np.asarray(total_events, np.int64),
            step=float(scales["step"]),
            lead=scales.get("lead", OLDER_LEAD),
            time_unit=TimeUnit(scales.get("clock", ""), machines=bool(assets)),
            assets=assets,
            categories={
                name: Category.of_text(
                    frame[f"{OF_VALUE}{name}"].to_numpy(), frame[f"{OF_CHANGE}{name}"].to_numpy()
                )
                for name in (str(column).removeprefix(OF_VALUE) for column in frame if _is_value(column))
            },
        )


def _is_value(column: object) -> bool:
    return str(column).startswith(OF_VALUE)


# Columns of a frame that hold the values of a category column, and the minutes since they changed.
OF_VALUE, OF_CHANGE = "category ", "changed "
OF_ALL = ("total_events", "step", "lead", "time_unit", "assets", "categories")
# Scores of older files lack them, and those of one machine the asset.
MAYBE = ("minutes", "near", "asset")
COLUMNS = tuple(f.name for f in fields(Scores) if f.name not in (*OF_ALL, *MAYBE))


def join(parts: list[Scores]) -> Scores:
    """Join the scores of several folds, in the order of their rows."""
    frame = pd.concat([part.to_frame() for part in parts]).sort_values(["row", "fold"], kind="stable")
    events = np.unique(np.concatenate([part.total_events for part in parts]))
    return Scores.of_record(frame, events, parts[0].scales())
