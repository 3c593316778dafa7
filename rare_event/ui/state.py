"""The state of a session: the dataset and run in use, and the settings of the next run.

It holds ids and settings, never arrays or models. The address names the dataset and the run too, so
a reload, a bookmark or a colleague's link opens the same work.
"""

from __future__ import annotations

import uuid
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from rare_event.config import PRESETS, RECOMMENDED, AlarmPolicy, ExperimentConfig, Rule, SplitPlan
from rare_event.errors import RareEventError
from rare_event.judge.watch import Watch
from rare_event.prepare.sample import write_sample
from rare_event.store.archive import is_imported
from rare_event.store.datasets import Dataset, add_dataset, open_dataset
from rare_event.store.records import Committed
from rare_event.store.runs import Run, open_run
from rare_event.store.workspace import home
from rare_event.text import plain

KEY = "app_state"
ADDRESS = "app_address"
ASKER = "app_asker"
# Why the run that the address names cannot be opened.
NOT_HERE = "app_run_not_here"
GENERATION = "train_generation"
SAMPLE_NAME = "sample-mill.csv"
# Names the sample in an address, where it may not be stored yet.
SAMPLE = "sample"
IMPORTED = (
    "This model was imported as a bundle, without the data needed to judge it. Its figures and its threshold "
    "are shown in the workspace where it was trained. Here, it can only score new rows."
)
# Pages begin with several periods: the one validation part of a single split holds few events.
FIRST_DRAFT = replace(RECOMMENDED, split=SplitPlan("rolling"))


@dataclass(frozen=True)
class Exploring:
    """A threshold of a run that is tried and not yet committed, the rule that chose it, and a policy.

    It has the unit of the scores, or of their ratios to the trailing quantile. `watch_rule` is the rule of a
    watch level that is tried too, `watch` the level where it lies below the threshold.
    """

    run_id: str
    threshold: float
    rule: Rule
    policy: AlarmPolicy
    watch_rule: Rule | None = None
    watch: Watch | None = None

    @property
    def trailing(self) -> Rule | None:
        """The rule, if it is a trailing one."""
        return self.rule if self.rule.trailing else None

    def committed(self, run: Run) -> Committed:
        """Return what a commit would write; thresholds of single folds stay until another is chosen."""
        before = run.committed()
        tried = self.threshold, self.rule, self.policy
        untouched = before.common is None and tried == (before.middle, before.rule, before.policy)
        own = before.thresholds
        thresholds = own if untouched else dict.fromkeys(own, self.threshold)
        return Committed(thresholds, self.rule, self.policy, watch=self.watch)


def _start_from(run: Run, committed: Committed) -> Exploring:
    # With one threshold for each fold, exploring begins at their median.
    watch = committed.watch
    # One that the settings asked for and the data refused is tried again, so that the page says why.
    asked = None if committed.by_person else run.config().watch
    rule = asked if watch is None else watch.rule
    return Exploring(run.id, committed.middle, committed.rule, committed.policy, rule, watch)


@dataclass(frozen=True)
class AppState:
    """Ids and settings of one session.

    The run in use is done. A watched one is not, or has ended without a model: only the Train page
    shows it.
    """

    digest: str | None = None
    run_id: str | None = None
    draft: ExperimentConfig = FIRST_DRAFT
    exploring: Exploring | None = None
    watched: str | None = None

    @property
    def shown(self) -> str | None:
        """Id of the run that the Train page shows."""
        return self.watched or self.run_id


def draft_of(preset: str) -> ExperimentConfig:
    """Return the settings that a preset fills in on the Train page; the articles' keep their split."""
    return FIRST_DRAFT if preset == FIRST_DRAFT.name else PRESETS[preset]


class Missing(RareEventError):
    """A page was opened before the step it needs; `page` leads to that step."""

    def __init__(self, sentence: str, page: str, label: str) -> None:
        super().__init__(sentence)
        self.page, self.label = page, label


def asker() -> str:
    """Return a name of this session, by which the queue serves each in turn."""
    name: str = st.session_state.setdefault(ASKER, uuid.uuid4().hex)
    return name


def get_state() -> AppState:
    """Return the session's state; a new session reads it from the address."""
    if KEY not in st.session_state:
        st.session_state[KEY] = _named_in_address(AppState())
    state: AppState = st.session_state[KEY]
    return state


def update_state(**changes: Any) -> AppState:
    """Replace fields of the session's state and keep the address in step."""
    if "run_id" in changes:
        changes = {"watched": None, **changes}
    st.session_state[KEY] = replace(get_state(), **changes)
    write_address()
    return get_state()


def fill_form(config: ExperimentConfig) -> None:
    """Replace all settings of the form on the Train page."""
    # Widgets keep their value by key: new values take new keys.
    st.session_state[GENERATION] = st.session_state.get(GENERATION, 0) + 1
    update_state(draft=config)


