"""Files are written whole or not at all, and a disk that cannot be written is a sentence."""

import errno
import os
from pathlib import Path

import pytest

from rare_event.errors import RunError
from rare_event.store.workspace import (
    HOME_VARIABLE,
    explain_disk_errors,
    home,
    write,
    write_text,
)


def test_home_is_what_the_variable_names(workspace, monkeypatch) -> None:
    assert home() == workspace
    monkeypatch.setenv(HOME_VARIABLE, "")
    assert home() != workspace and home().name == "rare_event" and home() != Path()
    monkeypatch.delenv(HOME_VARIABLE)
    assert home().is_absolute()


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_write_makes_the_folder_and_leaves_the_file_alone_in_it(tmp_path) -> None:
    path = tmp_path / "a" / "b" / "note.txt"
    assert write_text(path, "Grüße") == path
    assert path.read_text(encoding="utf-8") == "Grüße" and names(path.parent) == ["note.txt"]
    write_text(path, "again")
    assert path.read_text(encoding="utf-8") == "again" and names(path.parent) == ["note.txt"]


def test_half_a_file_is_never_seen(tmp_path) -> None:
    path = tmp_path / "status.json"
    write_text(path, "old")
    seen = []

    def save(temporary):
        temporary.write_text("ne")
        seen.append((temporary.name, path.read_text()))
        temporary.write_text("new")

    write(path, save)
    # While it is written the old content stands; the temporary name ends like the real one.
    assert seen == [("status.json", "old")] and path.read_text() == "new"


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt(), OSError(errno.EIO, "I/O error")])
def test_a_save_that_fails_leaves_nothing_behind(tmp_path, error) -> None:
    path = tmp_path / "scores.parquet"

    def save(temporary):
        temporary.write_text("half")
        raise error

    with pytest.raises(type(error)):
        write(path, save)
    assert names(tmp_path) == []
    write_text(path, "whole")
    with pytest.raises(type(error)):
        write(path, save)
    assert names(tmp_path) == ["scores.parquet"] and path.read_text() == "whole"


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.EPERM])
def test_a_full_or_closed_disk_is_a_sentence(tmp_path, code) -> None:
    def save(temporary):
        temporary.write_text("half")
        raise OSError(code, os.strerror(code))

    with pytest.raises(RunError) as refused:
        write(tmp_path / "x.json", save)
    sentence = str(refused.value)
    assert os.strerror(code) in sentence and str(tmp_path) in sentence
    assert "Free some space" in sentence and HOME_VARIABLE in sentence
    assert names(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path, monkeypatch) -> None:
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "mkdir", full)
    with pytest.raises(RunError, match="No space left on device"):
        write_text(tmp_path / "runs" / "x.json", "{}")


def test_other_errors_of_the_disk_are_not_hidden() -> None:
    with pytest.raises(FileNotFoundError), explain_disk_errors(Path("here")):
        raise FileNotFoundError(errno.ENOENT, "gone")
