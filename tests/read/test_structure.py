"""Files whose lines above, between and below the data are not data."""

import pytest

from rare_event.errors import TableError
from rare_event.read.raw import read_raw
from rare_event.read.table import RawTable, Reading

ROWS = [
    f"2023-01-09 {6 + i // 30:02d}:{2 * i % 60:02d}:00,{80 + i / 7:.2f},{5 + i / 9:.3f},0" for i in range(60)
]
HEADER = "time,temp,press,trip"
PLAIN = "\n".join([HEADER, *ROWS]) + "\n"


def read(text: str, **said: object) -> RawTable:
    return read_raw(text.encode(), name="f.csv", said=Reading(**said))  # type: ignore[arg-type]


def facts(raw: RawTable) -> dict[str, tuple[int | str, ...]]:
    return {remark.fact: remark.lines for remark in raw.remarks}


def same_values(raw: RawTable, n_rows: int = 60) -> bool:
    plain = read(PLAIN).frame.iloc[:n_rows]
    return len(raw.frame) == n_rows and all(
        list(raw.frame.iloc[:, k]) == list(plain.iloc[:, k]) for k in range(4)
    )


def test_a_plain_file_is_read_without_a_remark() -> None:
    raw = read(PLAIN)
    assert raw.remarks == () and raw.questions == () and list(raw.frame.index) == list(range(2, 62))
    assert raw.frame["temp"].iloc[7] == pytest.approx(81) and raw.reading.header == 1
    assert read_raw(PLAIN.encode(), name="f.csv", said=raw.reading).frame.equals(raw.frame)


def marked(line: str) -> str:
    """A line with doubled quotation marks around all its cells but the first."""
    first, *rest = line.split(",")
    return ",".join([first, *(f'""{cell}""' for cell in rest)])


SPECIAL = {
    "separator line": ("sep=,\n" + PLAIN, {"separator line": (1,)}, 2),
    "quoted separator line": ('"sep=,"\n' + PLAIN, {"separator line": (1,)}, 2),
    "preamble": ("Plant 7\nexported by hand\n\n" + PLAIN, {"preamble": (1, 2)}, 4),
    "padded preamble": ("Plant 7,,,\nshift,2,,\n" + PLAIN, {"preamble": (1, 2)}, 3),
    "comments": ("#group,false,false,false\n# made up\n" + PLAIN, {"comment lines": (1, 2)}, 3),
    "header in a comment": ("# time,temp,press,trip\n" + "\n".join(ROWS) + "\n", {}, 1),
    "units": (PLAIN.replace("\n", "\ndd.mm.yyyy,degC,bar,-\n", 1), {"units row": (2,)}, 1),
    "trailing separators": (PLAIN.replace("\n", ",\n"), {"empty columns": ()}, 1),
    "trailing separators below": (
        PLAIN.replace("\n", ",\n").replace(",\n", "\n", 1),
        {"empty columns": ()},
        1,
    ),
    "lines of separators": (PLAIN + ",,,\n,,,\n", {}, 1),
    "empty line": ("\n".join([HEADER, *ROWS[:5], "", *ROWS[5:]]), {"empty lines": (7,)}, 1),
    "header again": (
        "\n".join([HEADER, *ROWS[:9], HEADER, *ROWS[9:30], HEADER, *ROWS[30:]]),
        {"header repeated": (11, 33)},
        1,
    ),
    "units again": (
        "\n".join([HEADER, ",degC,bar,", *ROWS[:9], HEADER, ",degC,bar,", *ROWS[9:]]),
        {"units row": (2,), "header repeated": (12, 13)},
        1,
    ),
    "whole lines in quotation marks": (
        "".join(f'"{line}"\n' for line in [HEADER, *ROWS]),
        {"lines in quotation marks": ()},
        1,
    ),
    "whole lines and cells in quotation marks": (
        "".join(f'"{marked(line)}"\n' for line in [HEADER, *ROWS]),
        {"lines in quotation marks": ()},
        1,
    ),
    "whole lines in quotation marks, padded": (
        "".join(f'"{line}",,\n' for line in [HEADER, *ROWS]),
        {"lines in quotation marks": ()},
        1,
    ),
    "two byte order marks": ("\ufeff\ufeff" + PLAIN, {}, 1),
    "carriage returns": (PLAIN.replace("\n", "\r\n"), {}, 1),
    "old line breaks": (PLAIN.replace("\n", "\r"), {}, 1),
    "comma in a note": (PLAIN.replace(",0\n", ',"0"\n'), {}, 1),
}


@pytest.mark.parametrize(("text", "found", "header"), SPECIAL.values(), ids=SPECIAL.keys())
def test_what_is_not_data_is_skipped_and_told(text: str, found: dict[str, object], header: int) -> None:
    raw = read(text)
    assert list(raw.frame.columns) == ["time", "temp", "press", "trip"]
    assert same_values(raw) and facts(raw) == found and raw.reading.header == header
    assert not raw.questions and not any(remark.kind == "problem" for remark in raw.remarks)
    again = read_raw(text.encode(), name="f.csv", said=raw.reading)
    assert again.frame.equals(raw.frame) and again.frame.index.equals(raw.frame.index)


