"""A new file scored in the browser: by a worker, with a network, and as on the command line."""

from pathlib import Path

import pandas as pd
import psutil
import pytest
from playwright.sync_api import Page, expect

from rare_event.cli.parser import main
from rare_event.config import ExperimentConfig
from rare_event.jobs.worker import execute
from rare_event.store.datasets import add_dataset
from rare_event.store.runs import Run, create_run
from rare_event.store.scorings import list_scorings
from tests.browser.conftest import Complaints, Server, settled
from tests.small import DENSE, PCA, small_frame

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture
def run(home: Path, model: ExperimentConfig) -> Run:
    run = create_run(add_dataset(small_frame(1_800).to_csv(index=False).encode(), "small.csv"), model)
    execute(run)
    return run


@pytest.mark.parametrize("model", [PCA, DENSE], ids=["pca", "network"])
def test_a_new_file_gives_the_alarms_of_the_command_line(
    page: Page, server: Server, run: Run, complaints: Complaints, tmp_path: Path
) -> None:
    new = small_frame(300).assign(time=lambda f: f["time"] + pd.Timedelta(days=30))
    new.rename(columns={"s2": "S2 [bar]"}).to_csv(tmp_path / "new.csv", index=False)
    page.goto(f"{server.address}/Score?run={run.id}")
    page.get_by_test_id("stFileUploaderDropzoneInput").first.set_input_files(tmp_path / "new.csv")
    expect(page.get_by_text("looks like it")).to_be_visible(timeout=60_000)
    assert page.get_by_text("Rows scored").count() == 0
    page.get_by_role("button", name="Confirm and score").click()
    expect(page.get_by_text("Rows scored of 300")).to_be_visible(timeout=60_000)
    expect(page.get_by_role("region", name="Alarms in the new file")).to_be_visible()
    settled(page)
    with page.expect_download() as saved:
        page.get_by_role("button", name="Alarms (CSV)").click()
    out = tmp_path / "out"
    command = ["score", run.id, str(tmp_path / "new.csv"), "--out", str(out), "--map", "S2 [bar]=s2"]
    assert main(command) == 0
    assert Path(saved.value.path()).read_bytes() == (out / "alarms.csv").read_bytes()
    assert len(pd.read_csv(out / "alarms.csv"))
    page.reload()
    expect(page.get_by_text("Rows scored of 300")).to_be_visible()
    assert len(list_scorings(run.id)) == 1
    assert page.get_by_text("Alarms are shelved").count() == 0
    new.to_csv(tmp_path / "again.csv", index=False)
    page.get_by_text("Shelve alarms (optional)").click()
    until = page.get_by_role("textbox", name="No alarm before this time")
    until.fill(f"{new['time'][100]:%Y-%m-%d %H:%M}")
    until.press("Enter")
    settled(page)
    page.get_by_test_id("stFileUploaderDropzoneInput").first.set_input_files(tmp_path / "again.csv")
    expect(page.get_by_text("Alarms are shelved in 98 rows, ")).to_be_visible(timeout=60_000)
    assert page.get_by_test_id("stException").count() == 0
    assert complaints.messages == []
    assert "Traceback" not in server.log.read_text()
    assert not any("tensorflow" in library.path for library in psutil.Process(server.pid).memory_maps())
