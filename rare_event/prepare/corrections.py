"""What an analyst says of a file, how it is joined with what is found out, and what is left to ask."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pandas as pd

from rare_event.errors import TableError
from rare_event.prepare.roles import schema_of_roles
from rare_event.prepare.schema import Schema, guess_schema
from rare_event.read.clock_columns import joined_name
from rare_event.read.table import AS_FOUND, Choice, Question, Reading
from rare_event.read.values import shown, text_of

Blank = Literal["normal"]


@dataclass(frozen=True)
class Corrections:
    """What the analyst says of a file; None and empty: find it out.

    Parameters
    ----------
    reading
        How the file is read.
    label
        Columns that mark the events.
    event
        Values of the label that mark events.
    blank
        What an empty cell of the label means.
    ignore
        Columns that are not used.
    assets
        Column that names the machine of a row.
    schema
        The roles of all columns; the fields above go before it.
    """

    # A word in a schema file that is not understood must not be lost silently.
    __pydantic_config__ = {"extra": "forbid"}

    reading: Reading = AS_FOUND
    label: tuple[str, ...] = ()
    event: tuple[str, ...] = ()
    blank: Blank | None = None
    ignore: tuple[str, ...] = ()
    assets: str | None = None
    schema: Schema | None = None

    def answer(self, question: Question, choice: Choice) -> Corrections:
        """Return the corrections with the answer to a question."""
        name = {"event_value": "event"}.get(question.about, question.about)
        kind = Reading if name in {field.name for field in fields(Reading)} else Corrections
        change: dict[str, Any] = {name: _value(kind, name, choice.value)}
        if kind is Corrections:
            return replace(self, **change)
        return replace(self, reading=replace(self.reading, **change))


NO_CORRECTIONS = Corrections()


class OpenQuestion(TableError):
    """The file leaves something open that is never guessed.

    Parameters
    ----------
    questions
        What must be answered.
    """

    def __init__(self, questions: Iterable[Question]) -> None:
        self.questions = tuple(questions)
        super().__init__(" ".join(in_words(question) for question in self.questions))


def still_open(
    questions: Iterable[Question], said: Corrections, schema: Schema | None = None
) -> tuple[Question, ...]:
    """Questions that neither the roles nor a column that is not used settles."""
    known = schema or said.schema

    def settled(question: Question) -> bool:
        if question.about != "time_format":
            return False
        used = known is None or known.time == question.column
        return question.column in said.ignore or not used or bool(known and known.time_format)

    return tuple(question for question in questions if not settled(question))


def in_words(question: Question) -> str:
    """Write a question with its answers and the option of the command line that answers it."""
    choices = [
        f"{choice.words} ({choice.example})" if choice.example else choice.words
        for choice in question.choices
    ]
    listed = "; ".join(choices)
    return f"{question.what} {listed}. " * bool(listed) + f"Answer with {question.option}."


def roles(frame: pd.DataFrame, said: Corrections) -> Schema:
    """Return the roles that the analyst gave, and a guess at the others.

    Parameters
    ----------
    frame
        As in `RawTable.frame`.
    said
        What the analyst says.

    Raises
    ------
    TableError
        If a column that was named is not in the file, or no column can be the label.
    """
    _require_named(frame, said)
    label, time = next(iter(said.label), None), _joined_time(frame, said)
    unused = [column for column in said.ignore if column != label]
    before = said.schema or guess_schema(frame.drop(columns=unused), label=label)
    given = dict(before.roles()) | dict.fromkeys(said.ignore, "ignored")
    if label is not None:
        given = {c: "ignored" if role == "label" else role for c, role in given.items()} | {label: "label"}
    if time is not None:
        given = {c: "ignored" if role == "time" else role for c, role in given.items()}
        given |= dict.fromkeys(time, "time")
    if said.assets is not None:
        given = {c: "ignored" if role == "asset" else role for c, role in given.items()}
        given |= {said.assets: "asset"}
    schema = schema_of_roles(frame, given, before.event_value, before)
    if said.event:
        schema = replace(schema, event_value=text_of(said.event[0]))
    if said.reading.time_format is not None and schema.time is not None:
        schema = replace(schema, time_format=said.reading.time_format)
    return schema


def _joined_time(frame: pd.DataFrame, said: Corrections) -> tuple[str, ...] | None:
    """Return the column of times: of a date and a time of day, the one that they were joined to."""
    time = said.reading.time
    joined = joined_name(time) if time and len(time) == 2 else ""
    return (joined,) if joined in frame.columns else time


def _require_named(frame: pd.DataFrame, said: Corrections) -> None:
    """Reject a column that the file does not have, naming those that it has."""
    named = (*said.label, *(_joined_time(frame, said) or ()), *said.ignore, *filter(None, [said.assets]))
    missing = [column for column in named if column not in frame.columns]
    if missing:
        has = ", ".join(shown(column) for column in frame.columns[:10])
        more = ", ..." if len(frame.columns) > 10 else ""
        raise TableError(f"The file has no column {shown(missing[0])}. It has {has}{more}. Name one of them.")


def _value(kind: type, name: str, text: str) -> Any:
    """Return the text of an answer as the type of a field."""
    wanted = get_type_hints(kind)[name]
    if any(get_origin(part) is tuple or part is tuple for part in (wanted, *get_args(wanted))):
        return (text,)
    return int(text) if int in get_args(wanted) else text
