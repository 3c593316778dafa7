import gzip
import io
import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rare_event.errors import TableError
from rare_event.prepare.table import read_table
from rare_event.read import containers
from rare_event.read.raw import read_raw
from rare_event.read.table import Reading
from tests.prepare.examples import PLAIN

SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData>'
    "</worksheet>"
)
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def zipped(**files: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return out.getvalue()


def workbook(**sheets: list[list[object]]) -> bytes:
    """Write the smallest workbook: numbers, times with a date format, and texts inside the cells."""

    def cell(value: object) -> str:
        if isinstance(value, datetime):
            return f'<c s="1"><v>{(value - datetime(1899, 12, 30)) / timedelta(days=1)!r}</v></c>'
        if isinstance(value, str):
            return f'<c t="inlineStr"><is><t>{value}</t></is></c>'
        return "<c/>" if value is None else f"<c><v>{value!r}</v></c>"

    names = list(sheets)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    files = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
        f'Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
        + "".join(f'<sheet name="{n}" sheetId="{k + 1}" r:id="s{k}"/>' for k, n in enumerate(names))
        + "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
        + "".join(
            f'<Relationship Id="s{k}" Type="{OFFICE}/worksheet" Target="worksheets/s{k}.xml"/>'
            for k in range(len(names))
        )
        + f'<Relationship Id="st" Type="{OFFICE}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><cellXfs count="2"><xf numFmtId="0"/>'
        '<xf numFmtId="22"/></cellXfs></styleSheet>',
    }
    for k, rows in enumerate(sheets.values()):
        body = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
        files[f"xl/worksheets/s{k}.xml"] = SHEET.format(body)
    return zipped(**files)


@pytest.mark.parametrize("pack", [gzip.compress, lambda data: zipped(**{"data.csv": data.decode()})])
def test_a_packed_file_is_read_like_a_plain_one(pack: Callable[[bytes], bytes]) -> None:
    raw, plain = read_raw(pack(PLAIN.encode()), name="f"), read_raw(PLAIN.encode(), name="f")
    assert raw.frame.equals(plain.frame) and raw.frame.index.equals(plain.frame.index) and not raw.questions
    with pytest.raises(TableError, match="damaged or incomplete|damaged or cannot be read"):
        read_raw(pack(PLAIN.encode() * 50)[:-20], name="f")


def test_which_of_several_files_is_asked() -> None:
    packed = zipped(**{"a.csv": PLAIN, "b.csv": PLAIN.replace("x1", "other"), "__MACOSX/._a.csv": "x"})
    (question,) = read_raw(packed, name="f").questions
    assert question.about == "member" and [choice.value for choice in question.choices] == ["a.csv", "b.csv"]
    raw = read_raw(packed, name="f", said=Reading(member="b.csv"))
    assert "other" in raw.frame and not raw.questions and raw.reading.member == "b.csv"
    with pytest.raises(TableError, match="'a.csv', 'b.csv'"):
        read_raw(packed, name="f", said=Reading(member="c.csv"))


def test_a_workbook_keeps_its_types_and_rows() -> None:
    start = datetime(2023, 1, 9, 6)
    rows: list[list[object]] = [["Plant 7"], ["time", "temp", "state", "trip"], ["", "°C", "", ""]]
    rows += [[start + timedelta(minutes=2 * k), 80 + k / 7, "on", int(k == 9)] for k in range(40)]
    raw = read_raw(workbook(Data=rows), name="f.xlsx")
    assert list(raw.frame.columns) == ["time", "temp", "state", "trip"] and raw.frame.index[0] == 4
    expected = np.array([80 + k / 7 for k in range(40)], np.float32)
    assert (raw.frame["temp"].to_numpy() == expected).all()
    assert raw.frame["time"].iloc[7] == "2023-01-09 06:14:00" and raw.reading.member == "Data"
    assert not raw.questions
    both = workbook(First=rows, Second=rows[1:])
    assert [q.about for q in read_raw(both, name="f.xlsx").questions] == ["member"]
    assert read_raw(both, name="f.xlsx", said=Reading(member="Second")).frame.index[0] == 3


def test_what_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containers, "BOUND", 100_000)
    text = "t,x,y\n" + "0,0,0\n" * 400_000
    rows = 400_000
    table = pa.table({"x": np.zeros(rows), "y": np.zeros(rows)})
    texts = pa.table({"g": pa.array(["a" * 10_000] * 1000), "y": np.zeros(1000)})
    for content in (gzip.compress(text.encode()), zipped(**{"a.csv": text}), parquet(table), parquet(texts)):
        assert len(content) < 20_000
        with pytest.raises(TableError, match="unpacks to more than"):
            read_raw(content, name="f")


def test_a_sheet_that_reaches_too_far_is_named_with_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containers, "BOUND", 200_000)
    rows: list[list[object]] = [[k, *[None] * 200, 1.5] for k in range(200)]
    with pytest.raises(TableError, match="sheet 'A' of f.xlsx has 200 rows and 202 columns.* empty rows"):
        read_raw(workbook(A=rows), name="f.xlsx")


def parquet(table: pa.Table) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue()


