"""Two levels on new rows: each list is that of its threshold alone, in any pieces."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rare_event.config import Rule
from rare_event.experiment import score as module
from rare_event.experiment.result import summarise
from rare_event.experiment.run import run_experiment
from rare_event.experiment.score import Scored, score
from rare_event.experiment.trained import trained_of
from rare_event.judge.evaluation import evaluate
from rare_event.judge.trailing import follow
from rare_event.judge.watch import Watch
from rare_event.store.serial import dump
from tests.experiment.test_score import CONFIGS, assert_same, frame, joined_alarms, pieces, table_of

NAMES = ["pca", "one row", "held", "held, k of n", "trailing", "during", "trailing folds"]
WATCH = Rule("quantile", 0.7)
STILL = "still on in the last row"


@pytest.fixture(scope="module")
def models():
    table, known = table_of(frame()), {}

    def get(name):
        if name not in known:
            result = run_experiment(table, replace(CONFIGS[name], watch=WATCH), workers=1)
            known[name] = result, trained_of(table, result)
        return known[name]

    return get


@pytest.fixture(scope="module")
def new():
    columns = frame(400, 1, "2024-02-01")
    columns.loc[[57, 58, 203], "s2"] = np.nan
    return table_of(columns)


@pytest.mark.parametrize("name", NAMES)
def test_the_figures_of_the_watch_level_are_those_of_a_run_at_its_threshold(models, name) -> None:
    result, _ = models(name)
    watch, why = result.watched
    assert watch is not None and not why
    test = follow(result.test, result.config.rule, result.validation)
    alone, summary = evaluate(test, watch.thresholds, result.policy), summarise(result)
    assert summary.watch is not None and summary.watch.figures is not None
    found = summary.watch.figures
    assert (found.caught, found.false_alarms) == (alone.caught, alone.false_alarms)
    without = summarise(replace(result, config=replace(result.config, watch=None)))
    assert without.watch is None and '"watch"' not in dump(without)
    assert replace(summary, watch=None) == without


@pytest.mark.parametrize("name", NAMES)
def test_each_list_is_that_of_its_threshold_alone(models, new, name) -> None:
    _, both = models(name)
    found = score(both, new)
    plain = score(replace(both, watch=None), new)
    assert plain.watch is None
    assert found.alarms.equals(plain.alarms) and found.frame.equals(plain.frame)
    low = score(replace(both, watch=None, threshold=both.watch.last), new)
    assert listed(found).drop(columns="reached_warning").equals(low.alarms)
    # Naively: the first row between its start and its end in which a warning is on.
    on = found.frame.loc[found.frame["alarm"], "time"].tolist()
    for one in listed(found).to_dict("records"):
        inside = [time for time in on if one["start"] <= time <= one["end"]]
        assert one["reached_warning"] == inside[0] if inside else pd.isna(one["reached_warning"])
    # Each alarm of the warning level lies in one of the watch level.
    between = zip(listed(found)["start"], listed(found)["end"], strict=True)
    spans = [
        span
        for span, reached in zip(between, listed(found)["reached_warning"].notna(), strict=True)
        if reached
    ]
    assert all(any(first <= start <= last for first, last in spans) for start in found.alarms["start"])
    assert 0 < len(spans) < len(listed(found))


def listed(scored: Scored) -> pd.DataFrame:
    """The list of the watch level, which must be there."""
    assert scored.watch is not None
    return scored.watch


def joined_watch(parts):
    return joined_alarms([replace(part, alarms=part.watch) for part in parts])


@pytest.mark.parametrize("name", NAMES)
@given(cuts=st.lists(st.integers(0, 400), min_size=1, max_size=5))
@settings(max_examples=10)
def test_pieces_are_as_one(models, new, name, cuts) -> None:
    _, both = models(name)
    whole, parts = score(both, new), pieces(both, new, cuts)
    assert_same(parts, whole)
    pd.testing.assert_frame_equal(joined_watch(parts), listed(whole), check_exact=True)


@pytest.mark.parametrize("rows", [1, 7, 64])
def test_blocks_change_nothing(models, new, rows, monkeypatch) -> None:
    _, both = models("held, k of n")
    whole = score(both, new)
    monkeypatch.setattr(module, "BLOCK", rows)
    again = score(both, new)
    pd.testing.assert_frame_equal(listed(again), listed(whole), check_exact=True)
    assert again.alarms.equals(whole.alarms) and len(listed(whole)) > 3


def test_a_level_above_the_warning_is_said_and_there_is_none(models, new) -> None:
    result, _ = models("pca")
    # Only the data tell that this score is higher than the quantile of the warning.
    higher = replace(result, config=replace(result.config, watch=Rule("fixed", 1e9)))
    watch, why = higher.watched
    summary = summarise(higher)
    assert watch is None and "would lie above the warning level" in why
    assert summary.watch is not None and summary.watch.what == why and summary.watch.figures is None


def test_rows_without_a_clock_say_when_by_their_number(models, new) -> None:
    columns = frame().drop(columns="time")
    table = table_of(columns)
    config = replace(CONFIGS["pca"], watch=WATCH)
    model = trained_of(table, run_experiment(table, config, workers=1))
    found = score(model, table_of(frame(300, 2).drop(columns="time")))
    reached = listed(found)["reached_warning"]
    assert reached.dtype == "Int64" and reached.notna().any() and reached.isna().any()
    some = listed(found)[reached.notna()]
    assert (some["reached_warning"] >= some["start"]).all()


def test_a_watch_level_at_the_warning_level_reaches_it_at_once(models, new) -> None:
    _, both = models("pca")
    same = replace(both, watch=Watch({0: both.threshold}, WATCH))
    found = score(same, new)
    assert listed(found).drop(columns="reached_warning").equals(found.alarms)
    assert (listed(found)["reached_warning"] == listed(found)["start"]).all()
