"""Rows that events of a second file mark, against a search event by event."""

import numpy as np
import pytest

from rare_event.prepare.event_rows import event_rows
from tests.naive import rows_of_events


def at(seconds) -> np.ndarray:
    return np.datetime64("2024-01-01", "ns") + (np.asarray(seconds) * 1e9).astype("timedelta64[ns]")


@pytest.mark.parametrize("step", [1.0, 10.0, 120.0, 900.0, 3600.0, 86400.0])
@pytest.mark.parametrize("seed", range(8))
def test_rows_are_those_of_a_search_event_by_event(step: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    steps = step * rng.choice([1.0, 1.0, 1.0, 0.0, 2.0, 30.0], 80, p=[0.3, 0.3, 0.2, 0.05, 0.1, 0.05])
    steps = np.round(steps * rng.uniform(0.8, 1.2, 80), 3) if seed % 2 else steps
    clock = np.cumsum(steps)
    starts = np.concatenate(
        [rng.uniform(clock[0] - 5 * step, clock[-1] + 5 * step, 15), clock[[0, 9, 40, -1]]]
    )
    ends = starts + step * rng.choice([0.0, 0.3, 4.0, 40.0], len(starts))
    starts, ends = np.round(starts, 3), np.round(ends, 3)
    found = event_rows(at(clock), at(starts), at(ends))
    times, begin, end = (at(x).astype(np.int64) for x in (clock, starts, ends))
    rows, lost = rows_of_events(times, begin, end)
    assert set(np.flatnonzero(found.label)) == rows
    assert [*np.select([found.outside, found.stopped], ["outside", "stopped"], "")] == lost
    assert found.places == sum(k - 1 not in rows for k in rows)
    if len(np.unique(clock)) < len(clock):
        return  # which of the rows of one time is the first depends on their order
    order = rng.permutation(len(clock))
    mixed = event_rows(at(clock)[order], at(starts), at(ends))
    assert (mixed.label == found.label[order]).all() and mixed.places == found.places


def test_a_moment_marks_the_row_at_or_after_it_and_never_the_one_before() -> None:
    minutes = 60 * np.array([0, 2, 4, 6])
    for moment, row in [(0, 0), (1, 1), (120, 1), (121, 2), (360, 3)]:
        found = event_rows(at(minutes), at([moment]), at([moment]))
        assert np.flatnonzero(found.label).tolist() == [row] and not (found.outside | found.stopped).any()
    late = event_rows(at(minutes), at([361]), at([361]))
    assert late.outside.all() and not late.label.any()


def test_an_event_in_a_stop_marks_neither_the_row_before_nor_the_restart() -> None:
    minutes = 60 * np.array([0, 2, 4, 60, 62])
    found = event_rows(at(minutes), at([300, 3599, 300]), at([300, 3599, 3600]))
    assert found.stopped.tolist() == [True, True, False]
    assert np.flatnonzero(found.label).tolist() == [3]


def test_rows_of_one_time_are_marked_together_by_an_interval_and_not_by_a_moment() -> None:
    minutes = 60 * np.array([0, 1, 1, 1, 2])
    moment = event_rows(at(minutes), at([60]), at([60]))
    interval = event_rows(at(minutes), at([30]), at([60]))
    assert moment.label.tolist() == [0, 1, 0, 0, 0] and interval.label.tolist() == [0, 1, 1, 1, 0]
