"""Design-space map: every cell is trained and judged in the background; a stopped map resumes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from contextlib import suppress
from dataclasses import dataclass, field, replace
from time import perf_counter, sleep
from typing import Any

import psutil

from rare_event.compare.map_cells import Cell, Pace, judge_cell, read_cells, windows_of
from rare_event.config import DesignSpace, ExperimentConfig
from rare_event.errors import RareEventError, RunError
from rare_event.jobs.pool import Lane, OpenLane, ending, local_lane, n_lanes, next_cell
from rare_event.jobs.worker import execute, unexpected
from rare_event.store.datasets import Dataset
from rare_event.store.maps import DesignMap, MapState, State, create_map, list_maps, open_map
from rare_event.store.records import Purpose
from rare_event.store.runs import Run, create_run, list_runs, mark, open_run

# Seconds between looks at whether the map was cancelled, or may go on.
TICK = 0.25
# A cell whose worker dies twice probably caused it.
ATTEMPTS = 2


@dataclass(frozen=True)
class Progress:
    """How far a map is.

    Parameters
    ----------
    total, done, failed, running
        Numbers of cells.
    seconds_left
        Until the last cell, at the pace of those done; None before the first.
    """

    total: int
    done: int
    failed: int
    running: int
    seconds_left: float | None


OnProgress = Callable[[Progress], None]


def ignore_progress(progress: Progress) -> None:
    """Report to nobody."""


def always() -> bool:
    """Let every cell begin at once."""
    return True


def find_or_create(dataset: Dataset, space: DesignSpace) -> DesignMap:
    """Return the latest map of this space on a dataset, or make one."""
    same = (found for found in list_maps(dataset) if found.space() == space)
    return next(same, None) or create_map(dataset, space)


def progress_of(design_map: DesignMap) -> Progress:
    """Read how far a map is."""
    return progress_from(read_cells(design_map), design_map.state().lanes)


def progress_from(cells: Sequence[Cell], lanes: int) -> Progress:
    """Count the cells of a map by state, and estimate the time left."""
    states = [cell.state for cell in cells]
    left = [cell.config for cell in cells if cell.state not in ("done", "failed")]
    return Progress(
        len(cells),
        states.count("done"),
        states.count("failed"),
        states.count("running"),
        Pace(cells).left(left, lanes),
    )


def run_map(
    design_map: DesignMap,
    lanes: int | None = None,
    on_progress: OnProgress = ignore_progress,
    may_begin: Callable[[], bool] = always,
    open_lane: OpenLane = local_lane,
) -> MapState:
    """Train and judge all cells of a map that are not done, side by side in worker processes.

    A cell that fails says why in its run, and the map goes on. Cells that were done before, in this
    map or in another of the same data, are not computed again.

    Parameters
    ----------
    design_map
        Any map that no other process works on.
    lanes
        Cells executed side by side; None takes one for each core.
    on_progress
        Told whenever a cell begins or ends.
    may_begin
        Asked before each cell begins; while it says no, cells wait.
    open_lane
        Opens a worker process.

    Returns
    -------
    MapState
        ``done``, or ``cancelled``; ``running`` if this process ends before.

    Raises
    ------
    RareEventError
        If another process works on the map, or its data can bear none of the cells; then the state
        says so as well.
    """
    before, me = design_map.state(), psutil.Process()
    if before.state == "running" and before.pid != me.pid:
        raise RunError(
            f"Map {design_map.id} is being worked on by process {before.pid}. Wait for it, or cancel it "
            "on the Compare page."
        )
    width = n_lanes() if lanes is None else lanes
    state = design_map.write_state(MapState("running", pid=me.pid, pid_created=me.create_time(), lanes=width))
    try:
        if design_map.windows() is None:
            design_map.save_windows(windows_of(design_map.dataset().table(), design_map.space()))
        work = _Work(design_map, _adopted(design_map), [Lane(open_lane) for _ in range(width)])
        outcome = work.run(on_progress, may_begin)
    except RareEventError as error:
        design_map.write_state(replace(state, state="failed", message=str(error)))
        raise
    except BaseException as error:
        stopped = isinstance(error, KeyboardInterrupt)
        message = "" if stopped else f"An unexpected error ({type(error).__name__}: {error})."
        design_map.write_state(replace(state, state="cancelled" if stopped else "failed", message=message))
        raise
    return state if outcome == "running" else design_map.write_state(replace(state, state=outcome))


def execute_cell(map_id: str, run_id: str) -> None:
    """Execute and judge a cell in a worker process; its folder tells the outcome."""
    windows, run, began = open_map(map_id).windows(), open_run(run_id), perf_counter()
    # What the analyst can mend is told by the status already, and the worker lives on.
    with suppress(RareEventError):
        # Folds one after the other: cells are what is executed side by side.
        execute(run, workers=1)
        if windows is not None:
            judge_cell(windows, run, perf_counter() - began)


def _adopted(design_map: DesignMap) -> dict[int, Run]:
    """Return the run of each cell that has one, those that other maps of the same data did included."""
    mine = design_map.cells()
    missing = {config: number for number, config in enumerate(design_map.space().cells) if number not in mine}
    dataset = design_map.dataset()
    for run in list_runs(dataset.digest, "cell") if missing else ():
        with suppress(RareEventError):
            number = missing.get(run.config())
            done = run.status().state == "done" and run.dataset().version == dataset.version
            if number is not None and done:
                mine.setdefault(number, run)
    design_map.write_cells(mine)
    return mine


@dataclass
class _Work:
    """The cells that are left, and the lanes that execute them."""

    design_map: DesignMap
    runs: dict[int, Run]
    lanes: list[Lane]
    executing: dict[Future[Any], tuple[int, Lane]] = field(default_factory=dict)
    attempts: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.dataset = self.design_map.dataset()
        self.pending = dict(enumerate(self.design_map.space().cells))

    def run(self, on_progress: OnProgress, may_begin: Callable[[], bool]) -> State:
        """Execute all cells; returns the state that the map is left in."""
        try:
            # A server that is told to end does not wait for a cell: it is done again.
            while not ending():
                cancelled = self.design_map.cancel_requested
                changed = self._collect()
                if cancelled:
                    self._cancel()
                else:
                    changed |= self._begin(may_begin)
                if changed:
                    on_progress(progress_of(self.design_map))
                if not self.executing and (cancelled or not self.pending):
                    return "cancelled" if cancelled else "done"
                wait(self.executing, TICK, FIRST_COMPLETED) if self.executing else sleep(TICK)
        except (RuntimeError, CancelledError):
            # So executors refuse work while the interpreter ends.
            if not ending():
                raise
        finally:
            for lane in self.lanes:
                lane.close()
        return "running"

    def _collect(self) -> bool:
        """Take note of the cells that ended; returns whether there were any."""
        ended = [future for future in self.executing if future.done()]
        for future in ended:
            number, lane = self.executing.pop(future)
            error = future.exception()
            if error is not None:
                lane.close()
                self._lost(number, error)
        return bool(ended)

    def _lost(self, number: int, error: BaseException) -> None:
        """Let the run of a cell tell that its worker died, and try it once more."""
        run = self.runs[number]
        if self.attempts[number] < ATTEMPTS:
            mark(run, "interrupted", "The worker process died while it trained this cell.")
            self.pending[number] = run.config()
        else:
            mark(run, "failed", unexpected(error))

    def _begin(self, may_begin: Callable[[], bool]) -> bool:
        """Hand cells to idle lanes; returns whether anything changed."""
        busy = [lane for _, lane in self.executing.values()]
        idle = [lane for lane in self.lanes if lane not in busy]
        if not idle:
            return False
        done = [number for number in self.pending if self._state(number) == "done"]
        for number in done:
            del self.pending[number]
        ready = {number: config for number, config in self.pending.items() if not self._elsewhere(number)}
        began = 0
        for lane in idle:
            if not ready or not may_begin():
                break
            others = [other.group for other in self.lanes if other is not lane]
            number = next_cell(ready, lane.group, others)
            self._hand_over(number, ready.pop(number), lane)
            began += 1
        return bool(began or done)

    def _hand_over(self, number: int, config: ExperimentConfig, lane: Lane) -> None:
        del self.pending[number]
        self.attempts[number] = self.attempts.get(number, 0) + 1
        if number in self.runs:
            self.runs[number].queue_again()
        else:
            self.runs[number] = create_run(self.dataset, config, Purpose("cell", self.design_map.id))
            self.design_map.write_cells(self.runs)
        future = lane.submit(config, execute_cell, self.design_map.id, self.runs[number].id)
        self.executing[future] = number, lane

    def _state(self, number: int) -> str:
        return self.runs[number].status().state if number in self.runs else "waiting"

    def _elsewhere(self, number: int) -> bool:
        """Whether a worker of a server that is gone still executes a cell: then it is let finish."""
        if number not in self.runs:
            return False
        status = self.runs[number].status()
        return status.state == "running" and status.pid is not None

    def _cancel(self) -> None:
        """Ask the cells that are being executed to stop after the present epoch."""
        for number, _ in self.executing.values():
            self.runs[number].request_cancel()
