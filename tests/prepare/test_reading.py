import hashlib
import io
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rare_event.errors import TableError
from rare_event.prepare.reading import (
    digest_of,
    first_intruder,
    parse_times,
    read_raw,
    time_formats,
    to_float32,
    to_numbers,
)

PLAIN = "time,y,x1\n2020-01-01 00:00,0,1.5\n2020-01-01 00:01,1,2.5\n"


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
    "zip": (archive(), ["zip", "unpack"]),
    "xlsx": (workbook(), ["Excel workbook", "save", "CSV"]),
    "xls": (b"\xd0\xcf\x11\xe0" + bytes(50), ["Excel", "CSV"]),
    "gzip": (b"\x1f\x8b\x08" + bytes(20), ["gzip"]),
    "pdf": (b"%PDF-1.4\n" + bytes(20), ["PDF"]),
    "random bytes": (b"a,b\n\x00\x01\x02\xff\n", ["binary"]),
    "encoding": ("a,b\n1,ü\n".encode() + b"2,\x81\x8d\n", ["encoding", "UTF-8"]),
    "half utf-16": ("a,b\n1,2\n".encode("utf-16")[:-1], ["encoding"]),
    "short row": (b"a,b,c\n1,2,3\n4,5\n6,7,8\n", ["Line 3", "2 fields", "header has 3"]),
    "long row": (b"a,b\n1,2\n4,5\n\n6,7,8\n", ["Line 5", "3 fields", "header has 2"]),
    "open quote": (b'a,b\n1,2\n3,"4\n5,6\n', ["quotation mark", "line 3"]),
    "twice": (b"a,b,a\n1,2,3\n", ["more than one", "'a'"]),
    "blank name": (b"a,,c\n1,2,3\n", ["Column 2", "no name"]),
    "index column": (b",y,x\n0,1,3\n", ["Column 1", "no name"]),
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


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_separators_and_encodings(separator: str, encoding: str) -> None:
    text = PLAIN.replace("x1", "Dämpfung °C").replace(",", separator)
    raw = read_raw(text.encode(encoding), name="f")
    assert list(raw.columns) == ["time", "y", "Dämpfung °C"]  # no byte-order mark left in the first name
    assert raw["Dämpfung °C"].tolist() == [1.5, 2.5]
    assert raw["time"].tolist() == ["2020-01-01 00:00", "2020-01-01 00:01"]


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_decimal_commas(separator: str) -> None:
    text = "day;a;b;n\n01.05.1999;-1,5;2,25e3;1\n02.05.1999;3,0;4;2\n".replace(";", separator)
    raw = read_raw(text.encode(), name="f")
    assert raw["a"].tolist() == [-1.5, 3.0] and raw["b"].tolist() == [2250.0, 4.0]
    assert raw["day"].tolist() == ["01.05.1999", "02.05.1999"]  # not taken for a number


def test_thousands_points_are_never_misread_beside_decimal_commas() -> None:
    raw = read_raw(b"a;b\n1,5;1.234\n2,5;2,5\n", name="f")
    assert raw["a"].tolist() == [1.5, 2.5]
    assert raw["b"].tolist() == ["1.234", "2,5"]


def test_names_survive_unchanged() -> None:
    names = ["<b>x</b>", "**bold**", "=1+1", "../../etc/passwd", " spaced ", "a;b", 'quo"te', "$x_1$"]
    frame = pd.DataFrame([range(len(names))] * 2, columns=names)
    assert list(read_raw(frame.to_csv(index=False).encode(), name="f").columns) == names


def test_quoted_fields_and_missing_cells() -> None:
    raw = read_raw(b'a,"b, c",d\n"1.5","x, ""y""\nz",\n NA , q,3\n', name="f")
    assert raw["b, c"].tolist() == ['x, "y"\nz', " q"]
    assert raw["a"].tolist()[0] == 1.5 and np.isnan(raw["a"][1])
    assert np.isnan(raw["d"][0]) and raw["d"][1] == 3


def test_words_for_missing_stay_words_among_texts() -> None:
    raw = read_raw(b"y,x\nBad,1\nGood,Bad\n", name="f")
    assert raw["y"].tolist() == ["Bad", "Good"]
    assert raw["x"][0] == 1 and np.isnan(raw["x"][1])


def test_a_text_far_down_brings_back_the_texts_before_it() -> None:
    lines = [f"{i},{i}.50" for i in range(700_000)]
    lines[600_000] = "600000,1 abc"
    raw = read_raw(("a,b\n" + "\n".join(lines) + "\n").encode(), name="f")
    assert raw["b"][0] == "0.50" and raw["b"][600_000] == "1 abc" and len(raw) == 700_000
    assert raw["a"].iloc[-1] == 699_999 and raw["a"].dtype == np.float32


def test_float32_only_where_nothing_is_lost() -> None:
    noise = np.random.default_rng(0).normal(size=1000)
    assert to_float32(noise).dtype == np.float32
    assert to_float32(noise + 1e6).dtype == np.float64  # a spacing of 0.06 would be seen
    assert to_float32(1.6e9 + np.arange(1000.0)).dtype == np.float64  # clocks keep each second
    assert to_float32(np.array([0.0, 1.0, np.nan])).dtype == np.float32
    assert to_float32(np.array([np.nan, np.inf])).dtype == np.float32
    assert to_float32(np.array([0.0, 1e300])).dtype == np.float64  # not infinite


