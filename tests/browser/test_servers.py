"""Several serving processes behind one address, as browsers meet them."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, Page, expect

from rare_event.ui.front import COOKIE
from tests.browser.conftest import ROOT, Complaints, settled, wait_until_healthy

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


@pytest.fixture
def app(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The app by two processes: its address, and the process that started them."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "rare_event", "app", "--servers", "2", "--port", str(port)]
    with (tmp_path / "log.txt").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--workspace", str(tmp_path / "home")], cwd=ROOT, stdout=log, stderr=log
        )
    try:
        wait_until_healthy(f"http://127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}", process
    finally:
        process.terminate()
        process.wait(60)


def opened(chromium: Browser, address: str, complaints: Complaints) -> Page:
    """Open the app in a browser of its own."""
    page = chromium.new_context().new_page()
    page.set_default_timeout(60_000)
    page.on("console", complaints.note)
    page.goto(address)
    expect(page.get_by_role("heading", name="rare_event", exact=True)).to_be_visible()
    settled(page)
    return page


def server_of(page: Page) -> str:
    (value,) = [each["value"] for each in page.context.cookies() if each["name"] == COOKIE]
    return value


def test_two_browsers_work_in_one_workspace_by_two_processes(
    chromium: Browser, app: tuple[str, subprocess.Popen[bytes]], small_csv: bytes, complaints: Complaints
) -> None:
    address, process = app
    served = psutil.Process(process.pid).children()
    first, second = (opened(chromium, address, complaints) for _ in range(2))
    assert {server_of(first), server_of(second)} == {"0", "1"} and len(served) == 2

    # What is uploaded lies in the process that shows it.
    for page, name in ((first, "ours.csv"), (second, "theirs.csv")):
        page.get_by_role("link", name="Upload a file").click()
        content = small_csv if page is first else small_csv.replace(b"\n", b"\r\n")
        page.locator("input[type=file]").set_input_files(
            {"name": name, "mimeType": "text/csv", "buffer": content}
        )
        page.get_by_role("button", name="Use this file").click()
        expect(page.get_by_role("button", name="Use this file")).to_have_count(0)
        settled(page)
    first.get_by_test_id("stSidebar").get_by_role("link", name="Home").click()
    expect(first.get_by_text("theirs.csv").first).to_be_visible()
    assert first.get_by_test_id("stException").count() == 0
    assert complaints.messages == []

    # A process that dies is started again, and the other goes on meanwhile.
    lost = served[int(server_of(first))]
    lost.kill()
    second.get_by_test_id("stSidebar").get_by_role("link", name="Home").click()
    expect(second.get_by_text("ours.csv").first).to_be_visible()
    psutil.wait_procs([lost])
    wait_until_healthy(address)
    expect(first.get_by_test_id("stConnectionStatus")).to_have_count(0)
    first.get_by_test_id("stSidebar").get_by_role("link", name="Data").click()
    expect(first.get_by_role("heading", name="Data", exact=True)).to_be_visible()
    assert server_of(first) != server_of(second)

    every = psutil.Process(process.pid).children(recursive=True)
    for page in (first, second):
        page.context.close()
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    _, left = psutil.wait_procs(every, timeout=60)
    assert left == [], "no process outlives the app"
