"""Forms for configs: fields, labels and help come from the dataclass and its docstring."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cache
from itertools import cycle
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from rare_event.clock import MINUTES, TimeUnit
from rare_event.config import Settings
from rare_event.config.labels import NAMES
from rare_event.errors import ConfigError
from rare_event.text import capital, plain

S = TypeVar("S", bound=Settings)
WHOLE_NUMBERS = tuple[int, ...]
# A form needs the same ones at every rerun.
_hints: Callable[[type], dict[str, Any]] = cache(get_type_hints)


@cache
def help_of(config: type, field: str) -> str:
    """Return the help of a field from its config's docstring, or from that of a parent class.

    Raises
    ------
    KeyError
        If no docstring describes the field.
    """
    for declaring in config.__mro__:
        text = inspect.cleandoc(declaring.__doc__ or "").split("Parameters\n----------\n")[-1]
        for names, words in re.findall(
            r"^(\S[^\n]*)\n((?:[ ]{4}[^\n]*\n?|\n(?=[ ]{4}))+)", text, flags=re.MULTILINE
        ):
            if field in [name.strip() for name in names.split(",")]:
                named = re.sub("``(.*?)``", _named, " ".join(words.replace(" (None)", "").split()))
                return re.sub(r"(^|[.!?] )\*([a-z])", lambda start: f"{start[1]}*{start[2].upper()}", named)
    raise KeyError(f"{config.__name__} does not document {field}")


def _named(literal: re.Match[str]) -> str:
    return f"*{NAMES.get(literal[1], literal[1])}*"


@cache
def title_of(config: type) -> tuple[str, str]:
    """Return the name and the description of a config from the first line of its docstring."""
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
    """Return the fields of a config that a form can show: those on by default, and those off by default."""
    possible = [each for each in fields(config) if _kind_of(_hints(config)[each.name]) is not None]
    # Options that all networks share are keyword-only and come after the fields of the network itself.
    possible.sort(key=lambda each: bool(each.kw_only))
    shown = [each.name for each in possible if each.default]
    return shown, [each.name for each in possible if each.name not in shown]


@dataclass(frozen=True)
class Look:
    """How a form shows fields that need more than their config says.

    Parameters
    ----------
    labels
        Labels of fields, where they differ from the name.
    absent
        Meaning of None, for fields that may be None.
    steps
        Steps of fields, where the default does not give them.
    choices
        Values offered by fields that hold several; whole numbers can be typed too.
    columns
        Number of fields side by side.
    time_unit
        In which labels and help texts speak of time.
    """

    labels: Mapping[str, str] = field(default_factory=dict)
    absent: Mapping[str, str] = field(default_factory=dict)
    steps: Mapping[str, float] = field(default_factory=dict)
    choices: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    columns: int = 2
    time_unit: TimeUnit = MINUTES

    def label(self, name: str) -> str:
        """Return the label of a field."""
        return self.time_unit.reword(self.labels.get(name, label_of(name)))


PLAIN = Look()


def fill_in(
    settings: Settings, names: Iterable[str], key: str, typed: MutableMapping[str, Any], look: Look = PLAIN
) -> dict[str, Any]:
    """Show a widget for each field, and return their values, good or bad.

    A sentence below a field with a bad value says which values are possible. Streamlit is not given the
    limits: it would silently drop a typed value outside them.

    Parameters
    ----------
    settings
        Good settings, which the widgets begin with.
    names
        Names of fields that are numbers, choices, switches or several values.
    key
        Prefix of the keys of the widgets.
    typed
        Keeps their values by key; a widget that was hidden for a while begins with its value.
    look
        How the fields are shown.
    """
    places, below = cycle(st.columns(look.columns)), st.container()
    values: dict[str, Any] = {}
    remarks: dict[str, DeltaGenerator] = {}
    for name in names:
        widget = f"{key}_{name}"
        begin = typed.get(widget, getattr(settings, name))
        # A switch has its label on its right, and needs the room.
        place = below if isinstance(begin, bool) else next(places)
        values[name] = _show(place, type(settings), name, begin, widget, look)
        typed[widget], remarks[name] = values[name], place.container()
    for name, sentence in problems_of(settings, values).items():
        remarks[name].caption(f":red[{plain(look.time_unit.reword(sentence))}]")
    return values


def problems_of(settings: Settings, values: Mapping[str, Any]) -> dict[str, str]:
    """Say how to correct the bad values of a form, by field."""
    _, together = apply_values(settings, values)
    if not together:
        return {}
    alone = {name: apply_values(settings, {name: value})[1] for name, value in values.items()}
    found = {name: problem for name, problem in alone.items() if problem}
    named = next((name for name in values if together.startswith(f"“{label_of(name)}” ")), None)
    if not found and named is None:
        return {list(values)[-1]: together}
    if named in found or not found:
        # With the other values of the form, other limits may hold.
        found[str(named)] = together
    # The first half of a config's sentence names the field and its value, which the form shows.
    return {name: capital(problem.rpartition("; ")[2]) for name, problem in found.items()}


def apply_values(settings: S, values: Mapping[str, Any], look: Look = PLAIN) -> tuple[S, str]:
    """Return settings with the values of a form; if one is bad, unchanged settings and what is wrong."""
    try:
        read = {name: _from_widget(type(settings), name, value) for name, value in values.items()}
        return replace(settings, **read), ""
    except ConfigError as error:
        sentence = str(error)
        for name in values:
            label = re.split(r",| \(", look.label(name))[0]
            sentence = re.sub(rf"^{name}(?= )", f"“{label}”", sentence)
            if "_" in name:
                sentence = re.sub(rf"\b{name}\b", f"“{label}”", sentence)
            if values[name] is None:
                sentence = sentence.replace("” is None; choose a finite number", "” is empty; type a number")
                sentence = sentence.replace("” is None; choose a whole", "” is empty; type a whole")
        return settings, sentence


def _kind_of(hint: Any) -> Any:
    """Return how a form shows a type: as a type, as the choices of a literal, or None."""
    if get_origin(hint) is tuple:
        return tuple
    kinds = [kind for kind in get_args(hint) or (hint,) if kind is not type(None)]
    if get_origin(hint) is Literal:
        # A literal with one value only marks the kind of settings.
        return kinds if len(kinds) > 1 else None
    return kinds[0] if len(kinds) == 1 and kinds[0] in (bool, int, float) else None


def _show(place: DeltaGenerator, config: Any, name: str, begin: Any, key: str, look: Look) -> Any:
    hint = _hints(config)[name]
    kind, label, default = _kind_of(hint), look.label(name), getattr(config, name)
    about: dict[str, Any] = {"key": key, "help": look.time_unit.reword(help_of(config, name))}
    if name in look.choices:
        # Its first values must be on offer, so the widget itself keeps typed ones.
        about |= {"accept_new_options": hint == WHOLE_NUMBERS, "persist_state": "session"}
        return place.multiselect(label, look.choices[name], default, format_func=_name, **about)
    if kind is tuple:
        text = ", ".join(map(str, begin)) if isinstance(begin, tuple) else begin
        return place.text_input(label, text, **about)
    if isinstance(kind, list):
        return place.selectbox(label, kind, kind.index(begin), format_func=_option, **about)
    if kind is bool:
        return place.checkbox(label, begin, **about)
    absent = look.absent.get(name)
    if kind is int:
        return place.number_input(label, value=begin, step=1, placeholder=absent, **about)
    # Settings accept a whole number for any number; a widget does not.
    value, step = None if begin is None else float(begin), look.steps.get(name, _step(default))
    return place.number_input(label, value=value, step=step, format="%g", placeholder=absent, **about)


def _name(choice: object) -> str:
    return capital(_option(choice))


def _option(choice: object) -> str:
    return NAMES.get(str(choice), str(choice))


def _step(default: float | None) -> float:
    """Return a step of the size of a field's default."""
    return 10.0 ** math.floor(math.log10(default)) if default else 0.01


