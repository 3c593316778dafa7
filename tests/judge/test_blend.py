"""Blends join the same windows of several models, and favour none of them."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit

from rare_event.errors import DataError
from rare_event.judge.blend import LEAST_SCORE, either, mean_log, rarity, shared_windows
from rare_event.judge.scores import Scores, join
from tests import naive


def course(values, fold=0, first_row=0, y_true=0) -> Scores:
    """Windows in one stretch, without events."""
    n = len(values)
    return Scores(
        row=first_row + np.arange(n),
        clock=2.0 * (first_row + np.arange(n)),
        stretch=np.zeros(n, int),
        fold=np.full(n, fold),
        y_true=np.full(n, y_true, np.int8),
        y_score=np.array(values, float),
        event=np.full(n, -1),
        to_event=np.full(n, np.inf),
        total_events=np.array([], int),
        step=2.0,
    )


def models(seed: int, n_models: int = 3, n_folds: int = 3) -> list[Scores]:
    """Several models' positive scores of the same windows."""
    rng = np.random.default_rng(seed)
    scores = naive.random_scores(rng, n_rows=300, n_folds=n_folds)
    return [scores.with_score(rng.gamma(2.0, size=len(scores))) for _ in range(n_models)]


# The same windows


def test_only_windows_of_all_models_stay() -> None:
    # Rows 4 and 5 are windows of both folds; the models lack rows 1 and 4, and 5 of fold 0.
    first = join([course([10, 11, 12, 13, 14, 15]), course([24, 25, 26], fold=1, first_row=4)])
    second = first.with_score(first.y_score + 100)
    first = first.where(~((first.row == 1) | ((first.row == 5) & (first.fold == 0))))
    second = second.where(second.row != 4)
    for one, other in ((first, second), (second, first)):
        shared = shared_windows([one, other])
        assert [part.row.tolist() for part in shared] == [[0, 2, 3, 5, 6]] * 2
        assert [part.fold.tolist() for part in shared] == [[0, 0, 0, 1, 1]] * 2
    assert shared[1].y_score.tolist() == [10, 12, 13, 25, 26]
    assert shared[0].y_score.tolist() == [110, 112, 113, 125, 126]
    assert len(first) == 7 and len(second) == 7


@pytest.mark.parametrize("blend", [mean_log, lambda parts: either(parts, parts)])
def test_what_is_known_beside_the_score_is_the_first_models(blend) -> None:
    first, second, _ = models(0)
    shifted = replace(second, y_true=1 - second.y_true).where(np.arange(len(second)) % 3 > 0)
    blended = blend([first, shifted])
    expected = first.where(np.arange(len(first)) % 3 > 0)
    for name in ("row", "clock", "stretch", "fold", "y_true", "event", "to_event"):
        np.testing.assert_array_equal(getattr(blended, name), getattr(expected, name))
    assert (blended.total_events == first.total_events).all() and blended.step == 2.0
    assert not (blended.y_true == shifted.y_true).any()


def test_nothing_shared_is_refused() -> None:
    first, second = course([1, 2]), course([1, 2, 3], first_row=10)
    for blend in (mean_log, lambda parts: either(parts, parts)):
        with pytest.raises(DataError, match=r"no scored window in common \(2, 3 windows"):
            blend([first, second])
        # The same rows of another fold are other windows.
        with pytest.raises(DataError, match="with the same split"):
            blend([first, course([1, 2], fold=1)])
    assert [len(part) for part in shared_windows([first, second])] == [0, 0]


# The mean of logs


def test_the_mean_of_logs_by_hand() -> None:
    first, second = course([1, 4, 9, 0]), course([1, 16, 1, 100])
    blended = mean_log([first, second])
    # The square root of the product; a score of 0 counts as a millionth.
    np.testing.assert_allclose(blended.y_score, [1, 8, 3, np.sqrt(LEAST_SCORE * 100)])
    assert np.isfinite(mean_log([course([0, -1]), course([0, 5])]).y_score).all()
    assert first.y_score.tolist() == [1, 4, 9, 0]


def test_of_odds_it_is_the_mean_log_odds() -> None:
    rng = np.random.default_rng(0)
    shares = rng.uniform(0.01, 0.99, (3, 50))
    blended = mean_log([course(p / (1 - p)) for p in shares])
    expected = expit(logit(shares).mean(axis=0))
    np.testing.assert_allclose(blended.y_score / (1 + blended.y_score), expected)
    # A window's blend does not depend on which others there are.
    fewer = mean_log([course((p / (1 - p))[:20]) for p in shares])
    assert (fewer.y_score == blended.y_score[:20]).all()


def test_the_unit_of_a_model_does_not_matter() -> None:
    parts = models(1)
    blended = mean_log(parts)
    scaled = mean_log([parts[0].with_score(50 * parts[0].y_score), *parts[1:]])
    np.testing.assert_allclose(scaled.y_score, 50 ** (1 / 3) * blended.y_score)
    assert not np.allclose(blended.y_score, np.mean([part.y_score for part in parts], axis=0))


# Either of them


def test_rarity_by_hand() -> None:
    # Of ten scores, all reach 1, three reach 8, and one reaches 10.
    found = rarity(np.array([-5.0, 1.0, 7.5, 8.0, 10.0]), np.arange(1.0, 11.0))
    np.testing.assert_allclose(found, [0, 0, np.log10(10 / 3), np.log10(10 / 3), 1])
    # The tail is the largest tenth, of 20 scores 4 and 16 beyond 2: their logs exceed that of 2
    # by 2 log 2 on average. So 4 * 16 is e times rarer than 16, which one in 20 reaches.
    reference = np.concatenate([np.full(17, 1.0), [2, 4, 16]])
    found = rarity(np.array([16, 4 * 16, 4 * 4 * 16]), reference)
    np.testing.assert_allclose(found, np.log10(20) + np.array([0, 1, 2]) / np.log(10))


