"""A map folder gives back what was written, or says in a sentence what cannot be read."""

import json

import numpy as np
import pytest

from rare_event.config import RECOMMENDED, DesignSpace
from rare_event.errors import RunError
from rare_event.judge.scores import COLUMNS, OLDER_LEAD
from rare_event.store.datasets import add_dataset
from rare_event.store.deleting import delete_run
from rare_event.store.maps import DesignMap, MapState, create_map, list_maps, open_map
from rare_event.store.runs import create_run, mark
from rare_event.store.serial import MAP_AGAIN, NEWER, TRAIN_AGAIN
from tests.naive import random_scores
from tests.records import as_older_version


@pytest.fixture
def design_map(workspace, upload) -> DesignMap:
    return create_map(add_dataset(upload, "mill.csv"), DesignSpace())


def test_a_new_map_is_queued_and_holds_its_settings(design_map) -> None:
    again = open_map(design_map.id)
    assert again.state() == MapState("queued") and again.space() == DesignSpace()
    assert again.dataset() == design_map.dataset() and list_maps(again.dataset()) == [again]
    assert again.cells() == {} and again.windows() is None
    with pytest.raises(RunError, match="There is no map .* Open one on the Compare page"):
        open_map("../runs")


def test_an_older_state_calls_the_workers_lanes(design_map) -> None:
    (design_map.folder / "state.json").write_text('{"state": "cancelled", "lanes": 3}')
    older = design_map.state()
    assert older == MapState("cancelled", workers=3)
    assert design_map.write_state(older) == design_map.state() and older.ended
    assert "lanes" not in (design_map.folder / "state.json").read_text()


def test_cells_come_back_by_number_and_a_deleted_run_is_left_out(design_map) -> None:
    runs = {number: create_run(design_map.dataset(), RECOMMENDED) for number in (10, 2)}
    design_map.write_cells(runs)
    assert design_map.cells() == runs
    mark(runs[2], "cancelled")
    with pytest.raises(RunError, match=f"cell of map {design_map.id}, which has not ended. Cancel"):
        delete_run(runs[2])
    assert design_map.cells() == runs
    design_map.write_state(MapState("cancelled"))
    delete_run(runs[2])
    assert design_map.cells() == {10: runs[10]}


def test_windows_come_back_and_older_ones_have_the_older_lead(design_map) -> None:
    windows = random_scores(np.random.default_rng(0))
    design_map.save_windows(windows)
    again = design_map.windows()
    assert again is not None and (again.step, again.lead) == (windows.step, windows.lead)
    for column in (*COLUMNS, "total_events"):
        assert getattr(again, column).tobytes() == getattr(windows, column).tobytes(), column
    as_older_version(design_map.folder)
    path = design_map.folder / "windows.json"
    about = json.loads(path.read_text())
    path.write_text(json.dumps({name: about[name] for name in ("step", "total_events")}))
    older = design_map.windows()
    assert older is not None and older.lead == OLDER_LEAD and older.time_unit == windows.time_unit


@pytest.mark.parametrize(
    ("file", "what", "hint"),
    [
        ("space.json", "settings file", MAP_AGAIN),
        ("state.json", "state", NEWER),
        ("dataset.json", "dataset", MAP_AGAIN),
        ("windows.json", "list of events", MAP_AGAIN),
        ("windows.parquet", "set of windows", MAP_AGAIN),
        ("cells.json", "list of cells", MAP_AGAIN),
    ],
)
def test_what_cannot_be_read_is_a_sentence(design_map, file, what, hint) -> None:
    design_map.save_windows(random_scores(np.random.default_rng(0)))
    name = {"space": "space", "state": "state", "dataset": "dataset", "cells": "cells"}.get(
        file.removesuffix(".json"), "windows"
    )
    path = design_map.folder / file
    if name == "space":
        path.unlink()
    else:
        path.write_bytes(b"[")
    sentence = f"The {what} of map .* cannot be read: the file is missing or damaged. {hint}"
    with pytest.raises(RunError, match=sentence) as refused:
        getattr(design_map, name)()
    assert TRAIN_AGAIN not in str(refused.value)
