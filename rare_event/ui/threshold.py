"""Pieces of the Threshold page: the figures, the commit button, the rules, the charts and the policy."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import get_args

import streamlit as st

from rare_event.clock import TimeUnit
from rare_event.code.show import code_of_threshold
from rare_event.compare.titles import name_of_run
from rare_event.config import ARTICLE_THRESHOLDS, LABEL_FREE, AlarmPolicy, Costs, Rule, RuleKind
from rare_event.config.labels import RULES, ScoreLabel
from rare_event.errors import DataError
from rare_event.judge.rules import choose
from rare_event.plots.explorer import explorer_data
from rare_event.report.charts import score_label_of
from rare_event.report.words import OPTIMISTIC
from rare_event.store.records import Committed
from rare_event.store.runs import Run
from rare_event.text import moment, number, plain
from rare_event.ui.cache import (
    followed_of,
    levels_of,
    long_of,
    points_of,
    time_unit_of,
    unknown_of,
)
from rare_event.ui.code import show_code
from rare_event.ui.costs import choose_costs, currency, net_value
from rare_event.ui.forms import Look, apply_values, fill_in, help_of
from rare_event.ui.frame import in_place, show_errors
from rare_event.ui.ledger import show_ledger
from rare_event.ui.place import drawer
from rare_event.ui.promise import dispersion_of, promise_of_run, show_promise
from rare_event.ui.state import Exploring, exploring_of, update_exploring
from rare_event.ui.suppression import choose_suppression, show_suppressed
from rare_event.ui.threshold_explorer import threshold_explorer, threshold_figures
from rare_event.ui.watch import choose_watch

DIGITS = 4
# The name of each rule's value, and where it begins.
RULE_VALUES: dict[RuleKind, tuple[str, float]] = {
    "fa-per-day": ("False alarms a day", 2.0),
    "promise-per-day": ("False alarms a day", 4.0),
    "events": ("Share of events to catch", 0.5),
    "recall": ("Share of positive rows to catch", 0.5),
    "f-beta": ("Beta", 1.0),
    "quantile": ("Quantile", 0.99),
    "trailing-quantile": ("Quantile", 0.997),
}
# A threshold set by hand is not on offer: the curves and a field do that.
RULES_HELP = help_of(Rule, "kind").partition(f" *{RULES['fixed']}*")[0]
LABEL_FREE_HELP = (
    "*At most N false alarms a day*: the lowest threshold with at most this many on validation data; *with "
    "95% confidence*: the lowest for which at most this many can be promised. *Fixed "
    "quantile*: this share of the validation scores lies below the threshold. *Trailing quantile*: this "
    "share of the recent scores lies below it, so the threshold follows drift."
)
RISES = (
    "Some higher thresholds give more false alarms than this one: a long alarm then splits into several, "
    "and each of them counts."
)
POLICY_LOOK = Look(
    {
        "k": "At least k",
        "n": "of the last n windows",
        "cooldown": "Cooldown (minutes)",
        "lead": "Lead window (minutes)",
        "min_lead": "Minimum useful lead (minutes)",
        "mute": "Mute after restart (windows)",
        "repeat": "Repeat alarm every (minutes)",
        "end_share": "End alarm below (share of the threshold)",
    },
    steps=dict.fromkeys(("cooldown", "lead", "min_lead", "repeat"), 1.0) | {"end_share": 0.05},
    columns=3,
)
FIELD_WIDTH = 180
AROUND = "threshold_around"
# The commitment that this session was told of last.
TOLD = "threshold_told"
LEDGER = "threshold_ledger"


@in_place
def show_context(run: Run) -> None:
    """Name the run, and warn if its split is optimistic."""
    config = run.config()
    unit = time_unit_of(run)
    words = f"**{plain(name_of_run(run))}** · {unit.reword(config.split.in_words())}"
    if config.split.optimistic:
        words += f"  \n:material/warning: **Too optimistic**: {OPTIMISTIC}"
    st.markdown(words)
    if unit.why:
        st.caption(unit.why)


@st.fragment
def explore(run: Run) -> None:
    """Let the user move the threshold over the validation data, and commit it."""
    with show_errors():
        # What is above the policy on the page depends on it.
        figures, rules, chart, promise, watch = (st.container() for _ in range(5))
        exploring = exploring_of(run)
        with st.expander("Alarm policy"):
            policy = _choose_policy(exploring.policy, run)
        with rules:
            exploring, costs = _choose_by_rule(run, replace(exploring, policy=policy))
            show_suppressed(run, "validation", policy)
        # Below the line that is dragged, as the promise is: that line must lie on the first screen.
        with watch:
            exploring = choose_watch(run, exploring)
        update_exploring(exploring)
        with figures:
            _show_figures(run, exploring)
        with chart:
            _show_explorer(run, exploring, costs)
        with promise:
            show_promise(run, exploring.committed(run))
            _show_rises(run, exploring)
        _show_validation_ledger(run, exploring)
        show_code("threshold_code", lambda: code_of_threshold(run, exploring.committed(run)))


@in_place
def _show_validation_ledger(run: Run, exploring: Exploring) -> None:
    if (place := drawer("Ledger of the validation data", LEDGER)) is not None:
        with place:
            st.caption("Select a row to see the scores around it in the chart.")
            show_ledger(run, "validation", exploring.committed(run), partial(_show_around, run))


def _show_figures(run: Run, exploring: Exploring) -> None:
    """Show what the threshold does, and the button that commits it."""
    committed, wanted = run.committed(), exploring.committed(run)
    told = st.session_state.get(TOLD, (run.id, committed))
    st.session_state[TOLD] = run.id, committed
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.container(width="stretch"):
            threshold_figures(key=f"threshold_figures_{run.id}")
        pressed = st.button(
            "Commit this threshold",
            type="primary",
            key="threshold_commit",
            disabled=committed.by_person and committed == wanted,
        )
    if pressed and told[0] == run.id and told[1] != committed:
        words = _threshold_in_words(committed, time_unit_of(run))
        st.warning(
            f"Another window committed a different threshold meanwhile: {words}. It was kept. Press “Commit "
            "this threshold” again to replace it."
        )
    elif pressed:
        run.commit(replace(wanted, by_person=True, promise=promise_of_run(run, wanted)))
        # A second click may be on its way.
        st.session_state[TOLD] = run.id, run.committed()
        st.rerun()


def _show_explorer(run: Run, exploring: Exploring, costs: Costs) -> None:
    scores = followed_of(run.id, "validation", exploring.trailing)
    of_run, around = st.session_state.get(AROUND, ("", None))
    around = around if of_run == run.id else None
    data = explorer_data(
        long_of(run, "validation", exploring.policy, exploring.trailing, exploring.threshold, around),
        scores,
        levels_of(run.id, "validation", exploring.policy, exploring.trailing),
        exploring.threshold,
        part="Validation",
        label=label_of(run, exploring.trailing is not None),
        costs=costs,
        currency=currency(),
        labelled=time_unit_of(run).labelled,
        watch=None if exploring.watch is None else exploring.watch.middle,
    )
    if unknown := unknown_of(run, "validation"):
        st.info(f"{unknown.why} Choose the threshold by how many alarms you can accept.")
    if around is not None and around in scores.row:
        st.button("Show all validation data", key="threshold_whole", on_click=_show_around, args=(run,))
    threshold_explorer(
        data,
        key=f"threshold_explorer_{run.id}",
        on_release=lambda threshold: set_by_hand(run, threshold),
    )


@in_place
def _show_rises(run: Run, exploring: Exploring) -> None:
    """Say why false alarms become more numerous where the threshold is raised, if they do."""
    points = points_of(run.id, "validation", exploring.policy, exploring.trailing)
    if points.rises_above(exploring.threshold):
        st.caption(time_unit_of(run).reword(RISES))


def _show_around(run: Run, row: int | None = None) -> None:
    """Draw the scores over time around a row from now on; None draws all of them."""
    st.session_state[AROUND] = run.id, row


def set_by_hand(run: Run, threshold: float) -> None:
    """Use a threshold that was dragged or typed; ignore one that is not finite."""
    if not math.isfinite(threshold):
        return
    exploring = exploring_of(run)
    rule = exploring.rule if exploring.trailing else replace(exploring.rule, kind="fixed", value=threshold)
    update_exploring(replace(exploring, threshold=threshold, rule=rule))


@in_place
def _choose_by_rule(run: Run, exploring: Exploring) -> tuple[Exploring, Costs]:
    """Let the user choose a rule and the costs of the plant; return what is tried, and the costs."""
    unit, unknown = time_unit_of(run), unknown_of(run, "validation") is not None
    offered = LABEL_FREE if unknown else get_args(RuleKind)
    kinds: list[RuleKind] = [kind for kind in offered if kind != "fixed"]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.selectbox(
            "Choose the threshold by a rule",
            kinds,
            format_func=lambda kind: unit.reword(RULES[kind]),
            key="threshold_rule",
            help=unit.reword(LABEL_FREE_HELP if unknown else RULES_HELP),
            persist_state="session",
            width=330,
        )
        values = st.container(width=FIELD_WIDTH * (2 if kind == "trailing-quantile" else 1))
        apply = st.container(width="content")
        article = _article_button(run)
        costs, problem = (exploring.rule.costs, "") if unknown else choose_costs(exploring.rule.costs)
        rule = Rule("cost", 0.0, costs=costs)
        if kind != "cost":
            with values:
                rule, problem = _rule(kind, costs, unit)
        pressed = apply.button("Apply this rule", key="threshold_apply", disabled=bool(problem))
    suggested = math.nan
    try:
        trailing = rule if rule.trailing else None
        points = points_of(run.id, "validation", exploring.policy, trailing)
        spread = dispersion_of(run.id, exploring.policy, trailing) if kind == "promise-per-day" else None
        suggested = choose(points, rule, spread)
        if pressed:
            exploring = replace(exploring, threshold=suggested, rule=rule)
    except DataError as error:
        if pressed:
            st.error(plain(error))
    if article is not None:
        exploring = replace(exploring, threshold=article, rule=Rule("fixed", article, costs=costs))
    _show_thresholds(run, exploring, suggested, "" if unknown else f"  \n{net_value(costs)}")
    return exploring, costs


def _show_thresholds(run: Run, exploring: Exploring, suggested: float, below: str) -> None:
    committed, shown, unit = run.committed(), exploring.committed(run), time_unit_of(run)
    value, words = _value_of(committed), _threshold_in_words(committed, unit)
    now = _threshold_in_words(replace(shown, by_person=True), unit)
    state = "Not yet committed"
    if committed.by_person:
        state = f"Committed on {moment(committed.time)}: {words}"
    elif committed.common is None or committed != shown:
        if committed.rule.kind == "fixed":
            state += f"; the settings give {value}"
        elif words == now:
            now += ", as suggested after training"
        else:
            state += f"; suggested after training: {words}"
    suggests = "no threshold" if math.isnan(suggested) else number(suggested, DIGITS)
    st.caption(f"This rule suggests {suggests} · Threshold shown: {now} · {state}.{below}")


def _value_of(committed: Committed) -> str:
    return "one threshold per fold" if committed.common is None else number(committed.common, DIGITS)


def _threshold_in_words(committed: Committed, unit: TimeUnit) -> str:
    words = plain(committed.in_words(unit))
    # The value of a trailing threshold is its factor, which the words have.
    if committed.trailing and committed.common is not None:
        return words
    return f"{_value_of(committed)} ({words})"


def _article_button(run: Run) -> float | None:
    """Offer the threshold of the article whose preset a run has; return it when it is chosen."""
    threshold = ARTICLE_THRESHOLDS.get(run.config().name)
    if threshold is None or not st.button(
        f"Use the article's threshold, {threshold:g}", key="threshold_article"
    ):
        return None
    return threshold


def _rule(kind: RuleKind, costs: Costs, unit: TimeUnit) -> tuple[Rule, str]:
    """Let the user choose the values of a rule; return it with a sentence on what is wrong, if anything."""
    names = ("value", "days") if kind == "trailing-quantile" else ("value",)
    label, first = RULE_VALUES[kind]
    labels = {"value": label, "days": "Recent scores (days)"}
    step = 0.001 if first < 1 else 0.5
    rule = Rule(kind, first, costs=costs)
    look = Look(labels, steps={"value": step}, columns=len(names), time_unit=unit)
    return apply_values(rule, fill_in(rule, names, f"threshold_{kind}", {}, look))


def _choose_policy(policy: AlarmPolicy, run: Run) -> AlarmPolicy:
    """Let the user choose the alarm policy; a bad value leaves it unchanged."""
    unit = time_unit_of(run)
    # An alarm during an event counts whenever it sounds, and without events there is no lead.
    no_lead = run.config().shift == 0 or not unit.labelled
    names = [name for name in POLICY_LOOK.labels if not (no_lead and name in ("lead", "min_lead"))]
    look = replace(POLICY_LOOK, time_unit=unit)
    policy = apply_values(policy, fill_in(policy, names, f"threshold_policy_{run.id}", {}, look))[0]
    return choose_suppression(policy, run)


def label_of(run: Run, trailing: bool) -> ScoreLabel:
    """Name a run's score and its unit; a trailing threshold is a multiple of the trailing quantile."""
    return score_label_of(run.config(), run.committed(), trailing)
