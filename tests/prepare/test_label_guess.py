import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rare_event.errors import TableError
from rare_event.prepare.corrections import OpenQuestion
from rare_event.prepare.label_words import meaning, meanings_in
from rare_event.prepare.labelling import Labelling
from rare_event.prepare.schema import Schema, guess, guess_schema
from rare_event.prepare.table import read_table
from tests.prepare.examples import csv, frame, raw_of

NORMAL = ["NORMAL"] * 80


def file(values: Sequence[object], name: str = "label") -> pd.DataFrame:
    """A file of 100 rows with a label whose last values are given, and the first of them before."""
    filled = [*[values[0]] * (100 - len(values)), *values]
    return frame().drop(columns="y").assign(**{name: pd.Series(filled, dtype=object)})


SILENT = {
    "one in most rows": (file([0, 1] * 10 + [1] * 75), "1"),
    "true in most rows": (file([False] + [True] * 90), "True"),
    "yes in most rows": (file(["no"] + ["Yes"] * 90), "Yes"),
    "attack in most rows": (file(["Normal"] + ["Attack"] * 90), "Attack"),
    "ok in few rows": (file(["BREAK", "ok", "ok"]), "BREAK"),
    "the header says": (file([1, -1, -1], "Attack (1:No Attack -1:Attack)"), "-1"),
    "the header says it the other way round": (file([1, -1, -1], "fault (1=trip, -1=ok)"), "1"),
    "no attack is normal": (file(["No attack", "attack"]), "attack"),
    "yes in German": (file(["Nein"] + ["Ja"] * 90), "Ja"),
    "true in French": (file(["FAUX", "VRAI", "VRAI"]), "VRAI"),
    "a code beside 0": (file([0, 5, 5]), "5"),
    "minus 1 beside 0": (file([0, -1]), "-1"),
}


@pytest.mark.parametrize(("data", "event"), SILENT.values(), ids=SILENT.keys())
def test_the_value_that_says_event_is_the_event_however_frequent(data: pd.DataFrame, event: str) -> None:
    guessed = guess(raw_of(data))
    assert not guessed.questions
    assert guessed.schema.event_values == (event,) and guessed.schema.label == data.columns[-1]
    assert guessed.schema.left_out_values == () and guessed.schema.blank == "refused"


ASKED = {
    "letters": (file(["A", "B"]), ("B",)),
    "one and two": (file([1, 2, 2]), ("2",)),
    "minus one and one": (file([1, -1]), ("-1",)),
    "two normal words": (file(["ok", "good"]), ("good",)),
    "a name that denies": (file([0, 1], "no_fault"), ("1",)),
    "half known": (file(["ok", "unknown"]), ("unknown",)),
    "several faults": (file([0, 1, 2]), ("1", "2")),
}


@pytest.mark.parametrize(("data", "first"), ASKED.values(), ids=ASKED.keys())
def test_values_that_say_nothing_are_asked_for(data: pd.DataFrame, first: tuple[str, ...]) -> None:
    guessed = guess(raw_of(data))
    (question,) = guessed.questions
    assert question.about == "event_values" and question.column == data.columns[-1]
    assert question.what.endswith("?") and all(f"'{value}' in " in question.what for value in first)
    assert json.loads(question.choices[0].value)["event_values"] == list(first)
    assert guessed.schema.event_values == first and len(question.choices) >= 2
    with pytest.raises(OpenQuestion) as refused:
        read_table(csv(data))
    # Pages show the sentence; only the command line adds its option.
    assert "--event VALUE" in refused.value.on_command_line and "--" not in str(refused.value)


def test_each_answer_settles_its_question() -> None:
    for data, _ in ASKED.values():
        raw = raw_of(data)
        for choice in guess(raw).questions[0].choices:
            said = Labelling().answered(choice.value)
            guessed = guess(raw, said)
            assert not guessed.questions and guessed.schema.event_values == said.event_values
            marked = read_table(csv(data), schema=guessed.schema)
            assert 0 < marked.label.sum() < marked.n_rows


def test_three_states_are_named_with_their_counts() -> None:
    status = [*NORMAL, "BROKEN", *["RECOVERING"] * 9, *["NORMAL"] * 10]
    raw = raw_of(file(status, "machine_status"))
    (which,) = guess(raw).questions
    assert which.about == "label" and guess(raw).schema.label is None
    counts = "'NORMAL' in 90 rows, 'RECOVERING' in 9 rows and 'BROKEN' in 1 row"
    assert f"'machine_status' could be it (it holds {counts})" in which.what
    said = Labelling().answered(which.choices[0].value)
    (what,) = guess(raw, said).questions
    assert what.about == "event_values" and counts in what.what
    schema = guess_schema(raw, said.answered(what.choices[0].value))
    assert (schema.event_values, schema.left_out_values) == (("BROKEN",), ("RECOVERING",))
    with pytest.raises(TableError) as refused:
        guess_schema(raw)
    assert "--label" in refused.value.option and "--" not in str(refused.value)


