import pytest

from rare_event.read import encoding
from rare_event.read.raw import read_raw
from rare_event.read.table import Reading

ROWS = "".join(f"2023-01-09 06:{k % 60:02d}:00,{k / 4},0\n" for k in range(300))


@pytest.mark.parametrize("name", ["Dämpfung", "Temperatur °C", "Débit réel", "Flujo ñ", "Tryk på fødepumpe"])
def test_words_of_western_europe_in_single_bytes(name: str) -> None:
    raw = read_raw(f"time,{name},y\n{ROWS}".encode("cp1252"), name="f")
    assert raw.frame.columns[1] == name and not raw.questions
    assert [remark.fact for remark in raw.remarks] == ["encoding"] and raw.remarks[0].what.count(
        "cp1252"
    ) == 1


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Температура", "cp1251"),
        ("Dämpfung", "cp850"),
        ("Kühlöl °C", "mac_roman"),
        ("温度センサー", "shift_jis"),
    ],
)
def test_other_bytes_never_become_nonsense_in_silence(name: str, written: str) -> None:
    content = f"time,{name},y\n{ROWS}".encode(written)
    raw = read_raw(content, name="f")
    asked = [question.about for question in raw.questions] == ["encoding"]
    assert asked or (raw.frame.columns[1] == name and raw.remarks[0].fact == "encoding")
    right = read_raw(content, name="f", said=Reading(encoding=written))
    assert right.frame.columns[1] == name and not right.questions


@pytest.mark.parametrize("kind", ["utf-8", "utf-16"])
def test_a_file_cut_within_a_character_is_said_to_be_cut(kind: str) -> None:
    content = f"time,Öl,y\n{ROWS}2023-01-09 12:00:00,1.5,ä".encode(kind)[:-1]
    raw = read_raw(content, name="f")
    assert (
        raw.frame.columns[1] == "Öl"
        and len(raw.frame) == 300
        and str(raw.reading.encoding).startswith("utf-")
    )
    assert raw.remarks[0].lines == (302,) and "end in the middle of this line" in raw.remarks[0].what


def test_damaged_bytes_cost_their_line_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding, "BLOCK_BYTES", 1000)
    rows = ROWS.replace(",0\n", ",ö\n").encode()
    place = rows.index(b",25.0,")
    raw = read_raw("time,Öl,y\n".encode() + rows[:place] + b"\xff" + rows[place:], name="f")
    assert raw.frame.columns[1] == "Öl" and len(raw.frame) == 299 and set(raw.frame["y"]) == {"ö"}
    assert raw.remarks[0].lines == (102,) and raw.reading.encoding == "utf-8"


def test_letters_of_a_mac_are_not_taken_for_those_of_windows() -> None:
    content = f"time,Störung,y\n{ROWS}".encode("mac_roman")
    raw = read_raw(content, name="f")
    (question,) = raw.questions
    assert question.about == "encoding" and ("mac_roman", "'Störung'") in {
        (choice.value, choice.example) for choice in question.choices
    }
