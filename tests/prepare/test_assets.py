"""Several machines in one table: what is made of each is what would be made of it alone."""

from dataclasses import replace
from typing import get_args

import numpy as np
import pandas as pd
import pytest

from rare_event.config import ARTICLE_LSTM, RECOMMENDED, RepresentationKind, SplitPlan
from rare_event.errors import DataError, TableError
from rare_event.prepare.corrections import Corrections, roles
from rare_event.prepare.labelling import Labelling
from rare_event.prepare.placebo import placebo
from rare_event.prepare.prepared import prepare
from rare_event.prepare.roles import schema_of_roles
from rare_event.prepare.schema import Role, Schema, guess_schema
from rare_event.prepare.split import split
from rare_event.prepare.table import read_table
from tests.small import small_frame

PARTS = ("train", "validation", "test")


def machine(name: str, seed: int, n_rows: int = 400, late: int = 0) -> pd.DataFrame:
    """One machine that starts `late` minutes later than others."""
    frame = small_frame(n_rows)
    random = np.random.default_rng(seed)
    frame[["s0", "s1"]] = random.normal(100 * seed, 1, (n_rows, 2)).round(4)
    return frame.assign(time=frame["time"] + pd.Timedelta(late, "min"), unit=name)


def read(frame: pd.DataFrame, asset: str | None = "unit"):
    written = frame.to_csv(index=False).encode()
    columns = [*("s0", "s1", "s2", "s3")]
    return read_table(written, schema=Schema("y", "time", tuple(columns), asset=asset))


BOTH = (machine("press 2", 1), machine("press 1", 2, 300, late=-500))
STACKED = pd.concat(BOTH, ignore_index=True)
MIXED = STACKED.sort_values("time", kind="stable", ignore_index=True)


@pytest.fixture(scope="module")
def alone():
    return [read(each, None) for each in BOTH]


def test_rows_come_asset_by_asset_and_in_time_whatever_the_file_mixes() -> None:
    stacked, mixed = read(STACKED), read(MIXED)
    assert stacked.assets == ("press 2", "press 1") and mixed.assets == ("press 1", "press 2")
    second = mixed.asset == 1
    assert (mixed.values[second] == stacked.values[stacked.asset == 0]).all()
    assert (np.diff(mixed.time[second]) > np.timedelta64(0)).all()
    shuffled = read(STACKED.sample(frac=1, random_state=3))
    assert (shuffled.time[shuffled.asset == 0] == np.sort(shuffled.time[shuffled.asset == 0])).all()
    # A sentence about a row still names its line of the file.
    row = 5
    assert MIXED["s0"].iloc[mixed.line(row) - 2] == pytest.approx(mixed.values[row, 0])
    assert [mixed.line(row) for row in range(700)] != list(range(2, 702))


def test_an_hour_that_occurs_twice_keeps_the_order_of_the_file() -> None:
    frame = machine("one", 1, 90)
    frame.loc[45:, "time"] -= pd.Timedelta(60, "min")
    table = read(pd.concat([frame, machine("two", 2, 90)]))
    assert (table.values[:90, 0] == frame["s0"].to_numpy(np.float32)).all()
    assert (np.diff(table.time[:90]) < np.timedelta64(0)).sum() == 1


def test_clock_and_stretches_are_those_of_each_alone(alone) -> None:
    table = read(STACKED)
    assert table.clock.min() == 0 and table.clock[0] == 500
    for number, single in enumerate(alone):
        mine = table.asset == number
        np.testing.assert_allclose(np.diff(table.clock[mine]), np.diff(single.clock))
        assert (table.stretch[mine] - table.stretch[mine][0] == single.stretch).all()
    assert len(np.unique(table.stretch)) == sum(len(np.unique(single.stretch)) for single in alone)
    assert table.step == 2.0 and not table.time_unit.reason


def test_without_a_clock_an_asset_still_cuts() -> None:
    table = read_table(
        STACKED.drop(columns="time").to_csv(index=False).encode(),
        schema=Schema("y", None, ("s0",), asset="unit"),
    )
    assert (table.clock[table.asset == 1] == np.arange(300)).all()
    assert table.stretch[400] != table.stretch[399]
    assert table.time_unit.reason