VALUES = st.floats(-1e6, 1e6, allow_nan=False).map(lambda v: round(v, 3))


@settings(deadline=None, max_examples=60)
@given(
    rows=st.lists(st.tuples(VALUES, VALUES, st.integers(0, 1)), min_size=2, max_size=30),
    writing=st.sampled_from([(",", "."), (";", "."), (";", ","), ("\t", "."), ("\t", ","), ("|", ",")]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
)
def test_write_then_read_gives_the_same_values(rows: list, writing: tuple[str, str], encoding: str) -> None:
    frame = pd.DataFrame(rows, columns=["a", "Öl", "y"])
    separator, decimal = writing
    text = frame.to_csv(index=False, sep=separator, decimal=decimal)
    raw = read_raw(text.encode(encoding), name="f")
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
    raw = read_raw(path if as_path else path.read_bytes(), name="f")
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
    with pytest.raises(TableError, match="'a' .* list"):
        read_raw(out.getvalue(), name="f")


MIDNIGHT = "1999-05-01 00:00"
TIMES = {
    "iso": (["1999-05-01 00:00", "1999-05-01 00:02"], None),
    "iso T, zone": (["1999-05-01T02:00:00+02:00", "1999-05-01T00:02:00Z"], None),
    "iso fraction": (["1999-05-01 00:00:00.000", "1999-05-01 00:00:00.250"], None),
    "iso date": (["1999-05-01", "1999-05-02"], None),
    "month first": (["5/1/99 0:00", "5/13/99 0:02"], "%m/%d/%y %H:%M"),
    "day first": (["1/5/1999 0:00", "13/5/1999 0:02"], "%d/%m/%Y %H:%M"),
    "month first by order": (["5/1/99 0:00", "5/2/99 0:00", "5/3/99 0:00"], "%m/%d/%y %H:%M"),
    "day first by order": (["1/5/99 0:00", "2/5/99 0:00", "3/5/99 0:00"], "%d/%m/%y %H:%M"),
    "day first by steps": (["01.05.1999 00:00", "02.05.1999 00:00", "12.05.1999 00:00"], "%d.%m.%Y %H:%M"),
    "one day": (["01.05.1999 00:00", "01.05.1999 00:01"], "%d.%m.%Y %H:%M"),
    "half day": (["5/1/1999 12:00:00 AM", "5/1/1999 12:01:00 PM"], "%m/%d/%Y %I:%M:%S %p"),
    "slashes": (["1999/05/01 00:00", "1999/05/13 00:00"], "%Y/%m/%d %H:%M"),
    "epoch s": ([925516800, 925516920], "epoch s"),
    "epoch ms": ([925516800000.0, 925516920000.0], "epoch ms"),
}


@pytest.mark.parametrize(("values", "expected"), TIMES.values(), ids=TIMES.keys())
@pytest.mark.filterwarnings("error")
def test_time_formats(values: list, expected: str | None) -> None:
    column = pd.Series(values)
    found = time_formats(column)[0]
    times = parse_times(column, found)
    if "Y/" in (expected or ""):
        assert found in (None, expected)  # whether pandas takes it for ISO is its affair
    else:
        assert found == expected
    assert times.dtype == "datetime64[ns]" and times.notna().all() and times.is_monotonic_increasing
    assert times[0] == pd.Timestamp(MIDNIGHT)


def test_no_times() -> None:
    for values in (["a", "b"], ["1.5", "2.5"], [1.0, 2.0], ["08:30", "08:31"], [np.nan, np.nan]):
        assert time_formats(pd.Series(values)) == []
    times = parse_times(pd.Series(["1999-05-01", "soon", None, "9999-01-01"]), None)
    assert times.isna().tolist() == [False, True, True, True]


def test_numbers_among_texts() -> None:
    texts = pd.Series(["1,5", " 2,25 ", "1.234", None, "NA", "abc"])
    numbers = to_numbers(texts)
    assert numbers[:2].tolist() == [1.5, 2.25] and numbers[2:].isna().all()  # 1.234 could be thousands
    assert first_intruder(texts) == 2
    assert to_numbers(pd.Series(["1,234", "2,345"])).isna().all()
    assert first_intruder(pd.Series(["1", "NA", None])) is None


def test_digest(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_bytes(PLAIN.encode())
    expected = hashlib.sha256(PLAIN.encode()).hexdigest()
    assert digest_of(path) == digest_of(str(path)) == digest_of(PLAIN.encode()) == expected
    assert digest_of(b"other") != expected


def test_reading_the_mill(mill_csv: Path) -> None:
    raw = read_raw(mill_csv, name="mill")
    assert digest_of(mill_csv) == "f2d3acd2a035d9317b24b9b52ba45346992ee66bcf9178e0f8a03e25b640dc75"
    assert raw.shape == (18_398, 63)
    assert list(raw.columns) == ["time", "y", *(f"x{i}" for i in range(1, 62))]
    assert not raw.isna().any(axis=None)
    assert raw["x1"][0] == np.float32(0.37666549)
