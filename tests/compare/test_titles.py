"""Names of runs: readable, and never twice the same."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from rare_event.compare.titles import differing_settings, names_of, settings_of, title_of, told_apart
from rare_event.config import (
    ARTICLE_DENSE,
    ARTICLE_LSTM,
    RECOMMENDED,
    Costs,
    DenseModel,
    LogisticModel,
    PCAModel,
    Representation,
    Rule,
    SplitPlan,
    Training,
    recipe,
)
from rare_event.store.folders import FOLDER_TIME
from rare_event.store.runs import Run

NOON = datetime(2024, 3, 1, 12, 0, 5, tzinfo=UTC)


@pytest.fixture
def run_at(tmp_path):
    return lambda time: Run(tmp_path / time.strftime(FOLDER_TIME))


@pytest.mark.parametrize(
    ("config", "title"),
    [
        (RECOMMENDED, "Recommended: dense on differences"),
        (ARTICLE_LSTM, "Articles' LSTM: LSTM on levels"),
        (ARTICLE_DENSE, "Dense, notebook: dense on levels"),
        (replace(RECOMMENDED, name="custom", model=PCAModel()), "Custom: PCA on differences"),
        (
            replace(RECOMMENDED, model=LogisticModel(), representation=Representation("combined")),
            "Recommended: logistic regression on levels and changes",
        ),
        (recipe("knn", ARTICLE_LSTM), "Nearest neighbours"),
    ],
)
def test_a_title_is_made_of_words(config, title) -> None:
    assert title_of(config) == title


def test_settings_that_differ_are_in_words_and_those_of_one_model_only_are_left_out() -> None:
    dense = replace(RECOMMENDED, model=DenseModel(widths=(32, 16)))
    pca = replace(RECOMMENDED, name="custom", model=PCAModel(), lookback=5)
    differing = differing_settings([dense, pca, replace(dense, model=DenseModel(widths=(8, 4)))])
    assert differing == {
        "lookback": ["1", "5", "1"],
        "model kind": ["dense autoencoder", "PCA", "dense autoencoder"],
        "model widths": ["32, 16", None, "8, 4"],
    }
    assert not differing_settings([dense, replace(dense, name="any")])


def test_what_differs_is_named_and_what_is_the_same_is_not(run_at) -> None:
    configs = [
        RECOMMENDED,
        replace(RECOMMENDED, seed=3),
        replace(RECOMMENDED, seed=4, training=Training(learning_rate=1e-4)),
        recipe("pca", RECOMMENDED),
    ]
    names = names_of([(run_at(NOON + timedelta(hours=i)), config) for i, config in enumerate(configs)])
    assert names == [
        "Recommended: dense on differences, seed 0, training learning rate 0.001",
        "Recommended: dense on differences, seed 3, training learning rate 0.001",
        "Recommended: dense on differences, seed 4, training learning rate 0.0001",
        "PCA, squared error",
    ]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model": DenseModel(widths=(8, 2))}, "layers 8-2"),
        ({"split": SplitPlan("rolling", folds=3)}, "rolling split by time, folds 3"),
        ({"article_mode": True}, "windows across stops"),
        ({"representation": replace(RECOMMENDED.representation, clip=None)}, "no clipping"),
    ],
)
def test_settings_are_said_in_words(run_at, change, words) -> None:
    pairs = [(run_at(NOON), replace(RECOMMENDED, **change)), (run_at(NOON + timedelta(1)), RECOMMENDED)]
    changed, _ = names_of(pairs)
    assert changed == f"Recommended: dense on differences, {words}"


@pytest.mark.parametrize(
    ("later", "times"),
    [
        (timedelta(minutes=3), ["01 Mar 12:00", "01 Mar 12:03"]),
        (timedelta(seconds=9), ["01 Mar 12:00:05", "01 Mar 12:00:14"]),
    ],
)
def test_the_same_settings_are_told_apart_by_time(run_at, later, times) -> None:
    names = names_of([(run_at(NOON), RECOMMENDED), (run_at(NOON + later), RECOMMENDED)])
    assert names == [f"Recommended: dense on differences, {time}" for time in times]


def test_even_runs_of_one_second_are_told_apart(run_at) -> None:
    runs = [(run_at(NOON + timedelta(microseconds=i)), RECOMMENDED) for i in range(20)]
    assert len(set(names_of(runs))) == 20


def test_names_that_differ_stay_as_they_are() -> None:
    assert told_apart(["a", "b"], [{"seed": 0}, {"seed": 1}], [NOON, NOON]) == ["a", "b"]
    assert told_apart([], [], []) == []


def test_settings_of_a_stage_come_with_its_name() -> None:
    settings = settings_of(RECOMMENDED)
    assert settings["seed"] == 0
    assert settings["split seed"] == 123
    assert settings["rule kind"] == "fa-per-day"
    assert settings["costs event"] == RECOMMENDED.rule.costs.event
    assert not any(isinstance(value, dict) for value in settings.values())


def test_a_watch_level_is_one_setting_and_leaves_those_of_the_rule_as_they_are() -> None:
    dear = Rule("cost", 0.0, costs=Costs(event=5.0))
    config = replace(RECOMMENDED, rule=dear, watch=Rule("fa-per-day", 6.0))
    without = replace(config, watch=None)
    assert settings_of(config)["costs event"] == settings_of(without)["costs event"] == 5.0
    wanted = {"watch": ["at most 6 false alarms a day", "no watch level"]}
    assert differing_settings([config, without]) == wanted
    assert differing_settings([config, config]) == {}
