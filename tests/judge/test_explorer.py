"""What the explorer shows is what a walk through the rows counts, at a bounded number of thresholds."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rare_event.config import AlarmPolicy
from rare_event.errors import DataError
from rare_event.judge.alarms import alarms, event_ledger
from rare_event.judge.explorer import (
    BINS,
    display_points,
    event_levels,
    explorer_columns,
    histogram,
)
from rare_event.judge.thresholds import OperatingPoints, operating_points
from tests import naive
from tests.judge.test_operating_intervals import BANDS, plant

# Points to draw


def points_of(caught) -> OperatingPoints:
    falling = np.arange(len(caught), 0, -1)
    return OperatingPoints(
        threshold=np.arange(len(caught), dtype=float),
        tp=falling,
        fp=falling,
        caught=np.asarray(caught),
        alarms=falling,
        false_alarms=falling,
        n_positive=len(caught),
        n_normal=len(caught),
        n_events=int(max(caught)),
        days=1.0,
    )


def test_every_corner_is_drawn() -> None:
    # 5,000 thresholds; an event is lost from 100 to 101, 2,500 to 2,501 and 4,990 to 4,991.
    caught = np.repeat([3, 2, 1, 0], [101, 2400, 2490, 9])
    shown = display_points(points_of(caught), keep=(1234.0, 3000.4), limit=300)
    # 3,000.4 amounts to the next score, 3,001.
    assert {0, 100, 101, 1234, 2500, 2501, 3001, 4990, 4991, 4999} <= set(shown.tolist())
    assert len(shown) <= 300 and (np.diff(shown) > 0).all()
    # Most of the room is used, nowhere is a wide hole, and the highest scores are drawn one by one.
    assert len(shown) > 250 and np.diff(shown).max() < 60
    assert set(range(4990, 5000)) <= set(shown.tolist())
    assert not set(range(1000)) <= set(shown.tolist())


@given(st.data())
def test_points_to_draw_keep_what_they_must(data) -> None:
    n_points = data.draw(st.integers(1, 3000))
    limit = data.draw(st.integers(10, 300))
    losses = data.draw(st.lists(st.integers(0, n_points), max_size=200))
    keep = tuple(data.draw(st.lists(st.floats(-10, n_points + 10), max_size=4)))
    caught = np.zeros(n_points, int)
    for loss in losses:
        caught[:loss] += 1
    points = points_of(caught)
    shown = display_points(points, keep, limit)
    drawn = set(shown.tolist())
    assert len(shown) <= max(limit, 0) and (np.diff(shown) > 0).all()
    assert {0, n_points - 1} <= drawn and drawn <= set(range(n_points))
    for threshold in keep:
        assert min(points.at(threshold), n_points - 1) in drawn
    corners = {i + more for i in range(n_points - 1) if caught[i] != caught[i + 1] for more in (0, 1)}
    if len(corners) + 2 + len(keep) <= limit:
        assert corners <= drawn
    if n_points <= limit:
        assert drawn == set(range(n_points))


def test_more_corners_than_room_are_thinned_evenly() -> None:
    # An event is lost at every second of 1,000 thresholds: all are corners, and 100 may be drawn.
    shown = display_points(points_of(np.repeat(np.arange(500)[::-1], 2)), keep=(333.0,), limit=100)
    assert 95 <= len(shown) <= 100 and {0, 333, 999} <= set(shown.tolist())
    assert np.diff(shown).max() < 25


def test_a_million_rows_have_as_many_columns_as_a_few_thousand() -> None:
    few, many = (points_of(np.arange(n)[::-1] // (n // 50)) for n in (3000, 1_000_000))
    for points in (few, many):
        shown = display_points(points)
        assert len(shown) <= 2000 < len(points)
        change = np.flatnonzero(np.diff(points.caught))
        assert len(change) == 49 and set(change.tolist()) <= set(shown.tolist())


# Levels


@pytest.mark.parametrize("seed", range(12))
def test_levels_of_events_are_those_of_the_walk(seed) -> None:
    rng = np.random.default_rng(seed)
    scores, policy = naive.random_scores(rng, n_rows=60), naive.random_policy(rng)
    unseen = replace(scores, total_events=np.append(scores.total_events, 10_000))
    found = event_levels(unseen, policy)
    assert found.tolist() == naive.event_levels(unseen, policy)
    assert found[-1] == -np.inf and not np.isnan(found).any()
    for threshold in (0.5, 1.75, 2.5):
        assert (found >= threshold).tolist() == event_ledger(unseen, threshold, policy)["caught"].tolist()


# Histogram


def test_a_histogram_by_hand() -> None:
    # 60 bins from 0 to 60 are one wide each. Normal scores .5, 1 and 1.5 and 59.9; positive 60 (the
    # upper end counts in the last bin), 1000 and -3 (beyond the ends).
    scores = plant(0, 1).where(np.arange(12) < 7)
    scores = replace(scores, y_true=np.array([0, 0, 0, 0, 1, 1, 1], np.int8))
    scores = scores.with_score(np.array([0.5, 1.0, 1.5, 59.9, 60.0, 1000.0, -3.0]))
    found = histogram(scores, 0.0, 60.0, logarithmic=False)
    assert found.edges.tolist() == list(range(61))
    assert found.normal[[0, 1, 59]].tolist() == [0.25, 0.5, 0.25]
    np.testing.assert_allclose(found.positive[[0, 59]], [1 / 3, 2 / 3])
    assert found.normal.sum() == 1 and not found.normal[2:59].any()


@pytest.mark.parametrize("logarithmic", [False, True])
def test_a_histogram_is_that_of_numpy(logarithmic) -> None:
    scores = plant(1, 40)
    found = histogram(scores, 0.2, 5.0, logarithmic)
    ratios, steps = found.edges[1:] / found.edges[:-1], np.diff(found.edges)
    np.testing.assert_allclose(ratios if logarithmic else steps, (ratios if logarithmic else steps)[0])
    assert not np.allclose(steps if logarithmic else ratios, (steps if logarithmic else ratios)[0])
    for value, shares in ((0, found.normal), (1, found.positive)):
        mine = np.clip(scores.y_score[scores.y_true == value], 0.2, 5.0)
        # Rounding of the edges apart, both ends are edges.
        edges = np.concatenate([[0.0], found.edges[1:-1], [10.0]])
        np.testing.assert_allclose(shares, np.histogram(mine, edges)[0] / len(mine))
        assert len(shares) == BINS and shares.sum() == pytest.approx(1)


def test_a_histogram_of_one_class_has_nothing_of_the_other() -> None:
    normal = replace(plant(0, 6), y_true=np.zeros(72, np.int8))
    found = histogram(normal, 0.1, 5.0, logarithmic=True)
    assert found.normal.sum() == pytest.approx(1) and not found.positive.any()


# All of it


COUNTED = list(operating_points(plant(0, 6), AlarmPolicy()).to_frame().columns)
LEADS = ["median_lead", "lead_25", "lead_75"]
ENDS = [f"{name}_{side}" for name in (*BANDS, "median_lead") for side in ("low", "high")]


@pytest.mark.parametrize("seed", range(8))
def test_columns_of_the_explorer(seed) -> None:
    rng = np.random.default_rng(seed)
    scores, policy = naive.random_scores(rng, n_rows=150, ties=60), naive.random_policy(rng)
    frame = explorer_columns(scores, policy, keep=(3.0,), seed=seed)
    assert {*COUNTED, *LEADS, *ENDS} <= set(frame.columns) and frame.columns.is_unique
    assert frame.index.tolist() == list(range(len(frame)))
    assert not np.isinf(frame.to_numpy(float)).any()
    assert frame["threshold"].tolist() == naive.thresholds_of(scores, policy)
    for _, column in frame.iterrows():
        figures = naive.figures_at(scores, column["threshold"], policy)
        for name in ("tp", "fp", "fn", "tn", "caught", "alarms", "false_alarms", "precision", "recall"):
            assert column[name] == figures[name], name
        assert column["missed"] == len(scores.total_events) - figures["caught"]
        leads = list(figures["leads"].values())
        expected = np.quantile(leads, [0.5, 0.25, 0.75]) if leads else [np.nan] * 3
        np.testing.assert_allclose(column[LEADS].to_numpy(float), expected, rtol=1e-6)


def test_the_explorer_keeps_the_committed_threshold_among_many() -> None:
    scores = plant(3, 300)  # 3,600 different scores
    middle = float(np.sort(scores.y_score)[1801])
    frame = explorer_columns(scores, AlarmPolicy(), keep=(middle,))
    assert len(frame) <= 2000 < len(scores) and middle in frame["threshold"].to_numpy()
    points = operating_points(scores, AlarmPolicy())
    at = [points.at(threshold) for threshold in frame["threshold"]]
    assert (points.threshold[at] == frame["threshold"]).all()
    assert (points.caught[at] == frame["caught"]).all() and (np.diff(at) > 0).all()
    # What a browser looks up between two columns, the nearer one above, has the same events.
    for threshold in np.random.default_rng(0).uniform(0, scores.y_score.max(), 200):
        column = int(np.searchsorted(frame["threshold"], threshold))
        assert frame["caught"][column] == points.caught[points.at(threshold)]


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_only(label) -> None:
    one = replace(plant(0, 20), y_true=np.full(240, label, np.int8))
    frame = explorer_columns(one, AlarmPolicy())
    assert not np.isinf(frame.to_numpy(float)).any()
    assert (frame["precision"] == label).all()
    missing = ["recall", "recall_low", "recall_high"] if label == 0 else ["false_positive_rate"]
    assert frame[missing].isna().all(axis=None)
    present = ["false_positive_rate"] if label == 0 else ["recall", "recall_low", "recall_high"]
    assert frame[present].notna().all(axis=None)


def test_no_events_at_all() -> None:
    alone = plant(0, 20)
    alone = replace(
        alone,
        y_true=np.zeros(240, np.int8),
        event=np.full(240, -1),
        to_event=np.full(240, np.inf),
        total_events=np.array([], int),
    )
    frame = explorer_columns(alone, AlarmPolicy())
    assert not frame[["caught", "missed", "caught_high"]].any(axis=None) and frame[LEADS].isna().all(
        axis=None
    )
    assert frame["false_alarms_per_day_high"].max() > 0 and not np.isinf(frame.to_numpy(float)).any()
    assert event_levels(alone, AlarmPolicy()).shape == (0,)


def test_one_score_for_all_and_no_score_at_all() -> None:
    flat = plant(0, 20).with_score(np.ones(240))
    frame = explorer_columns(flat, AlarmPolicy())
    assert len(frame) == 1 and frame["recall"][0] == 1 and frame["caught"][0] == 10
    with pytest.raises(DataError, match="No window could be scored"):
        explorer_columns(flat.where(np.zeros(240, bool)), AlarmPolicy())


# Laws


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.sampled_from([2, 12, 1000]))
def test_a_higher_threshold_never_finds_catches_or_alarms_more(seed, ties) -> None:
    rng = np.random.default_rng(seed)
    scores, policy = naive.random_scores(rng, n_rows=40, ties=ties), naive.random_policy(rng)
    frame = explorer_columns(scores, policy)
    for name in ("recall", "caught"):
        assert (np.diff(frame[name].dropna()) <= 1e-6).all(), name
        # Where none or all are found the interval is exact, and wider than that of the resamples beside it.
        inner = frame[frame[name].between(0, frame[name].max(), inclusive="neither")]
        for end in (f"{name}_low", f"{name}_high"):
            assert (np.diff(inner[end].dropna()) <= 1e-6).all(), end
        assert not (frame[f"{name}_low"] >= frame[f"{name}_high"]).any(), name
    alarmed = [int(alarms(scores, t, policy)["rows"].sum()) for t in frame["threshold"]]
    assert (np.diff(alarmed) <= 0).all() and alarmed[0] <= len(scores)
    assert len(alarms(scores, frame["threshold"].max() + 1, policy)) == 0


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.sampled_from([1.0, 2.0, 4.0, 20.0]), st.sampled_from([0.0, 1.0]))
def test_with_the_plainest_policy_every_row_is_an_alarm_of_its_own(seed, lead, min_lead) -> None:
    scores = naive.random_scores(np.random.default_rng(seed), n_rows=60)
    policy = AlarmPolicy(k=1, n=1, cooldown=0.0, lead=lead, min_lead=min_lead)
    frame = explorer_columns(scores, policy)
    for _, column in frame.iterrows():
        caught, alarmed, false = set(), 0, 0
        for value, event, minutes in zip(scores.y_score, scores.event, scores.to_event, strict=True):
            if value >= column["threshold"]:
                alarmed += 1
                false += minutes > lead
                if min_lead <= minutes <= lead:
                    caught.add(int(event))
        found = (column["caught"], column["alarms"], column["false_alarms"])
        assert found == (len(caught), alarmed, false)
        assert column["alarms"] == column["tp"] + column["fp"]
