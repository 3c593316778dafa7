"""Design-space map: train and judge every cell in the background; a stopped map can resume."""

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
from rare_event.jobs.places import execute_at, place_of
from rare_event.jobs.pool import OpenWorker, Slot, any_worker, ending, n_workers, next_cell
from rare_event.jobs.worker import execute, unexpected
from rare_event.logs import logged_job, set_up_in_worker
from rare_event.store.datasets import Dataset
from rare_event.store.lease import leased
from rare_event.store.maps import DesignMap, MapState, State, create_map, list_maps, open_map
from rare_event.store.records import Purpose
from rare_event.store.runs import Run, create_run, list_runs, mark, open_run

# Seconds between checks for cancellation and for idle workers.
TICK = 0.25
# A cell whose worker dies twice probably killed it.
ATTEMPTS = 2
UNEXPECTED = "The map stopped because of an unexpected error. Resume it. If it fails again, report this:"


@dataclass(frozen=True)
class Progress:
    """Progress of a map."""

    total: int
    done: int
    failed: int
    running: int
    seconds_left: float | None


OnProgress = Callable[[Progress], None]


def ignore_progress(progress: Progress) -> None:
    """Do nothing."""


def always() -> bool:
    """Let every cell begin at once."""
    return True


def find_or_create(dataset: Dataset, space: DesignSpace) -> DesignMap:
    """Return the latest map of this space on a dataset, or create one."""
    same = (found for found in list_maps(dataset) if found.space() == space)
    return next(same, None) or create_map(dataset, space)


def progress_of(design_map: DesignMap) -> Progress:
    """Read the progress of a map."""
    return progress_from(read_cells(design_map), design_map.state().workers)


def progress_from(cells: Sequence[Cell], workers: int) -> Progress:
    """Count the cells of a map by state, and estimate the time left."""
    states = [cell.state for cell in cells]
    left = [cell.config for cell in cells if cell.state not in ("done", "failed")]
    return Progress(
        len(cells),
        states.count("done"),
        states.count("failed"),
        states.count("running"),
        Pace(cells).left(left, workers),
    )


def run_map(
    design_map: DesignMap,
    workers: int | None = None,
    on_progress: OnProgress = ignore_progress,
    may_begin: Callable[[], bool] = always,
    open_worker: OpenWorker = any_worker,
) -> MapState:
    """Train and judge the remaining cells of a map in worker processes.

    A cell that fails says why in its run, and the map continues. Cells finished earlier, in this map or in
    another of the same data, are not computed again.

    Returns
    -------
    MapState
        ``done`` or ``cancelled``; ``running`` if this process exits first.

    Raises
    ------
    RareEventError
        If another process works on the map, or the data suit none of its cells; the state records the
        latter too.
    """
    before, me = design_map.state(), psutil.Process()
    if before.state == "running" and before.pid != me.pid:
        raise RunError(
            f"Map {design_map.id} is already being computed (process {before.pid}). Wait for it, or cancel "
            "it on the Compare page."
        )
    try:
        workers = n_workers() if workers is None else workers
    except RareEventError as error:
        design_map.write_state(replace(before, state="failed", message=str(error)))
        raise
    state = MapState("running", pid=me.pid, pid_created=me.create_time(), workers=workers)
    # Two servers that start at once may both take up what waits.
    with leased(design_map.folder, design_map.named):
        return _run_leased(design_map, state, on_progress, may_begin, open_worker)


def _run_leased(
    design_map: DesignMap,
    state: MapState,
    on_progress: OnProgress,
    may_begin: Callable[[], bool],
    open_worker: OpenWorker,
) -> MapState:
    design_map.write_state(state)
    try:
        with logged_job(map=design_map.id) as job:
            if design_map.windows() is None:
                design_map.save_windows(windows_of(design_map.dataset().table(), design_map.space()))
            slots = [Slot(open_worker) for _ in range(state.workers)]
            work = _Work(design_map, _existing_runs(design_map), slots)
            job.state = outcome = work.run(on_progress, may_begin)
    except RareEventError as error:
        design_map.write_state(replace(state, state="failed", message=str(error)))
        raise
    except BaseException as error:
        stopped = isinstance(error, KeyboardInterrupt)
        message = "" if stopped else f"{UNEXPECTED} {type(error).__name__}: {error}"
        design_map.write_state(replace(state, state="cancelled" if stopped else "failed", message=message))
        raise
    return state if outcome == "running" else design_map.write_state(replace(state, state=outcome))


