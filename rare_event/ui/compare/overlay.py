"""Curves of several models in one figure, and two of them in words."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from rare_event.judge.comparison import Comparison, compare
from rare_event.judge.scores import Scores
from rare_event.judge.standing import Row
from rare_event.plots.curves import overlay_alarms_figure, overlay_roc_figure
from rare_event.store.runs import open_run
from rare_event.text import plain
from rare_event.ui.cache import points_of, scores_of

MOST_MODELS = 6
DEFAULT_MODELS = 3
TOUCHED = "compare_overlay_chosen"


def show_overlay(board: Sequence[Row], windows: str, lead: float) -> None:
    """Draw the curves of chosen models together, and compare two of them.

    Parameters
    ----------
    board
        The leaderboard.
    windows
        Digest of the windows they were judged on.
    lead
        Lead window in minutes.
    """
    names = {row.run: row.name for row in board if row.run}
    st.subheader("Curves of chosen models")
    chosen = _choose(names, windows)
    if not chosen:
        st.info("Choose at least one model.")
        return
    points = {}
    for run_id in chosen:
        policy = open_run(run_id).config().policy
        led = policy.with_lead(lead)
        points[names[run_id]] = points_of(run_id, "test", led, None)
    left, right = st.columns(2)
    left.plotly_chart(overlay_roc_figure(points, part="Test"), key="compare_roc")
    right.plotly_chart(overlay_alarms_figure(points, part="Test"), key="compare_alarms")
    st.caption(
        "In both figures thresholds are chosen on the test data: they show the best these scores could do, "
        "not what a threshold set in advance would catch."
    )
    if len(chosen) == 2:
        st.markdown(_in_words(chosen[0], chosen[1], names))
    else:
        st.caption("Choose exactly two models to see whether the data show a real difference.")


def _choose(names: dict[str, str], windows: str) -> list[str]:
    """Let the user choose models; the default is the best ones."""
    key = f"compare_overlay_{windows}"
    touched = st.session_state.setdefault(TOUCHED, set())
    kept = [run_id for run_id in st.session_state.get(key, []) if run_id in names]
    st.session_state[key] = kept if windows in touched else list(names)[:DEFAULT_MODELS]
    return st.multiselect(
        "Models",
        list(names),
        format_func=names.__getitem__,
        max_selections=MOST_MODELS,
        key=key,
        on_change=touched.add,
        args=(windows,),
        persist_state="session",
    )


def _in_words(first: str, second: str, names: dict[str, str]) -> str:
    comparison = _compared(first, second)
    if comparison is None:
        return "These data cannot show whether one of the two is better."
    return plain(comparison.in_words(f"“{names[first]}”", f"“{names[second]}”"))


@st.cache_resource(max_entries=64, show_spinner=False)
def _compared(first: str, second: str) -> Comparison | None:
    return compare(_folds(scores_of(first, "test")), _folds(scores_of(second, "test")))


def _folds(scores: Scores) -> list[Scores]:
    return list(scores.by_fold().values())
