"""Kept, broken or too early to tell: by hand, and how often each is said by mistake."""

import numpy as np
import pytest
from scipy.stats import binom, poisson

from rare_event.clock import TimeUnit
from rare_event.experiment.trained import Counted
from rare_event.judge.exact import TAIL
from rare_event.judge.kept import check_promise, rate_interval
from rare_event.judge.promise import Promise

PROMISE = Promise(2.0, 0.4, caught=12, n_events=20, false_alarms=10, running=10.0)


@pytest.mark.parametrize(
    ("given", "alarms", "events", "answer"),
    [
        # 0 of 10 days: at most 3.69 / 10 a day. 10 of 10: at least 0.025^(1/10) = 0.69 of the events.
        (Counted(10, 10, 0, 10.0), "kept", "kept", "kept"),
        # 40 in 10 days: at least 2.86 a day.
        (Counted(10, 10, 40, 10.0), "broken", "kept", "broken"),
        # 0 of 10 events: at most 1 - 0.025^(1/10) = 0.31.
        (Counted(0, 10, 0, 10.0), "kept", "broken", "broken"),
        # 20 in 10 days: 1.22 to 3.09. 5 of 10: 0.19 to 0.81.
        (Counted(5, 10, 20, 10.0), "too early to tell", "too early to tell", "too early to tell"),
        (Counted(5, 10, 0, 10.0), "kept", "too early to tell", "too early to tell"),
        (Counted(0, 0, 0, 10.0), "kept", "too early to tell", "too early to tell"),
        (Counted(0, 0, 0, 0.0), "too early to tell", "too early to tell", "too early to tell"),
    ],
)
def test_answers(given: Counted, alarms: str, events: str, answer: str) -> None:
    check = check_promise(PROMISE, given)
    assert (check.alarms.answer, check.events.answer, check.answer) == (alarms, events, answer)
    assert "nan" not in check.in_words
    assert check.alarms.what.startswith(
        f"False alarms: {alarms}. Promise from validation data: at most 2 a day"
    )
    assert check.events.what.startswith(
        f"Events caught: {events}. Promise from validation data: at least 40%"
    )


def test_a_cluster_of_alarms_breaks_less() -> None:
    clustered = Promise(2.0, 0.4, caught=12, n_events=20, false_alarms=10, running=10.0, dispersion=4.0)
    given = Counted(10, 10, 32, 10.0)
    assert check_promise(PROMISE, given).alarms.answer == "broken"
    assert check_promise(clustered, given).alarms.answer == "too early to tell"
    assert rate_interval(0, 1.0) == pytest.approx((0.0, 3.6889), abs=1e-4)


def test_without_a_label_few_alarms_keep_the_promise_and_many_do_not_break_it() -> None:
    few = check_promise(PROMISE, Counted(0, 0, 3, 10.0), labelled=False)
    assert few.alarms.answer == "kept" and few.events.answer == "too early to tell"
    many = check_promise(PROMISE, Counted(0, 0, 80, 10.0), labelled=False)
    assert many.alarms.answer == "too early to tell" and "how many were false" in many.alarms.what
    assert "found: 8 alarms a day (80 alarms in 10 days" in many.alarms.what
    # Where training had no label either, the promise is one of alarms.
    alarms = Promise(2.0, 0.0, caught=0, n_events=0, false_alarms=10, running=10.0)
    check = check_promise(alarms, Counted(0, 0, 80, 10.0), TimeUnit(labelled=False), labelled=False)
    assert check.answer == "broken" and "false" not in check.in_words


def test_where_nothing_was_promised_nothing_is_kept_or_broken() -> None:
    nothing = Promise(
        None, 0.0, caught=0, n_events=3, false_alarms=9, running=0.0, reason="There is no time."
    )
    check = check_promise(nothing, Counted(0, 3, 900, 1.0))
    assert check.answer == "nothing promised" and check.in_words == "Nothing was promised. There is no time."


def test_how_often_a_true_promise_is_called_broken_and_an_untrue_one_kept() -> None:
    """Summed over all outcomes at the edge of the promise, and just beyond it."""
    days, n = 10.0, 25
    for alarms_a_day, share in ((2.0, 0.4), (2.0001, 0.3999)):
        chance = {"kept": 0.0, "broken": 0.0}
        for count in np.arange(60).tolist():
            answer = check_promise(PROMISE, Counted(n, n, count, days)).alarms.answer
            if answer in chance:
                chance[answer] += float(poisson.pmf(count, alarms_a_day * days))
        assert chance["broken"] <= TAIL + 1e-3 and chance["kept"] <= TAIL + 1e-3
        chance = {"kept": 0.0, "broken": 0.0}
        for caught in range(n + 1):
            answer = check_promise(PROMISE, Counted(caught, n, 0, days)).events.answer
            if answer in chance:
                chance[answer] += float(binom.pmf(caught, n, share))
        assert 0 < chance["broken"] <= TAIL + 1e-3 and 0 < chance["kept"] <= TAIL + 1e-3
