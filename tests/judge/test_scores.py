"""Scores travel with what the judge must know, in any selection of rows."""

from dataclasses import replace

import numpy as np
import pandas as pd

from rare_event.judge.scores import COLUMNS, Scores, join
from tests.naive import random_scores


def equal(a: Scores, b: Scores) -> bool:
    same = all((getattr(a, c) == getattr(b, c)).all() for c in (*COLUMNS, "total_events"))
    return same and len(a) == len(b) and a.step == b.step


def test_figures_of_a_part() -> None:
    scores = random_scores(np.random.default_rng(0))
    # 68 of 80 rows are windows, of 2 minutes each: 68 * 2 / 1440 days of running time.
    assert len(scores) == 68 and scores.days == 136 / 1440
    assert scores.n_positive == (scores.y_true == 1).sum() > 0
    for i, age in enumerate(scores.age):
        assert (scores.stretch[i - age : i + 1] == scores.stretch[i]).all() and 0 <= age <= i
        assert age == i or scores.stretch[i - age - 1] != scores.stretch[i]


def test_no_window_at_all() -> None:
    scores = random_scores(np.random.default_rng(0))
    nothing = scores.where(np.zeros(len(scores), bool))
    assert len(nothing) == nothing.n_positive == len(nothing.age) == 0
    assert nothing.days == 0 and len(nothing.total_events) == len(scores.total_events) > 0


def test_a_frame_and_back() -> None:
    scores = random_scores(np.random.default_rng(1))
    frame = scores.to_frame()
    assert isinstance(frame, pd.DataFrame) and tuple(frame.columns) == COLUMNS
    again = Scores.of_record(frame, scores.total_events.tolist(), scores.scales())
    assert equal(again, scores)
    assert all(getattr(again, c).dtype == getattr(scores, c).dtype for c in COLUMNS)


def test_other_scores_leave_the_first_as_they_were() -> None:
    scores = random_scores(np.random.default_rng(2))
    before = scores.y_score.copy()
    halved = scores.with_score(scores.y_score / 2)
    assert (halved.y_score == before / 2).all() and (scores.y_score == before).all()
    assert halved.row is scores.row


def test_folds_joined_are_in_the_order_of_rows() -> None:
    scores = random_scores(np.random.default_rng(3), n_folds=3)
    assert list(scores.by_fold()) == [0, 1, 2]
    parts = list(scores.by_fold().values())
    assert all((part.fold == fold).all() for fold, part in scores.by_fold().items())
    assert all((part.fold == i).all() and len(part) for i, part in enumerate(parts))
    assert equal(join(parts[::-1]), scores)
    # An event seen by two folds is counted once.
    assert join([parts[0], parts[1]]).total_events.tolist() == scores.total_events.tolist()
    assert equal(join([scores]), scores)


def test_a_row_of_two_folds_is_kept_once_as_the_later_scored_it() -> None:
    scores = random_scores(np.random.default_rng(2))
    first, second = scores.where(scores.row < 40), scores.where(scores.row >= 20)
    second = replace(second, fold=np.ones(len(second), np.int64), y_score=second.y_score + 1)
    joined = join([first, second])
    assert len(joined) > len(scores), "the overlap is in there twice"
    once = joined.once()
    assert once.row.tolist() == scores.row.tolist()
    assert (once.fold == (once.row >= 20)).all()
    assert once.y_score.tolist() == np.where(scores.row >= 20, scores.y_score + 1, scores.y_score).tolist()
    assert equal(scores.once(), scores)
    assert len(scores.where(np.zeros(len(scores), bool)).once()) == 0
