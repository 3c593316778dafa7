"""Each kind of file of `make.py` comes out right: the values as written, or the sentence that refuses it."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rare_event.checks.check import check
from rare_event.cli.parser import main
from rare_event.prepare.stretches import median_step
from rare_event.prepare.table import Table, read_table
from rare_event.read.raw import read_raw
from rare_event.read.table import RawTable, Reading
from tests.cases.make import MAKERS, NO_DATA, Case

REFUSED = 2
# Files whose values are read as they are, without a question about their notation.
ASKED = {"quoted_three_decimals", "long_format", "three_states", "newest_first"}
VALUES = sorted(set(MAKERS) - ASKED - {"sentinel_nines", "sentinel_largest_float"})


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RARE_EVENT_HOME", str(tmp_path / "home"))
    return tmp_path


def raw_of(case: Case, said: Reading | None = None) -> RawTable:
    return read_raw(case.content, name=case.name, said=said or Reading())


def table_of(case: Case) -> Table:
    return read_table(case.content, name=case.name)


def said(case: Case, folder: Path, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, str]:
    """What the command line says of a file, and its exit code."""
    path = folder / case.name
    path.write_bytes(case.content)
    code = main(["check", str(path), *options])
    out = capsys.readouterr()
    assert "Traceback" not in out.err and "\x1b" not in out.out + out.err
    return code, out.out + out.err


def assert_values(frame: pd.DataFrame, truth: pd.DataFrame) -> None:
    """Every sensor of the truth that the frame has holds the values that were written."""
    for column in truth.columns.intersection(frame.columns):
        if column not in ("label", "trip") and pd.api.types.is_numeric_dtype(truth[column]):
            np.testing.assert_allclose(frame[column], truth[column], rtol=1e-6, err_msg=column)


@pytest.mark.parametrize("name", VALUES)
def test_values_are_those_written(name: str) -> None:
    case = MAKERS[name]()
    raw = raw_of(case)
    frame = raw.frame.rename(columns=lambda column: " ".join(column.split()))
    assert not [q for q in raw.questions if q.about in ("decimal", "thousands")]
    assert len(frame) == len(case.truth)
    assert_values(frame, case.truth)
    sensors = [
        c for c in case.truth if c not in ("time", "trip") and pd.api.types.is_float_dtype(case.truth[c])
    ]
    unread = [c for c in sensors if not pd.api.types.is_numeric_dtype(frame.get(c, pd.Series("absent")))]
    assert unread in ([], ["Temperatur [°C]"]), "a column was lost"


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_the_command_line_says_what_it_found(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, words = said(MAKERS[name](), tmp_path, capsys)
    assert code in (0, 1, REFUSED, 3)
    assert words.strip()
    for raw_name in ("forward-fill", "event_value", "nan", "None", "dtype"):
        assert raw_name not in words.split()


@pytest.mark.parametrize(
    "name", ["thousands_point", "historian_months", "month_names", "date_and_time", "midnight"]
)
def test_times_are_those_written(name: str) -> None:
    case = MAKERS[name]()
    table = table_of(case)
    assert not table.time_unit.reason
    np.testing.assert_array_equal(table.time, case.truth[case.truth.columns[0]].to_numpy("datetime64[ns]"))
    expected = {"month_names": 15.0, "midnight": 15.0}.get(name, 2.0)
    assert median_step(table.clock) == expected
    assert not [found for found in check(table) if "repeat" in found.what]


def test_no_value_is_counted_as_missing_and_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("historian_months", "historian_plain"):
        case = MAKERS[name]()
        remarks = [r.what for r in raw_of(case).remarks if r.column == "temp"]
        assert any(NO_DATA[:30] in what and "17" in what for what in remarks), remarks
        _, words = said(case, tmp_path, capsys)
        assert NO_DATA[:30] in words
        assert {"temp", "press", "vib"} <= set(table_of(case).schema.sensors)


@pytest.mark.parametrize(
    ("name", "column", "value", "count"),
    [("sentinel_nines", "temp", "-9,?999", 55), ("sentinel_largest_float", "vib", r"3\.402\w*", 16)],
)
def test_a_number_that_stands_for_no_value_is_found(name: str, column: str, value: str, count: int) -> None:
    found = [f for f in check(table_of(MAKERS[name]())) if f.column == column]
    assert any(re.search(value, f.what) and str(count) in f.what and f.action for f in found), found
    assert not [f for f in check(table_of(MAKERS["sep_line"]())) if re.search(value, f.what)]


def test_dates_that_rows_share_are_no_repeats() -> None:
    table = table_of(MAKERS["date_and_time"]())
    assert table.clock[-1] == pytest.approx(2.5 * 1440 - 2)
    assert not [f for f in check(table) if f.grade == "problem"]


def test_the_hour_that_occurs_twice_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = MAKERS["clock_set_back"]()
    table = table_of(case)
    assert table.n_rows == 900 and table.label.tolist() == case.truth["trip"].tolist()
    found = [f for f in check(table) if f.column == "time"]
    assert any("clocks" in f.what and "hour" in f.what for f in found)
    assert not [f for f in found if f.action in ("sort-time", "drop-rows")]


def test_newest_first_is_never_trained_the_wrong_way_round(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = MAKERS["newest_first"]()
    code, words = said(case, tmp_path, capsys)
    table = table_of(case)
    rises = bool((np.diff(table.time) > np.timedelta64(0)).all()) if table.time is not None else False
    assert rises or (code == 3 and "newest" in words.lower())
    assert int(table.label.sum()) == 20
    if not rises:
        assert main(["run", str(tmp_path / case.name), "--model", "pca"]) == REFUSED
        assert "AUC" not in capsys.readouterr().out


def test_times_cut_by_a_spreadsheet_give_no_minutes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = MAKERS["minutes_and_tenths"]()
    _, words = said(case, tmp_path, capsys)
    assert "'time'" in words and "spreadsheet" in words
    table = table_of(case)
    assert table.time_unit.reason and "time" not in table.schema.sensors


@pytest.mark.parametrize(
    ("name", "column", "values"),
    [
        ("three_states", "machine_status", ("NORMAL", "RECOVERING", "BROKEN")),
        ("slip_in_label", "Normal/Attack", ("Normal", "Attack", "A ttack")),
    ],
)
def test_a_label_of_three_values_is_named_with_them(
    name: str, column: str, values: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = MAKERS[name]()
    code, words = said(case, tmp_path, capsys)
    assert code == REFUSED and column in words
    assert all(value in words for value in values)
    counts = ("4", "96") if name == "slip_in_label" else ("7",)
    assert all(re.search(rf"\b{count}\b", words) for count in counts)


def test_states_serve_as_label_once_they_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = ("--label", "machine_status", "--event", "BROKEN", "--leave-out", "RECOVERING")
    code, words = said(MAKERS["three_states"](), tmp_path, capsys, *answer)
    assert code != REFUSED, words
    code, words = said(MAKERS["slip_in_label"](), tmp_path, capsys, "--event", "Attack", "A ttack")
    assert code != REFUSED, words


def test_minus_one_marks_the_events(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = MAKERS["minus_one"]()
    table = table_of(case)
    starts = np.flatnonzero(np.diff(table.label, prepend=0) == 1)
    assert len(starts) == 14 and table.label.tolist() == case.truth["trip"].tolist()
    assert "empty" not in table.schema.sensors
    _, words = said(case, tmp_path, capsys)
    assert "'Row'" in words and "row counter" in words and "'empty'" in words


def test_one_stays_the_event_whatever_is_rarer() -> None:
    case = MAKERS["mostly_anomalies"]()
    table = table_of(case)
    assert table.label.tolist() == case.truth["anomaly"].tolist()


def test_empty_cells_beside_one_are_asked_about(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = MAKERS["label_only_at_events"]()
    code, words = said(case, tmp_path, capsys)
    assert code == REFUSED and "'label'" in words and "--blank normal" in words
    assert "delete" not in words.lower() and "drop" not in words.lower()
    code, words = said(case, tmp_path, capsys, "--blank", "normal")
    assert code != REFUSED, words


def test_one_row_per_tag_is_said_and_pivoted_on_request() -> None:
    case = MAKERS["long_format"]()
    raw = raw_of(case)
    assert [q.about for q in raw.questions] == ["layout"] and "'tag'" in raw.questions[0].what
    wide = raw_of(case, Reading(layout="long")).frame
    assert len(wide) == 300
    assert_values(wide, case.truth)
    assert "temp" in wide and "value" not in wide


def test_machines_are_never_mixed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = MAKERS["machines"]()
    _, words = said(case, tmp_path, capsys)
    assert "'machineID'" in words and re.search("machine|asset", words)
    found = check(table_of(case))
    assert not [f for f in found if f.action in ("sort-time", "drop-rows")]


@pytest.mark.parametrize(
    ("name", "needed"),
    [
        ("header_again", ("header", "102", "303")),
        ("annotated", ("#",)),
        ("units_line", ("units", "line 2")),
        ("rows_in_quotes", ("quotation marks",)),
        ("line_break_in_header", ("Sensor defekt", "201")),
        ("unit_in_cell", ("°C",)),
    ],
)
def test_what_was_left_out_or_converted_is_said(
    name: str, needed: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = MAKERS[name]()
    _, words = said(case, tmp_path, capsys)
    assert all(word.lower() in words.lower() for word in needed), words
    assert not any("sep" in column or "#" in column for column in raw_of(case).frame.columns.astype(str))


def test_a_last_part_without_events_is_said_before_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = MAKERS["events_early_only"]()
    path = tmp_path / case.name
    path.write_bytes(case.content)
    main(["run", str(path), "--model", "pca", "--split", "chronological"])
    out = capsys.readouterr()
    assert "no event" in out.err
    assert not re.search(r"AUC 0\.\d", out.out), "an AUC of a part without events"


def test_decimals_or_thousands_are_asked_about(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = MAKERS["quoted_three_decimals"]()
    code, words = said(case, tmp_path, capsys)
    assert code == REFUSED
    assert re.search(r"'\d+,\d{3}'", words) and "'temp'" in words and "--decimal" in words
    raw = raw_of(case, Reading(decimal=","))
    assert not raw.questions
    assert_values(raw.frame, case.truth)
    thousands = raw_of(case, Reading(decimal="."))
    np.testing.assert_allclose(thousands.frame["temp"], 1000 * case.truth["temp"], rtol=1e-6)
