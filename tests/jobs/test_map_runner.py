"""A map: all its cells, side by side; cancelled, killed and gone on with, no finished cell done twice."""

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from typing import Any

import numpy as np
import psutil
import pytest

from rare_event.cli.figures import figures_of_map
from rare_event.compare.map_cells import Cell, Pace, read_cells, windows_of
from rare_event.compare.map_overview import Measure, describe, look_at, overview
from rare_event.config import RECOMMENDED, DenseModel, DesignSpace, PCAModel, Training
from rare_event.errors import DataError, RunError
from rare_event.jobs import worker
from rare_event.jobs.map_runner import Progress, execute_cell, find_or_create, progress_of, run_map
from rare_event.jobs.pool import Group, group_of, local_worker, next_cell
from rare_event.jobs.queue import Jobs
from rare_event.judge.align import judge_on_common
from rare_event.store.datasets import add_dataset
from rare_event.store.maps import MapState, create_map, list_maps, open_map
from rare_event.store.records import Purpose, Status
from rare_event.store.runs import Run, create_run, list_runs, mark

SMALL = replace(RECOMMENDED, model=PCAModel(components=2))
# 2 shifts, 2 lookbacks, 2 representations, 1 model.
SPACE = DesignSpace((1, 2), (1, 5), ("level", "difference"), ("pca",), folds=3, base=SMALL)
TOO_LONG = replace(SPACE, lookbacks=(1, 500))


class Here(Executor):
    """Executes each cell at once, in this process; calls back before each."""

    def __init__(self, before: Callable[[], None] = lambda: None) -> None:
        self.before = before

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            self.before()
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)
        return future


@pytest.fixture
def dataset(workspace, small_csv):
    return add_dataset(small_csv, "small.csv")


@pytest.fixture(autouse=True)
def quick_runs(monkeypatch):
    """Runs are judged as any other; what needs no model is left out, since nothing here reads it."""
    monkeypatch.setattr(worker, "trivial", lambda *_: [])


@pytest.fixture
def executed(monkeypatch):
    """Ids of the runs that were executed, in order."""
    ids: list[str] = []
    original = worker.execute

    def noted(run, *args, **kwargs):
        ids.append(run.id)
        return original(run, *args, **kwargs)

    monkeypatch.setattr("rare_event.jobs.map_runner.execute", noted)
    return ids


def runs_of(cells: list[Cell]) -> list[Run]:
    """Runs of cells that all have one."""
    runs = [cell.run for cell in cells if cell.run is not None]
    assert len(runs) == len(cells)
    return runs


def statuses_of(cells: list[Cell]) -> list[Status]:
    """Where the runs of cells stand that all have one."""
    statuses = [cell.status for cell in cells if cell.status is not None]
    assert len(statuses) == len(cells)
    return statuses


def test_every_cell_is_a_saved_run_judged_on_common_ground(dataset, executed) -> None:
    made = create_map(dataset, SPACE)
    told: list[Progress] = []
    assert run_map(made, 1, told.append, open_worker=Here).state == "done"
    cells = read_cells(made)
    assert [cell.config for cell in cells] == list(SPACE.cells)
    runs = runs_of(cells)
    assert sorted(run.id for run in runs) == sorted(executed) and len(executed) == 8
    windows = made.windows()
    assert windows is not None
    for cell, run in zip(cells, runs, strict=True):
        assert run.purpose() == Purpose("cell", made.id) and run.config() == cell.config
        assert set(windows.row) <= set(run.scores("test").row)
        mine = run.scores("test").where(np.isin(run.scores("test").row, windows.row))
        direct = judge_on_common(windows.with_score(mine.y_score), SMALL.policy)
        assert cell.figures is not None and cell.seconds is not None
        assert cell.figures.fold_auc == direct.fold_auc and cell.figures.counts == direct.counts
        assert cell.seconds > 0
    # Lookbacks leave rows out; shifts label rows alike.
    assert len(windows) < len(runs[0].scores("test"))
    assert (told[-1].done, told[-1].total, told[-1].failed, told[-1].running) == (8, 8, 0, 0)
    # The list of runs and the leaderboard are not flooded.
    assert list_runs() == [] and len(list_runs(role="cell")) == 8


