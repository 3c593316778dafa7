"""Every plan yields disjoint parts; what must not be shared between them is not."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

from rare_event.config import ARTICLE_DENSE, ARTICLE_LSTM, RECOMMENDED, SplitPlan
from rare_event.errors import ConfigError, DataError
from rare_event.experiment.folds import make_scores
from rare_event.prepare.labels import curve_shift
from rare_event.prepare.prepared import prepare
from rare_event.prepare.split import hold_out_last, purged, split
from rare_event.prepare.windows import article_window_ends

PARTS = ("train", "validation", "test")


def parts(fold):
    return [set(getattr(fold, part).tolist()) for part in PARTS]


def in_stretches(n_rows, n_stretches):
    return np.arange(n_rows) * n_stretches // n_rows


@pytest.mark.parametrize("kind", ["random", "shuffled", "stretch", "chronological", "rolling"])
@pytest.mark.parametrize("purge", [0, 3, 12])
def test_parts_are_disjoint(kind, purge) -> None:
    n_rows, ends = 1000, np.arange(4, 1000)
    folds = split(SplitPlan(kind), in_stretches(n_rows, 25), ends, purge)
    assert len(folds) == (6 if kind in ("shuffled", "stretch", "rolling") else 1)
    for fold in folds:
        train, validation, test = parts(fold)
        assert train and validation and test
        assert not train & validation and not train & test and not validation & test
        assert train | validation | test <= set(range(n_rows))


@pytest.mark.parametrize("kind", ["shuffled", "stretch", "rolling"])
def test_no_row_is_tested_twice(kind) -> None:
    folds = split(SplitPlan(kind), in_stretches(1000, 25), np.arange(1000), 5)
    tested = np.concatenate([fold.test for fold in folds])
    assert len(np.unique(tested)) == len(tested)
    assert len(tested) == {"shuffled": 1000, "stretch": 1000, "rolling": 600}[kind]


def test_chronological_written_out() -> None:
    # 25 rows: 64/16/20 is 16, 4 and 5. A purge of 1 takes the last row of the first two parts.
    (fold,) = split(SplitPlan("chronological"), np.zeros(25, int), np.arange(25), purge=1)
    assert fold.train.tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]
    assert fold.validation.tolist() == [16, 17, 18]
    assert fold.test.tolist() == [20, 21, 22, 23, 24]


MIDNIGHT = "2024-05-01 00:00"
MINUTE = np.datetime64("2024-05-01") + np.arange(40) * np.timedelta64(1, "m")


@pytest.mark.parametrize("first", [None, "2024-05-01 00:04"])
@pytest.mark.parametrize("until", [None, "2024-05-01 00:20"])
def test_training_dates_cut_where_the_times_are(first, until) -> None:
    plan = SplitPlan("chronological", train_from=first, train_until=until)
    (fold,) = split(plan, np.zeros(40, int), np.arange(40), 1, when=MINUTE)
    begin = 4 if first else 0
    end = 20 if until else begin + round((40 - begin) * 0.64)
    middle = end + round((40 - end) * 16 / 36) if until else begin + round((40 - begin) * 0.8)
    assert fold.train.tolist() == list(range(begin, end - 1))
    assert fold.validation.tolist() == list(range(end, middle - 1))
    assert fold.test.tolist() == list(range(middle, 40))
    assert (MINUTE[fold.train] < np.datetime64(until or "2024-05-02")).all()
    assert plan.in_words() != SplitPlan().in_words() or not plan.dates


def test_machines_are_trained_until_the_same_time() -> None:
    asset, when = np.repeat([0, 1], 20), np.tile(MINUTE[:20], 2)
    plan = SplitPlan(train_until="2024-05-01 00:08")
    (fold,) = split(plan, asset, np.arange(40), 0, np.tile(np.arange(20.0), 2), asset, when)
    assert fold.train.tolist() == [*range(8), *range(20, 28)]
    assert not (when[fold.test] < when[fold.validation].max()).any()


@pytest.mark.parametrize(
    ("dates", "when", "words"),
    [
        ({"train_until": "2024-05-01 00:00"}, MINUTE, "no rows to train on"),
        ({"train_from": "2025-01-01 00:00"}, MINUTE, "no rows to train on"),
        ({"train_until": "2025-01-01 00:00"}, MINUTE, "no rows to test on"),
        ({"train_until": "2024-05-01 00:20"}, np.arange(40.0), "no readable time"),
        ({"train_until": "2024-05-01 00:20"}, None, "no readable time"),
    ],
)
def test_training_dates_outside_the_file_are_refused(dates, when, words) -> None:
    with pytest.raises(DataError, match=words):
        split(SplitPlan(**dates), np.zeros(40, int), np.arange(40), 1, when=when)


def test_training_dates_are_of_the_split_by_time_only() -> None:
    plan = SplitPlan("rolling", train_from="2024-05-01 00:04", train_until="2024-05-01 00:20")
    rolling = split(plan, np.zeros(40, int), np.arange(40), 1, when=MINUTE)
    assert rolling[0].train[0] == 0 and plan.dates == ()
    for first, until, words in (
        (None, "soon", "'soon' cannot be read as a time"),
        (None, "2024-05-01T00:00", f"write it as {MIDNIGHT}"),
        ("2024-05-02 00:00", MIDNIGHT, "not before train_until"),
    ):
        with pytest.raises(ConfigError, match=words):
            SplitPlan(train_from=first, train_until=until)


def test_rolling_written_out() -> None:
    # 40 rows, the last half tested in 2 folds of 10: tests begin at 20 and 30. The last 15% of the
    # past validate: 20 * 0.85 = 17, 30 * 0.85 = 25.5, rounded to the even 26. A purge of 1 row.
    first, second = split(SplitPlan("rolling", 2, test_share=0.5), np.zeros(40, int), np.arange(40), purge=1)
    assert first.train.tolist() == list(range(16)) and first.validation.tolist() == [17, 18]
    assert first.test.tolist() == [20, 21, 22, 23, 24, 25, 26, 27, 28, 29]
    assert second.train.tolist() == list(range(25)) and second.validation.tolist() == [26, 27, 28]
    assert second.test.tolist() == [30, 31, 32, 33, 34, 35, 36, 37, 38, 39]


def test_by_stretch_written_out() -> None:
    stretch = np.repeat(np.arange(6), 2)
    folds = split(SplitPlan("stretch", folds=3), stretch, np.arange(12), purge=4)
    # Six stretches of two rows in 3 groups: 2 tested each; of the other 4, 20% rounded up: 1 validates.
    for fold in folds:
        train, validation, test = (sorted({int(stretch[row]) for row in part}) for part in parts(fold))
        assert (len(train), len(validation), len(test)) == (3, 1, 2)
        assert sorted(train + validation + test) == [0, 1, 2, 3, 4, 5]
        # All rows of a stretch go together, and none is purged.
        assert [len(part) for part in parts(fold)] == [6, 2, 4]
    tested = [sorted(set(stretch[fold.test].tolist())) for fold in folds]
    assert sorted(sum(tested, [])) == [0, 1, 2, 3, 4, 5]


def test_random_is_the_articles_nested_split() -> None:
    ends = np.arange(6, 306)
    (fold,) = split(SplitPlan("random", seed=123), np.zeros(306, int), ends, purge=7)
    rest, test = train_test_split(ends, test_size=0.2, random_state=123)
    train, validation = train_test_split(rest, test_size=0.2, random_state=123)
    assert (fold.train == train).all() and (fold.validation == validation).all() and (fold.test == test).all()
    # 300 windows: 60 test; of the other 240, 48 validate.
    assert (len(fold.train), len(fold.validation), len(fold.test)) == (192, 48, 60)
    (other,) = split(SplitPlan("random", seed=124), np.zeros(306, int), ends, purge=7)
    assert set(other.test.tolist()) != set(fold.test.tolist())
    assert min(fold.train.min(), fold.validation.min(), fold.test.min()) == 6  # never what is no window


@given(
    n_windows=st.integers(10, 300),
    folds=st.integers(2, 10),
    kind=st.sampled_from(["shuffled", "stretch"]),
    seed=st.integers(0, 1000),
)
def test_every_window_is_tested_exactly_once(n_windows, folds, kind, seed) -> None:
    rng = np.random.default_rng(seed)
    ends = np.flatnonzero(rng.random(2 * n_windows) < 0.5)
    assume(len(ends) >= max(4, folds))
    made = split(SplitPlan(kind, folds, seed=seed), in_stretches(2 * n_windows, 20), ends, purge=3)
    tested = np.concatenate([fold.test for fold in made])
    assert len(made) == folds and len(np.unique(tested)) == len(tested)
    assert np.isin(ends, tested).all()
    for fold in made:
        # Nothing is left over either: what does not test trains or validates.
        every = np.sort(np.concatenate([fold.train, fold.validation, fold.test]))
        assert (every == (ends if kind == "shuffled" else np.arange(2 * n_windows))).all()


def test_shuffled_is_the_random_split_in_folds() -> None:
    ends = np.arange(6, 306)
    folds = split(SplitPlan("shuffled", 5, seed=7), np.zeros(306, int), ends, purge=7)
    for fold in folds:
        # 300 windows in 5 folds: 60 test; of the other 240, 48 validate.
        assert (len(fold.train), len(fold.validation), len(fold.test)) == (192, 48, 60)
        # Drawn one by one: nearly every tested window has a neighbour that is trained on.
        beside = np.isin(fold.test - 1, fold.train) | np.isin(fold.test + 1, fold.train)
        assert beside.mean() > 0.7
        rest = np.setdiff1d(ends, fold.test)
        train, validation = train_test_split(rest, test_size=0.2, random_state=7)
        assert (fold.train == train).all() and (fold.validation == validation).all()
    again, other = (split(SplitPlan("shuffled", 5, seed=s), np.zeros(306, int), ends, 7) for s in (7, 8))
    for fold, same, different in zip(folds, again, other, strict=True):
        assert all((getattr(fold, part) == getattr(same, part)).all() for part in PARTS)
        assert set(fold.test.tolist()) != set(different.test.tolist())
    assert min(fold.test.min() for fold in folds) == 6  # never what is no window


@given(
    n_rows=st.integers(60, 500), purge=st.integers(0, 12), kind=st.sampled_from(["chronological", "rolling"])
)
def test_purged_rows_are_in_no_part(n_rows, purge, kind) -> None:
    try:
        folds = split(SplitPlan(kind, folds=3), np.zeros(n_rows, int), np.arange(n_rows), purge)
    except DataError:
        assume(False)
    for fold in folds:
        for earlier, later in ((fold.train, fold.validation), (fold.validation, fold.test)):
            assert later.min() - earlier.max() == purge + 1
            between = set(range(earlier.max() + 1, later.min()))
            assert len(between) == purge and not between & set.union(*parts(fold))


def test_a_longer_purge_changes_no_test_row() -> None:
    for kind in ("chronological", "rolling"):
        short, long = (split(SplitPlan(kind), np.zeros(900, int), np.arange(900), purge) for purge in (3, 20))
        for a, b in zip(short, long, strict=True):
            assert (a.test == b.test).all() and len(b.train) == len(a.train) - 17


@given(n_rows=st.integers(200, 5000), folds=st.integers(2, 8))
def test_rolling_folds_are_equal_and_cover_the_last_60_percent(n_rows, folds) -> None:
    made = split(SplitPlan("rolling", folds), np.zeros(n_rows, int), np.arange(n_rows), purge=3)
    sizes = [len(fold.test) for fold in made]
    assert max(sizes) - min(sizes) <= 1
    tested = np.concatenate([fold.test for fold in made])
    assert tested.tolist() == list(range(round(0.4 * n_rows), n_rows))
    for fold in made:
        # All before the test part is the past; 15% of it, less the purge, validates.
        past = fold.test[0]
        assert fold.train[0] == 0 and fold.validation[0] == round(0.85 * past)
        assert max(fold.validation.max(), fold.train.max()) < past


@given(n_stretches=st.integers(4, 60), folds=st.integers(2, 6), seed=st.integers(0, 1000))
def test_parts_of_the_stretch_plan_share_no_stretch(n_stretches, folds, seed) -> None:
    assume(n_stretches > folds + 1)
    rng = np.random.default_rng(seed)
    stretch = np.repeat(np.arange(n_stretches), rng.integers(1, 20, n_stretches))
    for fold in split(SplitPlan("stretch", folds, seed=seed), stretch, np.arange(len(stretch)), purge=5):
        train, validation, test = (set(stretch[list(part)].tolist()) for part in parts(fold))
        assert not train & validation and not train & test and not validation & test
        assert train | validation | test == set(range(n_stretches))


@pytest.mark.parametrize(
    ("plan", "n_rows", "stretches", "purge", "sentence"),
    [
        (SplitPlan("random"), 4, 1, 0, "Too few windows for a random split: 4"),
        (
            SplitPlan("shuffled", folds=6),
            5,
            1,
            0,
            "Too few windows .* into 6 folds: 5",
        ),
        (
            SplitPlan("shuffled", folds=2),
            3,
            1,
            0,
            "Too few windows .* into 2 folds: 3",
        ),
        (SplitPlan("stretch", folds=6), 100, 6, 0, "The file has 6 stretches, too few to hold out 6 groups"),
        (SplitPlan("stretch", folds=2), 100, 1, 0, "The file has 1 stretch, too few to hold out 2 groups"),
        (SplitPlan("stretch", folds=2), 100, 3, 0, "The file has 3 stretches, too few to hold out 2 groups"),
        (
            SplitPlan("chronological"),
            20,
            1,
            13,
            "no rows for the training part: .*too few rows .20.",
        ),
        (
            SplitPlan("chronological"),
            25,
            1,
            4,
            "no rows for the validation part: .*too few rows .25.",
        ),
        (SplitPlan("rolling", folds=6), 5, 1, 0, "rolling split by time leaves no rows"),
        (
            SplitPlan("rolling", folds=2),
            40,
            1,
            7,
            "no rows for the validation part of fold 1 of 2: .*too few rows .40.",
        ),
        (SplitPlan("rolling", folds=50), 60, 1, 0, "rolling split by time leaves no rows for the test part"),
    ],
)
def test_too_few_rows_are_a_sentence(plan, n_rows, stretches, purge, sentence) -> None:
    with pytest.raises(DataError, match=sentence) as refused:
        split(plan, in_stretches(n_rows, stretches), np.arange(n_rows), purge)
    assert "Use " in str(refused.value)


@pytest.mark.mill
def test_the_articles_random_split_of_the_mill(mill_table) -> None:
    shifted = curve_shift(mill_table.label, 2)
    n_rows = len(shifted.rows)
    counts = {}
    for config in (ARTICLE_DENSE, ARTICLE_LSTM):
        ends = article_window_ends(n_rows, config.lookback)
        (fold,) = split(config.split, np.zeros(n_rows, int), ends, purge=config.lookback + 2)
        counts[config.name] = [(len(getattr(fold, p)), int(shifted.y[getattr(fold, p)].sum())) for p in PARTS]
    assert counts["article-dense"] == [(11_695, 154), (2_924, 41), (3_655, 52)]
    assert counts["article-lstm"] == [(11_691, 11_691 - 11_536), (2_923, 43), (3_654, 49)]


@pytest.mark.mill
@pytest.mark.parametrize(
    ("plan", "total"),
    [(SplitPlan("chronological"), 34), (SplitPlan("rolling"), 78)],
    ids=["chronological", "rolling"],
)
@pytest.mark.parametrize("lookback", [1, 5, 30])
def test_events_in_the_test_parts_of_the_mill(mill_table, plan, total, lookback) -> None:
    config = replace(RECOMMENDED, split=plan, lookback=lookback)
    prepared = prepare(mill_table, config)
    events = []
    for number, fold in enumerate(prepared.folds):
        ends = fold.test[np.isin(fold.test, prepared.ends)]
        scores = make_scores(prepared, config, number, fold.test, ends, np.zeros(len(ends)))
        events.append(scores.total_events)
        assert set(scores.event[scores.event >= 0].tolist()) <= set(scores.total_events.tolist())
    # The longer the lookback the fewer windows, but the events stay: those unseen count as missed.
    together = np.concatenate(events)
    assert len(np.unique(together)) == total
    assert together.min() > 0 and together.max() < 124


def test_a_trailing_window_forgets_what_is_long_past() -> None:
    stretch, ends = np.zeros(1000, int), np.arange(1000)
    plan = SplitPlan("rolling", folds=4, test_share=0.6)
    expanding = split(plan, stretch, ends, purge=3)
    trailing = split(replace(plan, window="trailing"), stretch, ends, purge=3)
    assert [fold.train[0] for fold in expanding] == [0, 0, 0, 0]
    # The first fold's past is 400 rows long, and so is every other's; each test part has 150.
    assert [fold.train[0] for fold in trailing] == [0, 150, 300, 450]
    for one, other in zip(expanding, trailing, strict=True):
        assert (one.validation == other.validation).all() and (one.test == other.test).all()
        assert one.train[-1] == other.train[-1] and set(other.train) <= set(one.train)
    assert len(trailing[-1].train) < len(expanding[-1].train)


@pytest.mark.parametrize(("n_folds", "n_stretches"), [(2, 4), (3, 4), (5, 6), (2, 5)])
def test_as_few_stretches_as_are_allowed_fill_every_part(n_folds, n_stretches) -> None:
    for seed in range(10):
        folds = split(
            SplitPlan("stretch", n_folds, seed=seed), in_stretches(40, n_stretches), np.arange(40), 0
        )
        assert all(all(parts(fold)) for fold in folds) and len(folds) == n_folds


def naive_purged(rows, others, asset, purge):
    """Row by row: its distance to each other row of its asset, counted in rows of the asset."""
    kept = []
    for row in rows:
        mine = [r for r in range(len(asset)) if asset[r] == asset[row]]
        apart = [abs(mine.index(row) - mine.index(o)) for o in others if asset[o] == asset[row]]
        if all(distance > purge for distance in apart):
            kept.append(row)
    return kept


@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.sampled_from(["row", "other", "neither"])), min_size=1, max_size=30
    ),
    st.integers(0, 5),
)
def test_rows_near_other_rows_of_their_asset_are_removed(marked, purge) -> None:
    asset = np.array([number for number, _ in marked])
    rows, others = (
        np.array([i for i, (_, k) in enumerate(marked) if k == kind], int) for kind in ("row", "other")
    )
    found = purged(rows, others, asset, len(asset), purge)
    assert found.tolist() == naive_purged(rows.tolist(), others.tolist(), asset.tolist(), purge)
    one = purged(rows, others, None, len(asset), purge)
    assert one.tolist() == naive_purged(rows.tolist(), others.tolist(), [0] * len(asset), purge)


def test_the_last_rows_are_held_out() -> None:
    fold = hold_out_last(np.arange(20), None, share=0.25, purge=3)
    assert fold.train.tolist() == list(range(12)) and fold.validation.tolist() == [15, 16, 17, 18, 19]
    assert not len(fold.test)
    # Two machines of ten rows each at the same times: both are cut at one time, each purged by itself.
    clock, asset = np.tile(np.arange(10.0), 2), np.repeat([0, 1], 10)
    fold = hold_out_last(clock, asset, share=0.2, purge=2)
    assert fold.train.tolist() == [0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15]
    assert fold.validation.tolist() == [8, 9, 18, 19]
    # A machine that ended before is not purged: nothing of it follows.
    ended = hold_out_last(np.r_[np.arange(10.0), np.arange(10.0, 20.0)], asset, share=0.25, purge=2)
    assert ended.train.tolist() == [*range(10), 10, 11, 12] and ended.validation.tolist() == [
        15,
        16,
        17,
        18,
        19,
    ]


@pytest.mark.parametrize(
    ("share", "purge", "sentence"),
    [
        (
            0.5,
            5,
            "No rows are left to train on: of 10 rows, the last 5 choose the threshold, and 5 rows before",
        ),
        (0.01, 1, "No rows are left to choose the threshold on: of 10 rows, the last 0 choose"),
    ],
)
def test_too_few_rows_to_hold_out_are_a_sentence(share, purge, sentence) -> None:
    with pytest.raises(DataError, match=sentence):
        hold_out_last(np.arange(10), None, share, purge)
    assert len(hold_out_last(np.arange(20), None, 0.5, purge).train) == 10 - purge
