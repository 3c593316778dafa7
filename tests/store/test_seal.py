"""One rule of what is open: at any threshold for comparisons, at the committed one for the rest."""

import pytest

from rare_event.config import RECOMMENDED, AlarmPolicy, Rule
from rare_event.errors import RunError
from rare_event.store.datasets import add_dataset
from rare_event.store.records import Committed
from rare_event.store.runs import Run, create_run
from rare_event.store.seal import changed_after_a_look, ever_opened, is_open, open_at_threshold, open_once


def committed(value: float, policy: AlarmPolicy | None = None, time: str = "2024-01-01") -> Committed:
    return Committed({0: value}, Rule(), policy or AlarmPolicy(), time)


@pytest.fixture
def run(workspace, upload) -> Run:
    run = create_run(add_dataset(upload, "mill.csv"), RECOMMENDED)
    run.commit(committed(1.0))
    return run


def test_a_run_is_sealed_until_someone_opens_it(run) -> None:
    other = create_run(run.dataset(), RECOMMENDED)
    assert not ever_opened(run) and not is_open(run)
    open_at_threshold(run)
    assert ever_opened(run) and is_open(run)
    assert not ever_opened(other) and not is_open(other)


def test_what_is_open_is_not_opened_again(run) -> None:
    for open_it in (open_once, open_at_threshold, open_once, open_at_threshold):
        open_it(run)
        assert len(run.looks()) == 1
    assert not changed_after_a_look(run.looks())


def test_another_threshold_or_policy_closes_it_and_the_same_one_does_not(run) -> None:
    open_at_threshold(run)
    run.commit(committed(1.0, time="2024-01-02"))
    assert is_open(run)
    for changed in (committed(2.0), committed(1.0, AlarmPolicy(k=2, n=3))):
        run.commit(changed)
        assert not is_open(run) and ever_opened(run)
    # A comparison needs no threshold: it is no look once there was one.
    open_once(run)
    assert len(run.looks()) == 1 and not is_open(run)
    open_at_threshold(run)
    assert len(run.looks()) == 2 and is_open(run) and changed_after_a_look(run.looks())
    # Only the latest look counts: back at the first threshold, it is closed.
    run.commit(committed(1.0))
    assert not is_open(run)


def test_without_a_look_nothing_was_changed_after_one_and_a_damaged_record_opens_nothing(run) -> None:
    assert not changed_after_a_look([])
    (run.folder / "looks.json").write_text("{")
    for ask in (ever_opened, is_open, open_once, open_at_threshold):
        with pytest.raises(RunError, match="record of looks"):
            ask(run)
    assert (run.folder / "looks.json").read_text() == "{"
