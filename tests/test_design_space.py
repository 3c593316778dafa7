"""The design space: which cells it has, in which order, and what it refuses."""

from dataclasses import replace
from itertools import product

import pytest

from rare_event.config import (
    ARTICLE_DENSE,
    RECOMMENDED,
    SPACE_MODELS,
    DenseModel,
    DesignSpace,
    Training,
    space_from_json,
    space_to_json,
)
from rare_event.errors import ConfigError


def test_the_grid_holds_each_combination_once_in_a_fixed_order() -> None:
    space = DesignSpace()
    cells = space.cells
    assert len(cells) == len(space) == space.n_grid == 3 * 3 * 3 * 2
    told = [(c.model.kind, c.lookback, c.representation.kind, c.shift) for c in cells]
    assert told == list(product(space.models, space.lookbacks, space.representations, space.shifts))
    assert len(set(cells)) == len(cells) and cells == DesignSpace().cells
    assert {(c.split.kind, c.split.folds) for c in cells} == {("rolling", 6)}
    # What is not tried is the base's.
    assert {replace(c.representation, kind="level") for c in cells} == {
        replace(RECOMMENDED.representation, kind="level")
    }
    assert {(c.score, c.policy, c.training) for c in cells} == {
        (RECOMMENDED.score, RECOMMENDED.policy, RECOMMENDED.training)
    }


def test_the_base_keeps_the_options_of_its_own_model() -> None:
    base = replace(RECOMMENDED, model=DenseModel(widths=(8, 4, 8)), training=Training(epochs=3))
    cells = DesignSpace(models=("dense", "pca"), base=base, folds=4).cells
    assert {c.model for c in cells} == {base.model, SPACE_MODELS["pca"]}
    assert {c.training.epochs for c in cells} == {3} and {c.split.folds for c in cells} == {4}
    assert SPACE_MODELS["dense"] not in {c.model for c in cells}


def test_only_cells_of_networks_average_as_many_as_the_base() -> None:
    base = replace(RECOMMENDED, model=DenseModel(), training=Training(networks=3))
    cells = DesignSpace(models=("dense", "pca"), base=base).cells
    assert {(c.model.kind, c.training.networks) for c in cells} == {("dense", 3), ("pca", 1)}


def test_a_random_sample_is_drawn_by_its_seed_and_keeps_the_order() -> None:
    grid = DesignSpace().cells
    drawn = [DesignSpace(sample=10, seed=seed).cells for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]
    for cells in drawn:
        places = [grid.index(cell) for cell in cells]
        assert places == sorted(set(places)) and len(places) == 10
    assert DesignSpace(sample=54).cells == grid


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"shifts": ()}, "shifts is empty"),
        ({"lookbacks": (1, 5, 1)}, "lookbacks holds 1 twice"),
        ({"shifts": [1, 2]}, "give a tuple"),
        ({"shifts": (0,)}, "shifts holds 0"),
        ({"lookbacks": (2.5,)}, "lookback is 2.5"),
        ({"representations": ("wavelets",)}, "kind is 'wavelets'"),
        ({"models": ("oracle",)}, "no model 'oracle'"),
        ({"models": ("blend",)}, "no model 'blend'"),
        ({"folds": 1}, "folds is 1"),
        ({"sample": 0}, "sample is 0; choose"),
        ({"sample": 55}, "choose 1 to 54"),
        ({"seed": -1}, "seed is -1"),
        ({"shifts": tuple(range(1, 60))}, "would have 1,062 cells"),
    ],
)
def test_bad_spaces_are_refused_where_they_are_made(settings, words) -> None:
    with pytest.raises(ConfigError, match=words):
        DesignSpace(**settings)


def test_many_settings_can_be_drawn_from() -> None:
    space = DesignSpace(shifts=tuple(range(1, 60)), sample=20)
    assert len(space.cells) == 20 and space.n_grid == 1062


def test_json_and_back() -> None:
    for space in (DesignSpace(), DesignSpace(shifts=(3,), sample=2, seed=7, base=ARTICLE_DENSE)):
        assert space_from_json(space_to_json(space)) == space
    for text in ('{"shifts": []}', '{"shifts": [1.5]}', '{"depth": 3}', "{", '{"models": "dense"}'):
        with pytest.raises(ConfigError):
            space_from_json(text)
