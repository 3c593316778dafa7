"""What no model can do with the settings is said before training, in plain words."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rare_event.config import RECOMMENDED, AlarmPolicy, PCAModel, Rule
from rare_event.experiment.policy import check_policy
from rare_event.prepare.prepared import prepare
from rare_event.prepare.table import read_table

BASE = replace(RECOMMENDED, model=PCAModel(), rule=Rule("quantile", 0.99))


def table_of(seconds: int = 120, before: int = 200, lasts: int = 1, n_events: int = 12):
    """Events of `lasts` rows after `before` normal rows each, and a stop of ten rows."""
    label = np.tile(np.repeat([0, 1], [before, lasts]), n_events)
    row = np.arange(len(label)) + 10 * (np.arange(len(label)) // (before + lasts))
    time = pd.Timestamp("2000-01-01") + pd.to_timedelta(seconds * row, unit="s")
    sensor = np.random.default_rng(0).normal(size=len(label)).round(3)
    return read_table(pd.DataFrame({"time": time, "y": label, "s": sensor}).to_csv(index=False).encode())


def said(table=None, **settings):
    table = table_of() if table is None else table
    config = replace(BASE, **settings)
    return check_policy(prepare(table, config), config)


def test_nothing_is_said_where_nothing_is_wrong() -> None:
    assert said() == []
    assert said(rule=Rule("fa-per-day", 2.0)) == []
    assert said(policy=AlarmPolicy(k=2, n=3, lead=20, min_lead=2)) == []


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"policy": AlarmPolicy(lead=1)}, "The lead window is 1 minute, but rows are 2 minutes apart"),
        ({"policy": AlarmPolicy(lead=4), "shift": 5}, "4 minutes is shorter than the shift, which covers 10"),
        ({"policy": AlarmPolicy(min_lead=60)}, "minimum useful lead is 60 minutes.* only 0 of 12 events"),
        ({"policy": AlarmPolicy(k=3, n=5)}, "needs 3 of 5 windows.*only 2 rows .* 0 of 12 events"),
        ({"policy": AlarmPolicy(mute=300)}, "muted in the first 300 rows.* 0 of 12 events"),
        ({"policy": AlarmPolicy(cooldown=500)}, "cooldown of 8.33 h is longer than the running time before"),
    ],
)
def test_settings_under_which_no_model_can_work(settings, words) -> None:
    found = said(**settings)
    assert len(found) == 1
    pd.testing.assert_frame_equal(
        pd.DataFrame({"found": found}).loc[lambda f: f["found"].str.contains(words, regex=True)],
        pd.DataFrame({"found": found}),
    )
    assert "min_lead" not in found[0] and "fa-per-day" not in found[0]


def test_a_short_stretch_is_not_taken_for_a_short_shift() -> None:
    short = table_of(before=3, n_events=100)
    found = said(short, shift=5, policy=AlarmPolicy(cooldown=0, k=4, n=4))
    assert any(
        "needs 4 of 4 windows, but some events follow a restart so soon that fewer windows come before" in one
        for one in found
    )
    found = said(short, shift=5, policy=AlarmPolicy(cooldown=0, min_lead=8))
    assert any("8 minutes, but some events follow a restart sooner than that" in one for one in found)
    assert not any("longer shift" in one for one in found)


def test_events_of_one_row_are_not_called_long() -> None:
    (sentence,) = [one for one in said(table_of(before=10, n_events=100)) if "shift 0" in one]
    assert sentence.startswith("9% of all rows belong to events.") and "are long" not in sentence


def test_a_budget_above_an_alarm_in_every_row_sets_no_limit() -> None:
    daily = table_of(86_400)
    (sentence,) = said(daily, rule=Rule("fa-per-day", 2.0))
    assert "sets no limit: rows are 1 day apart, so an alarm in every row is 1 a day" in sentence
    assert said(daily, rule=Rule("fa-per-day", 0.5)) == []
    assert said(table_of(3600), rule=Rule("fa-per-day", 2.0)) == [], "an hour's rows allow 24 a day"


def test_a_validation_part_too_short_for_the_budget() -> None:
    (sentence,) = said(table_of(10), rule=Rule("fa-per-day", 2.0))
    assert "validation part has only" in sentence and "does not allow even one there" in sentence
    assert said(table_of(10), rule=Rule("fa-per-day", 0.0)) == []


def test_events_that_last_are_better_found_while_they_last() -> None:
    (sentence,) = said(table_of(before=900, lasts=30))
    assert "long: 30 rows (median). These rows" in sentence and "%" not in sentence and "shift 0" in sentence
    assert any("detect during" in one for one in said(table_of(before=60, lasts=8)))
    assert said(table_of(before=900, lasts=8)) == []
