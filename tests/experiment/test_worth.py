"""Whether alarms on new rows keep what validation promised: counted by hand."""

from math import comb

import pytest

from rare_event.clock import TimeUnit
from rare_event.experiment.trained import Promise
from rare_event.experiment.worth import _alarms_kept, _events_kept


def test_fewer_events_than_chance_explains_break_the_promise() -> None:
    promise = Promise(caught=8, n_events=10, false_alarms=10, days=10.0)
    # Of 20 events 8 are caught; none of them among these 10 happens by chance in C(10, 8) of C(20, 8) cases.
    assert comb(10, 8) / comb(20, 8) < 0.025
    broken = _events_kept(Promise(0, 10, 10, 10.0), promise)
    assert broken.kept is False and "8 of 10 events; this file gave 0 of 10" in broken.what
    # One fewer of ten is what chance makes.
    kept = _events_kept(Promise(7, 10, 10, 10.0), promise)
    assert kept.kept is True and "not kept" not in kept.what
    # Of a single event nothing can be said against the promise: missed in 12 of 20 cases at the least.
    assert _events_kept(Promise(0, 1, 10, 10.0), promise).kept is True


def test_more_false_alarms_than_chance_explains_break_the_promise() -> None:
    promise, unit = Promise(8, 10, 2, 10.0), TimeUnit()
    # Equal times: this has 8 or more of 10 alarms in 56 of 1,024 cases, 10 or more of 12 in 79 of 4,096.
    assert (45 + 10 + 1) / 1024 > 0.025 > (66 + 12 + 1) / 4096
    assert _alarms_kept(Promise(8, 10, 8, 10.0), promise, unit).kept is True
    broken = _alarms_kept(Promise(8, 10, 10, 10.0), promise, unit)
    assert broken.kept is False and "promised 0.2 false alarms a day; this file gave 1." in broken.what
    # Fewer never break it.
    assert _alarms_kept(Promise(8, 10, 0, 10.0), promise, unit).kept is True


def test_without_a_promise_nothing_is_compared() -> None:
    given, none = Promise(1, 2, 1, 1.0), Promise(0, 0, 0, 0.0)
    assert _events_kept(given, None).kept is None and _events_kept(given, none).kept is None
    assert _events_kept(none, given).kept is None
    assert _alarms_kept(given, none, TimeUnit()).kept is None


def test_intervals_of_a_promise_are_exact() -> None:
    assert Promise(0, 3, 0, 2.0).share == pytest.approx((0.0, 0.7076), abs=1e-4)
    assert Promise(0, 3, 0, 2.0).rate == pytest.approx((0.0, 3.6889 / 2), abs=1e-4)
    assert Promise(0, 0, 0, 0.0).share == (0.0, 1.0)
