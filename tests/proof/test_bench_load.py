"""The bench of many sessions measures what it says. It starts the app once and trains."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from rare_event import bench
from rare_event.bench import load


@pytest.mark.timeout(900)
def test_sessions_are_timed_while_a_model_trains_and_presses_of_train_wait(monkeypatch) -> None:
    monkeypatch.setattr(load, "SESSIONS", (1, 2))
    monkeypatch.setattr(load, "WALKS", 1)
    monkeypatch.setattr(load, "VISITORS", 3)
    monkeypatch.setattr(load, "PRESSES", 3)
    monkeypatch.setattr(load, "THINKING", 0.1)
    # In a thread of its own: the browser of other tests leaves a loop running in theirs.
    with ThreadPoolExecutor(1) as thread:
        ((_, row),) = thread.submit(lambda: list(bench.measure(["load"]))).result()
    assert {n: set(of) >= {"switch", "release", "commit", "opened"} for n, of in row["sessions"].items()} == {
        1: True,
        2: True,
    }
    assert row["sessions"][2]["switch"]["n"] == 2 * len(load.PAGES) and set(row["pages"]) == set(load.PAGES)
    assert row["errors"] == {1: [], 2: [], "visitors": []}
    # One worker: the presses wait behind the training, none beside it.
    assert sorted(row["presses"]) == ["queued"] * 3 + ["running"]
    assert row["memory"]["before"] > 1e8 and row["notes"][-1].startswith(
        "3 presses of Train at once, during a"
    )