def test_a_slip_is_named_and_offered_as_the_same_event() -> None:
    raw = raw_of(file(["Normal", *["Attack"] * 10, "A ttack", "A ttack"], "Normal/Attack"))
    (question,) = guess(raw).questions
    assert "'Normal' in 88 rows, 'Attack' in 10 rows and 'A ttack' in 2 rows" in question.what
    schema = guess_schema(raw, Labelling().answered(question.choices[0].value))
    assert set(schema.event_values) == {"Attack", "A ttack"} and schema.normal_values == ("Normal",)


def test_empty_cells_are_asked_about_and_never_guessed() -> None:
    data = (
        frame(label=frame()["y"].where(frame().index % 40 == 10)).drop(columns="y").replace({"label": {0: 1}})
    )
    (question,) = guess(raw_of(data)).questions
    assert question.about == "blank" and "nothing in 97 rows" in question.what and "line 2" in question.what
    assert question.option == "--blank normal" and "delete" not in question.what.casefold()
    table = read_table(csv(data), schema=guess_schema(raw_of(data), Labelling(blank="normal")))
    assert table.n_rows == 100 and table.label.sum() == 3
    assert any(r.fact == "blank labels" and r.count == 97 for r in table.remarks)
    with pytest.raises(OpenQuestion) as refused:
        read_table(csv(data))
    # Pages show the sentence; only the command line adds its option.
    assert "--blank normal" in refused.value.on_command_line and "--" not in str(refused.value)


def test_no_column_is_a_label_only_because_it_is_rare() -> None:
    rare = np.arange(100) == 50
    for column in ({"quality": np.where(rare, "Bad", "Good")}, {"valve": rare.astype(int)}, {"x9": ~rare}):
        raw = raw_of(frame(**column).drop(columns="y"))
        guessed = guess(raw)
        (question,) = guessed.questions
        assert guessed.schema.label is None and question.about == "label"
        (name,) = column
        assert f"'{name}'" in question.what and question.choices[-1].value == '{"labels": []}'
        assert guess_schema(raw, Labelling().answered(question.choices[-1].value)).label is None
        assert guess_schema(raw, Labelling((name,), event_values=("1", "Bad", "False"))).label == name


def test_two_columns_named_like_a_label_are_asked_for() -> None:
    raw = raw_of(frame(trip=frame()["y"], fault=np.arange(100) % 50 == 7).drop(columns="y"))
    (question,) = guess(raw).questions
    assert question.about == "label" and "'trip' and 'fault'" in question.what
    values = [json.loads(choice.value)["labels"] for choice in question.choices]
    assert values == [["trip"], ["fault"], ["trip", "fault"], []]
    any_of = guess_schema(raw, Labelling(("trip", "fault")))
    assert any_of.labels == ("trip", "fault") and set(any_of.event_values) == {"1", "True"}
    table = read_table(csv(raw), schema=any_of)
    assert np.flatnonzero(table.label).tolist() == [7, 10, 40, 57, 80]
    assert "'trip' in 3 rows, 'fault' in 2 rows; 5 rows in total" in table.remarks[-1].what
    assert "fault" not in table.frame.columns


def test_what_the_analyst_says_is_taken_and_what_it_leaves_open_is_asked() -> None:
    raw = raw_of(file([*NORMAL, "BROKEN", "RECOVERING", "RECOVERING"], "status"))
    named = Labelling(("status",), event_values=("BROKEN",))
    (question,) = guess(raw, named).questions
    assert "If 'BROKEN' means an event, what does 'RECOVERING' mean?" in question.what
    assert guess_schema(raw, Labelling(("status",), ("BROKEN",), ("RECOVERING",))).normal_values == ()
    both = guess_schema(raw, Labelling(("status",), ("BROKEN", "RECOVERING")))
    assert both.event_values == ("BROKEN", "RECOVERING") and not both.left_out_values
    with pytest.raises(TableError, match="no column 'state'"):
        guess_schema(raw, Labelling(("state",)))


def test_names_in_other_languages() -> None:
    for name in ("Abriss", "Störung", "défaut", "rotura"):
        assert guess_schema(raw_of(file([0, 1], name))).label == name
    assert guess(raw_of(file([0, 1], "Ventil"))).schema.label is None


