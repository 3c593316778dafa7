"""The steps on test data: errors, confusion matrix, ROC curve, classification report, breaks."""

from __future__ import annotations

import streamlit as st

from rare_event.judge.report import classification_report
from rare_event.plots.curves import roc_figure
from rare_event.plots.errors import error_figure
from rare_event.plots.matrix import confusion_figure
from rare_event.store.runs import Run
from rare_event.text import number, plain, plural, share
from rare_event.ui.articles.step import step
from rare_event.ui.articles.texts import BREAKS, MATRIX, REPORT, ROC, TEST_ERRORS
from rare_event.ui.cache import evaluation_of, points_of, scores_of
from rare_event.ui.charts import draw
from rare_event.ui.seal import break_seal
from rare_event.ui.threshold import label_of

CLASSES = ("Normal", "Break")


def show_outcome(run: Run, article: str) -> None:
    """Show what the committed threshold is worth on test data, once they are open."""
    if run.status().state != "done" or not break_seal(run):
        return
    committed = run.committed()
    figures = evaluation_of(run.id, "test", committed)
    counts = figures.tn, figures.fp, figures.fn, figures.tp
    with step(TEST_ERRORS, article):
        scores = scores_of(run.id, "test")
        figure = error_figure(scores, committed.middle, part="Test", score=label_of(run, False))
        draw(figure, key="articles_test_errors")
    left, right = st.columns(2)
    with left, step(MATRIX, article):
        figure = confusion_figure(*counts, part="Test", classes=CLASSES)
        draw(figure, key="articles_matrix")
    with right, step(ROC, article):
        points = points_of(run.id, "test", committed.policy, None)
        figure = roc_figure(points, committed.middle, part="Test", auc=figures.auc)
        draw(figure, key="articles_roc")
    report = classification_report(*counts, CLASSES)
    with step(REPORT, article):
        st.dataframe(report.classes.round(2), key="articles_report", alt="Classification report")
        st.markdown(
            f"**Here:** accuracy {number(report.accuracy, 2)}, false positive rate "
            f"{share(figures.fp, figures.fp + figures.tn)}."
        )
    with step(BREAKS, article):
        st.markdown(
            f"**Here:** the threshold {plain(f'{committed.middle:g}')} catches {figures.tp} of "
            f"{plural(figures.n_positive, 'positive row')} ({share(figures.tp, figures.n_positive)}) and "
            f"{figures.caught} of {plural(figures.n_events, 'event')} in the test data."
        )
