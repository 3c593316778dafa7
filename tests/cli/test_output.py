"""No output replaces anything by accident, and Ctrl-C ends in a sentence."""

from pathlib import Path

import pytest

from rare_event.cli import commands
from rare_event.cli.output import check_output
from rare_event.cli.parser import main
from rare_event.errors import ConfigError
from rare_event.store.runs import list_runs
from tests.small import small_frame


@pytest.fixture
def csv(workspace, tmp_path):
    path = tmp_path / "small.csv"
    small_frame().to_csv(path, index=False)
    return path


def test_a_ledger_never_replaces_the_input(csv, capsys) -> None:
    before = csv.read_bytes()
    (csv.parent / "link.csv").symlink_to(csv)
    for name in ("small.csv", "link.csv"):
        assert main(["run", str(csv), "--ledger", str(csv.parent / name), "--force"]) == 2
        assert "is the input file" in capsys.readouterr().err
    assert csv.read_bytes() == before
    assert not list_runs()


def test_a_ledger_is_refused_before_training(csv, capsys) -> None:
    kept = csv.parent / "kept.csv"
    kept.write_text("mine")
    for target, words in (
        (kept, "already exists"),
        (csv.parent, "is a folder"),
        (csv.parent / "absent" / "a.csv", "does not exist"),
    ):
        assert main(["run", str(csv), "--ledger", str(target)]) == 2
        assert words in capsys.readouterr().err
    assert kept.read_text() == "mine"
    assert not list_runs()


def test_two_outputs_are_never_one_file(csv, capsys) -> None:
    one = str(csv.parent / "out.csv")
    assert main(["run", str(csv), "--model", "pca", "--ledger", one, "--alarms", one]) == 2
    assert "out.csv is given for two outputs" in capsys.readouterr().err
    assert not Path(one).exists() and not list_runs()


def test_a_name_that_no_file_can_have_is_a_sentence(csv, capsys) -> None:
    assert main(["run", str(csv), "--model", "pca", "--ledger", str(csv.parent / ("a" * 300))]) == 2
    out, err = capsys.readouterr()
    assert "No file can have the name aaaa" in err and len(err) < 200 and not out
    assert not list_runs()


def test_a_folder_that_takes_no_file_is_refused_before_training(csv, capsys) -> None:
    assert main(["run", str(csv), "--model", "pca", "--ledger", "/proc/ledger.csv"]) == 2
    out, err = capsys.readouterr()
    assert err.startswith("rare_event: No file can be written to /proc") and not out
    assert not list_runs()


def test_an_export_is_refused_where_a_file_stands(workspace, tmp_path, capsys) -> None:
    kept = tmp_path / "net.keras"
    kept.write_text("mine")
    assert main(["export", "no-run", str(kept)]) == 2
    assert "already exists" in capsys.readouterr().err
    assert kept.read_text() == "mine"


def test_force_replaces_files_and_links_but_no_device(tmp_path) -> None:
    file, dangling = tmp_path / "a.csv", tmp_path / "b.csv"
    file.write_text("old")
    dangling.symlink_to(tmp_path / "nowhere")
    for path in (file, dangling):
        with pytest.raises(ConfigError, match="--force"):
            check_output(path, force=False)
        check_output(path, force=True)
    with pytest.raises(ConfigError, match="is a device"):
        check_output(Path("/dev/null"), force=True)
    check_output(tmp_path / "new.csv", force=False)


def test_ctrl_c_is_a_sentence_and_a_code(csv, capsys, monkeypatch) -> None:
    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "configure", interrupted)
    assert main(["run", str(csv)]) == 130
    out, err = capsys.readouterr()
    assert err == "rare_event: stopped.\n"
    assert not out
