"""A command whose reader is gone ends quietly; another broken pipe stays an error."""

import os
import subprocess
import sys

import pytest

from rare_event.cli.pipes import READER_GONE, quietly
from tests.small import small_frame

COMMAND = [sys.executable, "-m", "rare_event"]


def to_nobody(arguments: list[str], *, errors_too: bool = False) -> tuple[int, str]:
    """Run a command into a pipe that is closed at its other end."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [*COMMAND, *arguments],
            stdout=writer,
            stderr=writer if errors_too else subprocess.PIPE,
            text=True,
            check=False,
        )
    finally:
        os.close(writer)
    return done.returncode, done.stderr or ""


@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "small.csv"],
        ["judge-alarms", "small.csv", "--rule", "s3 > 0", "--json"],
    ],
    ids=["check", "judge-alarms"],
)
def test_a_command_without_a_reader_ends_with_nothing_on_standard_error(
    arguments, unbuffered, tmp_path, monkeypatch
) -> None:
    small_frame().to_csv(tmp_path / "small.csv", index=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    assert to_nobody(arguments) == (READER_GONE, "")


def test_a_sentence_that_nobody_reads_is_no_traceback_either(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    assert to_nobody(["check", str(tmp_path / "absent.csv")], errors_too=True) == (READER_GONE, "")
    assert to_nobody(["check", str(tmp_path / "absent.csv")])[0] == 2


def test_another_broken_pipe_is_not_hidden() -> None:
    def command() -> int:
        raise BrokenPipeError("the worker is gone")

    with pytest.raises(BrokenPipeError, match="the worker is gone"):
        quietly(command)
    assert quietly(lambda: 3) == 3
