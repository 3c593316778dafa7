"""Two people who sign in: what one of them does is not there for the other, until a run is shared."""

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.testing.v1 import AppTest

from rare_event.errors import RunError
from rare_event.store.archive import is_imported
from rare_event.store.datasets import list_datasets, open_dataset, save_dataset
from rare_event.store.records import About
from rare_event.store.runs import Run, create_run, list_runs
from rare_event.store.shared import folder_of_shared
from rare_event.store.users import workspace_of
from rare_event.store.workspace import workspace as working_in
from rare_event.ui import cache, frame, report
from tests.app.conftest import PCA, Deferred, finished, shown
from tests.app.test_bar import tray
from tests.app.test_pages import button, unescaped
from tests.app.test_sign_in import ANA, ONE_WAY, PAGES

BEN = {**ANA, "sub": "18", "email": "ben@plant.example"}
HOME, DATA, TRAIN, COMPARE = "app.py", "pages/1_Data.py", "pages/2_Train.py", "pages/6_Compare.py"
NAME = "anas secret"
Open = Callable[..., AppTest]


def folder_of(person: dict[str, Any]) -> Path:
    return workspace_of(person["iss"], person["sub"])


@pytest.fixture
def opened(page_of: Open) -> Open:
    """Open a page as one of them."""
    return lambda page, person, **address: page_of(page, ONE_WAY, person, **address)


@pytest.fixture
def anas_run(executor: Deferred, workspace: Path, stored_sample: tuple[Path, str]) -> Run:
    """A finished run with a name, in the workspace of one of them."""
    stored, digest = stored_sample
    shutil.copytree(stored, folder_of(ANA))
    with working_in(folder_of(ANA)):
        run = finished(open_dataset(digest), PCA)
    run.describe(About(NAME))
    return run


def labels(app: AppTest) -> list[str]:
    return [each.label for each in app.button]


@pytest.mark.parametrize("page", PAGES)
def test_what_one_person_has_is_on_no_page_of_another(opened: Open, anas_run: Run, page: str) -> None:
    own = opened(page, ANA)
    app = opened(page, BEN)
    assert not own.exception and not app.exception
    if page in (HOME, DATA):
        assert "sample-mill" in shown(own)
    for secret in ("sample-mill", NAME, anas_run.id, "PCA"):
        assert secret not in shown(app)


@pytest.mark.parametrize("page", PAGES)
def test_an_address_opens_nothing_of_another_person(opened: Open, anas_run: Run, page: str) -> None:
    nothing = "20200101-000000-000000"
    said = dict[str, list[str]]()
    for asked in (anas_run.id, nothing):
        app = opened(page, BEN, run=asked, watched=asked)
        assert not app.exception and NAME not in shown(app) and "sample-mill" not in shown(app)
        assert "run" not in app.query_params and "watched" not in app.query_params
        said[asked] = [toast.value.replace("\\", "").replace(asked, nothing) for toast in app.toast]
    assert said[anas_run.id] == said[nothing]
    assert any("There is no run" in toast for toast in said[nothing])
    for odd in (f"../users/{folder_of(ANA).name}/runs/{anas_run.id}", f"../../{anas_run.folder}"):
        app = opened(page, BEN, run=odd, dataset=f"../users/{folder_of(ANA).name}/datasets")
        assert not app.exception and NAME not in shown(app) and "sample-mill" not in shown(app)
        assert "run" not in app.query_params
    assert not (folder_of(BEN) / "runs").exists()


def test_the_values_that_are_kept_do_not_reach_another_person(opened: Open, anas_run: Run) -> None:
    """Also with equal data, and with an id that both have."""
    digest = anas_run.dataset().digest
    for page in (DATA, TRAIN, COMPARE):
        assert NAME in shown(opened(page, ANA, run=anas_run.id))
    shutil.copytree(folder_of(ANA), folder_of(BEN))
    own = Run(folder_of(BEN) / "runs" / anas_run.id)
    own.describe(About("bens own"))
    (own.folder / "scores.parquet").unlink()
    assert not opened("pages/3_Threshold.py", ANA, run=anas_run.id).error
    app = opened("pages/3_Threshold.py", BEN, run=anas_run.id)
    assert not app.exception and "The scores of run" in "".join(error.value for error in app.error)
    # The name of a file is no part of its digest.
    with working_in(folder_of(BEN)):
        save_dataset(replace(open_dataset(digest), name="bens.csv"))
    for page in (DATA, TRAIN, COMPARE):
        app = opened(page, BEN, dataset=digest)
        assert not app.exception and "bens.csv" in shown(app)
        assert NAME not in shown(app) and "sample-mill" not in shown(app)


