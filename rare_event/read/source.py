"""Where the bytes of a file come from: a path, or memory."""

from __future__ import annotations

import io
from pathlib import Path

Source = str | Path | bytes


def open_source(source: Source) -> io.BytesIO | io.BufferedReader:
    """Open a path, or bytes already in memory, for reading."""
    return io.BytesIO(source) if isinstance(source, bytes) else Path(source).open("rb")
