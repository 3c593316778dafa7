"""Pieces of the home page: the purpose, the steps, and recent work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

import pandas as pd
import streamlit as st

from rare_event.compare.titles import name_of_run, title_of
from rare_event.config import ExperimentConfig
from rare_event.experiment.result import Ranking, Summary
from rare_event.store.archive import is_imported
from rare_event.store.datasets import list_datasets
from rare_event.store.runs import Run, list_runs
from rare_event.store.seal import ever_opened
from rare_event.text import auc_in_words, moment, plain, plural
from rare_event.ui.cache import auc_of
from rare_event.ui.links import link_to
from rare_event.ui.sign_in import has_sign_in

T = TypeVar("T")
MOST_RECENT = 6
STEP_WIDTH = 141  # pixels: seven in a line of a page of 1440
AUCS = ["validation AUC", "test AUC"]

PURPOSE = """
Sheet breaks, pump trips and similar events are rare, so a model learns what *normal* looks like and warns
when a row no longer fits. Set the alarm threshold on data the model was not trained on, check it on data
that neither the model nor the threshold has seen, and count what a plant counts: **events caught and false
alarms per day**. By default, a model is trained on the past and judged on later data.
"""

OPEN = (
    "There is no sign-in: everyone who can open this app sees, changes and deletes all datasets and runs in "
    "it."
)
OWN = (
    "What you upload and train is in a workspace of your own. Nobody else who signs in sees it, except a run "
    "that you share on the Train page. Whoever runs this app can read everything."
)

ARTICLES = "Compare each figure of C. Ranjan's two articles with the one measured here."

PATH = (
    ("1 · Data", "Can I trust this file?", "Upload a file; check the columns, the stops and the events."),
    (
        "2 · Train",
        "Can a model see it coming?",
        "Choose how early to warn and how many rows the model sees, then train it.",
    ),
    (
        "3 · Threshold",
        "Where do I set the alarm?",
        "Move the threshold on validation data; commit the one to use.",
    ),
    (
        "4 · Evaluate",
        "What will it be worth?",
        "Events caught, false alarms per day and lead time, on test data.",
    ),
    (
        "5 · Alarms",
        "Why did it ring?",
        "See the few sensors that moved; mark alarms as true, false or a known stop.",
    ),
    (
        "6 · Compare",
        "Which run is best?",
        "Runs, baselines and chance in one table; ties are marked.",
    ),
    (
        "7 · Score",
        "What does the model say about a new file?",
        "Score new rows with a trained model; list the alarms.",
    ),
)


def show_path() -> None:
    """Show the steps from a file to a verdict."""
    # In columns, a narrow window would break the words.
    with st.container(horizontal=True, gap="xsmall"):
        for step, question, task in PATH:
            with st.container(border=True, width=STEP_WIDTH, height="stretch"):
                st.markdown(f"**{step}**")
                st.markdown(f"*{question}*")
                st.caption(task)


def recent_datasets() -> None:
    """List the latest datasets, each with a link that opens it."""
    for dataset in _recent("Recent datasets", list_datasets()):
        link_to("pages/1_Data.py", "Open", f"dataset_{dataset.digest}", dataset=dataset)
        day, _ = moment(dataset.added).split(",")
        st.markdown(f"{plain(dataset.name)} · {plural(dataset.n_rows, 'row')} · added {day}", width="stretch")


def recent_runs() -> None:
    """List the latest runs, each with a link that opens it."""
    for run in _recent("Recent runs", list_runs()):
        if is_imported(run):
            # Its data are elsewhere: all that can be done with it here is to score.
            link_to("pages/7_Score.py", "Score", f"run_{run.id}")
        else:
            page = "pages/3_Threshold.py" if run.status().state == "done" else "pages/2_Train.py"
            link_to(page, "Open", f"run_{run.id}", run=run)
        st.markdown(describe_run(run), width="stretch")


def show_who_sees() -> None:
    """Say who can see and change what is here."""
    st.caption(f":material/group: {OWN if has_sign_in() else OPEN}")


def _recent(title: str, entries: Sequence[T]) -> Iterator[T]:
    """Yield the latest entries, each in a line of its own."""
    if entries:
        st.header(title)
    for place, entry in enumerate(entries[:MOST_RECENT]):
        key = f"home_line_{title}_{place}"
        with st.container(key=key, horizontal=True, wrap=False, vertical_alignment="center"):
            yield entry


def describe_run(run: Run) -> str:
    """Describe a run in one line of Markdown."""
    config, status = run.config(), run.status()
    figures = run.evaluation() if status.state == "done" else None
    words = [plain(run.dataset().name), f"{plain(name_of_run(run))} ({_split(config, figures)})"]
    if figures is not None:
        n_positive = figures.validation.n_positive
        on = f" on {plural(n_positive, 'positive window')}" if n_positive else ""
        words.append(f"{plain(auc_of(run))}{on}")
    else:
        words.append(status.state)
    return " · ".join(words)


def _split(config: ExperimentConfig, figures: Summary | None) -> str:
    words = config.split.in_words()
    return words if figures is None else figures.time_unit.reword(words)


def _auc(ranking: Ranking) -> str | None:
    return auc_in_words(ranking.auc, ranking.interval) if ranking.n_positive else None


def runs_table(runs: list[Run]) -> pd.DataFrame:
    """Return a table of runs, one row each; an AUC that no run has is left out."""
    rows = []
    for run in runs:
        config, status = run.config(), run.status()
        figures = run.evaluation() if status.state == "done" else None
        rows.append(
            {
                "started (UTC)": run.created.strftime("%Y-%m-%d %H:%M:%S"),
                "name": run.about().name or None,
                "note": run.about().note or None,
                "model": title_of(config),
                "split": _split(config, figures),
                "shift": config.shift,
                "lookback": config.lookback,
                "state": "imported" if is_imported(run) else status.state,
                "validation AUC": _auc(figures.validation) if figures else None,
                "test AUC": _auc(figures.test) if figures and ever_opened(run) else None,
                "looks (test data)": len(run.looks()),
            }
        )
    table = pd.DataFrame(rows)
    return table.drop(columns=[name for name in AUCS if table[name].isna().all()])
