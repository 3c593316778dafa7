"""Hostile and damaged files by kind: each is read, asked about, or refused in a short sentence."""

from __future__ import annotations

import decimal
import gzip
import io
import zipfile
from collections.abc import Callable
from datetime import date, time, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from rare_event.errors import TableError
from rare_event.read import limits
from rare_event.read import workbook as workbooks
from rare_event.read.columns import Growing
from rare_event.read.names import clean_name, distinct_names
from rare_event.read.raw import read_raw
from rare_event.read.source import open_source
from tests.read.test_containers import SHEET, workbook
from tests.small import small_frame
from tests.untrusted import parquet, read_any, require_sentence

N = 120
FRAME = small_frame(N)
CSV = FRAME.to_csv(index=False)
HEADER, ROWS = CSV.split("\n", 1)
DIGITS = CSV.rsplit(",", 1)[0] + "," + "1" * 100_000 + "\n"
READ, DAMAGED = "read", "is a damaged Parquet file"
KIND = "has values of a kind that cannot be read"


def column(values: Any, kind: pa.DataType | None = None) -> Callable[[], bytes]:
    """A Parquet file with one column more."""

    def make() -> bytes:
        odd = values if isinstance(values, pa.Array) else pa.array(values, kind)
        return parquet(pa.Table.from_pandas(FRAME).append_column("odd", odd))

    return make


def constant(rows: int, value: Any, columns: int = 1) -> Callable[[], bytes]:
    """Many rows of one value, which take no bytes in a file."""

    def make() -> bytes:
        whole = pa.repeat(pa.scalar(value), rows)
        return parquet(pa.table([whole] * columns, names=[f"c{k}" for k in range(columns)]))

    return make


