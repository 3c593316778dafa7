"""What the model reads, on the Evaluate page: its AUC without each group of its inputs."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from rare_event.code.show import code_of_ablation
from rare_event.compare.companions import ablation_of, create_ablation
from rare_event.experiment.ablation import Ablation, judged_as
from rare_event.experiment.ablation_words import in_words, title_of
from rare_event.plots.ablation import ablation_figure
from rare_event.store.runs import Run
from rare_event.text import auc_in_words, plain, plural
from rare_event.ui.cache import jobs, prepared_of
from rare_event.ui.charts import draw
from rare_event.ui.code import show_code
from rare_event.ui.downloads import offer_downloads
from rare_event.ui.frame import in_place
from rare_event.ui.leakage import progress_in_words
from rare_event.ui.limits import show_limits
from rare_event.ui.live import poll_until_ended
from rare_event.ui.progress import unfinished_of

WHAT = (
    "Which sensors does the skill come from? This model is trained again on past rows, each time "
    "without one group of correlated sensors, and judged on the same later rows. You also see the AUC "
    "reached with only the time since the last restart, and with only the pattern of missing values."
)
BASIS = (
    "With all inputs the AUC is {auc}. Judged on {windows}, {events}, {folds} by time. Groups are found by "
    "correlation in the normal training rows of the first fold. Each model is trained once: the intervals do "
    "not include the effect of another seed."
)
COLUMN_CONFIG = {
    "left out": st.column_config.TextColumn("left out"),
    "AUC": st.column_config.NumberColumn("mean fold AUC", format="%.3f"),
    "fall": st.column_config.NumberColumn("drop in AUC", format="%.3f"),
    "low": st.column_config.NumberColumn("drop, from", help="Lower end of the 95% interval", format="%.3f"),
    "high": st.column_config.NumberColumn("drop, to", help="Upper end of the 95% interval", format="%.3f"),
    "result": st.column_config.TextColumn("result"),
}


@in_place
def show_ablation(run: Run) -> None:
    """Show what the model of a run reads, or let the user start it; nothing without events."""
    if not len(prepared_of(run.dataset(), run.config()).events):
        return
    poll_until_ended(lambda: _show(run), lambda: _unfinished(run), "ablation")
    if ablation_of(run) is not None and not _unfinished(run):
        show_code("ablation_code", lambda: code_of_ablation(run))


def _start(run: Run) -> None:
    # A press that comes twice measures once.
    if ablation_of(run) is None:
        jobs().submit_background([create_ablation(run)])


def _unfinished(run: Run) -> list[str]:
    ablation = ablation_of(run)
    return [] if ablation is None else unfinished_of([ablation])


def _show(run: Run) -> None:
    ablation = ablation_of(run)
    if ablation is None:
        st.markdown(WHAT)
        config = run.config()
        show_limits(run.dataset(), [judged_as(config, config.split.folds)], small=True)
        st.button(
            "Measure what the model reads",
            key="ablation_start",
            help="It runs in the background. Your own runs take priority.",
            on_click=_start,
            args=(run,),
        )
        return
    status = ablation.status()
    if status.state == "done":
        _show_found(ablation.ablation())
    else:
        st.progress(status.progress, progress_in_words(status))
        st.button("Cancel", key="ablation_cancel", on_click=jobs().cancel, args=(ablation,))


def _show_found(found: Ablation) -> None:
    st.markdown(plain(in_words(found)))
    draw(ablation_figure(rows_of(found)), key="ablation_figure")
    table = table_of(found)
    st.dataframe(
        table,
        hide_index=True,
        placeholder="–",
        column_config=COLUMN_CONFIG,
        key="ablation_table",
        alt="The AUC without each group of inputs",
    )
    st.caption(
        BASIS.format(
            auc=auc_in_words(found.auc, found.interval),
            windows=plural(found.n, "window"),
            events=plural(found.n_events, "event"),
            folds=plural(found.folds, "fold"),
        )
    )
    offer_downloads(table, "what the model reads", "what-the-model-reads", "ablation")


def rows_of(found: Ablation) -> pd.DataFrame:
    """Make the frame that the figure draws."""
    rows = [(title_of(each), each.fall, each.low, each.high, each.seen) for each in found.without]
    return pd.DataFrame(rows, columns=["name", "fall", "low", "high", "seen"])


def table_of(found: Ablation) -> pd.DataFrame:
    """Make the table: all inputs, each group left out with all its names, and what needs no sensor."""
    rows: list[tuple[object, ...]] = [("nothing", "", found.auc, None, None, None)]
    for each in found.without:
        change = "falls" if each.fall > 0 else "rises"
        result = f"AUC {change}" if each.seen else "no difference can be seen"
        rows.append((title_of(each, len(each.inputs)), result, each.auc, each.fall, each.low, each.high))
    rows += [(title_of(each), "", each.auc, None, None, None) for each in found.alone]
    names = ["left out", "result", "AUC", "fall", "low", "high"]
    return pd.DataFrame(rows, columns=names).astype(dict.fromkeys(names[2:], float))
