"""Models are told apart only where the data can."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from rare_event.judge.comparison import Comparison, compare, groups
from rare_event.judge.resampling import auc_draws, interval_of, stretch_weights
from rare_event.judge.scores import Scores, join
from tests import naive


def folds_of(seed: int, skill: float, noise_seed: int = 0) -> list[Scores]:
    """Three folds whose positives score higher by `skill` standard deviations."""
    noise = np.random.default_rng([seed, noise_seed])
    folds = []
    for fold in range(3):
        scores = naive.random_scores(np.random.default_rng([seed, fold]), n_rows=500)
        # Rows of different folds are different rows.
        moved = replace(scores, row=scores.row + 1000 * fold, fold=np.full(len(scores), fold))
        folds.append(moved.with_score(noise.normal(size=len(moved)) + skill * moved.y_true))
    return folds


def test_a_better_model_is_told_from_a_worse_one() -> None:
    good, poor = folds_of(1, 1.0), folds_of(1, 0.2, noise_seed=1)
    found = compare(good, poor)
    assert found is not None and found.separable and 0 < found.low < found.difference < found.high
    aucs = [[roc_auc_score(s.y_true, s.y_score) for s in folds] for folds in (good, poor)]
    assert found.difference == pytest.approx(np.mean(aucs[0]) - np.mean(aucs[1]))
    assert found.n_events == len(np.unique(np.concatenate([s.total_events for s in good])))
    turned = replace(found, difference=-found.difference, low=-found.high, high=-found.low)
    assert compare(poor, good) == turned and turned.separable


def test_equal_models_are_not_told_apart() -> None:
    found = compare(folds_of(2, 0.5), folds_of(2, 0.5, noise_seed=1))
    assert found is not None and not found.separable and found.low < 0 < found.high
    folds = folds_of(2, 0.5)
    # Scores that rank alike are the same to the AUC.
    same = compare(folds, [s.with_score(np.exp(s.y_score)) for s in folds])
    assert same is not None and (same.difference, same.low, same.high) == (0, 0, 0) and not same.separable


def pairs_won(scores: Scores, rows: np.ndarray) -> float:
    positive = scores.y_score[rows][scores.y_true[rows] == 1][:, None]
    normal = scores.y_score[rows][scores.y_true[rows] == 0]
    return float((positive > normal).mean() + (positive == normal).mean() / 2)


def test_the_interval_is_that_of_rows_laid_out_for_both_models() -> None:
    first, second = folds_of(3, 0.8), folds_of(3, 0.5, noise_seed=1)
    differences = []
    for number, (one, other) in enumerate(zip(first, second, strict=True)):
        drawn = stretch_weights(one, 5 + number)
        assert drawn is not None
        in_fold = []
        for weight in drawn[1]:
            rows = np.repeat(np.arange(len(one)), weight[drawn[0]].astype(int))
            in_fold.append(pairs_won(one, rows) - pairs_won(other, rows))
        differences.append(in_fold)
    low, high = interval_of(np.mean(differences, axis=0)[:, None])
    found = compare(first, second, seed=5)
    assert found is not None and (found.low, found.high) == pytest.approx((low[0], high[0]))
    elsewhere = compare(first, second, seed=6)
    assert elsewhere is not None and (elsewhere.low, elsewhere.high) != (found.low, found.high)


def test_pairs_tell_more_than_two_intervals() -> None:
    # The second model is the first with a little noise, so both err on the same days.
    first = folds_of(4, 0.6)
    rng = np.random.default_rng(0)
    second = [s.with_score(s.y_score + 0.3 * rng.normal(size=len(s))) for s in first]
    paired = compare(first, second)
    assert paired is not None
    apart = [auc_draws(join(folds), seed) for seed, folds in enumerate((first, second))]
    assert apart[0] is not None and apart[1] is not None
    low, high = interval_of((apart[0] - apart[1])[:, None])
    assert paired.high - paired.low < 0.6 * (high[0] - low[0])


def test_only_what_both_scored_alike_is_compared() -> None:
    first, second = folds_of(5, 1.0), folds_of(5, 0.1, noise_seed=1)
    kept = [np.random.default_rng(fold).random(len(s)) < 0.8 for fold, s in enumerate(second)]
    fewer = [s.where(mask) for s, mask in zip(second, kept, strict=True)]
    expected = compare([s.where(mask) for s, mask in zip(first, kept, strict=True)], fewer)
    assert expected is not None and compare(first, fewer) == expected
    assert compare(first, second) != expected
    # Windows that are positive for one only are neither: however they score, nothing changes.
    wider = [
        replace(s, y_true=np.where(mask, s.y_true, 1 - s.y_true))
        for s, mask in zip(second, kept, strict=True)
    ]
    spoilt = [s.with_score(np.where(mask, s.y_score, 99.0)) for s, mask in zip(wider, kept, strict=True)]
    assert compare(first, spoilt) == expected
    # A fold that only one model has is left out, and the order of the folds does not matter.
    assert compare(first, second[:2]) == compare(first[:2], second[:2])
    assert compare(first[::-1], second) == compare(first, second)


def test_what_cannot_be_compared() -> None:
    folds = folds_of(6, 0.5)
    assert compare([], folds) is None and compare(folds, []) is None
    elsewhere = [replace(s, row=s.row + 500_000) for s in folds]
    assert compare(folds, elsewhere) is None
    assert compare(folds[:1], folds[1:]) is None
    normal = [replace(s, y_true=np.zeros_like(s.y_true)) for s in folds]
    assert compare(normal, normal) is None
    few = [s.where(s.stretch < s.stretch.min() + 3) for s in folds]
    assert compare(few, few) is None


# Words


def test_in_words() -> None:
    assert Comparison(0.0123, -0.0312, 0.0451, 78).in_words("dense", "pca") == (
        "These 78 events cannot show whether dense or pca is better: "
        "the AUC of the first minus that of the second is 0.01 (95% interval -0.03 to 0.05)."
    )
    better = (
        "dense is better than pca on these 78 events: its AUC is higher by 0.06 (95% interval 0.02 to 0.10)."
    )
    assert Comparison(0.06, 0.02, 0.10, 78).in_words("dense", "pca") == better
    # Whoever is named first, the better one is the subject.
    assert Comparison(-0.06, -0.10, -0.02, 78).in_words("pca", "dense") == better
    assert "This one event cannot show" in Comparison(0.06, -0.02, 0.10, 1).in_words("dense", "pca")


def test_no_sentence_contradicts_itself() -> None:
    # No minus before a zero; and an interval beside 0 does not seem to touch it.
    assert "is 0.00 (95% interval 0.00 to 0.00)." in Comparison(-0.001, -0.002, 0.003, 9).in_words("a", "b")
    close = Comparison(0.0512, 0.0041, 0.0931, 9).in_words("a", "b")
    assert close.endswith("higher by 0.051 (95% interval 0.004 to 0.093).")
    assert not Comparison(0.01, 0.0, 0.02, 9).separable and Comparison(0.01, 1e-9, 0.02, 9).separable


@given(st.floats(-1, 1), st.floats(0, 0.5), st.floats(0, 0.5), st.integers(0, 10_000))
def test_every_sentence_says_what_the_figures_say(difference, below, above, n_events) -> None:
    found = Comparison(difference, difference - below, difference + above, n_events)
    sentence = found.in_words("A", "B")
    assert ("cannot show whether" in sentence) == (not found.separable)
    assert ("A is better than B" in sentence) == (found.low > 0)
    assert ("B is better than A" in sentence) == (found.high < 0)
    numbers = re.search(r"(-?[\d.]+) \(95% interval (-?[\d.]+) to (-?[\d.]+)\)\.$", sentence)
    assert numbers is not None and not re.search(r"-0\.0*(?!\d)", sentence)
    value, low, high = map(float, numbers.groups())
    assert low <= value <= high
    assert low > 0 or not found.separable


# Groups


def test_groups_by_hand() -> None:
    base = np.linspace(0.6, 0.8, 41)
    wobble = np.where(np.arange(41) % 2, 0.03, -0.03)
    # The second differs from the first by -0.04 to 0.02: not told apart. The third is worse than the
    # first by 0.05, not told from the second; it begins a group, to which the fourth belongs.
    draws = np.array([base, base - 0.01 + wobble, base - 0.05, base - 0.06 + wobble, base - 0.3])
    assert groups(draws).tolist() == [1, 1, 2, 2, 3]
    # Told apart is told apart, also where the better one comes last.
    assert groups(draws[[4, 0]]).tolist() == [1, 2]
    assert groups(draws[:1]).tolist() == [1] and groups(draws[:0]).tolist() == []


def one_by_one(draws: np.ndarray) -> list[int]:
    found: list[int] = []
    first = 0
    for model in range(len(draws)):
        told = sorted(d for d in draws[first] - draws[model] if not np.isnan(d))
        low, high = (told[round(share * (len(told) - 1))] for share in (0.025, 0.975)) if told else (0, 0)
        if model and not low <= 0 <= high:
            first = model
            found.append(found[-1] + 1)
        else:
            found.append(found[-1] if found else 1)
    return found


@pytest.mark.parametrize("seed", range(20))
def test_groups_are_those_of_the_walk(seed) -> None:
    rng = np.random.default_rng(seed)
    skill = np.sort(rng.uniform(0.5, 0.7, 12))[::-1]
    draws = skill[:, None] + rng.normal(scale=0.02, size=50) + rng.normal(scale=0.02, size=(12, 50))
    draws[rng.random(draws.shape) < 0.1] = np.nan
    before = draws.copy()
    found = groups(draws)
    assert found.tolist() == one_by_one(draws)
    assert found[0] == 1 and set(np.diff(found)) <= {0, 1} and found[-1] > 1
    np.testing.assert_array_equal(draws, before)


def test_where_no_resample_tells_nothing_is_told_apart() -> None:
    draws = np.array([np.full(20, 0.8), np.full(20, np.nan), np.full(20, 0.5)])
    assert groups(draws).tolist() == [1, 1, 2]
    # Also where two models are defined in different resamples only.
    draws[0, :10] = draws[2, 10:] = np.nan
    assert groups(draws).tolist() == [1, 1, 1]
