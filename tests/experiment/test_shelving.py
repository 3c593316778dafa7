"""Alarms shelved until a time: none before it, in any pieces, and what it cuts or hides is said."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rare_event.config import AlarmPolicy, Rule
from rare_event.errors import ConfigError
from rare_event.experiment.run import run_experiment
from rare_event.experiment.score import score
from rare_event.experiment.shelving import Hidden, ShelvingError, check_shelving, shelved_until
from rare_event.experiment.trained import Trained, trained_of
from rare_event.jobs.follow import Follower, Step, follow
from rare_event.judge.alarms import alarms
from rare_event.judge.endings import ENDS, SHELVED
from rare_event.judge.watch import Watch
from rare_event.prepare.table import Table
from rare_event.store.followed import ALARMS, SCORES
from rare_event.store.incoming import rows_of_table
from rare_event.store.scored import csv_of, describe, summary
from tests.experiment.test_score import BASE, assert_same, frame, joined_alarms, pieces, table_of

POLICIES = {
    "plain": AlarmPolicy(cooldown=4.0, repeat=14.0),
    # Without a cut an alarm would go on for a day.
    "long": AlarmPolicy(k=2, n=3, cooldown=1440.0, repeat=60.0),
    "held": AlarmPolicy(cooldown=4.0, repeat=14.0, end_share=0.4, mute=2),
}


@pytest.fixture(scope="module")
def model() -> Trained:
    table = table_of(frame())
    return trained_of(table, run_experiment(table, BASE, workers=1))


@pytest.fixture(scope="module")
def new() -> Table:
    return table_of(frame(400, 1, "2024-02-01"))


def time_of(table: Table, row: int) -> pd.Timestamp:
    assert table.time is not None
    return pd.Timestamp(table.time[row])


def at(table: Table, row: int) -> str:
    return f"{time_of(table, row):%Y-%m-%d %H:%M}"


def after(table: Table, row: int) -> Table:
    return rows_of_table(table, np.arange(table.n_rows) >= row)


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("row", [0, 150, 203, 400])
def test_no_alarm_before_the_time_in_any_pieces(model: Trained, new: Table, name: str, row: int) -> None:
    model = replace(model, policy=POLICIES[name])
    until = at(new, row) if row < 400 else "2030-01-01"
    whole, free = score(model, new, shelve_until=until), score(model, new)
    early = whole.frame["time"] < pd.Timestamp(until)
    assert early.sum() == row and not whole.frame["alarm"][early].any()
    assert (whole.alarms["start"] >= pd.Timestamp(until)).all()
    # Scores are not touched, and rows are counted where they have one.
    pd.testing.assert_series_equal(whole.frame["score"], free.frame["score"])
    n_shelved = int((early & whole.frame["score"].notna()).sum())
    assert whole.hidden.shelved == n_shelved and whole.hidden.until == check_shelving(model, until)
    said = f"Alarms are shelved in {n_shelved} rows, "
    assert said in describe(model, whole) and "shelved" not in describe(model, free)
    assert summary(model, whole)["shelved"] == {"until": whole.hidden.until, "rows": n_shelved}
    assert "shelved" not in summary(model, free)
    assert free.frame["alarm"][early].any() == (row > 0) and (row == 400) == whole.alarms.empty
    # The judge on all rows at once hears the same.
    blind = replace(whole.scores, to_event=np.full(len(whole.scores), np.inf), near=None)
    wanted = alarms(blind, model.threshold, shelved_until(model, new, until).policy)
    assert whole.alarms["rows"].tolist() == wanted["rows"].tolist()
    assert whole.alarms["ended"].tolist() == wanted["ended"].map(ENDS).tolist()
    rng = np.random.default_rng(row)
    for n_cuts in (1, 5, 40):
        cuts = rng.choice(np.arange(1, 400), n_cuts, replace=False).tolist()
        assert_same(shelved_pieces(model, new, cuts, until), whole)


def shelved_pieces(model: Trained, table: Table, cuts: list[int], until: str, history=None):
    edges, row, done = [0, *sorted(cuts), table.n_rows], np.arange(table.n_rows), []
    for first, last in zip(edges[:-1], edges[1:], strict=True):
        if last > first:
            part = rows_of_table(table, (row >= first) & (row < last))
            done.append(score(model, part, history, shelve_until=until))
            history = done[-1].history
    return done


@pytest.mark.parametrize("name", POLICIES)
def test_the_alarm_that_it_cuts_says_so_and_begins_anew(model: Trained, new: Table, name: str) -> None:
    model = replace(model, policy=POLICIES[name], threshold=0.0)
    # Every row is alarmed: the one of row 99 stands, in a stretch that goes on to row 110 at least.
    assert new.stretch[90] == new.stretch[110]
    before = score(model, rows_of_table(new, np.arange(400) < 100))
    rest, until = after(new, 100), at(new, 105)
    whole = score(model, rest, before.history, shelve_until=until)
    cut, follows = whole.alarms.iloc[0], whole.alarms.iloc[1]
    assert cut["ended"] == ENDS[SHELVED] == "alarms were shelved" and cut["end"] == time_of(new, 99)
    # Rows before that time do not count towards k.
    first = 105 + model.policy.k - 1
    assert follows["start"] == time_of(new, first)
    assert whole.frame["alarm"].tolist()[: first - 98] == [False] * (first - 100) + [True, True]
    assert (whole.alarms["ended"] == ENDS[SHELVED]).sum() == 1
    free = score(model, rest, before.history)
    assert free.alarms["ended"].iloc[0] != ENDS[SHELVED] and free.frame["alarm"][:7].all()
    for cuts in ([3], [5], [6], [1, 2, 4, 5], [150]):
        assert_same(shelved_pieces(model, rest, cuts, until, before.history), whole)


@pytest.mark.parametrize("name", POLICIES)
def test_the_watch_level_is_shelved_with_the_warnings(model: Trained, new: Table, name: str) -> None:
    # All rows reach the watch level, a tenth the warning level.
    model = replace(model, policy=POLICIES[name], watch=Watch({0: 0.0}, Rule("quantile", 0.1)))
    before = score(model, rows_of_table(new, np.arange(400) < 100))
    rest, until = after(new, 100), at(new, 105)
    whole = score(model, rest, before.history, shelve_until=until)
    assert whole.watch is not None
    cut, follows = whole.watch.iloc[0], whole.watch.iloc[1]
    assert cut["ended"] == ENDS[SHELVED] and cut["end"] == time_of(new, 99)
    assert follows["start"] == time_of(new, 105 + model.policy.k - 1)
    assert not whole.watch["start"].between(time_of(new, 100), time_of(new, 104)).any()
    for cuts in ([3], [5], [1, 2, 4, 5], [150]):
        parts = shelved_pieces(model, rest, cuts, until, before.history)
        assert_same(parts, whole)
        as_watch = [replace(part, alarms=part.watch) for part in parts]
        pd.testing.assert_frame_equal(joined_alarms(as_watch), whole.watch, check_exact=True)


def test_an_event_in_a_shelved_time_is_missed_not_dropped(model: Trained, new: Table) -> None:
    model = replace(model, threshold=0.0)
    free, shelved = score(model, new), score(model, new, shelve_until="2030-01-01")
    assert free.worth is not None and shelved.worth is not None
    assert free.worth.given.caught == free.worth.given.n_events == shelved.worth.given.n_events > 3
    assert shelved.worth.given.caught == 0 == shelved.worth.given.false_alarms
    assert (
        f"{free.worth.given.n_events} events have their whole lead window shelved and count as missed"
        in shelved.hidden.suppressed
    )


def test_a_followed_folder_is_shelved_as_one_file_and_after_each_restart(
    model: Trained, new: Table, tmp_path: Path
) -> None:
    watched, out, until = tmp_path / "in", tmp_path / "out", at(new, 203)
    watched.mkdir()
    out.mkdir()
    bare = new.frame.drop(columns="y")
    whole = score(model, table_without_label(new), shelve_until=until)
    told: list[Step] = []
    edges = [0, 3, 40, 150, 200, 203, 204, 330, 400]
    for begin, end in zip(edges, edges[1:], strict=False):
        bare[begin:end].to_csv(watched / f"{begin:03}.csv", index=False)
        # A restart for each file; once the time has passed, it may be left out.
        follower = Follower(model, watched, out, shelve_until=until if begin < 330 else None)
        follow(follower, lambda: False, told.append, lambda _: None, lambda _: None, once=True)
    assert (out / SCORES).read_bytes() == csv_of(whole.frame)
    records = [json.loads(line) for line in (out / ALARMS).read_text().splitlines()]
    begun = [record["start"] for record in records if record["event"] == "start"]
    assert begun == [time.isoformat() for time in whole.alarms["start"]] and len(begun) > 2
    assert sum(step.shelved for step in told) == whole.hidden.shelved > 150
    assert "; alarms shelved in 37 rows." in told[1].in_words and "shelved" not in told[-1].in_words
    assert follower.state.position.suppressed == whole.hidden.suppressed


def table_without_label(table: Table) -> Table:
    schema = replace(table.schema, label=None)
    return replace(table, frame=table.frame.drop(columns="y"), schema=schema)


def test_a_restart_that_shelves_cuts_what_was_on(model: Trained, new: Table, tmp_path: Path) -> None:
    watched, out = tmp_path / "in", tmp_path / "out"
    watched.mkdir()
    out.mkdir()
    model = replace(model, threshold=0.0)
    for begin, until in ((0, None), (100, at(new, 105))):
        new.frame[begin : begin + 100].to_csv(watched / f"{begin:03}.csv", index=False)
        follower = Follower(model, watched, out, shelve_until=until)
        follow(follower, lambda: False, lambda _: None, lambda _: None, lambda _: None, once=True)
    records = [json.loads(line) for line in (out / ALARMS).read_text().splitlines()]
    cut = next(record for record in records if record.get("ended") == ENDS[SHELVED])
    follows = records[records.index(cut) + 1]
    assert follows["event"] == "start" and follows["alarm"] != cut["alarm"]
    assert follower.state.position.suppressed.startswith("Alarms are shelved in 5 rows, ")


def test_a_time_that_cannot_be_is_a_sentence(model: Trained, new: Table) -> None:
    with pytest.raises(ConfigError, match="'noon' cannot be read as a time"):
        score(model, new, shelve_until="noon")
    columns = frame().drop(columns="time")
    table = table_of(columns)
    rows = trained_of(table, run_experiment(table, replace(BASE, policy=AlarmPolicy()), workers=1))
    with pytest.raises(ConfigError, match=r"until 2024-05-01: the model counts rows"):
        score(rows, table, shelve_until="2024-05-01")


def zoned(columns: pd.DataFrame) -> pd.DataFrame:
    return columns.assign(time=columns["time"].dt.tz_localize("UTC").dt.tz_convert("Etc/GMT-1"))


@pytest.fixture(scope="module")
def with_zone() -> tuple[Trained, Table]:
    table = table_of(zoned(frame()))
    return trained_of(table, run_experiment(table, BASE, workers=1)), table_of(
        zoned(frame(400, 1, "2024-02-01"))
    )


def test_a_time_is_on_the_clock_of_rows_with_a_zone(
    model: Trained, new: Table, with_zone: tuple[Trained, Table]
) -> None:
    trained, rows = with_zone
    until, local = at(new, 150), f"{time_of(new, 150) + pd.Timedelta(hours=1):%Y-%m-%d %H:%M}"
    wanted = score(model, new, shelve_until=until)
    for text in (f"{local}+01:00", f"{until}Z", f"{until}+00:00"):
        found = score(trained, rows, shelve_until=text)
        assert found.hidden.until == f"{until}Z" == check_shelving(trained, f"{until}Z")
        assert found.hidden.shelved == wanted.hidden.shelved > 100 and found.alarms.equals(wanted.alarms)
    # Where an older run does not say, the rows do.
    older = replace(trained, facts=replace(trained.facts, zoned=None))
    for one in (trained, older, model):
        with pytest.raises(ShelvingError) as refused:
            score(one, rows, shelve_until=local)
        assert f"no zone. Write it with its zone, such as {local}+01:00, or {local}Z for UTC." in str(
            refused.value
        )
    with pytest.raises(ShelvingError, match="but the times of the rows have none. Write it without a zone"):
        score(model, new, shelve_until=f"{until}Z")
    # Here the file is not as in training.
    with pytest.raises(ConfigError, match="Write the times of .* with their zone, as in the training file"):
        score(trained, new, shelve_until=f"{until}Z")
    assert check_shelving(model, until) == wanted.hidden.until == until


def test_a_follower_stops_at_a_time_without_the_zone_of_the_rows(
    with_zone: tuple[Trained, Table], tmp_path: Path
) -> None:
    trained, rows = with_zone
    watched, out = tmp_path / "in", tmp_path / "out"
    watched.mkdir()
    out.mkdir()
    later = zoned(frame(400, 1, "2024-02-01"))
    for begin in (0, 100):
        later[begin : begin + 100].to_csv(watched / f"{begin:03}.csv", index=False)
    until = at(rows, 150)
    with pytest.raises(ShelvingError, match="Write it with its zone"):
        Follower(trained, watched, out, shelve_until=until)
    older = replace(trained, facts=replace(trained.facts, zoned=None))

    def followed(until: str) -> Follower:
        follower = Follower(older, watched, out, shelve_until=until)
        follow(follower, lambda: False, lambda _: None, lambda _: None, lambda _: None, once=True)
        return follower

    with pytest.raises(ShelvingError, match="Write it with its zone"):
        followed(until)
    assert not (out / SCORES).exists() or not (out / SCORES).read_bytes()
    whole = score(trained, rows_of_table(rows, np.arange(400) < 200), shelve_until=f"{until}Z")
    state = followed(f"{until}Z").state
    assert state.position.rows == 200
    assert whole.hidden.suppressed.startswith(state.position.suppressed) and state.position.suppressed


def test_machines_are_shelved_alike(new: Table) -> None:
    both = pd.concat([frame(300, seed).assign(machine=f"M{seed}") for seed in (2, 3)])
    table = table_of(both)
    schema = replace(table.schema, asset="machine", categories=())
    from rare_event.prepare.table import read_table

    table = read_table(both.to_csv(index=False).encode(), schema=schema)
    trained = trained_of(table, run_experiment(table, BASE, workers=1))
    later = both.assign(time=both["time"] + pd.Timedelta(days=40))
    arrived = read_table(later.to_csv(index=False).encode(), schema=schema)
    until = f"{later['time'].iloc[150]:%Y-%m-%d %H:%M}"
    whole = score(trained, arrived, shelve_until=until)
    assert set(whole.alarms["machine"]) == {"M2", "M3"}
    assert (whole.alarms["start"] >= pd.Timestamp(until)).all()
    early = whole.frame["time"] < pd.Timestamp(until)
    assert whole.hidden.shelved == (early & whole.frame["score"].notna()).sum() > 200


def test_pieces_without_shelving_are_untouched(model: Trained, new: Table) -> None:
    whole = score(model, new)
    assert_same(pieces(model, new, [100, 250]), whole)
    assert whole.hidden == Hidden()
