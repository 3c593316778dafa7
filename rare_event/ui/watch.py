"""The watch level on the pages: its switch and budget, and what it does in words."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from rare_event.config import AlarmPolicy, Rule
from rare_event.errors import DataError
from rare_event.judge.rules import choose
from rare_event.judge.trailing import follow
from rare_event.judge.watch import (
    Watch,
    WatchFigures,
    default_watch,
    lower_watch,
    watch_by_fold,
    watch_figures,
    watch_in_words,
)
from rare_event.store.records import Committed, Part
from rare_event.store.runs import Run
from rare_event.text import plain
from rare_event.ui.cache import followed_of, points_of, scores_of, time_unit_of
from rare_event.ui.kept import kept
from rare_event.ui.place import in_place
from rare_event.ui.state import Exploring

ICON = ":material/visibility:"
WIDTH = 250
HELP = (
    "A second, lower threshold on the same score, under the same alarm policy. Its alarms have a lower "
    "priority and their own list; alarms at the threshold itself (the warning level) do not change."
)
Folds = tuple[tuple[int, float], ...]


@in_place
def choose_watch(run: Run, exploring: Exploring) -> Exploring:
    """Let the user switch a watch level on and type its budget; say what it would do or why there is none."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        exploring = _switch(run, exploring)
        if exploring.watch_rule is None:
            return replace(exploring, watch=None)
        rule = _budget(run, exploring.watch_rule)
        tried, refused = with_watch(run, replace(exploring, watch_rule=rule))
        with st.container(width="stretch"):
            if refused:
                st.warning(plain(refused))
            else:
                _say(run, "validation", tried.committed(run))
    return tried


def _switch(run: Run, exploring: Exploring) -> Exploring:
    rule, unit = exploring.watch_rule, time_unit_of(run)
    wanted = st.toggle(
        "Add a watch level", rule is not None, key=f"threshold_watch_{run.id}", help=unit.reword(HELP)
    )
    return replace(exploring, watch_rule=rule or default_watch(exploring.rule) if wanted else None)


def _budget(run: Run, rule: Rule) -> Rule:
    unit = time_unit_of(run)
    budget = st.number_input(
        unit.reword("False alarms a day (watch level)"),
        # A rule of the command line stays until a budget is typed.
        value=rule.value if rule.kind == "fa-per-day" else None,
        min_value=0.0,
        step=0.5,
        format="%g",
        key=f"threshold_watch_budget_{run.id}",
        help=unit.reword(
            "The watch level is the lowest threshold with at most this many false alarms a day on "
            "validation data."
        ),
        placeholder=rule.in_words(unit),
        width=WIDTH,
    )
    return rule if budget is None else Rule("fa-per-day", float(budget))


def with_watch(run: Run, exploring: Exploring) -> tuple[Exploring, str]:
    """Put the watch level by its rule below the threshold that is tried, or say why there is none."""
    rule = exploring.watch_rule
    tried = replace(exploring, watch=None)
    if rule is None:
        return tried, ""
    shown, before = tried.committed(run), run.committed()
    known = before.watch
    if known is not None and known.rule == rule and replace(shown, watch=known) == before:
        return replace(tried, watch=known), ""
    try:
        # Where each fold has a warning level of its own, it has a watch level of its own too.
        by_fold = shown.common is None or tried.trailing is not None or rule.kind == "promise-per-day"
        found = _by_fold if by_fold else _of_all
        levels = dict(found(run.id, tried.policy, tried.trailing, rule))
        watch = lower_watch(Watch({fold: levels[fold] for fold in shown.thresholds}, rule), shown.thresholds)
    except DataError as error:
        return tried, str(error)
    return replace(tried, watch=watch), ""


@kept(max_entries=64)
def _by_fold(run_id: str, policy: AlarmPolicy, trailing: Rule | None, rule: Rule) -> Folds:
    scores = scores_of(run_id, "validation")
    followed = scores if trailing is None else follow(scores, trailing)
    return tuple(watch_by_fold(followed, rule, policy).items())


def _of_all(run_id: str, policy: AlarmPolicy, trailing: Rule | None, rule: Rule) -> Folds:
    level = choose(points_of(run_id, "validation", policy, trailing), rule)
    return tuple((fold, level) for fold in sorted({*scores_of(run_id, "validation").fold.tolist()}))


@in_place
def show_watch(run: Run) -> None:
    """Say what the committed watch level does on the open test data; nothing without one."""
    committed = run.committed()
    if committed.watch is not None:
        _say(run, "test", committed)


def _say(run: Run, part: Part, committed: Committed) -> None:
    watch = committed.watch
    if watch is not None:
        levels = (tuple(sorted(each.items())) for each in (committed.thresholds, watch.thresholds))
        figures = _figures(run.id, part, committed.policy, committed.trailing, *levels)
        said = watch_in_words(watch, figures, time_unit_of(run))
        st.markdown(f"{ICON} **Watch level:** {plain(said)}")


@kept(max_entries=64)
def _figures(
    run_id: str, part: Part, policy: AlarmPolicy, trailing: Rule | None, warning: Folds, watch: Folds
) -> WatchFigures:
    return watch_figures(followed_of(run_id, part, trailing), dict(warning), dict(watch), policy)
