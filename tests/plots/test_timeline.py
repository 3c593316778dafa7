"""Stretches, events and folds on a time line."""

import numpy as np
import pytest

from rare_event.config import SplitPlan
from rare_event.plots.timeline import folds_figure, split_figure, stretch_figure
from rare_event.plots.tracks import Machines
from rare_event.prepare.split import Fold, split
from tests.plots.examples import dates, names, texts, trace

NO_EVENTS = np.zeros(0)


def test_stretches_are_bars_and_stops_are_gaps():
    # Two stretches of 3 and 2 rows of 2 minutes, an hour apart; an event ends the first.
    when = np.concatenate([dates(3), dates(2, "1999-05-01T01:00")])
    figure = stretch_figure(when, np.array([0, 0, 0, 1, 1]), np.array([0, 0, 1, 0, 0]))

    bars = trace(figure, "running")
    assert list(bars.base) == [when[0], when[3]]
    # A row stands for the 2 minutes after it: 6 and 4 minutes, in milliseconds.
    assert list(bars.x) == [6 * 60_000, 4 * 60_000]
    assert list(trace(figure, "event").x) == [when[2]]
    assert figure.layout.title.text == "Running time: 2 stretches, 1 event"
    assert figure.layout.xaxis.type == "date"


def test_rows_without_times_are_not_called_a_time():
    figure = stretch_figure(2.0 * np.arange(5), np.array([0, 0, 0, 1, 1]), np.array([0, 0, 1, 0, 0]))

    assert figure.layout.title.text == "Running rows: 2 stretches, 1 event"
    assert "time" not in figure.layout.xaxis.title.text.lower()


def test_ten_thousand_stretches_are_few_bars_that_miss_no_long_stop():
    # Every stretch is one row; every 100th stop is an hour longer.
    step = np.where(np.arange(10_000) % 100 == 0, 70.0, 10.0)
    clock = np.cumsum(step)

    figure = stretch_figure(clock, np.arange(10_000), np.ones(10_000))

    begins = set(trace(figure, "running").base)
    assert len(begins) <= 5000 / 3
    assert set(clock[100::100]) <= begins
    assert len(trace(figure, "event").x) == 5000
    assert "short stops not drawn" in figure.layout.title.text


def test_rolling_folds_are_lanes_of_spans():
    n = 1000
    folds = split(SplitPlan("rolling", folds=4), np.zeros(n, np.int64), np.arange(n), purge=0)

    figure = split_figure(2.0 * np.arange(n), folds, np.array([500.0]))

    assert names(figure) == ["train", "validation", "test", "event"]
    for part in ("train", "validation", "test"):
        assert list(trace(figure, part).y) == [1, 2, 3, 4]
        assert list(trace(figure, part).x) == [2.0 * len(getattr(fold, part)) for fold in folds]
    # Events have a lane of their own, above the first fold.
    assert max(trace(figure, "event").y) < 0.5
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1]


@pytest.mark.parametrize("when", [dates(10_000), 2.0 * np.arange(10_000)], ids=["dates", "minutes"])
def test_scattered_parts_are_shares(when):
    rows = np.arange(10_000)
    folds = split(SplitPlan("random"), np.zeros(10_000, np.int64), rows, purge=0)

    figure = split_figure(when, folds, when[:0])

    assert names(figure) == ["train", "validation", "test"]
    # 120 slices, and in each the shares stack to the whole lane, from its foot at 1.4 up to 0.6.
    heights = {part: np.asarray(trace(figure, part).y) for part in ("train", "validation", "test")}
    np.testing.assert_allclose(sum(heights.values()), -0.8)
    assert len(heights["train"]) == 120
    assert heights["train"].mean() / -0.8 == pytest.approx(0.64, abs=0.01)
    top = np.asarray(trace(figure, "test").base, dtype=float) + heights["test"]
    np.testing.assert_allclose(top, 0.6)
    # Slices lie within the data.
    assert min(trace(figure, "train").x) >= when[0]
    assert max(trace(figure, "train").x) <= when[-1]


