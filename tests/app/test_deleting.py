"""Datasets and maps are deleted on their pages, after one question that names what goes with them."""

from pathlib import Path

from streamlit.testing.v1 import AppTest

from rare_event.config import DesignSpace
from rare_event.store.datasets import Dataset, list_datasets
from rare_event.store.maps import MapState, create_map, list_maps
from rare_event.store.originals import folder_of
from rare_event.store.records import Purpose
from rare_event.store.runs import Run, create_run, list_runs, mark
from rare_event.ui.state import KEY
from tests.app.conftest import PCA
from tests.app.test_pages import OpenPage, button, unescaped

DATA, COMPARE = "pages/1_Data.py", "pages/6_Compare.py"
ASK, DO, KEEP = "Delete this dataset …", "Delete this dataset", "Keep it"


def labels(app: AppTest) -> list[str]:
    return [each.label for each in app.button]


def test_a_dataset_is_deleted_with_its_runs_after_a_question_with_counts(
    open_page: OpenPage, dataset: Dataset, done_run: Run
) -> None:
    mark(create_run(dataset, PCA, Purpose("baseline", done_run.id)), "cancelled")
    app = open_page(DATA, run=done_run.id)
    assert DO not in labels(app)
    button(app, ASK).click().run()
    assert "“sample-mill.csv” with its uploaded file, and also 2 runs? This cannot be undone" in unescaped(
        app
    )
    button(app, KEEP).click().run()
    assert DO not in labels(app) and list_datasets() == [dataset] and len(list_runs(role=None)) == 2
    button(app, ASK).click().run()
    button(app, DO).click().run()
    assert not app.exception and not app.error
    assert list_datasets() == [] and list_runs(role=None) == [] and not folder_of(dataset.digest).exists()
    state = app.session_state[KEY]
    assert state.digest is None and state.run_id is None and not app.query_params
    assert DO not in labels(app) and ASK not in labels(app)


def test_what_was_added_since_the_question_is_not_deleted(open_page: OpenPage, dataset: Dataset) -> None:
    app = open_page(DATA, dataset=dataset.digest)
    button(app, ASK).click().run()
    assert "also" not in next(each.value for each in app.warning if "cannot be undone" in each.value)
    run = create_run(dataset, PCA)
    mark(run, "cancelled")
    button(app, DO).click().run()
    assert list_datasets() == [dataset] and list_runs() == [run]
    assert any("nothing has been deleted" in toast.value for toast in app.toast)
    assert "and also 1 run?" in unescaped(app)
    button(app, DO).click().run()
    assert list_datasets() == [] and list_runs() == []


def test_a_dataset_in_use_is_not_deleted(open_page: OpenPage, dataset: Dataset) -> None:
    run = create_run(dataset, PCA)
    app = open_page(DATA, dataset=dataset.digest)
    button(app, ASK).click().run()
    button(app, DO).click().run()
    assert any(f"run {run.id} has not ended" in toast.value.replace("\\", "") for toast in app.toast)
    assert list_datasets() == [dataset] and list_runs() == [run] and app.session_state[KEY].digest


def test_a_dataset_that_cannot_be_shown_can_be_deleted(open_page: OpenPage, dataset: Dataset) -> None:
    (folder_of(dataset.digest) / dataset.stored).write_bytes(b"PAR1")
    app = open_page(DATA, dataset=dataset.digest)
    assert "cannot be read" in app.error[0].value and not app.exception
    button(app, ASK).click().run()
    button(app, DO).click().run()
    assert not folder_of(dataset.digest).exists() and not app.error and not app.exception


def test_a_map_is_deleted_with_its_cells(open_page: OpenPage, dataset: Dataset, workspace: Path) -> None:
    design_map = create_map(dataset, DesignSpace())
    cell = create_run(dataset, PCA, Purpose("cell", design_map.id))
    mark(cell, "failed")
    design_map.write_cells({0: cell})
    design_map.write_state(MapState("failed", "No cell can be judged."))
    app = open_page(COMPARE, dataset=dataset.digest)
    app.segmented_control(key="compare_view").set_value("Design space").run()
    button(app, "Delete this map …").click().run()
    assert f"{design_map.created:%H:%M} UTC, and also 1 cell? This cannot be undone" in unescaped(app)
    assert list_maps() == [design_map]
    button(app, "Delete this map").click().run()
    assert not app.exception and not app.error
    assert list_maps() == [] and list_runs(role=None) == [] and list_datasets() == [dataset]
    assert "Delete this map …" not in labels(app)


def test_a_map_at_work_cannot_be_deleted(open_page: OpenPage, dataset: Dataset) -> None:
    design_map = create_map(dataset, DesignSpace())
    design_map.write_state(MapState("cancelled"))
    app = open_page(COMPARE, dataset=dataset.digest)
    # By another server: this one does not start it.
    design_map.write_state(MapState("queued"))
    app.segmented_control(key="compare_view").set_value("Design space").run()
    assert button(app, "Delete this map …").disabled and list_maps() == [design_map]
