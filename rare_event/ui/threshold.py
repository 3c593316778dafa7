"""Pieces of the Threshold page: the explorer, the alarm policy, the solver, and the commitment."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from rare_event.config import LABEL_FREE, AlarmPolicy, Costs, Rule, RuleKind
from rare_event.judge.rules import choose
from rare_event.plots.explorer import explorer_data
from rare_event.plots.palette import SCORE_UNIT, SCORE_UNIT_OF_FOLDS
from rare_event.store.runs import Run
from rare_event.text import number, plain
from rare_event.ui.cache import columns_of, followed_of, levels_of, points_of
from rare_event.ui.forms import help_of
from rare_event.ui.frame import in_place, show_errors
from rare_event.ui.ledger import show_ledger
from rare_event.ui.state import Exploring, exploring_of, update_exploring
from rare_event.ui.threshold_explorer import threshold_explorer

DIGITS = 4
TRAILING_UNIT = "times the trailing quantile"
RULE_NAMES: dict[RuleKind, str] = {
    "fa-per-day": "At most N false alarms a day",
    "events": "At least this share of the events",
    "recall": "At least this share of the positive rows",
    "f-beta": "Highest F-beta of the rows",
    "cost": "Least cost",
    "quantile": "Fixed quantile of the scores",
    "trailing-quantile": "Trailing quantile, follows drift",
}
RULE_VALUES: dict[RuleKind, tuple[str, float]] = {
    "fa-per-day": ("False alarms a day", 2.0),
    "events": ("Share of the events", 0.5),
    "recall": ("Share of the positive rows", 0.5),
    "f-beta": ("Beta", 1.0),
    "quantile": ("Quantile", 0.99),
    "trailing-quantile": ("Quantile", 0.997),
}


@in_place
def show_context(run: Run) -> None:
    """Say which run this is, and warn where its figures flatter."""
    config = run.config()
    st.markdown(f"**{config.name}** · {config.model.kind} · {config.split.kind} split")
    if config.split.optimistic:
        st.warning(
            "Random split: optimistic. Rows next to these were trained on; "
            "judge the model on a split by time."
        )


@st.fragment
def explore(run: Run) -> None:
    """Let the user move the threshold over the validation data, and commit it."""
    with show_errors():
        # Drawn from top to bottom, but the policy and the rule are read first: the rest shows them.
        rules, drawn = st.container(), st.container()
        exploring = exploring_of(run)
        with st.expander("Alarm policy"):
            policy = _choose_policy(exploring.policy, f"threshold_policy_{run.id}")
        with rules:
            exploring = _choose_by_rule(run, replace(exploring, policy=policy))
        update_exploring(exploring)
        with drawn:
            _show_explorer(run, exploring)
        _commit(run, exploring)
        with st.expander("Ledger of the validation data"):
            show_ledger(run, "validation", exploring.committed(run))


def _show_explorer(run: Run, exploring: Exploring) -> None:
    scores = followed_of(run.id, "validation", exploring.trailing)
    columns = columns_of(run.id, "validation", exploring.policy, exploring.trailing, exploring.threshold)
    data = explorer_data(
        columns,
        scores,
        levels_of(run.id, "validation", exploring.policy, exploring.trailing),
        exploring.threshold,
        part="Validation",
        unit=TRAILING_UNIT if exploring.trailing else unit_of(run),
        costs=exploring.rule.costs,
    )
    threshold_explorer(
        data,
        key=f"threshold_explorer_{run.id}",
        on_release=lambda threshold: set_by_hand(run, threshold),
    )
    if not scores.n_positive:
        st.info(
            "The validation data hold no positive window: precision and recall say nothing here. "
            "Choose by false alarms a day or by a quantile."
        )


def set_by_hand(run: Run, threshold: float) -> None:
    """Take a threshold that was dragged or typed."""
    exploring = exploring_of(run)
    rule = exploring.rule if exploring.trailing else replace(exploring.rule, kind="fixed", value=threshold)
    update_exploring(replace(exploring, threshold=threshold, rule=rule))


@in_place
def _choose_by_rule(run: Run, exploring: Exploring) -> Exploring:
    points = points_of(run.id, "validation", exploring.policy, None)
    kinds = [kind for kind in RULE_NAMES if points.n_positive or kind in LABEL_FREE]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.selectbox(
            "Choose the threshold by a rule",
            kinds,
            format_func=RULE_NAMES.__getitem__,
            key="threshold_rule",
            help=help_of(Rule, "kind"),
            persist_state="session",
            width=330,
        )
        rule = _rule(kind, exploring.rule.costs)
        if st.button("Set by this rule", key="threshold_apply"):
            trailing = rule if rule.trailing else None
            threshold = choose(points_of(run.id, "validation", exploring.policy, trailing), rule)
            exploring = replace(exploring, threshold=threshold, rule=rule)
    st.caption(f"Now: {plain(exploring.committed(run).in_words())}.")
    return exploring


def _rule(kind: RuleKind, costs: Costs) -> Rule:
    if kind == "cost":
        event = st.number_input(
            "Cost of an event", 0.0, None, costs.event, 500.0, key="threshold_cost_event", width=150
        )
        false = st.number_input(
            "Cost of a false alarm", 0.0, None, costs.false_alarm, 50.0, key="threshold_cost_false", width=150
        )
        saved = st.number_input(
            "Share saved",
            0.0,
            1.0,
            costs.saved,
            0.05,
            key="threshold_cost_saved",
            help=help_of(Costs, "saved"),
            width=130,
        )
        return Rule("cost", 0.0, costs=Costs(event, false, saved))
    label, default = RULE_VALUES[kind]
    value = st.number_input(
        label,
        0.0,
        None,
        default,
        key=f"threshold_value_{kind}",
        format="%g",
        step=0.001 if default < 1 else 0.5,
        width=180,
    )
    if kind != "trailing-quantile":
        return Rule(kind, value, costs=costs)
    days = st.number_input(
        "Days looked back on", 0.1, 365.0, 3.0, key="threshold_days", help=help_of(Rule, "days"), width=180
    )
    return Rule(kind, value, days=days, costs=costs)


def _choose_policy(policy: AlarmPolicy, key: str) -> AlarmPolicy:
    first, second, third = st.columns(3)
    n = second.number_input(
        "of the last n windows", 1, 1000, policy.n, key=f"{key}_n", help=help_of(AlarmPolicy, "n")
    )
    return AlarmPolicy(
        k=min(
            n,
            first.number_input(
                "At least k", 1, n, min(policy.k, n), key=f"{key}_k", help=help_of(AlarmPolicy, "k")
            ),
        ),
        n=n,
        cooldown=third.number_input(
            "Cooldown (minutes)",
            0.0,
            None,
            policy.cooldown,
            key=f"{key}_cooldown",
            help=help_of(AlarmPolicy, "cooldown"),
        ),
        lead=first.number_input(
            "Lead window (minutes)",
            0.1,
            None,
            policy.lead,
            key=f"{key}_lead",
            help=help_of(AlarmPolicy, "lead"),
        ),
        min_lead=second.number_input(
            "Least useful lead (minutes)",
            0.0,
            None,
            policy.min_lead,
            key=f"{key}_min_lead",
            help=help_of(AlarmPolicy, "min_lead"),
        ),
        mute=third.number_input(
            "Mute after restart (rows)",
            0,
            None,
            policy.mute,
            key=f"{key}_mute",
            help=help_of(AlarmPolicy, "mute"),
        ),
        repeat=first.number_input(
            "Sounds again after (minutes)",
            0.1,
            None,
            policy.repeat,
            key=f"{key}_repeat",
            help=help_of(AlarmPolicy, "repeat"),
        ),
    )


def _commit(run: Run, exploring: Exploring) -> None:
    committed, wanted = run.committed(), exploring.committed(run)
    same = (committed.folds, committed.rule, committed.policy) == (wanted.folds, wanted.rule, wanted.policy)
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Commit this threshold", type="primary", key="threshold_commit", disabled=same):
            run.commit(wanted)
            st.rerun()
        value = "one for each fold" if committed.common is None else number(committed.common, DIGITS)
        when = committed.time[:16].replace("T", " ")
        st.caption(f"Committed: {value} ({plain(committed.in_words())}), {plain(when)} UTC.")


def unit_of(run: Run) -> str:
    """Name the unit of a run's scores, which several folds can only share relatively."""
    return SCORE_UNIT_OF_FOLDS if len(run.committed().folds) > 1 else SCORE_UNIT
