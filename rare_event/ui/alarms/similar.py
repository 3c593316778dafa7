"""Earlier alarms in which the same sensors moved, and whether an event followed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from rare_event.experiment.explain import Explanation
from rare_event.judge.similar import likeness
from rare_event.store.marks import Mark
from rare_event.store.runs import Run
from rare_event.text import listed
from rare_event.ui.alarms.items import Item, found_of, items_of, marks_of_items, time_in_words
from rare_event.ui.alarms.page import Chosen, visible_parts
from rare_event.ui.cache import table_of, time_unit_of
from rare_event.ui.frame import in_place

MOST_SIMILAR = 5
LEAST_ALIKE = 0.5


def _followed(followed: int, n: int) -> str:
    """Say how many of the similar alarms an event followed.

    Examples
    --------
    >>> _followed(1, 3), _followed(0, 1)
    ('An event followed 1 of the 3 similar alarms.', 'The similar alarm was not followed by an event.')
    """
    if n == 1:
        return f"The similar alarm was {'' if followed else 'not '}followed by an event."
    return f"{'An' if followed else 'No'} event followed {followed or 'any'} of the {n} similar alarms."


@in_place
def show_similar(run: Run, chosen: Chosen, explanation: Explanation) -> None:
    """List the earlier alarms in which the same sensors moved, and what followed."""
    st.header("Similar earlier alarms")
    listed_ones = similar_to(run, chosen, explanation)
    if listed_ones.empty:
        st.caption("No earlier alarm in these data is similar.")
        return
    followed = int((listed_ones["what followed"] != "no event").sum())
    if time_unit_of(run).labelled:
        st.caption(_followed(followed, len(listed_ones)))
    st.dataframe(
        listed_ones,
        hide_index=True,
        placeholder="–",
        column_config={
            "alike": st.column_config.NumberColumn(
                "alike (%)",
                format="%.0f",
                help="How alike the shares of the sensors are: 100% means identical shares.",
            )
        },
        alt="Similar earlier alarms",
    )


def similar_to(run: Run, chosen: Chosen, explanation: Explanation) -> pd.DataFrame:
    """Return the most similar earlier alarms of the visible data, the most similar first."""
    table, unit = table_of(run.dataset()), time_unit_of(run)
    earlier: list[tuple[Item, Mark | None, Explanation]] = []
    for part in visible_parts(run):
        found = found_of(run, part) or {}
        items = chosen.items if part == chosen.item.part else items_of(run, part)
        marks = chosen.marks if part == chosen.item.part else marks_of_items(run, items)
        for item, mark in zip(items, marks, strict=True):
            other = found.get((item.row, item.fold))
            before = item.begins < chosen.item.begins and item.asset == chosen.item.asset
            known = other is not None and bool(other.moved) and item.rang
            if other is not None and known and before and not item.is_same(chosen.item):
                earlier.append((item, mark, other))
    shares = {each.sensor: each.share for each in explanation.moved}
    alike = likeness(shares, [{each.sensor: each.share for each in other.moved} for *_, other in earlier])
    order: list[int] = []
    for place in np.argsort(-alike, kind="stable").tolist():
        told = any(earlier[place][0].is_same(earlier[other][0]) for other in order)
        if alike[place] >= LEAST_ALIKE and not told:
            order.append(place)
    rows = []
    for place in order[:MOST_SIMILAR]:
        item, mark, other = earlier[place]
        after = "no event"
        if item.event is not None:
            after = (
                f"event {item.event}" if run.config().shift == 0 else f"event after {unit.span(item.lead)}"
            )
        rows.append(
            {
                "alarm": time_in_words(item.begins, table, unit),
                "alike": 100 * float(alike[place]),
                "what followed": after if unit.labelled else None,
                "sensors": listed([f"{each.sensor} {each.share:.0%}" for each in other.moved], 4),
                "mark": mark.kind if mark else None,
            }
        )
    return pd.DataFrame(rows)
