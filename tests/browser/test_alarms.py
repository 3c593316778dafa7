"""The Alarms page in a real browser: keys step through, and marks survive a reload."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from rare_event.prepare.sample import write_sample
from rare_event.store.datasets import add_dataset
from rare_event.store.marks import marks_of
from rare_event.store.runs import Run, list_runs
from tests.app.conftest import PCA, finished
from tests.browser.conftest import Complaints, Server, set_up_endless_training, settled

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


def open_alarms(page: Page, server: Server, run: Run) -> None:
    page.goto(f"{server.address}/Alarms?run={run.id}")
    expect(page.get_by_text("Alarm or event (1 of")).to_be_visible(timeout=PATIENCE)
    settled(page)


def step(page: Page, key: str, to: int) -> None:
    page.keyboard.press(key)
    expect(page.get_by_text(f"Alarm or event ({to} of")).to_be_visible()
    settled(page)


def test_keys_step_through_the_alarms_and_a_mark_survives_a_reload(
    page: Page, server: Server, run: Run, complaints: Complaints
) -> None:
    open_alarms(page, server, run)
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
    expect(page.get_by_text("Alarm or event (1 of")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("button", name="Next")).to_be_enabled()
    settled(page)
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("Marked known stop by Ana")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.get_by_test_id("stException").count() == 0
    assert complaints.messages == []


# In a busy browser the message of a key waits, and polls are sent before it. Here it waits for its release.
PRESS_AND_HOLD = """([name, code]) => {
    const now = window.setTimeout;
    window.held = [];
    window.setTimeout = (action, wait, ...rest) =>
        wait ? now(action, wait, ...rest) : window.held.push(action);
    const press = {key: name, code: name, keyCode: code, bubbles: true};
    for (const type of ["keydown", "keyup"]) document.dispatchEvent(new KeyboardEvent(type, press));
    window.setTimeout = now;
}"""
RELEASE = "window.held.forEach(action => action())"


def test_a_key_that_polls_carry_along_steps_once(page: Page, server: Server, run: Run) -> None:
    page.goto(f"{server.address}/Train?run={run.id}")
    # The page polls as long as it lasts.
    set_up_endless_training(page)
    page.get_by_role("button", name="Train", exact=True).click()
    tray = page.locator(".st-key-bar_tray button")
    expect(tray).to_contain_text("1 job", timeout=PATIENCE)
    expect(page.get_by_text("Epoch").first).to_be_visible(timeout=PATIENCE)
    open_alarms(page, server, run)
    page.evaluate(PRESS_AND_HOLD, ["ArrowRight", 39])
    # The poll that finds no job has the whole page drawn again, before the message of the key comes.
    (training,) = [each for each in list_runs() if not each.status().ended]
    training.request_cancel()
    expect(tray).to_contain_text("No jobs", timeout=PATIENCE)
    page.evaluate(RELEASE)
    expect(page.get_by_text("Alarm or event (2 of")).to_be_visible()
    settled(page)
    step(page, "ArrowRight", 3)
    step(page, "ArrowLeft", 2)
