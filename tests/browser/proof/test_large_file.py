"""A file of 1,000,000 rows and 60 columns in a browser, from upload to test data, and what it takes."""

import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import perf_counter

import psutil
import pytest
from playwright.sync_api import Page, expect

from rare_event.bench.reading import write_large
from rare_event.store.runs import list_runs
from tests.browser.conftest import Complaints, Server, settled

pytestmark = [pytest.mark.browser, pytest.mark.timeout(3_600)]
LEAVES_TRAININGS = True

ROWS = 1_000_000
PATIENCE = 900_000  # milliseconds
# The server holds the upload (469 MB) and then the table; the worker one copy to train on.
MOST_OF_SERVER, MOST_OF_WORKERS = 3e9, 4e9  # bytes
POLL = 0.2  # seconds


@pytest.fixture(scope="module")
def large_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("large") / "large.csv"
    write_large(path, ROWS)
    return path


@contextmanager
def watched(pid: int) -> Iterator[dict[str, int]]:
    """Keep the largest memory of a server and of its workers together, in bytes."""
    most, ended = {"server": 0, "workers": 0}, threading.Event()

    def watch() -> None:
        server = psutil.Process(pid)
        while not ended.wait(POLL):
            with suppress(psutil.NoSuchProcess):
                workers = sum(each.memory_info().rss for each in server.children(recursive=True))
                most["workers"] = max(most["workers"], workers)
                most["server"] = max(most["server"], server.memory_info().rss)

    thread = threading.Thread(target=watch, name="memory")
    thread.start()
    try:
        yield most
    finally:
        ended.set()
        thread.join()


def test_a_large_file_goes_from_upload_to_test_data(
    page: Page, server: Server, home: Path, complaints: Complaints, large_file: Path, capsys
) -> None:
    page.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    began = perf_counter()

    def step(name: str, memory: dict[str, int]) -> None:
        nonlocal began
        taken = {place: f"{most / 1e9:.2f} GB at most" for place, most in memory.items()}
        with capsys.disabled():
            sys.stdout.write(f"{name}: {perf_counter() - began:.1f} s, {taken}\n")
        began = perf_counter()

    with watched(server.pid) as most:
        page.goto(f"{server.address}/Data")
        page.locator("input[type=file]").set_input_files(large_file)
        use = page.get_by_role("button", name="Use this file", exact=True)
        expect(use).to_be_visible()
        step("uploaded and previewed", most)
        use.click()
        expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible()
        settled(page)
        step("stored and checked", most)
        page.get_by_test_id("stMain").get_by_role("link", name="Train", exact=True).click()
        expect(page.get_by_role("heading", name="Train", exact=True)).to_be_visible()
        settled(page)
        page.get_by_role("combobox", name="Model", exact=True).click()
        page.get_by_role("option", name="PCA", exact=True).click()
        expect(page.get_by_role("spinbutton", name="Principal components")).to_be_visible()
        settled(page)
        page.get_by_text("Also train the baselines").click()
        settled(page)
        step("Train page", most)
        page.get_by_role("button", name="Train", exact=True).click()
        expect(page.get_by_text(re.compile(r"^Done\."))).to_be_visible()
        step("trained", most)
        assert [run.config().model.kind for run in list_runs()] == ["pca"]
        page.get_by_test_id("stMain").get_by_role("link", name="Next: set the threshold").click()
        expect(page.locator(".explorer[data-threshold]")).to_be_visible()
        settled(page)
        step("Threshold page", most)
        page.get_by_test_id("stMain").get_by_role("link", name="Next: evaluate on test data").click()
        page.get_by_role("button", name="Open the test data", exact=True).click()
        expect(page.get_by_text("would have been caught")).to_be_visible()
        settled(page)
        step("test data opened", most)
    assert page.get_by_test_id("stException").count() == 0 and complaints.messages == []
    assert most["server"] < MOST_OF_SERVER and most["workers"] < MOST_OF_WORKERS, most
