"""The backtest on the Evaluate page: one split judged over several, followed where it was started."""

from __future__ import annotations

import streamlit as st

from rare_event.code.show import code_of_backtest
from rare_event.compare.companions import backtest_of, create_baselines, over_folds
from rare_event.config import SplitKind
from rare_event.store.records import State
from rare_event.store.runs import Run, create_run
from rare_event.text import plain
from rare_event.ui.cache import jobs, prepared_of, table_of
from rare_event.ui.code import show_code
from rare_event.ui.frame import in_place
from rare_event.ui.limits import show_limits
from rare_event.ui.live import cancel_button, poll_until_ended
from rare_event.ui.progress import training_in_words, unfinished_of
from rare_event.ui.state import asker, show_run_next

WORDS: dict[SplitKind, str] = {
    "rolling": "{} times, each time on earlier data, and judges it on the period that follows.",
    "asset": "once for each machine: it learns from the data of all others, including data from the same "
    "hours, and is judged on that machine.",
}
ONE_SPLIT = "A single split tests the model only once."
ENDED: dict[State, str] = {
    "failed": "The last backtest failed.",
    "cancelled": "The last backtest was cancelled.",
    "interrupted": "The last backtest was interrupted.",
}
SAME_MACHINES = "These figures do not say how well the model does on a machine outside its training data."


@in_place
def show_backtest(run: Run) -> None:
    """Offer a backtest of a run, follow it, and open it when it is done."""
    kind = _kind(run)
    backtest = backtest_of(run, kind)
    status = None if backtest is None else backtest.status()
    if backtest is None or status is None:
        _offer(run, kind, "")
    elif status.ended and status.state != "done":
        _offer(run, kind, f"{ENDED[status.state]} {status.message}".rstrip())
    else:
        poll_until_ended(lambda: _follow(backtest), lambda: unfinished_of([backtest]), "evaluate_backtest")
    if status is not None and status.state == "done":
        show_code("evaluate_backtest_code", lambda: code_of_backtest(run, kind))


def show_code_of_folds(run: Run) -> None:
    """Offer the lines of a backtest whose run is in use."""
    kind = run.config().split.kind
    if kind in WORDS:
        show_code("evaluate_folds_code", lambda: code_of_backtest(run, kind))


def _kind(run: Run) -> SplitKind:
    """Let the user choose what a backtest tests on, where there are several machines and one period."""
    if table_of(run.dataset()).schema.asset is None:
        return "rolling"
    if not _one_period(run):
        return "asset"
    kind: SplitKind = st.segmented_control(
        "Backtest",
        tuple(WORDS),
        default="rolling",
        format_func={
            "rolling": "On later data",
            "asset": "On machines outside the training data",
        }.__getitem__,
        key="evaluate_backtest_kind",
        required=True,
    )
    return kind


def _one_period(run: Run) -> bool:
    return len(prepared_of(run.dataset(), run.config()).folds) < 2


def _offer(run: Run, kind: SplitKind, problem: str) -> None:
    config = over_folds(run.config(), kind)
    show_limits(run.dataset(), [config], small=True)
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"{ONE_SPLIT if kind == 'rolling' else SAME_MACHINES} A **backtest** trains this model "
            + table_of(run.dataset()).time_unit.reword(WORDS[kind]).format(config.split.folds),
            width="stretch",
        )
        if st.button("Backtest this model", key="evaluate_backtest", icon=":material/replay:"):
            backtest = create_run(run.dataset(), config)
            jobs().submit(backtest, asker())
            jobs().submit_background(create_baselines(backtest))
            st.rerun()
        if problem:
            st.caption(f":material/error: {plain(problem)}")


def _follow(backtest: Run) -> None:
    status = backtest.status()
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        if status.state == "done":
            st.markdown("The **backtest** of this model has finished.", width="stretch")
            if st.button("Open the backtest", key="evaluate_open_backtest"):
                show_run_next(backtest)
                st.rerun()
            return
        words = "Waiting for its turn …" if status.state == "queued" else training_in_words(status)
        st.progress(status.progress, f"Backtest: {words[:1].lower()}{words[1:]}", width="stretch")
        cancel_button(backtest, "Cancel", "evaluate_cancel_backtest", jobs().cancel)
