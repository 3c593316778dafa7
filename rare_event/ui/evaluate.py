"""Pieces of the Evaluate page: test data at the committed threshold."""

from __future__ import annotations

import numpy as np
import streamlit as st

from rare_event.judge.alarms import event_ledger
from rare_event.judge.evaluation import Evaluation, call
from rare_event.plots.curves import precision_recall_figure, roc_figure, threshold_figure
from rare_event.plots.errors import error_figure
from rare_event.plots.matrix import confusion_figure
from rare_event.prepare.stretches import find_events, minutes, stretches
from rare_event.store.runs import Run
from rare_event.ui.cache import evaluation_of, points_of, scores_of, table_of
from rare_event.ui.text import number, plain, plural
from rare_event.ui.threshold import show_figures, unit_of


def _figures(run: Run) -> Evaluation:
    return evaluation_of(run.id, "test", run.config().policy, tuple(sorted(run.committed().folds.items())))


def drawn_threshold(run: Run) -> float:
    """Return the one threshold that charts can show: the median where folds have their own.

    Parameters
    ----------
    run
        The run in use.
    """
    return float(np.median(list(run.committed().folds.values())))


def show_verdict(run: Run) -> None:
    """Say in one sentence and one line of figures what the model was worth on test data.

    Parameters
    ----------
    run
        The run in use.
    """
    figures = _figures(run)
    st.markdown(verdict(figures))
    st.caption(f"Threshold: {plain(run.committed().in_words())}.")
    show_figures(figures)


def verdict(figures: Evaluation) -> str:
    """Put the worth of a threshold in plain words.

    Parameters
    ----------
    figures
        Of the test part.
    """
    if not figures.n_events:
        return "The test data hold **no event**, so they cannot tell whether an event would be caught."
    lead = (
        "" if figures.median_lead is None else f", typically **{number(figures.median_lead)} minutes** before"
    )
    caught = f"{figures.caught} of {plural(figures.n_events, 'event')}"
    return (
        f"In {number(figures.days)} days of running, **{caught}** would have been caught{lead}, "
        f"at **{number(figures.false_alarms_per_day)} false alarms a day**."
    )


def show_errors_over_time(run: Run) -> None:
    """Draw the reconstruction error of every window of the test data.

    Parameters
    ----------
    run
        The run in use.
    """
    scores = scores_of(run.id, "test")
    table = table_of(run.dataset())
    when = None if table.time is None else table.time[scores.row]
    st.plotly_chart(error_figure(scores, drawn_threshold(run), when=when, part="Test"), key="evaluate_errors")


def show_curves(run: Run) -> None:
    """Draw the confusion matrix, the ROC curve, and precision and recall.

    Parameters
    ----------
    run
        The run in use.
    """
    figures, threshold = _figures(run), drawn_threshold(run)
    points = points_of(run.id, "test", run.config().policy)
    left, right = st.columns(2)
    left.plotly_chart(
        confusion_figure(figures.tn, figures.fp, figures.fn, figures.tp, part="Test"), key="evaluate_matrix"
    )
    right.plotly_chart(roc_figure(points, threshold, part="Test", auc=figures.auc), key="evaluate_roc")
    left.plotly_chart(
        precision_recall_figure(
            points,
            threshold,
            part="Test",
            average_precision=figures.average_precision,
            base_rate=figures.n_positive / figures.n,
        ),
        key="evaluate_precision_recall",
    )
    right.plotly_chart(
        threshold_figure(points, threshold, part="Test", unit=unit_of(run)), key="evaluate_threshold"
    )


def show_ledger(run: Run) -> None:
    """List the events of the test data: caught or missed, and how early.

    Parameters
    ----------
    run
        The run in use.
    """
    st.subheader("Events")
    scores, policy, table = scores_of(run.id, "test"), run.config().policy, table_of(run.dataset())
    ledger = event_ledger(call(scores, run.committed().folds), 1.0, policy)
    ledger["peak"] = event_ledger(scores, np.inf, policy)["peak"]
    clock = minutes(table.time, table.n_rows)
    events = find_events(clock, table.label, stretches(clock, table.label))
    when = events.clock if table.time is None else table.time[events.row]
    ledger.insert(1, "time", when[ledger["event"]])
    st.dataframe(
        ledger,
        hide_index=True,
        placeholder="–",
        column_config={
            "event": st.column_config.NumberColumn("event", help="Number of the event in the file, from 0."),
            "caught": st.column_config.CheckboxColumn("caught"),
            "lead": st.column_config.NumberColumn("lead (minutes)", format="%.1f"),
            "peak": st.column_config.NumberColumn(
                "highest error before it", format="%.3g", help="Empty where no window lies before the event."
            ),
        },
        key="evaluate_ledger",
    )
