"""Leaderboard over judgements written by hand: who is listed, in which order, and who is level."""

import json
from dataclasses import replace

import numpy as np
import pytest

from rare_event.compare.leaderboard import (
    beats_baselines,
    judged_of,
    kind_of,
    leaderboard,
    learns_from_events,
    nearest_budget,
)
from rare_event.config import (
    ARTICLE_DENSE,
    RECOMMENDED,
    BlendModel,
    LogisticModel,
    PCAModel,
    Rule,
    baselines,
    recipe,
)
from rare_event.plots.leaderboard import board_data
from rare_event.store.datasets import add_dataset
from rare_event.store.judged import Judged
from rare_event.store.records import Committed, Purpose, Status
from rare_event.store.runs import create_run
from tests.small import judgement_of, summary_of

HERE, ELSEWHERE = "0123456789abcdef", "fedcba9876543210"
DRAWS = np.random.default_rng(0).normal(0.0, 0.01, 40)


def figures(auc, spread=DRAWS, trivial=(), **other):
    """A judgement as it is kept."""
    return Judged(judgement_of(auc, spread, **other), tuple(trivial))


@pytest.fixture
def finished(workspace, small_csv):
    """A run that is done, with what a judgement says of it."""
    dataset = add_dataset(small_csv, "small.csv")

    def make(config, judgement, purpose=None):
        run = create_run(dataset, config, purpose or Purpose())
        run.commit(Committed({0: 1.0}, config.rule, config.policy))
        run.save_evaluation(summary_of(seconds={"train": 12.5}))
        if judgement is not None:
            run.save_judged(judgement)
        run.write_status(Status("done"))
        return run

    return make


def test_the_best_is_first_and_every_row_says_what_it_is(finished) -> None:
    trivial = [judgement_of(0.5, caught=1, name="chance"), judgement_of(0.53, caught=2, name="since-restart")]
    worse = finished(RECOMMENDED, figures(0.62, caught=5))
    better = finished(
        recipe("pca", RECOMMENDED), figures(0.66, caught=7, trivial=trivial), Purpose("baseline", worse.id)
    )
    worse.look()
    worse.look()

    board = leaderboard([better, worse], HERE)

    assert [row.run for row in board] == [better.id, worse.id, "", ""]
    assert [row.kind for row in board] == ["baseline", "run", "trivial", "trivial"]
    assert [row.name for row in board] == [
        "PCA, squared error",
        "Recommended: dense on differences",
        "Time since the last restart",
        "Chance: the score shifted in time",
    ]
    assert [row.judgement.mean_fold_auc for row in board] == pytest.approx([0.66, 0.62, 0.53, 0.5])
    best = board[0]
    assert best.judgement.count("past", 1.0).caught == 6
    assert best.judgement.count("hindsight", 5.0, 20.0).caught == 11
    assert best.train_seconds == 12.5
    assert [row.looks for row in board] == [0, 2, None, None]
    assert [row.split for row in board] == ["chronological", "chronological", None, None]


def test_other_windows_and_runs_without_a_judgement_are_left_out(finished) -> None:
    here = finished(RECOMMENDED, figures(0.6))
    there = finished(RECOMMENDED, figures(0.9, windows=ELSEWHERE))
    never = finished(RECOMMENDED, None)
    partly, damaged = (finished(RECOMMENDED, figures(0.8)) for _ in range(2))
    (partly.folder / "judgement.json").write_text(json.dumps({"windows": HERE}))
    (damaged.folder / "judgement.json").write_text("{half of")
    foreign = finished(RECOMMENDED, figures(0.8))
    (foreign.folder / "config.json").write_text("{}[")

    board = leaderboard([here, there, never, partly, damaged, foreign], HERE)

    assert [row.run for row in board] == [here.id]
    assert [judged_of(run) for run in (never, partly, damaged)] == [None] * 3


@pytest.mark.parametrize("runs", [[], ["other"]])
def test_a_leaderboard_of_other_windows_is_empty(finished, runs) -> None:
    board = leaderboard([finished(RECOMMENDED, figures(0.6, windows=ELSEWHERE)) for _ in runs], HERE)
    assert board == ()


def groups_of(board):
    return [row.group for row in board]


def test_models_are_tied_when_their_paired_difference_is_unsure(finished) -> None:
    """The second differs from the first by 0.01 in every resample; the third by 0.01 on average only."""
    noise = np.random.default_rng(1).normal(0.0, 0.02, 40)
    first = finished(RECOMMENDED, figures(0.66))
    unsure = finished(RECOMMENDED, figures(0.655, noise))
    surely_worse = finished(RECOMMENDED, figures(0.65))

    assert groups_of(leaderboard([surely_worse, first], HERE)) == [1, 2]
    board = leaderboard([first, unsure], HERE)
    assert groups_of(board) == [1, 1]
    assert [row.run for row in board] == [first.id, unsure.id]


def test_equal_models_keep_their_order_and_share_a_group(finished) -> None:
    runs = [finished(RECOMMENDED, figures(0.6)) for _ in range(3)]
    board = leaderboard(runs, HERE)
    assert [row.run for row in board] == [run.id for run in runs]
    assert groups_of(board) == [1, 1, 1]
    assert len({row.name for row in board}) == 3


def test_a_model_without_an_auc_is_last_and_tied_with_none(finished) -> None:
    blind = finished(RECOMMENDED, figures(None))
    blind_too = finished(RECOMMENDED, figures(None, average_precision=None))
    sighted = finished(RECOMMENDED, figures(0.6))

    board = leaderboard([blind, sighted, blind_too], HERE)

    assert [row.run for row in board] == [sighted.id, blind.id, blind_too.id]
    assert groups_of(board) == [1, 2, 3]
    assert [row.judgement.mean_fold_auc for row in board] == [0.6, None, None]
    assert groups_of(leaderboard([blind], HERE)) == [1]


