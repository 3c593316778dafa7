"""What an event and a false alarm cost the plant, as it is typed and written."""

from __future__ import annotations

import streamlit as st

from rare_event.config import Costs
from rare_event.text import percent, plain
from rare_event.ui.forms import Look, apply_values, fill_in

COST_LOOK = Look(
    {
        "event": "Cost of an event",
        "false_alarm": "Cost of a false alarm",
        "saved": "Share saved by a warning",
    },
    steps={"event": 500.0, "false_alarm": 50.0, "saved": 0.05},
    columns=3,
)
COST_FIELDS = ("event", "false_alarm", "saved")
LONGEST_CURRENCY = 8


def choose_costs(costs: Costs) -> tuple[Costs, str]:
    """Let the user type the costs of the plant and its currency; bad costs leave the given ones."""
    with st.popover("Costs"):
        typed = st.session_state.setdefault("threshold_costs", {})
        costs, problem = apply_values(costs, fill_in(costs, COST_FIELDS, "threshold_cost", typed, COST_LOOK))
        st.text_input(
            "Currency",
            key="threshold_currency",
            help="Shown with the net value, for example € or USD. Empty: none.",
            max_chars=LONGEST_CURRENCY,
            persist_state="session",
        )
    return costs, problem


def currency() -> str:
    """Return the currency as it was typed; empty without one."""
    return str(st.session_state.get("threshold_currency") or "").strip()


def _money(cost: float) -> str:
    """Write an amount as the explorer does: a sign before it, letters after it."""
    sign, amount = plain(currency()), f"{cost:,.0f}"
    return f"{amount} {sign}" if any(map(str.isalpha, sign)) else f"{sign}{amount}"


def net_value(costs: Costs) -> str:
    """Say what the net value assumes."""
    return (
        f"Net value assumes that an event costs {_money(costs.event)}, of which a warning "
        f"saves {percent(costs.saved)}; a false alarm costs {_money(costs.false_alarm)}."
    )