def test_what_a_person_uploads_and_trains_lies_in_their_workspace(
    opened: Open, workspace: Path, executor: Deferred
) -> None:
    app = opened(DATA, ANA, dataset="sample")
    assert not app.exception
    with working_in(folder_of(ANA)):
        (dataset,) = list_datasets()
    app = opened(TRAIN, ANA, dataset=dataset.digest)
    button(app, "Train").click().run()
    assert not app.exception and executor.waiting
    with working_in(folder_of(ANA)):
        (run,) = list_runs()
    assert run.status().state == "queued"
    assert tray(opened(HOME, BEN)) == "No jobs"
    app.button(key=f"bar_cancel_{run.id}").click().run()
    assert run.status().state == "cancelled" and not app.exception
    assert not (workspace / "runs").exists() and not (workspace / "datasets").exists()
    assert not list(folder_of(BEN).glob("*s/*"))


def test_the_tray_names_no_job_of_another_person(opened: Open, anas_run: Run, executor: Deferred) -> None:
    with working_in(folder_of(ANA)):
        first = create_run(anas_run.dataset(), PCA)
    first.describe(About(NAME))
    cache.jobs().submit(first, "ana")
    app = opened(DATA, BEN, dataset="sample")
    assert tray(app) == "No jobs" and NAME not in shown(app)
    with working_in(folder_of(BEN)):
        second = create_run(list_datasets()[0], PCA)
    cache.jobs().submit(second, "ben")
    app = opened(DATA, BEN)
    assert tray(app) == "1 job" and "0 running, 1 queued; 1 of other people" in unescaped(app)
    assert "queued, position 2" in unescaped(app) and NAME not in shown(app)
    assert f"bar_cancel_{first.id}" not in [each.key for each in app.button]
    executor.run_all()
    assert first.status().state == second.status().state == "done"
    assert tray(opened(HOME, BEN)) == "No jobs"


def test_the_report_is_made_of_the_workspace_of_its_run(
    anas_run: Run, workspace: Path, stored_sample: tuple[Path, str]
) -> None:
    """Streamlit makes it in a thread that serves no page; what was kept before sign-in is not in it."""
    shutil.copytree(stored_sample[0], workspace, dirs_exist_ok=True)
    finished(open_dataset(stored_sample[1]), PCA).describe(About("from before sign-in"))
    shutil.rmtree(workspace / "datasets")
    with ThreadPoolExecutor(1) as other:
        made = other.submit(report.report_or_reason, anas_run).result()
    assert "cannot be written" not in made and NAME in made and "from before sign-in" not in made


def test_deleting_leaves_the_same_data_of_another_person(opened: Open, anas_run: Run) -> None:
    digest = anas_run.dataset().digest
    opened(DATA, BEN, dataset="sample")
    app = opened(DATA, ANA, run=anas_run.id)
    button(app, "Delete this dataset …").click().run()
    button(app, "Delete this dataset").click().run()
    assert not app.exception
    with working_in(folder_of(ANA)):
        assert list_datasets() == [] and list_runs() == []
    with working_in(folder_of(BEN)):
        assert [dataset.digest for dataset in list_datasets()] == [digest]


def share(opened: Open, executor: Deferred, run: Run) -> AppTest:
    app = opened(TRAIN, ANA, run=run.id)
    button(app, "Share this run").click().run()
    executor.run_all()
    app.run()
    assert not app.exception and not app.error
    return app


def test_a_run_is_shared_on_purpose_and_no_longer(opened: Open, anas_run: Run, executor: Deferred) -> None:
    with working_in(folder_of(ANA)):
        finished(anas_run.dataset(), PCA).describe(About("kept back"))
    app = opened(TRAIN, ANA, run=anas_run.id)
    assert "your e-mail address" in unescaped(app) and "Your data and scores stay with you" in unescaped(app)
    assert "Shared runs" not in shown(opened(HOME, BEN)) and "Stop sharing" not in labels(app)
    app = share(opened, executor, anas_run)
    assert "Deleting the run also ends the sharing" in unescaped(app)
    theirs = opened(HOME, BEN)
    # As text, never Markdown, which would make a link of it.
    line = f"{NAME} · trained on sample-mill.csv · shared by {ANA['email']}, "
    assert any(text.value.startswith(line) for text in theirs.main.text)
    assert "kept back" not in shown(theirs) and "Stop sharing" not in labels(theirs)
    button(theirs, "Take a copy").click().run()
    assert not theirs.exception and "Copied" in labels(theirs)
    with working_in(folder_of(BEN)):
        (taken,) = list_runs()
        assert is_imported(taken) and taken.about().name == NAME and list_datasets() == []
    assert not opened("pages/7_Score.py", BEN).exception
    mine = opened(HOME, ANA)
    assert "shared by you" in shown(mine) and "Take a copy" not in labels(mine)
    button(mine, "Stop sharing").click().run()
    for app in (mine, opened(HOME, BEN)):
        assert "Shared runs" not in shown(app) and "shared by" not in shown(app)
    with working_in(folder_of(BEN)):
        assert list_runs() == [taken], "what was taken stays"


