"""What the server keeps between reruns, keyed by digests and ids, never by arrays.

Everything here is bounded, shared by all sessions and never changed in place.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Sequence
from contextlib import suppress

import numpy as np
import pandas as pd
import streamlit as st

from rare_event.checks.check import findings_in, outcomes
from rare_event.checks.findings import Finding, Outcome
from rare_event.clock import TimeUnit
from rare_event.compare.leaderboard import nearest_budget
from rare_event.config import AlarmPolicy, ExperimentConfig, Rule
from rare_event.errors import RareEventError
from rare_event.experiment.folds import part_sizes
from rare_event.experiment.policy import before_training
from rare_event.experiment.regime import regime_of_run
from rare_event.jobs.queue import Jobs
from rare_event.judge.evaluation import Evaluation, evaluate
from rare_event.judge.explorer import event_levels, explorer_columns
from rare_event.judge.ledger import ledger
from rare_event.judge.regime import Regime
from rare_event.judge.scores import Scores
from rare_event.judge.thresholds import OperatingPoints, operating_points
from rare_event.judge.trailing import follow
from rare_event.judge.unknown import Unknown
from rare_event.logs import ON, VARIABLE, set_up_in_worker
from rare_event.plots.explorer import long_data
from rare_event.prepare.corrections import Corrections
from rare_event.prepare.label_guess import guess_label
from rare_event.prepare.labelling import LabelGuess, Labelling, values_of
from rare_event.prepare.prepared import Prepared, prepare
from rare_event.prepare.table import Table
from rare_event.read.source import Files
from rare_event.report.judged import following, intervals_of
from rare_event.store.datasets import Dataset
from rare_event.store.preview import Preview, asked_for_machines, preview
from rare_event.store.records import Committed, Part
from rare_event.store.runs import Run, open_run
from rare_event.store.uploads import open_uploads
from rare_event.text import auc_in_words
from rare_event.ui.kept import kept


@st.cache_resource(show_spinner=False)
def jobs() -> Jobs:
    """Return the server's jobs; the first call resumes the queue of an earlier server."""
    # On, unless the operator turned it off; workers inherit it.
    os.environ.setdefault(VARIABLE, ON)
    set_up_in_worker()
    queue = Jobs()
    queue.recover()
    # Without a worker each run says why.
    with suppress(RareEventError):
        queue.warm_up()
    # Modules loaded by now are never freed: leaving them out makes later collections short.
    gc.freeze()
    return queue


@kept(max_entries=4, show_spinner="Reading the data …")
def _table(version: str, _dataset: Dataset) -> Table:
    return _dataset.table()


def table_of(dataset: Dataset) -> Table:
    """Return the table of a dataset."""
    return _table(dataset.version, dataset)


# Two: the one that is looked at, and the one before its last answer.
@kept(max_entries=2, show_spinner="Reading the file …")
def _preview(files: tuple[tuple[str, str], ...], said: Corrections, events: str, events_name: str) -> Preview:
    source = open_uploads(files, events, events_name)
    name = source.name if isinstance(source, Files) else files[0][1]
    return asked_for_machines(preview(source, name, said))


def preview_of(
    files: tuple[tuple[str, str], ...], said: Corrections, events: str = "", events_name: str = ""
) -> Preview:
    """Return how uploads are read with these corrections; the label comes from a file of events, if any."""
    return _preview(files, said, events, events_name)


def forget_previews() -> None:
    """Drop the columns of previews, which are as large as a dataset."""
    _preview.clear()


@kept(max_entries=16)
def _columns_of_file(version: str, _dataset: Dataset) -> list[str]:
    return list(_dataset.raw().columns)


def columns_of_file(dataset: Dataset) -> list[str]:
    """Return the names of all columns of the file."""
    return _columns_of_file(dataset.version, dataset)


@kept(max_entries=16)
def _label_guess(version: str, labels: tuple[str, ...], _dataset: Dataset) -> tuple[list[str], LabelGuess]:
    raw, schema = _dataset.raw(), _dataset.schema
    said = schema.labelling if labels == schema.labels else Labelling(labels)
    return values_of(raw, labels), guess_label(raw, {}, said)


def label_guess_of(dataset: Dataset, labels: tuple[str, ...]) -> tuple[list[str], LabelGuess]:
    """Return the distinct values of label columns, and what they mean as far as it is known."""
    return _label_guess(dataset.version, labels, dataset)


