"""The curve shift: rows before an event become positive, rows of events go."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rare_event.errors import ConfigError
from rare_event.prepare.labels import curve_shift
from rare_event.prepare.stretches import minutes, stretches
from tests import naive


def test_a_hand_made_case() -> None:
    #            0  1  2  3  4  5  6  7  8  9
    label = [0, 0, 0, 1, 0, 0, 1, 1, 0, 0]
    shifted = curve_shift(np.array(label), shift=2)
    # Events in rows 3 and 6-7 go; rows 1, 2 are before the one, rows 4, 5 before the other; in
    # row order row 7's two rows before are row 6 (an event) and row 5.
    assert shifted.rows.tolist() == [0, 1, 2, 4, 5, 8, 9]
    assert shifted.y.tolist() == [0, 1, 1, 1, 1, 0, 0]
    assert shifted.y.dtype == np.int8


def test_positives_stay_in_the_stretch_of_their_event() -> None:
    label, stretch = np.array([0, 0, 0, 1, 0]), np.array([0, 0, 1, 1, 2])
    assert curve_shift(label, 3).y.tolist() == [1, 1, 1, 0]
    # Only row 2 runs in the stretch that leads to the event in row 3.
    assert curve_shift(label, 3, stretch).y.tolist() == [0, 0, 1, 0]


def test_an_event_in_the_first_row_marks_nothing() -> None:
    shifted = curve_shift(np.array([1, 0, 0, 0]), shift=2)
    assert shifted.rows.tolist() == [1, 2, 3] and not shifted.y.any()


def test_no_event_and_nothing_but_events() -> None:
    assert not curve_shift(np.zeros(5, int), 2).y.any()
    nothing = curve_shift(np.ones(5, int), 2)
    assert len(nothing.rows) == len(nothing.y) == 0


@pytest.mark.parametrize("shift", [-1, 5, 6, 10_000])
def test_a_shift_that_cannot_be_is_refused(shift) -> None:
    with pytest.raises(
        ConfigError, match=f"The shift is {shift:,} rows and the table has 5 rows. Choose a shift of 0 to 4"
    ):
        curve_shift(np.array([0, 0, 0, 0, 1]), shift)


def test_the_longest_shift_is_allowed() -> None:
    assert curve_shift(np.array([0, 0, 0, 0, 1]), 4).y.tolist() == [1, 1, 1, 1]


def cut_in_stretches(label, cuts):
    clock = np.cumsum(np.where(cuts, 100.0, 1.0)) if len(label) > 3 else np.arange(float(len(label)))
    return stretches(clock, label)


labels = st.lists(st.booleans(), min_size=2, max_size=60).map(lambda v: np.array(v, np.int8))


@given(labels, st.integers(1, 59), st.data())
def test_laws(label, shift, data) -> None:
    shift = min(shift, len(label) - 1)
    cuts = data.draw(st.lists(st.booleans(), min_size=len(label), max_size=len(label)))
    stretch = cut_in_stretches(label, np.array(cuts))
    before = label.copy()
    by_row, by_stretch = curve_shift(label, shift), curve_shift(label, shift, stretch)
    n_events = len(naive.event_rows(label, np.zeros(len(label))))
    assert by_row.y.sum() <= n_events * shift
    for shifted, where in ((by_row, None), (by_stretch, stretch)):
        rows, y = naive.curve_shift(label, shift, where)
        assert shifted.rows.tolist() == rows and shifted.y.tolist() == y
        assert not label[shifted.rows].any()  # rows of events are gone,
        assert len(shifted.rows) == (label == 0).sum()  # and no others
    # Keeping to stretches only takes positives away, and a positive never crosses a stop.
    assert (by_stretch.y <= by_row.y).all()
    next_event = {i: next((j for j in range(i, len(label)) if label[j]), None) for i in by_stretch.rows}
    for row, y in zip(by_stretch.rows, by_stretch.y, strict=True):
        assert not y or stretch[next_event[row]] == stretch[row]
    # A longer shift never marks fewer rows.
    if shift + 1 < len(label):
        assert (curve_shift(label, shift + 1, stretch).y >= by_stretch.y).all()
    assert (label == before).all()


@pytest.mark.mill
def test_the_table_of_the_articles(mill_table) -> None:
    shifted = curve_shift(mill_table.label, 2)
    assert mill_table.label[259] == 1 and mill_table.label[:259].sum() == 0
    place = np.searchsorted(shifted.rows, 257)
    # Rows 257 and 258 become 1, row 259 (8:38, the first break) is dropped, row 260 is 10:50.
    assert shifted.rows[place - 1 : place + 3].tolist() == [256, 257, 258, 260]
    assert shifted.y[place - 1 : place + 3].tolist() == [0, 1, 1, 0]
    assert 259 not in shifted.rows
    clock = mill_table.time[[259, 260]].astype("datetime64[m]")
    assert clock.astype(str).tolist() == ["1999-05-01T08:38", "1999-05-01T10:50"]


@pytest.mark.mill
def test_counts_on_the_mill(mill_table) -> None:
    label = mill_table.label
    stretch = stretches(minutes(mill_table.time, mill_table.n_rows), label)
    in_rows, in_stretches = curve_shift(label, 2), curve_shift(label, 2, stretch)
    assert len(in_rows.rows) == len(in_stretches.rows) == 18_274
    assert (in_rows.y.sum(), in_stretches.y.sum()) == (247, 239)
    # Of the breaks 119 keep both rows and 120 at least one: 119 * 2 + 1 = 239.
    break_of = np.searchsorted(np.flatnonzero(label), in_stretches.rows[in_stretches.y == 1])
    kept = np.bincount(break_of, minlength=124)
    assert (kept == 2).sum() == 119 and (kept >= 1).sum() == 120
