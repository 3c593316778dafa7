"""The Alarms page in a real browser: keys step through, and marks survive a reload."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from rare_event.prepare.sample import write_sample
from rare_event.store.datasets import add_dataset
from rare_event.store.marks import marks_of
from rare_event.store.runs import Run
from tests.app.conftest import PCA, finished
from tests.browser.conftest import Complaints, Server, settled

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

PATIENCE = 120_000  # milliseconds, for a worker that must import TensorFlow first


@pytest.fixture(scope="module")
def run(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """A run whose test data are open."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RARE_EVENT_HOME", str(server.home))
        folder: Path = tmp_path_factory.mktemp("sample")
        done = finished(add_dataset(write_sample(folder / "sample.csv"), "sample.csv"), PCA)
        done.look()
        yield done


def step(page: Page, key: str, to: int) -> None:
    """Press a key, and again if the first one fell into the moment in which the buttons appear."""
    there = page.get_by_text(f"Alarm or event ({to} of")
    page.keyboard.press(key)
    try:
        expect(there).to_be_visible()
    except AssertionError:
        page.keyboard.press(key)
        expect(there).to_be_visible()
    settled(page)


def test_keys_step_through_the_alarms_and_a_mark_survives_a_reload(
    page: Page, server: Server, run: Run, complaints: Complaints
) -> None:
    page.goto(f"{server.address}/Alarms?run={run.id}")
    expect(page.get_by_text("Sensors that moved").first).to_be_visible(timeout=PATIENCE)
    settled(page)
    expect(page.get_by_text("Alarm or event (1 of")).to_be_visible()
    step(page, "ArrowRight", 2)
    step(page, "ArrowRight", 3)
    step(page, "ArrowLeft", 2)

    # Arrow keys in a field move the cursor, not the page.
    note = page.get_by_label("Note")
    note.fill("filler pump")
    note.press("ArrowRight")
    note.press("ArrowLeft")
    page.get_by_label("Your name").fill("Ana")
    page.get_by_role("radio", name="Known stop").click()
    page.get_by_role("button", name="Save the mark").click()
    expect(page.get_by_text("Marked known stop by Ana")).to_be_visible()
    expect(page.get_by_text("Alarm or event (2 of")).to_be_visible()
    (mark,) = marks_of(run)
    assert (mark.kind, mark.note, mark.by) == ("known stop", "filler pump", "Ana")

    page.reload()
    # A key that is pressed in the moment in which the buttons appear reaches none of them.
    expect(page.get_by_text("Sensors that moved").first).to_be_visible(timeout=PATIENCE)
    settled(page)
    expect(page.get_by_text("Alarm or event (1 of")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("Marked known stop by Ana")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.get_by_test_id("stException").count() == 0
    assert complaints.messages == []
