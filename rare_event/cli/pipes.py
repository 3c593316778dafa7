"""What happens when nobody reads the output any more, as with `head`, or it cannot be written."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable

# The exit code that shells give a program whose reader is gone.
READER_GONE = 141
# The code of sysexits.h for an error of input or output.
UNWRITABLE = 74
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
UNWRITTEN = (
    "rare_event: The output cannot be written: {why}. What the command kept in the workspace is there "
    "(`rare-event list`). Free some space, or send the output elsewhere.\n"
)


def quietly(command: Callable[[], int]) -> int:
    """Run a command and return its exit code, or another where what it prints cannot be written.

    `READER_GONE` where nobody reads it, `UNWRITABLE` where the disk it goes to is full. Without a standard
    output at all, the command works and prints nowhere.

    Parameters
    ----------
    command
        Prints, and returns an exit code.
    """
    _provide_streams()
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
    except OSError as error:
        if error.errno not in FULL or not _silence():
            raise
        sys.stderr.write(UNWRITTEN.format(why=error.strerror))
        return UNWRITABLE
    return code


def _provide_streams() -> None:
    """Give a process that was started without standard streams some that lead nowhere."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115


def _silence() -> bool:
    """Send what is left to nobody; False if all can be written: something else failed then."""
    gone = False
    # Nothing may appear among the errors, and what failed there is still to be written.
    for stream, tried in ((sys.stdout, "\n"), (sys.stderr, "")):
        try:
            stream.write(tried)
            stream.flush()
        except OSError:
            gone = True
            nobody = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nobody, stream.fileno())
            os.close(nobody)
    return gone
