import hashlib
import io
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rare_event.errors import TableError
from rare_event.read.raw import digest_of, read_raw
from rare_event.read.times import parse_times
from tests.prepare.examples import PLAIN


def workbook() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return out.getvalue()


def archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as files:
        files.writestr("data.csv", PLAIN)
    return out.getvalue()


BAD = {
    "empty": (b"", ["empty"]),
    "blank": (b" \n\n", ["empty"]),
    "header only": (b"time,y,x1\n", ["no rows"]),
    "prose": (b"Dear sir, I write\nto you about\nthe mill.\nYours\n", ["not a table", "CSV"]),
    "one column": (b"y\n0\n1\n", ["only one column", "'y'"]),
    "png": (b"\x89PNG\r\n\x1a\n" + bytes(50), ["PNG"]),
    "cut zip": (archive()[:-30], ["zip", "damaged"]),
    "damaged workbook": (workbook(), ["workbook", "cannot be read", "CSV"]),
    "xls": (b"\xd0\xcf\x11\xe0" + bytes(50), ["old or password-protected Office file", ".xlsx or CSV"]),
    "damaged gzip": (b"\x1f\x8b\x08" + bytes(20), ["damaged", "unpacked"]),
    "pdf": (b"%PDF-1.4\n" + bytes(20), ["PDF"]),
    "random bytes": (b"a,b\n\x00\x01\x02\xff\n", ["binary"]),
    "half utf-16": ("a,b\n1,2\n".encode("utf-16")[:-1], ["no rows of data", "end in the middle"]),
    "short rows": (
        b"a,b,c\n1,2,3\n4,5\n6,7,8\n9,9\n1,1,1\n",
        ["Line 3", "2 fields instead of 3", "2 of 5"],
    ),
    "short from the first": (b"a,b,c\n1,2\n4,5\n6,7,8\n", ["Line 2", "2 fields instead of 3"]),
    "long rows": (b"a,b\n1,2\n4,5\n\n6,7,8\n1,2\n3,4,5\n1,2\n", ["Line 5", "3 fields instead of 2"]),
    "open quotes": (b'a,b\n1,2\n3,"4\n5,6\n7,"8\n5,6\n', ["quotation mark", "line 3"]),
    "twice": (b"a,b,a\n1,2,3\n", ["several columns with the same name", "'a'"]),
    "damaged parquet": (b"PAR1" + bytes(40) + b"PAR1", ["damaged Parquet"]),
}


@pytest.mark.parametrize(("content", "words"), BAD.values(), ids=BAD.keys())
def test_bad_files_are_refused_in_one_or_two_sentences(content: bytes, words: list[str]) -> None:
    with pytest.raises(TableError) as caught:
        read_raw(content, name="mill.csv")
    sentence = str(caught.value)
    assert all(word.casefold() in sentence.casefold() for word in words), sentence
    assert "mill.csv" in sentence
    assert "\n" not in sentence and "Error" not in sentence and len(sentence) < 300


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="cannot be opened"):
        read_raw(tmp_path / "none.csv", name="none.csv")
    with pytest.raises(TableError, match="cannot be opened"):
        digest_of(tmp_path / "none.csv")


def test_thousands_points_are_never_misread_beside_decimal_commas() -> None:
    raw = read_raw(b"a;b\n1,5;1.234\n2,5;2,5\n", name="f").frame.reset_index(drop=True)
    assert raw["a"].tolist() == [1.5, 2.5]
    assert raw["b"].tolist() == [1234.0, 2.5]


def test_quoted_fields_and_missing_cells() -> None:
    raw = read_raw(b'a,"b, c",d\n"1.5","x, ""y""\nz",\n NA , q,3\n', name="f").frame.reset_index(drop=True)
    assert raw["b, c"].tolist() == ['x, "y"\nz', " q"]
    assert raw["a"].tolist()[0] == 1.5 and np.isnan(raw["a"][1])
    assert np.isnan(raw["d"][0]) and raw["d"][1] == 3


def test_words_for_missing_stay_words_among_texts() -> None:
    raw = read_raw(b"y,x\nBad,1\nGood,Bad\n", name="f").frame.reset_index(drop=True)
    assert raw["y"].tolist() == ["Bad", "Good"]
    assert raw["x"][0] == 1 and np.isnan(raw["x"][1])


