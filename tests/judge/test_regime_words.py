"""What the regime test says: since when, how many times, in which sensor, and what it cannot see."""

from dataclasses import replace

import pandas as pd

from rare_event.clock import MINUTES, NO_TIME, TimeUnit
from rare_event.judge.regime import Regime, RegimeChange
from rare_event.judge.regime_words import change_in_words, moments, regime_in_words

CHANGE = RegimeChange(2, "", 90, 24_674.0, 24_800.0, None, 26.4, "x19", 0.83)
WHEN = moments(pd.Timestamp("1999-05-01"), MINUTES)


def test_a_change_in_one_sentence() -> None:
    said = (
        "since 18 May 03:14: normal rows have scored 26 times as high as in the validation data; "
        "x19 accounts for 83% of the change in the sensors."
    )
    assert change_in_words(CHANGE, WHEN) == f"The threshold has not been valid {said}"
    assert change_in_words(CHANGE, WHEN, folds=6) == f"Fold 3 of 6: the threshold has not been valid {said}"
    spread = change_in_words(replace(CHANGE, share=0.03), WHEN)
    assert (
        spread.endswith("; many sensors changed; none accounts for more than 10% of the total change.")
        and "x19" not in spread
    )
    of_machine = replace(CHANGE, machine="B", sensor=None, share=None)
    assert change_in_words(of_machine, WHEN).startswith("Machine B: the threshold")
    assert change_in_words(of_machine, WHEN).endswith(
        "have scored 26 times as high as in the validation data."
    )


def test_a_change_that_ended_and_a_threshold_that_follows() -> None:
    ended = replace(CHANGE, until=26_114.0)
    said = change_in_words(ended, WHEN)
    assert said.startswith(
        "The threshold was not valid from 18 May 03:14 to 19 May 03:14: normal rows scored"
    )
    assert "no longer" not in said
    trailing = change_in_words(CHANGE, WHEN, trailing=True)
    assert trailing.startswith("Since 18 May 03:14, normal rows have scored 26 times")
    assert trailing.endswith("; the trailing threshold follows this rise.") and "not valid" not in trailing


def test_rows_in_place_of_time_and_no_label() -> None:
    unit = replace(NO_TIME, labelled=False)
    said = change_in_words(CHANGE, moments(None, unit), unit)
    assert said.startswith("The threshold has not been valid since row 24,674: rows have scored 26 times")
    assert "normal" not in said


def test_what_it_cannot_see_and_its_rate_are_said() -> None:
    quiet = Regime((), 1, (), 3.24)
    nothing, rate = regime_in_words(quiet, WHEN)
    assert nothing.startswith("A statistical test finds no rise in the scores of normal rows beyond")
    assert nothing.endswith(
        "beyond their normal variation. It may miss a rise by a factor below 3.2, or one near the end."
    )
    assert rate == "If nothing changes, this test still reports a change in at most 5% of periods this long."
    wild = " ".join(regime_in_words(replace(quiet, visible=1e9), WHEN, TimeUnit(machines=True), folds=3))
    assert "it would miss most rises" in wild and "1e" not in wild
    assert "in at most 5% of folds, counted per machine." in wild
    found = regime_in_words(Regime((CHANGE,), 1, (), 3.0), WHEN)
    assert len(found) == 2 and "finds no rise" not in " ".join(found)


def test_a_refusal_gives_no_rate() -> None:
    said = regime_in_words(Regime((), 0, ("too few rows.",), None), WHEN)
    assert said == ["Not tested: too few rows."]