def execute_cell(map_id: str, run_id: str) -> None:
    """Execute and judge a cell in a worker process; the outcome is in the run folder."""
    set_up_in_worker()
    windows, run, began = open_map(map_id).windows(), open_run(run_id), perf_counter()
    # The status already explains an error the analyst can correct; the worker keeps running.
    with suppress(RareEventError):
        # One fold at a time: the cells run in parallel.
        execute(run, workers=1)
        if windows is not None:
            judge_cell(windows, run, perf_counter() - began)


def _existing_runs(design_map: DesignMap) -> dict[int, Run]:
    """Return the run of each cell that has one, including finished runs of other maps of the same data."""
    runs = design_map.cells()
    missing = {config: number for number, config in enumerate(design_map.space().cells) if number not in runs}
    dataset = design_map.dataset()
    for run in list_runs(dataset.digest, "cell") if missing else ():
        with suppress(RareEventError):
            number = missing.get(run.config())
            done = run.status().state == "done" and run.dataset().version == dataset.version
            if number is not None and done:
                runs.setdefault(number, run)
    design_map.write_cells(runs)
    return runs


@dataclass
class _Work:
    """The remaining cells, and the worker slots that execute them."""

    design_map: DesignMap
    runs: dict[int, Run]
    slots: list[Slot]
    executing: dict[Future[Any], tuple[int, Slot]] = field(default_factory=dict)
    attempts: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.dataset = self.design_map.dataset()
        self.pending = dict(enumerate(self.design_map.space().cells))

    def run(self, on_progress: OnProgress, may_begin: Callable[[], bool]) -> State:
        """Execute all cells and return the final state of the map."""
        try:
            # A server that is shutting down does not wait for a cell; it will be executed again.
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
            # Executors raise these for new work while the interpreter shuts down.
            if not ending():
                raise
        finally:
            for slot in self.slots:
                slot.close()
        return "running"

    def _collect(self) -> bool:
        """Handle the cells that ended; return whether there were any."""
        ended = [future for future in self.executing if future.done()]
        for future in ended:
            number, slot = self.executing.pop(future)
            error = future.exception()
            if error is not None:
                slot.close()
                self._retry_or_fail(number, error)
        return bool(ended)

    def _retry_or_fail(self, number: int, error: BaseException) -> None:
        """Record that the worker of a cell died, and queue the cell once more."""
        run = self.runs[number]
        if self.attempts[number] < ATTEMPTS:
            mark(run, "interrupted", "The training process ended unexpectedly in this cell.")
            self.pending[number] = run.config()
        else:
            why = str(error) if isinstance(error, RareEventError) else unexpected(error)
            mark(run, "failed", why)

    def _begin(self, may_begin: Callable[[], bool]) -> bool:
        """Submit cells to idle slots; return whether anything changed."""
        busy = [slot for _, slot in self.executing.values()]
        idle = [slot for slot in self.slots if slot not in busy]
        if not idle:
            return False
        done = [number for number in self.pending if self._state(number) == "done"]
        for number in done:
            del self.pending[number]
        ready = {number: config for number, config in self.pending.items() if not self._at_work(number)}
        began = 0
        for slot in idle:
            if not ready or not may_begin():
                break
            others = [other.group for other in self.slots if other is not slot]
            number = next_cell(ready, slot.group, others)
            self._submit(number, ready.pop(number), slot)
            began += 1
        return bool(began or done)

    def _submit(self, number: int, config: ExperimentConfig, slot: Slot) -> None:
        del self.pending[number]
        self.attempts[number] = self.attempts.get(number, 0) + 1
        if number in self.runs:
            self.runs[number].queue_again()
        else:
            self.runs[number] = create_run(self.dataset, config, Purpose("cell", self.design_map.id))
            self.design_map.write_cells(self.runs)
        place = place_of(self.design_map.workspace)
        cell = self.design_map.id, self.runs[number].id
        future = slot.submit(config, execute_at, place, execute_cell, *cell)
        self.executing[future] = number, slot

    def _state(self, number: int) -> str:
        return self.runs[number].status().state if number in self.runs else "waiting"

    def _at_work(self, number: int) -> bool:
        """Whether a worker of an earlier server is still executing a cell; it may finish."""
        if number not in self.runs:
            return False
        status = self.runs[number].status()
        return status.state == "running" and status.pid is not None

    def _cancel(self) -> None:
        """Stop the executing cells after their current epoch."""
        for number, _ in self.executing.values():
            self.runs[number].request_cancel()
