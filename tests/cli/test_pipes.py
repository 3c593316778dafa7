"""A command whose reader is gone ends quietly; another broken pipe stays an error."""

import os
import subprocess
import sys

import pytest

from rare_event.cli.pipes import READER_GONE, UNWRITABLE, quietly
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


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="This system has no device that is always full.")
@pytest.mark.parametrize(
    "arguments", [["check"], ["run", "--model", "pca"], ["list"]], ids=lambda each: each[0]
)
def test_an_output_that_is_full_is_a_sentence(arguments, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    monkeypatch.setenv("RARE_EVENT_HOME", str(tmp_path / "home"))
    file = tmp_path / "small.csv"
    small_frame().to_csv(file, index=False)
    name, *options = arguments
    command = [*COMMAND, name, *([] if name == "list" else [str(file)]), *options]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == UNWRITABLE
    assert "The output cannot be written: No space left on device." in done.stderr
    assert "Traceback" not in done.stderr


def test_without_standard_streams_a_command_works_and_prints_nowhere(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)

    def command() -> int:
        sys.stdout.write("nowhere")
        sys.stderr.write("nowhere")
        return 7

    assert quietly(command) == 7