@pytest.mark.parametrize("kind", get_args(RepresentationKind))
@pytest.mark.parametrize("base", [RECOMMENDED, ARTICLE_LSTM])
def test_labels_windows_and_inputs_are_those_of_each_alone(alone, base, kind) -> None:
    config = replace(base, shift=12, lookback=4, representation=replace(base.representation, kind=kind))
    together = prepare(read(STACKED), config)
    assert together.asset is not None
    offset = 0
    for number, single in enumerate(alone):
        mine = prepare(single, config)
        kept = together.asset == number
        first = int(np.flatnonzero(kept)[0])
        assert (together.row[kept] - offset == mine.row).all()
        assert (together.y[kept] == mine.y).all()
        np.testing.assert_allclose(together.derived.values[kept], mine.derived.values, rtol=1e-6)
        ends = together.ends[kept[together.ends]] - first
        late = ends[ends > config.lookback] if config.article_mode else ends
        assert set(late) == set(mine.ends)
        offset += single.n_rows
    assert len(together.events) == sum(len(prepare(single, config).events) for single in alone)
    windows = together.ends[:, None] - np.arange(config.lookback)
    assert (together.asset[windows] == together.asset[together.ends][:, None]).all()


def parts_by_time(clock, asset, bounds, purge):
    """Cut every row on its own: places on the line of time, then the purge of each asset."""
    place = [sum(other < mine for other in clock) for mine in clock]
    found = []
    for number, (first, last) in enumerate(bounds):
        rows = [row for row in range(len(clock)) if first <= place[row] < last]
        if number < 2:
            gone = []
            for machine_ in sorted(set(asset)):
                gone += [row for row in rows if asset[row] == machine_][::-1][:purge]
            rows = [row for row in rows if row not in gone]
        found.append(rows)
    return found


@pytest.mark.parametrize("purge", [0, 1])
def test_splits_by_time_cut_all_assets_at_one_time(purge) -> None:
    random = np.random.default_rng(purge)
    asset = np.repeat([0, 1, 2], [30, 45, 25])
    clock = np.concatenate([2.0 * np.sort(random.permutation(60)[:n]) for n in (30, 45, 25)])
    plans = (
        SplitPlan("chronological"),
        SplitPlan("rolling", folds=3),
        SplitPlan("rolling", 3, window="trailing"),
    )
    for plan in plans:
        folds = split(plan, asset, np.arange(100), purge, clock, asset)
        bounds = [[(0, 64), (64, 80), (80, 100)]]
        if plan.kind == "rolling":
            starts = [40, 60, 80]
            begins = [0, 0, 0] if plan.window == "expanding" else [0, 20, 40]
            bounds = [
                [(begin, round(0.85 * start)), (round(0.85 * start), start), (start, start + 20)]
                for begin, start in zip(begins, starts, strict=True)
            ]
        for fold, cuts in zip(folds, bounds, strict=True):
            expected = parts_by_time(clock.tolist(), asset.tolist(), cuts, purge)
            assert [getattr(fold, part).tolist() for part in PARTS] == expected
            # No machine is trained on the hours in which another is tested.
            assert clock[fold.train].max() < clock[fold.validation].min()
            assert clock[fold.validation].max() < clock[fold.test].min()
    alone = split(SplitPlan(), asset, np.arange(100), purge)
    assert (clock[alone[0].train].max() > clock[alone[0].test].min()).all()


def test_invented_events_stay_on_their_asset() -> None:
    minute = 2 * np.concatenate([np.arange(400), np.arange(300)])
    frame = STACKED.assign(y=0, time=pd.Timestamp("2024-01-01") + pd.to_timedelta(minute, unit="min"))
    # The first rows of the second machine are an event: the rows before it are another's.
    frame.loc[[400, 401, 430, 100, 200], "y"] = 1
    table = read(frame)
    invented = placebo(table, shift=10)
    assert set(range(390, 400)) <= set(invented.table.lines - 2)
    assert not {400, 401, 425, 430, 95} & set(invented.table.lines - 2)