def test_odd_types_of_parquet() -> None:
    moments = pd.date_range("2023-01-09", periods=3, freq="min")
    view = pa.table({"t": moments, "g": pa.array(["a", "b", "a"], pa.string_view()), "x": [1.0, 2.0, 3.0]})
    assert read_raw(parquet(view), name="f").frame["g"].tolist() == ["a", "b", "a"]
    zone = pa.table({"t": pa.array(moments, pa.timestamp("ms", tz="Mars/Olympus")), "x": [1.0, 2.0, 3.0]})
    raw = read_raw(parquet(zone), name="f")
    assert raw.frame["t"].tolist() == list(moments) and raw.remarks[0].fact == "unknown zone"
    kind = pa.float64()
    for _ in range(60):
        kind = pa.struct([("d", kind)])
    nested = pa.schema([("x5", kind), ("y", pa.float64())]).empty_table()
    with pytest.raises(TableError, match="'x5'") as caught:
        read_raw(parquet(nested), name="f")
    assert len(str(caught.value)) < 300


def deflate64(packed: bytes) -> bytes:
    """Say in an archive of one file that it is packed with Deflate64, which zipfile cannot read."""
    central = packed.rindex(b"PK\x01\x02")
    said = bytearray(packed)
    said[8:10] = said[central + 10 : central + 12] = (9).to_bytes(2, "little")
    return bytes(said)


def test_a_packing_that_cannot_be_read_is_refused_in_a_sentence() -> None:
    packed = zipped(**{"data.csv": PLAIN})
    assert len(read_raw(packed, name="f").frame) == 2
    with pytest.raises(TableError, match="f is packed with a method that cannot be read. Unpack it"):
        read_raw(deflate64(packed), name="f")
    moved = bytearray(packed)
    moved[30:38] = b"atad.csv"  # the name before the file is not that of the list
    with pytest.raises(TableError, match="f is damaged or incomplete"):
        read_raw(bytes(moved), name="f")


def test_an_open_document_is_named_as_such() -> None:
    sheet = {"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": "<a/>"}
    with pytest.raises(TableError, match=r"f is an OpenDocument file. Save its table as .xlsx or CSV\.$"):
        read_raw(zipped(**sheet), name="f")
    # A plain archive may hold a file of either name.
    asked = read_raw(zipped(**{"mimetype": PLAIN, "data.csv": PLAIN}), name="f").questions
    assert [question.about for question in asked] == ["member"]


def test_a_comma_in_a_cell_of_a_workbook_is_no_separator() -> None:
    start = datetime(2023, 1, 9, 6)
    rows: list[list[object]] = [["time", "temp, mean", "state", "trip"]]
    rows += [
        [start + timedelta(minutes=k), 80.25 + k, "on" if k % 2 else "off", int(k == 30)] for k in range(200)
    ]
    rows[8][1], rows[9][2] = "1,5", "on,"
    raw = read_raw(workbook(Data=rows), name="f.xlsx")
    assert raw.frame.index.tolist() == list(range(2, 202)), "no row is lost"
    temp = raw.frame["temp, mean"]
    assert np.isnan(temp[9]) and temp[8] == 86.25 and temp.isna().sum() == 1
    assert raw.frame["state"][10] == "on,"
    assert [remark.fact for remark in raw.remarks] == ["text read as missing"]
    assert "holds '1,5' in line 9; it is read as missing" in raw.remarks[0].what
    # Where commas do divide cells, the same cell spoils its line.
    text = "".join(f"{k},{'1,5' if k == 7 else k + 0.25},0\n" for k in range(400))
    assert len(read_raw(f"n,temp,trip\n{text}".encode(), name="f").frame) == 399


def test_midnight_in_a_workbook_is_a_time_like_any_other() -> None:
    times = [datetime(2023, 1, 9, 22) + timedelta(minutes=30 * k) for k in range(40)]
    rows: list[list[object]] = [["time", "temp", "trip"]]
    rows += [[time, k / 7, int(k == 30)] for k, time in enumerate(times)]
    table = read_table(workbook(Data=rows))
    assert table.time is not None and (table.time == np.array(times, "datetime64[ns]")).all()
    assert "dates without clock" not in {remark.fact for remark in table.remarks}
    days: list[list[object]] = [["day", "temp", "trip"]]
    days += [[datetime(2023, 1, 1 + k % 28), k / 7, int(k == 20)] for k in range(28)]
    assert read_raw(workbook(Data=days), name="f").frame["day"].iloc[3] == "2023-01-04"


def test_an_empty_sheet_is_not_said_to_be_missing_and_a_long_list_says_its_length() -> None:
    rows: list[list[object]] = [["a", "y"], [1.5, 0], [2.5, 1]]
    sheets = workbook(Empty=[], **{f"S{k}": rows for k in range(7)})
    with pytest.raises(TableError, match="no sheet with a table called 'Empty'") as caught:
        read_raw(sheets, name="f", said=Reading(member="Empty"))
    assert "It has 'S0', 'S1', 'S2', 'S3', 'S4' and 2 more." in str(caught.value)
    with pytest.raises(TableError, match="f has only one column: its first line is 'a'") as caught:
        read_raw(workbook(Data=[["a"], [1.5], [2.5]]), name="f", said=Reading(separator=";"))
    assert "separator" not in str(caught.value) and "comma" not in str(caught.value)
