"""The leaderboard as a table: sort it, open a run from it, take it along."""

from __future__ import annotations

import io
from typing import Any

import pandas as pd
import streamlit as st

from rare_event.compare.leaderboard import leads_of
from rare_event.judge.judgement import BUDGETS
from rare_event.store.exports import spreadsheet_safe
from rare_event.text import number
from rare_event.ui.state import update_state

# The same for all rows, or an id: part of what is downloaded, not of what is shown.
HIDDEN = ("run", "split", "folds", "base_rate", "events", "lead", "wider_lead")
# A longer table scrolls.
MOST_ROWS = 25
# Pixels; a longer name is shown in full when it is pointed at.
NAME_WIDTH = 330
THRESHOLDS = {
    "caught": ("caught", "with each fold's threshold chosen on its past"),
    "trailing": ("trailing", "with thresholds that follow the scores of the last days"),
    "best": ("hindsight", "with a threshold read on the test data themselves: an upper bound"),
}


def show_table(board: pd.DataFrame) -> None:
    """Show the leaderboard as a table, and let the user open a run or download it.

    Parameters
    ----------
    board
        As of `rare_event.compare.leaderboard.leaderboard`; the rows to show.
    """
    st.subheader("All figures")
    st.caption(
        "Select a row to open that run; a click on a heading sorts. AP is the average precision; chance has "
        f"{number(board['base_rate'].iloc[0], 2)}, the share of positive windows."
    )
    # A selection belongs to these rows only.
    rows = hash(tuple(board["run"]))
    chosen = st.dataframe(
        board,
        hide_index=True,
        height="content" if len(board) <= MOST_ROWS else "auto",
        placeholder="–",
        column_order=[name for name in board.columns if name not in HIDDEN],
        column_config=columns(board),
        on_select="rerun",
        selection_mode="single-row",
        key=f"compare_table_{rows}",
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        _open_button(board, chosen["selection"]["rows"])
        st.download_button(
            "Download the leaderboard (CSV)",
            to_csv(board),
            "leaderboard.csv",
            "text/csv",
            key="compare_csv",
            on_click="ignore",
        )
        st.download_button(
            "Download the leaderboard (Parquet)",
            to_parquet(board),
            "leaderboard.parquet",
            "application/vnd.apache.parquet",
            key="compare_parquet",
            on_click="ignore",
        )


def _open_button(board: pd.DataFrame, selected: list[int]) -> None:
    run_id = board["run"].iloc[selected[0]] if selected else ""
    if st.button("Open this run", type="primary", key="compare_open", disabled=not run_id):
        update_state(run_id=run_id)
        st.switch_page("pages/4_Evaluate.py")
    if selected and not run_id:
        st.caption("This row needs no model: there is nothing to open.")


def columns(board: pd.DataFrame) -> dict[str, Any]:
    """Name the columns, with what each means and how its figures are written."""
    number_column = st.column_config.NumberColumn
    events = board["events"].iloc[0]
    configs: dict[str, Any] = {
        "name": st.column_config.TextColumn("model", pinned=True, width=NAME_WIDTH),
        "kind": st.column_config.TextColumn(
            "kind",
            help="run: one you asked for. baseline: trained beside it. supervised: learns from past events. "
            "trivial: needs no model.",
        ),
        "group": number_column("group", help="Models of one group cannot be told apart on these events."),
        "mean_fold_auc": number_column(
            "AUC", format="%.3f", help="Mean of the folds' areas under the ROC curve; chance is 0.5."
        ),
        "auc_low": number_column("AUC from", format="%.3f", help="Lower end of the 95 % interval."),
        "auc_high": number_column("AUC to", format="%.3f", help="Upper end of the 95 % interval."),
        "average_precision": number_column(
            "AP", format="%.3f", help="Average precision, all folds together."
        ),
        "train_seconds": number_column("training", format="%.0f s"),
        "looks": number_column("looks", help="How often the run's test data were opened."),
    }
    for lead in (f"{lead:g}" for lead in leads_of(board)):
        for budget in (f"{budget:g}" for budget in BUDGETS):
            for column, (word, how) in THRESHOLDS.items():
                configs[f"{column}_{budget}_{lead}"] = number_column(
                    f"{word} {budget}/day, {lead} min",
                    help=f"Events caught, of {events:,}, at {budget} false alarms a day by alarms at most "
                    f"{lead} minutes before the event, {how}.",
                )
    for budget in (f"{budget:g}" for budget in BUDGETS):
        for column, word, how in (
            ("achieved", "false alarms", THRESHOLDS["caught"][1]),
            ("achieved_trailing", "trailing false alarms", THRESHOLDS["trailing"][1]),
        ):
            configs[f"{column}_{budget}"] = number_column(
                f"{word} {budget}/day",
                format="%.1f",
                help=f"False alarms a day that came of it, {how} for {budget} a day, "
                f"alarms counting {leads_of(board)[0]:g} minutes before an event.",
            )
    return configs


def to_csv(board: pd.DataFrame) -> str:
    """Write a leaderboard as CSV in which no text is taken for a formula.

    Parameters
    ----------
    board
        As of `rare_event.compare.leaderboard.leaderboard`.
    """
    return str(spreadsheet_safe(board).to_csv(index=False))


def to_parquet(board: pd.DataFrame) -> bytes:
    """Write a leaderboard as Parquet.

    Parameters
    ----------
    board
        As of `rare_event.compare.leaderboard.leaderboard`.
    """
    buffer = io.BytesIO()
    board.to_parquet(buffer, index=False)
    return buffer.getvalue()
