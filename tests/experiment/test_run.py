"""The path from end to end: what each part may see, what is counted, and that it can be repeated."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rare_event.config import (
    ARTICLE_DENSE,
    ARTICLE_LSTM,
    RECOMMENDED,
    DenseModel,
    LSTMModel,
    PCAModel,
    Rule,
    SplitPlan,
    Training,
)
from rare_event.detect.programs import forget_programs
from rare_event.detect.scoring import score
from rare_event.errors import Cancelled, ConfigError, DataError
from rare_event.experiment.folds import make_scores
from rare_event.experiment.result import summarise
from rare_event.experiment.run import run_experiment
from rare_event.jobs.worker import execute
from rare_event.judge.evaluation import evaluate
from rare_event.judge.scores import COLUMNS
from rare_event.prepare.features import fit_representation
from rare_event.prepare.prepared import prepare
from rare_event.prepare.table import read_table
from rare_event.store.datasets import add_dataset
from rare_event.store.runs import create_run
from rare_event.store.serial import dump, to_plain
from tests import naive
from tests.small import DENSE, PCA, small_frame

PLANS = {
    "random": SplitPlan("random"),
    "stretch": SplitPlan("stretch", folds=2),
    "chronological": SplitPlan("chronological"),
    "rolling": SplitPlan("rolling", folds=2),
}
MODELS: dict[str, DenseModel | PCAModel] = {
    "pca": PCAModel(components=8),
    "dense": DenseModel(widths=(8,)),
}
RECIPE = replace(RECOMMENDED, lookback=3, training=Training(epochs=2, patience=None))


@pytest.fixture(scope="module", params=[(m, p) for m in MODELS for p in PLANS], ids=lambda p: "-".join(p))
def result(request, sample_table):
    model, plan = request.param
    return run_experiment(sample_table, replace(RECIPE, model=MODELS[model], split=PLANS[plan]))


def test_every_part_is_scored(result, sample_table) -> None:
    prepared = result.prepared
    assert len(result.folds) == (2 if result.config.split.kind in ("stretch", "rolling") else 1)
    for number, (fold, rows) in enumerate(zip(result.folds, prepared.folds, strict=True)):
        for part, scores in ((rows.validation, fold.validation), (rows.test, fold.test)):
            windows = np.sort(part[np.isin(part, prepared.ends)])
            assert scores.row.tolist() == prepared.row[windows].tolist()
            assert scores.y_true.tolist() == prepared.y[windows].tolist()
            assert (scores.fold == number).all() and np.isfinite(scores.y_score).all()
            assert not sample_table.label[scores.row].any()  # no row of an event is scored
            assert 0 < scores.n_positive < len(scores)
        network = result.config.model.kind == "dense"
        assert [epoch.number for epoch in fold.history] == ([1, 2] if network else [1])


def test_no_row_is_in_two_parts(result) -> None:
    for fold, rows in zip(result.folds, result.prepared.folds, strict=True):
        train = result.prepared.row[rows.train]
        for one, other in (
            (fold.validation.row, fold.test.row),
            (train, fold.validation.row),
            (train, fold.test.row),
        ):
            assert not set(one.tolist()) & set(other.tolist())
    tested = np.concatenate([fold.test.row for fold in result.folds])
    assert len(np.unique(tested)) == len(tested) == len(result.test)


def test_scores_of_several_folds_share_a_unit(result) -> None:
    medians = [np.median(f.validation.y_score[f.validation.y_true == 0]) for f in result.folds]
    if len(result.folds) > 1:
        np.testing.assert_allclose(medians, 1)
    else:
        assert abs(medians[0] - 1) > 0.01  # a single fold stays in the unit of the error


def test_figures_of_a_result(result) -> None:
    figures = to_plain(summarise(result))
    config, prepared = result.config, result.prepared
    assert figures["preset"] == "recommended" and figures["split"] == config.split.kind
    assert figures["n_rows"] == len(prepared.row) and figures["n_sensors"] == 30
    assert figures["n_windows"] == len(prepared.ends) and figures["n_positive"] == prepared.n_positive
    assert figures["epochs"] == (2 if config.model.kind == "dense" else 1)
    assert [fold["n"] for fold in figures["folds"]] == [len(fold.test) for fold in result.folds]
    confusion = figures["confusion"]
    assert sum(confusion.values()) == figures["test"]["n"] == len(result.test)
    assert confusion["tp"] + confusion["fn"] == figures["test"]["n_positive"]
    assert 0 <= figures["test"]["auc"] <= 1 and 0 <= figures["validation"]["auc"] <= 1
    assert 0 <= figures["events"]["caught"] <= figures["events"]["total"] == len(result.test.total_events)
    assert set(figures["seconds"]) == {"prepare", "train", "score"}
    thresholds = list(result.thresholds.values())
    assert figures["threshold"] == (thresholds[0] if len(thresholds) == 1 else None)


def test_the_rule_is_kept_on_validation_of_each_fold(result) -> None:
    for number, fold in enumerate(result.folds):
        found = evaluate(fold.validation, {number: fold.threshold}, result.config.policy)
        assert found.false_alarms_per_day <= result.config.rule.value


def same_scores(a, b) -> bool:
    return all(getattr(a, c).tobytes() == getattr(b, c).tobytes() for c in (*COLUMNS, "total_events"))


@pytest.fixture(scope="module")
def small_table(small_csv):
    return read_table(small_csv)


@pytest.mark.parametrize("config", [PCA, DENSE], ids=["pca", "dense"])
def test_one_seed_gives_bit_equal_scores(small_table, config) -> None:
    before = small_table.frame.copy(deep=True)
    one, again = run_experiment(small_table, config), run_experiment(small_table, config)
    assert same_scores(one.test, again.test) and same_scores(one.validation, again.validation)
    assert one.thresholds == again.thresholds
    assert small_table.frame.equals(before)
    if config is DENSE:
        other = run_experiment(small_table, replace(config, seed=1))
        assert not same_scores(one.test, other.test)


def test_the_threshold_sees_nothing_of_the_test_part(small_table) -> None:
    spoilt = small_frame()
    first_test_row = run_experiment(small_table, PCA).test.row[0]
    spoilt.loc[first_test_row:, ["s0", "s1", "s2", "s3"]] *= 50
    one = run_experiment(small_table, PCA)
    other = run_experiment(read_table(spoilt.to_csv(index=False).encode()), PCA)
    assert same_scores(one.validation, other.validation) and one.thresholds == other.thresholds
    assert not same_scores(one.test, other.test)


def test_the_scaler_sees_normal_training_windows_only(small_table) -> None:
    result = run_experiment(small_table, PCA)
    prepared, (fold,) = result.prepared, result.prepared.folds
    normal = fold.train[np.isin(fold.train, prepared.ends) & (prepared.y[fold.train] == 0)]
    expected = fit_representation(PCA.representation, prepared.derived, normal)
    assert (result.folds[0].representation.center == expected.center).all()
    everything = fit_representation(PCA.representation, prepared.derived, prepared.ends)
    assert (everything.center != expected.center).any()
    X = expected.transform(prepared.derived)
    test = np.sort(fold.test)
    detector = result.folds[0].detector
    assert detector is not None
    assert (score(detector, X, test, PCA.score) == result.test.y_score).all()


def clock_of(table) -> list[float]:
    minutes: list[float] = ((table.time - table.time[0]) / np.timedelta64(1, "m")).tolist()
    return minutes


@pytest.mark.parametrize("preset", [ARTICLE_DENSE, ARTICLE_LSTM], ids=lambda p: p.name)
def test_article_mode_counts_rows_across_stops(sample_table, preset) -> None:
    label = sample_table.label
    prepared = prepare(sample_table, preset)
    rows, y = naive.curve_shift(label.tolist(), 2)
    assert prepared.row.tolist() == rows and prepared.y.tolist() == y
    lookback = preset.lookback
    assert len(prepared.ends) == len(rows) - (0 if lookback == 1 else lookback + 1)
    strict = prepare(sample_table, replace(preset, article_mode=False))
    rows, y = naive.curve_shift(label.tolist(), 2, naive.stretches(clock_of(sample_table), label))
    assert strict.y.tolist() == y and (strict.y <= prepared.y).all()
    assert len(strict.ends) < len(prepared.ends) or lookback == 1
    (fold,) = prepared.folds
    # Nested 80/20: of n windows, the test part has n/5 rounded up, and so has validation of the rest.
    n = len(prepared.ends)
    n_test = -(-n // 5)
    n_validation = -(-(n - n_test) // 5)
    assert (len(fold.test), len(fold.validation)) == (n_test, n_validation)
    assert len(fold.train) == n - n_test - n_validation


@pytest.mark.parametrize(("kind", "reach"), [("level", 0), ("difference", 1)])
def test_rows_with_missing_values_leave_windows_out(kind, reach) -> None:
    data = small_frame()
    data.loc[[200, 201, 500], "s1"] = np.nan
    data.loc[300, "s2"] = np.inf
    table = read_table(data.to_csv(index=False).encode())
    config = replace(PCA, lookback=3, representation=replace(PCA.representation, kind=kind))
    prepared = prepare(table, config)
    # A missing value spoils its own row and, as a difference, the next one too.
    spoilt = {row + more for row in (200, 201, 300, 500) for more in range(reach + 1)}
    usable = [row not in spoilt for row in prepared.row.tolist()]
    assert prepared.ends.tolist() == naive.window_ends(prepared.stretch.tolist(), 3, usable)
    result = run_experiment(table, config)
    for scores in (result.validation, result.test):
        for row in scores.row.tolist():
            assert not {row, row - 1, row - 2} & spoilt
    assert np.isfinite(result.test.y_score).all() and len(result.test) > 50


def test_events_no_window_can_see_are_missed(small_table) -> None:
    # Stretches of 59 running rows before each event: at lookback 58 the last two windows of each
    # see the event, at 59 one does; the first stretch, of 50 rows, has none.
    data = small_frame()
    data.loc[[480, 560], "s0"] = np.nan  # and in two stretches a missing value spoils them
    table = read_table(data.to_csv(index=False).encode())
    config = replace(PCA, lookback=59, representation=replace(PCA.representation, kind="level"))
    prepared = prepare(table, config)
    part = np.arange(len(prepared.row))
    scores = make_scores(prepared, config, 0, part, prepared.ends, np.ones(len(prepared.ends)))
    # Events in rows 50, 110, ..., 590: ten. Seen are all but the first and those of rows 530 (its
    # stretch runs from 471) and 590 (from 531).
    assert scores.total_events.tolist() == list(range(10))
    assert sorted(set(scores.event.tolist())) == [1, 2, 3, 4, 5, 6, 7]
    found = evaluate(scores, {0: 0.0}, config.policy)
    assert (found.caught, found.n_events) == (7, 10)
    assert (scores.to_event == 2).all()  # each window ends one row before its event


def test_an_event_belongs_to_the_part_that_holds_the_rows_before_it(small_table) -> None:
    prepared = prepare(small_table, PCA)
    # Events in table rows 50, 110, 170; the two rows before the second are 108 and 109.
    for rows, mine in (([107], []), ([108], [1]), ([109], [1]), ([111], []), ([49, 168], [0, 2])):
        part = np.searchsorted(prepared.row, rows)
        scores = make_scores(prepared, PCA, 0, part, part, np.zeros(len(part)))
        assert scores.total_events.tolist() == mine
        assert set(scores.event.tolist()) - {-1} <= set(mine)


def test_a_shuffled_part_is_scored_in_the_order_of_rows(small_table) -> None:
    prepared = prepare(small_table, PCA)
    ends = np.array([300, 20, 120])
    scores = make_scores(prepared, PCA, 0, ends, ends, np.array([3.0, 1.0, 2.0]))
    assert scores.row.tolist() == prepared.row[[20, 120, 300]].tolist()
    assert scores.y_score.tolist() == [1, 2, 3]


def test_progress_tells_fold_and_epoch_and_can_end_the_experiment(small_table) -> None:
    seen = []

    def watch(fold, folds, epoch):
        seen.append((fold, folds, epoch.number))
        if (fold, epoch.number) == (0, 1):
            raise Cancelled("Enough.")

    config = replace(DENSE, split=SplitPlan("rolling", folds=2))
    with pytest.raises(Cancelled, match="Enough"):
        run_experiment(small_table, config, watch, workers=2)
    # Of a rolling origin the last fold trains longest, so it begins first.
    assert seen == [(1, 2, 1), (1, 2, 2), (0, 2, 1)]


def test_a_fixed_threshold_is_used_as_it_is(small_table) -> None:
    result = run_experiment(small_table, replace(PCA, rule=Rule("fixed", 0.123)))
    assert result.thresholds == {0: 0.123} and summarise(result).threshold == 0.123


@pytest.mark.parametrize(
    ("changes", "error", "sentence"),
    [
        ({"lookback": 60}, DataError, "No window of 60 rows fits: the longest stretch .*has 59 rows"),
        ({"lookback": 10_000}, DataError, "No window of 10,000 rows fits"),
        ({"lookback": 2000, "article_mode": True}, DataError, "No window of 2,000 rows fits"),
        ({"shift": 600}, ConfigError, "The shift is 600 rows and the table has 600"),
        ({"shift": 10_000}, ConfigError, "Choose a shift of 0 to 599"),
        ({"shift": 59}, DataError, "normal window"),
        ({"split": SplitPlan("stretch", folds=20)}, DataError, "too few to hold out 20 groups"),
        ({"split": SplitPlan("rolling", folds=50), "shift": 40}, DataError, "Use fewer folds"),
    ],
)
def test_what_the_data_cannot_bear_is_a_sentence(small_table, changes, error, sentence) -> None:
    with pytest.raises(error, match=sentence) as refused:
        run_experiment(small_table, replace(PCA, **changes))
    assert str(refused.value).endswith(".")


def test_no_positive_in_a_part_has_no_auc_and_still_an_answer() -> None:
    data = small_frame()
    data.loc[350:, "y"] = 0  # all events come early: validation and test have none
    result = run_experiment(read_table(data.to_csv(index=False).encode()), PCA)
    figures = to_plain(summarise(result))
    assert figures["test"]["auc"] is None and figures["test"]["n_positive"] == 0
    assert figures["events"] == {"caught": 0, "total": 0} and figures["median_lead_minutes"] is None
    assert figures["confusion"]["tn"] + figures["confusion"]["fp"] == figures["test"]["n"] > 0


def test_without_a_clock_rows_count_as_minutes() -> None:
    data = small_frame().drop(columns="time")
    result = run_experiment(read_table(data.to_csv(index=False).encode()), PCA)
    assert result.prepared.step == 1.0 and result.test.clock.tolist() == result.test.row.tolist()
    assert 0 < to_plain(summarise(result))["test"]["auc"] < 1


@pytest.mark.parametrize("n_last", [1, 2, 3])
def test_events_in_the_last_rows_each_after_a_gap(n_last) -> None:
    data = small_frame()
    last = data.tail(1)
    for _ in range(n_last):
        last = last.assign(time=last["time"] + pd.Timedelta(100, unit="min"), y=1)
        data = pd.concat([data, last], ignore_index=True)
    table = read_table(data.to_csv(index=False).encode())
    result = run_experiment(table, PCA)
    # Ten events stand in rows 50, 110, ..., 590; each of the last rows is one more, in a stretch of
    # its own that holds no other row.
    prepared = result.prepared
    assert len(prepared.events.row) == 10 + n_last
    assert prepared.events.row[10:].tolist() == list(range(600, 600 + n_last))
    assert not set(prepared.events.stretch[10:].tolist()) & set(prepared.stretch.tolist())
    assert prepared.row.max() == 599 and not table.label[prepared.row].any()
    # No window sees them: they are never caught, and rows across the gap lead to no event.
    assert not set(result.test.event.tolist()) & set(range(10, 10 + n_last))
    assert result.test.row[-1] == 599 and result.test.event[-1] == -1
    found = evaluate(result.test, {0: 0.0}, PCA.policy)
    assert found.caught < found.n_events
    dump(summarise(result))


@pytest.mark.parametrize("value", [1e25, -1e30])
def test_a_value_too_large_for_an_error_names_its_row(value) -> None:
    data = small_frame()
    data.loc[555, "s1"] = value
    level = replace(PCA.representation, kind="level", scaler="standard", clip=None)
    recipe = replace(
        DENSE, representation=level, training=replace(DENSE.training, epochs=1), split=SplitPlan()
    )
    with pytest.raises(DataError, match="score of row 555 is too large") as refused:
        run_experiment(read_table(data.to_csv(index=False).encode()), recipe)
    assert str(refused.value).endswith(".") and "Clip the inputs" in str(refused.value)
    # What the sentence advises helps.
    clipped = replace(recipe, representation=replace(level, clip=5.0))
    result = run_experiment(read_table(data.to_csv(index=False).encode()), clipped)
    assert np.isfinite(result.test.y_score).all() and 555 in result.test.row


@pytest.mark.parametrize("kind", ["level", "difference", "deviation"])
def test_a_huge_value_of_the_test_part_changes_nothing_before_it(small_table, kind) -> None:
    # PCA reckons in double precision: the square of 1e25 is a number there.
    data = small_frame()
    data.loc[555, "s1"] = 1e25
    recipe = replace(PCA, representation=replace(PCA.representation, kind=kind, clip=None))
    result = run_experiment(read_table(data.to_csv(index=False).encode()), recipe)
    clean = run_experiment(small_table, recipe)
    # A file with such a number is kept in another precision: alike, not bit-equal.
    np.testing.assert_allclose(result.validation.y_score, clean.validation.y_score, rtol=1e-3)
    before = result.test.row < 555
    assert before.any() and not before.all()
    np.testing.assert_allclose(result.test.y_score[before], clean.test.y_score[before], rtol=1e-3)
    assert result.thresholds[0] == pytest.approx(clean.thresholds[0], rel=1e-3)
    assert result.test.y_score[result.test.row == 555] > 1e40 > clean.test.y_score.max()
    assert np.isfinite(result.test.y_score).all()
    dump(summarise(result))


@pytest.mark.parametrize("kind", ["rolling", "stretch"])
def test_pca_is_cancelled_between_folds_by_the_cancel_file(workspace, small_csv, kind) -> None:
    run = create_run(add_dataset(small_csv, "small.csv"), replace(PCA, split=SplitPlan(kind, folds=4)))
    told = []

    def cancel_in_the_second(fold, folds, epoch):
        told.append((fold, folds, epoch.number))
        if fold == 1:
            run.request_cancel()

    with pytest.raises(Cancelled, match="cancelled"):
        execute(run, cancel_in_the_second)
    assert told == [(0, 4, 1), (1, 4, 1)]
    status = run.status()
    assert (status.state, status.fold, status.folds) == ("cancelled", 1, 4)
    assert run.history()["fold"].tolist() == [0, 1]
    assert not (run.folder / "scores.parquet").exists() and not (run.folder / "pca.npz").exists()


@pytest.mark.parametrize("plan", ["chronological", "rolling"])
def test_a_trailing_quantile_looks_back_on_validation(small_table, plan) -> None:
    rule = Rule("trailing-quantile", 0.9, days=0.2)
    result = run_experiment(small_table, replace(PCA, rule=rule, split=PLANS[plan]))
    assert set(result.thresholds.values()) == {1.0}
    ratios = naive.follow(result.test, rule, result.validation)
    found = result.evaluation()
    # A window is called where it reaches the quantile of those before it, in validation or test.
    assert found.tp + found.fp == sum(ratio >= 1 for ratio in ratios) > 0
    alone = naive.follow(result.test, rule)
    assert found.tp + found.fp != len(ratios) and not np.allclose(alone, ratios)
    # The scores themselves are those of any other rule.
    assert same_scores(result.test, run_experiment(small_table, replace(PCA, split=PLANS[plan])).test)


def test_a_fold_without_windows_to_validate_on_is_a_sentence() -> None:
    table = read_table(small_frame(300).to_csv(index=False).encode())
    config = replace(PCA, split=SplitPlan("stretch", folds=2), lookback=50)
    with pytest.raises(DataError, match="no normal windows in its validation part.*shorter lookback"):
        run_experiment(table, config)
    assert run_experiment(table, replace(config, lookback=1)).judgement().n_events > 0


NOISY = replace(DENSE, model=DenseModel(widths=(8,), activity_l1=1e-3, dropout=0.2, input_noise=0.1))
RECURRENT = replace(DENSE, lookback=3, model=LSTMModel(encoder=(4,), decoder=(4,), dropout=0.1))
EARLY = replace(DENSE, training=Training(epochs=40, learning_rate=0.05, patience=1))


@pytest.mark.parametrize(
    "config",
    [PCA, DENSE, NOISY, RECURRENT, EARLY],
    ids=["pca", "dense", "with noise", "lstm", "stopped early"],
)
def test_folds_trained_side_by_side_come_to_the_same(config) -> None:
    """To the last bit, also where each thread finds no program compiled."""
    table = read_table(small_frame().to_csv(index=False).encode())
    rolling = replace(config, split=SplitPlan("rolling", folds=3))
    one_by_one: list[tuple[int, int]] = []
    seen: list[tuple[int, int]] = []
    forget_programs()
    together = run_experiment(
        table, rolling, lambda fold, _, epoch: seen.append((fold, epoch.number)), workers=3
    )
    alone = run_experiment(
        table, rolling, lambda fold, _, epoch: one_by_one.append((fold, epoch.number)), workers=1
    )
    for one, other in zip(alone.folds, together.folds, strict=True):
        assert (one.test.y_score == other.test.y_score).all() and one.threshold == other.threshold
        assert [epoch.loss for epoch in one.history] == [epoch.loss for epoch in other.history]
    # Each keeps its detector, which explains the alarms of its part.
    assert all(fold.detector is not None for fold in (*together.folds, *alone.folds))
    if config is PCA:
        assert {fold for fold, _ in seen} == {0, 1, 2}
    else:
        longest_first = sorted(one_by_one, key=lambda told: -told[0])
        assert seen == longest_first, "epochs are told fold by fold, the longest training first"
        lengths = {len(fold.history) for fold in alone.folds}
        assert lengths == {config.training.epochs} if config is not EARLY else len(lengths) > 1
    assert len({len(fold.test) + len(fold.validation) for fold in alone.folds}) > 1


@pytest.mark.parametrize("workers", [0, 2, 5])
def test_networks_of_folds_trained_side_by_side_come_to_the_same(workers) -> None:
    """With more threads than folds, the networks of a fold are trained at once too."""
    table = read_table(small_frame().to_csv(index=False).encode())
    training = replace(DENSE.training, networks=3)
    average = replace(DENSE, training=training, split=SplitPlan("rolling", folds=2))
    told: list[tuple[int, int, int]] = []
    together = run_experiment(
        table, average, lambda fold, _, e: told.append((fold, e.network, e.number)), workers=workers
    )
    alone = run_experiment(table, average, workers=1)
    for one, other in zip(alone.folds, together.folds, strict=True):
        assert one.test.y_score.tobytes() == other.test.y_score.tobytes()
        assert [(e.network, e.loss) for e in one.history] == [(e.network, e.loss) for e in other.history]
    assert len(told) == len({*told}) == sum(len(fold.history) for fold in alone.folds)


def test_a_cancelled_experiment_does_not_wait_for_its_other_folds() -> None:
    table = read_table(small_frame().to_csv(index=False).encode())

    def refuse(*_: object) -> None:
        raise Cancelled("enough")

    with pytest.raises(Cancelled):
        run_experiment(
            table, replace(DENSE, split=SplitPlan("rolling", folds=3)), on_progress=refuse, workers=2
        )