@pytest.mark.parametrize("reference", [[3.0], [3.0, 3.0, 3.0], [0.0, 0.0], [-2.0, -1.0], [0.0, 1.0, 2.0]])
def test_rarity_is_a_number_for_any_reference(reference) -> None:
    y_score = np.array([-9.0, 0.0, 1e-9, 1.0, 2.9, 3.1, 50.0, 1e30])
    found = rarity(y_score, np.array(reference))
    assert np.isfinite(found).all() and (np.diff(found) >= 0).all() and found[0] == 0
    # However far beyond the reference, a higher score is rarer.
    assert found[-1] > found[-2] > found[-3]


def test_rarity_goes_on_where_the_reference_ends() -> None:
    # Scores whose share above s is 1 / s ** 2.
    rng = np.random.default_rng(1)
    reference = rng.random(4000) ** -0.5
    far = reference.max() * np.array([1.0, 1.0001, 3.0, 10.0])
    found = rarity(far, reference)
    assert found[0] == pytest.approx(np.log10(4000)) and found[1] == pytest.approx(found[0], abs=1e-3)
    np.testing.assert_allclose(found - found[0], 2 * np.log10(far / far[0]), rtol=0.15, atol=1e-9)
    assert not np.allclose(found[1:], found[0])


def counted_one_by_one(parts: list[Scores], references: list[Scores]) -> list[float]:
    """Rarity of the rarer score, for scores within the references."""
    found = []
    for i in range(len(parts[0])):
        shares = []
        for part, reference in zip(parts, references, strict=True):
            known = [
                value
                for value, fold, y in zip(reference.y_score, reference.fold, reference.y_true, strict=True)
                if fold == part.fold[i] and y == 0
            ]
            shares.append(sum(value >= part.y_score[i] for value in known) / len(known))
        found.append(-np.log10(min(shares)))
    return found


@pytest.mark.parametrize("seed", range(5))
def test_within_the_references_it_is_counted(seed) -> None:
    parts, references = models(seed), models(seed + 100)
    limits = [
        [p.of_fold(f).where(p.of_fold(f).y_true == 0).y_score.max() for f in range(3)] for p in references
    ]
    parts = [
        part.with_score(np.minimum(part.y_score, np.array(limit)[part.fold]))
        for part, limit in zip(parts, limits, strict=True)
    ]
    before = [part.y_score.copy() for part in (*parts, *references)]
    blended = either(parts, references)
    np.testing.assert_allclose(blended.y_score, counted_one_by_one(parts, references), atol=1e-12)
    # Positive windows of the references have no say.
    spoilt = [r.with_score(np.where(r.y_true == 1, 1e6, r.y_score)) for r in references]
    assert (either(parts, spoilt).y_score == blended.y_score).all()
    for part, values in zip((*parts, *references), before, strict=True):
        assert (part.y_score == values).all()


@given(st.integers(0, 1000), st.sampled_from([np.log1p, np.square, np.sqrt, np.expm1, lambda x: 7 * x]))
def test_a_stretched_scale_changes_no_rank_within_the_reference(seed, stretch) -> None:
    parts, references = models(seed), models(seed + 5000)
    blended = either(parts, references)
    changed = [[some[0].with_score(stretch(some[0].y_score)), *some[1:]] for some in (parts, references)]
    again = either(changed[0], changed[1])
    limit = [
        references[0].y_score[(references[0].fold == f) & (references[0].y_true == 0)].max() for f in range(3)
    ]
    within = parts[0].y_score <= np.array(limit)[parts[0].fold]
    assert within.mean() > 0.9
    assert (again.y_score[within] == blended.y_score[within]).all()


def test_each_model_has_an_equal_share_of_the_budget() -> None:
    # One model's scores are a thousand times the other's and far more skewed.
    rng = np.random.default_rng(3)
    quiet, loud = rng.gamma(2.0, size=5000), 1000 * rng.lognormal(0, 2, size=5000)
    parts = [course(quiet), course(loud)]
    blended = either(parts, parts)
    for share in (0.1, 0.01, 0.002):
        called = blended.y_score >= -np.log10(share) - 1e-9
        each = [(part.y_score >= np.sort(part.y_score)[-round(share * 5000)]) for part in parts]
        assert (called == each[0] | each[1]).all()
        assert each[0].sum() == each[1].sum() == round(share * 5000)
    # By their size alone, the quiet model would never be heard.
    assert not (quiet > loud)[blended.y_score > 2].all()
    assert (np.maximum(quiet, loud) == loud).mean() > 0.99


def test_each_fold_has_its_reference() -> None:
    # Fold 1 scores ten times as high, on its reference as well.
    values = np.random.default_rng(4).gamma(2.0, size=50)
    part = join([course(values), course(10 * values, fold=1, first_row=50)])
    blended = either([part], [part])
    np.testing.assert_allclose(blended.of_fold(0).y_score, blended.of_fold(1).y_score)
    for reference in (part.of_fold(0), replace(part, y_true=part.fold)):
        with pytest.raises(DataError, match="no normal windows of fold 2"):
            either([part, part], [part, reference])