def test_values_by_themselves() -> None:
    said = {"event": ["1", "TRUE", "A ttack", "not ok", "Sheet break", "abnormal", "-1"]}
    said |= {"normal": ["0", "OK", "no fault", "Running", "non-event", "False"], "between": ["RECOVERING"]}
    for kind, values in said.items():
        assert [meaning(value) for value in values] == [kind] * len(values)
    assert [meaning(value) for value in ("2", "B", "", "false alarm", "open")] == [None] * 5
    assert meanings_in("y") == {} and meanings_in("temp (0: cold)") == {}
    assert meanings_in("state (0 = ok, 1 = trip)") == {"0": "normal", "1": "event"}


def test_a_first_label_comes_before_a_further_one() -> None:
    with pytest.raises(TableError, match="no main label"):
        Schema(None, None, ("x1",), also=("y",))


def test_a_column_of_states_is_offered_where_nothing_else_can_be_the_label() -> None:
    guessed = guess(raw_of(file(["DRIFT", "STOPP", "STOPP", "UPPSTART"], "status")))
    (question,) = guessed.questions
    assert question.about == "label" and "'status'" in question.what
    for words in ("'DRIFT' in 97 rows", "'STOPP' in 2 rows", "'UPPSTART' in 1 row"):
        assert words in question.what
    assert guessed.schema.label is None


def test_a_state_after_an_event_is_not_taken_for_the_event_in_other_languages() -> None:
    words = ["Normalbetrieb", "Störabschaltung Stufe 2", "Wiederanfahren nach Störung", "Wartung laut Plan"]
    assert [meaning(word) for word in words] == ["normal", None, "between", "between"]
    raw = raw_of(file([words[0]] * 80 + words[1:] * 3, "Zustand"))
    (question,) = guess(raw, Labelling(("Zustand",))).questions
    offered = [json.loads(choice.value) for choice in question.choices]
    assert offered[0]["event_values"] == [words[1]] and set(offered[0]["left_out_values"]) == set(words[2:])
    assert meaning("Recovering after fault") == "between" and meaning("fault, cause unknown") is None
    assert meaning("startup failure") is None, "it may be the event"
    assert all(words[0] not in choice["event_values"] for choice in offered)


@pytest.mark.parametrize("name", ["event", "machine_status", "e" * 60])
@pytest.mark.parametrize("length", [3, 18, 25, 60])
@pytest.mark.parametrize("n_values", [2, 3, 4, 6, 8, 9, 40])
@pytest.mark.parametrize("blank", [False, True])
def test_what_is_said_of_long_values_stays_short(name: str, length: int, n_values: int, blank: bool) -> None:
    words = [f"w{number:02}".rjust(length, "w") for number in range(n_values)]
    rows = [words[number % n_values] for number in range(100)]
    data = file([*rows[:-1], np.nan] if blank else rows, name)
    answers = [Labelling((name,), event_values=events) for events in ((words[0],), tuple(words[:-1]))]
    for said in (Labelling(), Labelling((name,)), *answers):
        try:
            guessed = guess(raw_of(data), said)
        except TableError as error:
            assert len(str(error)) < 300, str(error)
            continue
        for sentence in [question.what for question in guessed.questions]:
            assert len(sentence) < 300, sentence
            assert "holds '" not in sentence or any(f"'{word[:39]}" in sentence for word in words)
        assert (
            not blank or any("nothing in 1 row" in q.what for q in guessed.questions) or said == Labelling()
        )
    # As of a file read before, whose events had another name.
    known = guess_schema(raw_of(file([0, 1], name)), Labelling((name,), ("1",)))
    others = tuple(f"other {word}" for word in words)
    with pytest.raises(TableError) as refused:
        read_table(csv(data), schema=replace(known, event_values=others, normal_values=(), blank="normal"))
    assert len(str(refused.value)) < 300 and "which should mark events" in str(refused.value), refused.value
    if n_values > 2:
        schema = replace(known, event_values=tuple(words[1:]), normal_values=(words[0],), blank="normal")
        (remark,) = [r.what for r in read_table(csv(data), schema=schema).remarks if r.fact == "label values"]
        assert len(remark) < 300 and "marks an event" in remark, remark


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("n_columns", [2, 5, 12])
def test_what_is_said_of_columns_with_long_names_stays_short(n_columns: int, named: bool) -> None:
    name = f"{'fault' if named else 'state'} of the pump in the second hall, number"
    states = {f"{name} {number}": np.arange(100) % 50 == number for number in range(n_columns)}
    (question,) = guess(raw_of(frame(**states).drop(columns="y"))).questions
    assert len(question.what) < 300, question.what
    assert ("are named like a label" in question.what) == named
    assert ("more" in question.what) == (n_columns > 2), question.what
    assert len(question.choices) > n_columns or n_columns > 8, "what is not listed can still be chosen"
