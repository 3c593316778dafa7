"""Alarms suppressed by a category column, from a run to the files that are scored and followed."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rare_event.config import AlarmPolicy
from rare_event.errors import TableError
from rare_event.experiment.result import Result, summarise
from rare_event.experiment.run import run_experiment
from rare_event.experiment.score import BEGINNING, score
from rare_event.experiment.trained import Trained, trained_of
from rare_event.jobs.follow import Follower, follow
from rare_event.judge.alarms import alarms
from rare_event.judge.category import Category
from rare_event.judge.endings import ENDS, SUPPRESSED
from rare_event.judge.scores import Scores
from rare_event.judge.suppression import suppression
from rare_event.prepare.grades import LastGrade, grade_of, next_grade
from rare_event.prepare.table import Table
from rare_event.store.followed import ALARMS, SCORES
from rare_event.store.scored import csv_of, describe, summary
from tests.experiment.test_score import BASE, assert_same, frame, pieces, table_of

POLICY = AlarmPolicy(
    k=2,
    n=3,
    cooldown=3.0,
    repeat=8.0,
    end_share=0.7,
    suppress_column="mode",
    suppress_values=("clean",),
    suppress_after=7.0,
    # In the test rows of the run, and 31 days after its first row in the new ones.
    stops=((1300.0, 1340.0, ""), (44_700.0, 44_760.0, "")),
)


def with_mode(columns: pd.DataFrame, seed: int) -> pd.DataFrame:
    """A mode that changes every 15 rows or so."""
    rng = np.random.default_rng(seed)
    number = np.cumsum(rng.random(len(columns)) < 1 / 15)
    return columns.assign(mode=rng.choice(["run", "clean", "slow"], number[-1] + 1)[number])


@pytest.fixture(scope="module")
def table() -> Table:
    return table_of(with_mode(frame(), 5))


@pytest.fixture(scope="module")
def result(table: Table) -> Result:
    return run_experiment(table, replace(BASE, policy=POLICY), workers=1)


@pytest.fixture(scope="module")
def model(table: Table, result: Result) -> Trained:
    return trained_of(table, result)


@pytest.fixture(scope="module")
def new() -> pd.DataFrame:
    return with_mode(frame(400, 1, "2024-02-01"), 6)


def suppressed(scores: Scores) -> np.ndarray:
    found = scores.suppressed(POLICY)
    assert found is not None
    return found


def silent_rows(table: Table) -> np.ndarray:
    mode = table.frame["mode"].astype(str).to_numpy()
    silent: np.ndarray = (mode == "clean") | (grade_of(mode, table.clock).since < POLICY.suppress_after)
    assert table.time is not None
    clock = (pd.Series(table.time) - pd.Timestamp("2024-01-01")) / pd.Timedelta(minutes=1)
    for first, last, _ in POLICY.stops:
        silent |= clock.between(first, last).to_numpy()
    return silent


def test_the_run_raises_no_alarm_in_suppressed_rows_and_says_so(table: Table, result: Result) -> None:
    test = result.test
    low = float(np.quantile(test.y_score, 0.4))
    assert "mode" in table.schema.categories
    silent = silent_rows(table)
    assert suppressed(test).tolist() == silent[test.row].tolist() and silent[test.row].any()
    listed = alarms(test, low, POLICY)
    assert len(listed) and not silent[listed["first_row"]].any()
    free = alarms(test, low, POLICY.unsuppressed())
    assert silent[free["first_row"]].any()
    said = summarise(result).suppressed
    assert said.startswith(f"Alarms are suppressed in {silent[test.row].sum():,} rows, ")
    assert not summarise(replace(result, config=BASE)).suppressed


def test_the_runs_own_rows_are_heard_as_they_were(table: Table, result: Result, model: Trained) -> None:
    again, test = score(model, table, BEGINNING).scores, result.folds[-1].test
    mine = again.where(np.isin(again.row, test.row))
    assert suppressed(mine).tolist() == suppressed(test).tolist()
    pd.testing.assert_frame_equal(
        alarms(mine, model.threshold, POLICY)[["start", "end", "rows", "peak"]],
        alarms(test, model.threshold, POLICY)[["start", "end", "rows", "peak"]],
    )


@pytest.mark.parametrize("seed", range(6))
def test_new_rows_in_pieces_are_those_of_one(model: Trained, new: pd.DataFrame, seed: int) -> None:
    table = table_of(new)
    whole = score(model, table)
    assert whole.n_scored > 250 and len(whole.alarms) > 3
    rng = np.random.default_rng(seed)
    cuts = rng.choice(np.arange(1, 400), int(rng.integers(1, 40)), replace=False).tolist()
    parts = pieces(model, table, cuts)
    assert_same(parts, whole)
    # What is suppressed is counted on, over steps of 2 and of 6 minutes and single rows.
    found = suppression(whole.scores, POLICY)
    for one in (parts[-1], whole):
        tally = one.history.streams[""].tally
        assert found is not None and tally.rows == found.windows > 0
        assert tally.running == pytest.approx(whole.scores.running.sum())
        assert tally.minutes / tally.running == pytest.approx(found.share)
    # The judge on all rows at once, without the label.
    blind = replace(
        whole.scores,
        event=np.full(len(whole.scores), -1),
        to_event=np.full(len(whole.scores), np.inf),
        near=None,
    )
    wanted = alarms(blind, model.threshold, POLICY)
    assert whole.alarms["rows"].tolist() == wanted["rows"].tolist()
    assert whole.alarms["peak"].tolist() == wanted["peak"].tolist()
    assert ENDS[SUPPRESSED] in whole.alarms["ended"].tolist()
    silent = silent_rows(table)
    first = np.searchsorted(new["time"], whole.alarms["start"])
    assert not silent[first].any() and silent.any()
    said = f"Alarms are suppressed in {silent[whole.scores.row].sum():,} rows"
    assert said in describe(model, whole) and summary(model, whole)["suppressed"].startswith(said)


def test_a_followed_folder_is_heard_as_one_file(model: Trained, new: pd.DataFrame, tmp_path: Path) -> None:
    watched, out = tmp_path / "in", tmp_path / "out"
    watched.mkdir()
    out.mkdir()
    whole = score(model, table_of(new))
    found, said = suppression(whole.scores, POLICY), []
    edges = [0, 3, 40, 41, 120, 200, 201, 330, 400]
    for begin, end in zip(edges, edges[1:], strict=False):
        new[begin:end].to_csv(watched / f"{begin:03}.csv", index=False)
        # A new follower for each file: nothing is kept in memory.
        follower = Follower(model, watched, out)
        follow(follower, lambda: False, lambda _: None, lambda _: None, lambda _: None, once=True)
        said.append(follower.state.position.suppressed)
    assert found is not None and said[-1] == replace(found, events=0).in_words
    assert said[-1] in describe(model, whole) and len(set(said)) > 5
    assert (out / SCORES).read_bytes() == csv_of(whole.frame)
    records = [json.loads(line) for line in (out / ALARMS).read_text().splitlines()]
    begun = [record["start"] for record in records if record["event"] == "start"]
    assert begun == [time.isoformat() for time in whole.alarms["start"]] and len(begun) > 3


def test_a_file_without_the_column_is_refused(model: Trained, new: pd.DataFrame) -> None:
    with pytest.raises(TableError, match="mode"):
        score(model, table_of(new.drop(columns="mode")))


def test_changes_are_known_across_pieces_and_never_across_machines() -> None:
    values, clock = np.array(list("aabbbaacca")), 2.0 * np.arange(10)
    whole = grade_of(values, clock)
    assert whole.since.tolist() == [np.inf, np.inf, 0, 2, 4, 0, 2, 0, 2, 0]
    for cut in range(11):
        first, last = next_grade(values[:cut], clock[:cut], LastGrade())
        second, _ = next_grade(values[cut:], clock[cut:], last)
        assert [*first.since, *second.since] == whole.since.tolist()
    machines = grade_of(values, clock, np.repeat([0, 1], 5))
    assert machines.since.tolist() == [np.inf, np.inf, 0, 2, 4, np.inf, np.inf, 0, 2, 0]


def test_an_empty_cell_has_no_value_and_is_no_change() -> None:
    grade = Category.of_text(np.array(["A", None, "B", np.nan], object), np.full(4, np.inf))
    assert grade.suppressed(("B",), 0.0).tolist() == [False, False, True, False]
    assert grade.suppressed(("A", "B"), 5.0).tolist() == [True, False, True, False]
    assert grade.text.tolist() == ["A", None, "B", None]
    assert not Category.of_text(np.array([np.nan], object), np.array([1.0])).suppressed(("nan",), 0.0).any()
    values = np.array([np.nan, "a", np.nan, "a", np.nan, "b", np.nan, np.nan, "b", "a", np.nan], object)
    clock = 2.0 * np.arange(11)
    whole = grade_of(values, clock)
    assert whole.since.tolist() == [np.inf] * 5 + [0, 2, 4, 6, 0, 2]
    for cut in range(12):
        first, last = next_grade(values[:cut], clock[:cut], LastGrade())
        second, _ = next_grade(values[cut:], clock[cut:], last)
        assert [*first.since, *second.since] == whole.since.tolist()


@pytest.mark.parametrize("seed", range(3))
def test_empty_cells_in_any_pieces(model: Trained, new: pd.DataFrame, seed: int) -> None:
    rng = np.random.default_rng(seed)
    empty = rng.choice(400, 60, replace=False)
    holed = new.assign(mode=new["mode"].mask(np.isin(np.arange(400), empty)))
    table = table_of(holed)
    whole = score(model, table)
    # Row by row: the last value that a row had tells when it changed.
    last, since, silent = None, np.inf, []
    for at, value in zip(table.clock, holed["mode"], strict=True):
        if isinstance(value, str):
            since = at if last is not None and value != last else since
            last = value
        silent.append(value == "clean" or 0 <= at - since < POLICY.suppress_after)
    rows = whole.scores.row
    stopped = whole.scores.suppressed(
        replace(POLICY, suppress_column="", suppress_values=(), suppress_after=0.0)
    )
    assert suppressed(whole.scores).tolist() == (np.array(silent)[rows] | stopped).tolist()
    assert_same(pieces(model, table, rng.choice(np.arange(1, 400), 25, replace=False).tolist()), whole)
