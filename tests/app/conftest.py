"""An app to test page by page, with a workspace of its own and no worker process."""

import functools
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from rare_event.config import RECOMMENDED, ExperimentConfig, PCAModel
from rare_event.jobs import queue as jobs
from rare_event.jobs import worker
from rare_event.store.datasets import Dataset, add_dataset, open_dataset
from rare_event.store.digests import record_digests
from rare_event.store.runs import Run, create_run
from rare_event.store.serial import has_digest, kept
from rare_event.store.workspace import scratch_home
from rare_event.ui import cache, live
from tests.records import text_of

ROOT = Path(__file__).parents[2]
PCA = replace(RECOMMENDED, name="custom", model=PCAModel())


class Deferred(Executor):
    """Keeps what is submitted until the test lets it run, in this process."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Future[Any], Callable[[], Any]]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        if fn is worker.warm_up:
            future.set_result(0)
        else:
            self.waiting.append((future, lambda: fn(*args, **kwargs)))
        return future

    def run_all(self) -> None:
        while self.waiting:
            future, call = self.waiting.pop(0)
            if future.set_running_or_notify_cancel():
                future.set_result(call())


@pytest.fixture(scope="session", autouse=True)
def _packages_are_searched_once() -> Iterator[None]:
    """Every AppTest looks for components in all packages that are installed, which takes it 0.1 s."""
    with pytest.MonkeyPatch.context() as patch:
        once = functools.cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", once)
        yield


@pytest.fixture
def executor(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deferred]:
    """The executor behind the app; nothing is executed before `run_all`."""
    deferred = Deferred()
    st.cache_resource.clear()
    monkeypatch.setattr(cache, "Jobs", lambda: jobs.Jobs(lambda: deferred))
    yield deferred
    st.cache_resource.clear()


@pytest.fixture
def open_page(executor: Deferred) -> Callable[..., AppTest]:
    """Open a page as a browser with an address would."""

    def opened(page: str, **address: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30)
        if page != "app.py":
            app.switch_page(page)
        for name, value in address.items():
            app.query_params[name] = value
        return app.run()

    return opened


@pytest.fixture
def page_of(executor: Deferred) -> Callable[..., AppTest]:
    """Open a page of an app with these secrets for the sign-in, as this user."""

    def opened(
        page: str, auth: dict[str, Any] | None, user: dict[str, Any] | None = None, **address: str
    ) -> AppTest:
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30)
        if page != "app.py":
            app.switch_page(page)
        if auth is not None:
            app.secrets["auth"] = auth
        if user is not None:
            app.user = user
        for name, value in address.items():
            app.query_params[name] = value
        return app.run()

    return opened


def shown(app: AppTest) -> str:
    """All that is sent for the page and beside it, as text without the signs that escape Markdown."""
    elements = [element for block in (app.main, app.sidebar) for element in block]
    sent = "\n".join(f"{element!r} {getattr(element, 'proto', '')}" for element in elements)
    return sent.replace("\\", "")


def show_view(app: AppTest, name: str) -> AppTest:
    """Choose one of the views of the Evaluate page."""
    app.session_state["evaluate_view"] = name
    return app.run()


def every_view(app: AppTest) -> Iterator[AppTest]:
    """A page as it opens, and with each of its other views chosen."""
    views = [tab.label for tab in app.tabs][1:]
    yield app
    for name in views:
        yield show_view(app, name)


@pytest.fixture
def upload(open_page: Callable[..., AppTest]) -> Callable[..., AppTest]:
    """Upload a file on the Data page, which then shows it before it is stored."""

    def uploaded(content: bytes, name: str = "mill.csv") -> AppTest:
        app = open_page("pages/1_Data.py")
        app.file_uploader[0].upload(name, content, "text/csv").run()
        assert not app.exception
        return app

    return uploaded


def open_drawer(app: AppTest, label: str) -> AppTest:
    """Open the drawer of this label, as a click on it does."""
    (drawer,) = [each for each in app.expander if each.label == label]
    app.session_state[drawer.proto.id.split("-", 2)[2]] = True
    return app.run()


@pytest.fixture
def polling(monkeypatch: pytest.MonkeyPatch) -> Callable[[], set[str]]:
    """Keys of the pieces of a page that polled when they were drawn last."""
    every: dict[str, float | None] = {}
    fragment = st.fragment

    def recorded(piece: Callable[..., None] | None = None, **how: Any) -> Any:
        if "key" in how:
            every[how["key"].removesuffix("_fragment")] = how["run_every"]
        return fragment(piece, **how)

    monkeypatch.setattr(live.st, "fragment", recorded)
    return lambda: {key for key, seconds in every.items() if seconds is not None}


@pytest.fixture(scope="session")
def stored_sample(sample_csv: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A workspace with the sample mill, to be copied, and the digest of the dataset."""
    folder = tmp_path_factory.mktemp("stored")
    with scratch_home(folder):
        return folder, add_dataset(sample_csv, "sample-mill.csv").digest


@pytest.fixture
def dataset(executor: Deferred, workspace: Path, stored_sample: tuple[Path, str]) -> Dataset:
    folder, digest = stored_sample
    shutil.copytree(folder, workspace, dirs_exist_ok=True)
    return open_dataset(digest)


@pytest.fixture
def done_run(dataset: Dataset) -> Run:
    return finished(dataset, PCA)


# What an execution wrote: the id of its run, and its files by their path in the folder.
Written = tuple[str, dict[Path, bytes]]
EXECUTED: dict[tuple[str, str, ExperimentConfig], Written] = {}


def finished(dataset: Dataset, config: ExperimentConfig) -> Run:
    """A run executed in this process; what an equal run wrote in an earlier test is copied, bit for bit."""
    run, key = create_run(dataset, config), (dataset.version, dataset.name, config)
    if key not in EXECUTED:
        before = files_of(run)
        worker.execute(run)
        new = {name: content for name, content in files_of(run).items() if before.get(name) != content}
        EXECUTED[key] = run.id, new
        return run
    other, written = EXECUTED[key]
    for name, content in written.items():
        path = run.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(_renamed(content, other.encode(), run.id.encode()))
    # Two configs may be equal and have other names.
    record_digests(run.folder)
    return run


def _renamed(content: bytes, old: bytes, new: bytes) -> bytes:
    """A file of another run, with its digest as that of the new text."""
    if old not in content:
        return content
    text = text_of(content).replace(old, new)
    return kept(text.decode()).encode() if has_digest(content) else text


def files_of(run: Run) -> dict[Path, bytes]:
    found = (path for path in run.folder.rglob("*") if path.is_file())
    return {path.relative_to(run.folder): path.read_bytes() for path in found}
