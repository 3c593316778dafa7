"""What reaches the terminal: names of files, columns and runs may hold signs that move or colour it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any, TextIO, cast

# Controls but tab and line feed, marks that turn the direction of writing, bytes of a name that are no text.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


class _Plain:
    """A stream that shows such signs as a replacement character, and is otherwise the stream it writes to."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        bar = text.startswith("\r")  # a progress bar writes its line again
        text = "\r" * bar + _UNSAFE.sub("\ufffd", text[bar:])
        try:
            return self._stream.write(text)
        except UnicodeEncodeError as error:  # a terminal without these letters
            return self._stream.write(text.encode(error.encoding, "replace").decode(error.encoding))


@contextmanager
def plain_output() -> Iterator[None]:
    """Let nothing that a file holds control the terminal, on standard output and standard error."""
    out, err = (cast(TextIO, _Plain(stream)) for stream in (sys.stdout, sys.stderr))
    with redirect_stdout(out), redirect_stderr(err):
        yield
