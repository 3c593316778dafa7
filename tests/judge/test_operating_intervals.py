"""Leads and intervals at many thresholds are what a walk through the rows and every resample come to."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq
from scipy.stats import binom, binomtest, poisson

from rare_event.config import AlarmPolicy
from rare_event.judge import operating_intervals
from rare_event.judge.explorer import explorer_columns
from rare_event.judge.operating_intervals import LEAST_STRETCHES, intervals, lead_figures, leads_at
from rare_event.judge.scores import Scores
from rare_event.judge.thresholds import operating_points
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


# Counts and leads


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
    monkeypatch.setattr(operating_intervals, "draw_stretches", lambda *_: once)
    monkeypatch.setattr(operating_intervals, "joined", lambda name, interval, _: interval)
    found = intervals(scores, policy, shown)
    frame = points.to_frame().iloc[shown]
    for name in BANDS:
        for side in ("low", "high"):
            np.testing.assert_allclose(found[f"{name}_{side}"], frame[name], rtol=1e-6)
    # Drawn twice each, rates are the same and counts are twice as many.
    monkeypatch.setattr(operating_intervals, "draw_stretches", lambda *_: 2 * once)
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
        if policy.min_lead <= minutes <= scores.lead_of(policy)
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
    # on one side of the median with probability 2/64 = 3.1%.
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
    # At least as often: with 8 events the next narrower pair would hold in 93% only.
    assert 0.95 <= holds < 1
    narrower = binom.cdf(high - 2, n_events, 0.5) - binom.cdf(low, n_events, 0.5)
    assert narrower < 0.95
    assert 1 <= low < (n_events + 1) / 2 < high <= n_events


def test_the_interval_of_the_median_is_the_same_from_both_ends() -> None:
    for n_events in range(6, 60):
        low, high = ranks_of_the_interval(n_events)
        assert low + high == n_events + 1, n_events


# Intervals


def exact_end(scores, policy, frame, name, at, side) -> float:
    """End of the exact interval; of a share of windows at 0 or 1 only, over the stretches they lie in."""
    row = frame.iloc[at]
    if name == "false_alarms_per_day":
        count = int(row["false_alarms"])
        tail = [lambda mean: poisson.sf(count - 1, mean), lambda mean: poisson.cdf(count, mean)]
        if count == 0 and side == "low":
            return 0.0
        return float(brentq(lambda mean: tail[side == "high"](mean) - 0.025, 1e-9, 1000) / scores.days)
    if name == "caught":
        n = len(scores.total_events)
        hits, factor = int(row["caught"]), n
    else:
        of = scores.y_score >= row["threshold"] if name == "precision" else scores.y_true == 1
        n, factor = len(np.unique(scores.stretch[of])), 1
        if row[name] not in (0.0, 1.0):
            return np.nan
        hits = int(row[name]) * n
    between = binomtest(hits, n).proportion_ci(0.95, method="exact")
    return float(getattr(between, side) * factor)


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
    frame = points.to_frame().iloc[shown].reset_index(drop=True)
    for name in BANDS:
        low, high = (np.array(expected[f"{name}_{side}"]) for side in ("low", "high"))
        wide = ~np.isclose(low, high, rtol=1e-6, atol=0)
        if name == "false_alarms_per_day":
            sides = [
                [exact_end(scores, policy, frame, name, at, side) for at in range(len(frame))]
                for side in ("low", "high")
            ]
            np.testing.assert_allclose(found[f"{name}_low"], np.minimum(low, sides[0]), rtol=1e-6)
            np.testing.assert_allclose(found[f"{name}_high"], np.maximum(high, sides[1]), rtol=1e-6)
            continue
        for side, values in (("low", low), ("high", high)):
            mine = found[f"{name}_{side}"]
            np.testing.assert_allclose(mine[wide], values[wide], rtol=1e-6, err_msg=name)
            exact = [exact_end(scores, policy, frame, name, at, side) for at in np.flatnonzero(~wide)]
            np.testing.assert_allclose(mine[~wide], exact, err_msg=name)
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


def test_a_threshold_above_all_scores_but_one_has_exact_intervals() -> None:
    scores = plant(0, 6)
    scores = scores.with_score(np.where(np.arange(72) == 13, 9.0, -scores.y_true.astype(float)))
    frame = explorer_columns(scores, AlarmPolicy())
    top, bottom = frame.iloc[-1], frame.iloc[0]
    # One false alarm, none of 3 events caught: 0 to 70.8% of them.
    assert (top["caught"], top["caught_low"]) == (0, 0)
    assert top["caught_high"] == pytest.approx(3 * 0.70759822)
    assert (top["recall_low"], top["recall_high"]) == pytest.approx((0, 0.70759822))
    # One stretch called, and wrongly: 1 - 0.025.
    assert (top["precision_low"], top["precision_high"]) == pytest.approx((0, 0.975))
    # All of 3 caught: 29.2 to 100%.
    assert bottom["caught"] == 3 and bottom["caught_low"] == pytest.approx(3 * 0.29240178)
    assert bottom["caught_high"] == 3 and bottom["recall_high"] == 1
    for name in BANDS:
        assert not (frame[f"{name}_low"] == frame[f"{name}_high"]).any(), name


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
