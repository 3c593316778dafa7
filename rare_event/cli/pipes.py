"""What happens when whoever reads the output stops reading, as `head` does."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

# The exit code that shells give a program whose reader is gone.
READER_GONE = 141


def quietly(command: Callable[[], int]) -> int:
    """Run a command and return its exit code, or `READER_GONE` where nobody reads what it prints.

    Parameters
    ----------
    command
        Prints, and returns an exit code.
    """
    try:
        try:
            code = command()
        except SystemExit:
            sys.stdout.flush()
            raise
        # What is still to be written would otherwise fail when Python ends.
        sys.stdout.flush()
    except BrokenPipeError:
        if not _silence():
            raise
        return READER_GONE
    return code


def _silence() -> bool:
    """Send what is left to nobody; False if somebody reads all: another pipe broke then."""
    gone = False
    # Nothing may appear among the errors, and what failed there is still to be written.
    for stream, tried in ((sys.stdout, "\n"), (sys.stderr, "")):
        try:
            stream.write(tried)
            stream.flush()
        except BrokenPipeError:
            gone = True
            nobody = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nobody, stream.fileno())
            os.close(nobody)
    return gone
