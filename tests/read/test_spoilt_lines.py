"""One spoilt line costs one line: nothing elsewhere changes."""

import csv
import io
import random
from collections import Counter

import numpy as np
import pytest

from rare_event.errors import TableError
from rare_event.read import encoding
from rare_event.read.lines import scan
from rare_event.read.raw import read_raw
from rare_event.read.shape import Shape
from tests.read.spoilt import DIALECTS, NAMES, SPOILS, judged, outcome, outcomes_among, spoilt, table


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_spoilt_line_is_left_out_and_named_and_nothing_else_changes(dialect: str) -> None:
    written, found = table(dialect), Counter[str]()
    places = random.Random(dialect).sample(range(2, 2000), 1)
    for line in (0, 1, *places, 2000):
        for column in range(len(NAMES)):
            for how in SPOILS:
                found.update(outcome(written, line, text) for text in spoilt(written, line, column, how))
    assert set(found) <= {"left out", "repaired", "refused"}
    # Only a spoilt header makes a file unusable.
    assert found["refused"] <= sum(len(list(spoilt(written, 0, c, h))) for c in range(5) for h in SPOILS)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_file_cut_in_its_last_line_loses_that_line(dialect: str) -> None:
    written = table(dialect, 200)
    whole = written.text().removesuffix("\n")
    start = whole.rindex("\n") + 1
    for end in range(start + 1, len(whole)):
        assert judged(written, 200, whole[:end]) == "left out", whole[start:end]
    assert judged(written, 200, whole) == "left in"


def test_a_spoilt_line_among_many_and_at_the_seams_of_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding, "BLOCK_BYTES", 3000)
    assert outcomes_among(2_000, (1, 61, 62, 63, 999, 2_000)) == {"left out"}


@pytest.mark.parametrize("block", [64, 1000, 1 << 22])
def test_cells_with_line_breaks_are_whole_and_count_one_line(
    block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoding, "BLOCK_BYTES", block)
    rows = [[str(k), f"{k / 4}", "note"] for k in range(300)]
    rows[7][2], rows[8][2], rows[250][2] = "two\nlines", 'a ""word""\n\nand, more\n', "\nend"
    text = "n,x,text\n" + "".join(f'{a},{b},"{c}"\n' for a, b, c in rows)
    spoilt_text = text.replace("\n100,", '\n1"00,')
    for content, missing in ((text, []), (spoilt_text, [102])):
        raw = read_raw(content.encode(), name="f.csv")
        assert list(raw.frame.index) == [line for line in range(2, 302) if line not in missing]
        expected = [row[2].replace('""', '"') for k, row in enumerate(rows) if k + 2 not in missing]
        assert raw.frame["text"].tolist() == expected
        left_out = [remark.lines for remark in raw.remarks if remark.fact == "lines left out"]
        assert left_out == [tuple(missing)] * bool(missing)


def test_up_to_one_line_in_a_hundred_is_left_out() -> None:
    lines = ["a,b,y", *(f"{k},{k / 8},0" for k in range(1000))]
    for line in range(90, 100):
        lines[line] += ",1"
    raw = read_raw("\n".join(lines).encode(), name="f.csv")
    (remark,) = raw.remarks
    assert remark.count == 10 and remark.lines == tuple(range(91, 101)) and "line 91:" in remark.what
    assert len(raw.frame) == 990 and "4 fields instead of 3" in remark.what
    lines[700] = lines[700][:-2]
    with pytest.raises(TableError, match="Line 91 of f.csv") as caught:
        read_raw("\n".join(lines).encode(), name="f.csv")
    assert "11 of 1,000 lines" in str(caught.value)


def test_quotation_marks_as_inches_are_kept() -> None:
    text = "n,pipe,x\n" + "".join(f'{k},{k % 9} 1/2" steel,{k / 4}\n' for k in range(300))
    raw = read_raw(text.encode(), name="f.csv")
    assert raw.frame["pipe"][9] == '7 1/2" steel' and len(raw.frame) == 300 and not raw.remarks


def test_lines_of_zero_bytes_are_left_out() -> None:
    lines = ["a,b,y", *(f"{k},{k / 8},0" for k in range(300))]
    lines.insert(150, "\0" * 80)
    raw = read_raw("\n".join(lines).encode(), name="f.csv")
    assert (
        len(raw.frame) == 300
        and raw.remarks[0].lines == (151,)
        and "characters that cannot be read" in raw.remarks[0].what
    )
    assert raw.frame["a"].dtype == np.float32


