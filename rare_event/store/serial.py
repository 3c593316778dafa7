"""Records to JSON and back, and the error sentence if that fails.

A record that is kept carries its digest, so that a file that was damaged is never read as another record.
"""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import is_dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast
from zipfile import BadZipFile

from rare_event.errors import RunError

if TYPE_CHECKING:
    from pydantic import TypeAdapter

T = TypeVar("T")
TRAIN_AGAIN = "Train the run again."
MAP_AGAIN = "Create a new map."
UPLOAD_AGAIN = "Upload the file again."
MOST_SHARED = 50_000  # bytes
NEWER = "It may come from a newer version."
# Its bytes, between two lines of ours, are those that the digest is taken of.
KEPT = re.compile(rb'\{"sha256": "([0-9a-f]{64})",\n"record": (.*)\}\n', re.DOTALL)
UNREADABLE = (
    *(OSError, ValueError, KeyError, IndexError, TypeError, AttributeError, EOFError, BadZipFile, zlib.error),
    *(MemoryError, RecursionError, OverflowError, NotImplementedError),
)


class OtherVersion(ValueError):
    """A record is as it was written, and this version does not know it."""


def _adapter(kind: Any) -> TypeAdapter[Any]:
    # The parameter is Any, because mypy does not accept a class as hashable.
    return _cached_adapter(kind)


@cache
def _cached_adapter(kind: Any) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def to_plain(value: object, kind: Any = None) -> Any:
    """Return a record as plain data: lists, and dictionaries with text as keys."""
    return _adapter(kind or type(value)).dump_python(value, mode="json")


def dump(value: object, kind: Any = None) -> str:
    """Return a record as JSON text; see `to_plain` for `value` and `kind`.

    Raises
    ------
    ValueError
        If it holds an infinity or NaN.
    """
    return json.dumps(to_plain(value, kind), indent=1, allow_nan=False)


def dump_kept(value: object, kind: Any = None) -> str:
    """Return a record as JSON text that carries its digest; see `dump`."""
    return kept(dump(value, kind))


def kept(text: str) -> str:
    """Return the text of a record with its digest."""
    return f'{{"sha256": "{hashlib.sha256(text.encode()).hexdigest()}",\n"record": {text}}}\n'


def has_digest(content: bytes) -> bool:
    """Whether a file is a record with its digest, which may be wrong."""
    return KEPT.fullmatch(content) is not None


def _record_in(content: bytes, must: bool) -> tuple[bytes, bool]:
    """Return the text of a record, and whether its digest holds; records of older versions have none."""
    found = KEPT.fullmatch(content)
    if found is None:
        if must:
            raise ValueError("This record has lost its digest.")
        return content, False
    if hashlib.sha256(found[2]).hexdigest() != found[1].decode():
        raise ValueError("This record was changed after it was written.")
    return found[2], True


def load(
    kind: type[T], path: Path, what: str, whose: str, hint: str = TRAIN_AGAIN, *, kept: bool = False
) -> T:
    """Read a record that `dump` or `dump_kept` wrote; fields added by a newer version are ignored.

    Parameters
    ----------
    kind
        Type of the record.
    path, what, whose, hint
        Its file, its name and its owner in sentences, and what to do if it cannot be read.
    kept
        Whether it must carry its digest, as all that this version keeps.

    Raises
    ------
    RunError
        If the file is missing or damaged, or a newer version wrote it.
    """
    with explain(what, whose, hint):
        text, intact = _record_in(path.read_bytes(), kept)
        # A dataclass that we keep is frozen, so that one object serves all who read the same text.
        shared = is_dataclass(kind) and len(text) <= MOST_SHARED
        try:
            record: T = _parsed(cast(Any, kind), text) if shared else _adapter(kind).validate_json(text)
        except ValueError as error:
            raise (OtherVersion(str(error)) if intact else error) from error
        return record


@lru_cache(maxsize=1024)
def _parsed(kind: Any, text: bytes) -> Any:
    return _adapter(kind).validate_json(text)


@contextmanager
def explain(what: str, whose: str, hint: str = TRAIN_AGAIN) -> Iterator[None]:
    """Turn an error while reading a file into a sentence.

    Raises
    ------
    RunError
        If the file is missing or damaged, or a newer version wrote it.
    """
    try:
        yield
    except OtherVersion as error:
        raise RunError(
            f"The {what} of {whose} was written by a newer version. Open it with that version, or "
            "update this one."
        ) from error
    except UNREADABLE as error:
        raise RunError(
            f"The {what} of {whose} cannot be read: the file is missing or damaged. {hint}"
        ) from error