def test_what_cannot_be_an_asset_is_refused_with_its_line() -> None:
    holes = STACKED.copy()
    holes.loc[7, "unit"] = ""
    with pytest.raises(TableError, match=r"asset column 'unit' is empty in 1 row, first in line 9\."):
        read(holes)
    with pytest.raises(TableError, match=r"'s3' holds \d+ distinct values in 700 rows"):
        read_table(STACKED.to_csv(index=False).encode(), schema=Schema("y", "time", ("s0",), asset="s3"))
    with pytest.raises(TableError, match="more than one role"):
        Schema("y", "time", ("s0",), asset="s0")


def test_assets_with_other_steps_are_refused() -> None:
    slow = machine("slow", 3)
    slow["time"] = slow["time"].iloc[0] + 5 * (slow["time"] - slow["time"].iloc[0])
    table = read(pd.concat([BOTH[0], slow]))
    # Each has its own stops, whatever the step of the other.
    assert len(np.unique(table.stretch[table.asset == 1])) == len(np.unique(table.stretch[table.asset == 0]))
    with pytest.raises(DataError, match=r"'press 2' are 2 minutes apart, those of asset 'slow' 10 minutes"):
        prepare(table, RECOMMENDED)


def test_one_asset_is_as_none() -> None:
    one = read(BOTH[0].assign(unit="only"))
    none = read(BOTH[0], None)
    assert (one.clock == none.clock).all() and (one.stretch == none.stretch).all()
    assert none.asset is None and guess_schema(BOTH[0]).asset is None
    for plan in (SplitPlan(), SplitPlan("rolling")):
        config = replace(RECOMMENDED, split=plan)
        for mine, other in zip(prepare(one, config).folds, prepare(none, config).folds, strict=True):
            assert all((getattr(mine, part) == getattr(other, part)).all() for part in PARTS)


def test_the_role_is_given_to_one_column() -> None:
    raw = STACKED.assign(line="A")
    before = guess_schema(raw)
    said = Labelling(event_values=("1",))
    roles: dict[str, Role] = {column: role for column, role in before.roles()}
    chosen = schema_of_roles(raw, roles | {"unit": "asset"}, said, before)
    assert chosen.asset == "unit" and "unit" not in (*chosen.categories, *chosen.ignored, *chosen.sensors)
    assert dict(chosen.roles())["unit"] == "asset"
    with pytest.raises(TableError, match=r"'unit' and 'line' both have the role asset\."):
        schema_of_roles(
            raw, roles | {"unit": "asset", "line": "asset"}, Labelling(event_values=("1",)), before
        )


def test_what_the_analyst_calls_the_assets_goes_before_the_guess() -> None:
    schema = roles(STACKED, Corrections(assets="unit"))
    assert schema.asset == "unit" and schema.time == "time"
    assert roles(STACKED, Corrections()).asset is None


def test_each_asset_is_tested_by_what_was_learned_from_the_others() -> None:
    asset = np.repeat([0, 1, 2], [30, 50, 20])
    clock = np.concatenate([2.0 * np.arange(n) for n in (30, 50, 20)])
    plan = SplitPlan("asset")
    folds = split(plan, asset, np.arange(100), 3, clock, asset)
    assert len(folds) == 3
    for number, fold in enumerate(folds):
        assert (asset[fold.test] == number).all() and len(fold.test) == (30, 50, 20)[number]
        assert number not in asset[fold.train] and number not in asset[fold.validation]
        assert clock[fold.train].max() < clock[fold.validation].min()
        for other in {0, 1, 2} - {number}:
            mine = np.flatnonzero((asset == other) & (clock < clock[fold.validation].min()))
            assert fold.train[asset[fold.train] == other].tolist() == mine[:-3].tolist()
    # Others were trained on in the hours that are tested, and the name of the split says so.
    assert clock[folds[1].train].min() <= clock[folds[1].test].min()
    assert "other machines from the same hours are in the training data" in plan.in_words()
    with pytest.raises(DataError, match="needs at least two assets"):
        prepare(read(BOTH[0], None), replace(RECOMMENDED, split=plan))


def test_a_table_is_split_by_asset() -> None:
    folds = prepare(read(STACKED), replace(RECOMMENDED, split=SplitPlan("asset"))).folds
    assert len(folds) == 2 and not set(folds[0].test) & set(folds[0].train)
