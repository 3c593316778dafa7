"""Faults in each phase of a run: what was finished stays, and nothing half-written is read as whole."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from rare_event.errors import RareEventError
from rare_event.jobs.worker import execute
from rare_event.store import workspace as disk
from rare_event.store.check import damages_of
from rare_event.store.datasets import Dataset, add_dataset
from rare_event.store.runs import Run, create_run, list_runs
from tests.small import PCA

ROOT = Path(__file__).resolve().parents[2]
PHASES = ("began", "prepared", "trained", "scored", "judged", "saved", "ended")
ENDS = {"SIGKILL": signal.SIGKILL, "SIGTERM": signal.SIGTERM, "Ctrl-C": signal.SIGINT}


@pytest.fixture
def dataset(workspace: Path, small_csv: bytes) -> Dataset:
    return add_dataset(small_csv, "small.csv")


@pytest.fixture
def finished(dataset: Dataset) -> Run:
    run = create_run(dataset, PCA)
    execute(run)
    return run


def content(run: Run) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in sorted(run.folder.rglob("*")) if path.is_file()}


class Disk:
    """A disk on which a file can be put in place only so often."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.fail((0).__eq__)
        monkeypatch.setattr(disk, "os", SimpleNamespace(**{**vars(os), "replace": self._replace}))

    def _replace(self, source: Path, target: Path) -> None:
        self.puts += 1
        if self.fails(self.puts):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.replace(source, target)

    def fail(self, fails: Callable[[int], bool]) -> None:
        self.puts = 0
        self.fails = fails


def test_the_disk_is_full_at_each_write(
    workspace: Path,
    dataset: Dataset,
    finished: Run,
    monkeypatch: pytest.MonkeyPatch,
    subtests: pytest.Subtests,
) -> None:
    before, full = content(finished), Disk(monkeypatch)
    execute(create_run(dataset, PCA))
    n_writes = full.puts
    assert n_writes > 15
    for nth in range(1, n_writes + 1):
        with subtests.test(f"write {nth} of {n_writes}"):
            run = create_run(dataset, PCA)
            full.fail(nth.__eq__)
            said = ""
            try:
                execute(run)
            except RareEventError as error:
                said = str(error)
            full.fail((0).__eq__)
            status = run.status()
            if status.state == "done":
                assert run.evaluation().run == run.id
            else:
                assert status.state in ("queued", "failed") and "cannot be written to" in said
            assert damages_of(workspace) == [] and content(finished) == before
            # It can be trained once there is space again.
            if status.state == "queued":
                execute(run)
                assert run.status().state == "done"


@pytest.fixture
def command(workspace: Path, small_csv: bytes) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Starts the command line on a file, which tells its phases; what still runs at the end is killed."""
    file, started = workspace.parent / "small.csv", list[subprocess.Popen[str]]()
    file.write_bytes(small_csv)
    line = [sys.executable, "-m", "rare_event", "--log", "info", "run", str(file), "--model", "pca"]

    def begin() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            line, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("how", ENDS)
@pytest.mark.parametrize("phase", PHASES)
def test_a_command_is_ended_in_each_phase(
    phase: str, how: str, workspace: Path, finished: Run, command: Callable[[], subprocess.Popen[str]]
) -> None:
    before, process = content(finished), command()
    assert process.stderr is not None
    told = next((line for line in process.stderr if f"phase={phase}" in line), "")
    process.send_signal(ENDS[how])
    process.stderr.read()
    process.wait(120)
    (run,) = [each for each in list_runs(role=None) if each != finished]
    # What is left queued would be trained by an app later, though nobody asked for it.
    assert told and run.status().state in ("interrupted", "done"), run.status()
    assert damages_of(workspace) == [] and content(finished) == before
    if run.status().state != "done":
        assert not (run.folder / "digests.json").exists(), "it is read as whole"
