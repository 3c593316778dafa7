"""The design space on the Compare page: start a map, watch it, read it, open a cell of it."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import streamlit as st

from rare_event.compare.map_cells import Pace
from rare_event.compare.map_overview import Overview, look_at, overview
from rare_event.config import RECOMMENDED, SPACE_MODELS, DesignSpace, RepresentationKind, Training
from rare_event.errors import ConfigError
from rare_event.jobs.map_runner import find_or_create, progress_from
from rare_event.jobs.pool import n_lanes
from rare_event.store.datasets import Dataset
from rare_event.store.maps import DesignMap, list_maps
from rare_event.store.records import State
from rare_event.text import duration, plain, plural
from rare_event.ui.cache import jobs
from rare_event.ui.compare.map_figures import show_map
from rare_event.ui.forms import help_of
from rare_event.ui.frame import in_place
from rare_event.ui.live import poll_until_ended

SHIFTS = (1, 2, 3, 4, 5, 10, 20)
LOOKBACKS = (1, 3, 5, 10, 15, 20, 30)
PURPOSE = (
    "A map trains one model for each combination of shift, lookback, representation and architecture, fold "
    "by fold on the past, and judges all of them on the same windows. It shows which settings matter and "
    "which do not, and what picking the best of them is worth on data that come after. It is trained in the "
    "background, can be stopped at any time and goes on where it was; your own trainings go first."
)


def show_design_space(dataset: Dataset) -> None:
    """Show the latest map of a dataset, or another, and the form that starts one."""
    maps = list_maps(dataset)
    with st.expander("New map", expanded=not maps, icon=":material/grid_on:"):
        st.markdown(PURPOSE)
        _show_form(dataset, maps)
    if maps:
        chosen = _choose_map(maps)
        poll_until_ended(
            lambda: _show_live(chosen), lambda: [] if chosen.state().ended else [chosen.id], "map"
        )


@in_place
def _choose_map(maps: list[DesignMap]) -> DesignMap:
    if len(maps) == 1:
        return maps[0]
    by_id = {each.id: each for each in maps}
    return by_id[
        st.selectbox(
            "Map",
            list(by_id),
            format_func=lambda map_id: _label(by_id[map_id]),
            # A new map is shown at once.
            key=f"map_chosen_{maps[0].id}",
        )
    ]


def _label(design_map: DesignMap) -> str:
    space = design_map.space()
    return f"{design_map.created:%d %b %H:%M} UTC: {plural(len(space), 'cell')}, {', '.join(space.models)}"


def _show_form(dataset: Dataset, maps: list[DesignMap]) -> None:
    try:
        space = _space()
    except ConfigError as error:
        st.error(plain(error))
        st.button("Start the map", key="map_start", disabled=True)
        return
    seconds = _pace(maps).left(space.cells, n_lanes())
    told = "" if seconds is None else f", about {duration(seconds)} in all, by what measured cells took"
    st.caption(
        f"{plural(len(space), 'cell')} of {plural(space.folds, 'fold')} each, "
        f"{plural(n_lanes(), 'cell')} side by side{told}."
    )
    if st.button("Start the map", type="primary", key="map_start", icon=":material/play_arrow:"):
        design_map = find_or_create(dataset, space)
        if design_map.state().state not in ("running", "done"):
            jobs().start_map(design_map)
        st.rerun()


def _space() -> DesignSpace:
    """Let the user choose what is tried.

    Raises
    ------
    ConfigError
        If nothing is chosen, or a value cannot be used.
    """
    default = DesignSpace()
    left, right = st.columns(2)
    rows = "Rows; type another number to add it."
    shifts = left.multiselect(
        "Shifts (rows)",
        SHIFTS,
        default.shifts,
        key="map_shifts",
        help=f"{help_of(DesignSpace, 'shifts')} {rows}",
        accept_new_options=True,
        persist_state="session",
    )
    lookbacks = right.multiselect(
        "Lookbacks (rows)",
        LOOKBACKS,
        default.lookbacks,
        key="map_lookbacks",
        help=f"{help_of(DesignSpace, 'lookbacks')} {rows}",
        accept_new_options=True,
        persist_state="session",
    )
    representations = left.multiselect(
        "Representations",
        get_args(RepresentationKind),
        default.representations,
        key="map_representations",
        help=help_of(DesignSpace, "representations"),
        persist_state="session",
    )
    models = right.multiselect(
        "Models",
        list(SPACE_MODELS),
        default.models,
        key="map_models",
        help="Kinds of model, one or more to try. Recurrent networks (LSTM, GRU) take longest.",
        persist_state="session",
    )
    with st.container(horizontal=True):
        folds = st.number_input(
            "Folds",
            2,
            50,
            default.folds,
            key="map_folds",
            help=help_of(DesignSpace, "folds"),
            width=160,
            persist_state="session",
        )
        epochs = st.number_input(
            "Epochs, at most",
            1,
            10_000,
            RECOMMENDED.training.epochs,
            key="map_epochs",
            help=help_of(Training, "epochs"),
            width=160,
            persist_state="session",
        )
        sample = st.number_input(
            "Cells drawn at random",
            1,
            None,
            None,
            key="map_sample",
            placeholder="all",
            help=help_of(DesignSpace, "sample"),
            width=200,
            persist_state="session",
        )
        seed = st.number_input("Seed", 0, 2**31 - 1, 0, key="map_seed", width=160, persist_state="session")
    return DesignSpace(
        shifts=_whole("shift", shifts),
        lookbacks=_whole("lookback", lookbacks),
        representations=tuple(representations),
        models=tuple(models),
        sample=sample,
        seed=seed,
        folds=folds,
        base=replace(RECOMMENDED, seed=seed, training=replace(RECOMMENDED.training, epochs=epochs)),
    )


def _whole(name: str, values: list[int | str]) -> tuple[int, ...]:
    """Read the rows that were chosen or typed."""
    try:
        return tuple(sorted({int(value) for value in values}))
    except ValueError as error:
        raise ConfigError(f"A {name} is no whole number: type rows, for example 8.") from error


def _pace(maps: list[DesignMap]) -> Pace:
    return Pace([cell for each in maps for cell in _seen(each).cells])


# Number, run and state of each cell: what an overview depends on.
States = tuple[tuple[int, str, State], ...]


def _states(design_map: DesignMap) -> States:
    return tuple((number, run.id, run.status().state) for number, run in design_map.cells().items())


def _seen(design_map: DesignMap) -> Overview:
    """Return a map as it stands, read anew only when the state of a cell changed."""
    return _overview(design_map.id, _states(design_map), design_map)


@st.cache_resource(max_entries=8, show_spinner=False)
def _overview(map_id: str, states: States, _map: DesignMap) -> Overview:
    return overview(_map)


@st.cache_resource(max_entries=64, show_spinner=False)
def _note_looks(map_id: str, states: States, _seen: Overview) -> None:
    """Note once that the test data of the cells are shown."""
    look_at(_seen)


def _show_live(design_map: DesignMap) -> None:
    seen = _seen(design_map)
    _show_progress(design_map, seen)
    if seen.judged:
        _note_looks(design_map.id, _states(design_map), seen)
        show_map(seen)


@in_place
def _show_progress(design_map: DesignMap, seen: Overview) -> None:
    state, progress = design_map.state(), progress_from(seen.cells, design_map.state().lanes)
    words = f"{progress.done} of {plural(progress.total, 'cell')} done"
    if progress.failed:
        words += f", {progress.failed} failed"
    with st.container(horizontal=True, vertical_alignment="center"):
        if not state.ended:
            if state.state == "queued":
                words += "; waits for the map before it"
            elif progress.running:
                left = progress.seconds_left
                about = "" if left is None else f", about {duration(left)} left"
                words += f"; {progress.running} running{about}"
            else:
                words += "; starting, or giving way to your trainings"
            st.progress((progress.done + progress.failed) / progress.total, plain(words), width="stretch")
            asked = design_map.cancel_requested
            st.button(
                "Cancelling …" if asked else "Cancel the map",
                key="map_cancel",
                disabled=asked,
                on_click=jobs().cancel_map,
                args=(design_map,),
            )
            return
        titles = {"cancelled": "Cancelled: ", "failed": "Stopped: ", "interrupted": "Interrupted: "}
        stopped = titles.get(state.state, "")
        st.caption(plain(f"{stopped}{words}. {state.message}"), width="stretch")
        if progress.done < progress.total and st.button(
            "Go on with the cells that are left", key="map_resume", icon=":material/play_arrow:"
        ):
            jobs().start_map(design_map)
            st.rerun()
    for cell in seen.cells:
        if cell.state == "failed" and cell.status is not None:
            st.caption(f":material/error: {plain(cell.title)}: {plain(cell.status.message)}")
