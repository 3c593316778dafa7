import numpy as np
import pandas as pd
import pytest

from rare_event.errors import TableError
from rare_event.prepare.table import read_table
from rare_event.read.raw import read_raw
from rare_event.read.table import RawTable, Reading

# Cells, separator, the value of each cell (None: missing), words of the remark.
READ = {
    "thousands commas": (["1,000.5", "980.25", "12,345,678.75"], [1000.5, 980.25, 12345678.75], "thousands"),
    "thousands points": (["1.000,5", "980,25", "1.234.567"], [1000.5, 980.25, 1234567], "thousands"),
    "apostrophes": (["1'000", "980.25", "1\u2019234\u2019567"], [1000, 980.25, 1234567], "thousands"),
    "spaces": (["1 000,5", "980,25", "1\u00a0234\u202f567"], [1000.5, 980.25, 1234567], "thousands"),
    "two groups": (["1,234,567", "1,234", "999"], [1234567, 1234, 999], "thousands"),
    "minus after apostrophe": (["'-0.60", "0.25", "'-.5", "'+3"], [-0.6, 0.25, -0.5, 3], "apostrophe"),
    "typographic minus": (["\u22120.60", "0.25", "\u22123", "7"], [-0.6, 0.25, -3, 7], "dash"),
    "plus": (["+1.5", "+2", "-3", "4.25"], [1.5, 2, -3, 4.25], ""),
    "exponents": (["1.5e3", "2E-2", "-1e+1", "4.25"], [1500, 0.02, -10, 4.25], ""),
    "unit": (["79.31 °C", "80 °C", "-1.5 °C", "4.25°C"], [79.31, 80, -1.5, 4.25], "'°C'"),
    "percent": (["45 %", "45.5%", "0%", "3.5 %"], [45, 45.5, 0, 3.5], "'%'"),
    "unit and comma": (["1.234,5 m³/h", "2,5 m³/h", "7 m³/h"], [1234.5, 2.5, 7], "'m³/h'"),
    "historian": (["1.5", "Bad", "2.5", "Bad", "3.5"], [1.5, None, 2.5, None, 3.5], "'Bad' 2 times"),
    "sentence": (
        ["1,5", "[-11059] No Good Data For Calculation", "2,5", "3,5"],
        [1.5, None, 2.5, 3.5],
        "'[-11059] No Good Data For Calculation' in line 3",
    ),
    "odd text": (["1.5", "2.5", "n.a. (off)", "3.5"], [1.5, 2.5, None, 3.5], "'n.a. (off)' in line 4"),
    "decimals with zeros": (["80.000", "5.20", "0.125"], [80, 5.2, 0.125], ""),
    "only long ones grouped": (["12.345", "1234", "12.345.678"], [12345, 1234, 12345678], ""),
    "indian grouping": (["1,23,456.5", "12.5", "12,00,000"], [123456.5, 12.5, 1200000], "thousands"),
    "Fortran exponents": (["8.01700D+01", "1.2D-03", "-5.0D+000"], [80.17, 0.0012, -5], ""),
    "formulas": (['="80.17"', '="-3"', '="7"', '="0.5"'], [80.17, -3, 7, 0.5], "formulas"),
    "NaN of C": (["1.5", "-1.#IND", "1.#QNAN", "3", "4"], [1.5, None, None, 3, 4], "'-1.#IND' in line 3"),
    "brackets for minus": (["(5.25)", "1.5", "(0.5)", "(3)"], [-5.25, 1.5, -0.5, -3], "brackets"),
    "minus behind": (["5,25-", "1,5", "0,5-", "3-"], [-5.25, 1.5, -0.5, -3], "minus sign after"),
    "blank after the sign": (["- 5.25", "1.5", "+ 2.5", "-3"], [-5.25, 1.5, 2.5, -3], "spaces after"),
    "currency before": (["€ 993.5", "€5.2", "-€ 3", "€ -4"], [993.5, 5.2, -3, -4], "'€'"),
    "currency code": (["EUR 12", "EUR 1,234.5", "EUR 2.5"], [12, 1234.5, 2.5], "'EUR'"),
    "dollars": (["$5.2", "$1,000.25", "$7"], [5.2, 1000.25, 7], "'$'"),
    "spelt infinite": (["inf", "1.5", "2.5", "-inf"], [np.inf, 1.5, 2.5, -np.inf], ""),
}  # fmt: skip