def test_draws_that_are_missing_or_cannot_be_paired_show_no_difference(finished) -> None:
    paired = finished(RECOMMENDED, figures(0.9))
    unpaired = finished(RECOMMENDED, figures(0.6, np.zeros(2)))
    without = finished(RECOMMENDED, figures(0.5, None))
    undefined = finished(RECOMMENDED, figures(0.4, np.full(40, np.nan)))
    board = leaderboard([paired, unpaired, without, undefined], HERE)
    assert groups_of(board) == [1, 1, 1, 1]


def test_rows_without_a_model_are_those_of_the_first_run_and_never_twice(finished) -> None:
    trivial = [judgement_of(0.5, name="chance"), judgement_of(0.4, name="from-a-newer-version")]
    first = finished(RECOMMENDED, figures(0.6, trivial=trivial))
    second = finished(RECOMMENDED, figures(0.7, trivial=[judgement_of(0.55, name="chance")]))
    rows = [row for row in leaderboard([first, second], HERE) if row.kind == "trivial"]
    assert [row.judgement.mean_fold_auc for row in rows] == pytest.approx([0.5, 0.4])
    assert [row.name for row in rows] == ["Chance: the score shifted in time", "from-a-newer-version"]


def test_a_run_whose_evaluation_is_gone_is_left_out_and_one_without_times_is_not(finished) -> None:
    kept, lost = (finished(RECOMMENDED, figures(auc)) for auc in (0.6, 0.7))
    kept.save_evaluation(summary_of(seconds={}))
    (lost.folder / "evaluation.json").unlink()
    board = leaderboard([kept, lost], HERE)
    assert [(row.run, row.train_seconds) for row in board] == [(kept.id, None)]


@pytest.mark.parametrize(
    ("config", "role", "kind"),
    [
        (RECOMMENDED, "run", "run"),
        (recipe("pca", RECOMMENDED), "baseline", "baseline"),
        (recipe("pca", RECOMMENDED), "run", "run"),
        (recipe("logistic", RECOMMENDED), "baseline", "supervised"),
        (recipe("log-odds", RECOMMENDED), "baseline", "supervised"),
        (recipe("either", RECOMMENDED), "baseline", "supervised"),
        (recipe("average", RECOMMENDED), "baseline", "baseline"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_the_kind_of_a_row(finished, config, role, kind) -> None:
    assert kind_of(finished(config, None, Purpose(role)), config) == kind


def test_a_blend_learns_from_events_as_soon_as_one_member_does() -> None:
    assert not learns_from_events(PCAModel())
    assert learns_from_events(LogisticModel())
    assert learns_from_events(BlendModel(("pca", "logistic")))
    assert not learns_from_events(BlendModel(("pca", "forecast")))


def test_every_baseline_has_a_name_of_its_own(finished) -> None:
    configs = [RECOMMENDED, ARTICLE_DENSE, *baselines(RECOMMENDED)]
    board = leaderboard([finished(config, figures(0.6)) for config in configs], HERE)
    names = [row.name for row in board]
    assert len(set(names)) == len(names)
    assert not any("seed" in name for name in names)


@pytest.mark.parametrize(
    ("rule", "budget"),
    [
        (Rule("fa-per-day", 0.2), 1.0),
        (Rule("fa-per-day", 3.0), 2.0),
        (Rule("fa-per-day", 40.0), 5.0),
        (Rule("recall", 0.9), 2.0),
    ],
)
def test_the_budget_nearest_to_a_rule(rule, budget) -> None:
    assert nearest_budget(rule) == budget


def test_a_run_must_catch_more_than_every_baseline(finished) -> None:
    run = finished(RECOMMENDED, figures(0.6, caught=7))
    weak = finished(recipe("pca", RECOMMENDED), figures(0.9, caught=6), Purpose("baseline", run.id))
    level = finished(recipe("squares", RECOMMENDED), figures(0.5, caught=7), Purpose("baseline", run.id))

    wins = beats_baselines(leaderboard([run, weak], HERE), run.id, 2.0)
    assert (
        wins is not None
        and "With thresholds set on the test data for at most 2 false alarms a day, this model catches 7"
        in wins
    )
    assert "not beat" not in wins and wins.endswith("; “PCA, squared error” catches 6.")
    best = beats_baselines(
        leaderboard([run, weak, finished(recipe("knn", RECOMMENDED), figures(0.5))], HERE), run.id, 2.0
    )
    assert best is not None and "best of" not in best
    loses = beats_baselines(leaderboard([run, weak, level], HERE), run.id, 2.0)
    assert loses is not None and "does not beat the baselines" in loses
    assert loses.endswith("; “Mean of squares, no model” catches as many.")
    assert beats_baselines(leaderboard([run], HERE), run.id, 2.0) is None
    assert beats_baselines(leaderboard([weak], HERE), run.id, 2.0) is None
    another = finished(replace(RECOMMENDED, seed=1), figures(0.9, caught=9))
    assert beats_baselines(leaderboard([run, another], HERE), run.id, 2.0) is None, "a run is no baseline"


def test_the_leaderboard_can_be_drawn(finished) -> None:
    runs = [finished(RECOMMENDED, figures(auc)) for auc in (0.6, None, 0.7)]
    board = leaderboard(runs, HERE)
    drawn = board_data(board, 20.0)["rows"]
    assert [row["auc_shown"] for row in drawn] == ["0.700", "0.600", "no AUC"]
    assert [row["run"] for row in drawn] == [runs[2].id, runs[0].id, runs[1].id]