def test_the_names_of_two_lines_are_joined() -> None:
    raw = read(PLAIN.replace(HEADER, ",Reactor,,Line\ntime,T,p,trip\n,°C,bar,"))
    assert list(raw.frame.columns) == ["time", "T", "p", "trip"] and facts(raw).keys() == {
        "preamble",
        "units row",
    }
    raw = read(PLAIN.replace(HEADER, "time,Reactor,,Line\n,value,status,trip"))
    assert list(raw.frame.columns) == ["time", "Reactor value", "Reactor status", "Line trip"]
    assert facts(raw) == {"header of several lines": (1, 2)} and same_values(raw)


def test_line_breaks_in_the_header_count_one_row() -> None:
    raw = read(PLAIN.replace("temp,press", '"temp\n[°C]","press\n\n[bar]"'))
    assert list(raw.frame.columns) == ["time", "temp [°C]", "press [bar]", "trip"]
    assert list(raw.frame.index) == list(range(2, 62)) and raw.remarks == ()


def test_a_missing_header_is_asked() -> None:
    text = "\n".join(ROWS)
    raw = read(text)
    assert [question.about for question in raw.questions] == [
        "header"
    ] and "Does the file have a header" in raw.questions[0].what
    without = read(text, header=0)
    assert list(without.frame.columns) == [f"column_{k}" for k in range(1, 5)] and not without.questions
    assert list(without.frame.index) == list(range(1, 61)) and same_values(without)
    named = read(text, header=1)
    assert named.frame.columns[1] == "80.00" and len(named.frame) == 59 and not named.questions


def test_columns_without_a_name() -> None:
    numbered = "\n".join(f"{k},{row}" for k, row in enumerate(ROWS))
    raw = read("," + HEADER + "\n" + numbered)
    assert same_values(raw) and facts(raw) == {"row numbers": ()}
    raw = read(HEADER + ",\n" + "\n".join(f"{row},7.5" for row in ROWS))
    assert raw.frame["column_5"].tolist() == [7.5] * 60 and facts(raw) == {"column without a name": ()}
    assert "trip" in raw.frame and "" not in raw.frame


@pytest.mark.parametrize("name", [" temp", "temp ", "te\u200bmp", "temp\ufeff"])
def test_names_that_look_alike_are_told_apart(name: str) -> None:
    raw = read(PLAIN.replace("press", name))
    assert "temp" in raw.frame and raw.frame.columns[2] == "temp (column 3)"
    assert facts(raw).keys() == {"names alike"} and "columns 2 and 3" in raw.remarks[0].what


def test_no_control_character_comes_out_of_a_name() -> None:
    raw = read(PLAIN.replace("press", "\x1b]0;owned\x07\x1b[31mred"))
    assert raw.frame.columns[2] == "]0;owned[31mred"
    with pytest.raises(TableError) as caught:
        read(PLAIN.replace("press", "a\x1b[31m").replace("temp", "a\x1b[31m"))
    assert str(caught.value).isprintable()


def test_blanks_before_quotation_marks_are_refused() -> None:
    rows = "".join(f'{k}, "slow, then fast", {k / 4}\n' for k in range(50))
    with pytest.raises(TableError, match="f.csv has spaces before quotation marks"):
        read("n, state, x\n" + rows)
    assert read("n, state, x\n" + rows.replace(', "', ',"')).frame.shape == (50, 3)


SECOND = {
    "same width": "time,flow,level,pump\n" + "\n".join(ROWS[:9]),
    "after an empty line": "\n\ntime,flow,level,pump\n" + "\n".join(ROWS[:9]),
    "narrower": "\nalarm,count\n" + "\n".join(f"a{k},{k}" for k in range(9)),
}


@pytest.mark.parametrize("below", SECOND.values(), ids=SECOND.keys())
def test_a_second_table_below_is_refused_with_its_line(below: str) -> None:
    line = 62 + len(below) - len(below.lstrip("\n"))
    with pytest.raises(TableError, match=f"line {line}\\b.* f.csv|f.csv .*line {line}\\b") as caught:
        read(PLAIN + below)
    assert "second table" in str(caught.value).casefold() and len(str(caught.value)) < 300
    assert same_values(read(PLAIN + "\nSummary,,,\nend of export\n"))


def test_sums_below_the_data_are_left_out_and_named() -> None:
    below = [f"{word},80.00,5.100,0" for word in ("Sum", "Mittelwert", "Average", "min", "Max", "Std.")]
    raw = read("\n".join([PLAIN.rstrip("\n"), *below]))
    assert same_values(raw) and facts(raw) == {"lines left out": tuple(range(62, 68))}
    assert "sums, means or limits" in raw.remarks[0].what


def test_files_put_together_lose_the_line_with_the_byte_order_mark() -> None:
    text = PLAIN.rstrip("\n").split("\n")
    raw = read("\n".join([*text[:30], "\ufeff" + HEADER, *text[30:]]))
    assert same_values(raw) and facts(raw) == {"lines left out": (31,)}
    assert "invisible mark (BOM)" in raw.remarks[0].what
