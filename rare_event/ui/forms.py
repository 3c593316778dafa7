"""Forms made from configs: fields, their labels and their help come from the dataclass and its docstring."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from dataclasses import fields, replace
from functools import cache
from itertools import cycle
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from rare_event.config import Settings
from rare_event.errors import ConfigError

S = TypeVar("S", bound=Settings)
WHOLE_NUMBERS = tuple[int, ...]
COLUMNS = 2
NOTHING: Mapping[str, str] = {}
# A form asks for the same ones at every rerun.
_hints: Callable[[type], dict[str, Any]] = cache(get_type_hints)


@cache
def help_of(config: type, field: str) -> str:
    """Return what a config's docstring, or that of a class it inherits from, says of a field.

    Raises
    ------
    KeyError
        If no docstring says anything of it.
    """
    for declaring in config.__mro__:
        text = inspect.cleandoc(declaring.__doc__ or "").split("Parameters\n----------\n")[-1]
        for names, words in re.findall(
            r"^(\S[^\n]*)\n((?:[ ]{4}[^\n]*\n?|\n(?=[ ]{4}))+)", text, flags=re.MULTILINE
        ):
            if field in [name.strip() for name in names.split(",")]:
                return " ".join(words.split()).replace("``", "*")
    raise KeyError(f"{config.__name__} does not document {field}")


@cache
def title_of(config: type) -> tuple[str, str]:
    """Return what a config is called, and what it is, as the first line of its docstring has it.

    Parameters
    ----------
    config
        A dataclass whose docstring begins with its name and a colon.
    """
    name, _, words = inspect.cleandoc(config.__doc__ or "").split("\n")[0].partition(":")
    return name, words.strip()


def label_of(field: str) -> str:
    """Return the name of a field as a form shows it.

    Examples
    --------
    >>> label_of("activity_l1")
    'Activity L1'
    """
    words = field.replace("_", " ")
    return re.sub(r"\bl(?=\d)", "L", words[:1].upper() + words[1:])


def fields_of(config: type[Settings]) -> tuple[list[str], list[str]]:
    """Return the fields of a config that a form can show: those in use, and those that are off by default."""
    known = [field for field in fields(config) if _kind_of(_hints(config)[field.name]) is not None]
    # Options that all networks share are by keyword only, and come after what a network is made of.
    known.sort(key=lambda field: bool(field.kw_only))
    shown = [field.name for field in known if field.default]
    return shown, [field.name for field in known if field.name not in shown]


def fill_in(
    settings: Settings,
    names: Iterable[str],
    key: str,
    typed: MutableMapping[str, Any],
    labels: Mapping[str, str] = NOTHING,
    absent: Mapping[str, str] = NOTHING,
) -> dict[str, Any]:
    """Show a widget for each of some fields, and return what stands in them, good or bad.

    Parameters
    ----------
    settings
        What the widgets begin with.
    names
        Of fields that are numbers, choices, switches or rows of whole numbers.
    key
        Begins the keys of the widgets.
    typed
        Keeps what stands in them, by key; widgets that were gone for a while begin with it.
    labels
        Of fields whose label is not their name.
    absent
        What None means, of fields that may be None.
    """
    places, below = cycle(st.columns(COLUMNS)), st.container()
    values: dict[str, Any] = {}
    for name in names:
        widget = f"{key}_{name}"
        begin = typed.get(widget, _to_widget(getattr(settings, name)))
        label = labels.get(name, label_of(name))
        # The label of a switch stands beside it, and needs the room.
        place = below if isinstance(begin, bool) else next(places)
        values[name] = _show(place, type(settings), name, begin, label, widget, absent.get(name))
        typed[widget] = values[name]
    return values


def made_of(settings: S, values: Mapping[str, Any]) -> tuple[S, str]:
    """Return settings with what stands in a form, or as they are and the sentence that says what is wrong.

    Parameters
    ----------
    settings
        Good ones.
    values
        As of `fill_in`.
    """
    try:
        read = {name: _from_widget(type(settings), name, value) for name, value in values.items()}
        return replace(settings, **read), ""
    except ConfigError as error:
        return settings, str(error)


def _kind_of(hint: Any) -> Any:
    """Return what a form can show of a type: a type, the choices of a literal, or None."""
    if hint == WHOLE_NUMBERS:
        return tuple
    kinds = [kind for kind in get_args(hint) or (hint,) if kind is not type(None)]
    if get_origin(hint) is Literal:
        # A literal of one value only tells settings apart.
        return kinds if len(kinds) > 1 else None
    return kinds[0] if len(kinds) == 1 and kinds[0] in (bool, int, float) else None


def _show(
    place: DeltaGenerator,
    config: Any,
    name: str,
    begin: Any,
    label: str,
    key: str,
    absent: str | None,
) -> Any:
    kind, default = _kind_of(_hints(config)[name]), getattr(config, name)
    about: dict[str, Any] = {"key": key, "help": help_of(config, name)}
    if kind is tuple:
        return place.text_input(label, begin, **about)
    if isinstance(kind, list):
        return place.selectbox(label, kind, kind.index(begin), **about)
    if kind is bool:
        return place.checkbox(label, begin, **about)
    if kind is int:
        return place.number_input(label, value=begin, step=1, placeholder=absent, **about)
    # Settings take a whole number for any number; a widget does not.
    value = None if begin is None else float(begin)
    return place.number_input(
        label, value=value, step=_step(default), format="%g", placeholder=absent, **about
    )


def _step(default: float | None) -> float:
    """Give a step of the size of what a field usually holds."""
    return 10.0 ** math.floor(math.log10(default)) if default else 0.01


def _to_widget(value: Any) -> Any:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else value


def _from_widget(config: type[Settings], name: str, value: Any) -> Any:
    if _kind_of(_hints(config)[name]) is not tuple:
        return value
    try:
        return tuple(int(part) for part in value.replace(",", " ").split())
    except ValueError as error:
        raise ConfigError(
            f"{label_of(name)} is {value!r}; give whole numbers with commas between, for example 32, 16."
        ) from error


def choose_lead(key: str, leads: tuple[float, ...]) -> float:
    """Let the user choose a lead window, and return it in minutes.

    Parameters
    ----------
    key
        Of the widget.
    leads
        To choose from, in minutes; the first is the default.
    """
    return st.segmented_control(
        "Lead window",
        leads,
        default=leads[0],
        format_func=lambda minutes: f"{minutes:g} minutes",
        # Another board may have other windows: a choice of those would be none of these.
        key=f"{key}_{leads[0]:g}",
        help="Minutes before an event in which an alarm counts for it.",
        required=True,
        persist_state="session",
    )