@kept(max_entries=8, show_spinner="Checking the data …")
def _outcomes(version: str, _dataset: Dataset) -> list[Outcome]:
    return outcomes(table_of(_dataset))


def outcomes_of(dataset: Dataset) -> list[Outcome]:
    """Return what each check says of a dataset."""
    return _outcomes(dataset.version, dataset)


def findings_of(dataset: Dataset) -> list[Finding]:
    """Return what the checks find in a dataset."""
    return findings_in(outcomes_of(dataset))


@kept(max_entries=4)
def _prepared(version: str, config: ExperimentConfig, _dataset: Dataset) -> Prepared:
    return prepare(table_of(_dataset), config)


def prepared_of(dataset: Dataset, config: ExperimentConfig) -> Prepared:
    """Return a dataset under the labels, windows and folds of a config."""
    return _prepared(dataset.version, config, dataset)


@kept(max_entries=16)
def _parts(version: str, config: ExperimentConfig, _dataset: Dataset) -> pd.DataFrame:
    return part_sizes(prepared_of(_dataset, config), config.shift)


def parts_of(dataset: Dataset, config: ExperimentConfig) -> pd.DataFrame:
    """Return the windows, positive windows and events of each part of a split."""
    return _parts(dataset.version, config, dataset)


@kept(max_entries=16)
def _limits(
    version: str, configs: tuple[ExperimentConfig, ...], _dataset: Dataset
) -> tuple[list[Finding], list[str]]:
    return before_training(table_of(_dataset), configs, lambda config: prepared_of(_dataset, config))


def limits_of(dataset: Dataset, configs: Sequence[ExperimentConfig]) -> tuple[list[Finding], list[str]]:
    """Return what the splits and the settings of trainings cannot do on a dataset."""
    return _limits(dataset.version, tuple(configs), dataset)


@kept(max_entries=8)
def scores_of(run_id: str, part: Part) -> Scores:
    """Return the scores of a part of a finished run."""
    return open_run(run_id).scores(part)


def unknown_of(run: Run, part: Part) -> Unknown | None:
    """Return why a part of a finished run tells nothing of events; None where it has events to judge."""
    n_positive = getattr(run.evaluation(), part).n_positive
    return None if n_positive else Unknown(part, bool(run.dataset().schema.labels))


def auc_of(run: Run) -> str:
    """Write the validation AUC of a finished run in a line of figures, or why there is none."""
    ranking = run.evaluation().validation
    if unknown := unknown_of(run, "validation"):
        return unknown.short
    return f"validation AUC {auc_in_words(ranking.auc, ranking.interval)}"


def time_unit_of(run: Run) -> TimeUnit:
    """Return what a finished run counts time in."""
    return run.time_unit()


@kept(max_entries=8)
def followed_of(run_id: str, part: Part, trailing: Rule | None) -> Scores:
    """Return the scores of a part, divided by their trailing quantile if the rule is a trailing one."""
    scores = scores_of(run_id, part)
    if trailing is not None:
        history = scores_of(run_id, "validation") if part == "test" else None
        scores = follow(scores, trailing, history)
    return scores.once()


@kept(max_entries=8)
def points_of(run_id: str, part: Part, policy: AlarmPolicy, trailing: Rule | None) -> OperatingPoints:
    """Return the operating points of a part of a finished run."""
    return operating_points(followed_of(run_id, part, trailing), policy)


@kept(max_entries=8)
def levels_of(run_id: str, part: Part, policy: AlarmPolicy, trailing: Rule | None) -> np.ndarray:
    """Return the highest threshold at which each event of a part is caught."""
    return event_levels(followed_of(run_id, part, trailing), policy)


def long_of(
    run: Run, part: Part, policy: AlarmPolicy, trailing: Rule | None, threshold: float, around: int | None
) -> str:
    """Return what the explorer is sent of a part whatever its threshold, with a column for that one."""
    columns = _columns(run.id, part, policy, trailing)
    points = points_of(run.id, part, policy, trailing)
    at, keep = points.at(threshold), None
    if at < len(points) and points.threshold[at] not in columns["threshold"].to_numpy():
        keep = float(points.threshold[at])
    return _long(run.id, part, policy, trailing, keep, around, run.dataset())


