"""The promise on the pages: the sentence at the commit button, and whether new data keep it."""

from __future__ import annotations

import streamlit as st

from rare_event.config import AlarmPolicy, Rule
from rare_event.judge.bounds import Dispersion, dispersion
from rare_event.judge.evaluation import Evaluation
from rare_event.judge.kept import Answer, Check, check_promise
from rare_event.judge.promise import Promise, promise_at, promise_of
from rare_event.report.words import goal_in_words, kept_figures, promised_in_words
from rare_event.store.records import Committed
from rare_event.store.runs import Run
from rare_event.text import plain
from rare_event.ui.cache import evaluation_of, followed_of, points_of, time_unit_of
from rare_event.ui.frame import in_place
from rare_event.ui.kept import kept

ICONS: dict[Answer, str] = {
    "kept": ":green[:material/check_circle:]",
    "broken": ":red[:material/error:]",
    "too early to tell": ":gray[:material/hourglass_empty:]",
    "nothing promised": ":gray[:material/help:]",
}


@kept(max_entries=16)
def dispersion_of(run_id: str, policy: AlarmPolicy, trailing: Rule | None) -> Dispersion:
    """Return the dispersion of false alarms in the validation data of a finished run."""
    return dispersion(followed_of(run_id, "validation", trailing), policy)


@kept(max_entries=64)
def _promise_of_folds(
    run_id: str, policy: AlarmPolicy, trailing: Rule | None, folds: tuple[tuple[int, float], ...]
) -> Promise:
    scores = followed_of(run_id, "validation", trailing)
    return promise_of(scores, dict(folds), policy, dispersion_of(run_id, policy, trailing))


def promise_of_run(run: Run, committed: Committed) -> Promise:
    """Return what the validation data of a run promise at a threshold, as it was committed if it was."""
    if committed.promise is not None:
        return committed.promise
    policy, trailing = committed.policy, committed.trailing
    if committed.common is None:
        return _promise_of_folds(run.id, policy, trailing, tuple(sorted(committed.thresholds.items())))
    points = points_of(run.id, "validation", policy, trailing)
    return promise_at(points, committed.common, dispersion_of(run.id, policy, trailing))


@in_place
def show_promise(run: Run, committed: Committed) -> None:
    """Say what can be promised at a threshold that is shown, and what its goal needs."""
    promise = promise_of_run(run, committed)
    st.markdown(f":material/handshake: {plain(promise.in_words(time_unit_of(run)))}")
    if goal := goal_in_words(promise, committed.rule, time_unit_of(run)):
        st.caption(plain(goal))


@in_place
def show_kept(run: Run) -> None:
    """Say in a line whether the open test data keep the promise: the chart below stays in sight."""
    promise, test = _promise_and_test(run)
    check = check_promise(promise, test, time_unit_of(run))
    _say(check, check.answers)


@in_place
def show_promised(run: Run) -> None:
    """Say what was promised and found, and how much more data would tell more."""
    promise, test = _promise_and_test(run)
    said = promised_in_words(promise, test, run.committed().rule, time_unit_of(run))
    st.caption(plain(" ".join(said)))


def _promise_and_test(run: Run) -> tuple[Promise, Evaluation]:
    committed = run.committed()
    return promise_of_run(run, committed), evaluation_of(run.id, "test", committed)


def say_kept(check: Check) -> None:
    """Say whether a promise is kept, and the figures that tell."""
    _say(check, kept_figures(check))


def _say(check: Check, more: str) -> None:
    st.markdown(f"{ICONS[check.answer]} **{plain(check.headline)}** {plain(more)}")
