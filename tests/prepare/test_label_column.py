from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rare_event.config import RECOMMENDED
from rare_event.errors import TableError
from rare_event.prepare.label_column import event_rows, mark
from rare_event.prepare.labelling import Labelling
from rare_event.prepare.prepared import prepare
from rare_event.prepare.roles import schema_of_roles
from rare_event.prepare.schema import Schema, guess_schema
from rare_event.prepare.table import apply_schema
from tests.prepare.examples import frame, raw_of

THREE = Schema("status", "time", ("x1",), event_values=("BROKEN",), left_out_values=("RECOVERING",))


def states(seed: int = 0, n: int = 100) -> pd.DataFrame:
    """Random runs of three states."""
    rng = np.random.default_rng(seed)
    runs = rng.choice(["NORMAL", "BROKEN", "RECOVERING"], size=n // 4, p=[0.6, 0.2, 0.2])
    return frame(n, status=np.repeat(runs, 4)).drop(columns="y")


@pytest.mark.parametrize("seed", range(20))
def test_rows_left_out_cut_the_stretch(seed: int) -> None:
    raw = raw_of(states(seed))
    table = apply_schema(raw, THREE, name="f", digest="")
    status = raw["status"].to_numpy()
    expected, stretch, previous = [], -1, None
    for row, state in enumerate(status):
        if state == "RECOVERING":
            previous = None
            continue
        if previous is None or (previous == "BROKEN" and state == "NORMAL"):
            stretch += 1
        expected.append((row + 2, int(state == "BROKEN"), stretch))
        previous = state
    found = list(zip(table.lines.tolist(), table.label.tolist(), table.stretch.tolist(), strict=True))
    assert found == expected and "RECOVERING" not in table.frame.to_numpy()
    (left_out,) = [remark for remark in table.remarks if remark.fact == "rows left out"]
    assert left_out.count == (status == "RECOVERING").sum() and left_out.column == "status"


def test_windows_never_span_rows_that_are_left_out() -> None:
    status = np.where(np.isin(np.arange(100), [30, 60]), "RECOVERING", "NORMAL")
    status[[20, 50, 80, 95]] = "BROKEN"
    table = apply_schema(raw_of(frame(status=status).drop(columns="y")), THREE, name="f", digest="")
    prepared = prepare(table, replace(RECOMMENDED, lookback=3))
    lines = table.lines.to_numpy()[prepared.row]
    spans = lines[prepared.ends] - lines[prepared.ends - 2]
    assert (spans == 2).all() and len(prepared.ends) > 60


def test_a_value_that_nobody_named_is_refused_in_another_file() -> None:
    raw = raw_of(frame(y=np.where(np.arange(100) == 50, 2, frame()["y"])))
    with pytest.raises(TableError, match="'2' in 1 row. Say which of them mean an event"):
        apply_schema(raw, Schema("y", "time", ("x1",)), name="f", digest="")
    known = Schema("y", "time", ("x1",), normal_values=("0", "2"))
    assert apply_schema(raw, known, name="f", digest="").label.sum() == 3
    scored = apply_schema(raw, Schema("y", "time", ("x1",)), name="f", digest="", events_needed=False)
    assert scored.n_rows == 100


def test_empty_cells_are_refused_count_as_normal_or_are_left_out() -> None:
    raw = raw_of(frame(y=frame()["y"].where(np.arange(100) % 10 != 5)))
    refused = Schema("y", "time", ("x1",))
    with pytest.raises(TableError, match="empty in 10 rows, first in line 7"):
        mark(raw, refused)
    normal, out = (mark(raw, replace(refused, blank=blank)) for blank in ("normal", "left out"))
    assert normal.kept.all() and (~out.kept).sum() == 10 and not out.kept[5]
    assert np.array_equal(normal.label, out.label) and normal.label.sum() == 3
    assert np.array_equal(event_rows(raw, refused), normal.label)


def test_without_a_label_nothing_is_an_event() -> None:
    schema = guess_schema(raw_of(frame()), Labelling(()))
    table = apply_schema(raw_of(frame()), schema, name="f", digest="")
    assert schema.label is None and "y" not in [c for c, role in schema.roles() if role == "label"]
    assert not table.label.any() and table.label.dtype == np.int8 and table.n_rows == 100
    assert not table.stretch.any() and table.remarks == ()


def test_roles_take_several_labels_or_none() -> None:
    raw = raw_of(frame(trip=np.arange(100) == 33))
    before = guess_schema(raw)
    roles = dict(before.roles())
    both = schema_of_roles(raw, roles | {"trip": "label"}, Labelling(event_values=("1", "True")), before)
    assert both.labels == ("y", "trip") and both.time_format == before.time_format
    assert apply_schema(raw, both, name="f", digest="").label.sum() == 4
    none = schema_of_roles(raw, roles | {"y": "ignored"}, Labelling(), before)
    assert none.label is None and none.ignored == ("y",)
    with pytest.raises(TableError, match="both have the role time"):
        schema_of_roles(raw, roles | {"x1": "time"}, Labelling(), before)
    letters = raw.assign(x2=np.where(np.arange(100) < 50, "A", "B"))
    with pytest.raises(TableError, match="nothing says which"):
        schema_of_roles(letters, roles | {"y": "ignored", "x2": "label"}, Labelling(), before)
