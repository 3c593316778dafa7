"""A follower at work, watched in the browser: rows and alarms appear without a reload."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from rare_event.config import Rule
from rare_event.jobs.worker import execute
from rare_event.store.datasets import add_dataset
from rare_event.store.runs import Run, create_run
from tests.browser.conftest import Complaints, Server, settled
from tests.small import PCA, small_frame

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture
def run(home: Path) -> Run:
    dataset = add_dataset(small_frame().to_csv(index=False).encode(), "small.csv")
    run = create_run(dataset, replace(PCA, rule=Rule("quantile", 0.9)))
    execute(run)
    return run


@pytest.fixture
def follower(run: Run, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    (tmp_path / "in").mkdir()
    folders = ["--watch", str(tmp_path / "in"), "--out", str(tmp_path / "out")]
    command = [sys.executable, "-m", "rare_event", "follow", run.id, *folders]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ) as process:
        yield process
        process.kill()


def test_a_follower_is_watched_until_it_is_stopped(
    page: Page,
    server: Server,
    run: Run,
    follower: subprocess.Popen[str],
    tmp_path: Path,
    complaints: Complaints,
) -> None:
    new = small_frame(300).assign(time=lambda f: f["time"] + pd.Timedelta(days=30))
    new[:100].to_csv(tmp_path / "in" / "a.csv", index=False)
    assert follower.stdout is not None and follower.stdout.readline().startswith("a.csv: 98 of 100 rows")
    page.goto(f"{server.address}/Score?run={run.id}")
    expect(page.get_by_text("98 of 100 rows scored; the last is from")).to_be_visible()
    expect(page.get_by_text("following", exact=True)).to_be_visible()
    page.get_by_text("Latest alarms and files").click()
    expect(page.get_by_role("region", name="Latest files")).to_be_visible()
    new[100:].to_csv(tmp_path / "in" / "b.csv", index=False)
    expect(page.get_by_text("294 of 300 rows scored; the last is from")).to_be_visible()
    # What was opened stays open while the page looks again.
    expect(page.get_by_role("region", name="Latest files")).to_be_visible()
    follower.send_signal(signal.SIGINT)
    follower.wait(20)
    expect(page.get_by_text("stopped", exact=True)).to_be_visible()
    settled(page)
    page.get_by_role("button", name="Remove from this list").click()
    expect(page.get_by_role("heading", name="Followed folders")).to_have_count(0)
    assert page.get_by_test_id("stException").count() == 0
    assert complaints.messages == []
    assert "Traceback" not in server.log.read_text()
