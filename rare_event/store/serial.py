"""The one way of records to JSON and back, and the one sentence where that fails."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from zipfile import BadZipFile

from rare_event.errors import RunError

if TYPE_CHECKING:
    from pydantic import TypeAdapter

T = TypeVar("T")
TRAIN_AGAIN = "Train it again."
MAP_AGAIN = "Create a new map."
UPLOAD_AGAIN = "Upload the file again."
NEWER = "It may come from a newer version."


def _adapter(kind: Any) -> TypeAdapter[Any]:
    # Of Any, as mypy does not take a class for hashable.
    return _cached_adapter(kind)


@cache
def _cached_adapter(kind: Any) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def to_plain(value: object, kind: Any = None) -> Any:
    """Return a record as plain data: lists, and dictionaries with text as keys.

    Parameters
    ----------
    value
        A dataclass, or a list or dictionary of them.
    kind
        Its type; needed of lists and dictionaries only.
    """
    return _adapter(kind or type(value)).dump_python(value, mode="json")


def dump(value: object, kind: Any = None) -> str:
    """Write a record as JSON text; `value` and `kind` are those of `to_plain`.

    Raises
    ------
    ValueError
        If it holds infinity, or a float that is not a number.
    """
    return json.dumps(to_plain(value, kind), indent=1, allow_nan=False)


def load(kind: type[T], path: Path, what: str, whose: str, hint: str = TRAIN_AGAIN) -> T:
    """Read a record that `dump` wrote; what a newer version has added is passed over.

    Parameters
    ----------
    kind
        Its type, `list[...]` and `dict[...]` included.
    path
        Its file.
    what, whose, hint
        Of the sentence where that fails, as of `explain`.

    Raises
    ------
    RunError
        If the file is missing or damaged.
    """
    with explain(what, whose, hint):
        record: T = _adapter(kind).validate_json(path.read_bytes())
        return record


@contextmanager
def explain(what: str, whose: str, hint: str = TRAIN_AGAIN) -> Iterator[None]:
    """Turn what goes wrong while a file is read into a sentence.

    Parameters
    ----------
    what
        What the file holds: ``status``.
    whose
        The run, map or dataset, by name: ``run 20260101-120000-000000``.
    hint
        What to do.

    Raises
    ------
    RunError
        If the file is missing or damaged.
    """
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
        raise RunError(f"The {what} of {whose} is missing or damaged. {hint}") from error