def _from_widget(config: type[Settings], name: str, value: Any) -> Any:
    if _kind_of(_hints(config)[name]) is not tuple:
        return value
    if _hints(config)[name] != WHOLE_NUMBERS:
        return tuple(value.replace(",", " ").split() if isinstance(value, str) else value)
    try:
        if isinstance(value, str):
            return tuple(int(part) for part in value.replace(",", " ").split())
        return tuple(sorted({int(part) for part in value}))
    except ValueError as error:
        found = value if isinstance(value, str) else ", ".join(map(str, value))
        raise ConfigError(
            f"{name} is {found!r}; give whole numbers with commas between, for example 32, 16."
        ) from error


def choose_lead(key: str, leads: tuple[float, ...], unit: TimeUnit = MINUTES) -> float:
    """Let the user choose a lead window, and return it in minutes."""
    return st.segmented_control(
        "Lead window",
        list(dict.fromkeys(leads)),
        default=leads[0],
        format_func=lambda minutes: unit.count(f"{minutes:g}") if minutes else "during the event",
        # Another leaderboard may have other lead windows.
        key=f"{key}_{leads[0]:g}",
        help=unit.reword(
            "An alarm catches an event only if it comes at most this many minutes before the event."
        ),
        required=True,
        persist_state="session",
    )