def zipped(files: dict[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", packing) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def sheet(body: str) -> bytes:
    """A workbook with a sheet as it is written."""
    with zipfile.ZipFile(io.BytesIO(workbook(A=[["a"], [1]]))) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    return zipped(files | {"xl/worksheets/s0.xml": SHEET.format(body).encode()})


def shared_text(cells: int, length: int) -> bytes:
    """A workbook in which many cells name one long text."""
    with zipfile.ZipFile(io.BytesIO(workbook(A=[["a"], [1]]))) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    types = files["[Content_Types].xml"].decode()
    part = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    files["[Content_Types].xml"] = types.replace(
        "</Types>", f'<Override PartName="/xl/sharedStrings.xml" ContentType="{part}"/></Types>'
    ).encode()
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"
    links = files["xl/_rels/workbook.xml.rels"].decode()
    files["xl/_rels/workbook.xml.rels"] = links.replace(
        "</Relationships>",
        f'<Relationship Id="ss" Type="{kind}" Target="sharedStrings.xml"/></Relationships>',
    ).encode()
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    files["xl/sharedStrings.xml"] = f'<sst xmlns="{main}"><si><t>{"a" * length}</t></si></sst>'.encode()
    rows = '<row><c t="s"><v>0</v></c><c><v>1</v></c></row>' * cells
    return zipped(files | {"xl/worksheets/s0.xml": SHEET.format(rows).encode()})


def with_end(archive: bytes, count: int, length: int) -> bytes:
    """Let the end of an archive name another number of files, and another size of their list."""
    at = archive.rindex(b"PK\x05\x06")
    sizes = count.to_bytes(2, "little") + length.to_bytes(4, "little")
    return archive[: at + 10] + sizes + archive[at + 16 :]


def with_size(archive: bytes, size: int) -> bytes:
    """Let an archive name another size of its first file."""
    at = archive.index(b"PK\x01\x02")
    return archive[: at + 24] + size.to_bytes(4, "little") + archive[at + 28 :]


def with_place(archive: bytes, further: int) -> bytes:
    """Let the end of an archive name another place of its list, which moves the files before its start."""
    at = archive.rindex(b"PK\x05\x06")
    place = int.from_bytes(archive[at + 16 : at + 20], "little") + further
    return archive[: at + 16] + place.to_bytes(4, "little") + archive[at + 20 :]


def cut(content: bytes, share: float) -> bytes:
    return content[: int(share * len(content))]


BROKEN = pa.Array.from_buffers(pa.string(), N, pa.array([b"\xff\xfe"] * N).buffers())
MINUTES = range(N)
FAR = ('<row r="1"><c r="A1"><v>1</v></c></row>', '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')
KINDS: dict[str, tuple[Callable[[], bytes], str]] = {
    # A small file that names a huge table.
    "parquet: 70 million numbers": (constant(70_000_000, np.float32(0)), "unpacks to more than 512 MB"),
    "parquet: 30 million constant texts": (constant(30_000_000, "abc"), "unpacks to more than 512 MB"),
    "parquet: 30 million constant truths": (constant(30_000_000, True), "unpacks to more than 512 MB"),
    "parquet: 10,001 columns": (constant(2, 1.0, 10_001), "10,001 columns. At most 10,000"),
    "parquet: a text of 2 MB": (
        column(["a", "b" * (2 << 20), *["c"] * (N - 2)]),
        "in line 2, holds a text of 2.0 MB. A cell has at most 1 MB",
    ),
    "parquet: long texts from a dictionary": (
        constant(3_000, "a" * 100_000),
        "unpacks to more than 512 MB",
    ),
    "csv: 10,001 columns": (
        lambda: (",".join(f"c{k}" for k in range(10_001)) + "\n" + ",".join(["1"] * 10_001) + "\n").encode(),
        "10,001 columns. At most 10,000",
    ),
    "csv: a line of 40 MB": (lambda: CSV.encode() + b"1" * (40 << 20), "Line 122 .* is longer than 16 MB"),
    "csv: a cell of 40 MB": (
        lambda: (HEADER + "\n" + ROWS * 200).encode()
        + b"2024-01-01," + b"x" * (40 << 20) + b",0,0,0,0\n"
        + ROWS.encode(),
        "is longer than 16 MB",
    ),
    "csv: a number of 100,000 digits": (lambda: DIGITS.encode(), READ),
    "csv: one line alone": (lambda: b"1" * (20 << 20), "has only one column"),
    "gzip: unpacks to a gigabyte": (
        lambda: gzip.compress(CSV.encode()) + gzip.compress(b"0,0,0,0,0,0\n" * 9_000_000) * 10,
        "unpacks to more than 512 MB|does not fit",
    ),
    "zip: declares a gigabyte": (
        lambda: with_size(zipped({"a.csv": CSV.encode()}), 1 << 30),
        "unpacks to more than 512 MB",
    ),
    "zip: 6,000 files": (lambda: zipped({f"{k}.csv": b"a" for k in range(6_000)}, 0), "very many files"),
    "zip: names many files": (
        lambda: with_end(zipped({"a.csv": CSV.encode()}), 65_535, 0xFFFFFFFF),
        "very many files",
    ),
    "zip in a zip": (lambda: zipped({"a.zip": zipped({"a.csv": b"a"})}), "another packed file .*Unpack file"),
    "gzip in a gzip": (lambda: gzip.compress(gzip.compress(CSV.encode())), "another packed file"),
    "parquet in a zip": (lambda: zipped({"a.parquet": parquet(pa.table({"a": [1]}))}), "a Parquet file"),
    "workbook: cells in opposite corners": (lambda: sheet("".join(FAR)), "may stand far from the others"),
    "workbook: one text in 80,000 cells": (
        lambda: shared_text(80_000, 30_000),
        "may stand far from the others|unpacks to more",
    ),
    # Damaged in one place.
    "zip: the file lies before the archive": (
        lambda: with_place(zipped({"a.csv": CSV.encode()}), 200),
        "damaged or incomplete",
    ),
    "zip: cut": (lambda: cut(zipped({"a.csv": CSV.encode()}), 0.7), "damaged or cannot be read"),
    "gzip: cut": (lambda: cut(gzip.compress(CSV.encode()), 0.7), "damaged or incomplete"),
    "workbook: cut": (lambda: cut(workbook(A=[["a"], [1]]), 0.7), "damaged or cannot be read"),
    "workbook: a sheet that is no XML": (lambda: sheet("<<<"), "cannot be read"),
    "parquet: cut": (lambda: cut(parquet(pa.Table.from_pandas(FRAME)), 0.7), DAMAGED),
    "parquet: text that is no UTF-8": (column(BROKEN), DAMAGED),
    "csv: UTF-8 cut in its last character": (lambda: (CSV + "ä").encode()[:-1], READ),
    "utf-16: cut in its last character": (lambda: (CSV + "ä").encode("utf-16")[:-1], READ),
    # Types of Parquet.
    "parquet: decimal": (column([decimal.Decimal(k) / 4 for k in MINUTES], pa.decimal128(10, 2)), READ),
    "parquet: decimal of 76 digits": (column([decimal.Decimal(10**60)] * N, pa.decimal256(76, 0)), READ),
    "parquet: unsigned of 64 bits": (column([2**64 - 1 - k for k in MINUTES], pa.uint64()), READ),
    "parquet: integers that no float64 holds": (column([2**63 - 1 - k for k in MINUTES]), READ),
    "parquet: half floats": (column(np.arange(N, dtype=np.float16)), READ),
    "parquet: all null": (column(pa.nulls(N)), READ),
    "parquet: all NaN": (column([float("nan")] * N), READ),
    "parquet: infinities": (column([float("inf"), -float("inf")] * (N // 2)), READ),
    "parquet: string view": (column(["a", "b"] * (N // 2), pa.string_view()), READ),
    "parquet: large string": (column(["a", "b"] * (N // 2), pa.large_string()), READ),
    "parquet: dictionary of texts": (column(pa.array(["a", "b"] * (N // 2)).dictionary_encode()), READ),
    "parquet: dictionary of numbers": (column(pa.array([1, 2] * (N // 2)).dictionary_encode()), READ),
    "parquet: dates": (column([date(2024, 1, 1 + k % 28) for k in MINUTES]), READ),
    "parquet: dates of 64 bits": (column([date(2024, 1, 1)] * N, pa.date64()), READ),
    "parquet: nanoseconds": (column(FRAME["time"].astype("datetime64[ns]")), READ),
    "parquet: a zone that does not exist": (column([*MINUTES], pa.timestamp("s", "Mars/Olympus")), READ),
    "parquet: a zone as an offset": (column([*MINUTES], pa.timestamp("s", "+05:30")), READ),
    "parquet: the year 31,000": (column([10**12] * N, pa.timestamp("s")), "outside the years 1 to 9999"),
    "parquet: the year 31,000 in a zone": (
        column([0, 10**12, *[0] * (N - 2)], pa.timestamp("s", "Europe/Berlin")),
        "in line 2, holds a time outside the years",
    ),
    "parquet: time of day": (column([time(1, 2, k % 60) for k in MINUTES]), KIND),
    "parquet: duration": (column([timedelta(seconds=k) for k in MINUTES]), KIND),
    "parquet: list": (column([[k] for k in MINUTES]), KIND),
    "parquet: list view": (column([[k] for k in MINUTES], pa.list_view(pa.int64())), KIND),
    "parquet: fixed list": (column([[k, 1] for k in MINUTES], pa.list_(pa.int64(), 2)), KIND),
    "parquet: struct": (column([{"a": k} for k in MINUTES]), KIND),
    "parquet: map": (column([[("a", k)] for k in MINUTES], pa.map_(pa.string(), pa.int64())), KIND),
    "parquet: binary": (column([b"\xff"] * N), KIND),
    "parquet: binary view": (column([b"a"] * N, pa.binary_view()), KIND),
    "parquet: fixed binary": (column([b"abcd"] * N, pa.binary(4)), KIND),
    "parquet: dictionary of binary": (column(pa.array([b"a"] * N).dictionary_encode()), KIND),
    "parquet: extension": (
        column(pa.ExtensionArray.from_storage(pa.uuid(), pa.array([b"a" * 16] * N, pa.binary(16)))),
        KIND,
    ),
    # Names.
    "csv: one name twice": (lambda: CSV.replace("s1", "s0", 1).encode(), "columns with the same name"),
    "csv: names alike but for a zero width": (lambda: CSV.replace("s1", "s0\u200b", 1).encode(), READ),
    "csv: names alike but for a hard space": (lambda: CSV.replace("s1", "s0\u00a0", 1).encode(), READ),
    "csv: names alike in two alphabets": (lambda: CSV.replace("s1", "\u0455" + "0", 1).encode(), READ),
    "csv: a name with a terminal's escape": (lambda: CSV.replace("s1", "\x1b[31ms1\x07", 1).encode(), READ),
    "csv: a name with a line feed": (lambda: CSV.replace("s1", '"\n=1+1"', 1).encode(), READ),
    "csv: a name of a megabyte": (lambda: CSV.replace("s1", "s" * 900_000, 1).encode(), READ),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_ends_in_a_sentence_or_is_read(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make, expected = KINDS[kind]
    monkeypatch.setattr(workbooks, "MEMORY", 1)  # 1.6 GB instead of 4.3
    seen = read_any(make())
    assert seen is not None
    if expected == READ:
        assert not seen.refused and not seen.questions and seen.raw is not None
        assert len(seen.raw.frame) == N and all(name.isprintable() for name in seen.raw.frame.columns)
    else:
        assert seen.raw is None
        with pytest.raises(TableError, match=expected):
            seen.parts()
    assert not seen.digest.startswith("0" * 64)


def test_a_table_that_does_not_fit_into_the_free_memory_is_refused_with_both_sizes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = pd.concat([FRAME] * 100)
    contents = (parquet(pa.Table.from_pandas(rows)), rows.to_csv(index=False).encode())
    for content in contents:
        assert read_any(content) is not None
        monkeypatch.setattr(limits, "free_memory", lambda: 1_000_000)
        with pytest.raises(TableError, match=r"0\.0 GB of memory; 0\.0 GB are free") as caught:
            read_raw(content, name="f")
        require_sentence(str(caught.value))
        assert "columns" in str(caught.value)
        monkeypatch.undo()
    packed = gzip.compress(contents[1])
    assert len(read_raw(packed, name="f").frame) == len(rows)
    monkeypatch.setattr(limits, "free_memory", lambda: 1_000_000)
    with pytest.raises(TableError, match="are free"):
        read_raw(packed, name="f")


def test_free_memory_is_that_of_the_container_too(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = limits.free_memory()
    monkeypatch.setattr(limits, "_CGROUP", tmp_path)
    assert whole > 0 and limits.free_memory() > 0  # no group is no limit
    for name, text in (
        ("memory.max", "5000\n"),
        ("memory.current", "3000\n"),
        ("memory.stat", "anon 1\ninactive_file 500\n"),
    ):
        (tmp_path / name).write_text(text)
    assert limits.free_memory() == 2500
    (tmp_path / "memory.max").write_text("max\n")
    assert limits.free_memory() > 2500


def test_an_ordinary_archive_has_few_files() -> None:
    packed = zipped({"a.csv": CSV.encode(), "b.csv": b"x"})
    with open_source(packed) as file:
        limits.require_few_files(file, "f")
        assert file.tell() == 0
    assert [question.about for question in read_raw(packed, name="f").questions] == ["member"]


def test_names_of_two_alphabets_are_told_and_not_merged() -> None:
    names, remarks = distinct_names(["temp", "t\u0435mp", "5 \u00b5m", "5 \u03bcm", "other"])
    assert names == ("temp", "t\u0435mp", "5 \u00b5m", "5 \u03bcm", "other")
    assert [(remark.kind, remark.fact, remark.column) for remark in remarks] == [
        ("warning", "names alike", "t\u0435mp"),
        ("warning", "names alike", "5 \u03bcm"),
    ]
    assert "columns 1 and 2 look alike" in remarks[0].what and "different alphabets" in remarks[0].what
    assert distinct_names(["Druck", "druck", "tеmperatur"])[1] == []


def test_no_control_sign_is_left_in_a_name() -> None:
    for sign in ("\x1b[2J", "\x9b31m", "\u202e", "\u2066", "\ufeff", "\ud800"):
        assert clean_name(f"a{sign}b").isprintable()
    assert clean_name("=1+1") == "=1+1"  # text as it is; escaped where a spreadsheet reads it


def test_a_column_longer_than_expected_is_copied_a_few_times_only() -> None:
    column, sizes = Growing(), set()
    for number in range(2_000):
        column.add(np.full(10, number, np.float32), expected=10)
        sizes.add(len(column.data))
    assert column.filled == 20_000 and column.series().iloc[-1] == 1_999
    assert len(sizes) < 50 and max(sizes) < 30_000


@pytest.mark.parametrize("cell", ["{", "}", "{0}", "{line}", "{__class__}", "%s", "{{", "3 {kg"])
def test_a_cell_that_looks_like_a_place_for_a_figure_is_text(cell) -> None:
    """Found by hypothesis: a brace in a cell that is no number ended the reading in a traceback."""
    texts = "".join(f"{number},{cell}\n" for number in (7, 8, 9))
    raw = read_raw(f"a,b\n1,1.5\n2,2.5\n3,3.5\n4,4.5\n{texts}".encode(), name="a.csv")
    (told,) = (remark.what for remark in raw.remarks)
    assert f"'{cell}' in line 6" in told and "line 7" not in told
    assert raw.frame["b"].iloc[-1] == cell
    assert read_raw(b"0,,0,,\n0,,,,\n,,{,,", name="a.csv").frame.shape[1] == 5
