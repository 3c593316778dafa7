"""The bench of page switches measures what it says. It starts the app three times."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from rare_event import bench
from rare_event.bench import pages


@pytest.mark.browser
@pytest.mark.timeout(600)
def test_page_switches_are_measured_in_a_browser_while_idle_and_while_a_file_is_read(monkeypatch) -> None:
    monkeypatch.setattr(pages, "ROUNDS", 1)
    monkeypatch.setattr(pages, "INGEST_ROWS", 3000)
    # In a thread of its own: the browser of other tests leaves a loop running in theirs.
    with ThreadPoolExecutor(1) as thread:
        rows = thread.submit(lambda: dict(bench.measure(["page-switch", "answers"]))).result()
    switch, answered = rows["page-switch"], rows["answers"]
    assert set(switch["pages"]) == set(pages.PAGES)
    assert set(switch["first"]) == {*pages.PAGES, "Evaluate, opened"}
    assert switch["ours"] == max(switch["pages"].values()) > 0 and switch["reference"] > 0
    assert answered["switches"] >= len(pages.PAGES) and answered["ours"] > 0
    assert "3,000 rows were uploaded and read" in answered["reference_is"]
