"""Checks of output files."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from rare_event.errors import ConfigError

# Of a name, in a sentence.
LONGEST = 40


def check_output(path: Path, force: bool, inputs: Sequence[Path] = ()) -> None:
    """Refuse an output that would replace something, before any work is done.

    Parameters
    ----------
    path
        The output file.
    force
        Whether it may replace a file or a link; an input, a device or a folder it never replaces.
    inputs
        The files that the command reads.

    Raises
    ------
    ConfigError
        If the output cannot be written there.
    """
    try:
        path.lstat()
    except FileNotFoundError:
        pass
    except OSError as error:
        raise ConfigError(
            f"No file can have the name {path.name[:LONGEST]}…: {error.strerror}. Choose another name."
        ) from error
    if path.is_dir():
        raise ConfigError(f"{path} is a folder. Give a file name.")
    if not path.parent.is_dir():
        raise ConfigError(f"The folder {path.parent} does not exist. Create it, or choose another one.")
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise ConfigError(
            f"No file can be written to {path.parent}: {error.strerror}. Choose another folder."
        ) from error
    if path.exists():
        if any(given.exists() and path.samefile(given) for given in inputs):
            raise ConfigError(f"{path} is the input file. Choose another file for the output.")
        if not path.is_file():
            raise ConfigError(f"{path} is a device, not a file. Choose a file for the output.")
    if not force and (path.exists() or path.is_symlink()):
        what = "is a link" if path.is_symlink() else "already exists"
        raise ConfigError(f"{path} {what}. Choose another file, or add --force to replace it.")


def refuse_one_output(*paths: Path | None) -> None:
    """Refuse two outputs in one file, of which the later would replace the other.

    Raises
    ------
    ConfigError
        If two paths are the same.
    """
    given = [path.absolute() for path in paths if path is not None]
    if len(set(given)) < len(given):
        raise ConfigError(f"{given[0].name} is given for two outputs. Choose a file for each.")
