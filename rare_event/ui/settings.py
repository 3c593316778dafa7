"""The settings of a run: a preset first, then a form made from the configs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, get_args

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from rare_event.clock import TimeUnit
from rare_event.config import (
    PRESETS,
    ExperimentConfig,
    ModelConfig,
    NetworkConfig,
    PCAModel,
    Representation,
    RepresentationKind,
    SequenceConfig,
    Settings,
    SplitKind,
    SplitPlan,
    labels,
)
from rare_event.config.prepare import plain_time
from rare_event.errors import ConfigError
from rare_event.prepare.table import Table
from rare_event.store.datasets import Dataset
from rare_event.text import capital, plain, plural
from rare_event.ui.cache import table_of
from rare_event.ui.forms import Look, apply_values, fields_of, fill_in, help_of, title_of
from rare_event.ui.frame import in_place
from rare_event.ui.model_fields import look_of
from rare_event.ui.place import drawer
from rare_event.ui.state import GENERATION, draft_of, fill_form

TYPED = "train_typed"
# The most useful first.
SPLIT_KINDS: tuple[SplitKind, ...] = ("rolling", "chronological", "stretch", "asset", "random", "shuffled")
MODELS: dict[str, ModelConfig] = {
    model.kind: model for model in (*(network() for network in get_args(NetworkConfig)), PCAModel())
}
MODEL_NAMES = {kind: capital(labels.MODELS[kind]) for kind in MODELS}
# Fields of each stage, for experts.
EXPERT = {
    "representation": ("scaler", "clip", "lag", "trailing", "one_hot", "per_asset"),
    "training": ("batch_size", "learning_rate", "patience", "keep", "networks"),
    "score": ("steps", "top_k"),
    "split": ("folds", "window"),
}
LABELS = {
    "shift": "Shift (rows)",
    "lookback": "Lookback (rows)",
    "clip": "Clip at",
    "lag": "Lag of the difference (rows)",
    "trailing": "Trailing mean (rows)",
    "one_hot": "Use categories as 0/1 columns",
    "per_asset": "Scale each machine separately",
    "patience": "Patience (epochs)",
    "keep": "Weights to keep",
    "networks": "Networks averaged",
    "steps": "Rows in the score",
    "top_k": "Sensors in the score",
    "window": "Training window (rolling split)",
    "article_mode": "Let shift and lookback run across stops, as the articles do",
}
DATES = {"train_from": "Train on rows from", "train_until": "Train on rows until"}
NO_LABEL = (
    "This file has no event column. A model learns what the training rows look like and raises an alarm "
    "for rows that do not fit. How many events it would catch is unknown. Train on rows from when the "
    "plant ran well."
)
LOOK = Look(LABELS, {"clip": "no clipping", "patience": "never stop early", "top_k": "all"})


def split_name(kind: SplitKind, folds: int) -> str:
    """Name a split in the form.

    Examples
    --------
    >>> split_name("rolling", 6), split_name("random", 6)
    ('Rolling split by time, 6 folds', 'Random split: optimistic')
    """
    name = capital(SplitPlan(kind).in_words())
    if kind == "rolling":
        return f"{name}, {plural(folds, 'fold')}"
    return f"{name} (quick)" if kind == "chronological" else name


@dataclass(frozen=True)
class Choice:
    """The last good settings of the form, and what is wrong with its values; empty if nothing is."""

    config: ExperimentConfig
    problem: str


@dataclass(frozen=True)
class Places:
    """The first rows of the page, with what decides most: all of it is seen without scrolling.

    Parameters
    ----------
    preset, start
        The first row: the presets, and the button that starts a run.
    window
        The second row: what an alarm is for, and what the model sees.
    remarks
        What the settings cannot do.
    """

    preset: DeltaGenerator
    start: DeltaGenerator
    window: DeltaGenerator
    remarks: DeltaGenerator


def first_rows() -> Places:
    """Make the first rows of the page."""
    preset, start = st.columns([5, 1], vertical_alignment="bottom")
    return Places(preset, start, st.container(), st.container())


def choose_config(dataset: Dataset, draft: ExperimentConfig, places: Places) -> Choice:
    """Let the user choose the settings of a run; the model is chosen where the caller stands.

    Parameters
    ----------
    dataset
        Gives the minutes of a row.
    draft
        The settings so far.
    places
        Where the other settings are.
    """
    generation = st.session_state.setdefault(GENERATION, 0)
    key = f"train_{generation}"
    preset = places.preset.segmented_control(
        "Preset",
        list(PRESETS),
        default=draft.name if draft.name in PRESETS else None,
        format_func=labels.PRESETS.__getitem__,
        key=f"{key}_preset",
        required=True,
        wrap=True,
    )
    if preset and preset != draft.name:
        fill_form(draft_of(preset))
        st.rerun()
    typed = _typed(draft)
    with places.window:
        config, problem = _choose_data(dataset, draft, key, typed)
    config = _choose_representation(config, key)
    model, *problems = _choose_model(config, key, typed)
    config, epochs = _choose_epochs(config.with_model(model), key, typed)
    problems += [problem, epochs]
    several = table_of(dataset).schema.asset is not None
    if not several:
        config = replace(config, representation=replace(config.representation, per_asset=False))
    if (place := drawer("Expert settings", "train_expert")) is not None:
        with place:
            config, more = _choose_as_expert(config, several, key, typed)
            problems += more
    st.session_state[TYPED] = config, typed
    return Choice(config, " ".join(filter(None, problems)))


def _choose_as_expert(
    config: ExperimentConfig, several: bool, key: str, typed: dict[str, Any]
) -> tuple[ExperimentConfig, list[str]]:
    problems = []
    offered = {"per_asset": several, "networks": isinstance(config.model, NetworkConfig)}
    for section, names in EXPERT.items():
        names = tuple(name for name in names if offered.get(name, True))
        config, problem = _choose_section(config, section, names, key, typed)
        problems.append(problem)
    config, problem = apply_values(config, fill_in(config, ("seed", "article_mode"), key, typed, LOOK), LOOK)
    return config, [*problems, problem]


def _typed(draft: ExperimentConfig) -> dict[str, Any]:
    """Return the values in the form by key, good or bad; none once the settings were changed elsewhere."""
    kept, typed = st.session_state.get(TYPED, (None, {}))
    return dict(typed) if kept == draft else {}


def _choose_data(
    dataset: Dataset, draft: ExperimentConfig, key: str, typed: dict[str, Any]
) -> tuple[ExperimentConfig, str]:
    table = table_of(dataset)
    step, span = table.step, table.time_unit.span
    with st.container(horizontal=True, gap="medium"):
        during, names = False, ["lookback"]
        if dataset.schema.labels:
            with st.container(width=250):
                draft, during = _choose_aim(draft, key)
            names = ["lookback"] if during else ["shift", "lookback"]
        with st.container(width=150 * len(names)):
            look = replace(LOOK, columns=len(names))
            draft, problem = apply_values(draft, fill_in(draft, names, key, typed, look), LOOK)
        machines = table.schema.asset is not None
        offered = {
            kind: table.time_unit.reword(split_name(kind, draft.split.folds))
            for kind in SPLIT_KINDS
            if machines or kind != "asset" or kind == draft.split.kind
        }
        with st.container(width=260):
            split = _select("Split", offered, draft.split.kind, f"{key}_split", help_of(SplitPlan, "kind"))
    aim = "Detects events while they last" if during else f"Warns up to {span(draft.shift * step)} ahead"
    aim = aim if dataset.schema.labels else "Finds rows that do not fit the training data"
    st.caption(f"{aim}, using {_window(draft.lookback, step, table.time_unit)}.")
    if not dataset.schema.labels:
        st.info(NO_LABEL)
    return replace(draft, split=_choose_dates(table, replace(draft.split, kind=split), key)), problem


def _choose_representation(draft: ExperimentConfig, key: str) -> ExperimentConfig:
    kind = st.segmented_control(
        "Representation",
        get_args(RepresentationKind),
        default=draft.representation.kind,
        format_func=lambda kind: capital(labels.REPRESENTATIONS[kind]),
        key=f"{key}_representation",
        help=help_of(Representation, "kind"),
        required=True,
        wrap=True,
    )
    return replace(draft, representation=replace(draft.representation, kind=kind))


def _choose_aim(draft: ExperimentConfig, key: str) -> tuple[ExperimentConfig, bool]:
    """Let the user choose whether an alarm comes before an event or during it."""
    during = st.segmented_control(
        "Alarm",
        (False, True),
        default=draft.shift == 0,
        format_func=("Warn before", "Detect during").__getitem__,
        key=f"{key}_during",
        help="Warn before an event, using the rows that lead up to it, or detect an event while it lasts.",
        required=True,
    )
    if during:
        return replace(draft, shift=0, article_mode=False, policy=replace(draft.policy, lead=None)), True
    return draft if draft.shift else replace(draft, shift=ExperimentConfig.shift), False


def _window(lookback: int, step: float, unit: TimeUnit) -> str:
    """Name what a window holds; one row is not a length of time."""
    return f"the last {unit.span(lookback * step)}" if lookback > 1 else "a window of one row"


@in_place
def _choose_dates(table: Table, plan: SplitPlan, key: str) -> SplitPlan:
    """Let the user choose between which times a split by time trains."""
    if plan.kind != "chronological" or table.time is None or table.time_unit.reason:
        return plan
    if not st.checkbox("Choose the training dates", bool(plan.dates), key=f"{key}_dates"):
        return replace(plan, train_from=None, train_until=None)
    first, last = (pd.Timestamp(end).to_pydatetime() for end in (table.time.min(), table.time.max()))
    places = st.columns(2)
    times: dict[str, Any] = {}
    for place, (name, label) in zip(places, DATES.items(), strict=True):
        now = getattr(plan, name)
        chosen = place.datetime_input(
            label,
            None if now is None else datetime.fromisoformat(now),
            min_value=first,
            max_value=last,
            step=timedelta(minutes=1),
            key=f"{key}_{name}",
            help="Rows from this time on are used for validation and testing. Empty: no limit."
            if name == "train_until"
            else "Earlier rows are not used. Empty: no limit.",
        )
        times[name] = None if chosen is None else plain_time(str(chosen))
    try:
        return replace(plan, **times)
    except ConfigError:
        st.caption(":red[Choose a start that is before the end.]")
        return plan


@in_place
def _choose_model(draft: ExperimentConfig, key: str, typed: dict[str, Any]) -> tuple[ModelConfig, str]:
    # A baseline that was opened keeps its model, though the list does not offer it.
    names = {**MODEL_NAMES, draft.model.kind: capital(labels.MODELS[draft.model.kind])}
    kind = _select("Model", names, draft.model.kind, f"{key}_model", None)
    model = draft.model if kind == draft.model.kind else MODELS[kind]
    _about_model(model, draft.lookback)
    config: Any = type(model)
    look = look_of(model)
    shown, off = fields_of(config)
    values = fill_in(model, shown, f"{key}_{kind}", typed, look)
    if off:
        values |= {name: getattr(model, name) for name in off}
        if (place := drawer("Options", "train_options")) is not None:
            with place:
                values |= fill_in(model, off, f"{key}_{kind}", typed, look)
        if on := [_in_words(look.label(name), values[name]) for name in off if values[name]]:
            st.caption(plain(f"Options in use: {'; '.join(on)}"))
    return apply_values(model, values, look)


@in_place
def _about_model(model: ModelConfig, lookback: int) -> None:
    config: Any = type(model)
    if description := title_of(config)[1]:
        st.caption(plain(capital(description)))
    if isinstance(model, SequenceConfig) and lookback == 1:
        st.caption(
            "This model learns from the order of the rows in a window, and a window of one row has none. "
            "Choose a longer lookback."
        )


def _in_words(label: str, value: Any) -> str:
    if isinstance(value, tuple):
        value = ", ".join(map(str, value))
    return label if value is True else f"{label}: {value if isinstance(value, str) else format(value, 'g')}"


@in_place
def _choose_epochs(draft: ExperimentConfig, key: str, typed: dict[str, Any]) -> tuple[ExperimentConfig, str]:
    if not isinstance(draft.model, NetworkConfig):
        return draft, ""
    look = Look({"epochs": "Maximum epochs" if draft.training.patience else "Epochs"}, columns=1)
    training, problem = apply_values(
        draft.training, fill_in(draft.training, ("epochs",), key, typed, look), look
    )
    return replace(draft, training=training), problem


def _choose_section(
    draft: ExperimentConfig, section: str, names: tuple[str, ...], key: str, typed: dict[str, Any]
) -> tuple[ExperimentConfig, str]:
    settings: Settings = getattr(draft, section)
    values = fill_in(settings, names, f"{key}_{section}", typed, LOOK)
    settings, problem = apply_values(settings, values, LOOK)
    changed: Mapping[str, Any] = {section: settings}
    return replace(draft, **changed), problem


def _select(label: str, names: Mapping[Any, str], chosen: str, key: str, help: str | None) -> Any:
    options = list(names)
    index = options.index(chosen)
    return st.selectbox(label, options, index, format_func=names.__getitem__, key=key, help=help)
