"""An upload that can be read in two ways: asked, answered, corrected and stored, in a real browser."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.app.test_preview import AMBIGUOUS
from tests.browser.conftest import Complaints, Server, settled

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def test_a_question_is_answered_before_the_file_is_stored(
    page: Page, server: Server, complaints: Complaints, tmp_path: Path
) -> None:
    path = tmp_path / "ambiguous.csv"
    path.write_bytes(AMBIGUOUS)
    page.goto(f"{server.address}/Data")
    page.locator("input[type=file]").set_input_files(str(path))
    expect(page.get_by_role("heading", name="Preview of ambiguous.csv")).to_be_visible()
    expect(page.get_by_role("button", name="Use this file")).to_be_disabled()
    page.get_by_text("a thousands separator", exact=True).click()
    expect(page.get_by_role("button", name="Use this file")).to_be_enabled()
    assert not list((server.home / "datasets").glob("*"))

    # The answer can be changed, and a role be corrected, without another upload.
    page.get_by_text("a decimal mark", exact=True).click()
    settled(page)
    expect(page.get_by_text("Decimal mark comma")).to_be_visible()
    page.get_by_text("Correct how the file is read").click()
    page.get_by_label("Header line").fill("1")
    page.get_by_role("button", name="Read it again").click()
    settled(page)
    page.get_by_role("button", name="Use this file").click()
    expect(page.get_by_role("button", name="Read it differently")).to_be_visible()
    assert len(list((server.home / "datasets").glob("*"))) == 1
    assert not list((server.home / "uploads").glob("*"))
    assert not complaints.messages
