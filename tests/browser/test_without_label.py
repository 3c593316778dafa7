"""The Threshold page of a file without a label, in a real browser: dragged, it claims nothing of events."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from rare_event.jobs.worker import execute
from rare_event.prepare.corrections import Corrections
from rare_event.store.datasets import add_dataset
from rare_event.store.runs import Run, create_run
from tests.app.test_without_label import FORBIDDEN, unlabelled
from tests.browser.conftest import Complaints, Server, settled
from tests.browser.test_explorer import drag, next_frame, open_explorer, stands_at
from tests.small import PCA

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


@pytest.fixture
def run(server: Server) -> Iterator[Run]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RARE_EVENT_HOME", str(server.home))
        content = unlabelled().to_csv(index=False).encode()
        run = create_run(add_dataset(content, "rows.csv", said=Corrections(no_label=True)), replace(PCA))
        execute(run)
        yield run


def test_the_threshold_is_dragged_without_a_label(
    page: Page, server: Server, run: Run, complaints: Complaints
) -> None:
    root = open_explorer(page, server, run)
    settled(page)
    before, figure = stands_at(root), page.locator(".figures [data-figure=in_alarm]")
    expect(figure).to_contain_text("%")
    rare = figure.inner_text()
    drag(page, root, [0.8, 0.5, 0.05])
    next_frame(page)
    assert stands_at(root) < before
    expect(figure).not_to_have_text(rare)
    expect(figure).to_contain_text("%")
    often = figure.inner_text()
    assert float(often.removesuffix("%")) > float(rare.removesuffix("%"))
    page.mouse.up()
    expect(page.get_by_text(re.compile(r"Threshold shown: [^·]+\(set by hand"))).to_be_visible()
    page.get_by_role("button", name="Commit this threshold").click()
    expect(page.get_by_text(re.compile(r"Committed on .* \(set by hand"))).to_be_visible()
    assert run.committed().thresholds == {0: stands_at(root)}
    said = page.locator("body").inner_text()
    spoken = root.get_by_role("slider").get_attribute("aria-valuetext") or ""
    assert "alarms" in spoken and "no event column" in said
    assert not FORBIDDEN.search(said) and not FORBIDDEN.search(spoken) and "alse alarm" not in said + spoken
    expect(root.get_by_text("events", exact=True)).to_have_count(0)
    assert complaints.messages == []
