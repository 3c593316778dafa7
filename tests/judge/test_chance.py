"""Chance is chance, and the clock is what a model must beat."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rare_event.config import AlarmPolicy, Rule
from rare_event.judge.chance import chance, chance_band, chance_draws, figure_intervals, since_restart
from rare_event.judge.evaluation import evaluate, ranking
from rare_event.judge.rules import choose
from rare_event.judge.scores import Scores
from rare_event.judge.thresholds import operating_points
from tests import naive
from tests.judge.test_judgement import parts
from tests.judge.test_operating_intervals import plant as operating

POLICY = AlarmPolicy()
THRESHOLDS = dict.fromkeys(range(3), 5.0)
BUDGETS = (1.0, 5.0, 20.0)


def plant(seed: int, n_rows: int = 3000, n_folds: int = 3, skill: float = 0.0) -> Scores:
    """Folds one after another; a positive scores higher by `skill` standard deviations."""
    rng = np.random.default_rng(seed)
    scores: Scores = naive.random_scores(rng, n_rows=n_rows)
    fold = np.arange(len(scores)) * n_folds // len(scores)
    return replace(scores, fold=fold).with_score(rng.normal(size=len(scores)) + skill * scores.y_true)


# Rolled in time


@given(st.integers(0, 10_000), st.integers(1, 90), st.integers(1, 4))
def test_scores_are_rolled_within_their_fold(seed, n_rows, n_folds) -> None:
    scores = naive.random_scores(np.random.default_rng(seed), n_rows=n_rows, n_folds=n_folds)
    scores = scores.with_score(np.arange(len(scores), dtype=float))
    rolled = chance(scores, seed)
    for fold in np.unique(scores.fold):
        before, after = scores.of_fold(fold).y_score, rolled.of_fold(fold).y_score
        n = len(before)
        offset = int(np.flatnonzero(after == before[0])[0])
        assert (after == np.roll(before, offset)).all()
        # Forwards or backwards, never less than a tenth away; a single window stays.
        assert min(offset, n - offset) >= n / 10 if n > 1 else offset == 0
    for name in ("row", "clock", "y_true", "fold", "event"):
        assert (getattr(rolled, name) == getattr(scores, name)).all()


def test_every_seed_has_its_offsets() -> None:
    scores = plant(0)
    offsets = set()
    for seed in range(40):
        rolled = chance(scores, seed)
        assert (chance(scores, seed).y_score == rolled.y_score).all()
        assert not (rolled.y_score == scores.y_score).any()
        offsets.add(tuple(int(np.argmax(rolled.of_fold(f).y_score)) for f in range(3)))
    assert len(offsets) > 35
    # Folds are rolled by different offsets.
    tops = np.array([int(np.argmax(scores.of_fold(f).y_score)) for f in range(3)])
    moved = {(at - tops).tobytes() for at in map(np.array, offsets)}
    assert all(len(np.unique(np.frombuffer(one, int))) > 1 for one in moved)


def test_chance_keeps_the_course_and_loses_the_meaning() -> None:
    scores = plant(1, skill=2.0)
    # A score that lingers: the mean of the last 20.
    slow = scores.with_score(pd.Series(scores.y_score).rolling(20, min_periods=1).mean().to_numpy())
    rolled = chance(slow)
    of_fold = [part.of_fold(1).y_score for part in (slow, rolled)]
    likeness = [np.corrcoef(values[1:], values[:-1])[0, 1] for values in of_fold]
    assert likeness[0] > 0.8 and likeness[1] == pytest.approx(likeness[0], abs=0.05)
    before, after = ranking(scores)[0], ranking(chance(scores))[0]
    assert before is not None and before > 0.85
    assert after is not None and abs(after - 0.5) < 0.05


@pytest.mark.parametrize("skill", [0.0, 2.0])
@pytest.mark.parametrize("seed", range(3))
def test_chance_is_chance(seed, skill) -> None:
    scores = plant(seed, skill=skill)
    band = chance_band(scores, AlarmPolicy(), (5.0,), offsets=60)
    auc = band[band["figure"] == "auc"].iloc[0]
    assert abs(auc["mean"] - 0.5) < 0.05 and 0.4 < auc["low"] < 0.5 < auc["high"] < 0.6
    found, _ = ranking(scores)
    # What knows nothing lies within the band; what knows something, far above.
    assert found is not None and (auc["low"] < found < auc["high"]) == (skill == 0)


# The band


@pytest.mark.parametrize("seed", range(4))
def test_the_draws_are_those_of_rolling_one_by_one(seed) -> None:
    rng = np.random.default_rng(seed)
    # Ties, and folds whose rows are mixed.
    scores = naive.random_scores(rng, n_rows=200, n_folds=3)
    policy = naive.random_policy(rng)
    before = scores.y_score.copy()
    drawn = chance_draws(scores, policy, BUDGETS, seed, offsets=8)
    assert drawn.shape == (8, 4)
    for row, figures in enumerate(drawn):
        rolled = chance(scores, seed + row)
        assert figures[0] == pytest.approx(np.mean([ranking(rolled.of_fold(f))[0] for f in range(3)]))
        points = operating_points(rolled, policy)
        for budget, caught in zip(BUDGETS, figures[1:], strict=True):
            threshold = choose(points, Rule("fa-per-day", budget))
            assert caught == naive.figures_at(rolled, threshold, policy)["caught"]
    assert len(np.unique(drawn[:, 0])) > 1 and (scores.y_score == before).all()


def test_the_band_sums_the_draws_up() -> None:
    scores, policy = plant(3, n_rows=600), AlarmPolicy(lead=20.0)
    drawn = chance_draws(scores, policy, BUDGETS, seed=2, offsets=101)
    band = chance_band(scores, policy, BUDGETS, seed=2, offsets=101)
    assert band["figure"].tolist() == ["auc", "caught", "caught", "caught"]
    assert np.isnan(band["budget"][0]) and band["budget"][1:].tolist() == list(BUDGETS)
    np.testing.assert_allclose(band["mean"], drawn.mean(axis=0))
    # Of 101 draws, 2.5 and 97.5% are the third from either end.
    rising = np.sort(drawn, axis=0)
    np.testing.assert_array_equal(band[["low", "high"]], np.array([rising[2], rising[98]]).T)
    # A larger budget never catches fewer.
    assert (np.diff(drawn[:, 1:], axis=1) >= 0).all() and band["mean"][3] > band["mean"][1]


def test_folds_with_one_class_have_no_say_in_the_auc() -> None:
    scores = plant(4, n_rows=600)
    normal = replace(scores, y_true=np.where(scores.fold == 1, 0, scores.y_true))
    drawn = chance_draws(normal, AlarmPolicy(), BUDGETS, offsets=3)
    for row in range(3):
        rolled = chance(normal, row)
        expected = np.mean([ranking(rolled.of_fold(f))[0] for f in (0, 2)])
        assert drawn[row, 0] == pytest.approx(expected)
    none = replace(scores, y_true=np.zeros_like(scores.y_true))
    band = chance_band(none, AlarmPolicy(), BUDGETS, offsets=3)
    assert band.loc[0, ["mean", "low", "high"]].isna().all()
    assert band.loc[1:, ["mean", "low", "high"]].notna().all(axis=None)


# The clock


def test_since_restart_by_hand() -> None:
    # Two stretches; the second begins with a window an hour later, and skips a row.
    scores = Scores(
        row=np.array([3, 4, 5, 9, 10, 12]),
        clock=np.array([6.0, 8, 10, 70, 72, 76]),
        stretch=np.array([0, 0, 0, 1, 1, 1]),
        fold=np.array([0, 0, 1, 1, 1, 1]),
        y_true=np.zeros(6, np.int8),
        y_score=np.full(6, 9.0),
        event=np.full(6, -1),
        to_event=np.full(6, np.inf),
        total_events=np.array([], int),
        step=2.0,
    )
    # A fold that begins in mid-stretch is no restart.
    np.testing.assert_allclose(since_restart(scores).y_score, [1, 1 / 3, 1 / 5, 1, 1 / 3, 1 / 7])
    assert (scores.y_score == 9.0).all()
    assert len(since_restart(scores.where(np.zeros(6, bool)))) == 0


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_since_restart_knows_nothing_but_the_clock(seed, backwards) -> None:
    scores = naive.random_scores(np.random.default_rng(seed), backwards=backwards)
    found = since_restart(scores)
    expected = []
    for i in range(len(scores)):
        begin = min(c for c, s in zip(scores.clock, scores.stretch, strict=True) if s == scores.stretch[i])
        expected.append(1 / (1 + scores.clock[i] - begin))
    np.testing.assert_allclose(found.y_score, expected)
    again = since_restart(replace(scores, y_true=1 - scores.y_true, y_score=-scores.y_score))
    assert (again.y_score == found.y_score).all()
    assert 0 < found.y_score.min() < found.y_score.max() == 1


# Beside each figure


@pytest.fixture(scope="module")
def found():
    _, test = parts(skill=3.0)
    return test, evaluate(test, THRESHOLDS, POLICY), figure_intervals(test, THRESHOLDS, POLICY)


def test_every_figure_lies_in_its_interval(found) -> None:
    _, figures, table = found
    for name in ("caught", "false_alarms_per_day", "precision", "recall", "median_lead"):
        assert table.loc[name, "low"] <= getattr(figures, name) <= table.loc[name, "high"], name
    assert table.loc["auc", "low"] < table.loc["auc", "high"] <= 1
    assert not table[["low", "high"]].isna().any().any()


def test_chance_alarms_as_often_and_means_nothing(found) -> None:
    test, figures, table = found
    assert table.loc["auc", "chance"] == 0.5
    assert table.loc["precision", "chance"] == pytest.approx(test.y_true.mean())
    assert table.loc["recall", "chance"] == pytest.approx((test.y_score >= 5.0).mean())
    assert 0 < table.loc["caught", "chance"] < figures.caught / 3
    # How many false alarms there are, and how early, is no matter of luck.
    assert np.isnan(table.loc["false_alarms_per_day", "chance"])
    assert np.isnan(table.loc["median_lead", "chance"])


def ends(table: pd.DataFrame, name: str) -> tuple[float, float]:
    return float(table["low"][name]), float(table["high"][name])


def test_an_alarm_that_never_sounds_has_no_precision(found) -> None:
    test, figures, _ = found
    table = figure_intervals(test, dict.fromkeys(range(3), np.inf), POLICY)
    # None of n events caught: 1 - 0.025^(1/n) of them at the most. No false alarm: -ln 0.025 at the most.
    n = figures.n_events
    assert table["chance"]["caught"] == 0
    assert ends(table, "caught") == pytest.approx((0, n * (1 - 0.025 ** (1 / n))))
    assert ends(table, "false_alarms_per_day") == pytest.approx((0, -np.log(0.025) / figures.days))
    assert ends(table, "recall")[0] == 0 < ends(table, "recall")[1] < 1
    assert np.isnan([*ends(table, "precision"), *ends(table, "median_lead")]).all()


@pytest.mark.parametrize(
    ("threshold", "share"), [(99.0, (0.0, 0.70759822)), (0.0, (1 - 0.70759822, 1.0))], ids=["none", "all"]
)
def test_none_or_all_of_three_events_have_exact_intervals(threshold, share) -> None:
    scores = operating(1, 6)
    table = figure_intervals(scores, {0: threshold}, POLICY)
    assert len(scores.total_events) == 3
    np.testing.assert_allclose(ends(table, "caught"), 3 * np.array(share))
    np.testing.assert_allclose(ends(table, "recall"), share)
    # In no figure a border stands for certainty.
    assert not (table["low"] == table["high"]).any()


def test_one_event_gives_the_ranking_no_interval() -> None:
    scores = operating(1, 6)
    one = replace(scores, y_true=np.where(scores.event == 0, scores.y_true, 0))
    assert not np.isnan(ends(figure_intervals(scores, {0: 2.0}, POLICY), "auc")).any()
    table = figure_intervals(one, {0: 2.0}, POLICY)
    assert np.isnan(ends(table, "auc")).all() and table["chance"]["auc"] == 0.5
