"""Pieces of the Train page: the start, and what the settings do to the data."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from rare_event.compare.companions import create_baselines
from rare_event.config import ExperimentConfig
from rare_event.experiment.suppressing import require_suppression
from rare_event.plots.timeline import split_figure
from rare_event.plots.tracks import machines_of
from rare_event.prepare.preview import first_positive_window, rows_after_shift, rows_before_shift
from rare_event.store.datasets import Dataset
from rare_event.store.runs import create_run
from rare_event.text import capital, plain, plural, share
from rare_event.ui.cache import jobs, parts_of, prepared_of, table_of
from rare_event.ui.charts import draw
from rare_event.ui.frame import in_place
from rare_event.ui.kept import kept
from rare_event.ui.limits import show_limits
from rare_event.ui.metrics import show_metrics
from rare_event.ui.settings import Choice, Places
from rare_event.ui.state import asker, update_state

PARTS = {
    "training": "Events among the training rows. Networks and PCA learn from the normal rows only.",
    "validation": "Events among the rows on which the threshold is chosen. With fewer than 10, the share of "
    "events caught is uncertain.",
    "test": "Events on which the committed threshold is judged.",
}


def start_button(dataset: Dataset, choice: Choice, places: Places) -> None:
    """Let the user start a run in the background.

    Parameters
    ----------
    dataset, choice
        What to train on, and how. A problem with the settings is shown and disables the button.
    places
        Where the button and the remarks on the settings are; the options are where the caller stands.
    """
    config = choice.config
    # Baselines are compared by events.
    baselines = bool(dataset.schema.labels) and st.toggle(
        "Also train the baselines",
        True,
        key="train_baselines",
        help="The baselines train in the background. The Evaluate page then says whether this model beats "
        "them.",
        persist_state="session",
    )
    tensorboard = st.checkbox(
        "Write TensorBoard logs",
        key="train_tensorboard",
        help="Writes the loss of each epoch to the folder of the run. This page then shows the command that "
        "displays the logs.",
        persist_state="session",
    )
    with places.remarks:
        _warn_if_optimistic(config)
        _show_problem(choice)
        show_limits(dataset, [config])
    if places.start.button(
        "Train",
        type="primary",
        key="train_start",
        icon=":material/play_arrow:",
        width="stretch",
        disabled=bool(choice.problem),
    ):
        # Data that do not fit the settings are refused here, before a worker starts.
        require_suppression(table_of(dataset), config.policy)
        prepared_of(dataset, config)
        run = create_run(dataset, config)
        if tensorboard:
            run.request_tensorboard()
        jobs().submit(run, asker())
        if baselines:
            jobs().submit_background(create_baselines(run))
        update_state(watched=run.id)
        st.rerun()


@in_place
def _warn_if_optimistic(config: ExperimentConfig) -> None:
    if config.split.optimistic:
        st.caption(
            f"{capital(config.split.in_words())}. Rows next to each test row are in the training data. "
            "Split by time for an honest figure."
        )


@in_place
def _show_problem(choice: Choice) -> None:
    if choice.problem:
        st.error(plain(choice.problem))


def show_split(dataset: Dataset, config: ExperimentConfig) -> None:
    """Draw which rows train, validate and test."""
    draw(_split_of(dataset.version, config, dataset), key="train_split_figure")


@kept(max_entries=8)
def _split_of(version: str, config: ExperimentConfig, _dataset: Dataset) -> go.Figure:
    prepared, when = prepared_of(_dataset, config), table_of(_dataset).when
    machines = machines_of(prepared)
    return split_figure(when[prepared.row], prepared.folds, when[prepared.events.row], machines)


@in_place
def show_parts(dataset: Dataset, config: ExperimentConfig) -> None:
    """Show the events of each part of the split, and what a single split makes of them."""
    if not dataset.schema.label:
        return
    events = parts_of(dataset, config)["events"]
    st.markdown("Events in each part")
    # In columns, a narrow window would cut the numbers off.
    with st.container(horizontal=True):
        for part in events.index:
            st.metric(capital(part), f"{events[part]:,}", help=PARTS[part], width="content")
    if config.split.kind == "chronological":
        events_there = int(events["validation"])
        chosen = f"has {plural(events_there, 'event')}" if events_there else "has no events"
        st.caption(
            f"The validation part, on which the threshold is chosen, {chosen}. With the rolling split by "
            "time, it is chosen on the validation parts of all folds, but training takes longer."
        )


def show_sizes(dataset: Dataset, config: ExperimentConfig) -> None:
    """Show the number of windows and of positive windows."""
    prepared = prepared_of(dataset, config)
    positive = [
        ("Positive", f"{prepared.n_positive:,}", "Windows whose last row is positive."),
        ("Share positive", share(prepared.n_positive, len(prepared.ends)), None),
    ]
    show_metrics(
        [
            ("Windows", f"{len(prepared.ends):,}", None),
            *(positive if dataset.schema.labels else []),
            (
                "Unused rows",
                f"{len(prepared.row) - len(prepared.ends):,}",
                "Rows too close to a restart or to missing values.",
            ),
        ],
        narrow=True,
    )


def show_shift(dataset: Dataset, config: ExperimentConfig) -> None:
    """Show the rows around the first event before and after the shift, and the first positive window."""
    table, prepared = table_of(dataset), prepared_of(dataset, config)
    if not len(prepared.events):
        return
    st.header("What the shift and the lookback do")
    first = int(prepared.events.row[0])
    before, after = st.columns(2)
    before.markdown(
        "**In the file**: the first event" if not config.shift else "**Before the shift**: the first event"
    )
    show_rows(before, rows_before_shift(table, first), "train_before")
    after.markdown(
        f"**After a shift of {plural(config.shift, 'row')}**: rows before the event are positive; its own "
        "rows are removed"
        if config.shift
        else "**For the model**: the rows of the event are positive"
    )
    show_rows(after, rows_after_shift(table, first, prepared.row, prepared.y), "train_after")
    if not prepared.n_positive:
        st.caption("No window is positive: no event has a whole window of rows before it.")
        return
    dated = ", with the time of the last row" if config.lookback > 1 else ""
    st.markdown(f"**First positive window**: {plural(config.lookback, 'row')}{dated}")
    excerpt = first_positive_window(table, prepared.row, prepared.y, prepared.ends, config.lookback)
    show_rows(st.container(), excerpt, "train_window")


def show_rows(place: DeltaGenerator, rows: pd.DataFrame, key: str) -> None:
    """Show an excerpt of rows, their times to the minute."""
    clock = st.column_config.DatetimeColumn(format="D MMM HH:mm")
    times = rows.select_dtypes("datetime").columns
    place.dataframe(rows, column_config=dict.fromkeys(times, clock), key=key, alt="Rows and their labels")
