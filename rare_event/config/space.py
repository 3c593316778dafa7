"""The design space: settings of the data and of the model to try in all combinations."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import get_args

import numpy as np

from rare_event.config.base import Settings, require, settings_from_json, settings_to_json
from rare_event.config.baselines import SupervisedConfig, UnsupervisedConfig
from rare_event.config.detector import ModelConfig
from rare_event.config.experiment import ExperimentConfig
from rare_event.config.networks import NetworkConfig
from rare_event.config.prepare import RepresentationKind
from rare_event.config.presets import RECOMMENDED

# Blends are left out: their members come with representations of their own.
SPACE_MODELS: dict[str, ModelConfig] = {
    config.kind: config
    for config in (
        *(network() for network in get_args(NetworkConfig)),
        *(model() for model in get_args(UnsupervisedConfig)),
        *(model() for model in get_args(SupervisedConfig)),
    )
}
MOST_CELLS = 1000


@dataclass(frozen=True)
class DesignSpace(Settings):
    """Settings to try in all combinations; each combination is a cell.

    Parameters
    ----------
    shifts
        Rows before an event that are labelled positive. Type a number to add it.
    lookbacks
        Rows in a window. Type a number to add it.
    representations
        How sensors enter the model.
    models
        Kinds of model. Recurrent networks (LSTM, GRU) take longest.
    sample
        Number of cells to draw at random from all combinations. Empty (None): all of them.
    seed
        Random seed of the draw and of the training.
    folds
        Number of folds of the rolling split that judges each cell.
    base
        All other settings.
    """

    shifts: tuple[int, ...] = (1, 2, 4)
    lookbacks: tuple[int, ...] = (1, 5, 15)
    representations: tuple[RepresentationKind, ...] = ("level", "difference", "deviation")
    models: tuple[str, ...] = ("dense", "lstm")
    sample: int | None = None
    seed: int = 0
    folds: int = 6
    base: ExperimentConfig = RECOMMENDED

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, values in self.axes.items():
            require(isinstance(values, tuple), f"{name} is {values!r}; give a tuple of values.")
            require(len(values) > 0, f"{name} is empty; choose at least one.")
            twice = [value for number, value in enumerate(values) if value in values[:number]]
            require(not twice, f"{name} holds {twice[0] if twice else ''} twice; choose each value once.")
        for name in self.models:
            known = ", ".join(SPACE_MODELS)
            require(name in SPACE_MODELS, f"A map has no model {name!r}; choose one of {known}.")
        require(0 <= self.seed < 2**31, f"seed is {self.seed}; choose 0 to 2,147,483,647.")
        if self.sample is not None:
            require(
                1 <= self.sample <= self.n_grid,
                f"sample is {self.sample:,}; choose 1 to {self.n_grid:,}.",
            )
        require(
            len(self) <= MOST_CELLS,
            f"The map would have {len(self):,} cells. Choose fewer values, or draw a sample of at most "
            f"{MOST_CELLS:,} cells.",
        )
        require(
            0 not in self.shifts,
            "shifts holds 0, but a map compares warnings before events; choose shifts of 1 row or more.",
        )
        # Each config rejects the values that are not allowed.
        for shift, lookback in product(self.shifts, self.lookbacks):
            replace(self._judged, shift=shift, lookback=lookback)
        for kind in self.representations:
            replace(self.base.representation, kind=kind)

    @property
    def axes(self) -> dict[str, Sequence[Hashable]]:
        """Values of each setting to try, by name."""
        return {
            "shifts": self.shifts,
            "lookbacks": self.lookbacks,
            "representations": self.representations,
            "models": self.models,
        }

    @property
    def n_grid(self) -> int:
        """Number of all combinations."""
        return int(np.prod([len(values) for values in self.axes.values()]))

    def __len__(self) -> int:
        """Return the number of cells."""
        return self.n_grid if self.sample is None else self.sample

    @property
    def cells(self) -> tuple[ExperimentConfig, ...]:
        """The config of each cell, ordered by model, lookback, representation and shift."""
        grid = [
            replace(
                self._judged.with_model(self._model(model)),
                lookback=lookback,
                representation=replace(self.base.representation, kind=kind),
                shift=shift,
            )
            for model, lookback, kind, shift in product(
                self.models, self.lookbacks, self.representations, self.shifts
            )
        ]
        if self.sample is None:
            return tuple(grid)
        drawn = np.random.default_rng(self.seed).choice(len(grid), self.sample, replace=False)
        return tuple(grid[number] for number in np.sort(drawn))

    @property
    def _judged(self) -> ExperimentConfig:
        return replace(self.base, split=replace(self.base.split, kind="rolling", folds=self.folds))

    def _model(self, kind: str) -> ModelConfig:
        return self.base.model if kind == self.base.model.kind else SPACE_MODELS[kind]


def space_to_json(space: DesignSpace) -> str:
    """Write a design space as JSON text."""
    return settings_to_json(space)


def space_from_json(text: str | bytes) -> DesignSpace:
    """Read a design space written by `space_to_json`, or raise a ConfigError that says what is wrong."""
    refused = (
        "The settings of this map cannot be read. The map may come from a newer version: open it in that "
    )
    refused += "version, or create a new map. Detail: {where}: {why}."
    return settings_from_json(DesignSpace, text, refused)