def test_each_event_is_in_the_lane_of_the_fold_that_tested_it():
    n = 1000
    folds = split(SplitPlan("rolling", folds=4), np.zeros(n, np.int64), np.arange(n), purge=0)
    # Tests begin at rows 400, 550, 700 and 850; an event can come just after the last row of a test.
    events = np.array([2.0 * 450, 2.0 * 549 + 1, 2.0 * 550, 2.0 * 999 + 1])

    when = 2.0 * np.arange(n)
    last = np.searchsorted(when, events, side="right") - 1
    figure = folds_figure(when, folds, events, np.array([True, False, True, False]), last)

    assert names(figure) == ["train", "validation", "test", "event missed", "event caught"]
    caught, missed = trace(figure, "event caught"), trace(figure, "event missed")
    assert list(caught.x) == [900, 1100]
    assert np.ceil(caught.y).tolist() == [1, 2]
    assert np.ceil(missed.y).tolist() == [1, 4]
    assert caught.marker.symbol != missed.marker.symbol
    assert figure.layout.title.text == "Test folds: 2 of 4 events caught"
    assert list(figure.layout.yaxis.ticktext) == ["1", "2", "3", "4"]
    # Events lie above the bar of their fold, and below that of the fold before.
    bar = trace(figure, "test")
    top, foot = bar.y[0] - bar.width / 2, bar.y[0] + bar.width / 2
    assert foot - 1 < caught.y[0] < top


@pytest.mark.parametrize("kind", ["random", "stretch"])
def test_events_of_scattered_tests_are_where_the_row_before_was_tested(kind):
    rng = np.random.default_rng(0)
    n = 3000
    stretch = np.sort(rng.integers(0, 60, n))
    folds = split(SplitPlan(kind, folds=5), stretch, np.arange(n), purge=0)
    when = dates(n)
    events = np.sort(rng.choice(np.concatenate([fold.test for fold in folds]), 50, replace=False))

    figure = folds_figure(when, folds, when[events], np.zeros(50, bool), events)

    tested = [next(k for k, fold in enumerate(folds, 1) if row in fold.test) for row in events]
    assert np.ceil(trace(figure, "event missed").y).tolist() == tested
    assert "event caught" not in names(figure)


def test_a_part_without_rows_is_left_out():
    fold = Fold(np.arange(5), np.zeros(0, np.int64), np.arange(5, 8))

    assert names(split_figure(np.arange(8.0), [fold], NO_EVENTS)) == ["train", "test"]


def test_nothing_to_draw_says_so():
    nothing = np.zeros(0, np.int64)

    assert texts(stretch_figure(NO_EVENTS, nothing, nothing)) == ["The table has no rows."]
    assert texts(split_figure(np.arange(3.0), [], NO_EVENTS)) == ["The split has no folds."]
    assert texts(folds_figure(np.arange(3.0), [], NO_EVENTS, nothing, nothing)) == ["The split has no folds."]
    assert not folds_figure(np.arange(3.0), [], NO_EVENTS, nothing, nothing).data


def test_no_bar_of_a_split_runs_from_one_machine_to_the_next() -> None:
    # The same four hours of two machines, one after the other; each trains on two hours and tests on two.
    hours = np.tile(np.arange("2020-01-01T00", "2020-01-01T04", dtype="datetime64[h]"), 2).astype("M8[ns]")
    fold = Fold(np.array([0, 1, 4, 5]), np.array([], np.int64), np.array([2, 3, 6, 7]))
    bars = {bar.name: bar for bar in split_figure(hours, [fold], hours[:0]).data}
    assert set(bars) == {"train", "test"}
    for part, first in (("train", hours[0]), ("test", hours[2])):
        assert (np.asarray(bars[part].base, "M8[ns]") == first).all() and len(bars[part].base) == 2
        assert list(bars[part].x) == [2 * 3_600_000] * 2
    # Rows of one part that follow each other across the machines are two bars, too.
    whole = Fold(np.arange(8), np.array([], np.int64), np.array([], np.int64))
    (bar,) = split_figure(hours, [whole], hours[:0]).data
    assert list(bar.x) == [4 * 3_600_000] * 2


