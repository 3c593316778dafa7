"""The bar above every page: it switches the dataset and the run, and shows the jobs; the page stays."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from rare_event.config import SplitPlan
from rare_event.store.datasets import Dataset, add_dataset
from rare_event.store.records import About, Purpose, Status
from rare_event.store.runs import Run, create_run, list_runs
from rare_event.ui import cache
from rare_event.ui.bar import written
from rare_event.ui.state import KEY
from tests.app.conftest import PCA, Deferred, finished
from tests.app.test_pages import PAGES, OpenPage, unescaped
from tests.small import small_frame


def tray(app: AppTest) -> str:
    """The label of the jobs tray."""
    return next(str(b.proto.popover.label) for b in blocks(app.main) if b.type == "popover")


def blocks(block: Any) -> list[Any]:
    below = [child for child in block.children.values() if hasattr(child, "children")]
    return [block, *(found for child in below for found in blocks(child))]


def badges(app: AppTest) -> list[str]:
    return [m.value for m in app.main.markdown if "-badge[" in m.value]


@pytest.mark.parametrize("page", PAGES)
def test_the_bar_stands_on_every_page(open_page: OpenPage, done_run: Run, page: str) -> None:
    done_run.describe(About("night shift"))
    app = open_page(page, run=done_run.id)
    assert app.selectbox(key="bar_dataset").options == ["sample-mill.csv"]
    assert app.selectbox(key="bar_run").options == ["night shift"]
    assert tray(app) == "No jobs" and badges(app)[0] == ":green-badge[split by time]"
    assert not app.exception


def test_another_run_is_used_and_the_page_stays(open_page: OpenPage, done_run: Run, dataset: Dataset) -> None:
    other = finished(dataset, replace(PCA, split=SplitPlan("random")))
    for state in ("failed", "cancelled"):
        create_run(dataset, PCA).write_status(Status(state))
    app = open_page("pages/3_Threshold.py", run=done_run.id)
    assert len(app.selectbox(key="bar_run").options) == 2, "a run without a model cannot be used"
    app.selectbox(key="bar_run").select(other.id).run()
    assert app.session_state[KEY].run_id == other.id and app.title[0].value == "Threshold"
    assert badges(app)[0] == ":orange-badge[random split: optimistic]"
    assert app.query_params["run"] == other.id and not app.exception


def test_another_dataset_is_opened_with_its_latest_finished_run(
    open_page: OpenPage, done_run: Run, executor: Deferred
) -> None:
    small = add_dataset(small_frame().to_csv(index=False).encode(), "small.csv")
    app = open_page("pages/2_Train.py", run=done_run.id)
    app.selectbox(key="bar_dataset").select(small.digest).run()
    state = app.session_state[KEY]
    assert (state.digest, state.run_id) == (small.digest, None) and app.title[0].value == "Train"
    assert "bar_run" not in [each.key for each in app.selectbox]
    app.selectbox(key="bar_dataset").select(done_run.dataset().digest).run()
    assert app.session_state[KEY].run_id == done_run.id and not app.exception


def test_datasets_and_runs_of_one_name_are_told_apart(open_page: OpenPage, done_run: Run) -> None:
    small = add_dataset(small_frame().to_csv(index=False).encode(), "sample-mill.csv")
    twin = finished(done_run.dataset(), PCA)
    app = open_page("pages/1_Data.py", run=done_run.id)
    for key, other in (("bar_run", twin.id), ("bar_dataset", small.digest)):
        box = app.selectbox(key=key)
        assert len(set(box.options)) == len(box.options) == 2, key
        box.select(other).run()
        assert app.selectbox(key=key).value == other, "the other of one name may not be opened"
    assert app.session_state[KEY].digest == small.digest and not app.exception


def test_a_name_is_escaped_and_keeps_its_end() -> None:
    shown = written("<b>Plant & Unit_" + "x" * 60 + "_v2.csv")
    assert shown.count("_v2.csv</span>") == 2 and "<b>" not in shown and "&lt;b&gt;Plant &amp; Unit_" in shown
    assert "…" not in shown, "the browser shortens, and only as far as it must"


def test_jobs_are_listed_in_their_order_and_cancelled_from_any_page(
    open_page: OpenPage, dataset: Dataset, executor: Deferred, polling: Callable[[], set[str]]
) -> None:
    app = open_page("pages/1_Data.py", dataset=dataset.digest)
    assert "bar_jobs" not in polling()
    runs = [create_run(dataset, PCA) for _ in range(3)]
    later = create_run(dataset, PCA, Purpose("baseline", runs[0].id))
    queue = cache.jobs()
    for run in runs:
        queue.submit(run)
    queue.submit_background([later])
    runs[0].write_status(Status("running", epoch=1, epochs=4, seconds=3.0))
    assert queue.pending() == [*runs, later]
    app.run()
    assert tray(app) == "4 jobs" and "1 running, 3 queued" in unescaped(app) and polling() == {"bar_jobs"}
    assert [f"position {place}" in unescaped(app) for place in (1, 2, 3, 4, 5)] == [
        False,
        True,
        True,
        True,
        False,
    ]
    app.button(key=f"bar_cancel_{runs[1].id}").click().run()
    assert runs[1].status().state == "cancelled"
    assert tray(app) == "3 jobs" and "1 running, 2 queued" in unescaped(app)
    assert app.title[0].value == "Data" and app.session_state[KEY].run_id is None
    runs[0].write_status(Status("queued"))
    executor.run_all()
    app.run()
    assert tray(app) == "No jobs" and queue.pending() == [] and not polling()
    assert app.title[0].value == "Data" and app.session_state[KEY].run_id is None, "no page changes by itself"
    assert not app.exception


def test_what_was_deleted_is_no_job(dataset: Dataset, executor: Deferred) -> None:
    queue = cache.jobs()
    run = create_run(dataset, PCA)
    queue.submit(run)
    (run.folder / "status.json").unlink()
    assert queue.pending() == [] and list_runs() == []
