"""Without a clock rows are counted: no figure of a day or a minute is made up anywhere."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rare_event.checks.check import check
from rare_event.cli.figures import figures_of
from rare_event.cli.parser import main
from rare_event.clock import BACKWARDS, MINUTES, NO_TIME, SHARED_TIMES, TimeUnit
from rare_event.compare.leaderboard import beats_baselines, leaderboard
from rare_event.compare.verdict import verdict
from rare_event.config import AlarmPolicy, ExperimentConfig, Rule
from rare_event.errors import ConfigError
from rare_event.experiment.backtest import backtest, describe
from rare_event.experiment.result import Result, summarise
from rare_event.experiment.run import run_experiment
from rare_event.jobs.worker import execute
from rare_event.judge.drift import alarms_by_day
from rare_event.judge.evaluation import call
from rare_event.judge.judgement import windows_digest
from rare_event.judge.thresholds import operating_points
from rare_event.prepare.table import Table, read_table
from rare_event.store.datasets import add_dataset
from rare_event.store.runs import create_run
from rare_event.store.serial import to_plain
from tests.records import as_older_version
from tests.small import PCA, small_frame

OF_TIME = ("a day", "per day", "per_day", "/day", "minute", " min ", "days")


def table_of(frame: pd.DataFrame) -> Table:
    return read_table(frame.to_csv(index=False).encode())


def clockless(n_rows: int = 600) -> pd.DataFrame:
    return small_frame(n_rows).drop(columns="time")


def one_time_for_two() -> pd.DataFrame:
    frame = small_frame()
    frame.loc[1::2, "time"] = frame["time"].to_numpy()[::2]
    return frame


def speaks_of_time(words: str) -> list[str]:
    return [word for word in OF_TIME if word in words]


def numbers_of_time(figures: Any, name: str = "") -> list[str]:
    """Names of JSON that speak of time and hold a figure."""
    if isinstance(figures, dict):
        return [found for key, value in figures.items() for found in numbers_of_time(value, key)]
    return [name] if figures is not None and any(word in name for word in ("per_day", "minutes")) else []


@pytest.mark.parametrize(
    ("frame", "unit"),
    [
        (small_frame, MINUTES),
        (clockless, NO_TIME),
        (one_time_for_two, SHARED_TIMES),
        (lambda: small_frame().iloc[::-1], BACKWARDS),
        (lambda: small_frame().sample(frac=1, random_state=0), BACKWARDS),
        (lambda: small_frame().iloc[[*range(300, 600), *range(300)]], MINUTES),
        # A few rows of one time leave the clock as it is.
        (
            lambda: small_frame().assign(
                time=lambda f: f["time"].where(f.index % 21 != 20, f["time"].shift())
            ),
            MINUTES,
        ),
        (
            lambda: small_frame().assign(
                time=lambda f: f["time"].where(f.index % 19 != 18, f["time"].shift())
            ),
            SHARED_TIMES,
        ),
    ],
    ids=[
        "a good clock",
        "no time",
        "two rows of each time",
        "newest first",
        "no order",
        "halves swapped",
        "less than 5%",
        "more than 5%",
    ],
)
def test_when_a_clock_can_be_read(frame: Callable[[], pd.DataFrame], unit: TimeUnit) -> None:
    table = table_of(frame())
    assert table.time_unit == unit
    counted = (table.clock == np.arange(table.n_rows)).all()
    assert counted == bool(unit.reason)
    assert np.issubdtype(table.when.dtype, np.datetime64) != counted
    said = " ".join(finding.what for finding in check(table))
    assert ("per 1,000 rows" in said) == bool(unit.reason)


def test_a_text_that_is_no_time_is_named_not_the_times_around_it() -> None:
    frame = small_frame()
    frame["time"] = frame["time"].astype(str).where(frame.index % 4 != 3, "offline")
    (problem,) = (finding for finding in check(table_of(frame)) if finding.grade == "problem")
    assert "'offline' in line 5" in problem.what and str(frame["time"][0]) not in problem.what


def test_times_that_cannot_be_read_are_rows() -> None:
    cut = clockless().assign(time=[f"{i % 60:02d}:{(7 * i) % 60:02d}.0" for i in range(600)])
    table = table_of(cut)
    assert table.time_unit == NO_TIME
    (problem,) = (finding for finding in check(table) if finding.grade == "problem")
    assert "figures are in rows" in problem.what and problem.column == "time"
    assert not speaks_of_time(problem.what.replace("time of the day", ""))


@pytest.fixture(scope="module")
def results() -> dict[str, Result]:
    """The same model with a good clock, without one, and with one that cannot be used."""
    frames = {"good": small_frame(), "none": clockless(), "shared": one_time_for_two()}
    return {name: run_experiment(table_of(frame), PCA) for name, frame in frames.items()}


def test_rates_are_per_thousand_rows(results: dict[str, Result]) -> None:
    for name in ("none", "shared"):
        test = results[name].test
        assert test.step == 1 and test.lead == PCA.shift
        assert test.days == len(test) / 1000
        points = operating_points(test, results[name].policy)
        np.testing.assert_array_equal(points.false_alarms_per_day, points.false_alarms / (len(test) / 1000))
        figures = results[name].evaluation()
        assert figures.false_alarms_per_day == figures.false_alarms / (len(test) / 1000)
        by_block = alarms_by_day(
            call(test, results[name].thresholds, results[name].policy), results[name].policy
        )
        assert by_block["day"].tolist() == [0] and by_block["false_alarms"].sum() == figures.false_alarms
        assert by_block["false_alarms_per_day"].item() == pytest.approx(figures.false_alarms_per_day)
    good = results["good"].test
    assert good.days == len(good) * 2 / 1440 != len(good) / 1000


def test_the_budget_holds_per_thousand_rows(results: dict[str, Result]) -> None:
    result = results["none"]
    validation, threshold = result.validation, result.thresholds[0]
    points = operating_points(validation, result.policy)
    at = points.at(threshold)
    allowed = 2 * len(validation) / 1000
    assert at == len(points) or points.false_alarms[at] <= allowed
    # Per day it would have been another threshold.
    assert points.false_alarms.max() > allowed


def test_the_summary_holds_no_figure_of_time(results: dict[str, Result]) -> None:
    good = to_plain(summarise(results["good"]))
    # Its test part is shorter than a day.
    assert good["false_alarms"] >= 0 and good["false_alarms_per_day"] is None
    assert not {"clock", "false_alarms_per_1000_rows"} & set(good)
    assert "median_lead_minutes" in good and "median_lead_rows" not in good
    for name, reason in (("none", NO_TIME.reason), ("shared", SHARED_TIMES.reason)):
        figures = to_plain(summarise(results[name]))
        assert figures["clock"] == reason
        assert figures["false_alarms_per_1000_rows"] == results[name].evaluation().rate
        assert "median_lead_rows" in figures and not numbers_of_time(figures)


def test_rules_and_lead_windows_in_words() -> None:
    for rule in (Rule(), Rule("trailing-quantile", 0.99)):
        assert "rows" in rule.in_words(NO_TIME) and not speaks_of_time(rule.in_words(NO_TIME))
    assert Rule().in_words() == "at most 2 false alarms a day"
    assert (
        Rule("trailing-quantile", 0.99).in_words(NO_TIME)
        == "the trailing 0.99 quantile of the scores over the last 3,000 rows"
    )
    assert (
        Rule("trailing-quantile", 0.99).in_words()
        == "the trailing 0.99 quantile of the scores over the last 3 days"
    )
    narrow = replace(PCA, policy=AlarmPolicy(lead=0.5))
    with pytest.raises(ConfigError, match="0.5 rows") as refused:
        run_experiment(table_of(clockless()), narrow)
    assert not speaks_of_time(str(refused.value))


def test_a_run_keeps_its_unit_and_an_older_one_is_in_minutes(
    workspace: Path, results: dict[str, Result]
) -> None:
    dataset = add_dataset(clockless().to_csv(index=False).encode(), "rows.csv")
    run = create_run(dataset, PCA)
    execute(run)
    assert run.scores("test").time_unit == NO_TIME
    judged = run.judged()
    assert judged is not None and judged.model.time_unit == NO_TIME
    assert not numbers_of_time(figures_of(judged.model))
    run.look()
    board = leaderboard([run], judged.model.windows)
    assert {row.judgement.time_unit for row in board} == {NO_TIME}
    sentences = [*verdict(board), beats_baselines(board, run.id, 2.0) or ""]
    assert "per 1,000 rows" in " ".join(sentences) and not speaks_of_time(" ".join(sentences))
    # Figures from before, per day of invented minutes, are not compared with these.
    timed = replace(run.scores("test"), time_unit=MINUTES)
    assert windows_digest(timed) != windows_digest(run.scores("test")) == judged.model.windows
    as_older_version(run.folder)
    about = run.folder / "scores.json"
    older = json.loads(about.read_text())
    del older["clock"]
    about.write_text(json.dumps(older))
    assert run.scores("test").time_unit == MINUTES


def test_a_backtest_speaks_of_rows() -> None:
    configs: list[ExperimentConfig] = [PCA]
    rows = backtest(table_of(clockless()), configs, folds=2)
    words = describe(rows)
    assert NO_TIME.why in words and "caught, 2 per 1,000 rows" in words and not speaks_of_time(words)
    assert not numbers_of_time(figures_of(rows[0]))
    header, *lines = words.splitlines()[2:]
    assert {len(line) for line in lines} == {len(header)}
    good = describe(backtest(table_of(small_frame()), configs, folds=2))
    assert "caught, 2 a day" in good and "1,000 rows" not in good


TINY = ["--shifts", "2", "--lookbacks", "1", "5", "--representations", "difference", "--models", "pca"]
TINY += ["--folds", "2", "--jobs", "1"]


@pytest.mark.parametrize("arguments", [["run", "--model", "pca"], ["map", *TINY]], ids=["run", "map"])
def test_the_command_line_speaks_of_rows(
    workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    path = tmp_path / "rows.csv"
    clockless().to_csv(path, index=False)
    command, *options = arguments
    assert main([command, str(path), *options]) == 0
    words, findings = capsys.readouterr()
    assert NO_TIME.why in words and "per 1,000 rows" in words and not speaks_of_time(words)
    assert "figures are in rows" in findings
    assert main([command, str(path), *options, "--json"]) == 0
    text = capsys.readouterr().out
    assert f'"clock": "{NO_TIME.reason}"' in text and not numbers_of_time(json.loads(text))
