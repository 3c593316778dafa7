"""Design-space maps: one folder for each, beside the runs of its cells.

`space.json` and `dataset.json` stand from the start; `state.json` tells who works on it, `cells.json`
which run each cell has, `windows.parquet` and `windows.json` what all cells are judged on. Every file is
written by rename; to cancel is a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import pandas as pd

from rare_event.config import DesignSpace, space_from_json, space_to_json
from rare_event.errors import RareEventError, RunError
from rare_event.judge.scores import Scores
from rare_event.store.datasets import Dataset
from rare_event.store.folders import FOLDER_ID, WorkFolder, new_folder
from rare_event.store.processes import read_alive
from rare_event.store.runs import Run, open_run
from rare_event.store.workspace import home, read_json, write, write_json, write_text

State = Literal["queued", "running", "done", "cancelled", "failed", "interrupted"]
LOST = "The process that trained its cells ended early. Finished cells are kept: start the map again."


@dataclass(frozen=True)
class MapState:
    """Where a map stands.

    Parameters
    ----------
    state
        ``failed`` is a map of which no cell can be judged, ``interrupted`` one whose process went away.
    message
        Why it failed or was interrupted; empty otherwise.
    pid, pid_created
        The process that works on it, and when that process began (a number can be used again).
    lanes
        Cells that are executed side by side.
    """

    state: State
    message: str = ""
    pid: int | None = None
    pid_created: float | None = None
    lanes: int = 1

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen unless someone asks for it."""
        return self.state not in ("queued", "running")


@dataclass(frozen=True)
class DesignMap(WorkFolder):
    """The folder of a map."""

    def space(self) -> DesignSpace:
        """Read the design space."""
        try:
            return space_from_json((self.folder / "space.json").read_bytes())
        except OSError as error:
            raise RunError(f"The settings of map {self.id} are missing. Make the map again.") from error

    def state(self) -> MapState:
        """Read where the map stands: interrupted if the process that works on it is gone."""
        return read_alive(
            self._written_state, lambda state: replace(state, state="interrupted", message=LOST)
        )

    def _written_state(self) -> MapState:
        try:
            return MapState(**read_json(self.folder / "state.json"))
        except TypeError as error:
            raise RunError(
                f"The state of map {self.id} is damaged. It may come from a newer version."
            ) from error

    def write_state(self, state: MapState) -> MapState:
        """Replace the state."""
        write_json(self.folder / "state.json", asdict(state))
        return state

    def cells(self) -> dict[int, Run]:
        """Read the run of each cell that has one, by the cell's number."""
        path = self.folder / "cells.json"
        # A run that was deleted is no run: its cell is done again.
        runs = {int(number): run_id for number, run_id in read_json(path).items()} if path.exists() else {}
        return {number: run for number, run_id in runs.items() if (run := _run(run_id)) is not None}

    def write_cells(self, cells: Mapping[int, Run]) -> None:
        """Replace the runs of the cells.

        Parameters
        ----------
        cells
            Run of each cell that has one, by the cell's number.
        """
        write_json(self.folder / "cells.json", {str(number): run.id for number, run in cells.items()})

    def save_windows(self, windows: Scores) -> None:
        """Write the windows on which all cells are judged.

        Parameters
        ----------
        windows
            As of `rare_event.judge.align.common_windows`.
        """
        about = {**windows.scales(), "total_events": windows.total_events.tolist()}
        write_json(self.folder / "windows.json", about)
        frame = windows.to_frame()
        write(self.folder / "windows.parquet", lambda path: frame.to_parquet(path, index=False))

    def windows(self) -> Scores | None:
        """Read the windows on which all cells are judged; None before they were written."""
        if not (self.folder / "windows.parquet").exists():
            return None
        about: dict[str, Any] = read_json(self.folder / "windows.json")
        try:
            frame = pd.read_parquet(self.folder / "windows.parquet")
            return Scores.of_record(frame, about["total_events"], about)
        except (OSError, ValueError, KeyError) as error:
            raise RunError(f"The windows of map {self.id} are damaged. Make the map again.") from error


def _run(run_id: str) -> Run | None:
    try:
        return open_run(run_id)
    except RunError:
        return None


def create_map(dataset: Dataset, space: DesignSpace) -> DesignMap:
    """Make the folder of a new map, queued.

    Raises
    ------
    RunError
        If the workspace cannot be written.
    """
    made = DesignMap(new_folder("maps"))
    write_text(made.folder / "space.json", space_to_json(space))
    write_json(made.folder / "dataset.json", dataset.to_dict())
    made.write_state(MapState("queued"))
    return made


def open_map(map_id: str) -> DesignMap:
    """Open a map.

    Raises
    ------
    RunError
        If there is none of that id.
    """
    found = DesignMap(home() / "maps" / map_id)
    if not FOLDER_ID.fullmatch(map_id) or not found.folder.is_dir():
        raise RunError(f"There is no map {map_id[:40]!r} in this workspace. Open one on the Compare page.")
    return found


def list_maps(dataset: Dataset | None = None) -> list[DesignMap]:
    """List the maps whose records can be read, the latest first.

    Parameters
    ----------
    dataset
        Only maps of this dataset, under the same roles of its columns.
    """
    folders = sorted((home() / "maps").glob("*"), reverse=True)
    return [
        found
        for folder in folders
        if FOLDER_ID.fullmatch(folder.name) and _wanted(found := DesignMap(folder), dataset)
    ]


def _wanted(found: DesignMap, dataset: Dataset | None) -> bool:
    try:
        found.state()
        found.space()
        return dataset is None or found.dataset().version == dataset.version
    except RareEventError:
        return False
