"""The leakage meter on the Evaluate page: one model, the same rows, three splits and a placebo."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from rare_event.compare.companions import create_leakage, leakage_of
from rare_event.experiment.leakage import TITLES, Reading, from_dict, in_words
from rare_event.plots.leakage import leakage_figure
from rare_event.store.runs import Run
from rare_event.text import duration, plain
from rare_event.ui.cache import jobs
from rare_event.ui.frame import in_place
from rare_event.ui.progress import POLL_SECONDS

WHAT = (
    "Is the skill real, or lent by the split? The meter trains this model again on random rows, on whole "
    "stretches and on the past only, scores the same rows each time, and does it once more for events that "
    "were made up."
)


@in_place
def show_leakage(run: Run) -> None:
    """Show what the leakage meter read of a run, or let the user start it.

    Parameters
    ----------
    run
        The run in use.
    """
    st.subheader("Leakage meter")
    meter = leakage_of(run)
    waits = meter is not None and not meter.status().ended
    # Polling is left out once nothing more can happen.
    st.fragment(_show_meter, run_every=POLL_SECONDS if waits else None, key="leakage_fragment")(run, waits)


def _show_meter(run: Run, waited: bool) -> None:
    meter = leakage_of(run)
    if meter is None:
        st.markdown(WHAT)
        st.button(
            "Measure the leak",
            key="leakage_start",
            help="In the background; your own runs go first.",
            on_click=lambda: jobs().submit_beside([create_leakage(run)]),
        )
        return
    status = meter.status()
    if status.ended and waited:
        st.rerun()
    if status.state == "done":
        readings = from_dict(meter.leakage())
        st.markdown(plain(in_words(readings)))
        st.plotly_chart(leakage_figure(rows_of(readings)), key="leakage_figure")
    else:
        words = (
            f"training {status.fold + 1} of {status.folds}, at most {duration(status.seconds_left)} left"
            if status.epoch
            else "Waiting for its turn …"
        )
        st.progress(status.progress, words)
        st.button("Cancel", key="leakage_cancel", on_click=jobs().cancel, args=(meter,))


def rows_of(readings: dict[str, Reading]) -> pd.DataFrame:
    """Lay readings out for the figure.

    Parameters
    ----------
    readings
        As of `rare_event.experiment.leakage.leakage`.
    """
    missing = (float("nan"), float("nan"))
    return pd.DataFrame(
        [
            {"name": TITLES[name], "auc": reading.auc, "low": low, "high": high}
            for name, reading in readings.items()
            for low, high in [reading.interval or missing]
        ]
    ).astype({"auc": float})
