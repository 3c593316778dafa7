"""A finished run as its report reads it, and nothing of its test data while they are sealed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from rare_event.clock import TimeUnit
from rare_event.compare.leaderboard import nearest_budget
from rare_event.config import AlarmPolicy, ExperimentConfig, Rule
from rare_event.config.labels import ScoreLabel
from rare_event.errors import RunError
from rare_event.experiment.regime import regime_of_run
from rare_event.judge.bounds import dispersion
from rare_event.judge.chance import figure_intervals
from rare_event.judge.evaluation import Evaluation, evaluate
from rare_event.judge.judgement import TRAILING
from rare_event.judge.ledger import ledger
from rare_event.judge.promise import Promise, promise_at, promise_of
from rare_event.judge.scores import Scores
from rare_event.judge.thresholds import OperatingPoints, operating_points
from rare_event.judge.trailing import follow, quantiles_for, trailing_threshold
from rare_event.judge.unknown import Unknown
from rare_event.judge.watch import watch_figures, watch_in_words
from rare_event.prepare.drift import Change, level_changes, without_reference
from rare_event.prepare.prepared import Prepared, prepare
from rare_event.prepare.table import Table
from rare_event.report.charts import score_label_of
from rare_event.report.drift import Drift, first_day
from rare_event.report.lines import begins_of, marks_on_clock, readable
from rare_event.store.archive import is_imported
from rare_event.store.marks import marks_of
from rare_event.store.records import Committed, Part
from rare_event.store.runs import Run
from rare_event.store.seal import is_open


@dataclass(frozen=True)
class JudgedRun:
    """A finished run, and which part of its data may be shown.

    Parameters
    ----------
    run
        The run.
    committed
        Its threshold when the report was begun.
    part
        ``test`` if the test data are open at this threshold, else ``validation``.
    """

    run: Run
    committed: Committed
    part: Part

    @property
    def sealed(self) -> bool:
        """Whether the test data are sealed."""
        return self.part != "test"

    @cached_property
    def config(self) -> ExperimentConfig:
        """The settings."""
        return self.run.config()

    @cached_property
    def unit(self) -> TimeUnit:
        """What time is counted in."""
        return self.run.time_unit()

    @cached_property
    def table(self) -> Table:
        """The data."""
        return self.run.dataset().table()

    @cached_property
    def prepared(self) -> Prepared:
        """The data under the labels, windows and folds of the run."""
        return prepare(self.table, self.config)

    @cached_property
    def unknown(self) -> Unknown | None:
        """Why the part that is shown tells nothing of events; None where it has events to judge."""
        if self.followed.n_positive:
            return None
        return Unknown(self.part, bool(self.run.dataset().schema.labels))

    @cached_property
    def validation(self) -> Scores:
        """The validation scores."""
        return self._checked(self.run.scores("validation"))

    @cached_property
    def test(self) -> Scores:
        """The test scores; asking for them while they are sealed is a mistake of the caller."""
        if self.sealed:
            raise ValueError("The test data are sealed.")
        return self._checked(self.run.scores("test"))

    @cached_property
    def followed_validation(self) -> Scores:
        """The validation scores that the threshold is compared with."""
        return _followed(self.validation, self.committed.trailing).once()

    @cached_property
    def followed(self) -> Scores:
        """The scores of the part that is shown, as the threshold is compared with them."""
        if self.sealed:
            return self.followed_validation
        return _followed(self.test, self.committed.trailing, self.validation).once()

    @cached_property
    def figures(self) -> Evaluation:
        """The figures of the part that is shown at the threshold."""
        return evaluate(self.followed, self.committed.thresholds, self.committed.policy)

    @cached_property
    def watch(self) -> str:
        """What the watch level does on the part that is shown; empty without one."""
        committed, watch = self.committed, self.committed.watch
        if watch is None:
            return ""
        found = watch_figures(self.followed, committed.thresholds, watch.thresholds, committed.policy)
        return f"Watch level on {self.part} data: {watch_in_words(watch, found, self.unit)}"

    @cached_property
    def points(self) -> OperatingPoints:
        """The operating points of the part that is shown."""
        return operating_points(self.followed, self.committed.policy)

    @cached_property
    def intervals(self) -> pd.DataFrame | None:
        """The intervals of the test figures; None while they are sealed: a chosen threshold has none."""
        if self.sealed:
            return None
        thresholds, policy = self.committed.thresholds, self.committed.policy
        return intervals_of(self.run, self.followed, thresholds, policy, self.committed.trailing)

    @cached_property
    def following(self) -> np.ndarray | None:
        """The trailing threshold that would keep the budget in the test data; None where none is drawn."""
        if self.sealed or self.committed.trailing is not None:
            return None
        return following(
            self.validation, self.test, self.committed.policy, nearest_budget(self.committed.rule)
        )

    @cached_property
    def promise(self) -> Promise:
        """What the validation data promise at the threshold, as it was committed if it was."""
        if self.committed.promise is not None:
            return self.committed.promise
        scores, policy = self.followed_validation, self.committed.policy
        spread = dispersion(scores, policy)
        if self.committed.common is None:
            return promise_of(scores, self.committed.thresholds, policy, spread)
        return promise_at(operating_points(scores, policy), self.committed.common, spread)

    @cached_property
    def lines(self) -> pd.DataFrame:
        """The ledger of the part that is shown."""
        contributions, names = self.run.contributions(self.part)
        of_event = () if self.followed.asset is None else self.prepared.asset_of_event
        thresholds, policy = self.committed.thresholds, self.committed.policy
        return ledger(self.followed, thresholds, policy, contributions, names, of_event)

    @cached_property
    def readable_lines(self) -> pd.DataFrame:
        """The same as people read it, with their marks."""
        marks = marks_of(self.run)
        begins, assets = begins_of(self.lines, self.prepared)
        policy = self.committed.policy
        found = marks_on_clock(marks, self.table, self.followed, policy, begins, assets)
        return readable(self.lines, found, self.table, self.unit, self.unknown)

    def score_label(self, trailing: bool) -> ScoreLabel:
        """Name the score and its unit."""
        return score_label_of(self.config, self.committed, trailing)

    @cached_property
    def drift(self) -> Drift:
        """What drift is told from."""
        contributions, names = self.run.contributions("test")
        return Drift(
            validation=self.validation,
            test=self.test,
            followed=self.followed,
            contributions=contributions,
            names=names,
            found=regime_of_run(self.validation, self.test, self.config, lambda: self.prepared),
            level_changes=changes_after_training(self.table, self.prepared),
            unmeasured=without_level(self.prepared),
            committed=self.committed,
            score=self.score_label(trailing=False),
            start=first_day(self.table, self.unit),
            unit=self.unit,
        )

    def _checked(self, scores: Scores) -> Scores:
        """Return scores that fit the threshold and the data, which damaged files need not do."""
        folds = np.unique(scores.fold).tolist()
        rows = scores.row[[0, -1]] if len(scores) else np.zeros(0)
        if not {*folds} <= {*self.committed.thresholds} or ((rows < 0) | (rows >= self.table.n_rows)).any():
            raise RunError(
                f"The scores of {self.run.named} do not fit its threshold and its data: a file is damaged. "
                "Train the run again."
            )
        return scores


def open_judged(run: Run) -> JudgedRun:
    """Open a finished run for its report; the seal stays as it is, and no look is counted.

    Raises
    ------
    RunError
        If the run is not done, has no judgement of its own, or its data are elsewhere.
    """
    status = run.status()
    if not status.ended:
        raise RunError(f"Run {run.id} is not finished ({status.state}). Wait until it is done.")
    if status.state != "done":
        raise RunError(
            f"Run {run.id} has ended without a model ({status.state}), so there is nothing to report. "
            "Choose a run that is done."
        )
    if is_imported(run):
        raise RunError(
            f"Run {run.id} came in a bundle, without the data that judge it. Write its report in the "
            "workspace where it was trained."
        )
    if run.purpose().role == "leakage":
        raise RunError(
            f"Run {run.id} measures leakage and has no model of its own. Choose the run that it belongs to."
        )
    return JudgedRun(run, run.committed(), "test" if is_open(run) else "validation")


def _followed(scores: Scores, trailing: Rule | None, history: Scores | None = None) -> Scores:
    return scores if trailing is None else follow(scores, trailing, history)


def intervals_of(
    run: Run, test: Scores, thresholds: Mapping[int, float], policy: AlarmPolicy, trailing: Rule | None
) -> pd.DataFrame:
    """Return the intervals of the test figures, which are resampled once and kept with the run."""
    key = ("figure intervals", policy, trailing, tuple(sorted(thresholds.items())))
    frame = run.cached_frame(key, lambda: figure_intervals(test, thresholds, policy).reset_index())
    return frame.set_index("figure")


def following(validation: Scores, test: Scores, policy: AlarmPolicy, budget: float) -> np.ndarray:
    """Return the trailing threshold of each test window that would keep a budget."""
    quantiles = quantiles_for(validation, policy, budget, TRAILING.days)
    return trailing_threshold(test, TRAILING, validation, quantiles=quantiles)


def changes_after_training(table: Table, prepared: Prepared) -> list[Change]:
    """Return the sensors whose level changed at a stop after the training part."""
    return level_changes(
        table.values[prepared.row],
        prepared.clock,
        prepared.stretch,
        _measured_from(prepared),
        table.schema.sensors,
        prepared.time_unit,
        prepared.asset,
        prepared.assets,
    )


def without_level(prepared: Prepared) -> list[str]:
    """Return the machines whose changes of level cannot be measured: they have no normal training row."""
    return without_reference(_measured_from(prepared), prepared.asset, prepared.assets)


def _measured_from(prepared: Prepared) -> np.ndarray:
    """Return the rows from which changes of level are measured."""
    # The first fold has the oldest training part.
    train = prepared.folds[0].train
    rows: np.ndarray = train[prepared.y[train] == 0]
    return rows
