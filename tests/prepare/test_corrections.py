"""What the analyst says goes before every guess, and an open question stops the reading."""

import pytest

from rare_event.errors import TableError
from rare_event.prepare import join
from rare_event.prepare.corrections import NO_CORRECTIONS, Corrections, OpenQuestion, in_words, roles
from rare_event.prepare.table import read_table
from rare_event.read import table as reading
from rare_event.read.raw import read_raw
from rare_event.read.table import Choice, Question, RawTable, Reading

FILE = b"at,also at,y,state,x1,x2\n" + b"".join(
    b"2026-01-01 00:%02d,2026-02-01 00:%02d,%d,%s,%d.5,%d.25\n"
    % (i, i, i % 7 == 0, b"bad" if i % 5 == 0 else b"good", i, 3 * i)
    for i in range(50)
)
DECIMAL = Question(
    "decimal",
    "x1",
    "Column 'x1' holds '80,000'. Is it a decimal number?",
    (Choice(",", "a decimal comma", "80"), Choice(".", "thousands", "80,000")),
    "--decimal , or --decimal .",
)


def test_nothing_said_reads_as_before() -> None:
    table = read_table(FILE)
    assert read_table(FILE, said=NO_CORRECTIONS).schema == table.schema
    assert table.schema.label == "y" and table.schema.time == "at"


@pytest.mark.parametrize(
    ("said", "field", "value"),
    [
        (Corrections(label=("state",), event=("bad",)), "label", "state"),
        (Corrections(label=("state",), event=("bad",)), "event_values", ("bad",)),
        (Corrections(label=("state",), event=("good",)), "event_values", ("good",)),
        (Corrections(event=("0",)), "event_values", ("0",)),
        (Corrections(Reading(time=("also at",))), "time", "also at"),
        (Corrections(Reading(time=())), "time", None),
    ],
)
def test_what_is_said_becomes_the_role(said: Corrections, field: str, value: object) -> None:
    assert getattr(read_table(FILE, said=said).schema, field) == value


def test_an_ignored_column_is_not_used_and_the_others_stay() -> None:
    schema = read_table(FILE, said=Corrections(ignore=("x1",))).schema
    assert "x1" in schema.ignored and schema.sensors == ("x2",)


def test_a_schema_is_taken_as_it_is_and_single_corrections_go_before_it() -> None:
    found = read_table(FILE).schema
    assert read_table(FILE, said=Corrections(schema=found)).schema == found
    changed = read_table(FILE, said=Corrections(schema=found, label=("state",), event=("bad",))).schema
    assert (changed.label, changed.event_values) == ("state", ("bad",))
    assert "y" in changed.ignored and changed.sensors == found.sensors


@pytest.mark.parametrize(
    "said",
    [
        Corrections(label=("z",)),
        Corrections(ignore=("z",)),
        Corrections(assets="z"),
        Corrections(Reading(time=("z",))),
        Corrections(Reading(time=("z", "at"))),
    ],
)
def test_a_column_that_does_not_exist_is_named(said: Corrections) -> None:
    with pytest.raises(TableError, match=r"no column 'z'\. It has 'at', 'also at'"):
        roles(read_raw(FILE, name="f").frame, said)
    with pytest.raises(TableError, match=r"no column 'z'\. It has 'at', 'also at'"):
        read_table(FILE, said=said)


def test_a_column_is_found_by_its_name_without_the_spaces_around_it() -> None:
    first, *lines = FILE.decode().splitlines()
    padded = "\n".join([",".join(f" {name} " for name in first.split(",")), *lines]).encode()
    said = Corrections(Reading(time=("at",)), label=("y",), ignore=("also at",))
    found = read_table(padded, said=said).schema
    assert (found.time, found.labels, found.ignored) == (" at ", (" y ",), (" also at ",))
    # A name that is written so goes before one with spaces.
    both = read_raw(b"t,y, y \n" + b"".join(b"%d,0,%d\n" % (k, k % 2) for k in range(60)), name="f").frame
    assert roles(both, Corrections(label=("y",))).labels == ("y",)


def test_an_open_question_stops_and_names_column_values_and_option(monkeypatch) -> None:
    raw = read_raw(FILE, name="f")
    asked = RawTable(raw.frame, raw.reading, questions=(DECIMAL,))
    monkeypatch.setattr(join, "read_raw", lambda *_, **__: asked)
    with pytest.raises(OpenQuestion) as caught:
        read_table(FILE)
    assert caught.value.questions == (DECIMAL,)
    for word in ("x1", "80,000", "--decimal", "a decimal comma", "thousands"):
        assert word in caught.value.on_command_line
    assert in_words(DECIMAL) == caught.value.on_command_line
    # Pages show the sentence alone.
    assert "--" not in str(caught.value) and "thousands" in str(caught.value)


@pytest.mark.parametrize(
    ("about", "value", "field", "expected"),
    [
        ("decimal", ",", "decimal", ","),
        ("header", "3", "header", 3),
        ("time", "at", "time", ("at",)),
        ("layout", "long", "layout", "long"),
    ],
)
def test_an_answer_about_reading_sets_its_field_only(about, value, field, expected) -> None:
    asked = Question(about, None, "Which?", (), "--x")
    answered = NO_CORRECTIONS.answer(asked, Choice(value, "this"))
    assert getattr(answered.reading, field) == expected
    assert answered.schema is None and not answered.label
    others = {name: value for name, value in vars(answered.reading).items() if name != field}
    assert others == {name: value for name, value in vars(reading.AS_FOUND).items() if name != field}


@pytest.mark.parametrize(
    ("about", "value", "field", "expected"),
    [
        ("label", "y", "label", ("y",)),
        ("event_value", "-1", "event", ("-1",)),
        ("event", "-1", "event", ("-1",)),
        ("blank", "normal", "blank", "normal"),
        ("assets", "machine", "assets", "machine"),
    ],
)
def test_an_answer_about_roles_sets_its_field_only(about, value, field, expected) -> None:
    answered = NO_CORRECTIONS.answer(Question(about, None, "Which?", (), "--x"), Choice(value, "this"))
    assert getattr(answered, field) == expected
    assert answered.reading == reading.AS_FOUND
