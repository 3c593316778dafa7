"""A run is named, noted and deleted by a person, and committed by nobody else."""

from streamlit.testing.v1 import AppTest

from rare_event.compare.titles import title_of
from rare_event.store.datasets import Dataset
from rare_event.store.records import About
from rare_event.store.runs import Run, create_run, list_runs
from rare_event.ui.state import KEY
from tests.app.conftest import PCA, Deferred
from tests.app.test_pages import OpenPage, button, texts, unescaped


def threshold_line(app: AppTest) -> str:
    """What the sidebar says below Threshold."""
    return next(str(each.value) for each in app.sidebar.caption if "validation data" in each.value)


def test_the_name_of_a_run_is_shown_everywhere(open_page: OpenPage, done_run: Run) -> None:
    app = open_page("pages/2_Train.py", run=done_run.id)
    app.text_input(key=f"runs_name_{done_run.id}").set_value("night *shift*").run()
    app.text_input(key=f"runs_note_{done_run.id}").set_value("first try").run()
    assert done_run.about() == About("night *shift*", "first try")
    for page in ("app.py", "pages/2_Train.py", "pages/3_Threshold.py", "pages/4_Evaluate.py"):
        app = open_page(page, run=done_run.id)
        assert "night *shift*" in unescaped(app) and "night *shift*" not in texts(app), page
    app = open_page("pages/2_Train.py", run=done_run.id)
    app.text_input(key=f"runs_name_{done_run.id}").set_value("").run()
    assert title_of(done_run.config()) in unescaped(app) and "night" not in unescaped(app)


def test_a_run_is_deleted_after_one_question(
    open_page: OpenPage, dataset: Dataset, done_run: Run, executor: Deferred
) -> None:
    app = open_page("pages/2_Train.py", run=done_run.id)
    button(app, "Delete").click().run()
    assert done_run.folder.exists(), "asked first"
    button(app, "Keep it").click().run()
    assert "Delete this run" not in [each.label for each in app.button]
    button(app, "Delete").click().run()
    button(app, "Delete this run").click().run()
    assert not app.exception and not app.error
    assert not done_run.folder.exists() and list_runs() == []
    assert app.session_state[KEY].run_id is None and app.session_state[KEY].digest == dataset.digest


def test_a_waiting_run_cannot_be_deleted(open_page: OpenPage, dataset: Dataset, executor: Deferred) -> None:
    run = create_run(dataset, PCA)
    app = open_page("pages/2_Train.py", run=run.id)
    assert button(app, "Delete").disabled
    button(app, "Cancel").click().run()
    assert not button(app, "Delete").disabled and run.folder.exists()


def test_a_tick_stands_at_threshold_only_after_a_person_commits(open_page: OpenPage, done_run: Run) -> None:
    app = open_page("pages/3_Threshold.py", run=done_run.id)
    assert threshold_line(app).startswith("Suggested")
    assert "✓" in next(c.value for c in app.sidebar.caption if "AUC" in c.value), "the training is done"
    button(app, "Commit this threshold").click().run()
    assert threshold_line(app).startswith("✓")
    assert done_run.committed().by_person
    assert button(app, "Commit this threshold").disabled
