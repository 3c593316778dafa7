"""The watch level against the same threshold evaluated alone, and events counted one by one."""

from dataclasses import replace

import numpy as np
import pytest

from rare_event.clock import NO_TIME, TimeUnit
from rare_event.config import AlarmPolicy, ExperimentConfig, Rule, from_json, to_json
from rare_event.errors import ConfigError, DataError
from rare_event.judge.alarms import event_ledger
from rare_event.judge.chance import figure_intervals
from rare_event.judge.evaluation import evaluate
from rare_event.judge.rules import choose_on
from rare_event.judge.watch import (
    Watch,
    WatchFigures,
    choose_watch,
    default_watch,
    lower_watch,
    watch_figures,
)
from tests import naive

WATCH = Rule("fa-per-day", 900.0)


@pytest.mark.parametrize("seed", range(25))
def test_its_figures_are_those_of_its_threshold_alone(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = naive.random_scores(rng, 300, n_folds=1 + seed % 3)
    policy = replace(naive.random_policy(rng), end_share=float(rng.choice([1.0, 0.6])))
    folds = np.unique(scores.fold).tolist()
    warning = {fold: float(rng.uniform(6, 12)) for fold in folds}
    watch = {fold: float(rng.uniform(1, warning[fold])) for fold in folds}
    found = watch_figures(scores, warning, watch, policy)
    alone = evaluate(scores, watch, policy)
    assert (found.caught, found.n_events) == (alone.caught, alone.n_events)
    assert (found.false_alarms, found.days, found.rate) == (alone.false_alarms, alone.days, alone.rate)
    intervals = figure_intervals(scores, watch, policy, offsets=0)
    for name, interval in (("caught", found.caught_interval), ("false_alarms_per_day", found.rate_interval)):
        low, high = intervals.loc[name, ["low", "high"]]
        assert interval is None or interval == (low, high), name
    # What a high threshold catches, a low one does too.
    assert found.only_watch == alone.caught - evaluate(scores, warning, policy).caught >= 0
    if len(folds) == 1:
        at_watch, at_warning = (
            event_ledger(scores, at[folds[0]], policy)["caught"] for at in (watch, warning)
        )
        assert found.only_watch == sum(
            low and not high for low, high in zip(at_watch, at_warning, strict=True)
        )
        assert not any(high and not low for low, high in zip(at_watch, at_warning, strict=True))


def test_a_watch_level_by_the_rule_of_the_warning_is_the_warning_and_a_larger_budget_is_lower() -> None:
    scores = naive.random_scores(np.random.default_rng(3), 400, n_folds=3)
    policy, rule = AlarmPolicy(cooldown=6.0), Rule("fa-per-day", 150.0)
    warning = {fold: choose_on(part, policy, rule) for fold, part in scores.by_fold().items()}
    assert choose_watch(scores, warning, rule, policy).thresholds == warning
    watch = choose_watch(scores, warning, WATCH, policy)
    assert all(watch.thresholds[fold] <= warning[fold] for fold in warning)
    assert watch.thresholds != warning and watch.rule == WATCH


def test_a_level_above_the_warning_is_refused_with_the_fold_and_both_numbers() -> None:
    higher = Watch({0: 1.0, 1: 2.5}, WATCH)
    with pytest.raises(
        DataError, match=r"watch level \(2.5\) would lie above the warning level \(2\) in fold 2, so no watch"
    ):
        lower_watch(higher, {0: 1.0, 1: 2.0})
    assert lower_watch(higher, {0: 1.0, 1: 2.5}) is higher
    with pytest.raises(DataError) as refused:
        lower_watch(Watch({0: 1.0}, WATCH), {0: 0.5})
    assert "fold" not in str(refused.value)


@pytest.mark.parametrize(
    ("rule", "advice"),
    [
        (Rule("fa-per-day", 6.0), "Allow the watch level more false alarms, or choose another rule for it."),
        (
            Rule("promise-per-day", 6.0),
            "Allow the watch level more false alarms, or choose another rule for it.",
        ),
        (Rule("fixed", 5.0), "Choose a lower value for the watch level, or another rule for it."),
        (Rule("quantile", 0.9), "Choose a lower value for the watch level, or another rule for it."),
        (Rule("events", 0.5), "Choose a larger share for the watch level, or another rule for it."),
        (Rule("recall", 0.5), "Choose a larger share for the watch level, or another rule for it."),
        (Rule("f-beta", 2.0), "Choose another rule for the watch level."),
        (Rule("cost", 0.0), "Choose another rule for the watch level."),
    ],
)
def test_a_refused_level_advises_what_its_rule_can_do(rule, advice) -> None:
    with pytest.raises(DataError) as refused:
        lower_watch(Watch({0: 5.0}, rule), {0: 0.5})
    assert str(refused.value).endswith(f"(0.5), so no watch level is set. {advice}")
    assert ("false alarms" in str(refused.value)) == rule.kind.endswith("per-day")


def test_its_default_budget_is_three_times_that_of_the_warning() -> None:
    assert default_watch(Rule("fa-per-day", 4.0)) == Rule("fa-per-day", 12.0)
    assert default_watch(Rule("fixed", 4.0)) == Rule("fa-per-day", 6.0)
    assert default_watch(Rule("fa-per-day", 0.0)).value > 0
    assert default_watch(Rule("fa-per-day", 1e6)).value == 1e6, "no rule allows more"


@pytest.mark.parametrize(
    ("rule", "watch", "sentence"),
    [
        (
            Rule("fa-per-day", 2.0),
            Rule("fa-per-day", 1.0),
            "may give at most 1 false alarm a day, and .* level 2",
        ),
        (Rule("fa-per-day", 2e5), Rule("fa-per-day", 1e5), "at most 100,000 false .* level 200,000"),
        (Rule("fixed", 0.3), Rule("fixed", 0.4), "above the warning level: 0.4"),
        (Rule("quantile", 0.9), Rule("quantile", 0.95), "above the warning level: 0.95"),
        (Rule(), Rule("trailing-quantile", 0.9), "cannot follow the recent scores by a rule of its own"),
    ],
)
def test_what_no_data_can_put_below_the_warning_is_refused_before_training(rule, watch, sentence) -> None:
    with pytest.raises(ConfigError, match=sentence):
        ExperimentConfig(rule=rule, watch=watch)
    assert ExperimentConfig(rule=rule, watch=Rule("events", 0.5)).watch == Rule("events", 0.5)


def test_settings_with_and_without_one_come_back_from_json() -> None:
    with_one = ExperimentConfig(watch=Rule("fa-per-day", 5.0))
    assert from_json(to_json(with_one)) == with_one != ExperimentConfig()
    # Settings of older versions have no such entry.
    lines = [line for line in to_json(ExperimentConfig()).splitlines() if '"watch"' not in line]
    assert len(lines) == len(to_json(ExperimentConfig()).splitlines()) - 1
    assert from_json("\n".join(lines)) == ExperimentConfig() and ExperimentConfig().watch is None


def test_the_words_leave_out_what_is_not_known() -> None:
    figures = WatchFigures(0, 0, None, 0, 9, 6.0, 1.5, (0.7, 2.8))
    words = figures.in_words(TimeUnit(labelled=False))
    assert words == "1.5 alarms a day (95% interval 0.7 to 2.8)." and figures.only_in_words == ""
    assert "per 1,000 rows" in figures.in_words(NO_TIME) and "day" not in figures.in_words(NO_TIME)
    short = WatchFigures(1, 2, None, 1, 0, 12 / 1440, None, None)
    assert short.in_words().startswith("1 of 2 events caught, 0 false alarms in 12 min")
    assert short.only_in_words == "It catches 1 event that the warning level misses."
    assert replace(short, only_watch=0).only_in_words.startswith("It catches no event")
