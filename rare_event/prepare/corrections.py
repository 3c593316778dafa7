"""What an analyst says of a file, how it is joined with what is found out, and what is left to ask."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any, get_args, get_origin, get_type_hints

import pandas as pd

from rare_event.errors import TableError
from rare_event.prepare.label_guess import guess_label
from rare_event.prepare.labelling import Blank, Labelling
from rare_event.prepare.roles import schema_of_roles
from rare_event.prepare.schema import Schema, guess
from rare_event.read.clock_columns import joined_name
from rare_event.read.names import find_names
from rare_event.read.table import AS_FOUND, Choice, Question, Reading
from rare_event.read.values import text_of

# Begins what a question is about that concerns the second file, of events.
OF_EVENTS = "events."


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
        Column that names the machine of a row; ``""`` where the file holds one machine.
    schema
        The roles of all columns; the fields above go before it.
    no_label
        Whether no column marks events.
    leave_out, normal
        Values of the label whose rows are left out, and that mark no event.
    events
        How the second file is read that gives the label, as in `RawTable.events`.
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
    no_label: bool = False
    leave_out: tuple[str, ...] = ()
    normal: tuple[str, ...] = ()
    events: Reading | None = None

    def answer(self, question: Question, choice: Choice) -> Corrections:
        """Return the corrections with the answer to a question."""
        if choice.value.startswith("{"):
            return self._labelled(Labelling().answered(choice.value))
        if question.about.startswith(OF_EVENTS):
            name, said = question.about.removeprefix(OF_EVENTS), choice.value
            change: dict[str, Any] = {name: tuple(json.loads(said)) if name == "time" else said}
            return replace(self, events=replace(self.events or AS_FOUND, **change))
        name = {"event_value": "event"}.get(question.about, question.about)
        kind = Reading if name in {field.name for field in fields(Reading)} else Corrections
        change = {name: _value(kind, name, choice.value)}
        if kind is Corrections:
            return replace(self, **change)
        return replace(self, reading=replace(self.reading, **change))

    @property
    def labelling(self) -> Labelling:
        """What is said about the label."""
        event, leave_out, normal = (
            tuple(map(text_of, values)) or None for values in (self.event, self.leave_out, self.normal)
        )
        return Labelling(() if self.no_label else self.label or None, event, leave_out, normal, self.blank)

    def labelled_by(self, column: str | None) -> Corrections:
        """Return the corrections with a label of 0 and 1 and no other, or without one."""
        label, event, normal = ((), (), ()) if column is None else ((column,), ("1",), ("0",))
        unlabelled = replace(self, leave_out=(), blank=None, no_label=column is None)
        return replace(unlabelled, label=label, event=event, normal=normal)

    def _labelled(self, said: Labelling) -> Corrections:
        return replace(
            self,
            label=self.label if said.labels is None else said.labels,
            no_label=self.no_label if said.labels is None else not said.labels,
            event=said.event_values or self.event,
            leave_out=said.left_out_values or self.leave_out,
            normal=said.normal_values or self.normal,
            blank=said.blank or self.blank,
        )


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
        super().__init__(" ".join(map(asked, self.questions)))

    @property
    def on_command_line(self) -> str:
        """Each question with the option that answers it."""
        return " ".join(map(in_words, self.questions))


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


def asked(question: Question) -> str:
    """Write a question with its answers."""
    choices = [
        f"{choice.words} ({choice.example})" if choice.example else choice.words
        for choice in question.choices
    ]
    listed = "; ".join(choices)
    return f"{question.what} {listed}." if listed else question.what


def in_words(question: Question) -> str:
    """Write a question with its answers and the option of the command line that answers it."""
    return f"{asked(question)} Answer with {question.option}."


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
        If a column that was named is not in the file, or cannot have its role.
    OpenQuestion
        If the label leaves something open.
    """
    said = _as_written(frame, said)
    time, named = joined_time(frame, said), said.labelling
    unused = [column for column in said.ignore if column not in said.label]
    if said.schema is None:
        guessed = guess(frame.drop(columns=unused), named, [*(time or ()), *filter(None, [said.assets])])
        if guessed.questions:
            raise OpenQuestion(guessed.questions)
        before = guessed.schema
        named = before.labelling
    else:
        before = said.schema
        named = named if named.labels is not None else before.labelling.with_said(named)
    labels = before.labels if named.labels is None else named.labels
    labels = tuple(label for label in labels if label not in unused)
    for question in guess_label(frame, {}, replace(named, labels=labels)).questions:
        raise OpenQuestion([question])
    given = dict(before.roles()) | dict.fromkeys(said.ignore, "ignored")
    given = {c: "ignored" if role == "label" else role for c, role in given.items()}
    given |= dict.fromkeys(labels, "label")
    if time is not None:
        given = {c: "ignored" if role == "time" else role for c, role in given.items()}
        given |= dict.fromkeys(time, "time")
    if said.assets:
        given = {c: "ignored" if role == "asset" else role for c, role in given.items()}
        given |= {said.assets: "asset"}
    schema = schema_of_roles(frame, given, named, before)
    if said.reading.time_format is not None and schema.time is not None:
        schema = replace(schema, time_format=said.reading.time_format)
    return schema


def joined_time(frame: pd.DataFrame, said: Corrections) -> tuple[str, ...] | None:
    """Return the column of times: of several, the one that they were joined to."""
    time = said.reading.time
    joined = joined_name(time) if time and len(time) > 1 else ""
    return (joined,) if joined in frame.columns else time


def _as_written(frame: pd.DataFrame, said: Corrections) -> Corrections:
    """Return the corrections with the names as the file writes them; reject those that it does not have."""
    columns = list(frame.columns)
    time = joined_time(frame, said)
    return replace(
        said,
        reading=replace(said.reading, time=time and find_names(time, columns)),
        label=find_names(said.label, columns),
        ignore=find_names(said.ignore, columns),
        assets=said.assets and find_names([said.assets], columns)[0],
    )


def _value(kind: type, name: str, text: str) -> Any:
    """Return the text of an answer as the type of a field."""
    wanted = get_type_hints(kind)[name]
    if any(get_origin(part) is tuple or part is tuple for part in (wanted, *get_args(wanted))):
        return (text,)
    return int(text) if int in get_args(wanted) else text
