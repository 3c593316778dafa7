"""The state of a session: which dataset and run are in use, and the settings being made.

It holds ids and settings, never arrays or models. Dataset and run also stand in the address, so a
reload, a bookmark or a colleague's link opens the same work.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from rare_event.config import RECOMMENDED, AlarmPolicy, ExperimentConfig, Rule
from rare_event.errors import RareEventError
from rare_event.store.datasets import Dataset, open_dataset
from rare_event.store.records import Committed
from rare_event.store.runs import Run, open_run

KEY = "app_state"


@dataclass(frozen=True)
class Exploring:
    """A threshold that is being tried and not yet committed.

    Parameters
    ----------
    run_id
        The run it belongs to.
    threshold
        In the unit of the scores, or of their ratios to the trailing quantile.
    rule
        What chose it.
    policy
        The alarm policy that is being tried.
    """

    run_id: str
    threshold: float
    rule: Rule
    policy: AlarmPolicy

    @property
    def trailing(self) -> Rule | None:
        """The rule that the scores are related to, if it is a trailing one."""
        return self.rule if self.rule.trailing else None

    def committed(self, run: Run) -> Committed:
        """Return what committing it would write; a threshold of each fold's own stays so."""
        before = run.committed()
        untouched = before.common is None and self == _exploring_of(run, before)
        folds = before.folds if untouched else dict.fromkeys(before.folds, self.threshold)
        return Committed(folds, self.rule, self.policy)


def _exploring_of(run: Run, committed: Committed) -> Exploring:
    # Where folds have thresholds of their own, the middle one is where exploring begins.
    threshold = statistics.median(committed.folds.values())
    return Exploring(run.id, threshold, committed.rule, committed.policy)


@dataclass(frozen=True)
class AppState:
    """Ids and settings of one session."""

    digest: str | None = None
    run_id: str | None = None
    draft: ExperimentConfig = RECOMMENDED
    exploring: Exploring | None = None


class Missing(RareEventError):
    """A page was opened before the step it needs; `page` is where that step is made."""

    def __init__(self, sentence: str, page: str, label: str) -> None:
        super().__init__(sentence)
        self.page, self.label = page, label


def get_state() -> AppState:
    """Return the session's state; a new session begins with what the address names."""
    if KEY not in st.session_state:
        st.session_state[KEY] = _from_address()
    state: AppState = st.session_state[KEY]
    return state


def update_state(**changes: Any) -> AppState:
    """Replace fields of the session's state and keep the address in step.

    Parameters
    ----------
    **changes
        Fields of `AppState`.
    """
    st.session_state[KEY] = replace(get_state(), **changes)
    write_address()
    return get_state()


def exploring_of(run: Run) -> Exploring:
    """Return the threshold being tried on a run; what is committed, to begin with."""
    exploring = get_state().exploring
    if exploring is None or exploring.run_id != run.id:
        return _exploring_of(run, run.committed())
    return exploring


def update_exploring(exploring: Exploring) -> None:
    """Try another threshold."""
    st.session_state[KEY] = replace(get_state(), exploring=exploring)


def write_address() -> None:
    """Put the dataset and the run into the address, which a change of page empties."""
    state = get_state()
    wanted = {name: value for name, value in (("dataset", state.digest), ("run", state.run_id)) if value}
    if st.query_params.to_dict() != wanted:
        st.query_params.from_dict(wanted)


def _from_address() -> AppState:
    state = AppState()
    try:
        if run_id := st.query_params.get("run"):
            run = open_run(run_id)
            # A reading of the leakage meter is no model that could be judged.
            readable = run.purpose().role != "leakage"
            state = AppState(run.dataset().digest, run.id if readable else None, run.config())
        elif digest := st.query_params.get("dataset"):
            state = AppState(open_dataset(digest).digest)
    except RareEventError:
        # An old link: the page then says which step is missing.
        return state
    return state


def need_dataset() -> Dataset:
    """Return the dataset in use.

    Raises
    ------
    Missing
        If none is.
    """
    digest = get_state().digest
    if digest is None:
        raise Missing(
            "No dataset is open yet: upload a file or open the sample mill.", "pages/1_Data.py", "Go to Data"
        )
    return open_dataset(digest)


def need_run() -> Run:
    """Return the run in use, which has ended well.

    Raises
    ------
    Missing
        If none is, or it has not.
    """
    run_id = get_state().run_id
    if run_id is None:
        raise Missing("No run is open yet: train a model first.", "pages/2_Train.py", "Go to Train")
    run = open_run(run_id)
    if run.status().state != "done":
        raise Missing(
            "The run in use is not done. Watch it on the Train page, or open another one there.",
            "pages/2_Train.py",
            "Go to Train",
        )
    return run