def test_a_text_far_down_brings_back_the_texts_before_it() -> None:
    lines = [f"{i},{i}.50" for i in range(700_000)]
    # More than one cell in a hundred: so few would be missing values.
    lines[600_000:608_000] = [f"{i},1 abc" for i in range(600_000, 608_000)]
    raw = read_raw(("a,b\n" + "\n".join(lines) + "\n").encode(), name="f").frame.reset_index(drop=True)
    assert raw["b"][0] == "0.50" and raw["b"][600_000] == "1 abc" and len(raw) == 700_000
    assert raw["a"].iloc[-1] == 699_999 and raw["a"].dtype == np.float32


VALUES = st.floats(-1e6, 1e6, allow_nan=False).map(lambda v: round(v, 3))


@settings(max_examples=60)
@given(
    rows=st.lists(st.tuples(VALUES, VALUES, st.integers(0, 1)), min_size=2, max_size=30),
    writing=st.sampled_from([(",", "."), (";", "."), (";", ","), ("\t", "."), ("\t", ","), ("|", ",")]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
)
def test_write_then_read_gives_the_same_values(
    rows: list[tuple[float, float, int]], writing: tuple[str, str], encoding: str
) -> None:
    frame = pd.DataFrame(rows, columns=["a", "Öl", "y"])
    # Where each number may be one of thousands, 1.625 or 1,625, the reader asks.
    grouped = frame[["a", "Öl"]].astype(str).apply(lambda c: c.str.fullmatch(r"-?\d{1,3}\.\d{3}").all())
    assume(not grouped.any())
    separator, decimal = writing
    text = frame.to_csv(index=False, sep=separator, decimal=decimal)
    raw = read_raw(text.encode(encoding), name="f").frame.reset_index(drop=True)
    assert list(raw.columns) == ["a", "Öl", "y"] and len(raw) == len(frame)
    for column in frame:
        assert pd.api.types.is_float_dtype(raw[column])
        spread = np.ptp(frame[column]) + 1e-12
        assert np.abs(raw[column].astype(float) - frame[column]).max() <= 1e-4 * spread


@pytest.mark.parametrize("as_path", [True, False])
def test_parquet_by_content(tmp_path: Path, as_path: bool) -> None:
    frame = pd.DataFrame(
        {
            "t": pd.date_range("2020-01-01", periods=3, freq="min", tz="Europe/Helsinki"),
            "y": [True, False, False],
            "n": pd.array([1, None, 3], dtype="Int64"),
            "x": np.array([1.5, np.nan, 2.5], dtype=np.float32),
            "grade": pd.Categorical(["a", "b", "a"]),
            "none": [None, None, None],
        }
    )
    path = tmp_path / "misnamed.csv"
    frame.to_parquet(path, index=False)
    raw = read_raw(path if as_path else path.read_bytes(), name="f").frame.reset_index(drop=True)
    assert list(raw.columns) == list(frame.columns)
    assert raw["y"].tolist() == ["True", "False", "False"]
    assert raw["n"].isna().tolist() == [False, True, False] and raw["x"].dtype == np.float32
    assert raw["grade"].tolist() == ["a", "b", "a"] and raw["none"].isna().all()
    assert (
        parse_times(raw["t"], None)
        == pd.to_datetime(["2019-12-31 22:00", "2019-12-31 22:01", "2019-12-31 22:02"])
    ).all()


def test_parquet_with_nested_columns_is_refused() -> None:
    out = io.BytesIO()
    pd.DataFrame({"a": [[1], [2]], "b": [1, 2]}).to_parquet(out)
    with pytest.raises(TableError, match="'a' .*[(]list"):
        read_raw(out.getvalue(), name="f")


def test_digest(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_bytes(PLAIN.encode())
    expected = hashlib.sha256(PLAIN.encode()).hexdigest()
    assert digest_of(path) == digest_of(str(path)) == digest_of(PLAIN.encode()) == expected
    assert digest_of(b"other") != expected


def test_reading_the_mill(mill_csv: Path) -> None:
    raw = read_raw(mill_csv, name="mill").frame.reset_index(drop=True)
    assert digest_of(mill_csv) == "f2d3acd2a035d9317b24b9b52ba45346992ee66bcf9178e0f8a03e25b640dc75"
    assert raw.shape == (18_398, 63)
    assert list(raw.columns) == ["time", "y", *(f"x{i}" for i in range(1, 62))]
    assert not raw.isna().any(axis=None)
    assert raw["x1"][0] == np.float32(0.37666549)
