"""What is said about the label, and the words for it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from rare_event.read.table import Question
from rare_event.read.values import distinct, shown, text_of, texts_of
from rare_event.text import plural

Blank = Literal["refused", "normal", "left out"]


@dataclass(frozen=True)
class Labelling:
    """What the analyst says about the label. None: find out.

    Parameters
    ----------
    labels
        Columns that mark events; empty if the file has no label.
    event_values, left_out_values, normal_values
        Texts of values, as returned by `values.text_of`, and what they mean.
    blank
        What an empty cell means.
    """

    labels: tuple[str, ...] | None = None
    event_values: tuple[str, ...] | None = None
    left_out_values: tuple[str, ...] | None = None
    normal_values: tuple[str, ...] | None = None
    blank: Blank | None = None

    def answered(self, value: str) -> Labelling:
        """Return this with the answer to a question: the `value` of one of its choices."""
        given: dict[str, Any] = {
            name: tuple(v) if isinstance(v, list) else v for name, v in json.loads(value).items()
        }
        return replace(self, **given)

    def with_said(self, said: Labelling) -> Labelling:
        """Return this with what the analyst says instead where it says something."""
        return Labelling(
            *(new if new is not None else old for new, old in zip(_parts(said), _parts(self), strict=True))
        )


def _parts(said: Labelling) -> tuple[Any, ...]:
    return said.labels, said.event_values, said.left_out_values, said.normal_values, said.blank


@dataclass(frozen=True)
class LabelGuess:
    """The label as far as it is known; of an open question, its first choice.

    Parameters
    ----------
    labels, event_values, left_out_values, normal_values, blank
        As in `Labelling`.
    questions
        What only the analyst can say.
    """

    labels: tuple[str, ...] = ()
    event_values: tuple[str, ...] = ("1",)
    left_out_values: tuple[str, ...] = ()
    normal_values: tuple[str, ...] = ()
    blank: Blank = "refused"
    questions: tuple[Question, ...] = ()

    @property
    def fields(self) -> dict[str, Any]:
        """The fields of a `Schema` that say what the label is."""
        return {
            "label": next(iter(self.labels), None),
            "also": self.labels[1:],
            "event_values": self.event_values,
            "left_out_values": self.left_out_values,
            "normal_values": self.normal_values,
            "blank": self.blank,
        }


def written(column: pd.Series) -> pd.Series:
    """Values of a label as texts, shape (n_rows,); empty cells are missing."""
    words = texts_of(column)
    return words.where(words != "")


def counted(words: pd.Series, room: int = 150) -> str:
    """List the values of a label with their counts, the most frequent first, as far as there is room.

    Parameters
    ----------
    words
        The values; empty cells are missing.
    room
        Signs that the values may take, so that the sentence stays short; one is listed in any case.
    """
    counts = words.value_counts()
    listed = fitting((f"{shown(each)} in {plural(int(n), 'row')}" for each, n in counts[:6].items()), room)
    if len(counts) > len(listed):
        listed.append(plural(len(counts) - len(listed), "other value"))
    if words.isna().any():
        listed.append(f"nothing in {plural(int(words.isna().sum()), 'row')}")
    return joined(listed)


def quoted(names: Iterable[object], room: int = 120, word: str = "and") -> str:
    """List columns or values in a sentence, as far as there is room; one in any case.

    Parameters
    ----------
    names
        What is listed.
    room
        Signs that the list may take.
    word
        Stands before the last.
    """
    listed = [*map(shown, names)]
    return joined(listed, len(fitting(listed, room)), word)


def fitting(listed: Iterable[str], room: int) -> list[str]:
    """Return the first parts of a list that take no more signs than there is room; one in any case."""
    kept: list[str] = []
    for each in listed:
        if kept and room < len(each):
            break
        kept.append(each)
        room -= len(f", {each}")
    return kept


def distinct_texts(values: np.ndarray | None) -> list[str]:
    """Write the distinct values of a column as texts; none for None."""
    return [] if values is None else list(dict.fromkeys(text for value in values if (text := text_of(value))))


def values_of(raw: pd.DataFrame, labels: Iterable[str]) -> list[str]:
    """List the distinct values of label columns as texts, sorted; columns of many values give none."""
    return sorted({text for label in labels for text in distinct_texts(distinct(raw[label]))})


def is_whole(value: str) -> bool:
    """Whether a text is a whole number."""
    return value.lstrip("+-").isdigit()


def joined(texts: Iterable[str], most: int | None = None, word: str = "and") -> str:
    """Write a list as "a, b and c"; beyond the first `most`, say how many more there are."""
    words = list(texts) or [""]
    if most is not None and len(words) > most:
        words = [*words[:most], f"{len(words) - most:,} more"]
    *first, last = words
    return f"{', '.join(first)} {word} {last}" if first else last
