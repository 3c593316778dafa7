"""The real app on the loopback address, driven in Debian's Chromium."""

import os
import shutil
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright
from tenacity import retry, stop_after_delay, wait_fixed

from rare_event.bench.browser import CHROMIUM_ARGUMENTS

ROOT = Path(__file__).parents[2]
# Two cores serve the app, the worker and the browser.
expect.set_options(timeout=20_000)

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
# Opened by its address, a page is asked for below its own path first: the frontend's way to find
# out where the server begins.
PROBES = ("/_stcore/health", "/_stcore/host-config")

# Without a graphics card, Chromium remarks on its own drawing.
SOFTWARE_GL = "GL Driver Message"


@dataclass
class Server:
    """A running app."""

    address: str
    pid: int
    log: Path
    home: Path


@retry(stop=stop_after_delay(60), wait=wait_fixed(0.1))
def wait_until_healthy(address: str) -> None:
    with urllib.request.urlopen(f"{address}/_stcore/health", timeout=5) as answer:
        assert answer.status == 200


@pytest.fixture(scope="session")
def one_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server of all modules: each further one would start Python, and TensorFlow in its worker."""
    folder = tmp_path_factory.mktemp("server")
    point_to(folder / "home", tmp_path_factory.mktemp("home"))
    with serving(folder) as server:
        yield server


@pytest.fixture(scope="module")
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with an empty workspace and log; one of its own for a module that leaves trainings behind."""
    if getattr(request.module, "LEAVES_TRAININGS", False):
        with serving(tmp_path_factory.mktemp("server")) as own:
            yield own
        return
    one: Server = request.getfixturevalue("one_server")
    point_to(one.home, tmp_path_factory.mktemp("home"))
    os.truncate(one.log, 0)
    yield one


def point_to(link: Path, folder: Path) -> None:
    """Let the path of a workspace lead to another folder from now on."""
    other = link.with_name("other")
    other.symlink_to(folder, target_is_directory=True)
    other.replace(link)


@contextmanager
def serving(folder: Path, options: Callable[[int], list[str]] = lambda port: []) -> Iterator[Server]:
    """Serve the app with a workspace of its own in a folder, with more options for its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = folder / "log.txt"
    environment = {**os.environ, "RARE_EVENT_HOME": str(folder / "home")}
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    command += options(port)
    # Appended to, so that it can be emptied meanwhile.
    with log.open("ab") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
    try:
        wait_until_healthy(f"http://127.0.0.1:{port}")
        yield Server(f"http://127.0.0.1:{port}", process.pid, log, folder / "home")
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture(scope="module")
def home(server: Server) -> Iterator[Path]:
    """The server's workspace, for this process too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RARE_EVENT_HOME", str(server.home))
        yield server.home


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Complaints:
    """What the browser complained about."""

    messages: list[str] = field(default_factory=list)

    def note(self, message: ConsoleMessage) -> None:
        address = str(message.location.get("url", ""))
        expected = address.endswith(PROBES) or SOFTWARE_GL in message.text
        if message.type in ("error", "warning") and not expected:
            self.messages.append(f"{message.type}: {message.text} ({address})")


@pytest.fixture
def complaints() -> Complaints:
    return Complaints()


@pytest.fixture
def page(chromium: Browser, server: Server, complaints: Complaints) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    opened = context.new_page()
    opened.set_default_timeout(30_000)
    opened.on("console", complaints.note)
    opened.on("pageerror", lambda error: complaints.messages.append(str(error)))
    yield opened
    context.close()


def settled(page: Page) -> None:
    """Wait until the server has answered and all of it is drawn, as a person would see."""
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    # Grey boxes, which no key reaches, stand where links and charts will be once their scripts are loaded.
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)


def set_up_endless_training(page: Page) -> None:
    """Fill in the Train page for a training that ends only when it is cancelled."""
    page.get_by_role("radio", name="Articles' dense").click()
    epochs = page.get_by_role("spinbutton", name="Epochs")
    expect(epochs).to_have_value("100")
    settled(page)
    page.get_by_text("Also train the baselines").click()
    settled(page)
    epochs.fill("100000")
    epochs.press("Enter")
    settled(page)
