"""Values as Python source: settings, schemas and calls, each argument left out that is its default."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from typing import Any

WIDTH = 96
INDENT = 4


@dataclass(frozen=True)
class Name:
    """A name or an expression that stands in the source as it is."""

    text: str


@dataclass(frozen=True)
class Call:
    """A call in the source.

    Parameters
    ----------
    function
        What is called.
    arguments, named
        Values, or `Name` and `Call`.
    """

    function: str
    arguments: tuple[Any, ...] = ()
    named: Mapping[str, Any] = field(default_factory=dict)


def literal(value: Any, indent: int = 0, before: int = 0, after: int = 0) -> str:
    """Write a value as Python source, on one line or on as many as it needs.

    Parameters
    ----------
    value
        A dataclass, a `Call`, a `Name`, or plain data.
    indent
        Columns in front of its last line.
    before, after
        Characters on its first line in front of it, and on its last line behind it.

    Examples
    --------
    >>> from rare_event.config import AlarmPolicy
    >>> literal(AlarmPolicy(k=2, n=3)), literal(AlarmPolicy()), literal(("a",))
    ('AlarmPolicy(k=2, n=3)', 'AlarmPolicy()', '("a",)')
    """
    opening, items, closing = _parts(value)
    flat = opening + ", ".join(start + literal(item) for start, item in items) + closing
    if _trailing_comma(value):
        flat = flat[:-1] + ",)"
    whole = "\n" not in flat and max(indent, 0) + before + len(flat) + after <= WIDTH
    if whole or not items:
        return flat
    deeper = indent + INDENT
    texts = [start + literal(item, deeper, len(start), 1) for start, item in items]
    lines = _filled(texts, deeper) if _short(value) else [f"{text}," for text in texts]
    return "\n".join([opening, *(" " * deeper + line for line in lines), " " * indent + closing])


def _parts(value: Any) -> tuple[str, list[tuple[str, Any]], str]:
    """Return what opens a value, what it holds, each with what stands before it, and what closes it."""
    if isinstance(value, Name):
        return value.text, [], ""
    if isinstance(value, Call):
        named = [(f"{name}=", item) for name, item in value.named.items()]
        return f"{value.function}(", [*(("", item) for item in value.arguments), *named], ")"
    if is_dataclass(value) and not isinstance(value, type):
        return f"{type(value).__name__}(", [*_changed(value)], ")"
    if isinstance(value, Mapping):
        return "{", [(f"{_plain(key)}: ", item) for key, item in value.items()], "}"
    if isinstance(value, tuple):
        return "(", [("", item) for item in value], ")"
    if isinstance(value, list):
        return "[", [("", item) for item in value], "]"
    return _plain(value), [], ""


def _plain(value: Any) -> str:
    text = repr(value)
    return f'"{text[1:-1]}"' if text.startswith("'") and '"' not in text else text


def _changed(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the arguments of a dataclass that differ from their defaults."""
    for each in fields(value):
        held = getattr(value, each.name)
        if each.init and held != _default(each):
            yield f"{each.name}=", held


def _default(one: Field[Any]) -> Any:
    if one.default is not MISSING:
        return one.default
    return MISSING if one.default_factory is MISSING else one.default_factory()


def _trailing_comma(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 1


def _short(value: Any) -> bool:
    """Whether a value is a row of plain ones, several of which go on a line."""
    plain = isinstance(value, tuple | list) and all(isinstance(item, str | int | float) for item in value)
    return plain and len(value) > 1


def _filled(texts: list[str], indent: int) -> list[str]:
    lines = [""]
    for text in texts:
        longer = f"{lines[-1]} {text}," if lines[-1] else f"{text},"
        if lines[-1] and indent + len(longer) > WIDTH:
            lines.append(f"{text},")
        else:
            lines[-1] = longer
    return lines
