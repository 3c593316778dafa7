"""An app to test page by page, with a workspace of its own and no worker process."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from rare_event.config import RECOMMENDED, ExperimentConfig, PCAModel
from rare_event.jobs import queue as jobs
from rare_event.jobs import worker
from rare_event.store.datasets import Dataset, add_dataset
from rare_event.store.runs import Run, create_run
from rare_event.ui import cache, live

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


@pytest.fixture
def dataset(executor: Deferred, sample_csv: Path) -> Dataset:
    return add_dataset(sample_csv, "sample-mill.csv")


@pytest.fixture
def done_run(dataset: Dataset) -> Run:
    return finished(dataset, PCA)


def finished(dataset: Dataset, config: ExperimentConfig) -> Run:
    """A run executed in this process."""
    run = create_run(dataset, config)
    worker.execute(run)
    return run
