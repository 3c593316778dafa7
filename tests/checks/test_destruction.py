"""A fix destroys nothing, and takes no finding away whose cause is still there."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rare_event.checks.check import check
from rare_event.checks.findings import Action, Finding
from rare_event.checks.fixes import fix, fix_again
from rare_event.errors import TableError
from rare_event.prepare.schema import guess_schema
from tests.prepare.examples import frame, raw_of, table_of, with_values

N = 400
KINDS = (
    "backwards",
    "the time of an earlier row",
    "missing",
    "infinite",
    "row counter",
    "distinct whole numbers",
    "seems to repeat the label",
    "named like a label",
    "a notation that cannot be read with certainty",
    "holds numbers, except",
    "only the value",
)


def every_defect() -> pd.DataFrame:
    minutes = frame(N)["time"]
    times = minutes.mask(np.arange(N) == 200, minutes[199]).to_numpy(dtype=object)
    times[[100, 101]] = times[[101, 100]]
    grade = np.tile(["a", "b"], N // 2).astype(object)
    grade[60] = None
    return frame(
        N,
        time=times,
        counter=np.arange(N) + 5.0,
        gappy_counter=np.where(np.arange(N) == 300, np.nan, np.arange(N) * 0.1),
        gap=with_values({50: np.nan, 51: np.nan}, N),
        start=with_values({0: np.nan}, N, 2),
        endless=with_values({70: np.inf}, N, 3),
        both=with_values({80: np.inf, 90: np.nan}, N, 4),
        hollow=with_values(dict.fromkeys(range(N // 2 + 1), np.nan), N, 5),
        grade=grade,
        status=np.where(np.isin(np.arange(N), [10, 40, 80]), "STOP", "RUN"),
        fault=np.isin(np.arange(N), [5, 6, 7, 50]) * 1,
        words=["1.5", "2.5", "n.a."] + ["2.5", "3.5"] * ((N - 3) // 2) + ["1.5"],
        # More than one cell in a hundred: so few would be missing values.
        units=np.where(np.arange(N) % 40 == 2, "79.31 °C", np.where(np.arange(N) % 2, "2.5", "3.5")),
        flat=3.5,
    )


def kinds(findings: list[Finding]) -> set[tuple[str | None, str]]:
    return {(f.column, next(kind for kind in KINDS if kind in f.what)) for f in findings}


def test_a_fix_takes_no_finding_of_another_column_away() -> None:
    raw = raw_of(every_defect())
    schema = guess_schema(raw)
    findings = check(table_of(raw))
    before = kinds(findings)
    assert ("counter", "row counter") in before and ("gappy_counter", "row counter") in before
    fixes = [finding for finding in findings if finding.action]
    assert {f.action for f in fixes} == {"sort-time", "drop-rows", "forward-fill", "ignore"}
    for finding in fixes:
        after = kinds(check(table_of(*fix(raw, schema, finding))))
        gone = {(column, kind) for column, kind in before - after if column != finding.column}
        assert not gone, (finding, gone)
        assert kinds([finding]).isdisjoint(after), finding  # its own cause is mended


def test_one_fix_after_another_ends_with_what_no_click_can_mend() -> None:
    raw = raw_of(every_defect())
    schema = guess_schema(raw)
    counters = {("counter", "row counter"), ("gappy_counter", "row counter")}
    while True:
        findings = check(table_of(raw, schema))
        assert counters <= kinds(findings)
        clicks = [f for f in findings if f.action and kinds([f]).isdisjoint(counters)]
        if not clicks:
            break
        raw, schema = fix(raw, schema, clicks[0])
    assert kinds(findings) == counters | {
        ("units", "a notation that cannot be read with certainty"),
        ("flat", "only the value"),
    }
    assert len(raw) == N - 2  # the repeated time and the first row
    assert table_of(raw, schema).label.sum() == 4


@pytest.mark.parametrize("order", ["removed rows", "newest first", "shuffled"])
def test_a_row_counter_is_one_in_whatever_order_the_rows_are(order: str) -> None:
    data = frame(N, counter=np.arange(N) * 3, drift=np.linspace(0, 1, N) ** 2)
    rows = {
        "removed rows": np.delete(np.arange(N), [20, 21, 100, 350]),
        "newest first": np.arange(N)[::-1],
        "shuffled": np.random.default_rng(0).permutation(N),
    }[order]
    found = kinds(check(table_of(raw_of(data.iloc[rows]))))
    assert ("counter", "row counter") in found
    assert ("drift", "row counter") not in found and ("x1", "row counter") not in found


def test_an_infinite_value_never_becomes_a_grade() -> None:
    data = frame(valve=np.where(np.arange(100) == 30, np.inf, np.tile([1.0, 2.0], 50)))
    raw = raw_of(data)
    (finding,) = check(table_of(raw))
    assert "infinite" in finding.what and finding.action == "forward-fill"
    after = check(table_of(*fix(raw, guess_schema(raw), finding)))
    assert [f.action for f in after] == ["category"]


def test_dropping_the_first_rows_drops_no_other() -> None:
    raw = raw_of(frame(x2=with_values({0: np.nan, 50: np.inf})))
    finding = next(f for f in check(table_of(raw)) if f.action == "drop-rows")
    mended, _ = fix(raw, guess_schema(raw), finding)
    assert len(mended) == 99 and np.isinf(mended["x2"].iloc[49])


def test_a_fix_made_earlier_drops_no_rows_once_its_column_has_another_role() -> None:
    grade = np.tile(["a", "b"], 50).astype(object)
    grade[0] = None
    raw = raw_of(frame(grade=grade, time=frame()["time"].mask(np.arange(100) == 31, frame()["time"][30])))
    schema = guess_schema(raw)
    clicks = {f.column: f for f in check(table_of(raw)) if f.column and f.action == "drop-rows"}
    assert set(clicks) == {"time", "grade"}
    for column, finding in clicks.items():
        time, categories = (None, ("grade",)) if column == "time" else ("time", ())
        moved = replace(schema, time=time, categories=categories, ignored=(column,))
        assert len(fix_again(raw, moved, finding)[0]) == 99


def machines(n: int = 100, offset: int = 0) -> pd.DataFrame:
    """Two machines, one below the other; `offset` seconds keep their times apart."""
    start = pd.date_range("2020-01-01", periods=n, freq="min")
    both = (start, start + pd.Timedelta(seconds=offset))
    return pd.concat([frame(n, time=times.strftime("%Y-%m-%d %H:%M:%S")) for times in both])


def newer(time: str, freq: str, n: int) -> Any:
    return pd.date_range(time, periods=n, freq=freq).strftime("%Y-%m-%d %H:%M").to_numpy(dtype=object)


def clocks_set_back() -> pd.DataFrame:
    before, after = newer("2023-10-29 00:00", "10min", 18), newer("2023-10-29 02:00", "10min", 82)
    return frame(time=np.concatenate([before, after]))


SORT: Action = "sort-time"
# data, column, action that would destroy, words of the reason, words of what to do instead
DESTROYERS = {
    "units": (
        frame(x2=["80.5"] * 60 + ["79.31 °C"] * 2 + ["80.4"] * 38),
        "x2",
        "forward-fill",
        ["'79.31 °C' in line 62"],
        "without units",
    ),
    "many gaps": (
        frame(x2=with_values(dict.fromkeys(range(20, 30), np.nan))),
        "x2",
        "forward-fill",
        ["10 of 100 cells", "10.0%", "5%"],
        "leave out the column",
    ),
    "many words": (
        frame(x2=["1.5"] * 80 + ["stopped"] * 12 + ["2.5"] * 8),
        "x2",
        "forward-fill",
        ["12 of 100 cells"],
        "Correct the file",
    ),
    "many first rows": (
        frame(x2=with_values(dict.fromkeys(range(8), np.nan))),
        "x2",
        "drop-rows",
        ["8 of 100 rows"],
        "leave out the column",
    ),
    "an event in the first rows": (
        frame(400, x2=with_values(dict.fromkeys(range(15), np.nan), 400)),
        "x2",
        "drop-rows",
        ["lose 1 event"],
        "leave out the column",
    ),
    "many repeated times": (
        frame(time=np.repeat(newer("2020-01-01", "min", 50), 2)),
        "time",
        "drop-rows",
        ["50 of 100 rows"],
        "each time occurs once",
    ),
    "dates only": (
        frame(time=np.repeat(["2020-01-01", "2020-01-02"], 50)),
        "time",
        "drop-rows",
        ["without a time of day", "lose"],
        "both date and time",
    ),
    "machines, rows dropped": (
        machines(),
        "time",
        "drop-rows",
        ["100 of 200 rows"],
        "each time occurs once",
    ),
    "machines, sorted": (machines(), "time", SORT, ["backwards once", "several machines"], "one machine"),
    "machines apart": (machines(offset=30), "time", SORT, ["the same times"], "one machine"),
    "clocks set back": (clocks_set_back(), "time", SORT, ["line 20", "clocks are set back"], "UTC"),
}


@pytest.mark.parametrize(
    ("data", "column", "action", "words", "instead"), DESTROYERS.values(), ids=DESTROYERS.keys()
)
def test_a_fix_that_destroys_is_neither_offered_nor_done(
    data: pd.DataFrame, column: str, action: Action, words: list[str], instead: str
) -> None:
    raw = raw_of(data)
    before, schema = raw.copy(), guess_schema(raw)
    found = [f for f in check(table_of(raw)) if f.column == column]
    sentences = " ".join(f"{f.what} {f.fix}" for f in found)
    assert all(word in sentences for word in [*words, instead]), sentences
    assert action not in {f.action for f in found}
    with pytest.raises(TableError, match="is not changed"):
        fix(raw, schema, Finding("problem", column, "What an older page offered.", "Do it.", action))
    pd.testing.assert_frame_equal(raw, before)


def test_where_clocks_are_set_back_no_row_is_lost() -> None:
    (finding,) = check(table_of(raw_of(clocks_set_back())))
    assert finding.action is None and "earlier row" not in finding.what
    # A jump of an hour that is not the hour of autumn is a clock that runs backwards.
    data = clocks_set_back()
    data.loc[18:, "time"] = newer("2023-10-29 01:30", "10min", 82)
    assert any(f.grade == "problem" for f in check(table_of(raw_of(data))))


def test_a_fix_says_what_it_changes() -> None:
    fixes = {(f.column, f.action): f.fix for f in check(table_of(raw_of(every_defect()))) if f.action}
    assert "removes no rows, changes 2 cells and loses no events" in fixes["gap", "forward-fill"]
    assert "removes 1 row, changes no cells" in fixes["start", "drop-rows"]
    assert "removes 1 row, changes no cells and loses no events" in fixes["time", "drop-rows"]
    assert "moves 2 rows" in fixes["time", "sort-time"]
    assert "changes 1 cell " in fixes["words", "forward-fill"]
    assert "changes 2 cells" in fixes["both", "forward-fill"]  # the infinite one too
    assert all("no" in sentence for sentence in fixes.values())


@pytest.mark.parametrize("n_blocks", [1, 4])
def test_newest_first_is_a_problem_that_sorting_mends(n_blocks: int) -> None:
    data = frame(N)
    days = np.array_split(np.arange(N), n_blocks)
    rows = np.concatenate([*days[::-1]]) if n_blocks > 1 else np.arange(N)[::-1]
    raw = raw_of(data.iloc[rows])
    (finding,) = check(table_of(raw))
    assert (finding.grade, finding.action) == ("problem", "sort-time")
    mended, schema = fix(raw, guess_schema(raw), finding)
    assert check(table_of(mended, schema)) == []
    np.testing.assert_array_equal(mended["x1"], raw_of(data)["x1"])


def test_rows_of_one_time_are_turned_round_with_a_file_that_is_newest_first() -> None:
    data = frame(N, time=np.repeat(newer("2020-01-01", "min", N // 2), 2))
    raw = raw_of(data.iloc[::-1])
    mended, _ = fix_again(raw, guess_schema(raw), Finding("problem", "time", "", "", SORT))
    np.testing.assert_array_equal(mended["x1"], raw_of(data)["x1"])


def test_times_cut_by_a_spreadsheet_are_a_problem_with_their_column() -> None:
    cut = [f"{i % 60:02d}:{(7 * i) % 60:02d}.0" for i in range(100)]
    (finding,) = check(table_of(raw_of(frame(time=cut))))
    assert (finding.grade, finding.column) == ("problem", "time")
    assert "'00:00.0' in line 2" in finding.what
    assert "06:00:00" in finding.fix and finding.action is None
    # Texts that resemble no time leave the file without a clock, which may be so.
    plain = check(table_of(raw_of(frame(time=np.arange(100.0) ** 2).rename(columns={"time": "reel"}))))
    assert [f.grade for f in plain] == ["note"]


def test_every_finding_says_where() -> None:
    for finding in check(table_of(raw_of(every_defect()))):
        assert finding.where == f"Column '{finding.column}':"
    (finding,) = check(table_of(raw_of(frame().drop(columns="time"))))
    assert finding.where == "The file:"


def test_numbers_called_a_time_are_no_sensor_in_silence() -> None:
    raw = raw_of(frame(time=np.arange(100) * 60 - 1_000_000))
    guess = guess_schema(raw)
    assert guess.ignored == ("time",) and guess.time is None
    asked = replace(guess, sensors=(*guess.sensors, "time"), ignored=())
    finding = check(table_of(raw, asked))[0]
    assert (finding.grade, finding.column, finding.action) == ("problem", "time", "ignore")
    assert [f.grade for f in check(table_of(*fix(raw, asked, finding)))] == ["note"]
    # A sensor with such a name that rises and falls is one, as is any beside a time that can be read.
    cycles = np.random.default_rng(3).normal(30, 5, size=100)
    assert [f.grade for f in check(table_of(raw_of(frame(time=cycles))))] == ["note"]
    assert check(table_of(raw_of(frame(run_time=np.arange(100.0) ** 2)))) == []


def test_a_shuffled_file_is_not_called_newest_first() -> None:
    raw = raw_of(frame(N).iloc[np.random.default_rng(4).permutation(N)])
    (finding,) = check(table_of(raw))
    assert (finding.grade, finding.action) == ("problem", "sort-time")
    assert "newest" not in finding.what
    mended, _ = fix(raw, guess_schema(raw), finding)
    np.testing.assert_array_equal(mended["x1"], raw_of(frame(N))["x1"])


def test_rows_of_a_second_machine_are_not_dropped_where_few_times_are_shared() -> None:
    late = frame(N, y=np.isin(np.arange(N), [40, 80]).astype(int))
    late["time"] = (pd.to_datetime(late["time"]) + pd.Timedelta(N - 30, "min")).astype(str)
    raw = raw_of(pd.concat([frame(N), late]))
    found = [f for f in check(table_of(raw)) if f.column == "time"]
    assert ["30 of 800 rows repeat" in f.what for f in found] == [False, True]
    assert all("one machine per file" in f.fix or "another machine" in f.fix for f in found)
    assert not any(f.action for f in found)
    with pytest.raises(TableError, match="another machine"):
        fix(raw, guess_schema(raw), replace(found[1], action="drop-rows"))
