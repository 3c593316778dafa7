"""Stretches end at stops and after events; events are runs of label 1 in one stretch."""

import numpy as np
import pytest

from rare_event.prepare.stretches import find_events, median_step, minutes, stretches
from tests import naive


def cut(clock, label):
    return stretches(np.array(clock, float), np.array(label)).tolist()


def events(clock, label):
    clock, label = np.array(clock, float), np.array(label)
    return find_events(clock, label, stretches(clock, label))


def test_minutes_count_from_the_first_row() -> None:
    time = np.array(["1999-05-01T00:00", "1999-05-01T00:02", "1999-05-02T00:00:30"], "datetime64[ns]")
    # 2 minutes, and 24 h less nothing plus half a minute: 1440.5.
    assert minutes(time, 3).tolist() == [0.0, 2.0, 1440.5]
    assert minutes(None, 4).tolist() == [0.0, 1.0, 2.0, 3.0]
    assert minutes(time[::-1], 3).tolist() == [0.0, -1438.5, -1440.5]


def test_median_step_is_of_the_steps_forward() -> None:
    assert median_step(np.array([0.0, 2, 4, 6, 500])) == 2.0
    # Backwards and standing still do not count: of 2, -4, 0, 2, 6 the steps 2, 2, 6 do.
    assert median_step(np.array([0.0, 2, -2, -2, 0, 6])) == 2.0
    assert median_step(np.array([5.0])) == 1.0 == median_step(np.array([5.0, 5.0]))


def test_a_gap_of_more_than_three_steps_is_a_stop() -> None:
    # Median step 2 minutes: a jump of 6 is a lost row or two, one of 6.1 is a stop.
    assert cut([0, 2, 4, 10, 12, 14], [0] * 6) == [0, 0, 0, 0, 0, 0]
    assert cut([0, 2, 4, 10.1, 12.1, 14.1], [0] * 6) == [0, 0, 0, 1, 1, 1]


def test_a_clock_that_runs_backwards_is_a_stop() -> None:
    assert cut([0, 2, 4, 3, 5, 7], [0] * 6) == [0, 0, 0, 1, 1, 1]
    assert cut([0, 2, 2, 4], [0] * 4) == [0, 0, 0, 0]  # a repeated time is none


def test_the_rows_of_an_event_close_the_stretch_that_leads_to_it() -> None:
    label = [0, 0, 1, 1, 1, 0, 0, 1]
    assert cut(range(8), label) == [0, 0, 0, 0, 0, 1, 1, 1]
    found = events(range(8), label)
    assert found.row.tolist() == [2, 7] and found.clock.tolist() == [2.0, 7.0]
    assert found.stretch.tolist() == [0, 1]
    assert len(found) == 2


def test_events_in_the_first_and_the_last_row() -> None:
    label = [1, 0, 0, 0, 1]
    assert cut(range(5), label) == [0, 1, 1, 1, 1]
    assert events(range(5), label).row.tolist() == [0, 4]
    assert events(range(5), label).stretch.tolist() == [0, 1]
    assert len(events(range(3), [0, 0, 0])) == 0
    assert events(range(3), [1, 1, 1]).row.tolist() == [0]


def test_a_run_of_events_across_a_stop_is_two_events() -> None:
    clock, label = [0, 2, 4, 90, 92, 94], [0, 0, 1, 1, 0, 0]
    assert cut(clock, label) == [0, 0, 0, 1, 2, 2]
    assert events(clock, label).row.tolist() == [2, 3]


def test_without_a_clock_only_events_cut() -> None:
    label = np.array([0, 0, 1, 0, 0])
    assert stretches(minutes(None, 5), label).tolist() == [0, 0, 0, 1, 1]


@pytest.mark.parametrize("seed", range(20))
def test_the_same_as_walking_through_the_rows(seed) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 200))
    step = rng.choice([2.0, 2.0, 2.0, 2.0, 4.0, 6.0, 7.0, 0.0, -30.0, 120.0], n)
    clock, label = np.cumsum(step), (rng.random(n) < 0.2).astype(np.int8)
    given = clock.copy(), label.copy()
    stretch = stretches(clock, label)
    assert stretch.tolist() == naive.stretches(clock.tolist(), label.tolist())
    assert find_events(clock, label, stretch).row.tolist() == naive.event_rows(label, stretch)
    assert (np.diff(stretch) >= 0).all() and stretch.dtype == np.int64
    # A stretch leads to one event at most, and nothing given was changed.
    found = find_events(clock, label, stretch)
    assert len(set(found.stretch.tolist())) == len(found)
    assert (clock == given[0]).all() and (label == given[1]).all()


@pytest.mark.mill
def test_the_mill(mill_table) -> None:
    clock, label = minutes(mill_table.time, mill_table.n_rows), mill_table.label
    stretch = stretches(clock, label)
    assert mill_table.n_rows == 18_398 and len(mill_table.schema.sensors) == 59
    assert clock[-1] == 28 * 1440 + 6  # 1999-05-01 00:00 to 1999-05-29 00:06
    assert median_step(clock) == 2.0
    assert round(mill_table.n_rows * 2 / 1440, 2) == 25.55  # days of running time, not the articles' 15
    assert label.sum() == 124 and not (label[1:] & label[:-1]).any()
    jump = np.diff(clock)
    assert (jump > 2).sum() == 107 and jump.max() == 834
    after_break = label[:-1] == 1
    assert ((jump > 2) & after_break).sum() == 103 and ((jump > 2) & ~after_break).sum() == 4
    assert (after_break & (jump <= 2)).sum() == 21
    assert stretch[-1] + 1 == 129
    running = np.bincount(stretch[label == 0], minlength=129)
    assert (running > 0).sum() == 125 and running.max() == 762
    assert np.percentile(running[running > 0], [25, 50, 75]).tolist() == [22, 68, 208]
    found = find_events(clock, label, stretch)
    assert len(found) == 124
    # 25 of the 124 breaks come within 15 rows of a restart, 15 of them within 5.
    since_restart = found.row - np.searchsorted(stretch, found.stretch)
    assert ((since_restart < 15).sum(), (since_restart < 5).sum()) == (25, 15)
    assert mill_table.schema.categories == ("x28", "x61")
    grades = mill_table.frame["x28"].astype(str)
    assert grades.nunique() == 8 and set(grades) >= {"51", "139"}
    assert (mill_table.frame["x61"].astype(str) == "1").sum() == 19
