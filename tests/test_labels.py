"""What people read for the keys of settings."""

from dataclasses import replace
from typing import get_args

import pytest

from rare_event.config import PRESETS as PRESET_CONFIGS
from rare_event.config import (
    RECIPES,
    RECOMMENDED,
    SPACE_MODELS,
    BlendModel,
    ExperimentConfig,
    KNNModel,
    NetworkConfig,
    PCAModel,
    RepresentationKind,
    RuleKind,
    SplitKind,
    SplitPlan,
)
from rare_event.config.labels import MODELS as MODEL_NAMES
from rare_event.config.labels import (
    NAMES,
    OF_FOLDS,
    OPTIONS,
    PRESETS,
    REPRESENTATIONS,
    RULES,
    SPLITS,
    TRIVIAL,
)

RECONSTRUCT = (*get_args(NetworkConfig), PCAModel)


MODELS = [recipe.model for recipe in RECIPES.values()] + [network() for network in get_args(NetworkConfig)]


@pytest.mark.parametrize("model", MODELS)
def test_only_what_reconstructs_has_a_reconstruction_error(model) -> None:
    label = model.score_label
    reconstructs = isinstance(model, RECONSTRUCT) and getattr(model, "statistic", "") != "t2"
    assert ("reconstruction" in label.name) == reconstructs
    assert label.unit and label.name != "score"


def test_scores_of_several_folds_are_ratios_unless_they_compare_as_they_are() -> None:
    knn = replace(RECOMMENDED, model=KNNModel())
    assert knn.score_label(1).unit == "scaled units"
    assert knn.score_label(6).unit == OF_FOLDS and knn.score_label(6).name == knn.score_label(1).name
    either = ExperimentConfig(model=BlendModel(("average", "log-odds"), join="either"))
    assert either.score_label(6) == either.score_label(1) != knn.score_label(6)


def test_every_split_has_a_name_and_the_optimistic_ones_a_mark() -> None:
    assert set(SPLITS) == set(get_args(SplitKind)) and len(set(SPLITS.values())) == len(SPLITS)
    marked = {kind for kind in get_args(SplitKind) if "optimistic" in SplitPlan(kind).in_words()}
    assert marked == {"random", "shuffled"}


@pytest.mark.parametrize(
    ("keys", "names"),
    [
        ([*SPACE_MODELS, "blend"], MODEL_NAMES),
        (get_args(RepresentationKind), REPRESENTATIONS),
        (get_args(RuleKind), RULES),
        (PRESET_CONFIGS, PRESETS),
    ],
)
def test_every_key_has_one_name_and_no_other_has_it(keys, names) -> None:
    assert set(keys) == set(names) and len(set(names.values())) == len(names)
    assert not [key for key in keys if "-" in key and key in names.values()]


def test_no_two_kinds_share_a_key() -> None:
    kinds = (PRESETS, MODEL_NAMES, REPRESENTATIONS, RULES, SPLITS, TRIVIAL, OPTIONS)
    assert len(NAMES) == sum(map(len, kinds))
    assert "split" not in NAMES