def test_what_was_asked_for_can_be_stopped_while_the_worker_is_busy(
    opened: Open, anas_run: Run, executor: Deferred
) -> None:
    app = opened(TRAIN, ANA, run=anas_run.id)
    button(app, "Share this run").click().run()
    assert "Writing the copy" in unescaped(app)
    button(app, "Stop sharing").click().run()
    assert not app.exception and "Stop sharing" not in labels(app) and "Writing" not in unescaped(app)
    (asked,) = executor.waiting
    with pytest.raises(RunError, match="not to be shared any more"):
        asked[1]()
    assert "Shared runs" not in shown(opened(HOME, BEN)) and folder_of_shared(anas_run) is None


def test_a_worker_that_died_is_a_sentence(opened: Open, anas_run: Run, executor: Deferred) -> None:
    app = opened(TRAIN, ANA, run=anas_run.id)
    button(app, "Share this run").click().run()
    executor.waiting.pop()[0].set_exception(OSError(39, "Directory not empty", "/secret/path"))
    app.run()
    assert not app.exception and [error.value.replace("\\", "") for error in app.error] == [
        "The run cannot be shared: The worker ended before it was written. Press the button again."
    ]
    assert "Directory" not in shown(app)


def test_a_shared_run_that_is_damaged_is_named_and_ends_no_page(
    opened: Open, anas_run: Run, executor: Deferred
) -> None:
    share(opened, executor, anas_run)
    folder = folder_of_shared(anas_run)
    assert folder is not None
    bundle = folder / "run.zip"
    content = bytearray(bundle.read_bytes())
    app = opened(HOME, BEN)
    content[len(content) // 2] ^= 255
    bundle.write_bytes(bytes(content))
    button(app, "Take a copy").click().run()
    assert not app.exception and "is damaged, and cannot be copied" in app.error[0].value
    bundle.write_bytes(content[:100])
    app = opened(HOME, BEN)
    assert not app.exception and "Take a copy" not in labels(app)
    assert f"{NAME}” is damaged" in shown(app)
    mine = opened(TRAIN, ANA, run=anas_run.id)
    assert not mine.exception and "Share it again as it is now" in labels(mine)
    with working_in(folder_of(BEN)):
        assert list_runs() == []


def test_deleting_a_shared_run_says_that_the_sharing_ends(
    opened: Open, anas_run: Run, executor: Deferred
) -> None:
    app = share(opened, executor, anas_run)
    button(app, "Delete").click().run()
    assert "and also 1 run shared with others? This cannot be undone" in unescaped(app)
    assert "Shared runs" in shown(opened(HOME, BEN)), "a question deletes nothing"
    button(app, "Delete this run").click().run()
    assert not app.exception and not anas_run.folder.exists()
    assert "Shared runs" not in shown(opened(HOME, BEN))


def test_a_session_that_was_signed_out_elsewhere_is_shown_nothing_more(
    opened: Open, anas_run: Run, workspace: Path
) -> None:
    app = opened(HOME, ANA)
    assert NAME in shown(app)
    app.user = {"is_logged_in": False}
    app.run()
    assert NAME not in shown(app) and labels(app) == ["Sign in"]
    assert not (workspace / "runs").exists()


@pytest.mark.parametrize("page", PAGES)
def test_a_sign_out_while_a_page_is_drawn_is_a_sentence(
    opened: Open, anas_run: Run, workspace: Path, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    require = frame.require_sign_in

    def then_signed_out() -> None:
        require()
        context = get_script_run_ctx()
        assert context is not None
        context.user_info.clear()

    monkeypatch.setattr(frame, "require_sign_in", then_signed_out)
    app = opened(page, ANA, run=anas_run.id)
    assert not app.exception and "Nobody is signed in on this page any more" in shown(app)
    for secret in ("sample-mill", NAME, "PCA"):
        assert secret not in shown(app)
    assert not (workspace / "runs").exists()


@pytest.mark.parametrize("page", [page for page in PAGES if "Alarms" not in page])
def test_what_a_session_remembers_of_one_person_opens_nothing_for_another(
    opened: Open, anas_run: Run, page: str
) -> None:
    """Streamlit gives no session to somebody else. (On Alarms, AppTest itself reads names of alarms.)"""
    app = opened(page, ANA, run=anas_run.id)
    app.user = BEN
    app.run()
    assert not app.exception and app.sidebar.text[0].value == f"Signed in as {BEN['email']}"
    for secret in ("sample-mill", NAME, anas_run.id):
        assert secret not in shown(app)
