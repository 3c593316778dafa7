"""Rows of an array become a table: groups by themselves, with stretches as a naive reader finds them."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rare_event import ConfigError, DataError, ExperimentConfig, Representation
from rare_event.estimator.rows import as_value_errors, event_labels, rows_of
from rare_event.prepare.prepared import label_and_window
from tests import naive


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.sampled_from([0, 0, 0, 1]), st.sampled_from("ab")), min_size=4, max_size=40),
    st.integers(1, 3),
    st.integers(1, 3),
)
def test_each_group_has_the_labels_and_windows_that_it_has_alone(marked, shift, lookback) -> None:
    label, group = (np.array(column) for column in zip(*marked, strict=True))
    values = np.arange(len(label), dtype=float)[:, None]
    rows = rows_of(values, None, label, group)
    config = ExperimentConfig(shift=shift, lookback=lookback, representation=Representation("level"))
    prepared = label_and_window(rows.table, config)
    positive, ends = set(), set()
    for name in "ab":
        mine = np.flatnonzero(group == name)
        stretch = naive.stretches(np.arange(len(mine)), label[mine]) if len(mine) else []
        kept, shifted = naive.curve_shift(label[mine], shift, stretch) if len(mine) else ([], [])
        positive |= {int(mine[row]) for row, y in zip(kept, shifted, strict=True) if y == 1}
        found = naive.window_ends([stretch[row] for row in kept], lookback)
        ends |= {int(mine[kept[end]]) for end in found}
    at = rows.order[prepared.row]
    assert set(at[prepared.y == 1].tolist()) == positive
    assert set(at[prepared.ends].tolist()) == ends
    # The values of a row stay its own, whatever the order.
    assert (rows.table.values[:, 0] == values[rows.order, 0]).all()


def test_values_come_back_in_the_order_of_the_array() -> None:
    rows = rows_of(np.zeros((5, 1)), None, None, ["b", "a", "b", "a", "b"])
    assert rows.order.tolist() == [0, 2, 4, 1, 3] and rows.table.assets == ("b", "a")
    restored = rows.restored(np.array([1.0, 2.0]), np.array([1, 3]), fill=-1)
    assert restored.tolist() == [-1, 2, 1, -1, -1]


def test_times_of_the_index_are_the_clock_and_gaps_end_a_stretch() -> None:
    times = pd.DatetimeIndex(["2024-01-01 00:00", "2024-01-01 00:02", "2024-01-01 00:04", "2024-01-01 05:00"])
    rows = rows_of(np.zeros((4, 1)), times)
    assert rows.table.clock.tolist() == [0, 2, 4, 300] and rows.table.stretch.tolist() == [0, 0, 0, 1]
    assert rows.place.tolist() == [0, 2, 4, 300]
    plain = rows_of(np.zeros((4, 1)), pd.Index(["a", "b", "c", "d"]))
    assert plain.table.time is None and plain.table.stretch.tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("index", "stretch"),
    [
        ([0, 1, 2, 3, 4, 5], [0, 0, 0, 0, 0, 0]),
        ([0, 1, 2, 7, 8, 9], [0, 0, 0, 1, 1, 1]),
        # Two files, one after the other.
        ([0, 1, 2, 0, 1, 2], [0, 0, 0, 1, 1, 1]),
        ([0, 10, 20, 30, 31, 41], [0, 0, 0, 0, 1, 1]),
        ([7, 7, 7, 7, 7, 7], [0, 0, 0, 0, 0, 0]),
    ],
)
def test_an_index_of_numbers_tells_where_rows_are_left_out(index, stretch) -> None:
    assert rows_of(np.zeros((6, 1)), pd.Index(index)).table.stretch.tolist() == stretch


def test_an_index_is_read_within_groups() -> None:
    index, groups = pd.Index([0, 1, 2, 3, 8, 9]), [0, 1, 0, 1, 0, 1]
    rows = rows_of(np.zeros((6, 1)), index, None, groups)
    assert rows.table.stretch.tolist() == [0, 0, 1, 2, 2, 3] and rows.order.tolist() == [0, 2, 4, 1, 3, 5]
    assert rows_of(np.zeros((1, 1)), index[:1]).table.stretch.tolist() == [0]
    assert rows_of(np.zeros((2, 1)), index[:2], None, groups[:2]).table.stretch.tolist() == [0, 1]


def test_labels_are_ones_and_zeros() -> None:
    assert event_labels([True, False]).tolist() == [1, 0] and event_labels([0.0, 1.0]).dtype == np.int8
    given_labels = np.array([0, 1])
    assert event_labels(given_labels) is not given_labels
    with pytest.raises(DataError, match="y holds 3. Write 1"):
        event_labels([0, 3])


def test_errors_are_those_of_both_houses() -> None:
    for kind in (DataError, ConfigError):
        with pytest.raises(kind, match="few rows") as caught, as_value_errors():
            raise kind("few rows")
        assert isinstance(caught.value, ValueError)
    with pytest.raises(KeyError), as_value_errors():
        raise KeyError("a fault of ours")
