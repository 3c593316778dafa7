"""No sign that moves, colours or renames a terminal reaches it, wherever it comes from."""

import io
import os
import sys
from pathlib import Path

import pytest

from rare_event.cli.parser import main
from rare_event.cli.terminal import plain_output
from tests.small import small_frame

ESCAPES = {
    "colour": "\x1b[31mred",
    "title": "\x1b]0;owned\x07",
    "clear": "\x1b[2J\x1b[H",
    "one sign for an escape": "\x9b31m",
    "back and over": "\b\b\bx\rz",
    "right to left": "\u202efdp",
    "bell": "\x07",
    "delete": "\x7f",
}
CONTROLS = {*map(chr, [*range(9), *range(11, 32), *range(127, 160)]), "\u202e"}


@pytest.mark.parametrize("kind", ESCAPES)
def test_names_and_values_are_text_on_the_command_line(
    kind: str, workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame, sign = small_frame(), ESCAPES[kind]
    frame["grade"] = [f"thin{sign}", "thick"] * 300
    frame = frame.rename(columns={"s1": f"s{sign}1", "y": f"y{sign}"})
    path = workspace / f"small{sign}.csv"
    frame.to_csv(path, index=False)
    said = []
    for arguments in (
        ["check", str(path)],
        ["check", str(path), "--json"],
        ["check", f"{path}.missing"],
        ["check", str(path), "--label", f"no{sign}"],
        ["check", str(path), "--decimal", sign],
        ["run", str(path), "--model", "pca", "--policy", f"k{sign}=1"],
        ["run", str(path), "--model", "pca", "--label", f"y{sign}"],
        ["run", str(path), "--model", f"no{sign}"],
        ["summary", f"run{sign}"],
    ):
        try:
            main(arguments)
        except SystemExit as ended:  # argparse
            assert ended.code == 2
        out, err = capsys.readouterr()
        said.append(out + err)
        assert not CONTROLS & {*out} and not CONTROLS - {"\r"} & {*err}, (arguments, out, err)
    assert all(said[:1] + said[2:])


def test_a_name_that_is_no_text_is_shown_and_not_a_traceback(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = workspace / os.fsdecode(b"small\xff.csv")
    small_frame().to_csv(path, index=False)
    assert main(["check", str(path)]) in (0, 1)
    capsys.readouterr()
    path.write_text("")
    assert main(["check", str(path)]) == 2
    err = capsys.readouterr().err
    assert "\udcff" not in err and "small\ufffd.csv" in err


def test_a_bar_may_return_to_the_start_of_its_line_and_a_terminal_may_lack_letters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = io.BytesIO()
    narrow = io.TextIOWrapper(written, "ascii")
    monkeypatch.setattr(sys, "stderr", narrow)
    with plain_output():
        sys.stderr.write("\r50% |████|\rdone\x1b[0m")
        sys.stderr.flush()
        assert sys.stderr.encoding == "ascii"
    assert sys.stderr is narrow
    assert written.getvalue() == b"\r50% |????|?done?[0m"
