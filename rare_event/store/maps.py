"""Design-space maps: one folder each; the runs of its cells are ordinary runs.

`space.json` and `dataset.json` are there from the start; `state.json` names the process that works on it,
`cells.json` the run of each cell; `windows.parquet` and `windows.json` hold the windows all cells are judged
on. Every file is written by rename; a file named `cancel` requests cancellation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import pandas as pd

from rare_event.config import DesignSpace, space_from_json, space_to_json
from rare_event.errors import RareEventError, RunError
from rare_event.judge.scores import Scores
from rare_event.store.datasets import Dataset
from rare_event.store.digests import recorded
from rare_event.store.folders import Entry, WorkFolder, list_folders, new_folder, open_folder
from rare_event.store.processes import read_alive
from rare_event.store.records import ScoredWith
from rare_event.store.runs import Run, open_run
from rare_event.store.serial import MAP_AGAIN, NEWER, explain

State = Literal["queued", "running", "done", "cancelled", "failed", "interrupted"]
LOST = "The process that was training the cells ended early. Finished cells are kept: resume the map."


@dataclass(frozen=True)
class MapState:
    """State of a map.

    Parameters
    ----------
    state
        ``failed`` if no cell can be judged, ``interrupted`` if the process died.
    message
        Why it failed or was interrupted; empty otherwise.
    pid, pid_created
        The process that works on it, and when it started (process ids are reused).
    workers
        Cells executed at once; older files call it lanes.
    """

    __pydantic_config__ = {
        "alias_generator": lambda name: "lanes" if name == "workers" else name,
        "populate_by_name": True,
    }

    state: State
    message: str = ""
    pid: int | None = None
    pid_created: float | None = None
    workers: int = 1

    @property
    def ended(self) -> bool:
        """Whether no work is queued or running."""
        return self.state not in ("queued", "running")


STATE = Entry("state.json", MapState, "state", NEWER)
CELLS = Entry("cells.json", dict[int, str], "list of cells")
WINDOWS = Entry("windows.json", ScoredWith[list[int]], "list of events")


@dataclass(frozen=True)
class DesignMap(WorkFolder):
    """The folder of a map."""

    KIND, SETTINGS, OPENED = "map", "space.json", "on the Compare page"
    AGAIN = MAP_AGAIN

    def space(self) -> DesignSpace:
        """Read the design space."""
        with explain("settings file", self.named, self.AGAIN):
            text = self.intact(self.SETTINGS).read_bytes()
        return space_from_json(text)

    def state(self) -> MapState:
        """Read the state: interrupted if the process that works on the map is gone."""
        return read_alive(
            lambda: STATE.read(self), lambda state: replace(state, state="interrupted", message=LOST)
        )

    def write_state(self, state: MapState) -> MapState:
        """Replace the state."""
        return STATE.write(self, state)

    def cells(self) -> dict[int, Run]:
        """Read the run of each cell that has one, by the cell's number."""
        runs = CELLS.read_or(self, {})
        # The cell of a deleted run is trained again.
        return {number: run for number, run_id in runs.items() if (run := _run(run_id)) is not None}

    def write_cells(self, cells: Mapping[int, Run]) -> None:
        """Replace the runs of the cells."""
        CELLS.write(self, {number: run.id for number, run in cells.items()})

    def save_windows(self, windows: Scores) -> None:
        """Write the windows on which all cells are judged."""
        with recorded(self.folder):
            self.write_frame("windows.parquet", windows.to_frame())
            # Last: where it is, the others are.
            WINDOWS.write(self, ScoredWith.of(windows, windows.total_events.tolist()))

    def windows(self) -> Scores | None:
        """Read the windows on which all cells are judged; None before they are written."""
        about = WINDOWS.read_or(self, None)
        if about is None:
            return None
        with explain("set of windows", self.named, self.AGAIN):
            return about.scores(pd.read_parquet(self.intact("windows.parquet")), about.total_events)


def _run(run_id: str) -> Run | None:
    try:
        return open_run(run_id)
    except RunError:
        return None


def create_map(dataset: Dataset, space: DesignSpace) -> DesignMap:
    """Create the folder of a queued map."""
    design_map = new_folder(DesignMap, dataset, space_to_json(space))
    design_map.write_state(MapState("queued"))
    return design_map


def open_map(map_id: str) -> DesignMap:
    """Open a map, or raise a RunError if there is none of this id."""
    return open_folder(DesignMap, map_id)


def list_maps(dataset: Dataset | None = None) -> list[DesignMap]:
    """List the readable maps, latest first."""
    return [each for each in list_folders(DesignMap) if _wanted(each, dataset)]


def _wanted(design_map: DesignMap, dataset: Dataset | None) -> bool:
    try:
        design_map.state()
        design_map.space()
        return dataset is None or design_map.dataset().version == dataset.version
    except RareEventError:
        return False
