"""The leaderboard as a table: sort it, open a run from it, download it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from rare_event.clock import TimeUnit
from rare_event.judge.judgement import BUDGETS, Judgement, Threshold
from rare_event.judge.standing import Row
from rare_event.text import number
from rare_event.ui.downloads import offer_downloads
from rare_event.ui.links import EVALUATE, link_to

# A longer table scrolls.
MOST_ROWS = 25
# Pixels; hovering shows a longer name in full.
NAME_WIDTH = 330
KINDS_HELP = (
    "**run**: a model you trained. **baseline**: a model trained for comparison, on normal data only. "
    "**supervised**: a model that also learns from past events. **trivial**: a simple yardstick."
)
THRESHOLDS: dict[Threshold, tuple[str, str]] = {
    "past": ("caught", "with each fold's threshold chosen on its validation data"),
    "trailing": ("caught (trailing)", "with thresholds that follow recent scores"),
    "hindsight": (
        "caught (hindsight)",
        "with a threshold chosen on the test data themselves: an upper bound",
    ),
}
RATES: dict[Threshold, str] = {"past": "actual false alarms", "trailing": "actual false alarms (trailing)"}


@dataclass(frozen=True)
class Column:
    """A column of the table: where its figures come from, and how they are shown."""

    name: str
    value: Callable[[Row], Any]
    help: str = ""
    format: str | None = None
    shown: bool = True

    def config(self) -> Any:
        """Return the settings of the column for Streamlit."""
        if self.name == "model":
            return st.column_config.TextColumn(self.name, pinned=True, width=NAME_WIDTH)
        if self.name == "kind":
            return st.column_config.TextColumn(self.name, help=self.help)
        return st.column_config.NumberColumn(self.name, help=self.help or None, format=self.format)


MODEL = Column("model", lambda row: row.name)
KIND = Column("kind", lambda row: row.kind, KINDS_HELP)
TRAINING = Column("training (s)", lambda row: row.train_seconds, format="%.0f")
LOOKS = Column("looks", lambda row: row.looks, "How often the run's test data were opened.")
WHICH = (
    Column("run", lambda row: row.run, shown=False),
    Column("split", lambda row: row.split, shown=False),
    Column("folds", lambda row: len(row.judgement.fold_auc), shown=False),
)


def columns(judgement: Judgement) -> list[Column]:
    """List the columns of a leaderboard; its budgets and lead windows are those of a judgement.

    Without events there are only the actual rates of alarms.
    """
    rates = _rate_columns(judgement, "past"), _rate_columns(judgement, "trailing")
    if not judgement.n_events:
        return [MODEL, KIND, *rates[0], *rates[1], TRAINING, LOOKS, *WHICH]
    interval = "end of the 95% interval."
    return [
        MODEL,
        KIND,
        Column(
            "group", lambda row: row.group, "Models in the same group are statistically tied on these events."
        ),
        Column(
            "AUC",
            lambda row: row.judgement.mean_fold_auc,
            "Mean AUC over the folds; chance is 0.5.",
            "%.3f",
        ),
        Column("AUC from", lambda row: _end(row, 0), f"Lower {interval}", "%.3f"),
        Column("AUC to", lambda row: _end(row, 1), f"Upper {interval}", "%.3f"),
        Column(
            "AP",
            lambda row: row.judgement.average_precision,
            "Average precision, all folds together.",
            "%.3f",
        ),
        *_count_columns(judgement, "past"),
        *rates[0],
        TRAINING,
        LOOKS,
        *_count_columns(judgement, "trailing"),
        *rates[1],
        *_count_columns(judgement, "hindsight"),
        *WHICH,
        Column("share positive", lambda row: row.judgement.base_rate, shown=False),
        Column("events", lambda row: row.judgement.n_events, shown=False),
    ]


def _end(row: Row, side: int) -> float | None:
    interval = row.judgement.interval
    return None if interval is None else interval[side]


def _count_columns(judgement: Judgement, threshold: Threshold) -> list[Column]:
    (word, how), unit = THRESHOLDS[threshold], judgement.time_unit
    return [
        Column(
            f"{word} at {budget:g} {unit.a_day}, {f'lead {unit.span(lead)}' if lead else 'during the event'}",
            partial(_caught, threshold, budget, lead),
            f"Events (of {judgement.n_events:,}) caught by an alarm {_when(lead, unit)} the event, at "
            f"{unit.alarms(f'{budget:g}')}, {how}.",
        )
        for lead in dict.fromkeys(judgement.lead_windows)
        for budget in BUDGETS
    ]


def _rate_columns(judgement: Judgement, threshold: Threshold) -> list[Column]:
    how, unit = THRESHOLDS[threshold][1], judgement.time_unit
    but = f"; alarms {_when(judgement.lead_windows[0], unit)} an event are not false"
    but = but if judgement.n_events else ""
    return [
        Column(
            f"{unit.reword(RATES[threshold])}, limit {budget:g} {unit.a_day}",
            partial(_rate, threshold, budget),
            f"Actual {unit.false_alarms} {unit.a_day}, {how} to allow at most {budget:g} {unit.a_day}{but}. "
            "Empty where the running time is too short for a rate.",
            "%.1f",
        )
        for budget in BUDGETS
    ]


def _when(lead: float, unit: TimeUnit) -> str:
    """Say when an alarm counts for an event; a lead window of 0 is the event itself."""
    return f"at most {unit.span(lead)} before" if lead else "during"


def _caught(threshold: Threshold, budget: float, lead: float, row: Row) -> int:
    return row.judgement.count(threshold, budget, lead).caught


def _rate(threshold: Threshold, budget: float, row: Row) -> float | None:
    return row.judgement.count(threshold, budget).false_alarms_per_day


def frame_of(board: Sequence[Row]) -> pd.DataFrame:
    """Return the table of a leaderboard, at least one row."""
    listed = columns(board[0].judgement)
    frame = pd.DataFrame({column.name: [column.value(row) for row in board] for column in listed})
    kinds: dict[str, Any] = {"AUC": float, "AP": float, "training (s)": float, "looks": "Int64"}
    return frame.astype({name: kind for name, kind in kinds.items() if name in frame})


def show_table(board: Sequence[Row]) -> None:
    """Show the leaderboard as a table, and let the user open a run or download it."""
    judgement, frame = board[0].judgement, frame_of(board)
    st.header("All figures")
    of_events = (
        " AP (average precision) is the precision averaged over all thresholds; by chance it is "
        f"{number(judgement.base_rate, 2)}, the share of positive windows."
    )
    about = "To open a run, select its row, then choose “Open this run”. Click a heading to sort."
    st.caption(f"{about}{of_events if judgement.n_events else ''}")
    listed = columns(judgement)
    chosen = st.dataframe(
        frame,
        hide_index=True,
        height="content" if len(board) <= MOST_ROWS else "auto",
        placeholder="–",
        column_order=[column.name for column in listed if column.shown],
        column_config={column.name: column.config() for column in listed if column.shown},
        on_select="rerun",
        selection_mode="single-row",
        # A selection belongs to these rows only.
        key=f"compare_table_{hash(tuple(row.run for row in board))}",
        alt="All figures",
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        _open_button([board[position].run for position in chosen["selection"]["rows"]])
        offer_downloads(frame, "the leaderboard", "leaderboard", "compare")


def _open_button(selected: list[str]) -> None:
    run_id = selected[0] if selected else ""
    link_to(EVALUATE, "Open this run", "compare_open", run=run_id, main=True, disabled=not run_id)
    if selected and not run_id:
        st.caption("This row has no model, so there is no run to open.")
