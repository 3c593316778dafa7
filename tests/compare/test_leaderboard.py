"""Leaderboard over judgements written by hand: who is listed, in which order, and who is level."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rare_event.compare.leaderboard import (
    beats_baselines,
    columns,
    judged,
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
from rare_event.plots.leaderboard import budget_figure, leaderboard_figure
from rare_event.store.datasets import add_dataset
from rare_event.store.records import Committed, Purpose, Status
from rare_event.store.runs import create_run
from tests.small import summary_of

HERE, ELSEWHERE = "0123456789abcdef", "fedcba9876543210"
DRAWS = np.random.default_rng(0).normal(0.0, 0.01, 40)


def figures(auc, spread=DRAWS, windows=HERE, caught=5, **other):
    """A judgement as it is written: plain data."""
    counts = {lead: {"1": caught - 1, "2": caught, "5": caught + 4} for lead in ("4", "20")}
    rates = {"1": 1.5, "2": 3.0, "5": 6.0}
    return {
        "name": "any",
        "windows": windows,
        "fold_auc": [auc] * 6,
        "mean_fold_auc": auc,
        "interval": None if auc is None else [auc - 0.02, auc + 0.02],
        "auc_draws": [] if auc is None else (auc + spread).tolist(),
        "pooled_auc": auc,
        "average_precision": auc,
        "base_rate": 0.0137,
        "events": {"total": 78, "caught": counts, "caught_trailing": counts, "caught_at_best": counts},
        "fa_per_day_achieved": rates,
        "fa_per_day_trailing": rates,
    } | other


@pytest.fixture
def finished(workspace, small_csv):
    """A run that is done, with what a judgement says of it."""
    dataset = add_dataset(small_csv, "small.csv")

    def make(config, judgement, purpose=None):
        run = create_run(dataset, config, purpose or Purpose())
        run.commit(Committed({0: 1.0}, config.rule, config.policy))
        run.save_evaluation(summary_of(seconds={"train": 12.5}))
        if judgement is not None:
            run.save_judgement(judgement)
        run.write_status(Status("done"))
        return run

    return make


def test_the_best_stands_first_and_every_column_is_there(finished) -> None:
    trivial = [figures(0.5, caught=1, name="chance"), figures(0.53, caught=2, name="since-restart")]
    worse = finished(RECOMMENDED, figures(0.62, caught=5))
    better = finished(
        recipe("pca", RECOMMENDED), figures(0.66, caught=7, trivial=trivial), Purpose("baseline", worse.id)
    )
    worse.look()
    worse.look()

    board = leaderboard([better, worse], HERE)

    assert list(board.columns) == columns((4.0, 20.0))
    assert board["run"].tolist() == [better.id, worse.id, "", ""]
    assert board["kind"].tolist() == ["baseline", "run", "trivial", "trivial"]
    assert board["name"].tolist() == [
        "PCA, squared error",
        "Recommended: dense on differences",
        "Time since the last restart",
        "Chance: the score rolled in time",
    ]
    assert board["mean_fold_auc"].tolist() == [0.66, 0.62, 0.53, 0.5]
    assert board.iloc[0][["auc_low", "auc_high"]].tolist() == [0.64, pytest.approx(0.68)]
    assert board.iloc[0][["caught_1_4", "caught_2_20", "trailing_2_4", "best_5_4"]].tolist() == [6, 7, 7, 11]
    assert board.iloc[0][["achieved_2", "achieved_trailing_5", "train_seconds"]].tolist() == [3.0, 6.0, 12.5]
    assert board["looks"].tolist()[:2] == [0, 2]
    assert board["looks"].isna().tolist() == [False, False, True, True]
    assert not board.drop(columns=["split", "train_seconds", "looks"]).isna().any(axis=None)


def test_other_windows_and_runs_without_a_judgement_are_left_out(finished) -> None:
    here = finished(RECOMMENDED, figures(0.6))
    there = finished(RECOMMENDED, figures(0.9, windows=ELSEWHERE))
    never = finished(RECOMMENDED, None)
    partly = finished(RECOMMENDED, {"windows": HERE})
    damaged = finished(RECOMMENDED, figures(0.8))
    (damaged.folder / "judgement.json").write_text("{half of")
    foreign = finished(RECOMMENDED, figures(0.8))
    (foreign.folder / "config.json").write_text("{}[")

    board = leaderboard([here, there, never, partly, damaged, foreign], HERE)

    assert board["run"].tolist() == [here.id]
    assert judged(here) == figures(0.6)
    assert [judged(run) for run in (never, partly, damaged)] == [None] * 3


@pytest.mark.parametrize("runs", [[], ["other"]])
def test_an_empty_leaderboard_has_its_columns_and_can_be_drawn(finished, runs) -> None:
    board = leaderboard([finished(RECOMMENDED, figures(0.6, windows=ELSEWHERE)) for _ in runs], HERE)
    assert list(board.columns) == columns(())
    assert not len(board)
    assert not leaderboard_figure(board).layout.shapes
    assert "no model" in budget_figure(board, 4.0).layout.annotations[0].text


def test_models_are_level_when_their_paired_difference_is_unsure(finished) -> None:
    """The second differs from the first by 0.01 in every resample; the third by 0.01 on average only."""
    noise = np.random.default_rng(1).normal(0.0, 0.02, 40)
    first = finished(RECOMMENDED, figures(0.66))
    unsure = finished(RECOMMENDED, figures(0.655, noise))
    surely_worse = finished(RECOMMENDED, figures(0.65))

    assert leaderboard([surely_worse, first], HERE)["group"].tolist() == [1, 2]
    board = leaderboard([first, unsure], HERE)
    assert board["group"].tolist() == [1, 1]
    assert board["run"].tolist() == [first.id, unsure.id]


def test_equal_models_keep_their_order_and_share_a_group(finished) -> None:
    runs = [finished(RECOMMENDED, figures(0.6)) for _ in range(3)]
    board = leaderboard(runs, HERE)
    assert board["run"].tolist() == [run.id for run in runs]
    assert board["group"].tolist() == [1, 1, 1]
    assert board["name"].is_unique


def test_a_model_without_an_auc_stands_last_and_is_level_with_none(finished) -> None:
    blind = finished(RECOMMENDED, figures(None))
    blind_too = finished(RECOMMENDED, figures(None, average_precision=None))
    sighted = finished(RECOMMENDED, figures(0.6))

    board = leaderboard([blind, sighted, blind_too], HERE)

    assert board["run"].tolist() == [sighted.id, blind.id, blind_too.id]
    assert board["group"].tolist() == [1, 2, 3]
    assert board["mean_fold_auc"].isna().tolist() == [False, True, True]
    assert board["auc_low"].isna().tolist() == [False, True, True]
    assert leaderboard([blind], HERE)["group"].tolist() == [1]


def test_draws_that_are_missing_or_cannot_be_paired_tell_no_difference(finished) -> None:
    paired = finished(RECOMMENDED, figures(0.9))
    unpaired = finished(RECOMMENDED, figures(0.6, auc_draws=[0.6, 0.6]))
    without = finished(RECOMMENDED, figures(0.5, auc_draws=[], interval=None))
    undefined = finished(RECOMMENDED, figures(0.4, auc_draws=[None] * 40))
    board = leaderboard([paired, unpaired, without, undefined], HERE)
    assert board["group"].tolist() == [1, 1, 1, 1]
    assert board["auc_low"].isna().tolist() == [False, False, True, False]


def test_rows_without_a_model_are_those_of_the_first_run_and_never_twice(finished) -> None:
    trivial = [figures(0.5, name="chance"), figures(0.4, name="from-a-newer-version")]
    first = finished(RECOMMENDED, figures(0.6, trivial=trivial))
    second = finished(RECOMMENDED, figures(0.7, trivial=[figures(0.55, name="chance")]))
    board = leaderboard([first, second], HERE)
    rows = board[board["kind"] == "trivial"]
    assert rows["mean_fold_auc"].tolist() == [0.5, 0.4]
    assert rows["name"].tolist() == ["Chance: the score rolled in time", "from-a-newer-version"]


def test_a_run_whose_evaluation_is_gone_is_left_out_and_one_without_times_is_not(finished) -> None:
    kept, lost = (finished(RECOMMENDED, figures(auc)) for auc in (0.6, 0.7))
    kept.save_evaluation(summary_of(seconds={}))
    (lost.folder / "evaluation.json").unlink()
    board = leaderboard([kept, lost], HERE)
    assert board["run"].tolist() == [kept.id]
    assert board["train_seconds"].isna().all()


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
    assert board["name"].is_unique
    assert not board["name"].str.contains("seed").any()


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
    assert wins is not None and "for all alike, this model catches" in wins and "more than any" in wins
    assert "not beat" not in wins
    loses = beats_baselines(leaderboard([run, weak, level], HERE), run.id, 2.0)
    assert loses is not None and "does not beat the baselines" in loses
    assert "“Mean of squares, no model”, one of 2, catches 7" in loses
    assert beats_baselines(leaderboard([run], HERE), run.id, 2.0) is None
    assert beats_baselines(leaderboard([weak], HERE), run.id, 2.0) is None
    another = finished(replace(RECOMMENDED, seed=1), figures(0.9, caught=9))
    assert beats_baselines(leaderboard([run, another], HERE), run.id, 2.0) is None, "a run is no baseline"


def test_the_leaderboard_can_be_drawn(finished) -> None:
    runs = [finished(RECOMMENDED, figures(auc)) for auc in (0.6, None, 0.7)]
    board = leaderboard(runs, HERE)
    before = board.copy()
    assert len(leaderboard_figure(board).layout.yaxis.ticktext) == 3
    assert budget_figure(board, 20.0).data
    pd.testing.assert_frame_equal(board, before)
