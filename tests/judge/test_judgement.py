"""The judgement over folds: what is read on the past, and what only in hindsight."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from rare_event.config import AlarmPolicy, Rule
from rare_event.judge.judgement import BUDGETS, Judgement, Threshold, judge, windows_digest
from rare_event.judge.rules import choose
from rare_event.judge.scores import Scores, join
from rare_event.judge.thresholds import operating_points

POLICY = AlarmPolicy()


def parts(seed: int = 0, folds: int = 3, skill: float = 1.5) -> tuple[Scores, Scores]:
    """Validation and test scores of some folds, one after the other in time."""
    random = np.random.default_rng(seed)
    drawn: list[list[Scores]] = [[], []]
    start = 0
    for fold in range(folds):
        for part in drawn:
            n, length = 1200, 40
            stretch = start // length + np.arange(n) // length
            ends = stretch % 2 == 0
            position = np.arange(n) % length
            y = (ends & (position >= length - 2)).astype(np.int8)
            score = random.gamma(2.0, size=n) + skill * y
            clock = 2.0 * (start + np.arange(n)) + 60.0 * stretch
            part.append(
                Scores(
                    row=start + np.arange(n),
                    clock=clock,
                    stretch=stretch,
                    fold=np.full(n, fold),
                    y_true=y,
                    y_score=score,
                    event=np.where(ends, stretch, -1),
                    to_event=np.where(ends, 2.0 * (length - position), np.inf),
                    total_events=np.unique(stretch[ends]),
                    step=2.0,
                )
            )
            start += n
    return join(drawn[0]), join(drawn[1])


def by(threshold: Threshold, judgement: Judgement) -> list[tuple[int, float | None]]:
    """Events caught and false alarms of one kind of threshold."""
    counts = [count for count in judgement.counts if count.threshold == threshold]
    return [(count.caught, count.false_alarms_per_day) for count in counts]


@pytest.fixture(scope="module")
def judged():
    validation, test = parts()
    return validation, test, judge(validation, test, POLICY, "model")


def test_figures_are_those_of_scikit_learn(judged) -> None:
    _, test, row = judged
    each = [roc_auc_score(p.y_true, p.y_score) for p in map(test.of_fold, range(3))]
    assert row.fold_auc == pytest.approx(tuple(each))
    assert row.mean_fold_auc == pytest.approx(np.mean(each))
    assert row.interval[0] < row.mean_fold_auc < row.interval[1]
    assert row.pooled_auc == pytest.approx(roc_auc_score(test.y_true, test.y_score))
    assert row.average_precision == pytest.approx(average_precision_score(test.y_true, test.y_score))
    assert row.base_rate == test.y_true.mean()
    assert row.n_events == len(test.total_events) == 45


def test_hindsight_is_kept_apart_from_the_past(judged) -> None:
    validation, test, row = judged
    for budget in BUDGETS:
        for lead in (4.0, 20.0):
            points = operating_points(test, replace(POLICY, lead=lead))
            at = points.at(choose(points, Rule("fa-per-day", budget)))
            hindsight = row.count("hindsight", budget, lead)
            assert hindsight.caught == points.caught[at]
            assert hindsight.false_alarms_per_day == points.false_alarms_per_day[at] <= budget
            assert 0 <= row.count("past", budget, lead).caught <= row.n_events
        assert row.count("hindsight", budget, 20.0).caught >= row.count("hindsight", budget).caught
    # What was chosen on the past does not change with the test scores; hindsight does.
    raised = judge(validation, test.with_score(test.y_score * 100), POLICY, "raised")
    assert by("hindsight", raised) == by("hindsight", row)
    assert by("past", raised) != by("past", row)
    with pytest.raises(ValueError, match="No past count at 3 false alarms a day, 4 minutes"):
        row.count("past", 3.0)


def test_a_score_without_skill_is_chance_through_the_whole_machinery() -> None:
    aucs, caught, chance = [], [], []
    for seed in range(8):
        validation, test = parts(seed, skill=0.0)
        row = judge(validation, test, POLICY, "random")
        assert row.mean_fold_auc is not None
        aucs.append(row.mean_fold_auc)
        caught.append(row.count("past", 5.0).caught)
        rolled = test.with_score(np.roll(test.y_score, 1234 + 17 * seed))
        chance.append(judge(validation, rolled, POLICY, "rolled").count("past", 5.0).caught)
    assert abs(np.mean(aucs) - 0.5) < 0.05
    # Caught by luck: as many as the rolled score, within three standard deviations of a count.
    assert np.sum(caught) <= np.sum(chance) + 3 * np.sqrt(np.sum(chance) + np.sum(caught))
    skilled = judge(*parts(0, skill=4.0), POLICY, "skilled")
    assert (skilled.mean_fold_auc or 0.0) > 0.9 and skilled.count("past", 5.0).caught > max(caught)


def test_a_trailing_threshold_follows_a_drift_that_a_fixed_one_cannot() -> None:
    validation, test = parts(3)
    steady = judge(validation, test, POLICY, "steady")
    drifted = judge(validation, test.with_score(test.y_score * 3), POLICY, "drifted")
    for budget in (2.0, 5.0):
        followed, fixed = (drifted.count(kind, budget).false_alarms_per_day for kind in ("trailing", "past"))
        assert followed is not None and fixed is not None
        assert budget / 2.5 < (steady.count("trailing", budget).false_alarms_per_day or 0) < 2.5 * budget
        assert fixed > 10 * budget
        assert followed < fixed / 3


def test_windows_are_the_same_only_under_the_same_rows_labels_and_folds(judged) -> None:
    _, test, row = judged
    assert row.windows == windows_digest(test.with_score(-test.y_score))
    others = [replace(test, **{name: getattr(test, name) + 1}) for name in ("row", "fold", "y_true")]
    assert len({row.windows, *map(windows_digest, others)}) == 4


def test_one_class_only_has_no_skill_to_tell() -> None:
    validation, test = parts(1)
    nothing = replace(
        test,
        y_true=np.zeros_like(test.y_true),
        event=np.full_like(test.event, -1),
        to_event=np.full_like(test.to_event, np.inf),
        total_events=test.total_events[:0],
    )
    row = judge(validation, nothing, POLICY, "nothing")
    assert row.mean_fold_auc is None and row.interval is None and len(row.auc_draws) == 0
    assert row.n_events == 0 and {count.caught for count in row.counts} == {0}
    assert "nan" not in str(row).lower()
