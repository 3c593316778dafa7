"""What the values of a label mean: told by what they say, asked where they say nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd

from rare_event.errors import TableError
from rare_event.prepare.label_words import denies, meaning, meanings_in
from rare_event.prepare.labelling import LabelGuess, Labelling, counted, is_whole, joined, quoted, written
from rare_event.read.table import Choice, Question, line_of
from rare_event.read.values import shown

MOST_VALUES = 8


def guess_values(column: pd.Series, name: str, said: Labelling) -> LabelGuess:
    """Guess what the values of one label mean; see `label_guess.guess_label`."""
    words = written(column)
    found = [str(value) for value in words.value_counts().index]
    questions = []
    blank = said.blank or "refused"
    if said.blank is None and words.isna().any():
        questions.append(_about_blanks(words, name))
        blank = "normal"
    if said.event_values is not None:
        guess = _of_said(words, name, found, said)
    elif len(found) > 2:
        guess = _of_many(words, name, found)
    else:
        guess = _of_two(words, name, found)
    return replace(guess, labels=(name,), blank=blank, questions=(*questions, *guess.questions))


def _of_two(words: pd.Series, name: str, found: list[str]) -> LabelGuess:
    """Tell the values apart by what they say; how often each occurs decides nothing."""
    says = _says(name, found)
    events = [value for value in found if says[value] == "event"]
    normal = [value for value in found if says[value] == "normal"]
    if len(found) < 2:
        event = "1" if normal or not (events or words.isna().any()) else found[0]
        return LabelGuess(event_values=(event,))
    # Beside 2, or beside a word that says nothing, 1 says nothing either.
    telling = [*normal, *(value for value in events if not is_whole(value) or value in meanings_in(name))]
    decided = not denies(name) and "between" not in says.values() and len(events) < 2 and len(normal) < 2
    if decided and telling:
        event = events[0] if events else next(value for value in found if value not in normal)
        return LabelGuess(event_values=(event,))
    choices = [_meaning_of([value], [], [other]) for value, other in ((found[1], found[0]), tuple(found))]
    what = (
        f"The label {shown(name)} holds {counted(words)}, and nothing says which of them means an "
        "event. Which one does?"
    )
    return _asked(choices, name, what, "--event VALUE")


def _of_many(words: pd.Series, name: str, found: list[str]) -> LabelGuess:
    """Ask what three values or more mean; the first choice is what the values say."""
    if len(found) > MOST_VALUES:
        raise TableError(
            f"The label {shown(name)} holds {len(found)} distinct values: {counted(words, 90)}. "
            "Choose a column with few values, one of which marks the events."
        )
    says = _says(name, found)
    normal = [value for value in found if says[value] == "normal"] or found[:1]
    events = [value for value in found if says[value] == "event" and value not in normal]
    other = [value for value in found if value not in normal and value not in events]
    between = [value for value in other if says[value] == "between"]
    if not between and all(is_whole(value) for value in found):
        events, other = [*events, *other], []  # codes of several faults, and 0 for none
    if not events:
        events, other = [v for v in other if v not in between] or other, between
    choices = [_meaning_of(events, other, normal), _meaning_of([*events, *other], [], normal)]
    choices.append(_meaning_of(events, [], [*normal, *other]))
    if len(events) > 1:
        choices += [_meaning_of([v], [o for o in [*events, *other] if o != v], normal) for v in events]
    what = f"The label {shown(name)} holds {counted(words)}. Which of them mean an event?"
    return _asked(
        choices, name, what, "--event VALUE, with --leave-out VALUE and --normal VALUE for the rest"
    )


def _of_said(words: pd.Series, name: str, found: list[str], said: Labelling) -> LabelGuess:
    """Take what the analyst says; ask about a value that this leaves open."""
    events, left_out = said.event_values or (), said.left_out_values or ()
    normal = said.normal_values or ()
    unsaid = [value for value in found if value not in {*events, *left_out, *normal}]
    guess = LabelGuess(event_values=events, left_out_values=left_out, normal_values=normal)
    if not unsaid or len(unsaid) + len({*normal} & {*found}) < 2:
        return guess
    says = _says(name, unsaid)
    certain = [*normal, *(value for value in unsaid if says[value] == "normal")]
    if not normal and not certain:
        certain = unsaid[:1]
    rest = [value for value in unsaid if value not in certain]
    if not rest:
        return replace(guess, normal_values=tuple(certain))
    choices = [
        _meaning_of(events, [*left_out, *rest], certain),
        _meaning_of([*events, *rest], left_out, certain),
        _meaning_of(events, left_out, [*certain, *rest]),
    ]
    what = (
        f"The label {shown(name)} holds {counted(words, 40)}. If {quoted(events, 40)} "
        f"{'mean' if len(events) > 1 else 'means'} an event, what {'do' if len(rest) > 1 else 'does'} "
        f"{quoted(rest, 40)} mean?"
    )
    return _asked(choices, name, what, "--event, --leave-out or --normal with the value")


def _asked(choices: list[Choice], name: str, what: str, option: str) -> LabelGuess:
    unique = tuple({choice.value: choice for choice in choices}.values())
    first = Labelling().answered(unique[0].value)
    return LabelGuess(
        event_values=first.event_values or (),
        left_out_values=first.left_out_values or (),
        normal_values=first.normal_values or (),
        questions=(Question("event_values", name, what, unique, option),),
    )


def _meaning_of(events: Iterable[str], left_out: Iterable[str], normal: Iterable[str]) -> Choice:
    events, left_out, normal = list(events), list(left_out), list(normal)
    value = {"event_values": events, "left_out_values": left_out, "normal_values": normal}
    words = f"{joined(map(shown, events))} {'mean' if len(events) > 1 else 'means'} an event"
    if left_out:
        words += f"; rows with {joined(map(shown, left_out))} are left out"
    if len(normal) > 1:
        words += f"; {joined(map(shown, normal))} are normal"
    return Choice(json.dumps(value), words)


def _about_blanks(words: pd.Series, name: str) -> Question:
    line = line_of(words.index, int(np.flatnonzero(words.isna())[0]))
    what = (
        f"The label {shown(name)} holds {counted(words, 90)}; the first empty cell is in line {line}. "
        "Do empty cells mean no event?"
    )
    choices = (
        Choice('{"blank": "normal"}', "Yes, an empty cell means no event"),
        Choice('{"blank": "left out"}', "That is unknown: leave these rows out"),
    )
    return Question("blank", name, what, choices, "--blank normal")


def _says(name: str, values: Iterable[str]) -> dict[str, str | None]:
    by_name = meanings_in(name)
    return {value: by_name.get(value, meaning(value)) for value in values}
