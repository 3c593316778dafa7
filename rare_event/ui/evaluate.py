"""Pieces of the Evaluate page: test data at the committed threshold."""

from __future__ import annotations

import statistics

import streamlit as st

from rare_event.judge.evaluation import Evaluation
from rare_event.plots.curves import precision_recall_figure, roc_figure, threshold_figure
from rare_event.plots.errors import error_figure
from rare_event.plots.matrix import confusion_figure
from rare_event.store.runs import Run
from rare_event.ui.cache import columns_of, evaluation_of, followed_of, points_of, table_of
from rare_event.ui.ledger import show_ledger
from rare_event.ui.metrics import show_metrics
from rare_event.ui.text import number, plain, plural
from rare_event.ui.threshold import TRAILING_UNIT, unit_of

INTERVALS = {
    "Events caught": "caught",
    "False alarms per day": "false_alarms_per_day",
    "Median lead": "median_lead",
    "Precision (rows)": "precision",
    "Recall (rows)": "recall",
}


def show_verdict(run: Run) -> None:
    """Say in one sentence and one line of figures what the model was worth on test data.

    Parameters
    ----------
    run
        The run in use.
    """
    committed = run.committed()
    figures = evaluation_of(run.id, "test", committed)
    st.markdown(verdict(figures))
    policy = committed.policy
    st.caption(
        f"Threshold: {plain(committed.in_words())}, {plain(committed.time[:16])} UTC. "
        f"Alarm policy: {policy.k} of {plural(policy.n, 'window')}, cooldown {number(policy.cooldown)} min, "
        f"lead window {number(policy.lead)} min. Below each figure: its 95 % interval."
    )
    show_metrics(plant_figures(figures), _intervals(run))


def _intervals(run: Run) -> dict[str, str]:
    """Intervals at the committed threshold, where it is one for all folds and was reached."""
    committed = run.committed()
    if committed.common is None:
        return {}
    trailing = committed.rule if committed.rule.trailing else None
    columns = columns_of(run.id, "test", committed.policy, trailing, committed.common)
    reached = columns[columns["threshold"] >= committed.common]
    if not len(reached):
        return {}
    line = reached.iloc[0]
    return {
        label: f"{number(line[f'{name}_low'], 2)} to {number(line[f'{name}_high'], 2)}"
        for label, name in INTERVALS.items()
        if line[f"{name}_low"] == line[f"{name}_low"]
    }


def plant_figures(figures: Evaluation) -> list[tuple[str, str, str | None]]:
    """List what the plant counts: label, value, explanation.

    Parameters
    ----------
    figures
        Of a part at a threshold.
    """
    lead = "–" if figures.median_lead is None else f"{number(figures.median_lead)} min"
    return [
        ("Events caught", f"{figures.caught} of {figures.n_events}", "With an alarm in the lead window."),
        ("False alarms per day", number(figures.false_alarms_per_day), "Per day of running time."),
        ("Median lead", lead, "From the first alarm of an event to the event."),
        ("Precision (rows)", number(figures.precision, 2), "Share of the alarmed rows that are positive."),
        ("Recall (rows)", number(figures.recall, 2), "Share of the positive rows that are alarmed."),
        ("Running days", number(figures.days), "Running time that these figures are counted over."),
    ]


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
    committed, table = run.committed(), table_of(run.dataset())
    scores = followed_of(run.id, "test", committed.rule if committed.rule.trailing else None)
    when = None if table.time is None else table.time[scores.row]
    threshold = statistics.median(committed.folds.values())
    st.plotly_chart(error_figure(scores, threshold, when=when, part="Test"), key="evaluate_errors")


def show_curves(run: Run) -> None:
    """Draw the confusion matrix, the ROC curve, and precision and recall.

    Parameters
    ----------
    run
        The run in use.
    """
    committed = run.committed()
    figures = evaluation_of(run.id, "test", committed)
    # Where folds have thresholds of their own, charts can only show the middle one.
    threshold = statistics.median(committed.folds.values())
    trailing = committed.rule if committed.rule.trailing else None
    points = points_of(run.id, "test", committed.policy, trailing)
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
    unit = TRAILING_UNIT if trailing else unit_of(run)
    right.plotly_chart(threshold_figure(points, threshold, part="Test", unit=unit), key="evaluate_threshold")


def show_test_ledger(run: Run) -> None:
    """List the events of the test data, caught or missed, and the false alarms.

    Parameters
    ----------
    run
        The run in use.
    """
    st.subheader("Ledger: events and false alarms")
    show_ledger(run, "test", run.committed())
