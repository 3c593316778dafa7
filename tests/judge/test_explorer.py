"""What the explorer shows is what a walk through the rows counts, at a bounded number of thresholds."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from rare_event.config import AlarmPolicy
from rare_event.errors import DataError
from rare_event.judge import explorer
from rare_event.judge.alarms import alarms, event_ledger
from rare_event.judge.explorer import (
    BINS,
    LEAST_STRETCHES,
    display_points,
    event_levels,
    explorer_columns,
    histogram,
    intervals,
    lead_figures,
    leads_at,
)
from rare_event.judge.scores import Scores
from rare_event.judge.thresholds import OperatingPoints, operating_points
from tests import naive

BANDS = ("precision", "recall", "caught", "false_alarms_per_day")


def plant(seed, n_stretches, rows=12) -> Scores:
    """Stretches of 2-minute rows, every other one up to an event, and scores that know something."""
    rng = np.random.default_rng(seed)
    stretch = np.repeat(np.arange(n_stretches), rows)
    leads = stretch % 2 == 0
    to_event = np.where(leads, np.tile(np.arange(2.0 * rows, 0, -2), n_stretches), np.inf)
    y_true = (to_event <= 4).astype(np.int8)
    return Scores(
        row=np.arange(len(stretch)),
        clock=2.0 * np.arange(len(stretch)) + 100 * stretch,
        stretch=stretch,
        fold=np.zeros(len(stretch), int),
        y_true=y_true,
        y_score=rng.gamma(2.0, size=len(stretch)) + 1.5 * y_true,
        event=np.where(leads, stretch // 2, -1),
        to_event=to_event,
        total_events=np.arange((n_stretches + 1) // 2),
        step=2.0,
    )


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


# Counts, leads and levels


@pytest.mark.parametrize("seed", range(10))
def test_counts_of_stretches_add_up(seed, monkeypatch) -> None:
    rng = np.random.default_rng(seed)
    scores = naive.random_scores(rng, n_rows=120, ties=40, restarts=0.08)
    policy = replace(naive.random_policy(rng), cooldown=10.0, repeat=4.0)
    points = operating_points(scores, policy)
    shown = np.sort(rng.permutation(len(points))[: max(1, len(points) // 2)])
    _, stretch = np.unique(scores.stretch, return_inverse=True)
    # Drawn once each, the stretches are the part; the interval is then its figures themselves.
    once = np.ones((3, stretch.max() + 1), np.float32)
    monkeypatch.setattr(explorer, "draw_stretches", lambda *_: once)
    found = intervals(scores, policy, shown)
    frame = points.to_frame().iloc[shown]
    for name in BANDS:
        for side in ("low", "high"):
            np.testing.assert_allclose(found[f"{name}_{side}"], frame[name], rtol=1e-6)
    # Drawn twice each, rates are the same and counts are twice as many.
    monkeypatch.setattr(explorer, "draw_stretches", lambda *_: 2 * once)
    twice = intervals(scores, policy, shown)
    np.testing.assert_allclose(twice["caught_low"], 2 * frame["caught"])
    np.testing.assert_allclose(twice["false_alarms_per_day_low"], frame["false_alarms_per_day"], rtol=1e-6)


@pytest.mark.parametrize("seed", range(12))
def test_leads_are_those_of_the_walk(seed) -> None:
    rng = np.random.default_rng(seed)
    scores, policy = naive.random_scores(rng, n_rows=60), naive.random_policy(rng)
    # Every score, numbers between two of them, and beyond both ends.
    thresholds = np.unique([*scores.y_score, *rng.uniform(-1, 4, 5), -5.0, 99.0])
    leads = leads_at(scores, policy, thresholds)
    assert leads.dtype == np.float32
    near = {
        int(event)
        for event, minutes in zip(scores.event, scores.to_event, strict=True)
        if policy.min_lead <= minutes <= policy.lead
    }
    assert leads.shape == (len(near), len(thresholds))
    for column, threshold in enumerate(thresholds):
        expected = naive.alarm_figures(scores, threshold, policy)["leads"]
        found = dict(zip(sorted(near), leads[:, column].tolist(), strict=True))
        assert {event: lead for event, lead in found.items() if not np.isnan(lead)} == expected
    assert np.isnan(leads[:, -1]).all()
    # A lower threshold never warns later.
    filled = np.nan_to_num(leads, nan=-1)
    assert (np.diff(filled, axis=1) <= 0).all()


def test_leads_without_events() -> None:
    scores = replace(plant(0, 6), event=np.full(72, -1), to_event=np.full(72, np.inf))
    leads = leads_at(scores, AlarmPolicy(), np.array([0.0, 1.0]))
    assert leads.shape == (0, 2)
    assert all(np.isnan(values).all() and len(values) == 2 for values in lead_figures(leads).values())


@pytest.mark.parametrize("n_events", [1, 2, 3, 6, 7, 30])
def test_quartiles_of_the_lead_are_those_of_numpy(n_events) -> None:
    rng = np.random.default_rng(n_events)
    leads = (2.0 * rng.integers(1, 30, (n_events, 40))).astype(np.float32)
    leads[rng.random(leads.shape) < np.linspace(0, 0.9, 40)] = np.nan
    before = leads.copy()
    found = lead_figures(leads)
    for column in range(40):
        known = leads[np.isfinite(leads[:, column]), column]
        for name, share in (("lead_25", 0.25), ("median_lead", 0.5), ("lead_75", 0.75)):
            expected = np.quantile(known, share) if len(known) else np.nan
            np.testing.assert_allclose(found[name][column], expected, rtol=1e-6)
        low, high = found["median_lead_low"][column], found["median_lead_high"][column]
        # Five events are too few for an interval.
        assert np.isnan(low) == np.isnan(high) == (len(known) < 6)
        if len(known) >= 6:
            assert known.min() <= low <= found["median_lead"][column] <= high <= known.max()
    np.testing.assert_array_equal(leads, before)


def ranks_of_the_interval(n_events) -> tuple[int, int]:
    """Ranks from 1 between which the interval of the median of so many events lies."""
    found = lead_figures(np.arange(1.0, n_events + 1)[::-1, None].astype(np.float32))
    return int(found["median_lead_low"][0]), int(found["median_lead_high"][0])


def test_the_interval_of_the_median_by_hand() -> None:
    # Of 6: 6/2 -+ 1.96 * sqrt(6)/2 = 3 -+ 2.4 is beyond all but the first and the last. All six are
    # on one side of the median with probability 2/64 = 3.1 %.
    assert ranks_of_the_interval(6) == (1, 6)
    assert ranks_of_the_interval(7) == (1, 7)
    # Of 100: 50 -+ 9.8 = 40.2 and 59.8. Published tables have ranks 40 or 41, and 60 or 61.
    low, high = ranks_of_the_interval(100)
    assert low in (40, 41) and high in (60, 61)
    with pytest.raises(ValueError, match="cannot convert float NaN"):
        ranks_of_the_interval(5)


@pytest.mark.parametrize("n_events", range(6, 60))
def test_the_interval_of_the_median_holds_as_often_as_it_says(n_events) -> None:
    low, high = ranks_of_the_interval(n_events)
    # The median lies between those ranks if low to high - 1 of the events are below it.
    holds = binom.cdf(high - 1, n_events, 0.5) - binom.cdf(low - 1, n_events, 0.5)
    # At least as often: with 8 events the next narrower pair would hold in 93 % only.
    assert 0.95 <= holds < 1
    narrower = binom.cdf(high - 2, n_events, 0.5) - binom.cdf(low, n_events, 0.5)
    assert narrower < 0.95
    assert 1 <= low < (n_events + 1) / 2 < high <= n_events


def test_the_interval_of_the_median_is_the_same_from_both_ends() -> None:
    for n_events in range(6, 60):
        low, high = ranks_of_the_interval(n_events)
        assert low + high == n_events + 1, n_events


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


# Intervals


@pytest.mark.parametrize("seed", range(4))
def test_intervals_are_those_of_laying_out_every_resample(seed) -> None:
    rng = np.random.default_rng(seed)
    scores, policy = naive.random_scores(rng, n_rows=70, ties=10), naive.random_policy(rng)
    points = operating_points(scores, policy)
    shown = np.unique([0, *rng.integers(0, len(points), 3), len(points) - 1])
    found = intervals(scores, policy, shown, seed=7, resamples=25)
    # Stretches that lead to an event are drawn first, then the others, each group among itself.
    draw = np.random.default_rng(7)
    numbers = np.unique(scores.stretch)
    assert len(numbers) >= LEAST_STRETCHES
    leads = np.array([(scores.event[scores.stretch == s] >= 0).any() for s in numbers])
    weights = np.zeros((25, len(numbers)), int)
    for group in (leads, ~leads):
        n = int(group.sum())
        if n:
            weights[:, group] = draw.multinomial(n, np.full(n, 1 / n), 25)
    expected = naive.bootstrap(scores, policy, points.threshold[shown], weights)
    assert set(found) == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-6, err_msg=name)
    other = intervals(scores, policy, shown, seed=8, resamples=25)
    assert not all((other[name] == found[name]).all() for name in found)


@pytest.mark.parametrize("seed", range(3))
def test_the_figure_itself_lies_in_its_interval(seed) -> None:
    frame = explorer_columns(plant(seed, 60), AlarmPolicy())
    for name in BANDS:
        low, figure, high = frame[f"{name}_low"], frame[name], frame[f"{name}_high"]
        assert (low <= high).all() or (low.isna() == high.isna()).all()
        inside = (low <= figure * (1 + 1e-6)) & (figure <= high * (1 + 1e-6))
        assert inside.mean() > 0.97, name
    middle = frame.iloc[len(frame) // 2]
    assert middle["recall_low"] < middle["recall_high"] and middle["precision_low"] >= 0
    assert (frame["recall_high"] <= 1).all() and (frame["caught_high"] <= 30).all()
    lead = frame.dropna(subset=["median_lead_low"])
    assert len(lead) > 100
    assert lead["median_lead"].between(lead["median_lead_low"], lead["median_lead_high"]).all()


def test_more_stretches_make_a_narrower_band() -> None:
    policy, widths = AlarmPolicy(), {}
    for n_stretches in (20, 500):
        scores = plant(5, n_stretches)
        points = operating_points(scores, policy)
        shown = np.unique([points.at(threshold) for threshold in (2.0, 3.0, 4.0)])
        found = intervals(scores, policy, shown)
        widths[n_stretches] = {n: (found[f"{n}_high"] - found[f"{n}_low"]).mean() for n in BANDS}
    for name in ("precision", "recall", "false_alarms_per_day"):
        # 25 times as many: about a fifth as wide.
        assert 0 < widths[500][name] < 0.4 * widths[20][name], name


def test_one_seed_gives_the_same_intervals() -> None:
    scores = plant(2, 12)
    one, again = explorer_columns(scores, AlarmPolicy()), explorer_columns(scores, AlarmPolicy())
    pd.testing.assert_frame_equal(one, again, check_exact=True)
    other = explorer_columns(scores, AlarmPolicy(), seed=1)
    assert not other["recall_low"].equals(one["recall_low"]) and other["recall"].equals(one["recall"])


@pytest.mark.parametrize("n_stretches", [1, 2, 4, 5])
def test_few_stretches_have_no_interval(n_stretches) -> None:
    assert LEAST_STRETCHES == 5
    frame = explorer_columns(plant(0, n_stretches), AlarmPolicy())
    for name in BANDS:
        told = frame[[f"{name}_low", f"{name}_high"]].notna()
        assert told.all(axis=None) if n_stretches == 5 and name == "recall" else True
        assert told.any(axis=None) == (n_stretches >= 5), name
    assert frame["recall"].notna().all() and frame["median_lead_low"].isna().all()


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
    assert frame["threshold"].tolist() == sorted(set(scores.y_score.tolist()))
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
    with pytest.raises(DataError, match="No window of this part could be scored"):
        explorer_columns(flat.where(np.zeros(240, bool)), AlarmPolicy())


# Laws


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([2, 12, 1000]))
def test_a_higher_threshold_never_finds_catches_or_alarms_more(seed, ties) -> None:
    rng = np.random.default_rng(seed)
    scores, policy = naive.random_scores(rng, n_rows=40, ties=ties), naive.random_policy(rng)
    frame = explorer_columns(scores, policy)
    for name in ("recall", "caught", "recall_low", "recall_high", "caught_low", "caught_high"):
        known = frame[name].dropna()
        assert (np.diff(known) <= 1e-6).all(), name
    alarmed = [int(alarms(scores, t, policy)["rows"].sum()) for t in frame["threshold"]]
    assert (np.diff(alarmed) <= 0).all() and alarmed[0] <= len(scores)
    assert len(alarms(scores, frame["threshold"].max() + 1, policy)) == 0


@settings(max_examples=40, deadline=None)
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
