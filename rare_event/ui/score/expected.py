"""What new rows must have, shown until a file is scored."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from rare_event.experiment.facts import QUANTILES, Facts
from rare_event.prepare.schema import Schema
from rare_event.read.values import shown
from rare_event.store.bundle import FACTS
from rare_event.store.runs import Run
from rare_event.text import number, plain
from rare_event.ui.frame import in_place

# A category column with more values is cut.
MOST_VALUES = 5
CONTENT = {"time": "time", "asset": "machine", "sensor": "sensor", "category": "category"}
COLUMNS = ("column", "content", "usually from", "to", "values")


@in_place
def show_expected(run: Run) -> None:
    """Show the columns that new rows need, with their usual values."""
    facts, schema = FACTS.read(run), run.dataset().schema
    st.header("What the new rows need")
    said = "These columns, in any order; other names can be matched after the upload."
    if not facts.clock:
        said += f" The training data have one row every {facts.time_unit.span(facts.step)}."
    if schema.label is not None:
        said += f" The label {shown(schema.label)} is optional: with it, events caught are counted too."
    st.markdown(plain(said))
    low, high = (f"{100 * share:g}%" for share in (QUANTILES[0], QUANTILES[-1]))
    st.dataframe(
        expected_columns(schema, facts),
        hide_index=True,
        placeholder="–",
        key="score_expected",
        alt="Columns that new rows need",
        column_config={"values": st.column_config.TextColumn(width="large")},
    )
    st.caption(f"“Usually” is from the {low} to the {high} quantile of the normal training rows.")


def expected_columns(schema: Schema, facts: Facts) -> pd.DataFrame:
    """List the columns of new rows: what each contains, and its usual values in training."""
    ranges = {each.name: each for each in facts.ranges}
    rows: list[tuple[str | None, ...]] = []
    for name, role in schema.roles():
        if role not in CONTENT:
            continue
        usual, values = ranges.get(name), facts.categories.get(name, ())
        span = (None, None) if usual is None else (number(usual.p5), number(usual.p95))
        more = ", …" if len(values) > MOST_VALUES else ""
        rows.append((name, CONTENT[role], *span, ", ".join(values[:MOST_VALUES]) + more or None))
    return pd.DataFrame(rows, columns=COLUMNS).dropna(axis="columns", how="all")
