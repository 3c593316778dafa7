"""Settings that score other windows under other labels, on common ground, against slow versions."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rare_event.config import AlarmPolicy, Rule
from rare_event.errors import DataError
from rare_event.judge.alarms import event_ledger
from rare_event.judge.align import Figures, common_windows, judge_on_common, on_common
from rare_event.judge.evaluation import call
from rare_event.judge.judgement import BUDGETS
from rare_event.judge.resampling import mean_auc_draws
from rare_event.judge.rules import choose
from rare_event.judge.scores import Scores
from rare_event.judge.thresholds import operating_points
from rare_event.store.serial import dump, load

POLICY = AlarmPolicy(cooldown=4)


def scores_of(shift: int, lookback: int, seed: int = 0, folds: int = 2, step: float = 2.0) -> Scores:
    """Twelve stretches of 30 rows in each fold, every other one ended by an event, seen by one setting."""
    rng = np.random.default_rng(seed)
    n_stretches = 12 * folds
    stretch, age = np.divmod(np.arange(n_stretches * 30), 30)
    event = np.where(stretch % 2 == 0, stretch // 2, -1)
    to_event = np.where(event >= 0, (30 - age) * step, np.inf)
    mask = age >= lookback - 1
    y_true = (to_event <= shift * step).astype(np.int8)
    row = 31 * stretch + age
    columns: dict[str, Any] = {
        "row": row,
        "clock": row * step,
        "stretch": stretch,
        "fold": stretch // 12,
        "y_true": y_true,
        "y_score": rng.random(len(row)) + 0.3 * (to_event <= 2 * step),
        "event": event,
        "to_event": to_event,
    }
    return Scores(
        **{name: column[mask] for name, column in columns.items()},
        total_events=np.arange(n_stretches // 2),
        step=step,
        lead=shift * step,
    )


def test_settings_are_judged_on_what_all_score_under_one_label() -> None:
    parts = [scores_of(1, 1), scores_of(4, 5), scores_of(2, 3)]
    windows = common_windows(parts)
    rows = [set(part.row.tolist()) for part in parts]
    assert set(windows.row.tolist()) == set.intersection(*rows) == rows[1]
    assert len(windows) < len(parts[0]) and not windows.y_score.any()
    # Two rows of two minutes lie within four minutes, whatever the shift.
    assert windows.n_positive == 2 * 12
    assert (windows.y_true == (windows.to_event <= 4)).all()
    for part in parts:
        mine = on_common(windows, part)
        assert (mine.row == windows.row).all() and (mine.y_true == windows.y_true).all()
        score_at = dict(zip(part.row.tolist(), part.y_score.tolist(), strict=True))
        assert mine.y_score.tolist() == [score_at[row] for row in windows.row.tolist()]
    assert len({part.n_positive for part in parts}) == 3


def test_an_event_that_one_setting_sees_counts_for_all() -> None:
    one, other = scores_of(1, 1), scores_of(4, 1)
    blind = np.where(one.event == 0, -1, one.event)
    one = replace(
        one,
        event=blind,
        to_event=np.where(blind < 0, np.inf, one.to_event),
        total_events=one.total_events[1:],
    )
    windows = common_windows([one, other])
    assert windows.total_events.tolist() == other.total_events.tolist()
    assert (windows.event == other.event).all() and (windows.to_event == other.to_event).all()
    assert 0 not in one.total_events


@pytest.mark.parametrize("step", [1 / 60, 2.0, 4.0, 15.0, 60.0])
def test_the_label_is_that_of_the_shift_at_any_step(step: float) -> None:
    windows = common_windows([scores_of(2, 1, step=step)])
    assert windows.n_positive == 2 * 12
    assert windows.lead == pytest.approx(2 * step)
    assert windows.n_positive < len(windows) / 5
    assert common_windows([scores_of(1, 1, step=step)]).n_positive == 12


def test_what_cannot_be_shared_is_said() -> None:
    one = scores_of(1, 1)
    with pytest.raises(DataError, match="No window is scored by all"):
        common_windows([one.where(one.row < 5), one.where(one.row > 50)])
    windows = common_windows([one])
    for fewer in (one.where(one.row != one.row[7]), one.where(one.row < 0)):
        with pytest.raises(DataError, match="does not cover the map's windows"):
            on_common(windows, fewer)
    assert len(on_common(windows, one)) == len(one)


def naive_caught(scores: Scores, budget: float, lead: float) -> tuple[list[int], int]:
    """Events of each fold caught at a budget, counted event by event."""
    policy = replace(POLICY, lead=lead)
    threshold = choose(operating_points(scores, policy), Rule("fa-per-day", budget))
    ledger = event_ledger(scores, threshold, policy)
    by_fold = [0] * len(np.unique(scores.fold))
    for event in ledger.loc[ledger["caught"], "event"]:
        by_fold[int(scores.fold[scores.event == event][0])] += 1
    return by_fold, int(ledger["caught"].sum())


def test_figures_are_those_of_each_fold_and_of_all_together() -> None:
    scores = on_common(common_windows([scores_of(1, 1), scores_of(2, 5)]), scores_of(1, 1))
    figures = judge_on_common(scores, POLICY)
    folds = [scores.of_fold(0), scores.of_fold(1)]
    for fold, auc in zip(folds, figures.fold_auc, strict=True):
        ahead = fold.y_score[fold.y_true == 1][:, None] > fold.y_score[fold.y_true == 0]
        assert auc == pytest.approx(ahead.mean())
    mean, interval = figures.mean_fold_auc, figures.interval
    assert mean is not None and interval is not None
    assert mean == pytest.approx(np.mean(np.array(figures.fold_auc, float)))
    assert figures.mean_draws == pytest.approx(mean_auc_draws(folds))
    low, high = interval
    assert low < mean < high
    assert [(count.budget, count.lead) for count in figures.counts] == [
        (budget, lead) for lead in (4.0, 20.0) for budget in BUDGETS
    ]
    for count in figures.counts:
        assert (list(count.by_fold), count.caught) == naive_caught(scores, count.budget, count.lead)
        assert count.low is not None and count.high is not None
        assert count.low <= count.caught <= count.high
    most = figures.count(5.0, 20.0)
    assert most.caught > most.by_chance and most.caught <= 12


def reread(folder: Path, figures: Figures) -> Figures:
    path = folder / "figures.json"
    path.write_text(dump(figures))
    return load(Figures, path, "figures", "cell 0")


def test_figures_go_to_plain_data_and_back(tmp_path) -> None:
    scores = scores_of(1, 1)
    figures = judge_on_common(scores, POLICY)
    back = reread(tmp_path, figures)
    assert back.draws == pytest.approx(figures.draws, abs=1e-5)
    assert replace(back, draws=figures.draws).counts == figures.counts
    assert back.fold_auc == figures.fold_auc
    # A fold of one class has no AUC, and does not spoil the mean of the others.
    quiet = replace(scores, y_true=np.where(scores.fold == 1, 0, scores.y_true))
    half = judge_on_common(quiet, POLICY)
    assert half.fold_auc[1] is None and half.mean_fold_auc == half.fold_auc[0]
    again = reread(tmp_path, half)
    assert np.isnan(again.draws[1]).all() and again.interval == pytest.approx(half.interval, abs=1e-5)
    nothing = judge_on_common(replace(scores, y_true=np.zeros_like(scores.y_true)), POLICY)
    assert nothing.mean_fold_auc is None and nothing.interval is None


def test_the_threshold_keeps_the_budget() -> None:
    scores = scores_of(1, 1)
    policy = replace(POLICY, lead=4.0)
    for budget in BUDGETS:
        points = operating_points(scores, policy)
        threshold = choose(points, Rule("fa-per-day", budget))
        called = call(scores, {0: threshold, 1: threshold}, policy)
        assert called.y_score.max() <= 1
        at = points.at(threshold)
        assert at == len(points) or points.false_alarms_per_day[at] <= budget