def test_windows_are_known_before_and_do_not_depend_on_what_was_done(dataset) -> None:
    table = dataset.table()
    windows = windows_of(table, SPACE)
    made = create_map(dataset, SPACE)
    run_map(made, 1, open_worker=Here)
    saved = made.windows()
    assert saved is not None
    assert (saved.row == windows.row).all() and (saved.y_true == windows.y_true).all()
    assert saved.total_events.tolist() == windows.total_events.tolist()
    assert not (windows.to_event[windows.y_true == 0] <= 4).any()
    assert (windows_of(table, replace(SPACE, shifts=(2, 1))).y_true == windows.y_true).all()


@pytest.mark.parametrize("seed", range(6))
def test_windows_do_not_depend_on_how_a_model_is_trained(dataset, seed) -> None:
    """In a sampled map, models of a setting are drawn unevenly; none may weigh more for its training."""
    one = replace(SMALL, model=DenseModel(), training=Training())
    several = replace(one, training=Training(networks=3))
    first, second = (
        windows_of(
            dataset.table(),
            DesignSpace(
                (1, 2, 4), (1,), ("level",), ("dense", "pca"), folds=3, base=base, sample=4, seed=seed
            ),
        )
        for base in (one, several)
    )
    assert first.row.tolist() == second.row.tolist() and first.y_true.tolist() == second.y_true.tolist()


def test_a_cancelled_map_keeps_what_is_done_and_goes_on(dataset, executed) -> None:
    made = create_map(dataset, SPACE)

    def cancel_in_the_third() -> None:
        if len(executed) == 2:
            made.request_cancel()

    state = run_map(made, 1, open_worker=lambda: Here(cancel_in_the_third))
    assert state.state == made.state().state == "cancelled"
    done = [cell for cell in read_cells(made) if cell.state == "done"]
    # The cell that began before the cancellation was seen is finished.
    assert len(done) == len(executed) == 3 and all(cell.figures for cell in done)
    before = {run.id: (run.folder / "scores.parquet").stat().st_mtime_ns for run in runs_of(done)}
    assert run_map(made, 1, open_worker=Here).state == "cancelled" and len(executed) == 3
    made.withdraw_cancel()
    assert run_map(made, 1, open_worker=Here).state == "done"
    assert len(executed) == len(set(executed)) == 8
    for run_id, when in before.items():
        run = next(run for run in runs_of(read_cells(made)) if run.id == run_id)
        assert (run.folder / "scores.parquet").stat().st_mtime_ns == when
    assert run_map(made, 1, open_worker=Here).state == "done" and len(executed) == 8


def dead_cell(made, number: int):
    """A cell that a process that is gone was executing."""
    run = create_run(made.dataset(), SPACE.cells[number], Purpose("cell", made.id))
    run.write_status(Status("running", epoch=1, pid=2**22 - 1, pid_created=1.0))
    return run


def test_a_restart_in_the_middle_computes_no_finished_cell_again(dataset, executed) -> None:
    made = create_map(dataset, replace(SPACE, shifts=(1,)))
    run_map(made, 1, open_worker=Here)
    finished = dict(made.cells())
    assert len(executed) == 4
    bigger = create_map(dataset, SPACE)
    half = dead_cell(bigger, 1)
    bigger.write_cells({1: half})
    bigger.write_state(MapState("running", pid=2**22 - 1, pid_created=1.0))
    assert progress_of(bigger).running == 0 and half.status().state == "interrupted"
    assert bigger.state().state == "interrupted"
    jobs = Jobs(open_worker=Here)
    # What a restarted server does.
    threads_before = set(threading.enumerate())
    assert jobs.recover() == []
    for thread in set(threading.enumerate()) - threads_before:
        thread.join(60)
    assert bigger.state().state == "done" and bigger.state().pid == psutil.Process().pid
    # Cells of an earlier map of the same data, and done there, are taken over.
    assert len(executed) == 8 and not {run.id for run in finished.values()} & set(executed[4:])
    assert half.id in executed[4:] and half.status().state == "done"
    assert {run.id for run in runs_of(read_cells(bigger))} >= {run.id for run in finished.values()}


def test_a_restart_leaves_alone_what_was_cancelled_or_is_worked_on(dataset, executed) -> None:
    parent = psutil.Process().parent()
    assert parent is not None
    cancelled, alive, done = (create_map(dataset, SPACE) for _ in range(3))
    cancelled.write_state(MapState("running", pid=2**22 - 1, pid_created=1.0))
    cancelled.request_cancel()
    alive.write_state(MapState("running", pid=parent.pid, pid_created=parent.create_time()))
    done.write_state(MapState("done"))
    Jobs(open_worker=Here).recover()
    assert cancelled.state().state == "cancelled" and done.state().state == "done"
    assert alive.state().state == "running" and executed == []
    with pytest.raises(RunError, match=f"^Map .* is already being computed .process {parent.pid}.\\. Wait"):
        run_map(alive, 1, open_worker=Here)


