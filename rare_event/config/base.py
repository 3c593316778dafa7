"""The base of all settings, which checks the type of each value."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from numbers import Integral
from typing import Any, Literal, get_args, get_origin, get_type_hints

import numpy as np

from rare_event.errors import ConfigError


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
