"""A browser and an app served for the bench."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from rare_event.errors import ConfigError

CHROMIUM_ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]
VIEWPORT = {"width": 1440, "height": 900}
SETTLED = """(name) => document.querySelector('h1')?.textContent.trim() === name
    && document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'"""


@contextmanager
def open_browser(name: str) -> Iterator[Any]:
    """Open Debian's Chromium for the row `name` of the bench.

    Raises
    ------
    ConfigError
        If Playwright or Chromium is missing.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError as error:
        raise ConfigError(f"The benchmark {name} needs Playwright: pip install playwright.") from error
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise ConfigError(f"The benchmark {name} needs Debian's Chromium: apt-get install chromium.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def served(command: list[str], home: Path) -> Iterator[str]:
    """Serve an app of Streamlit on the loopback address by a module of Python, and return its address.

    Parameters
    ----------
    command
        The module and its arguments; the port is put after them.
    home
        The workspace; the server's log lies next to it.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    environment = {**os.environ, "RARE_EVENT_HOME": str(home)}
    with home.with_suffix(".log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *command, str(port)], env=environment, stdout=log, stderr=log
        )
    try:
        _wait_until_healthy(address)
        yield address
    finally:
        process.terminate()
        process.wait(20)


def serve_app(home: Path, servers: int = 1) -> AbstractContextManager[str]:
    """Serve the product's own app on a workspace by some processes, and return its address."""
    command = ["rare_event", "app", "--workspace", str(home), "--servers", str(servers), "--port"]
    return served(command, home)


def opened(browser: Any, address: str, name: str) -> Any:
    """Open an address in a window of its own, and wait until the page of this name is whole."""
    page = browser.new_context(viewport=VIEWPORT).new_page()
    page.set_default_timeout(120_000)
    page.goto(address)
    page.wait_for_function(SETTLED, arg=name)
    return page


def _wait_until_healthy(address: str) -> None:
    from tenacity import retry, stop_after_delay, wait_fixed

    @retry(stop=stop_after_delay(60), wait=wait_fixed(0.1), reraise=True)
    def ask() -> None:
        urllib.request.urlopen(f"{address}/_stcore/health", timeout=5).close()

    ask()
