"""Windows are kept as the position of their last row, and never cross a stop."""

import numpy as np
import pytest

from rare_event.prepare.labels import curve_shift
from rare_event.prepare.stretches import minutes, stretches
from rare_event.prepare.windows import article_window_ends, gather, window_ends
from tests import naive


def test_a_hand_made_case() -> None:
    stretch = np.array([0, 0, 0, 1, 2, 2, 2, 2])
    assert window_ends(stretch, 1).tolist() == list(range(8))
    # Of three rows: 0-2 ends in 2; stretch 1 is too short; 4-6 and 5-7 end in 6 and 7.
    assert window_ends(stretch, 3).tolist() == [2, 6, 7]
    usable = np.array([True] * 5 + [False] + [True] * 2)
    # Row 5 is missing: 4-6 and 5-7 hold it.
    assert window_ends(stretch, 3, usable).tolist() == [2]
    assert window_ends(stretch, 1, usable).tolist() == [0, 1, 2, 3, 4, 6, 7]


def test_a_lookback_longer_than_every_stretch_leaves_no_window() -> None:
    stretch = np.array([0, 0, 0, 1, 1])
    for lookback in (4, 5, 6, 1000):
        assert window_ends(stretch, lookback).tolist() == []
    assert window_ends(stretch, 3).tolist() == [2]
    assert window_ends(np.array([], int), 1).tolist() == []
    assert window_ends(stretch, 1, np.zeros(5, bool)).tolist() == []


@pytest.mark.parametrize("lookback", [1, 2, 3, 7, 40])
@pytest.mark.parametrize("seed", range(5))
def test_the_same_as_trying_every_block(seed, lookback) -> None:
    rng = np.random.default_rng(seed)
    stretch = np.cumsum(rng.random(150) < 0.1)
    usable = rng.random(150) < 0.95
    given = stretch.copy(), usable.copy()
    ends = window_ends(stretch, lookback)
    assert ends.tolist() == naive.window_ends(stretch, lookback)
    left = window_ends(stretch, lookback, usable)
    assert left.tolist() == naive.window_ends(stretch, lookback, usable)
    assert set(left) <= set(ends)
    assert window_ends(stretch, lookback, np.ones(150, bool)).tolist() == ends.tolist()
    assert (stretch == given[0]).all() and (usable == given[1]).all()


def test_gather_copies_the_rows_of_each_window() -> None:
    X = np.arange(12, dtype=np.float32).reshape(6, 2)
    windows = gather(X, np.array([2, 5]), 3)
    assert windows.tolist() == [[[0, 1], [2, 3], [4, 5]], [[6, 7], [8, 9], [10, 11]]]
    windows[:] = -1
    assert X.min() == 0  # a copy: the data stay
    assert gather(X, np.array([], int), 3).shape == (0, 3, 2)


def temporalize(X, lookback):
    """The LSTM article's loop over the shifted table."""
    return [[X[i + j + 1] for j in range(1, lookback + 1)] for i in range(len(X) - lookback - 1)]


@pytest.mark.parametrize("lookback", [2, 3, 5])
def test_article_windows_are_those_of_the_articles_loop(lookback) -> None:
    X = np.arange(20)
    blocks = temporalize(X, lookback)
    ends = article_window_ends(len(X), lookback)
    assert gather(X[:, None], ends, lookback)[:, :, 0].tolist() == blocks
    # Rows 0 and 1 are in no window: the loop begins two rows late.
    assert blocks[0] == list(range(2, lookback + 2)) and ends[-1] == len(X) - 1
    assert len(ends) == len(X) - lookback - 1


def test_article_windows_of_a_single_row_are_all_rows() -> None:
    assert article_window_ends(4, 1).tolist() == [0, 1, 2, 3]
    assert article_window_ends(4, 5).tolist() == []


@pytest.mark.mill
@pytest.mark.parametrize(
    ("lookback", "windows", "positive"),
    [(1, 18_274, 239), (5, 17_782, 216), (10, 17_234, 201), (20, 16_198, 184), (30, 15_289, 155)],
)
def test_windows_of_the_mill(mill_table, lookback, windows, positive) -> None:
    stretch = stretches(minutes(mill_table.time, mill_table.n_rows), mill_table.label)
    shifted = curve_shift(mill_table.label, 2, stretch)
    ends = window_ends(stretch[shifted.rows], lookback)
    assert len(ends) == windows and shifted.y[ends].sum() == positive
    blocks = gather(stretch[shifted.rows][:, None], ends, lookback)
    assert (blocks == blocks[:, :1]).all()


@pytest.mark.mill
def test_article_windows_of_the_mill(mill_table) -> None:
    n_rows = len(curve_shift(mill_table.label, 2).rows)
    assert n_rows == 18_274
    assert len(article_window_ends(n_rows, 5)) == 18_268
    assert len(window_ends(np.zeros(n_rows, int), 5)) == 18_270  # were windows to cross stops
    assert len(article_window_ends(n_rows, 1)) == n_rows
