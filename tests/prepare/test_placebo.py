"""Invented events stand at quiet times, and nothing of the real ones is left."""

from dataclasses import replace

import numpy as np
import pytest

from rare_event.errors import DataError
from rare_event.prepare.placebo import QUIET_ROWS, placebo
from rare_event.prepare.stretches import find_events, minutes, stretches


def rows_in_common(table, invented):
    """Row of the table of each row of the placebo's table."""
    return np.flatnonzero(np.isin(table.time, invented.time))


def test_invented_events_are_far_from_real_ones_and_from_stops(sample_table) -> None:
    invented = placebo(sample_table, shift=2, seed=1).table
    clock = minutes(sample_table.time, sample_table.n_rows)
    stretch = stretches(clock, sample_table.label)
    real = find_events(clock, sample_table.label, stretch)
    rows = rows_in_common(sample_table, invented)[invented.label == 1]
    assert 2 <= len(rows) <= len(real)
    for row in rows:
        assert np.abs(real.row - row).min() > QUIET_ROWS
        assert len({*stretch[row - QUIET_ROWS : row + QUIET_ROWS + 1]}) == 1
    assert np.diff(np.sort(rows)).min() > QUIET_ROWS


def test_real_events_and_what_leads_to_them_are_gone(sample_table) -> None:
    invented = placebo(sample_table, shift=3).table
    gone = np.setdiff1d(np.arange(sample_table.n_rows), rows_in_common(sample_table, invented))
    events = np.flatnonzero(sample_table.label)
    assert set(events) <= set(gone.tolist())
    near = (events[:, None] - np.arange(0, 4)).ravel()
    assert set(gone.tolist()) == set(near[near >= 0].tolist())
    assert sample_table.label.sum() == len(events)  # the table itself is as it was


def test_a_seed_draws_the_same_events_and_another_seed_others(sample_table) -> None:
    first, again, other = (placebo(sample_table, 2, seed).table for seed in (5, 5, 6))
    assert (first.label == again.label).all()
    assert not (first.label == other.label).all()


def test_a_table_without_quiet_rows_says_so(sample_table) -> None:
    short = replace(sample_table, frame=sample_table.frame[:40])
    with pytest.raises(DataError, match="rows away from every event .* too few for invented events"):
        placebo(short, 2)


def test_a_table_with_one_event_is_not_told_that_rows_are_too_few(sample_table) -> None:
    label = np.zeros(sample_table.n_rows, np.int8)
    label[500] = 1
    frame = sample_table.frame.assign(**{sample_table.schema.label: label})
    with pytest.raises(DataError, match="only one event") as refused:
        placebo(replace(sample_table, frame=frame), 2)
    assert "too few" not in str(refused.value)


def test_it_is_judged_on_rows_as_quiet_as_those_of_the_invented_events(sample_table) -> None:
    invented = placebo(sample_table, shift=2)
    rows = rows_in_common(sample_table, invented.table)[invented.quiet]
    stretch = stretches(minutes(sample_table.time, sample_table.n_rows), sample_table.label)
    ends = np.append(np.flatnonzero(np.diff(stretch)), sample_table.n_rows - 1)
    # A row before an invented event may be nearer to the start by the shift.
    assert min(np.abs(ends - row).min() for row in rows) >= QUIET_ROWS - 2
    events = np.flatnonzero(invented.table.label)
    before = (events[:, None] - np.arange(1, 3)).ravel()
    assert set(before.tolist()) <= set(invented.quiet.tolist())
    assert len(before) < len(invented.quiet) / 4 < invented.table.n_rows / 4
