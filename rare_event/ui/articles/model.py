"""The steps of the model: network, loss curve, threshold, saved files, and both articles on one board."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import streamlit as st

from rare_event.compare.articles import figures_of, on_shared_windows, trained
from rare_event.config import ARTICLE_THRESHOLDS, PRESETS, Rule, labels
from rare_event.plots.curves import threshold_figure
from rare_event.plots.errors import error_figure
from rare_event.plots.training import loss_figure
from rare_event.store.archive import is_imported
from rare_event.store.datasets import Dataset
from rare_event.store.runs import Run, create_run, list_runs
from rare_event.store.seal import is_open
from rare_event.text import number, plain, plural
from rare_event.ui.articles.step import step
from rare_event.ui.articles.texts import (
    BOARD,
    CURVES,
    ERRORS,
    LOSS,
    NETWORK,
    OTHERS,
    OUTLOOK,
    SAVED,
    SOURCES,
)
from rare_event.ui.cache import evaluation_of, jobs, points_of, scores_of
from rare_event.ui.charts import draw
from rare_event.ui.frame import in_place
from rare_event.ui.live import once, poll_until_ended
from rare_event.ui.network import show_files, show_network
from rare_event.ui.progress import show_status, unfinished_of
from rare_event.ui.state import asker
from rare_event.ui.threshold import label_of


def choose_article() -> str:
    """Let the user choose an article, by the name of its preset."""
    article: str = st.segmented_control(
        "Article",
        list(ARTICLE_THRESHOLDS),
        default=next(iter(ARTICLE_THRESHOLDS)),
        format_func=labels.PRESETS.__getitem__,
        key="articles_article",
        required=True,
        persist_state="session",
    )
    st.caption(SOURCES)
    return article


def run_of(dataset: Dataset, article: str) -> Run | None:
    """Return the latest run of an article's settings on a dataset; None before there is one."""
    here = [run for run in list_runs() if not is_imported(run)]
    return trained(here, dataset, article)


def show_training(dataset: Dataset, article: str, run: Run | None) -> None:
    """Show the network, and train it or show its loss curve and its validation data."""
    with step(NETWORK, article):
        show_network(dataset, PRESETS[article])
    with step(LOSS, article):
        if run is None:
            _offer_training(dataset, article)
            return
        poll_until_ended(lambda: _show_loss(run), lambda: unfinished_of([run]), "articles_run")
    if run.status().state != "done":
        return
    committed = run.committed()
    with step(CURVES, article):
        points = points_of(run.id, "validation", committed.policy, None)
        figure = threshold_figure(points, committed.middle, part="Validation", score=label_of(run, False))
        draw(figure, key="articles_curves")
        st.markdown(f"**Here:** threshold {number(committed.middle, 3)}.")
    with step(ERRORS, article):
        scores = scores_of(run.id, "validation")
        figure = error_figure(scores, committed.middle, part="Validation", score=label_of(run, False))
        draw(figure, key="articles_errors")


def _offer_training(dataset: Dataset, article: str) -> None:
    threshold = ARTICLE_THRESHOLDS[article]
    st.markdown(
        "No model with these settings has been trained on this file with the roles and corrections that "
        "the Data page shows. "
        f"If you train one, its threshold is set to {threshold:g}, as in the article."
    )

    def train() -> None:
        config = replace(PRESETS[article], rule=Rule("fixed", threshold))
        run = create_run(dataset, config)
        run.request_tensorboard()
        jobs().submit(run, asker())

    st.button(
        f"Train {labels.PRESETS[article]}",
        type="primary",
        key="articles_train",
        icon=":material/play_arrow:",
        on_click=once(train),
    )


def _show_loss(run: Run) -> None:
    show_status(run, run.status())
    history = run.history()
    draw(loss_figure(history), key="articles_loss")
    if len(history):
        last = number(float(history["validation_loss"].iloc[-1]), 3)
        st.markdown(
            f"**Here:** validation loss {last} after {plural(int(history['epoch'].iloc[-1]), 'epoch')}."
        )


@in_place
def show_board(dataset: Dataset, article: str, run: Run | None) -> None:
    """Compare the articles' models on this dataset, offer the saved model, and name alternatives."""
    with step(BOARD, article):
        runs = {labels.PRESETS[each]: run_of(dataset, each) for each in ARTICLE_THRESHOLDS}
        done = {name: each for name, each in runs.items() if each and each.status().state == "done"}
        opened = {name: each for name, each in done.items() if is_open(each)}
        rows = {
            name: figures_of(
                each, evaluation_of(each.id, "test", each.committed()) if name in opened else None
            )
            for name, each in done.items()
        }
        if rows:
            st.dataframe(pd.DataFrame(rows).T, key="articles_board", alt="The two articles on one board")
        if len(opened) > 1:
            scores = {name: scores_of(each.id, "test") for name, each in opened.items()}
            st.markdown(plain(on_shared_windows(scores)))
        for name, each in runs.items():
            if name not in done:
                yet = "No model" if each is None else "The model"
                still = (
                    "been trained on this file with its present roles and corrections"
                    if each is None
                    else "not finished training"
                )
                st.caption(f"{yet} with the settings “{plain(name)}” has {still}.")
    with step(SAVED, article):
        if run is not None and run.status().state == "done":
            show_files(run)
        else:
            st.markdown("**Here:** the model is not trained yet.")
    with step(OTHERS, article):
        st.page_link("pages/2_Train.py", label="Go to Train", icon=":material/arrow_forward:")
        st.page_link("pages/6_Compare.py", label="Go to Compare", icon=":material/arrow_forward:")
    with step(OUTLOOK, article):
        st.page_link("pages/2_Train.py", label="Choose another model", icon=":material/arrow_forward:")