# Writing hundreds of thousands of characters at each move of the threshold took half of the server's time.
@kept(max_entries=16)
def _long(
    run_id: str,
    part: Part,
    policy: AlarmPolicy,
    trailing: Rule | None,
    keep: float | None,
    around: int | None,
    _dataset: Dataset,
) -> str:
    columns = (
        _columns(run_id, part, policy, trailing)
        if keep is None
        else _columns_with(run_id, part, policy, trailing, keep)
    )
    scores = followed_of(run_id, part, trailing)
    return long_data(columns, scores, table_of(_dataset).start, around)


@kept(max_entries=8, show_spinner="Counting …")
def _columns(run_id: str, part: Part, policy: AlarmPolicy, trailing: Rule | None) -> pd.DataFrame:
    return _kept_with_run(run_id, part, policy, trailing)


@kept(max_entries=8)
def _columns_with(
    run_id: str, part: Part, policy: AlarmPolicy, trailing: Rule | None, threshold: float
) -> pd.DataFrame:
    return explorer_columns(followed_of(run_id, part, trailing), policy, keep=(threshold,))


def _kept_with_run(run_id: str, part: Part, policy: AlarmPolicy, trailing: Rule | None) -> pd.DataFrame:
    """Read the columns from the run's folder, where resampling is done once."""
    return open_run(run_id).cached_frame(
        ("explorer", part, policy, trailing),
        lambda: explorer_columns(followed_of(run_id, part, trailing), policy),
    )


def evaluation_of(run_id: str, part: Part, committed: Committed) -> Evaluation:
    """Return the figures of a part of a finished run at a committed threshold."""
    return _evaluation(run_id, part, committed.policy, committed.trailing, _by_fold(committed))


@kept(max_entries=64)
def _evaluation(
    run_id: str,
    part: Part,
    policy: AlarmPolicy,
    trailing: Rule | None,
    folds: tuple[tuple[int, float], ...],
) -> Evaluation:
    return evaluate(followed_of(run_id, part, trailing), dict(folds), policy)


def figure_intervals_of(run_id: str, committed: Committed) -> pd.DataFrame:
    """Return the intervals of the test figures at a committed threshold, and the figures of chance."""
    return _figure_intervals(run_id, committed.policy, committed.trailing, _by_fold(committed))


@kept(max_entries=64, show_spinner="Resampling …")
def _figure_intervals(
    run_id: str, policy: AlarmPolicy, trailing: Rule | None, folds: tuple[tuple[int, float], ...]
) -> pd.DataFrame:
    return intervals_of(
        open_run(run_id), followed_of(run_id, "test", trailing), dict(folds), policy, trailing
    )


def following_of(run_id: str, committed: Committed) -> np.ndarray:
    """Return the trailing threshold of each test window that would keep the budget of a commitment."""
    return _following(run_id, committed.policy, nearest_budget(committed.rule))


@kept(max_entries=16)
def _following(run_id: str, policy: AlarmPolicy, budget: float) -> np.ndarray:
    return following(scores_of(run_id, "validation"), scores_of(run_id, "test"), policy, budget)


@kept(max_entries=8, show_spinner="Testing whether the scores have changed …")
def regime_of(run_id: str) -> Regime:
    """Return since when the scores of normal test windows are higher than on validation data."""
    run = open_run(run_id)
    validation, test, config = scores_of(run_id, "validation"), scores_of(run_id, "test"), run.config()
    return regime_of_run(validation, test, config, lambda: prepared_of(run.dataset(), config))


def _by_fold(committed: Committed) -> tuple[tuple[int, float], ...]:
    return tuple(sorted(committed.thresholds.items()))


def ledger_of(run_id: str, part: Part, committed: Committed) -> pd.DataFrame:
    """Return the ledger of a part of a finished run at a committed threshold."""
    return _ledger(run_id, part, committed.policy, committed.trailing, _by_fold(committed))


@kept(max_entries=8)
def _ledger(
    run_id: str,
    part: Part,
    policy: AlarmPolicy,
    trailing: Rule | None,
    thresholds: tuple[tuple[int, float], ...],
) -> pd.DataFrame:
    run = open_run(run_id)
    contributions, names = run.contributions(part)
    scores = followed_of(run_id, part, trailing)
    of_event: tuple[str, ...] = ()
    if scores.asset is not None:
        of_event = prepared_of(run.dataset(), run.config()).asset_of_event
    return ledger(scores, dict(thresholds), policy, contributions, names, of_event)
