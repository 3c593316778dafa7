"""Steps of the recipe that no check offers: rows to leave out, and the decimal sign of a column."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from rare_event.checks.findings import Fix
from rare_event.store.datasets import Dataset, save_dataset
from rare_event.text import plain
from rare_event.ui.data.computed import effect_on, texts_of, time_line_of
from rare_event.ui.frame import in_place

KEY = "data_steps"
LINES, DATES, DECIMAL = "Leave out lines", "Leave out dates", "Decimal mark of a column"
SIGNS: dict[str, str] = {",": "comma", ".": "point"}
NOTHING = "This step changes nothing."


@in_place
def show_steps(dataset: Dataset) -> None:
    """List the steps of the recipe, and offer one more; closed at first and drawn only when opened."""
    place = st.expander("Corrections: leave out rows, set the decimal mark", key=KEY, on_change="rerun")
    if not place.open:
        return
    with place:
        for number, step in enumerate(dataset.fixes, 1):
            words = step.in_words if isinstance(step, Fix) else step.step_in_words
            st.markdown(f"{number}\\. {plain(words)}")
        kind = st.segmented_control(
            "New step", [LINES, DATES, DECIMAL], default=LINES, required=True, key="data_step_kind"
        )
        key = f"{dataset.version[:12]}_{kind}"
        remedy = {LINES: _lines, DATES: _dates, DECIMAL: _decimal}[str(kind)](dataset, key)
        if remedy is not None:
            offer(dataset, remedy, "Apply", f"data_step_{key}")


def offer(dataset: Dataset, remedy: Fix, words: str, key: str) -> None:
    """Say what a step changes, or why it is refused, and offer the button that applies it."""
    effect = effect_on(dataset, remedy)
    nothing = not (effect.removed or effect.filled)
    with st.container(horizontal=True, vertical_alignment="center"):
        refused = effect.refused
        if st.button(words, key=key, disabled=nothing or refused is not None):
            save_dataset(dataset.with_fix(remedy))
            st.rerun()
        said = f"{refused}." if refused else NOTHING if nothing else effect.in_words
        st.markdown(plain(said), width="stretch")


def _lines(dataset: Dataset, key: str) -> Fix | None:
    if len(dataset.files) > 1:
        instead = "leave out dates instead."
        if dataset.schema.time is None:
            instead = "leave the rows out in the files."
        which = ", which have no time column" if dataset.schema.time is None else ""
        st.caption(f"The rows come from several files{which}: {instead}")
        return None
    left, right = st.columns(2)
    first = left.number_input("First line", min_value=1, value=None, step=1, key=f"data_first_{key}")
    last = right.number_input("Last line", min_value=1, value=None, step=1, key=f"data_last_{key}")
    if first is None or last is None:
        return None
    return Fix("leave-out-lines", parameters=(first, last))


def _dates(dataset: Dataset, key: str) -> Fix | None:
    if dataset.schema.time is None:
        st.caption("The file has no time column: leave out lines instead.")
        return None
    when = time_line_of(dataset, None).when
    left, right = st.columns(2)
    texts = [
        place.text_input(label, placeholder=str(pd.Timestamp(at)), key=f"data_{label.lower()}_{key}").strip()
        for place, label, at in ((left, "From", when.min()), (right, "Until", when.max()))
    ]
    if not all(texts):
        return None
    begin, end = (pd.to_datetime(text, errors="coerce") for text in texts)
    if pd.isna(begin) or pd.isna(end):
        st.caption("Write a time such as 2023-01-09 06:00.")
        return None
    return Fix("leave-out-dates", parameters=(begin.isoformat(), end.isoformat()))


def _decimal(dataset: Dataset, key: str) -> Fix | None:
    columns = texts_of(dataset)
    if not columns:
        st.caption("Every column of numbers is already read as numbers.")
        return None
    left, right = st.columns(2)
    column = left.selectbox("Column", columns, index=None, key=f"data_decimal_column_{key}")
    sign = right.selectbox(
        "Decimal mark", list(SIGNS), format_func=lambda sign: SIGNS[sign], key=f"data_decimal_{key}"
    )
    st.caption("This changes one column. To change all, choose “Read it differently” above.")
    return None if column is None else Fix("decimal", column, (str(sign),))