def show_run_next(run: Run) -> AppState:
    """Open a run: use it if it is done, otherwise only show it on the Train page."""
    opened = _with_run(get_state(), run)
    return update_state(digest=opened.digest, run_id=opened.run_id, watched=opened.watched)


def forget_run(run: Run) -> None:
    """Stop using or watching a run that was deleted."""
    state = get_state()
    kept = state.run_id if state.run_id != run.id else None
    update_state(run_id=kept, watched=state.watched if state.watched != run.id else None)


def _with_run(state: AppState, run: Run) -> AppState:
    digest = run.dataset().digest
    if run.status().state == "done":
        return replace(state, digest=digest, run_id=run.id, watched=None)
    kept = state.run_id if state.digest == digest else None
    return replace(state, digest=digest, run_id=kept, watched=run.id)


def use_watched() -> None:
    """Use the watched run if it is done."""
    watched = get_state().watched
    if watched is not None and open_run(watched).status().state == "done":
        update_state(run_id=watched)


def exploring_of(run: Run) -> Exploring:
    """Return the threshold that is tried on a run: at first, the committed one."""
    exploring = get_state().exploring
    if exploring is None or exploring.run_id != run.id:
        return _start_from(run, run.committed())
    return exploring


def update_exploring(exploring: Exploring) -> None:
    """Try another threshold."""
    st.session_state[KEY] = replace(get_state(), exploring=exploring)


def follow_address() -> None:
    """Open what a link to this page names, then put what is in use into the address.

    An address that this session wrote itself names nothing new; a change of page empties it.
    """
    # A new session reads the address by itself.
    known, state, address = KEY in st.session_state, get_state(), st.query_params.to_dict()
    if known and address and address != st.session_state.get(ADDRESS):
        st.session_state[KEY] = _named_in_address(state)
    write_address()


def write_address() -> None:
    """Put the dataset and the runs into the address."""
    state = get_state()
    named = (("dataset", state.digest), ("run", state.run_id), ("watched", state.watched))
    wanted = {name: value for name, value in named if value}
    st.session_state[ADDRESS] = wanted
    if st.query_params.to_dict() != wanted:
        st.query_params.from_dict(wanted)


def _named_in_address(before: AppState) -> AppState:
    """Open what the address names; settings that were typed stay."""
    state, is_typed = before, _is_typed(before)
    # An old link may name what was deleted: the page then says so, and which step is missing.
    st.session_state.pop(NOT_HERE, None)
    for name in ("run", "watched"):
        try:
            if run_id := st.query_params.get(name):
                run = open_run(run_id)
                # A run of the leakage meter or the ablation has no model to judge.
                measured = run.purpose().role in ("leakage", "ablation")
                opened = AppState(run.dataset().digest) if measured else _with_run(state, run)
                state = replace(opened, draft=before.draft if is_typed else run.config())
        except RareEventError as error:
            st.session_state[NOT_HERE] = str(error)
            st.toast(plain(error))
    with suppress(RareEventError):
        if state is before and (digest := st.query_params.get("dataset")):
            dataset = open_sample() if digest == SAMPLE else open_dataset(digest)
            state = (
                before if dataset.digest == before.digest else AppState(dataset.digest, draft=before.draft)
            )
    return state


def _is_typed(state: AppState) -> bool:
    """Whether the settings of the next run are neither the first ones nor those of the run in use."""
    if state.draft == FIRST_DRAFT:
        return False
    # Of a damaged run nothing is known: what may have been typed stays.
    with suppress(RareEventError):
        return state.run_id is None or state.draft != open_run(state.run_id).config()
    return True


def open_sample() -> Dataset:
    """Store the sample mill and return its dataset."""
    return add_dataset(write_sample(home() / SAMPLE_NAME), SAMPLE_NAME)


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
    """Return the run in use, which is done.

    Raises
    ------
    Missing
        If no run is in use, or it is not done.
    """
    state = get_state()
    run_id = state.run_id or state.watched
    if run_id is None and (why := st.session_state.get(NOT_HERE)):
        raise Missing(why, "app.py", "Go to Home")
    if run_id is None:
        raise Missing("No run is open yet: train a model first.", "pages/2_Train.py", "Go to Train")
    run = open_run(run_id)
    status = run.status()
    if status.state != "done":
        problem = (
            "This run has ended without a model. See why"
            if status.ended
            else "The current run has not finished. Follow it"
        )
        raise Missing(f"{problem} on the Train page, or open another run.", "pages/2_Train.py", "Go to Train")
    return run


def need_judged_run() -> Run:
    """Return the run in use, whose validation and test data are here.

    Raises
    ------
    Missing
        If no run is in use, it is not done, or it was imported.
    """
    run = need_run()
    if is_imported(run):
        raise Missing(IMPORTED, "pages/7_Score.py", "Score new rows")
    return run
