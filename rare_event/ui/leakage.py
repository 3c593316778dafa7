"""The leakage meter on the Evaluate page: one model, the same rows, three splits and a placebo."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from rare_event.code.show import code_of_leakage
from rare_event.compare.companions import create_leakage, leakage_of
from rare_event.experiment.leakage import Reading, in_words, readings_of, split_of, title_of
from rare_event.plots.leakage import leakage_figure
from rare_event.store.records import Status
from rare_event.store.runs import Run
from rare_event.text import plain
from rare_event.ui.cache import jobs, prepared_of
from rare_event.ui.charts import draw
from rare_event.ui.code import show_code
from rare_event.ui.frame import in_place
from rare_event.ui.limits import show_limits
from rare_event.ui.live import poll_until_ended
from rare_event.ui.progress import unfinished_of

WHAT = (
    "Is the skill real, or an artefact of the split? The meter trains this model in three ways: on random "
    "rows, on other stretches and on past rows only. It judges each on the same rows. Then it repeats the "
    "training on random rows with invented events. Nothing can predict those, so any skill there comes from "
    "the split."
)


@in_place
def show_leakage(run: Run) -> None:
    """Show the readings of the leakage meter for a run, or let the user start it; nothing without events."""
    if not len(prepared_of(run.dataset(), run.config()).events):
        return
    poll_until_ended(lambda: _show_meter(run), lambda: _unfinished(run), "leakage")
    if leakage_of(run) is not None and not _unfinished(run):
        show_code("leakage_code", lambda: code_of_leakage(run))


def _start(run: Run) -> None:
    # A press that comes twice measures once.
    if leakage_of(run) is None:
        jobs().submit_background([create_leakage(run)])


def _unfinished(run: Run) -> list[str]:
    meter = leakage_of(run)
    return [] if meter is None else unfinished_of([meter])


def _show_meter(run: Run) -> None:
    meter = leakage_of(run)
    if meter is None:
        st.markdown(WHAT)
        show_limits(run.dataset(), readings_of(run.config()), small=True)
        st.button(
            "Measure leakage",
            key="leakage_start",
            help="It runs in the background. Your own runs take priority.",
            on_click=_start,
            args=(run,),
        )
        return
    status = meter.status()
    if status.state == "done":
        readings = meter.leakage()
        st.markdown(plain(in_words(readings)))
        draw(leakage_figure(rows_of(readings)), key="leakage_figure")
    else:
        st.progress(status.progress, progress_in_words(status))
        st.button("Cancel", key="leakage_cancel", on_click=jobs().cancel, args=(meter,))


def progress_in_words(status: Status) -> str:
    """Say how far the meter is."""
    if status.state == "queued":
        return "Waiting for its turn …"
    if not status.epoch or not status.time_left:
        return "Preparing …"
    return f"Training {status.fold + 1} of {status.folds}, {status.time_left}"


def rows_of(readings: dict[str, Reading]) -> pd.DataFrame:
    """Make the frame that the figure draws."""
    missing = (float("nan"), float("nan"))
    return pd.DataFrame(
        [
            {
                "name": title_of(name),
                "optimistic": split_of(name).optimistic,
                "auc": reading.auc,
                "low": low,
                "high": high,
            }
            for name, reading in readings.items()
            for low, high in [reading.interval or missing]
        ]
    ).astype({"auc": float})
