"""Ticked models compared more closely: their curves, the difference in AUC, the settings that differ."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from rare_event.compare.leaderboard import shared_scores
from rare_event.compare.setting_words import SETTINGS
from rare_event.compare.titles import differing_settings
from rare_event.judge.comparison import Comparison, compare
from rare_event.judge.scores import Scores
from rare_event.judge.standing import Row
from rare_event.judge.thresholds import OperatingPoints, operating_points
from rare_event.plots.curves import overlay_alarms_figure, overlay_roc_figure
from rare_event.plots.intervals import differences_figure
from rare_event.plots.leaderboard import MOST_TICKED
from rare_event.store.runs import open_run
from rare_event.text import capital, plain
from rare_event.ui.cache import points_of, scores_of
from rare_event.ui.charts import draw
from rare_event.ui.forms import label_of
from rare_event.ui.frame import in_place
from rare_event.ui.kept import kept
from rare_event.ui.settings import LABELS

TICKED = "compare_ticked"
DEFAULT_MODELS = 2


def tick(windows: str, runs: Sequence[str]) -> None:
    """Keep which runs are ticked on a leaderboard."""
    st.session_state.setdefault(TICKED, {})[windows] = list(runs)


def ticked_runs(board: Sequence[Row], windows: str, own: str = "") -> list[str]:
    """Return the ticked runs, the best first: until a person ticks, the best and the run in use.

    Parameters
    ----------
    board
        The leaderboard.
    windows
        Digest of the windows it was judged on.
    own
        Id of the run in use; empty if it is not on the board.
    """
    runs = [row.run for row in board if row.run]
    ticked = st.session_state.get(TICKED, {}).get(windows)
    if ticked is None:
        best_first = sorted(runs, key=lambda run: (run != runs[0], run != own))
        ticked = best_first[:DEFAULT_MODELS]
    return [run for run in runs if run in ticked][:MOST_TICKED]


@in_place
def show_overlay(
    board: Sequence[Row], windows: str, lead: float, own: str = "", shared: bool = False
) -> None:
    """Draw the curves of ticked models together, and compare them.

    Parameters
    ----------
    board
        The leaderboard.
    windows
        Digest of the windows they were judged on.
    lead
        Lead window in minutes.
    own
        Id of the run in use; empty if it is not on the board.
    shared
        Whether the leaderboard is on the windows that all of its runs score.
    """
    chosen = ticked_runs(board, windows, own)
    names = {row.run: row.name for row in board if row.run in chosen}
    st.header("Ticked models")
    if len(chosen) < DEFAULT_MODELS:
        st.info(f"Tick 2 to {MOST_TICKED} models in the chart to compare them.")
    if not chosen:
        return
    together = tuple(row.run for row in board if row.run) if shared else ()
    points = {names[run_id]: _points(run_id, lead, together) for run_id in chosen}
    left, right = st.columns(2)
    draw(overlay_roc_figure(points, part="Test"), "compare_roc", left)
    draw(overlay_alarms_figure(points, part="Test"), "compare_alarms", right)
    st.caption(
        "In these two charts, thresholds are chosen on the test data: this is the best these scores could "
        "do, not what a threshold set in advance would catch."
    )
    if len(chosen) >= DEFAULT_MODELS:
        _show_differences(chosen, names, own, together)


def _points(run_id: str, lead: float, together: tuple[str, ...]) -> OperatingPoints:
    policy = open_run(run_id).config().policy.with_lead(lead)
    if together:
        return operating_points(shared_scores_of(together)[run_id].once(), policy)
    return points_of(run_id, "test", policy, None)


def _show_differences(
    chosen: Sequence[str], names: dict[str, str], own: str, together: tuple[str, ...]
) -> None:
    """Compare ticked models with the run in use, or else with the best of them."""
    reference = own if own in chosen else chosen[0]
    others = [run_id for run_id in chosen if run_id != reference]
    found = [_compared(run_id, reference, together) for run_id in others]
    left, right = st.columns(2)
    figure = differences_figure([names[run_id] for run_id in others], found, names[reference])
    draw(figure, "compare_differences", left)
    for run_id, comparison in zip(others, found, strict=True):
        right.markdown(_in_words(names[run_id], names[reference], comparison))
        if comparison is not None:
            right.caption(plain(comparison.needed))
    _show_settings({names[run_id]: run_id for run_id in (reference, *others)})


def _in_words(first: str, second: str, comparison: Comparison | None) -> str:
    if comparison is None:
        return plain(f"These data cannot show whether “{first}” or “{second}” is better.")
    return plain(comparison.in_words(f"“{first}”", f"“{second}”"))


def _show_settings(runs: dict[str, str]) -> None:
    configs = {name: open_run(run_id).config() for name, run_id in runs.items()}
    differing = differing_settings(list(configs.values()))
    if not differing:
        st.caption("These models have the same settings.")
        return
    st.markdown("**Settings that differ**")
    st.table(
        pd.DataFrame(
            [[plain("–" if value is None else value) for value in values] for values in differing.values()],
            index=[plain(label_of_setting(key)) for key in differing],
            columns=[plain(name) for name in configs],
        )
    )


def label_of_setting(key: str) -> str:
    """Name a setting by its stage and its label in the form, or in words where that says little alone.

    Examples
    --------
    >>> label_of_setting("lookback"), label_of_setting("model kind"), label_of_setting("policy k")
    ('Lookback (rows)', 'Model', 'Windows for an alarm')
    >>> label_of_setting("training batch_size")
    'Training: batch size'
    """
    *stage, field = key.split()
    if field in LABELS:
        return LABELS[field]
    if key in SETTINGS:
        return capital(SETTINGS[key])
    if not stage:
        return label_of(field)
    if field == "kind":
        return {"rule": "Rule of the threshold"}.get(stage[0], capital(stage[0]))
    label = label_of(field)
    return f"{capital(stage[0])}: {label[:1].lower()}{label[1:]}"


@kept(max_entries=4)
def shared_scores_of(together: tuple[str, ...]) -> dict[str, Scores]:
    """Return the test scores of runs by id, on the windows that all of them score."""
    return shared_scores([open_run(run_id) for run_id in together])


@kept(max_entries=64)
def _compared(first: str, second: str, together: tuple[str, ...]) -> Comparison | None:
    """Compare two runs, on the windows that all the runs in `together` score if there are any."""
    scores = (
        shared_scores_of(together) if together else {run: scores_of(run, "test") for run in (first, second)}
    )
    one, other = (list(scores[run].by_fold().values()) for run in (first, second))
    return compare(one, other)
