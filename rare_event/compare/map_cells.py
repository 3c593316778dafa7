"""Figures of a design-space map: the windows all cells are judged on, and what each is worth there."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from rare_event.config import DesignSpace, ExperimentConfig
from rare_event.config.labels import model_on
from rare_event.errors import RareEventError
from rare_event.experiment.folds import make_scores
from rare_event.judge.align import Figures, common_windows, judge_on_common, on_common
from rare_event.judge.judgement import windows_digest
from rare_event.judge.scores import Scores, join
from rare_event.prepare.prepared import prepare
from rare_event.prepare.table import Table
from rare_event.store.maps import DesignMap
from rare_event.store.records import CellFigures, Status
from rare_event.store.runs import Run


@dataclass(frozen=True)
class Cell:
    """One setting of a map.

    Parameters
    ----------
    number
        From 0, in the order of `DesignSpace.cells`.
    config
        Its recipe.
    run, status
        Its run and that run's status; None before it is created.
    figures
        What it is worth; None until it is done.
    seconds
        What it took; None until it is done.
    """

    number: int
    config: ExperimentConfig
    run: Run | None = None
    status: Status | None = None
    figures: Figures | None = None
    seconds: float | None = None

    @property
    def setting(self) -> dict[str, str | int]:
        """The settings that are tried, by name."""
        return {
            "model": self.config.model.kind,
            "representation": self.config.representation.kind,
            "lookback": self.config.lookback,
            "shift": self.config.shift,
        }

    @property
    def title(self) -> str:
        """The settings in words."""
        return (
            f"{model_on(self.config.model.kind, self.config.representation.kind)}, "
            f"lookback {self.config.lookback}, shift {self.config.shift}"
        )

    @property
    def state(self) -> str:
        """State of its run; ``waiting`` before it was made."""
        return self.status.state if self.status else "waiting"


def windows_of(table: Table, space: DesignSpace) -> Scores:
    """Find the windows that all cells of a space score, before any is trained.

    Raises
    ------
    RareEventError
        If the data can bear none of the cells, or no window is shared.
    """
    parts, failed = [], []
    # The model and its training play no part.
    model, training = space.base.model, space.base.training
    for config in dict.fromkeys(replace(cell, model=model, training=training) for cell in space.cells):
        try:
            parts.append(_unscored(table, config))
        except RareEventError as error:
            failed.append(error)
    if not parts:
        raise failed[0]
    return common_windows(parts)


def _unscored(table: Table, config: ExperimentConfig) -> Scores:
    prepared = prepare(table, config)
    folds = []
    for number, fold in enumerate(prepared.folds):
        ends = np.sort(fold.test[np.isin(fold.test, prepared.ends)])
        folds.append(make_scores(prepared, config, number, fold.test, ends, np.zeros(len(ends))))
    return join(folds)


def judge_cell(windows: Scores, run: Run, seconds: float | None = None) -> tuple[Figures, float]:
    """Judge a finished cell on the windows of a map, and keep the figures in its run folder.

    Raises
    ------
    RareEventError
        If its scores are damaged, or of other data.
    """
    figures = judge_on_common(on_common(windows, run.scores("test")), run.config().policy)
    taken = sum(run.evaluation().seconds.values()) if seconds is None else seconds
    run.save_figures(windows_digest(windows), CellFigures(**vars(figures), seconds=taken))
    return figures, taken


def read_cells(design_map: DesignMap, space: DesignSpace | None = None) -> list[Cell]:
    """Read the status and the figures of each cell of a map."""
    windows, runs = design_map.windows(), design_map.cells()
    digest = windows_digest(windows) if windows is not None else ""
    cells = []
    for number, config in enumerate((space or design_map.space()).cells):
        cell = Cell(number, config, runs.get(number))
        with suppress(RareEventError):
            if cell.run is not None:
                cell = replace(cell, status=cell.run.status())
            if windows is not None and cell.run is not None and cell.state == "done":
                kept = cell.run.figures(digest)
                if kept is None:
                    figures, seconds = judge_cell(windows, cell.run)
                else:
                    figures, seconds = kept, kept.seconds
                cell = replace(cell, figures=figures, seconds=seconds)
        cells.append(cell)
    return cells


@dataclass(frozen=True)
class Pace:
    """What cells took, to tell how long others will."""

    cells: Sequence[Cell]

    @cached_property
    def _measured(self) -> dict[str, dict[int, float]]:
        """Mean seconds by model and lookback."""
        taken: dict[str, dict[int, list[float]]] = {}
        for cell in self.cells:
            if cell.seconds is not None:
                by_lookback = taken.setdefault(cell.config.model.kind, {})
                by_lookback.setdefault(cell.config.lookback, []).append(cell.seconds)
        return {
            model: {lookback: float(np.mean(seconds)) for lookback, seconds in by_lookback.items()}
            for model, by_lookback in taken.items()
        }

    def of(self, config: ExperimentConfig) -> float | None:
        """Seconds that a cell will take, about.

        A lookback that was not measured takes in proportion to the nearest one that was.

        Returns
        -------
        float or None
            None where nothing was measured.
        """
        measured = self._measured.get(config.model.kind)
        if measured is None:
            every = [seconds for by_lookback in self._measured.values() for seconds in by_lookback.values()]
            return float(np.mean(every)) if every else None
        nearest = min(measured, key=lambda lookback: abs(np.log(lookback / config.lookback)))
        return measured[nearest] * config.lookback / nearest

    def left(self, configs: Sequence[ExperimentConfig], workers: int) -> float | None:
        """Seconds that cells will take together.

        Returns
        -------
        float or None
            None where nothing was measured.
        """
        seconds = [self.of(config) for config in configs]
        known = [each for each in seconds if each is not None]
        return sum(known) / max(1, min(workers, len(known) or 1)) if len(known) == len(seconds) else None
