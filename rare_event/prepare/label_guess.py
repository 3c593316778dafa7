"""The columns that mark events: guessed where a name says so, asked elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from rare_event.errors import TableError
from rare_event.prepare.label_values import guess_values
from rare_event.prepare.label_words import LABEL_WORDS, PLAIN_LABELS, meaning, resembles_label
from rare_event.prepare.labelling import (
    LabelGuess,
    Labelling,
    counted,
    distinct_texts,
    is_whole,
    quoted,
    written,
)
from rare_event.read.table import Choice, Question
from rare_event.read.values import shown

MOST_CHOICES = 8
MOST_STATES = 6
NO_LABEL = Choice('{"labels": []}', "No column: the file has no label")


def guess_label(raw: pd.DataFrame, few: Mapping[str, np.ndarray | None], said: Labelling) -> LabelGuess:
    """Guess the label.

    Parameters
    ----------
    raw
        Columns that may be the label, as in `RawTable.frame`.
    few
        Of each column its distinct values, as `values.distinct` returns them.
    said
        What the analyst says.

    Raises
    ------
    TableError
        If a column that should mark events is not in the file, or holds too many values.
    """
    labels = said.labels
    if labels is None:
        labels, question = _guess_columns(raw, few)
        if question is not None:
            return LabelGuess(questions=(question,))
    missing = [label for label in labels if label not in raw.columns]
    if missing:
        raise TableError(f"The file has no column {shown(missing[0])} that could mark events.")
    if not labels:
        return LabelGuess()
    return _together([guess_values(raw[label], label, said) for label in labels])


def _guess_columns(
    raw: pd.DataFrame, few: Mapping[str, np.ndarray | None]
) -> tuple[tuple[str, ...], Question | None]:
    """Choose the column that is named like a label; ask where none is, or several are."""
    binary = [c for c in raw.columns if few[c] is not None and len(distinct_texts(few[c])) == 2]
    named = [column for column in raw.columns if resembles_label(column)]
    exact = [c for c in named if c.strip().casefold() in LABEL_WORDS | PLAIN_LABELS]
    telling = [c for c in raw.columns if few[c] is not None and _tell(distinct_texts(few[c]))]
    certain = (
        [c for c in exact if c in binary and c.strip().casefold() in PLAIN_LABELS],
        [c for c in exact if c in binary],
        [c for c in named if c in binary],
        [c for c in exact if few[c] is not None and len(distinct_texts(few[c]))],
        [c for c in named if c in telling],
    )
    candidates = next((columns for columns in certain if columns), [])
    if len(candidates) == 1:
        return (str(candidates[0]),), None
    several = [c for c in named if few[c] is not None and len(distinct_texts(few[c])) > 1]
    rest = sorted(binary, key=lambda c: raw[c].value_counts(normalize=True).min())
    states = [c for c in raw.columns if few[c] is not None and _are_states(distinct_texts(few[c]))]
    listed = list(dict.fromkeys(candidates or [*several, *telling, *rest, *states]))
    return (), _which_column(raw, listed, several_named=bool(candidates))


def _which_column(raw: pd.DataFrame, listed: Sequence[str], *, several_named: bool) -> Question:
    option = "--label COLUMN, or --no-label"
    choices = [
        Choice(json.dumps({"labels": [c]}), f"Column {shown(c)}", counted(written(raw[c])))
        for c in listed[:MOST_CHOICES]
    ]
    if not listed:
        what = (
            "No column looks like a label: none that is named like a label has few values, and no other has "
            "exactly two values. "
            "Add a column that is 1 in the rows of an event and 0 elsewhere. Or does the file have no label?"
        )
        return Question("label", None, what, (NO_LABEL,), "--no-label")
    if several_named:
        what = f"{len(listed)} columns are named like a label: {quoted(listed)}. "
        what += "Which of them marks the events?"
        together = Choice(json.dumps({"labels": list(listed)}), "Any of them marks an event")
        return Question(
            "label", None, what, (*choices, together, NO_LABEL), f"{option}; several columns may be named"
        )
    others = f"; so could {quoted(listed[1:], 60)}" if listed[1:] else ""
    what = (
        f"No column is clearly the label. {shown(listed[0])} could be it (it holds "
        f"{counted(written(raw[listed[0]]), 40 if others else 120)}){others}. Which column marks the events, "
        "if any?"
    )
    return Question("label", None, what, (*choices, NO_LABEL), option)


def _together(guesses: list[LabelGuess]) -> LabelGuess:
    """Join what is known of several labels: any of them marks an event."""
    first = guesses[0]
    if len(guesses) == 1:
        return first
    events, left_out, normal = (
        tuple(dict.fromkeys(value for guess in guesses for value in getattr(guess, name)))
        for name in ("event_values", "left_out_values", "normal_values")
    )
    questions = {question.about: question for guess in reversed(guesses) for question in guess.questions}
    blanks = {guess.blank for guess in guesses} - {"refused"}
    return LabelGuess(
        tuple(guess.labels[0] for guess in guesses),
        events,
        left_out,
        normal,
        min(blanks) if blanks else "refused",
        tuple(reversed(questions.values())),
    )


def _are_states(values: Sequence[str]) -> bool:
    """Whether a few words, not numbers, could be the states of a plant."""
    return 3 <= len(values) <= MOST_STATES and not any(map(is_whole, values))


def _tell(values: Iterable[str]) -> bool:
    """Whether words, not numbers, say that some rows are events and others are normal."""
    said = {meaning(value) for value in values if not is_whole(value)}
    return {"event", "normal"} <= said