def same_hours(n_folds: int) -> tuple[np.ndarray, list[Fold], Machines]:
    """The same 100 hours of three machines, one below the other; an event of each in row 50."""
    when = np.tile(dates(100), 3)
    asset = np.repeat([0, 1, 2], 100)
    plan = SplitPlan("rolling", folds=n_folds) if n_folds > 1 else SplitPlan()
    folds = split(plan, asset, np.arange(300), 0, 2.0 * np.tile(np.arange(100), 3), asset)
    return when, folds, Machines(("press 1", "press 2", "<b>"), asset, np.array([0, 1, 2]))


@pytest.mark.parametrize("n_folds", [1, 2])
def test_each_machine_has_a_track_of_its_own(n_folds) -> None:
    when, folds, machines = same_hours(n_folds)
    figure = split_figure(when, folds, when[[50, 150, 250]], machines)
    names_ = list(figure.layout.yaxis.ticktext)
    assert len(names_) == 3 * n_folds and names_[1] == ("press 2" if n_folds == 1 else "1 · press 2")
    assert "<" not in "".join(names_)
    for part in ("train", "validation", "test"):
        bars = trace(figure, part)
        # No two bars of a part cover the same hours in one track.
        assert np.floor(bars.y).tolist() == list(range(1, 3 * n_folds + 1))
        n_rows = [len(getattr(fold, part)) for fold in folds for _ in range(3)]
        np.testing.assert_allclose(bars.x, np.array(n_rows) / 3 * 2 * 60_000)
    # An event is in the tracks of its machine only.
    assert np.ceil(trace(figure, "event").y).tolist() == list(range(1, 3 * n_folds + 1))


def test_events_are_in_the_fold_that_tested_them_on_their_own_machine() -> None:
    when, folds, machines = same_hours(2)
    # Tests begin at hours 40 and 70 of each machine; the third event is in the first row of its machine.
    rows = np.array([50, 180, 199])
    figure = folds_figure(when, folds, when[[50, 180, 200]], np.array([True, False, False]), rows, machines)
    assert np.ceil(trace(figure, "event caught").y).tolist() == [1]
    assert np.ceil(trace(figure, "event missed").y).tolist()[0] == 5
    # It belongs to its own machine, not to the one in the row above.
    assert np.ceil(trace(figure, "event missed").y).tolist()[1] in (3, 6)


def test_time_that_runs_backwards_mixes_no_folds() -> None:
    # Clocks are set back an hour in row 60: by time alone, row 70 lies in the first test part.
    when = dates(100) - np.where(np.arange(100) >= 60, np.timedelta64(60, "m"), np.timedelta64(0, "m"))
    folds = [
        Fold(np.arange(20), np.arange(20, 30), np.arange(30, 60)),
        Fold(np.arange(50), np.arange(50, 60), np.arange(60, 100)),
    ]
    events = np.array([45, 70])
    figure = folds_figure(when, folds, when[events], np.zeros(2, bool), events)
    assert np.ceil(trace(figure, "event missed").y).tolist() == [1, 2]


def test_labels_of_many_tracks_are_evenly_apart() -> None:
    for n_machines, step in ((30, 1), (40, 1), (41, 2), (130, 4)):
        asset = np.arange(3 * n_machines) // 3
        machines = Machines(tuple(map(str, range(n_machines))), asset, np.array([], int))
        train, validation, test = (np.arange(first, len(asset), 3) for first in range(3))
        figure = split_figure(
            np.arange(float(len(asset))), [Fold(train, validation, test)], NO_EVENTS, machines
        )
        ticks = figure.layout.yaxis.tickvals
        assert set(np.diff(ticks)) == {step} and len(ticks) <= 40
