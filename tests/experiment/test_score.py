"""New rows scored: as the run scored them, and in any pieces as in one, to the last bit."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rare_event.config import (
    AlarmPolicy,
    DenseModel,
    ExperimentConfig,
    LogisticModel,
    LSTMModel,
    PCAModel,
    Representation,
    Rule,
    SplitPlan,
    SquaresModel,
    Training,
    recipe,
)
from rare_event.errors import DataError, TableError
from rare_event.experiment import score as module
from rare_event.experiment.run import run_experiment
from rare_event.experiment.score import BEGINNING, History, score
from rare_event.experiment.trained import trained_of
from rare_event.judge.alarms import alarms
from rare_event.judge.endings import ENDS
from rare_event.judge.ledger import ledger
from rare_event.judge.trailing import follow
from rare_event.prepare.table import Table, read_table
from rare_event.store.incoming import rows_of_table

QUICK = Training(epochs=2, patience=None)
OFTEN = Rule("quantile", 0.85)
POLICY = AlarmPolicy(k=2, n=3, cooldown=6.0, repeat=14.0, mute=2)
BASE = ExperimentConfig(rule=OFTEN, policy=POLICY, training=QUICK, model=PCAModel(components=2))
BLENDS = replace(BASE, split=SplitPlan("rolling", folds=2))

CONFIGS = {
    "pca": BASE,
    "one row": replace(BASE, policy=AlarmPolicy(cooldown=0.0, repeat=4.0)),
    "held": replace(BASE, policy=AlarmPolicy(cooldown=0.0, repeat=14.0, end_share=0.5)),
    "held, k of n": replace(BASE, policy=replace(POLICY, cooldown=3.0, repeat=4.0, end_share=0.7)),
    "t2 over five rows": replace(
        BASE, model=PCAModel(components=2, statistic="t2"), lookback=5, policy=AlarmPolicy(repeat=30.0)
    ),
    "squares, deviation": replace(
        BASE, model=SquaresModel(), representation=Representation("deviation", trailing=7), lookback=3
    ),
    "forecast": replace(BASE, representation=Representation("forecast", trailing=9), lookback=2),
    "logistic, combined": replace(
        BASE, model=LogisticModel(), representation=Representation("combined", scaler="standard")
    ),
    "lag": replace(BASE, representation=Representation("difference", lag=4)),
    "movement": replace(BASE, representation=Representation("movement")),
    "dense": replace(BASE, model=DenseModel(widths=(3,)), lookback=2),
    "lstm": replace(BASE, model=LSTMModel(encoder=(4,), decoder=(4,)), lookback=4),
    "blend": recipe("average", BLENDS),
    "either": recipe("either", BASE),
    "trailing": replace(BASE, rule=Rule("trailing-quantile", 0.9, days=0.1)),
    "trailing folds": replace(BLENDS, rule=Rule("trailing-quantile", 0.9, days=3.0)),
    "during": replace(BASE, shift=0),
    "articles": replace(
        BASE, article_mode=True, lookback=3, split=SplitPlan("random"), representation=Representation("level")
    ),
}


def frame(n_rows: int = 700, seed: int = 0, start: str = "2024-01-01") -> pd.DataFrame:
    """Four sensors that drift now and then; an event every 40 to 80 rows and a stop after most of them."""
    rng = np.random.default_rng(seed)
    label = np.zeros(n_rows, int)
    label[np.cumsum(rng.integers(40, 80, n_rows // 80))] = 1
    pause = np.roll(label, 1) * rng.choice([0, 4, 90], n_rows)
    pause[rng.random(n_rows) < 0.01] = 30
    minute = 2 * np.arange(n_rows) + np.cumsum(pause)
    noise = rng.normal(size=(n_rows, 4)) * (1 + 3 * (rng.random((n_rows, 1)) < 0.08))
    values = np.cumsum(noise, axis=0).round(3) / 3
    sensors = {f"s{i}": values[:, i] for i in range(4)}
    time = pd.Timestamp(start) + pd.to_timedelta(minute, unit="min")
    return pd.DataFrame({"time": time, "y": label, **sensors})


def table_of(columns: pd.DataFrame) -> Table:
    return read_table(columns.to_csv(index=False).encode())


@pytest.fixture(scope="module")
def table() -> Table:
    return table_of(frame())


@pytest.fixture(scope="module")
def new() -> Table:
    columns = frame(400, 1, "2024-02-01")
    columns.loc[[57, 58, 203], "s2"] = np.nan
    return table_of(columns)


@pytest.fixture(scope="module")
def trained(table):
    """Models by the name of their config, trained once."""
    known = {}

    def get(name):
        if name not in known:
            result = run_experiment(table, CONFIGS[name], workers=1)
            known[name] = result, trained_of(table, result)
        return known[name]

    return get


def pieces(model, table, cuts, history=None):
    """Score a table cut before the given rows, each piece with the history of the one before."""
    edges = [0, *sorted(cuts), table.n_rows]
    row, done = np.arange(table.n_rows), []
    for first, last in zip(edges[:-1], edges[1:], strict=True):
        if last > first:
            part = rows_of_table(table, (row >= first) & (row < last))
            done.append(score(model, part, history or History()))
            history = done[-1].history
    return done


def joined_alarms(parts):
    """Alarms that are still on are told again by the next piece."""
    open_ended = [part.alarms["ended"] == "still on in the last row" for part in parts[:-1]]
    kept = [part.alarms[~still] for part, still in zip(parts, open_ended, strict=False)]
    return pd.concat([*kept, parts[-1].alarms], ignore_index=True)


def assert_same(parts, whole):
    joined = pd.concat([part.frame for part in parts], ignore_index=True)
    for column in whole.frame:
        one, other = (side[column].to_numpy() for side in (joined, whole.frame))
        same = one == other
        if column in ("score", "threshold"):
            same |= np.isnan(one) & np.isnan(other)
        assert same.all(), (column, np.flatnonzero(~same)[:5], one[~same][:5], other[~same][:5])
    pd.testing.assert_frame_equal(joined_alarms(parts), whole.alarms, check_exact=True)


@pytest.mark.parametrize("name", CONFIGS)
def test_the_runs_own_test_rows_score_as_they_did(table, trained, name) -> None:
    result, model = trained(name)
    again, test = score(model, table, BEGINNING), result.folds[-1].test
    scored = again.frame["score"].to_numpy()[test.row]
    assert scored.tobytes() == test.y_score.tobytes()
    # Not because all scores are alike.
    assert len(np.unique(scored)) > len(scored) / 3


@pytest.mark.parametrize("name", [name for name in CONFIGS if not name.startswith("trailing")])
def test_the_alarms_of_the_runs_test_rows_are_those_of_its_ledger(table, trained, name) -> None:
    result, model = trained(name)
    again, test = score(model, table, BEGINNING).scores, result.folds[-1].test
    mine = again.where(np.isin(again.row, test.row))
    mine = replace(mine, total_events=test.total_events)
    wanted = ledger(test, model.threshold, model.policy)
    columns = [
        "kind",
        "caught",
        "first_alarm",
        "ended",
        "peak",
        "row",
        "delay" if name == "during" else "lead",
    ]
    pd.testing.assert_frame_equal(
        ledger(mine, model.threshold, model.policy)[columns], wanted[columns], check_exact=True
    )
    assert len(wanted) > wanted["caught"].sum() or wanted.empty


def test_a_threshold_that_follows_starts_from_the_scores_of_the_run(table, trained) -> None:
    for name in ("trailing", "trailing folds"):
        result, model = trained(name)
        fold = result.folds[-1]
        # The test part begins in the middle of a stretch: the file to score begins at the next one.
        first = int(np.flatnonzero(np.diff(fold.test.stretch))[0]) + 1
        begin = int(fold.test.row[first])
        followed = follow(fold.test, model.rule, fold.validation)
        before = np.isin(model.past.clock, fold.validation.clock) | (
            model.past.clock < fold.test.clock[first]
        )
        of_windows = {n: v for n, v in vars(model.past).items() if isinstance(v, np.ndarray)}
        model = replace(model, past=replace(model.past, **{n: v[before] for n, v in of_windows.items()}))
        part = rows_of_table(table, np.arange(table.n_rows) >= begin)
        again = score(model, part, BEGINNING)
        at = fold.test.row[first:] - begin
        level = again.frame["score"].to_numpy()[at] / (
            again.frame["threshold"].to_numpy()[at] / model.threshold
        )
        assert level == pytest.approx(followed.y_score[first:], rel=1e-12)
        assert again.frame["score"].to_numpy()[at].tobytes() == fold.test.y_score[first:].tobytes()


@pytest.mark.parametrize("name", CONFIGS)
@given(cuts=st.lists(st.integers(0, 400), min_size=1, max_size=4))
@settings(max_examples=12)
def test_pieces_are_scored_as_one(new, trained, name, cuts) -> None:
    _, model = trained(name)
    whole = score(model, new)
    assert whole.n_scored > 250 and len(whole.alarms) > 3
    assert_same(pieces(model, new, cuts), whole)


@pytest.mark.parametrize("name", ["pca", "forecast", "trailing", "articles", "lstm"])
def test_every_cut_and_every_single_row(new, trained, name) -> None:
    _, model = trained(name)
    part = rows_of_table(new, np.arange(new.n_rows) < 130)
    whole = score(model, part)
    assert_same(pieces(model, part, range(1, 130)), whole)


@pytest.mark.parametrize("name", ["pca", "forecast", "blend", "trailing"])
@pytest.mark.parametrize("rows", [1, 7, 64])
def test_blocks_change_nothing(new, trained, name, rows, monkeypatch) -> None:
    _, model = trained(name)
    whole = score(model, new)
    monkeypatch.setattr(module, "BLOCK", rows)
    again = score(model, new)
    assert_same([again], whole)
    assert again.worth is not None and whole.worth is not None
    assert again.worth.ledger.equals(whole.worth.ledger)


def test_alarms_are_those_of_the_judge_on_rows_without_a_label(new, trained) -> None:
    for name in CONFIGS:
        _, model = trained(name)
        again = score(model, new)
        if model.rule.trailing:
            continue
        blind = replace(again.scores, to_event=np.full(len(again.scores), np.inf), near=None)
        wanted = alarms(blind, model.threshold, model.policy)
        assert again.alarms["rows"].tolist() == wanted["rows"].tolist()
        assert again.alarms["peak"].tolist() == wanted["peak"].tolist()
        assert again.alarms["ended"].tolist() == wanted["ended"].map(ENDS).tolist()
        start = (again.alarms["start"] - pd.Timestamp("2024-01-01")) / pd.Timedelta(minutes=1)
        assert start.to_numpy() == pytest.approx(wanted["start"].to_numpy())
        assert not (again.alarms["end"] < again.alarms["start"]).any()


@pytest.mark.parametrize("name", ["pca", "held", "during"])
def test_an_alarm_before_an_event_in_the_last_row_was_ended_by_it(new, trained, name) -> None:
    _, model = trained(name)
    model = replace(model, threshold=0.0, policy=replace(model.policy, repeat=1e6, end_share=1.0))
    label = new.label
    event = int(np.flatnonzero(label == 1)[1])
    part = rows_of_table(new, np.arange(new.n_rows) <= event)
    again = score(model, part)
    # Only where events are detected may an alarm go on in the row after.
    still = ENDS[""] if name == "during" else "an event"
    assert again.alarms["ended"].iloc[-1] == still and again.n_open == (name == "during")
    assert_same(pieces(model, new, [event + 1]), score(model, new))
    before = score(model, rows_of_table(new, np.arange(new.n_rows) < event))
    assert before.alarms["ended"].iloc[-1] == ENDS[""]


def test_rows_without_history_have_no_score(new, trained) -> None:
    """The first row of a file may follow others: a change since it is not known."""
    lacking = {
        "pca": 1,
        "squares, deviation": 6 + 2,
        "forecast": 9 + 1,
        "lag": 4,
        "movement": 15,
        "lstm": 1 + 3,
    }
    for name, rows in lacking.items():
        _, model = trained(name)
        again = score(model, new)
        assert (again.frame["unscored"] == "no history").sum() == rows
        assert again.frame["score"][:rows].isna().all() and again.frame["score"][rows:].notna().any()
        sentence = next(one.what for one in again.unscored if one.reason == "no history")
        assert f"{rows} row" in sentence and "the file lacks" in sentence
        begun = score(model, new, BEGINNING)
        assert (begun.frame["unscored"] == "no history").sum() == 0
        both = again.frame["score"].notna()
        if name != "forecast":
            assert (begun.frame["score"][both] == again.frame["score"][both]).all()


def test_no_score_depends_on_later_rows(new, trained) -> None:
    for name in ("pca", "trailing", "blend", "forecast"):
        _, model = trained(name)
        columns = new.frame.copy()
        columns.loc[200:, ["s0", "s1", "s2", "s3"]] *= 50
        other = score(model, replace(new, frame=columns))
        whole = score(model, new)
        for column in ("score", "threshold", "alarm", "unscored"):
            pd.testing.assert_series_equal(other.frame[column][:200], whole.frame[column][:200])
        assert (other.frame["score"][200:] != whole.frame["score"][200:]).any()


def test_a_file_without_a_label_scores_alike_but_for_the_rows_of_events(new, trained) -> None:
    _, model = trained("pca")
    columns = new.frame.drop(columns="y")
    bare = replace(new, frame=columns, schema=replace(new.schema, label=None))
    again, whole = score(model, bare), score(model, new)
    assert again.worth is None and whole.worth is not None
    assert "event" not in set(again.frame["unscored"])
    assert again.n_scored > whole.n_scored
    assert [one.kind for one in again.findings if one.blocks] == []


def test_a_file_with_no_row_to_score_is_a_sentence(new, trained) -> None:
    _, model = trained("movement")
    few = rows_of_table(new, np.arange(new.n_rows) < 9)
    with pytest.raises(
        DataError, match="no row that can be scored. 9 rows at the start have no score: the file lacks the 15"
    ):
        score(model, few)
    # With a history nothing is wrong with it.
    history = score(model, rows_of_table(new, np.arange(new.n_rows) < 100)).history
    later = rows_of_table(new, (np.arange(new.n_rows) >= 100) & (np.arange(new.n_rows) < 101))
    assert score(model, later, history).n_scored <= 1


def test_rows_before_the_end_of_the_history_are_refused(new, trained) -> None:
    _, model = trained("pca")
    history = score(model, new).history
    with pytest.raises(DataError, match="before the earlier rows end"):
        score(model, rows_of_table(new, np.arange(new.n_rows) >= 300), history)


def test_a_missing_sensor_is_a_sentence(new, trained) -> None:
    _, model = trained("pca")
    schema = replace(new.schema, sensors=("s0", "s1", "s2"))
    with pytest.raises(TableError, match="Column 's3' is missing, and the model needs it"):
        score(model, replace(new, frame=new.frame.drop(columns="s3"), schema=schema))


MACHINES = replace(
    BASE, representation=Representation("difference", per_asset=True), split=SplitPlan("asset")
)


@pytest.fixture(scope="module")
def plant():
    columns = [frame(300, seed).assign(machine=f"M{seed}") for seed in (2, 3)]
    table = table_of(pd.concat(columns))
    table = read_table(
        pd.concat(columns).to_csv(index=False).encode(),
        schema=replace(table.schema, asset="machine", categories=()),
    )
    result = run_experiment(table, replace(MACHINES, split=SplitPlan("chronological")), workers=1)
    return table, result, trained_of(table, result)


def test_machines_score_as_in_the_run(plant) -> None:
    table, result, model = plant
    again = score(model, table, BEGINNING)
    test = result.folds[-1].test
    assert again.frame["score"].to_numpy()[test.row].tobytes() == test.y_score.tobytes()
    assert set(again.alarms["machine"]) <= {"M2", "M3"}


@given(hours=st.lists(st.floats(0, 15), min_size=1, max_size=3))
@settings(max_examples=12)
def test_machines_in_pieces_are_scored_as_in_one(plant, hours) -> None:
    table, _, model = plant
    whole, history, parts, done = score(model, table), History(), [], np.zeros(table.n_rows, bool)
    for end in [*sorted(hours), np.inf]:
        mask = (table.clock < 60 * end) & ~done
        done |= mask
        if mask.any():
            parts.append((mask, score(model, rows_of_table(table, mask), history)))
            history = parts[-1][1].history
    for mask, part in parts:
        for column in ("score", "alarm", "unscored", "machine"):
            wanted = whole.frame[column][mask].reset_index(drop=True)
            pd.testing.assert_series_equal(part.frame[column], wanted, check_exact=True)
    for machine in ("M2", "M3"):
        own = [part.alarms[part.alarms["machine"] == machine] for _, part in parts]
        closed = [one[one["ended"] != "still on in the last row"] for one in own]
        last = own[-1][own[-1]["ended"] == "still on in the last row"]
        joined = pd.concat([*closed, last], ignore_index=True)
        # A machine without rows in the last file has its alarm in an earlier one.
        wanted = whole.alarms[whole.alarms["machine"] == machine].reset_index(drop=True)
        n = len(joined)
        pd.testing.assert_frame_equal(joined, wanted[:n], check_exact=True)
        assert n >= len(wanted) - 1


def test_what_is_kept_for_later_rows_does_not_grow_with_the_file(trained) -> None:
    """One stretch of 3,000 rows: the history holds the rows and windows that later ones depend on."""
    rng = np.random.default_rng(5)
    time = pd.Timestamp("2024-03-01") + pd.to_timedelta(2 * np.arange(3000), unit="min")
    columns = pd.DataFrame({"time": time, "y": 0, **{f"s{i}": rng.normal(size=3000) for i in range(4)}})
    columns.loc[10, "y"] = 1
    long = table_of(columns)
    for name in ("pca", "forecast", "squares, deviation", "lstm"):
        _, model = trained(name)
        whole = score(model, long)
        stream = whole.history.streams[""]
        # Rows: history of inputs and lookback. Windows: 14 min of repeat, 6 of cooldown, a few of k of n.
        assert stream.windows is not None
        assert stream.n_tail <= 12 and len(stream.windows) <= 20
        assert_same(pieces(model, long, [700, 2999]), whole)
