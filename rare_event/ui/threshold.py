"""Pieces of the Threshold page."""

from __future__ import annotations

import numpy as np
import streamlit as st

from rare_event.config import Rule
from rare_event.judge.evaluation import Evaluation
from rare_event.judge.thresholds import OperatingPoints
from rare_event.plots.curves import threshold_figure
from rare_event.plots.errors import score_histogram_figure
from rare_event.plots.matrix import confusion_figure
from rare_event.plots.palette import SCORE_UNIT, SCORE_UNIT_OF_FOLDS
from rare_event.store.runs import Committed, Run
from rare_event.ui.cache import evaluation_of, points_of, scores_of
from rare_event.ui.metrics import show_metrics
from rare_event.ui.text import number, plain

# Stops of the slider: enough that each is finer than the eye, few enough to send with the page.
STOPS = 400
DIGITS = 4


def show_context(run: Run) -> None:
    """Say which run this is, and warn where its figures flatter.

    Parameters
    ----------
    run
        The run in use.
    """
    config = run.config()
    st.markdown(f"**{config.name}** · {config.model.kind} · {config.split.kind} split")
    if config.split.kind == "random":
        st.warning(
            "Random split: optimistic. Rows next to these were trained on; "
            "judge the model on a split by time."
        )


@st.fragment
def explore(run: Run) -> None:
    """Let the user move the threshold over the validation data, and commit it.

    Parameters
    ----------
    run
        The run in use.
    """
    policy = run.config().policy
    points = points_of(run.id, "validation", policy)
    committed = run.committed().folds
    common = next(iter(committed.values())) if len(set(committed.values())) == 1 else None
    start = float(np.median(list(committed.values()))) if common is None else common
    if common is None:
        st.info(
            "Each fold has its own threshold, chosen by the rule. Committing here sets one for all folds."
        )
    stops = slider_stops(points, start)
    threshold = st.select_slider(
        "Threshold (reconstruction error)",
        stops,
        value=min(stops, key=lambda stop: abs(stop - start)),
        format_func=lambda stop: number(stop, DIGITS),
        key=f"threshold_slider_{run.id}",
        help="An alarm sounds when the reconstruction error is at or above the threshold.",
        persist_state="session",
    )
    thresholds = tuple((fold, threshold) for fold in committed)
    figures = evaluation_of(run.id, "validation", policy, thresholds)
    show_figures(figures)
    left, right = st.columns([3, 2])
    left.plotly_chart(
        threshold_figure(points, threshold, part="Validation", unit=unit_of(run)), key="threshold_curves"
    )
    right.plotly_chart(
        confusion_figure(figures.tn, figures.fp, figures.fn, figures.tp, part="Validation"),
        key="threshold_matrix",
    )
    scores = scores_of(run.id, "validation")
    st.plotly_chart(score_histogram_figure(scores, threshold, "Validation"), key="threshold_histogram")
    with st.container(horizontal=True, vertical_alignment="center"):
        same = common is not None and threshold == common
        if st.button("Commit this threshold", type="primary", key="threshold_commit", disabled=same):
            run.commit(Committed(dict(thresholds), Rule("fixed", threshold), policy))
            st.rerun()
        committed_is = "one for each fold" if common is None else number(common, DIGITS)
        st.caption(f"Committed: {committed_is} ({plain(run.committed().in_words())}).")


def unit_of(run: Run) -> str:
    """Name the unit of a run's scores, which several folds can only share relatively.

    Parameters
    ----------
    run
        The run.
    """
    return SCORE_UNIT_OF_FOLDS if len(run.committed().folds) > 1 else SCORE_UNIT


def slider_stops(points: OperatingPoints, committed: float) -> list[float]:
    """Thresholds the slider stops at: spread evenly over the ranks, every one of the highest.

    Parameters
    ----------
    points
        Operating points of the validation part.
    committed
        Is always among them.
    """
    n_points = len(points)
    tail = np.arange(max(0, n_points - STOPS // 2), n_points)
    body = np.linspace(0, n_points - 1, STOPS // 2).round().astype(int)
    chosen = points.threshold[np.union1d(tail, body)]
    # The slider knows its stops by what it shows: one for each label.
    by_label = {number(stop, DIGITS): float(stop) for stop in chosen} | {number(committed, DIGITS): committed}
    return sorted(by_label.values())


def show_figures(figures: Evaluation) -> None:
    """Show what the plant counts, in one line.

    Parameters
    ----------
    figures
        Of a part at a threshold.
    """
    lead = "–" if figures.median_lead is None else f"{number(figures.median_lead)} min"
    show_metrics(
        [
            ("Events caught", f"{figures.caught} of {figures.n_events}", "With an alarm in the lead window."),
            ("False alarms per day", number(figures.false_alarms_per_day), "Per day of running time."),
            ("Median lead", lead, "From the first alarm of an event to the event."),
            (
                "Precision (rows)",
                number(figures.precision, 2),
                "Share of the alarmed rows that are positive.",
            ),
            ("Recall (rows)", number(figures.recall, 2), "Share of the positive rows that are alarmed."),
            ("Running time", f"{number(figures.days)} days", "That these figures are counted over."),
        ]
    )
