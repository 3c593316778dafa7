"""Records to JSON and back, and the error sentence if that fails."""

from __future__ import annotations

import json
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


def load(kind: type[T], path: Path, what: str, whose: str, hint: str = TRAIN_AGAIN) -> T:
    """Read a record that `dump` wrote; fields added by a newer version are ignored.

    Raises
    ------
    RunError
        If the file is missing or damaged.
    """
    with explain(what, whose, hint):
        text = path.read_bytes()
        # A dataclass that we keep is frozen, so that one object serves all who read the same text.
        shared = is_dataclass(kind) and len(text) <= MOST_SHARED
        record: T = _parsed(cast(Any, kind), text) if shared else _adapter(kind).validate_json(text)
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
        If the file is missing or damaged.
    """
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
        raise RunError(
            f"The {what} of {whose} cannot be read: the file is missing or damaged. {hint}"
        ) from error
