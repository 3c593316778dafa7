"""Drift after training: whether the scores have risen, which sensors changed, and the charts of both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from rare_event.clock import TimeUnit
from rare_event.config import RATES
from rare_event.config.labels import ScoreLabel
from rare_event.judge.drift import (
    alarms_by_day,
    carriers_by_day,
    drift_sentence,
    errors_by_day,
    worst_day_sentence,
)
from rare_event.judge.evaluation import call
from rare_event.judge.regime import Regime
from rare_event.judge.regime_words import moments, regime_in_words
from rare_event.judge.scores import Scores
from rare_event.plots.drift import carriers_figure, error_by_day_figure, false_alarms_by_day_figure
from rare_event.prepare.drift import Change
from rare_event.prepare.table import Table
from rare_event.read.values import shown
from rare_event.store.records import Committed
from rare_event.text import plural

MOST_CHANGES = 5
RISEN_HERE = "scores are higher from here on"


@dataclass(frozen=True)
class Drift:
    """What drift is told from, and its sentences and charts.

    Parameters
    ----------
    validation, test
        Scores of either part.
    followed
        Those of the test part that the threshold is compared with.
    contributions, names
        Of the test part, and the inputs of the model.
    found
        What the sequential test found.
    level_changes
        Sensors whose level changed, all of them.
    unmeasured
        Machines whose levels cannot be measured.
    committed, score
        The threshold, and what the scores are.
    start
        Time of the table's first row; None where there is none.
    unit
        Of time.
    """

    validation: Scores
    test: Scores
    followed: Scores
    contributions: pd.DataFrame
    names: tuple[str, ...]
    found: Regime
    level_changes: Sequence[Change]
    unmeasured: Sequence[str]
    committed: Committed
    score: ScoreLabel
    start: pd.Timestamp | None
    unit: TimeUnit

    @property
    def changes(self) -> Sequence[Change]:
        """The changes of level that are shown."""
        return self.level_changes[:MOST_CHANGES]

    @property
    def carriers(self) -> pd.DataFrame | None:
        """The sensors that carry the score, by day; None for a model without errors of sensors."""
        if "sensor_1" not in self.contributions:
            return None
        return carriers_by_day(self.contributions, self.test, self.names)

    def by_day_in_words(self) -> str:
        """Say how the score rose day by day; empty where the sequential test found since when."""
        if self.found.changes:
            return ""
        sentence = drift_sentence(self.validation, self.test, self.carriers, self._day)
        sentence = sentence or worst_day_sentence(self.validation, self.test, self._day)
        # The sentence has its unit of time already.
        return replace(self.unit, reason="", machines=False).reword(sentence)

    def regime(self) -> tuple[list[str], list[str]]:
        """Say since when the threshold is not valid, and how that was tested."""
        trailing, folds = self.committed.trailing is not None, len(self.committed.thresholds)
        said = regime_in_words(self.found, moments(self.start, self.unit), self.unit, trailing, folds)
        return said[: len(self.found.changes)], said[len(self.found.changes) :]

    def changes_in_words(self) -> list[str]:
        """Say which sensors changed their level, and when."""
        return [
            change.in_words(self._day(int(change.clock // self.unit.period)), self.unit)
            for change in self.changes
        ]

    def unmeasured_in_words(self) -> str:
        """Name the machines whose levels cannot be measured; empty if there are none."""
        if not self.unmeasured:
            return ""
        return (
            f"Changes of level cannot be measured for {_machines(self.unmeasured)}, which "
            f"{'has' if len(self.unmeasured) == 1 else 'have'} no normal training rows."
        )

    def figures(self) -> dict[str, go.Figure]:
        """Draw the score of normal windows and the alarms day by day, and what carries the score."""
        marks = [(self._when(change.clock), change.where) for change in self.changes]
        marks += [(self._when(change.since), RISEN_HERE) for change in self.found.changes]
        called = call(self.followed, self.committed.thresholds, self.committed.policy)
        budget = self.committed.rule.value if self.committed.rule.kind in RATES else None
        figures = {
            "error_by_day": error_by_day_figure(
                errors_by_day(self.test),
                when=self.start,
                part="Test",
                score=self.score,
                changes=marks,
                time_unit=self.unit,
            ),
            "alarms_by_day": false_alarms_by_day_figure(
                alarms_by_day(called, self.committed.policy), budget, self.unit
            ),
        }
        if (carriers := self.carriers) is not None:
            figures["carriers"] = carriers_figure(carriers, self.unit)
        return figures

    @property
    def _day(self) -> Callable[[int], str]:
        """Name a day, or a block of rows, by its number since the table's first row."""
        unit, start = self.unit, self.start
        if unit.reason:
            return lambda block: f"row {unit.period * block:,.0f}"
        if start is None:
            return "day {}".format
        return lambda day: f"{start + pd.Timedelta(days=day):%-d %b}"

    def _when(self, clock: float) -> Any:
        return clock / self.unit.period if self.start is None else self.start + pd.Timedelta(minutes=clock)


def first_day(table: Table, unit: TimeUnit) -> pd.Timestamp | None:
    """Return the time of the table's first row; days are counted from it."""
    return None if table.start is None or unit.reason else pd.Timestamp(table.start)


def _machines(names: Sequence[str]) -> str:
    """Name one machine, or count several and name the first."""
    first = shown(names[0])
    return first if len(names) == 1 else f"{plural(len(names), 'machine')} such as {first}"