def test_a_cell_that_names_no_process_is_not_waited_for(dataset, executed) -> None:
    made = create_map(dataset, replace(SPACE, shifts=(1,)))
    nobodys = create_run(dataset, SPACE.cells[0], Purpose("cell", made.id))
    nobodys.write_status(Status("running"))
    made.write_cells({0: nobodys})
    assert run_map(made, 1, open_worker=Here).state == "done"
    assert nobodys.id in executed and len(executed) == len(set(executed)) == 4


def test_cells_that_were_left_waiting_are_not_queued_as_runs(dataset) -> None:
    made = create_map(dataset, SPACE)
    waiting = create_run(dataset, SPACE.cells[0], Purpose("cell", made.id))
    made.write_state(MapState("done"))
    jobs = Jobs(Here)
    assert jobs.recover() == [] and waiting.status().state == "queued"


def test_a_cell_that_fails_says_why_and_the_map_goes_on(dataset) -> None:
    made = create_map(dataset, TOO_LONG)
    assert run_map(made, 1, open_worker=Here).state == "done"
    cells = read_cells(made)
    failed = [cell for cell in cells if cell.state == "failed"]
    assert {cell.config.lookback for cell in failed} == {500} and len(failed) == 4
    assert all("No window of 500 rows fits" in status.message for status in statuses_of(failed))
    assert all(cell.figures is None for cell in failed)
    assert sum(cell.figures is not None for cell in cells) == 4
    seen = overview(made)
    assert seen.n_compared == 4 and "failed" in describe(seen)


def test_a_map_that_the_data_cannot_bear_says_why(dataset) -> None:
    made = create_map(dataset, replace(SPACE, lookbacks=(500,)))
    with pytest.raises(DataError, match="No window of 500 rows fits"):
        run_map(made, 1, open_worker=Here)
    assert made.state().state == "failed" and "No window of 500 rows" in made.state().message
    assert made.cells() == {}


def test_a_worker_that_dies_once_costs_nothing_and_twice_its_cell(dataset, executed) -> None:
    deaths = {0: 1, 2: 2}

    def die() -> None:
        number = len(set(executed))
        if deaths.get(number, 0):
            deaths[number] -= 1
            raise BrokenProcessPool("gone")

    made = create_map(dataset, SPACE)
    assert run_map(made, 1, open_worker=lambda: Here(die)).state == "done"
    states = [cell.state for cell in read_cells(made)]
    assert states.count("failed") == 1 and states.count("done") == 7
    failed = next(status for status in statuses_of(read_cells(made)) if status.state == "failed")
    assert (
        "unexpected error. Train the run again. If it fails again, report this: BrokenProcessPool"
        in failed.message
    )


def test_cells_wait_while_a_run_is_executed(dataset, executed) -> None:
    made, answers = create_map(dataset, SPACE), [True, False, False, True]
    asked = []

    def may_begin() -> bool:
        asked.append(len(executed))
        return answers.pop(0) if answers else True

    assert run_map(made, 1, may_begin=may_begin, open_worker=Here).state == "done"
    assert asked[:4] == [0, 1, 1, 1] and len(executed) == 8


def test_two_slots_keep_to_groups_of_their_own() -> None:
    cells = dict(enumerate(DesignSpace().cells))
    at: dict[str, Group | None] = {"a": None, "b": None}
    order: dict[str, list[Group]] = {"a": [], "b": []}
    while cells:
        for slot, other in (("a", "b"), ("b", "a")):
            if cells:
                number = next_cell(cells, at[slot], [at[other]])
                group = at[slot] = group_of(cells.pop(number))
                order[slot].append(group)
    assert sum(map(len, order.values())) == 54
    # The longest group comes first, and a slot changes groups as seldom as it can.
    assert order["a"][0] == ("lstm", 15) and order["b"][0] == ("lstm", 5)
    changes = [sum(x != y for x, y in zip(each, each[1:], strict=False)) for each in order.values()]
    assert max(changes) <= 3 and sum(changes) < 6
    # The other slot helps out where nothing else is left.
    last = {5: SPACE.cells[0]}
    assert next_cell(last, ("lstm", 15), [group_of(SPACE.cells[0])]) == 5


