"""The design space on the Compare page: started, watched, stopped, gone on with, read and opened."""

import json
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import pytest
from streamlit.testing.v1 import AppTest

from rare_event.compare.map_overview import Measure, overview
from rare_event.config import RECOMMENDED, DesignSpace, PCAModel
from rare_event.config.labels import MODELS, REPRESENTATIONS
from rare_event.jobs import queue as jobs
from rare_event.jobs import worker
from rare_event.jobs.map_runner import run_map
from rare_event.store.datasets import Dataset, open_dataset
from rare_event.store.maps import DesignMap, MapState, create_map, list_maps, open_map
from rare_event.store.records import Purpose, Status
from rare_event.store.runs import create_run
from rare_event.store.workspace import scratch_home
from rare_event.text import capital
from rare_event.ui import cache
from rare_event.ui.compare import map_figures
from rare_event.ui.state import KEY
from tests.app.conftest import Deferred
from tests.app.test_pages import OpenPage, button, follow, texts

PAGE = "pages/6_Compare.py"
SPACE = DesignSpace((2,), (1, 5), ("level", "difference"), ("pca",), folds=3)


class Here(Executor):
    """Executes each cell at once, in this process."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


@pytest.fixture(autouse=True)
def cells_run_here(executor: Deferred, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "Jobs", lambda: jobs.Jobs(lambda: executor, Here))
    monkeypatch.setattr(worker, "trivial", lambda *_: [])


@pytest.fixture(scope="session")
def stored_map(stored_sample: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A workspace with a finished map of the sample mill, to be copied, and the map's id."""
    (sample, digest), folder = stored_sample, tmp_path_factory.mktemp("map")
    shutil.copytree(sample, folder, dirs_exist_ok=True)
    with scratch_home(folder), pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker, "trivial", lambda *_: [])
        made = create_map(open_dataset(digest), SPACE)
        run_map(made, 1, open_worker=Here)
    return folder, made.id


@pytest.fixture
def done_map(dataset: Dataset, workspace: Path, stored_map: tuple[Path, str]) -> DesignMap:
    folder, map_id = stored_map
    shutil.copytree(folder, workspace, dirs_exist_ok=True)
    return open_map(map_id)


def open_view(open_page: OpenPage, dataset: Dataset) -> AppTest:
    app = open_page(PAGE, dataset=dataset.digest)
    app.segmented_control(key="compare_view").set_value("Design space").run()
    assert not app.exception
    return app


def words(app: AppTest) -> str:
    return texts(app).replace("\\", "")


def let_maps_end() -> None:
    for thread in threading.enumerate():
        if thread.name.startswith("map "):
            thread.join(60)


def heat(app: AppTest) -> dict[str, Any]:
    (chart,) = app.get("plotly_chart")
    figure: dict[str, Any] = json.loads(chart.proto.spec)
    return figure


def test_without_a_map_the_page_tells_what_it_is_for_and_offers_one(
    open_page: OpenPage, dataset: Dataset
) -> None:
    app = open_view(open_page, dataset)
    assert "The map shows which settings matter" in words(app) and "54 cells of 6 folds each" in words(app)
    assert "estimated from" not in words(app) and not app.get("plotly_chart")
    assert not button(app, "Start the map").disabled
    for key, names in (("map_models", MODELS), ("map_representations", REPRESENTATIONS)):
        offered = app.multiselect(key=key).options
        assert set(offered) <= {capital(name) for name in names.values()}
        assert len(offered) > 5 and not set(names) & set(offered)


def test_a_map_is_started_and_read(open_page: OpenPage, dataset: Dataset) -> None:
    app = open_view(open_page, dataset)
    app.multiselect(key="map_shifts").set_value([2])
    app.multiselect(key="map_lookbacks").set_value([1, 5])
    app.multiselect(key="map_representations").set_value(["difference"])
    app.multiselect(key="map_models").set_value(["pca", "squares"])
    app.number_input(key="map_folds").set_value(3).run()
    assert "4 cells of 3 folds each" in words(app)
    button(app, "Start the map").click().run()
    let_maps_end()
    (made,) = list_maps(dataset)
    assert made.space().models == ("pca", "squares") and made.state().state == "done"
    app.run()
    assert not app.exception and "4 of 4 cells done" in words(app)
    figure = heat(app)
    assert len(figure["data"]) == 2 and {trace["type"] for trace in figure["data"]} == {"heatmap"}
    assert "about" in words(app) and "estimated from finished cells" in words(app)
    # The same once more is no other map.
    button(app, "Start the map").click().run()
    assert list_maps(dataset) == [made]


def test_a_space_that_cannot_be_is_refused(open_page: OpenPage, dataset: Dataset) -> None:
    app = open_view(open_page, dataset)
    app.multiselect(key="map_shifts").set_value([]).run()
    assert "Choose at least one." in words(app) and button(app, "Start the map").disabled
    app.multiselect(key="map_shifts").set_value([1]).run()
    app.number_input(key="map_sample").set_value(40).run()
    assert "Choose 1 to 18." in words(app) and list_maps() == []
    app.number_input(key="map_sample").set_value(4).run()
    assert "4 cells of 6 folds each" in words(app) and not button(app, "Start the map").disabled


