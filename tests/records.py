"""Records of a workspace as tests read and rewrite them."""

import json
from pathlib import Path
from typing import Any

from rare_event.store.digests import DIGESTS
from rare_event.store.serial import KEPT


def stored(path: Path) -> Any:
    """The record in a file, as plain data."""
    return json.loads(text_of(path.read_bytes()))


def text_of(content: bytes) -> bytes:
    """The text of a record without its digest."""
    found = KEPT.fullmatch(content)
    return content if found is None else found[2]


def as_older_version(folder: Path) -> None:
    """Leave the records of a folder as versions wrote them that knew no digests."""
    (folder / DIGESTS).unlink(missing_ok=True)
    for path in folder.glob("*.json"):
        path.write_bytes(text_of(path.read_bytes()))