# Cells that are no numbers, and words of the remark.
REFUSED = {
    "brackets": (["(5.2)", "1.5", "2.5", "3.5", "4.5", "6.5"], "'(5.2)' in line 2"),
    "hexadecimal": (["0x1F", "1.5", "2.5", "3.5", "4.5", "6.5"], "'0x1F' in line 2"),
    "odd groups": (["1,23,4567", "12.5", "1,00,000.5"], "written differently"),
    "mixed units": (["5.2 bar", "79 mbar", "3 bar", "4 bar"], "'79 mbar' in line 3"),
    "some units": (["5.2 bar", "79", "3 bar", "4 bar"], "'79' in line 3"),
    "both signs": (["1.234", "1,234", "5"], "written differently"),
    "half texts": ([str(i + 0.5) for i in range(5)] + list("abcde"), "'a' in line 7"),
    "brackets and minus": (["(5.2)", "(1.5)", "(2.5)", "-3.5", "4.5", "6.5"], "'(5.2)' in line 2"),
    "two currencies": (["€ 5.2", "$ 7", "€ 3", "€ 4"], "'$ 7' in line 3"),
    "minus behind": (["5.2-", "1.5-", "2.5", "3.5", "4.5", "6.5"], "'5.2-' in line 2"),
}


def table(cells: list[str], *, other: tuple[str, ...] = (), said: Reading | None = None) -> RawTable:
    """Read a file with semicolons of a column of texts and one of numbers."""
    filling = (
        [other[i % len(other)] for i in range(len(cells))] if other else [str(i) for i in range(len(cells))]
    )
    lines = ["x;n;y"] + [
        f"{cell};{n};{i % 2}" for i, (cell, n) in enumerate(zip(cells, filling, strict=True))
    ]
    return read_raw("\n".join(lines).encode(), name="f", said=said or Reading())


@pytest.mark.parametrize(("cells", "values", "words"), READ.values(), ids=READ.keys())
def test_numbers_are_read_in_their_notation(cells: list[str], values: list[float | None], words: str) -> None:
    raw = table(cells)
    np.testing.assert_allclose(raw.frame["x"], pd.Series(values, dtype=float), rtol=1e-6)
    said = [remark.what for remark in raw.remarks if remark.column == "x"]
    assert any(words in what for what in said) if words else not raw.questions
    for line, text, value in raw.written.get("x", ()):
        assert text == cells[line - 2] and float(value) == pytest.approx(values[line - 2])