def test_pace_tells_by_model_and_lookback() -> None:
    config = SPACE.cells[0]
    lstm = DesignSpace().cells[-1]
    done = [
        Cell(0, replace(config, lookback=lookback), seconds=s)
        for lookback, s in ((1, 2.0), (1, 4.0), (10, 9.0))
    ]
    pace = Pace(done)
    assert pace.of(config) == 3.0 and pace.of(replace(config, lookback=20)) == 18.0
    assert pace.of(lstm) == pytest.approx(6.0)  # nothing better is known
    assert pace.left([config, config], 2) == 3.0 and pace.left([config], 2) == 3.0
    assert pace.left([], 2) == 0 and Pace([]).left([config], 2) is None


def test_an_overview_in_words_and_as_plain_data(dataset) -> None:
    made = create_map(dataset, SPACE)
    assert figures_of_map(overview(made))["best"] is None
    run_map(made, 1, open_worker=Here)
    seen = overview(made)
    told = figures_of_map(seen)
    aucs = [cell["mean_fold_auc"] for cell in told["cells"]]
    assert told["best"]["mean_fold_auc"] == max(aucs) and told["n_compared"] == 8
    assert told["best"]["cell"] in told["level_with_best"]
    nested = told["nested"]["auc"]
    assert nested["optimism"] == pytest.approx(nested["best"] - nested["picked_on_the_past"])
    assert nested["sentence"].startswith(
        f"Best of 8 settings: AUC {max(aucs):.2f} over all 3 folds, {nested['best']:.2f} over the last 2. "
    )
    assert (
        f"would have scored {nested['picked_on_the_past']:.2f} there; expect about that" in nested["sentence"]
    )
    caught = seen.sentence(Measure("caught", 2.0, 20.0))
    assert " events over all 3 folds, " in caught and "on earlier folds only would have caught" in caught
    frame = seen.frame()
    assert frame["AUC"].tolist() == aucs and frame["run"].is_unique
    assert (frame["caught from at 2 a day, 4 min"] <= frame["caught at 2 a day, 4 min"]).all()
    # Looking is counted once.
    look_at(seen)
    look_at(seen)
    assert all(len(run.looks()) == 1 for run in runs_of(seen.judged))
    words = describe(seen)
    assert "2 a day" in words and "* the best" in words and "nan" not in words


def test_maps_are_found_again(dataset, small_csv) -> None:
    made = find_or_create(dataset, SPACE)
    assert find_or_create(dataset, SPACE) == made == open_map(made.id)
    other = find_or_create(dataset, replace(SPACE, seed=1))
    assert other != made and list_maps(dataset) == list_maps() == [other, made]
    for name in ("../../etc", "nothing", "20200101-000000-000000"):
        with pytest.raises(RunError, match="There is no map"):
            open_map(name)
    (other.folder / "space.json").write_text("{")
    assert list_maps() == [made]


def test_a_run_of_a_cell_can_be_lost(dataset, executed) -> None:
    made = create_map(dataset, SPACE)
    run_map(made, 1, open_worker=Here)
    lost, damaged = made.cells()[3], made.cells()[4]
    for path in lost.folder.iterdir():
        path.unlink()
    lost.folder.rmdir()
    (damaged.folder / "status.json").write_text("{")
    states = [cell.state for cell in read_cells(made)]
    assert states.count("done") == 6 and 3 not in made.cells()
    damaged.queue_again()
    mark(damaged, "interrupted")
    assert run_map(made, 1, open_worker=Here).state == "done" and len(executed) == 10
    assert all(cell.figures for cell in read_cells(made))


def test_cells_in_worker_processes(dataset) -> None:
    space = replace(SPACE, shifts=(1,), representations=("difference",))
    made = create_map(dataset, space)
    assert run_map(made, 2, open_worker=local_worker).state == "done"
    pids = {status.pid for status in statuses_of(read_cells(made))}
    assert len(pids) == 2 and psutil.Process().pid not in pids
    assert not any(pid is None or psutil.pid_exists(pid) for pid in pids)
    assert all(cell.figures for cell in read_cells(made))


def test_a_cell_outlives_what_the_analyst_can_mend(dataset) -> None:
    made = create_map(dataset, SPACE)
    made.save_windows(windows_of(dataset.table(), SPACE))
    run = create_run(dataset, replace(SPACE.cells[0], lookback=500), Purpose("cell", made.id))
    execute_cell(made.id, run.id)
    assert run.status().state == "failed" and not list(run.folder.glob("map-*.json"))
