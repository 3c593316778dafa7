"""The newcomer's walk on the real mill, with the presets of both articles: they train for minutes."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Complaints, Server, settled
from tests.browser.test_walk import Walk

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1_800)]
# The baselines, which go on after the last look.
LEAVES_TRAININGS = True


@pytest.mark.mill
@pytest.mark.parametrize("preset", ["Articles' LSTM", "Articles' dense"])
def test_the_walk_on_the_mill_with_the_presets_of_the_articles(
    page: Page, server: Server, mill_csv: Path, complaints: Complaints, preset: str
) -> None:
    walk = Walk(page)
    page.goto(f"{server.address}/Data")
    page.locator("input[type=file]").set_input_files(str(mill_csv))
    use, train = walk.button("Use this file"), walk.link("Train")
    expect(use.or_(train)).to_be_visible(timeout=30_000)
    # The second preset finds the file in the workspace: it is opened at once, without a preview.
    if use.is_visible():
        walk.click(use)
    walk.click(train)
    walk.heading("Train")
    walk.click(page.get_by_role("radio", name=preset, exact=True))
    settled(page)
    walk.train()
    walk.judge()
    assert walk.clicks <= 8
    assert page.get_by_test_id("stException").count() == 0 and complaints.messages == []
