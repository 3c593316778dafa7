"""The backtest on the Evaluate page: one split judged over several, followed where it was started."""

from __future__ import annotations

import streamlit as st

from rare_event.compare.companions import backtest_of, create_baselines, over_folds
from rare_event.store.runs import Run, create_run
from rare_event.text import plain
from rare_event.ui.cache import jobs
from rare_event.ui.frame import in_place
from rare_event.ui.limits import show_limits
from rare_event.ui.live import cancel_button, poll_until_ended
from rare_event.ui.progress import training_in_words, unfinished_of
from rare_event.ui.state import show_run_next


@in_place
def show_backtest(run: Run) -> None:
    """Offer a backtest of a run, follow it, and open it when it is done."""
    backtest = backtest_of(run)
    status = None if backtest is None else backtest.status()
    if backtest is None or status is None:
        _offer(run, "")
    elif status.ended and status.state != "done":
        _offer(run, f"State of the last backtest: {status.state}. {status.message}")
    else:
        poll_until_ended(lambda: _follow(backtest), lambda: unfinished_of([backtest]), "evaluate_backtest")


def _offer(run: Run, problem: str) -> None:
    config = run.config()
    show_limits(run.dataset(), [over_folds(config)], small=True)
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(
            "A single split holds few events and shows one period only. A **backtest** trains this model "
            f"{config.split.folds} times, each time on earlier data, and judges it on the next period.",
            width="stretch",
        )
        if st.button("Backtest this model", key="evaluate_backtest", icon=":material/replay:"):
            backtest = create_run(run.dataset(), over_folds(config))
            jobs().submit(backtest)
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
        words = "waiting for its turn …" if status.state == "queued" else training_in_words(status)
        st.progress(status.progress, f"Backtest: {words}", width="stretch")
        cancel_button(backtest, "Cancel", "evaluate_cancel_backtest", jobs().cancel)
