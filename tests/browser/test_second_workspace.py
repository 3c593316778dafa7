"""A model is trained on one server, moved in a bundle to another, and scores new rows there."""

import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from rare_event.cli.parser import main
from rare_event.prepare.sample import sample_mill
from rare_event.store.archive import is_imported
from rare_event.store.runs import list_runs
from tests.browser.conftest import Complaints, Server, serving, settled

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

PATIENCE = 180_000  # milliseconds, for what a worker must do first


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with another workspace."""
    with serving(tmp_path_factory.mktemp("other")) as server:
        yield server


def downloaded(page: Page, button: str, path: Path) -> Path:
    settled(page)
    with page.expect_download() as saved:
        page.get_by_role("button", name=button).click()
    saved.value.save_as(path)
    return path


def test_a_bundle_scores_in_another_workspace(
    page: Page,
    server: Server,
    other: Server,
    complaints: Complaints,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    new = sample_mill(2_000, seed=11)
    new.assign(time=new["time"] + pd.Timedelta(days=90)).to_csv(tmp_path / "new.csv", index=False)

    page.goto(f"{server.address}/Train?dataset=sample")
    # The baselines would keep the worker from the bundle.
    page.get_by_text("Also train the baselines").click()
    settled(page)
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.get_by_text("Done.")).to_be_visible(timeout=PATIENCE)
    page.get_by_test_id("stSidebar").get_by_role("link", name="Score").click()
    page.get_by_text("Move a model: bundles").click()
    page.get_by_role("button", name="Prepare the bundle").click()
    expect(page.get_by_role("button", name="Download bundle")).to_be_visible(timeout=PATIENCE)
    bundle = downloaded(page, "Download bundle", tmp_path / "model.zip")

    page.goto(f"{other.address}/Score")
    expect(page.get_by_text("No run is open yet")).to_be_visible()
    page.get_by_text("Move a model: bundles").click()
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(bundle)
    expect(page.get_by_text("was imported")).to_be_visible()
    settled(page)
    page.get_by_test_id("stFileUploaderDropzoneInput").first.set_input_files(tmp_path / "new.csv")
    expect(page.get_by_text("Rows scored of 2,000")).to_be_visible(timeout=PATIENCE)
    alarms = downloaded(page, "Alarms (CSV)", tmp_path / "alarms.csv").read_bytes()
    assert len(pd.read_csv(tmp_path / "alarms.csv"))

    monkeypatch.setenv("RARE_EVENT_HOME", str(server.home))
    (run,) = list_runs()
    assert not is_imported(run)
    for number, model in enumerate((run.id, str(bundle))):
        out = tmp_path / f"out-{number}"
        assert main(["score", model, str(tmp_path / "new.csv"), "--out", str(out)]) == 0
        assert (out / "alarms.csv").read_bytes() == alarms

    # The lines behind the result name the file and the run of this workspace.
    page.get_by_text("Show the code").click()
    expect(page.get_by_text('file = "new.csv"')).to_be_visible()
    monkeypatch.setenv("RARE_EVENT_HOME", str(other.home))
    (imported,) = list_runs()
    assert is_imported(imported)
    expect(page.get_by_text(re.compile(f'open_run\\("{imported.id}"\\)'))).to_be_visible()

    # Elsewhere it says where its figures are, and nothing is called damaged.
    for step in ("Threshold", "Evaluate"):
        page.goto(f"{other.address}/{step}?run={imported.id}")
        expect(page.get_by_text("This model was imported as a bundle")).to_be_visible()
        settled(page)
        assert page.get_by_text("damaged").count() == 0
    page.get_by_role("link", name="Score new rows").click()
    expect(page.get_by_text("Rows scored of 2,000")).to_be_visible()

    assert page.get_by_test_id("stException").count() == 0
    assert complaints.messages == []
    for each in (server, other):
        assert "Traceback" not in each.log.read_text()
