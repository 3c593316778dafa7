"""The base of all settings, which checks the type of each value."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from numbers import Integral
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast, get_args, get_origin, get_type_hints

import numpy as np

from rare_event.errors import ConfigError
from rare_event.text import printable

if TYPE_CHECKING:
    from pydantic import TypeAdapter

T = TypeVar("T")


@dataclass(frozen=True)
class Settings:
    """Base of all settings: rejects values of the wrong type, and unknown names in JSON."""

    __pydantic_config__ = {"extra": "forbid", "strict": True}

    def __post_init__(self) -> None:
        for name, wanted in _hints(type(self)).items():
            value = self.__dict__.get(name)
            kinds = [kind for kind in get_args(wanted) or (wanted,) if kind is not type(None)]
            if value is None and len(kinds) < len(get_args(wanted)):
                continue
            if get_origin(wanted) is Literal:
                choices = ", ".join(map(str, kinds))
                require(value in kinds, f"{name} is {value!r}; choose one of {choices}.")
            elif all(isinstance(kind, type) and (issubclass(kind, Settings | bool | str)) for kind in kinds):
                names = " or ".join(kind.__name__ for kind in kinds)
                require(isinstance(value, tuple(kinds)), f"{name} is {value!r}; give a {names}.")
            elif kinds == [int]:
                require(whole(value), f"{name} is {value!r}; choose a whole number.")
            elif kinds == [float]:
                require(finite(value), f"{name} is {value!r}; choose a finite number.")


# Cached: resolving the hints takes most of the time of creating a config.
_hints: Callable[[Any], dict[str, Any]] = cache(get_type_hints)


def whole(value: Any) -> bool:
    """Whether a value is a whole number; a bool is not."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def finite(value: Any) -> bool:
    """Whether a value is a finite number; numpy's numbers count, a bool does not."""
    return isinstance(value, int | float | np.number) and not isinstance(value, bool) and math.isfinite(value)


def require(condition: bool, sentence: str) -> None:
    """Raise `ConfigError` with the sentence unless the condition holds."""
    if not condition:
        raise ConfigError(sentence)


def typed(value: object) -> str:
    """Write a value as a person would type it.

    Examples
    --------
    >>> typed(-1.0), typed(0.25), typed((32, 16)), typed(())
    ('-1', '0.25', '32, 16', 'empty')
    """
    if isinstance(value, tuple):
        return ", ".join(map(typed, value)) or "empty"
    return str(value).removesuffix(".0")


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


@lru_cache(maxsize=512)
def _parsed(kind: Any, text: str | bytes) -> Any:
    return _adapter(kind).validate_json(text)


def settings_to_json(settings: Settings) -> str:
    """Write settings as JSON text."""
    return _adapter(cast(Any, type(settings))).dump_json(settings, indent=1).decode()


def settings_from_json(kind: type[T], text: str | bytes, refused: str) -> T:
    """Read settings written by `settings_to_json`.

    Parameters
    ----------
    kind
        Of the settings.
    text
        The JSON text.
    refused
        The sentence for settings that cannot be read; ``{where}`` and ``{why}`` are filled in.

    Raises
    ------
    ConfigError
        If a setting is unknown, missing its type, or out of range.
    """
    from pydantic import ValidationError

    try:
        settings: T = _parsed(cast(Any, kind), text)
    except ValidationError as error:
        first: Any = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole file"
        said = refused.format(where=printable(where), why=printable(first["msg"]))
        raise ConfigError(said) from error
    return settings