def records(text: str, width: int) -> list[list[str]] | None:
    """The rows of a text by Python's own parser, which is strict; None if it finds a fault."""
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error:
        return None
    return rows if all(len(row) == width for row in rows) else None


def test_scanned_records_are_those_of_a_plain_parser() -> None:
    """Random lines of a few signs: what is kept parses strictly, and a file without a fault is kept whole."""
    pick, whole = random.Random(5), 0
    for _ in range(3000):
        text = "".join(pick.choice(['"', '"', ",", ",", "x", "y", "\n"]) for _ in range(pick.randrange(30)))
        found = scan(text.encode(), Shape(b",", 2))
        kept = records(found.clean.decode(), 2)
        assert kept is not None and len(kept) == len(found.rows)
        assert found.n_records >= len(found.rows) + len(found.left_out) and (np.diff(found.rows) > 0).all()
        plain = records(text, 2)
        odd = '"\n' in text or '\n"' in text or any('"' in cell for row in plain or [] for cell in row)
        if plain and not odd and not any(set("".join(row)) <= {","} for row in plain):
            whole += 1
            assert kept == plain
    assert whole > 10


def test_a_separator_within_a_quoted_cell_costs_its_line_or_is_named() -> None:
    written = table("all quoted")
    for column, name in enumerate(NAMES):
        for line in (1, 900, 2000):
            cell = written.lines[line][column]
            for at in (1, len(cell) // 2, len(cell) - 1):
                cells = [*written.lines[line]]
                cells[column] = cell[:at] + "," + cell[at:]
                found = outcome(written, line, ",".join(cells))
                # A comma in "slow, then fast" is no stray one.
                assert found in (("left out", "repaired") if name != "state" else ("left in",)), cells


def test_a_separator_that_one_text_alone_holds_is_taken_out_or_named() -> None:
    lines = ["n,grade,y", *(f'{k},"{"board" if k % 3 else "kraft, white"}",{k % 2}' for k in range(300))]
    plain = read_raw("\n".join(lines).encode(), name="f.csv")
    assert "separator in a cell" not in [remark.fact for remark in plain.remarks]
    lines = [line.replace("kraft, white", "kraft") for line in lines]
    lines[5], lines[8] = '4,"bo,ard",0', '7,"trial, new",1'
    raw = read_raw("\n".join(lines).encode(), name="f.csv")
    assert raw.frame["grade"].iloc[[4, 7]].tolist() == ["board", "trial, new"] and len(raw.frame) == 300
    (remark,) = [remark for remark in raw.remarks if remark.fact == "separator in a cell"]
    assert remark.lines == (6, 9) and "'bo,ard' in line 6 is read as 'board'" in remark.what


@pytest.mark.parametrize(
    ("name", "read"), [('"level,"', "level"), ('",level"', "level"), ('"le,vel"', "le,vel")]
)
def test_a_separator_within_a_name_is_said(name: str, read: str) -> None:
    text = table("all quoted", 200).text().replace('"level"', name, 1)
    raw = read_raw(text.encode(), name="f.csv")
    assert raw.frame.columns[2] == read and raw.frame.columns[1] == "flow"
    assert [remark.lines for remark in raw.remarks] == [(1,)] and "holds the separator" in raw.remarks[0].what


def test_many_spoilt_cells_are_refused_with_the_first_line() -> None:
    written = table("all quoted", 300)
    for line in range(10, 13):
        written.lines[line][1] = written.lines[line][1].replace(".", ",.")
    assert read_raw(written.text().encode(), name="f").remarks[0].lines == (11, 12, 13)
    written.lines[20][0] = written.lines[20][0].replace("-", ",-", 1)
    with pytest.raises(TableError, match="Line 11 of f does not fit.*column 'flow' holds.* 4 of 300 lines"):
        read_raw(written.text().encode(), name="f")


def test_a_line_that_alone_ends_with_an_empty_cell_is_named() -> None:
    written = table("semicolon", 300)
    written.lines[7][-1] = ""
    (remark,) = [r for r in read_raw(written.text().encode(), name="f").remarks if r.column == "trip"]
    assert remark.lines == (8,) and "empty only in line 8" in remark.what
    written.lines[9][-1] = ""
    assert not [r for r in read_raw(written.text().encode(), name="f").remarks if r.column == "trip"]
