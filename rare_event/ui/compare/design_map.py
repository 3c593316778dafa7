"""The design space on the Compare page: start a map, watch it, read it, open a cell of it."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import streamlit as st

from rare_event.compare.map_cells import Pace
from rare_event.compare.map_overview import Overview, look_at, overview
from rare_event.config import RECOMMENDED, SPACE_MODELS, DesignSpace, RepresentationKind
from rare_event.config.labels import MODELS
from rare_event.jobs.map_runner import find_or_create, progress_from
from rare_event.jobs.pool import known_workers
from rare_event.store.datasets import Dataset
from rare_event.store.maps import DesignMap, list_maps
from rare_event.store.records import State
from rare_event.text import duration, plain, plural
from rare_event.ui.cache import jobs
from rare_event.ui.compare.map_figures import show_map
from rare_event.ui.deleting import deletion_of_map, offer_to_delete
from rare_event.ui.forms import Look, apply_values, fill_in
from rare_event.ui.frame import in_place
from rare_event.ui.kept import kept
from rare_event.ui.limits import show_limits
from rare_event.ui.live import cancel_button, poll_until_ended

TYPED = "map_typed"
TRAINING = RECOMMENDED.training
FIELDS = ("shifts", "lookbacks", "representations", "models", "folds", "sample", "seed")
LOOK = Look(
    labels={
        "shifts": "Shifts (rows)",
        "lookbacks": "Lookbacks (rows)",
        "epochs": "Maximum epochs",
        "sample": "Cells drawn at random",
    },
    absent={"sample": "all"},
    choices={
        "shifts": (1, 2, 3, 4, 5, 10, 20),
        "lookbacks": (1, 3, 5, 10, 15, 20, 30),
        "representations": get_args(RepresentationKind),
        "models": tuple(SPACE_MODELS),
    },
)
UNREACHED = (
    "The scheduler of the cluster has not answered yet. Start it with dask scheduler, or check its address; "
    "a map that is started before it answers fails."
)
PURPOSE = (
    "A map trains a model for each combination of the shifts, lookbacks, representations and models below. "
    "In each fold, models are trained on earlier data only, and all are judged on the same windows. The map "
    "shows which settings matter, which do not, and how well the best one can be expected to do on later "
    "data. It runs in the background. You can stop it at any time and resume later. Your own runs take "
    "priority."
)


def show_design_space(dataset: Dataset) -> None:
    """Show the latest map of a dataset, or another, and the form that starts one."""
    if not dataset.schema.labels:
        st.info(
            "A map compares settings by the events they warn of. No event column is chosen, so "
            "nothing can be compared. Choose one on the Data page."
        )
        return
    maps = list_maps(dataset)
    with st.expander("New map", expanded=not maps, icon=":material/grid_on:"):
        st.markdown(PURPOSE)
        _show_form(dataset, maps)
    if maps:
        chosen = _choose_map(maps)
        poll_until_ended(
            lambda: _show_live(chosen), lambda: [] if chosen.state().ended else [chosen.id], "map"
        )
        offer_to_delete(deletion_of_map(chosen), "Delete this map …")


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
    models = ", ".join(MODELS[kind] for kind in space.models)
    return f"{design_map.created:%d %b %H:%M} UTC: {plural(len(space), 'cell')}, {models}"


def _show_form(dataset: Dataset, maps: list[DesignMap]) -> None:
    space, problem = _choose_space()
    if problem:
        st.button("Start the map", key="map_start", disabled=True)
        return
    st.caption(f"{plural(len(space), 'cell')} of {plural(space.folds, 'fold')} each{_speed(maps, space)}")
    # Cells of one shift differ in their model only.
    show_limits(dataset, list({cell.shift: cell for cell in space.cells}.values()))
    if st.button("Start the map", type="primary", key="map_start", icon=":material/play_arrow:"):
        design_map = find_or_create(dataset, space)
        if design_map.state().state not in ("running", "done"):
            jobs().start_map(design_map)
        st.rerun()


def _speed(maps: list[DesignMap], space: DesignSpace) -> str:
    """Say how many cells are trained at once and how long all take, or that the cluster does not answer."""
    workers = known_workers()
    if workers is None:
        return f". {UNREACHED}"
    seconds = _pace(maps).left(space.cells, workers)
    total = "" if seconds is None else f", about {duration(seconds)} in total, estimated from finished cells"
    return f", {plural(workers, 'cell')} at a time{total}."


def _choose_space() -> tuple[DesignSpace, str]:
    """Let the user choose what is tried; the sentence says what is wrong with it."""
    typed = st.session_state.setdefault(TYPED, {})
    training, problem = apply_values(TRAINING, fill_in(TRAINING, ("epochs",), "map", typed, LOOK))
    default = DesignSpace(base=replace(RECOMMENDED, training=training))
    space, other = apply_values(default, fill_in(default, FIELDS, "map", typed, LOOK))
    return replace(space, base=replace(space.base, seed=space.seed)), problem or other


def _pace(maps: list[DesignMap]) -> Pace:
    return Pace([cell for each in maps for cell in _seen(each).cells])


# Number, run and state of each cell: what an overview depends on.
States = tuple[tuple[int, str, State], ...]


def _states(design_map: DesignMap) -> States:
    return tuple((number, run.id, run.status().state) for number, run in design_map.cells().items())


def _seen(design_map: DesignMap) -> Overview:
    """Return the present state of a map; read it again only when the state of a cell changes."""
    return _overview(design_map.id, _states(design_map), design_map)


@kept(max_entries=8)
def _overview(map_id: str, states: States, _map: DesignMap) -> Overview:
    return overview(_map)


@kept(max_entries=64)
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
    state, progress = design_map.state(), progress_from(seen.cells, design_map.state().workers)
    words = f"{progress.done} of {plural(progress.total, 'cell')} done"
    if progress.failed:
        words += f", {progress.failed} failed"
    with st.container(horizontal=True, vertical_alignment="center"):
        if not state.ended:
            if state.state == "queued":
                words += "; waiting for the previous map"
            elif progress.running:
                left = progress.seconds_left
                about = "" if left is None else f", about {duration(left)} left"
                words += f"; {progress.running} running{about}"
            else:
                words += "; starting, or waiting for your runs to finish"
            st.progress((progress.done + progress.failed) / progress.total, plain(words), width="stretch")
            cancel_button(design_map, "Cancel the map", "map_cancel", jobs().cancel_map)
            return
        titles = {"cancelled": "Cancelled: ", "failed": "Stopped: ", "interrupted": "Interrupted: "}
        stopped = titles.get(state.state, "")
        st.caption(plain(f"{stopped}{words}. {state.message}"), width="stretch")
        if progress.done < progress.total and st.button(
            "Resume: train the remaining cells", key="map_resume", icon=":material/play_arrow:"
        ):
            jobs().start_map(design_map)
            st.rerun()
    for cell in seen.cells:
        if cell.state == "failed" and cell.status is not None:
            st.caption(f":material/error: {plain(cell.title)}: {plain(cell.status.message)}")
