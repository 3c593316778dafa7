"""What the server keeps between reruns, keyed by digests and ids, never by arrays.

Everything here is bounded, shared by all sessions and never changed in place.
"""

from __future__ import annotations

import gc

import streamlit as st

from rare_event.config import AlarmPolicy, ExperimentConfig
from rare_event.judge.evaluation import Evaluation, evaluate
from rare_event.judge.scores import Scores
from rare_event.judge.thresholds import OperatingPoints, operating_points
from rare_event.prepare.checks import check
from rare_event.prepare.findings import Finding
from rare_event.prepare.sample import write_sample
from rare_event.prepare.table import Table
from rare_event.store.datasets import Dataset, add_dataset
from rare_event.store.runs import Part, open_run
from rare_event.store.workspace import home
from rare_event.work.experiment import Prepared, prepare
from rare_event.work.jobs import Jobs

SAMPLE_NAME = "sample-mill.csv"


@st.cache_resource(show_spinner=False)
def jobs() -> Jobs:
    """Return the server's jobs; the first call takes up what an earlier server left."""
    made = Jobs()
    made.recover()
    made.warm_up()
    # The modules loaded by now stay for good: sparing them makes every later collection short.
    gc.freeze()
    return made


@st.cache_resource(max_entries=4, show_spinner="Reading the data …")
def _table(version: str, _dataset: Dataset) -> Table:
    return _dataset.table()


def table_of(dataset: Dataset) -> Table:
    """Return the table of a dataset.

    Parameters
    ----------
    dataset
        The dataset.
    """
    return _table(dataset.version, dataset)


@st.cache_resource(max_entries=8, show_spinner="Checking the data …")
def _findings(version: str, _dataset: Dataset) -> list[Finding]:
    return check(table_of(_dataset))


def findings_of(dataset: Dataset) -> list[Finding]:
    """Return what the checks find in a dataset.

    Parameters
    ----------
    dataset
        The dataset.
    """
    return _findings(dataset.version, dataset)


@st.cache_resource(max_entries=4, show_spinner=False)
def _prepared(version: str, config: ExperimentConfig, _dataset: Dataset) -> Prepared:
    return prepare(table_of(_dataset), config)


def prepared_of(dataset: Dataset, config: ExperimentConfig) -> Prepared:
    """Return a dataset under the labels, windows and folds of a config.

    Parameters
    ----------
    dataset, config
        The dataset and the config.
    """
    return _prepared(dataset.version, config, dataset)


@st.cache_resource(max_entries=8, show_spinner=False)
def scores_of(run_id: str, part: Part) -> Scores:
    """Return the scores of a part of a finished run.

    Parameters
    ----------
    run_id, part
        The run and the part.
    """
    return open_run(run_id).scores(part)


@st.cache_resource(max_entries=8, show_spinner=False)
def points_of(run_id: str, part: Part, policy: AlarmPolicy) -> OperatingPoints:
    """Return the operating points of a part of a finished run.

    Parameters
    ----------
    run_id, part, policy
        The run, the part and the alarm policy.
    """
    return operating_points(scores_of(run_id, part), policy)


@st.cache_resource(max_entries=64, show_spinner=False)
def evaluation_of(
    run_id: str, part: Part, policy: AlarmPolicy, thresholds: tuple[tuple[int, float], ...]
) -> Evaluation:
    """Return the figures of a part of a finished run.

    Parameters
    ----------
    run_id, part, policy
        The run, the part and the alarm policy.
    thresholds
        Pairs of fold and threshold.
    """
    return evaluate(scores_of(run_id, part), dict(thresholds), policy)


def open_sample() -> Dataset:
    """Store the sample mill and return its dataset."""
    return add_dataset(write_sample(home() / SAMPLE_NAME), SAMPLE_NAME)