def test_what_the_map_says(open_page: OpenPage, dataset: Dataset, done_map: DesignMap) -> None:
    app = open_view(open_page, dataset)
    seen = overview(done_map)
    assert seen.sentence(Measure()) in words(app) and "Best of 4 settings" in words(app)
    assert "whatever the shift; a window is positive if it is at most 4 min" in words(app)
    figure = heat(app)
    assert figure["layout"]["coloraxis"]["colorbar"]["ticktext"][-1] == "chance 0.50"
    hover = json.dumps([trace["customdata"] for trace in figure["data"]])
    assert "lookback 5, shift 2 (rows)" in hover and "95% interval" in hover
    app.segmented_control(key="map_measure").set_value("caught").run()
    app.segmented_control(key="map_budget").set_value(5.0).run()
    assert not app.exception
    assert seen.sentence(Measure("caught", 5.0)) in words(app) and "an upper bound" in words(app)
    (table,) = app.dataframe
    caught = [cell.figures.count(5.0, 4.0).caught for cell in seen.judged if cell.figures]
    assert table.value["caught"].tolist() == sorted(caught, reverse=True)
    # Whoever saw the map saw the test data of its cells.
    assert all(cell.run and len(cell.run.looks()) == 1 for cell in seen.cells)


def test_the_map_shows_names_and_its_downloads_hold_keys(
    open_page: OpenPage, dataset: Dataset, done_map: DesignMap, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered: list[pd.DataFrame] = []
    monkeypatch.setattr(map_figures, "offer_downloads", lambda frame, *_: offered.append(frame))
    (table,) = open_view(open_page, dataset).dataframe
    (frame,) = offered
    assert set(table.value["model"]) == {"PCA"} and set(frame["model"]) == {"pca"}
    assert set(table.value["representation"]) == {"levels", "differences"}
    assert set(frame["representation"]) == {"level", "difference"}


def test_a_cell_is_opened_like_any_run(open_page: OpenPage, dataset: Dataset, done_map: DesignMap) -> None:
    app = open_view(open_page, dataset)
    assert button(app, "Open this cell").disabled
    key = f"map_table_{done_map.id}_4_{Measure()}"
    assert key in app.session_state
    app.session_state[key] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    app.run()
    best = overview(done_map).best
    assert best is not None and best.run is not None
    follow(app, "Open this cell")
    assert not app.exception and app.session_state[KEY].run_id == best.run.id


def test_the_runs_of_a_map_are_not_among_the_runs(
    open_page: OpenPage, dataset: Dataset, done_map: DesignMap
) -> None:
    app = open_page(PAGE, dataset=dataset.digest)
    assert "No run on this dataset has finished yet" in words(app)
    home = open_page("app.py")
    assert "Recent runs" not in [heading.value for heading in home.header]
    assert not home.exception


def test_a_map_is_cancelled_and_gone_on_with(open_page: OpenPage, dataset: Dataset) -> None:
    made = create_map(dataset, SPACE)
    # A worker that is gone was at its first cell.
    run = create_run(dataset, SPACE.cells[0], Purpose("cell", made.id))
    run.write_status(Status("running"))
    made.write_cells({0: run})
    made.write_state(MapState("cancelled"))
    app = open_view(open_page, dataset)
    assert "Cancelled: 0 of 4 cells done" in words(app) and not app.get("plotly_chart")
    button(app, "Resume: train the remaining cells").click().run()
    let_maps_end()
    app.run()
    assert "4 of 4 cells done" in words(app) and made.state().state == "done"
    assert "Resume: train the remaining cells" not in [each.label for each in app.button]


def test_a_map_being_worked_on_shows_progress_and_can_be_cancelled(
    open_page: OpenPage, dataset: Dataset, done_map: DesignMap, polling: Callable[[], set[str]]
) -> None:
    me = psutil.Process()
    state = MapState("running", pid=me.pid, pid_created=me.create_time(), workers=2)
    bigger = create_map(dataset, replace(SPACE, shifts=(1, 2)))
    bigger.write_state(state)
    bigger.write_cells(done_map.cells())
    windows = done_map.windows()
    assert windows is not None
    bigger.save_windows(windows)
    app = open_view(open_page, dataset)
    assert "Best of 4 settings" in words(app)
    assert polling() == {"map"}
    button(app, "Cancel the map").click().run()
    assert bigger.cancel_requested and not done_map.cancel_requested
    assert button(app, "Cancelling …").disabled
    bigger.write_state(MapState("cancelled"))
    app.run()
    assert not polling()


def test_cells_that_failed_say_why(open_page: OpenPage, dataset: Dataset) -> None:
    base = replace(RECOMMENDED, model=PCAModel())
    made = create_map(dataset, DesignSpace((2,), (1, 5000), ("level",), ("pca",), folds=2, base=base))
    run_map(made, 1, open_worker=Here)
    app = open_view(open_page, dataset)
    assert "1 of 2 cells done, 1 failed" in words(app)
    assert "PCA on levels, lookback 5000, shift 2: No window of 5,000 rows fits" in words(app)
    broken = create_map(dataset, DesignSpace((2,), (5000,), ("level",), ("pca",), folds=2))
    broken.write_state(MapState("failed", "No window of 5000 rows fits."))
    app = open_view(open_page, dataset)
    assert "Stopped: 0 of 1 cell done. No window of 5000 rows fits." in words(app)
