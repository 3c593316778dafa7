"""What the values of the label mean, to be corrected."""

from __future__ import annotations

import streamlit as st

from rare_event.prepare.labelling import Blank, Labelling
from rare_event.store.datasets import Dataset
from rare_event.text import plain
from rare_event.ui.cache import label_guess_of

BLANKS: dict[Blank, str] = {"normal": "No event", "left out": "Leave these rows out"}


def choose_label_values(dataset: Dataset, labels: tuple[str, ...]) -> Labelling:
    """Let the user choose which values of the label columns mean an event.

    Raises
    ------
    TableError
        If a column holds too many values.
    """
    if not labels:
        st.info("No column is chosen as the label, so a model can be trained but not tested on events.")
        return Labelling(())
    values, guess = label_guess_of(dataset, labels)
    key = f"{dataset.version[:12]}_{'_'.join(labels)}"
    for question in guess.questions:
        st.caption(plain(question.what))
    events = st.multiselect(
        "Values that mark an event",
        values,
        default=[value for value in guess.event_values if value in values],
        key=f"data_events_{key}",
    )
    others = [value for value in values if value not in events]
    left_out = st.multiselect(
        "Leave out rows with these values",
        others,
        default=[value for value in guess.left_out_values if value in others],
        key=f"data_left_out_{key}",
        help="Rows that are neither normal nor an event, such as rows recorded while the plant recovers.",
    )
    blank = guess.blank
    if blank != "refused":
        blank = st.selectbox(
            "Empty label cells",
            list(BLANKS),
            format_func=lambda kind: BLANKS[kind],
            key=f"data_blank_{key}",
            index=list(BLANKS).index(blank),
        )
    normal = [value for value in others if value not in left_out]
    return Labelling(labels, tuple(events), tuple(left_out), tuple(normal) if len(normal) > 1 else (), blank)
