"""A run as it happens: state, loss curve, time left, cancel; and the list of runs."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

import plotly.graph_objects as go
import streamlit as st

from rare_event.code.show import code_of_training
from rare_event.compare.titles import name_of_run
from rare_event.errors import RareEventError
from rare_event.experiment.convergence import failure_to_learn
from rare_event.plots.training import loss_figure
from rare_event.store.archive import is_imported
from rare_event.store.datasets import Dataset
from rare_event.store.records import State, Status
from rare_event.store.runs import Run, list_runs, open_run
from rare_event.text import capital, number, plain, plural
from rare_event.ui.cache import auc_of, evaluation_of, jobs, table_of, time_unit_of, unknown_of
from rare_event.ui.charts import draw
from rare_event.ui.code import show_code
from rare_event.ui.frame import in_place
from rare_event.ui.home import runs_table
from rare_event.ui.kept import kept
from rare_event.ui.links import NEXT, link_to
from rare_event.ui.live import cancel_button, poll_until_ended
from rare_event.ui.runs import edit_run
from rare_event.ui.state import IMPORTED, get_state, show_run_next

TITLES: dict[State, str] = {
    "queued": "Queued run",
    "running": "Run being trained",
    "done": "Run in use",
    "failed": "Failed run",
    "cancelled": "Cancelled run",
    "interrupted": "Interrupted run",
}


@in_place
def show_run(dataset: Dataset) -> None:
    """Show the run in use, or a watched one: live while it is executed, its outcome afterwards."""
    run_id = get_state().shown
    if run_id is None:
        return
    run = open_run(run_id)
    poll_until_ended(lambda: _show_run(run), lambda: unfinished_of([run]), "train_run")
    if run.status().state == "done" and not is_imported(run):
        show_code("train_code", lambda: code_of_training(run))


def unfinished_of(runs: Iterable[Run]) -> list[str]:
    """Name the runs that have not ended."""
    return [run.id for run in runs if not run.status().ended]


def _show_run(run: Run) -> None:
    status, config = run.status(), run.config()
    with st.container(border=True):
        title = TITLES[status.state]
        split = config.split.in_words()
        # A damaged dataset is reported where it is needed.
        with suppress(RareEventError):
            split = table_of(run.dataset()).time_unit.reword(split)
        st.markdown(f"**{title}**: {plain(name_of_run(run))}, {split}")
        show_status(run, status)
        if config.model.kind != "pca" and not is_imported(run):
            figure = _loss_of(run.id) if status.ended else loss_figure(run.history())
            draw(figure, key="train_loss")


# Drawing it takes a third of the page's time; a run that has ended no longer changes.
@kept(max_entries=32)
def _loss_of(run_id: str) -> go.Figure:
    return loss_figure(open_run(run_id).history())


@kept(max_entries=32)
def _failure_of(run_id: str) -> str:
    return failure_to_learn(open_run(run_id).history())


@in_place
def show_status(run: Run, status: Status) -> None:
    """Show whether a run waits, how far it is, or its outcome, and let the user cancel it."""
    if status.state == "queued":
        waiting = jobs().waiting_before(run)
        st.info(f"Waiting for {plural(waiting, 'earlier run')} to finish." if waiting else "Starting …")
    elif status.state == "running":
        st.progress(status.progress, training_in_words(status))
    elif status.state == "done" and is_imported(run):
        st.info(plain(IMPORTED))
        link_to("pages/7_Score.py", "Score new rows", "train_score", icon=NEXT, main=True)
    elif status.state == "done":
        with st.container(horizontal=True, vertical_alignment="center"):
            if failure := _failure_of(run.id):
                st.warning(plain(failure), width="stretch")
            else:
                st.success(plain(f"Done. {outcome_in_words(run)}"), width="stretch")
            link_to("pages/3_Threshold.py", "Next: set the threshold", "train_next", icon=NEXT, main=True)
    elif status.state == "cancelled":
        st.warning("Cancelled.")
    else:
        st.error(plain(status.message))
    if not status.ended:
        cancel_button(run, "Cancel", "train_cancel", jobs().cancel)
    state = get_state()
    if state.watched and state.run_id:
        until = "" if status.ended else " until this one has finished"
        st.caption(f"The Threshold and Evaluate pages show the previous run{until}.")


def outcome_in_words(run: Run) -> str:
    """Write the validation figures of a finished run: the AUC, and the events caught where they are known."""
    auc = f"{capital(auc_of(run))}."
    caught = caught_in_words(run)
    origin = run.committed().origin
    threshold = "fixed threshold" if origin == "given" else f"{origin} threshold"
    return f"{auc} On validation data, the {threshold} catches {caught}." if caught else auc


def caught_in_words(run: Run) -> str:
    """Write what the committed threshold catches on validation data, at which rate; empty if unknown."""
    if unknown_of(run, "validation"):
        return ""
    figures = evaluation_of(run.id, "validation", run.committed())
    at = "" if figures.rate is None else f" at {time_unit_of(run).alarms(number(figures.rate))}"
    return f"{figures.caught} of {plural(figures.n_events, 'event')}{at}"


def training_in_words(status: Status) -> str:
    """Say how far a run is that is being trained."""
    if not status.epoch:
        return "Preparing and compiling …"
    fold = f"fold {status.fold + 1} of {status.folds}, " if status.folds > 1 else ""
    network = f"network {status.network} of {status.networks}, " if status.networks > 1 else ""
    said = [f"{fold}{network}epoch {status.epoch:,} of {status.epochs:,}", status.time_left]
    return capital(", ".join(filter(None, said)))


def show_runs(dataset: Dataset) -> None:
    """List the runs on the dataset; a click on a row opens it."""
    runs = list_runs(dataset.digest)
    if not runs:
        return
    st.header("Runs on this dataset")
    st.caption("Select a row to open that run.")
    chosen = st.dataframe(
        runs_table(runs),
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        placeholder="–",
        key=f"train_runs_{len(runs)}_{get_state().shown}",
        alt="Runs on this dataset",
    )
    if run := next((run for run in runs if run.id == get_state().shown), None):
        edit_run(run)
    for position in chosen["selection"]["rows"]:
        if runs[position].id != get_state().shown:
            show_run_next(runs[position])
            st.rerun()
