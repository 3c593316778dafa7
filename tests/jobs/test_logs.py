"""What is logged of jobs: each phase in one line with ids and seconds, and nothing of the file."""

import io
import logging
import os
import re
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from rare_event import logs
from rare_event.cli.parser import BAD_INPUT, main
from rare_event.config import AlarmPolicy, DesignSpace, SplitPlan
from rare_event.errors import Cancelled, ConfigError, RareEventError, RunError
from rare_event.jobs.map_runner import run_map
from rare_event.jobs.queue import Jobs
from rare_event.jobs.scoring import score_in_worker
from rare_event.jobs.worker import execute, execute_in_worker
from rare_event.logs import log, logged_job, set_up
from rare_event.store.datasets import Dataset, add_dataset
from rare_event.store.maps import create_map
from rare_event.store.runs import create_run
from rare_event.store.scorings import create_scoring
from rare_event.ui.place import show_errors
from tests.small import ENDLESS, PCA, small_frame

MARKER = "Geheimnis"
LINE = re.compile(r"phase=[a-z-]+( [a-z]+=[A-Za-z0-9_.-]+)*")


class Here(Executor):
    """Executes each cell at once, in this process."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def marked_frame() -> pd.DataFrame:
    frame = small_frame(1200)
    return frame.rename(columns={name: f"{MARKER} {name}" for name in frame.columns if name.startswith("s")})


@pytest.fixture
def dataset(workspace, caplog) -> Dataset:
    caplog.set_level(logging.INFO, "rare_event")
    return add_dataset(marked_frame().to_csv(index=False).encode(), f"{MARKER}.csv")


@pytest.fixture(autouse=True)
def _silent_again(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv(logs.VARIABLE, logs.OFF)
    yield
    set_up(logs.OFF)


def lines(caplog: pytest.LogCaptureFixture, phase: str = "") -> list[str]:
    found = [record.getMessage() for record in caplog.records if record.name == "rare_event"]
    return [line for line in found if line.startswith(f"phase={phase}")]


def phases(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [line.split()[0].removeprefix("phase=") for line in lines(caplog)]


def test_each_phase_of_a_run_is_a_line_with_its_id_and_seconds(dataset: Dataset, caplog) -> None:
    run = create_run(dataset, replace(PCA, split=SplitPlan("rolling", folds=3)))
    execute_in_worker(run.id)
    expected = "began prepared trained trained trained scored saved judged saved ended"
    assert phases(caplog) == expected.split()
    for number, line in enumerate(lines(caplog)):
        assert LINE.fullmatch(line) and f"run={run.id}" in line, line
        assert ("seconds=" in line) == (number > 0), line
    assert [line for line in lines(caplog, "trained") if "fold=2 folds=3" in line]
    assert "state=done" in lines(caplog, "ended")[0] and MARKER not in caplog.text


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_a_run_that_ends_otherwise_says_how_and_quotes_nothing(dataset: Dataset, caplog, state: str) -> None:
    policy = (
        AlarmPolicy(suppress_column=f"{MARKER} x", suppress_values=("a",))
        if state == "failed"
        else PCA.policy
    )
    run = create_run(dataset, replace(ENDLESS if state == "cancelled" else PCA, policy=policy))

    def cancel(*_: object) -> None:
        raise Cancelled(f"{MARKER} was cancelled.")

    with pytest.raises(RareEventError, match=MARKER):
        execute(run, cancel)
    (ended,) = lines(caplog, "ended")
    error = "ConfigError" if state == "failed" else "Cancelled"
    assert f"run={run.id} state={state} error={error} seconds=" in ended
    assert "judged" not in phases(caplog) and MARKER not in caplog.text


def test_a_scored_file_and_a_map_are_logged_with_their_ids(dataset: Dataset, caplog) -> None:
    run = create_run(dataset, PCA)
    execute(run)
    caplog.clear()
    rows = marked_frame()
    good = create_scoring(run, [(io.BytesIO(rows.to_csv(index=False).encode()), f"{MARKER}.csv")])
    score_in_worker(good.id)
    assert phases(caplog) == ["began", "read", "scored", "saved", "ended"]
    assert all(f"scoring={good.id}" in line for line in lines(caplog))
    lacking = rows.drop(columns=f"{MARKER} s1").to_csv(index=False).encode()
    bad = create_scoring(run, [(io.BytesIO(lacking), f"{MARKER}.csv")])
    score_in_worker(bad.id)
    assert bad.status().state == "failed" and MARKER in bad.status().message
    assert f"scoring={bad.id} state=failed" in lines(caplog, "ended")[1]
    caplog.clear()
    design_map = create_map(dataset, DesignSpace((2,), (1,), ("level",), ("pca",), folds=3))
    run_map(design_map, 1, open_worker=Here)
    assert all(f"map={design_map.id}" in line for line in lines(caplog))
    assert [line for line in lines(caplog, "ended") if " run=" not in line and "state=done" in line]
    assert MARKER not in caplog.text


def test_a_queued_run_and_one_cancelled_before_it_began_are_logged(dataset: Dataset, caplog) -> None:
    class Waiting(Executor):
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            return Future()

    waiting = Waiting()
    jobs, run = Jobs(lambda: waiting), create_run(dataset, PCA)
    jobs.submit(run)
    jobs.cancel(run)
    assert lines(caplog) == [f"phase=queued run={run.id}", f"phase=ended run={run.id} state=cancelled"]


def test_an_error_on_a_page_is_logged_by_its_kind(caplog) -> None:
    caplog.set_level(logging.INFO, "rare_event")

    def fail() -> None:
        raise RunError(f"{MARKER} cannot be read.")

    with show_errors():
        fail()
    assert lines(caplog) == ["phase=shown error=RunError"]


def test_what_is_no_id_is_never_written(caplog) -> None:
    caplog.set_level(logging.INFO, "rare_event")
    for text in ("two words", "a/path", "x=1", "line\nbreak", "\x1b[2J", "ü", "", "a" * 65):
        log("tried", what=text)
    assert {*lines(caplog)} == {"phase=tried what=?"}
    with logged_job(run="1"), logged_job(fold="2"):
        log("tried", seconds=1.0, count=3)
    assert "phase=tried run=1 fold=2 seconds=1.000 count=3" in lines(caplog)
    log("after")
    assert lines(caplog)[-1] == "phase=after"


def test_the_command_line_is_silent_unless_asked(
    workspace, tmp_path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    path = tmp_path / f"{MARKER}.csv"
    marked_frame().to_csv(path, index=False)
    command = ["run", str(path), "--model", "pca"]
    assert main(command) == 0
    assert "phase=" not in capsys.readouterr().err
    for arguments, level in ((["--log", "info", *command], "off"), (command, "info")):
        set_up(logs.OFF)
        monkeypatch.setenv(logs.VARIABLE, level)
        assert main(arguments) == 0
        out, err = capsys.readouterr()
        written = [line for line in err.splitlines() if "phase=" in line]
        assert [line.split("phase=")[1].split()[0] for line in written][-1] == "ended" and "phase=" not in out
        assert all(re.match(r"time=\d{4}-\d\d-\d\dT[0-9:]{8}Z level=INFO phase=", line) for line in written)
        assert not any(MARKER in line for line in written)
    monkeypatch.setenv(logs.VARIABLE, "loud")
    assert main(command) == BAD_INPUT
    assert "RARE_EVENT_LOG is 'loud'. Set it to info or to off." in capsys.readouterr().err


def test_logs_are_set_up_once_and_a_closed_standard_error_stops_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    set_up("info")
    set_up("info")
    log("once")
    assert capsys.readouterr().err.count("phase=once") == 1 and os.environ[logs.VARIABLE] == "info"
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr("sys.stderr", closed)
    log("lost")
    monkeypatch.setattr("sys.stderr", None)
    log("lost")
    monkeypatch.undo()
    log("again")
    assert "phase=again" in capsys.readouterr().err
    with pytest.raises(ConfigError):
        set_up("loud")