@pytest.mark.parametrize(("cells", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_number_stays_a_text_and_is_named(cells: list[str], words: str) -> None:
    raw = table(cells)
    assert raw.frame["x"].tolist() == cells and not raw.questions
    assert [remark.kind for remark in raw.remarks if remark.column == "x"] == ["warning"]
    assert any(words in remark.what for remark in raw.remarks)


@pytest.mark.parametrize(
    ("cells", "mark"),
    [(["80,000", "5,200", "2,000"], ","), (["1.016", "998", "1.000"], "."), (["5.200", "6.100"], ".")],
)
def test_what_three_digits_mean_is_asked(cells: list[str], mark: str) -> None:
    raw = table(cells)
    (question,) = raw.questions
    other = "," if mark == "." else "."
    assert (question.about, question.column) == ("decimal", "x") and "line 2" in question.what
    assert [choice.value for choice in question.choices] == [mark, other]
    assert raw.frame["x"].tolist() == cells  # no number before the answer
    as_decimal = [float(cell.replace(mark, ".")) for cell in cells]
    as_thousands = [float(cell.replace(mark, "")) for cell in cells]
    for decimal, expected in ((mark, as_decimal), (other, as_thousands)):
        answered = table(cells, said=Reading(decimal=decimal))
        np.testing.assert_allclose(answered.frame["x"], expected, rtol=1e-6)
        assert not answered.questions
    with pytest.raises(TableError, match="two ways") as caught:
        read_table("\n".join(["x;y", *(f"{cell};0" for cell in cells), "7;1"]).encode())
    assert f"--decimal '{mark}'" in caught.value.on_command_line


@pytest.mark.parametrize(("other", "values"), [("2,50", [1016.0, 998.0]), ("2.50", [1.016, 998.0])])
def test_another_column_tells_what_a_point_means(other: str, values: list[float]) -> None:
    raw = table(["1.016", "998"], other=(other,))
    np.testing.assert_allclose(raw.frame["x"], values, rtol=1e-6)
    assert raw.frame["n"].tolist() == [2.5, 2.5] and not raw.questions


def test_columns_that_disagree_settle_nothing() -> None:
    text = "x;n;m;y\n1.016;2,50;2.50;0\n998;2,50;2.75;1\n"
    raw = read_raw(text.encode(), name="f")
    assert raw.frame["n"].tolist() == [2.5, 2.5] and raw.frame["m"].tolist() == [2.5, 2.75]
    assert [question.column for question in raw.questions] == ["x"]


def test_three_decimals_in_all_cells_of_a_long_file_are_decimals() -> None:
    rows = [f"{80 + i % 7}.{i % 10}34,5.2{i % 10}1,{i % 2}" for i in range(30)]
    text = "\n".join(["x,z,y", *rows])
    raw = read_raw(text.encode(), name="f")
    assert raw.frame["x"].iloc[1] == np.float32(81.134) and not raw.questions
    # Between semicolons the point could be one of thousands, and in a short file it may be by chance.
    for other in (text.replace(",", ";"), "\n".join(text.splitlines()[:10])):
        assert [question.column for question in read_raw(other.encode(), name="f").questions] == ["x"]
    long = "\n".join(["x;z;y", *rows * 4]).replace(",", ";")
    assert read_raw(long.encode(), name="f").frame["z"].iloc[1] == np.float32(5.211)
    # Numbers that reach from thousand to a million are no decimals of one sensor.
    wide = long.replace("\n", "\n1", 1).replace(";5.2", ";505.2").replace("505.2", "5.2", 1)
    assert read_raw(wide.encode(), name="f").questions


def test_a_notation_that_shows_late_is_that_of_the_whole_column(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rare_event.read.encoding.BLOCK_BYTES", 1000)
    cells = [f"1.{i:03d}" for i in range(100)] * 10 + ["1.000.000"]
    raw = table(cells)
    assert raw.frame["x"].tolist() == [1000.0 + i for i in range(100)] * 10 + [1e6]
    words = ["1.5", "2.5", "3.5"] * 400 + ["Bad"] * 3
    raw = table(words)
    assert raw.frame["x"].isna().sum() == 3 and raw.frame["x"].iloc[:2].tolist() == [1.5, 2.5]
    (remark,) = [remark for remark in raw.remarks if remark.column == "x"]
    assert (remark.count, remark.lines) == (3, (1202,))


def test_states_and_truth_values_stay_texts() -> None:
    for cells in (["0", "1", "fault", "0"], ["A1", "A2", "B1"]):
        raw = table(cells)
        assert raw.frame["x"].tolist() == cells and not raw.remarks
    raw = table(["1", "2", "TRUE", "3", "4", "5"])
    assert raw.frame["x"].iloc[2] == "TRUE" and "'TRUE' in line 4" in raw.remarks[0].what


def test_texts_of_parquet_are_read_like_those_of_a_csv(tmp_path) -> None:
    path = tmp_path / "t.parquet"
    pd.DataFrame({"x": ["1.000,5", "980,25"], "t": ["a", "b"]}).to_parquet(path)
    raw = read_raw(path, name="t")
    assert raw.frame["x"].tolist() == [1000.5, 980.25] and raw.frame["t"].tolist() == ["a", "b"]


@pytest.mark.parametrize(
    ("usual", "odd"),
    [
        ("8{}.25", "82,5"),
        ("8{},25", "82.5"),
        ("8{}.25 bar", "8250 mbar"),
        ("8{}", "(82"),
        ("1.0{}0,5", "0x1F"),
        ("8{}.25", "8.2.5"),
        ("1{}", "1,5"),
    ],
)
def test_few_cells_in_another_notation_are_missing_and_named_with_their_lines(usual: str, odd: str) -> None:
    cells = [usual.format(k % 10) for k in range(300)]
    plain = table(cells, other=("7.5",))
    spoilt = [odd if k in (7, 90, 250) else cell for k, cell in enumerate(cells)]
    raw = table(spoilt, other=("7.5",))
    same = ~np.isin(np.arange(300), (7, 90, 250))
    assert raw.frame["x"][~same].isna().all() and raw.frame["x"][same].equals(plain.frame["x"][same])
    (remark,) = [remark for remark in raw.remarks if remark.fact == "text read as missing"]
    assert (remark.count, remark.lines) == (3, (9, 92, 252)) and f"'{odd}' in line 9" in remark.what
    assert raw.frame["n"].tolist() == [7.5] * 300 and not raw.questions
    # Above 1 % the column is none of numbers, and its first strange cell is named.
    spoilt[10] = odd
    raw = table(spoilt, other=("7.5",))
    if odd != "1,5":  # four of 300 are how a column of fractions may be written
        assert raw.frame["x"].tolist() == spoilt
        assert any(f"'{odd}' in line 9" in r.what and r.kind == "warning" for r in raw.remarks)


def test_one_cell_with_a_fraction_tells_nothing_against_the_file() -> None:
    cells = ["1,5" if k == 7 else str(k % 9) for k in range(300)]
    assert table(cells, other=("7,5",)).frame["x"].iloc[7] == 1.5
    assert table(cells).frame["x"].iloc[7] == 1.5  # nothing else has a decimal sign
    assert np.isnan(table(cells, other=("7.5",)).frame["x"].iloc[7])
