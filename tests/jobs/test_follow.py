"""A folder followed: every row once, in any pieces, whatever stops the process and wherever."""

import io
import json
import os
import threading
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pandas as pd
import psutil
import pytest

from rare_event.checks.findings import Fix
from rare_event.checks.fixes import Recipe, apply_recipe
from rare_event.errors import ConfigError, RunError
from rare_event.experiment.run import run_experiment
from rare_event.experiment.score import score
from rare_event.experiment.trained import trained_of
from rare_event.jobs import follow as module
from rare_event.jobs.follow import Follower, Step, follow
from rare_event.jobs.webhook import Webhook, check_url
from rare_event.prepare.table import apply_schema
from rare_event.read.raw import read_raw
from rare_event.store import arrivals, followed
from rare_event.store import claim as claim_module
from rare_event.store.claim import LEASE_SECONDS, Claimant, claimed, follower_of
from rare_event.store.followed import ALARMS, FILES, SCORES
from rare_event.store.incoming import read_new
from rare_event.store.scored import csv_of
from tests.experiment.test_score import CONFIGS, frame, table_of

NAMES = ["pca", "squares, deviation", "trailing", "during", "blend"]


@pytest.fixture(scope="module")
def models():
    table, known = table_of(frame()), {}

    def get(name="pca"):
        if name not in known:
            known[name] = trained_of(table, run_experiment(table, CONFIGS[name], workers=1))
        return known[name]

    return get


@pytest.fixture(scope="module")
def new():
    columns = frame(400, 1, "2024-02-01")
    columns.loc[[57, 58, 203], "s2"] = np.nan
    return columns


@pytest.fixture
def folders(tmp_path):
    watched, out = tmp_path / "in", tmp_path / "out"
    watched.mkdir()
    out.mkdir()
    return watched, out


def put(path, rows, **options):
    rows.to_csv(path, index=False, **options)


def run(model, folders):
    """Follow until nothing is new; return the steps and what was said."""
    steps: list[Step] = []
    said: list[str] = []
    follow(Follower(model, *folders), lambda: False, steps.append, lambda _: None, said.append, once=True)
    return steps, said


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def in_pieces(rows, number=13):
    edges = np.sort(np.random.default_rng(number).choice(np.arange(1, len(rows)), number - 1, replace=False))
    return [rows[first:last] for first, last in zip([0, *edges], [*edges, len(rows)], strict=True)]


@pytest.mark.parametrize("name", NAMES)
def test_thirteen_files_are_scored_as_one_table(models, new, folders, name) -> None:
    watched, out = folders
    whole = score(models(name), table_of(new))
    for number, piece in enumerate(in_pieces(new)):
        put(watched / f"part-{number:02}.csv", piece)
        # A new follower for each file: nothing is kept in memory.
        run(models(name), folders)
    assert (out / SCORES).read_bytes() == csv_of(whole.frame)
    ended = whole.alarms[whole.alarms["ended"] != "still on in the last row"]
    records = [record for record in lines(out / ALARMS) if record["event"] == "end"]
    assert len(ended) > 3
    assert [record["start"] for record in records] == [time.isoformat() for time in ended["start"]]
    for column in ("peak", "rows", "sensors", "ended"):
        assert [record[column] for record in records] == ended[column].tolist()
    begun = [record["start"] for record in lines(out / ALARMS) if record["event"] == "start"]
    assert begun == [time.isoformat() for time in whole.alarms["start"]]
    ids = [record["id"] for record in lines(out / ALARMS)]
    assert len(ids) == len(set(ids))


def test_files_are_scored_in_the_order_of_their_first_rows(models, new, folders) -> None:
    watched, out = folders
    put(watched / "a.csv", new[300:])
    put(watched / "b.csv", new[:150])
    put(watched / "c.csv", new[150:300])
    steps, _ = run(models(), folders)
    assert [step.file for step in steps] == ["b.csv", "c.csv", "a.csv"]
    assert (out / SCORES).read_bytes() == csv_of(score(models(), table_of(new)).frame)


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("at", ["_append", "_replace_state"])
@pytest.mark.parametrize("when", ["before", "after", "half"])
def test_a_step_that_is_cut_off_is_repeated(models, new, folders, monkeypatch, at, when) -> None:
    watched, out = folders
    pieces = in_pieces(new, 5)
    real, calls = getattr(followed, at), []

    def dying(*arguments):
        calls.append(arguments)
        if len(calls) % 4:
            return real(*arguments)
        if when == "after":
            real(*arguments)
        if when == "half" and at == "_append":
            path, length, added = arguments
            real(path, length, added[: len(added) // 2])
        raise Killed

    monkeypatch.setattr(followed, at, dying)
    for number, piece in enumerate(pieces):
        put(watched / f"part-{number}.csv", piece)
    deaths = 0
    for _ in range(50):
        try:
            run(models(), folders)
            break
        except Killed:
            deaths += 1
    assert deaths
    assert (out / SCORES).read_bytes() == csv_of(score(models(), table_of(new)).frame)
    ids = [record["id"] for record in lines(out / ALARMS)]
    assert len(ids) == len(set(ids)) > 3
    assert [record["file"] for record in lines(out / FILES)] == [f"part-{n}.csv" for n in range(5)]


def test_a_restart_with_nothing_new_emits_nothing(models, new, folders) -> None:
    watched, out = folders
    put(watched / "a.csv", new)
    run(models(), folders)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    (watched / "a.csv").touch()
    assert run(models(), folders) == ([], [])
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_appended_rows_are_scored_once_and_half_a_line_waits(models, new, folders) -> None:
    watched, out = folders
    text, path = new.to_csv(index=False).encode(), watched / "mill.csv"
    rng, at = np.random.default_rng(3), 0
    waited = 0
    while at < len(text):
        more = int(rng.integers(1, 2500))
        with path.open("ab") as file:
            file.write(text[at : at + more])
        at += more
        waited += len(run(models(), folders)[1])
        rows = max(path.read_bytes().count(b"\n") - 1, 0)
        scored = (out / SCORES).read_bytes().count(b"\n") - 1 if (out / SCORES).exists() else 0
        assert scored == rows
    assert waited
    assert (out / SCORES).read_bytes() == csv_of(score(models(), table_of(new)).frame)


def test_a_file_that_grows_between_two_looks_is_not_read(models, new, folders) -> None:
    watched, out = folders
    follower = Follower(models(), *folders)
    put(watched / "z.parquet.tmp", new)
    put(watched / ".hidden.csv", new)
    put(watched / "a.csv", new[:100])
    assert follower.look().growing
    put(watched / "a.csv", new[:200])
    look = follower.look()
    assert look.growing and not look.pieces
    assert not list(follower.steps(look))
    look = follower.look()
    assert [piece.file for piece in look.pieces] == ["a.csv"]
    assert [step.rows for step in follower.steps(look)] == [200]


def test_what_cannot_be_scored_is_set_aside_and_the_rest_goes_on(models, new, folders) -> None:
    watched, out = folders
    put(watched / "a.csv", new[:200])
    run(models(), folders)
    (watched / "b.csv").write_bytes(b"nothing\x01that\nis a;table\n\n1,2,3\n")
    (watched / "c.parquet").write_bytes(b"PAR1 half of it")
    put(watched / "d.csv", new[200:300].drop(columns="s1"))
    put(watched / "e.csv", new[100:220])
    put(watched / "f.csv", new[200:])
    steps, _ = run(models(), folders)
    why = {step.file: step.set_aside for step in steps}
    assert [name for name in why if not why[name]] == ["f.csv"]
    assert "'s1' is missing" in why["d.csv"]
    assert "never scored out of order" in why["e.csv"]
    assert (out / SCORES).read_bytes() == csv_of(score(models(), table_of(new)).frame)
    assert {record["file"] for record in lines(out / FILES) if "set_aside" in record} == {
        *("b.csv", "c.parquet", "d.csv", "e.csv")
    }
    # Each is said once.
    assert run(models(), folders)[0] == []


def test_an_earlier_row_is_named_in_words(models, new, folders) -> None:
    watched, _ = folders
    put(watched / "a.csv", new[:40])
    run(models(), folders)
    # With its zone, which the rows of the file before lack.
    put(watched / "b.csv", new[40:60].assign(time=new["time"][40:60].astype(str) + "+02:00"))
    [step], _ = run(models(), folders)
    assert "mixes times with and without a zone" in step.set_aside
    assert f"'{new['time'].iloc[39]}' in the last row of the file before, " in step.set_aside
    assert f"'{new['time'].iloc[40]}+02:00' in line 2. " in step.set_aside
    assert "line -" not in step.set_aside and step.scored == 0


def test_a_corrected_file_is_read_again_and_a_changed_one_is_not(models, new, folders) -> None:
    watched, out = folders
    put(watched / "a.csv", new[:200].drop(columns="s1"))
    assert run(models(), folders)[0][0].set_aside
    put(watched / "a.csv", new[:200])
    assert not run(models(), folders)[0][0].set_aside
    put(watched / "a.csv", new[50:])
    assert "changed after its rows were scored" in run(models(), folders)[0][0].set_aside
    assert run(models(), folders)[0] == []
    assert (out / SCORES).read_text().count("\n") == 201


def test_the_last_row_repeated_in_the_next_file_is_scored_once(models, new, folders) -> None:
    watched, out = folders
    put(watched / "a.csv", new[:200])
    put(watched / "b.csv", new[199:])
    run(models(), folders)
    assert (out / SCORES).read_bytes() == csv_of(score(models(), table_of(new)).frame)


def test_a_full_disk_leaves_whole_steps_and_resumes(models, new, folders, monkeypatch) -> None:
    watched, out = folders
    put(watched / "a.csv", new[:200])
    put(watched / "b.csv", new[200:])
    real, calls = followed._replace_state, []

    def full(*arguments):
        calls.append(arguments)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        real(*arguments)

    monkeypatch.setattr(followed, "_replace_state", full)
    with pytest.raises(RunError, match="No space left on device"):
        run(models(), folders)
    assert (out / SCORES).read_text().count("\n") == 201
    run(models(), folders)
    assert (out / SCORES).read_bytes() == csv_of(score(models(), table_of(new)).frame)


def test_two_followers_on_one_folder_are_refused(folders) -> None:
    _, out = folders
    with claimed(out):
        with pytest.raises(ConfigError, match="already follows into"), claimed(out):
            pass
        assert len(list(out.iterdir())) == 1
    assert not list(out.iterdir())
    # A follower that was killed leaves its claim.
    (out / "follower-999999999-dead.json").write_text(json.dumps({"pid": 999_999_999, "created": 1.0}))
    with claimed(out):
        assert len(list(out.iterdir())) == 1


def claim_of_another_computer(out, seconds_ago: float):
    """A claim whose process id is taken here too, by a process that is no follower."""
    path = out / f"follower-{os.getpid()}-else.json"
    created = psutil.Process().create_time()
    path.write_text(json.dumps({"pid": os.getpid(), "created": created, "host": "plant-2"}))
    then = path.stat().st_mtime - seconds_ago
    os.utime(path, (then, then))
    return path


def test_a_follower_of_another_computer_is_refused_while_it_renews_its_claim(folders) -> None:
    _, out = folders
    other = claim_of_another_computer(out, LEASE_SECONDS / 2)
    assert follower_of(out) == Claimant(os.getpid(), "plant-2")
    refused = f"^Process {os.getpid()} on computer plant-2 already follows into .*try again in 60 s"
    with pytest.raises(ConfigError, match=refused), claimed(out):
        pass
    # The one that was refused leaves nothing, and does not touch the other.
    assert list(out.iterdir()) == [other] and follower_of(out) is not None
    # Its process id is alive here, which says nothing about another computer.
    claim_of_another_computer(out, 2 * LEASE_SECONDS)
    assert follower_of(out) is None
    with claimed(out) as claim:
        assert not other.exists() and follower_of(out) == Claimant(os.getpid())
        claim.require()
    assert not list(out.iterdir())


def test_a_claim_is_renewed_and_a_follower_without_it_stops(folders, monkeypatch) -> None:
    _, out = folders
    monkeypatch.setattr(claim_module, "RENEWAL_SECONDS", 0.01)
    with claimed(out) as claim:
        [own] = out.iterdir()
        os.utime(own, (0.0, 0.0))
        until(lambda: own.stat().st_mtime > 0)
        claim.require()
        own.unlink()
        with pytest.raises(RunError, match="Another follower took over"):
            claim.require()
    # The thread that renews does not write the claim anew.
    assert not list(out.iterdir())


def until(condition) -> None:
    """Wait for what a thread does."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_folders_that_cannot_be_used(models, folders, new) -> None:
    watched, out = folders
    with pytest.raises(ConfigError, match="does not exist"):
        Follower(models(), watched / "none", out)
    with pytest.raises(ConfigError, match="is the folder that is followed"):
        Follower(models(), watched, watched)
    (out / "other.txt").write_text("mine")
    with pytest.raises(ConfigError, match="holds other files"):
        Follower(models(), watched, out)
    (out / "other.txt").unlink()
    put(watched / "a.csv", new)
    run(models(), folders)
    with pytest.raises(ConfigError, match="belongs to another model"):
        Follower(models("squares, deviation"), watched, out)
    (out / SCORES).write_text("cut")
    with pytest.raises(RunError, match="shorter"):
        Follower(models(), watched, out)


class Receiver(ThreadingHTTPServer):
    """A webhook that answers as it is told, and keeps what it took."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[int | str] = []
        self.taken: list[dict[str, Any]] = []
        self.asked = 0
        self.lock, self.released = threading.Lock(), threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/alarms"


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.lock:
            self.server.asked += 1
            answer = self.server.answers.pop(0) if self.server.answers else 200
        if answer == "slow":
            self.server.released.wait(60)
            return
        if answer == 200:
            self.server.taken.append(json.loads(body))
        self.send_response(int(answer))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_) -> None:
        """Say nothing."""


@pytest.fixture
def receiver():
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.released.set()
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_webhook_that_fails_and_is_slow_gets_every_alarm_later(models, new, folders, receiver) -> None:
    watched, out = folders
    receiver.answers = [500, "slow", 503, 302, 404]
    said: list[str] = []
    hook = Webhook(out, receiver.url, said.append, timeout=1.0, wait=0.001, longest=0.002)
    put(watched / "a.csv", new)
    steps: list[Step] = []
    # Scoring ends though nothing was delivered yet, or all: it never waits for the webhook.
    follow(Follower(models(), *folders), lambda: False, steps.append, hook.offer, said.append, once=True)
    assert [step.rows for step in steps] == [400]
    while not hook.settle():
        pass
    hook.stop()
    # A receiver that answers late may get a record twice, and tells it by its id.
    assert list({record["id"]: record for record in receiver.taken}.values()) == lines(out / ALARMS)
    asked = receiver.asked
    assert asked >= len(lines(out / ALARMS)) + 5
    assert any("answers 500" in sentence for sentence in said)
    # A new start delivers nothing again.
    again = Webhook(out, receiver.url, said.append)
    again.offer((out / ALARMS).stat().st_size)
    assert again.settle()
    again.stop()
    assert receiver.asked == asked


def test_alarms_that_no_webhook_took_are_delivered_after_a_restart(models, new, folders, receiver) -> None:
    watched, out = folders
    receiver.answers = [500] * 4
    put(watched / "a.csv", new)
    hook = Webhook(out, receiver.url, lambda _: None, wait=600)
    follow(Follower(models(), *folders), lambda: False, lambda _: None, hook.offer, lambda _: None, once=True)
    # A first attempt may have failed long ago: the second is made now, not after ten minutes.
    assert not hook.settle() and not hook.settle()
    hook.stop()
    assert not receiver.taken
    receiver.answers = []
    hook = Webhook(out, receiver.url, lambda _: None)
    hook.offer((out / ALARMS).stat().st_size)
    assert hook.settle()
    hook.stop()
    # An attempt that was under way at the stop may have been taken too; the record is told by its id.
    assert list({record["id"]: record for record in receiver.taken}.values()) == lines(out / ALARMS)
    assert len(receiver.taken) <= len(lines(out / ALARMS)) + 1


@pytest.mark.parametrize("url", ["", "mill", "ftp://host/a", "http://", "file:///etc/passwd", "http://a:b/"])
def test_an_address_that_is_none(url) -> None:
    with pytest.raises(ConfigError, match="not the address of a webhook"):
        check_url(url)


def test_a_folder_that_vanishes_is_said_once(models, folders, monkeypatch) -> None:
    follower, looks = Follower(models(), *folders), iter([False] * 4 + [True])
    said: list[str] = []
    steps: list[Step] = []

    def gone():
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(follower, "look", gone)
    follow(follower, lambda: next(looks), steps.append, lambda _: None, said.append)
    assert len(said) == 1 and "Input/output error" in said[0]
    with pytest.raises(ConfigError, match="cannot be read"):
        module.follow(follower, lambda: False, steps.append, lambda _: None, said.append, once=True)
    assert not steps


def test_a_file_that_cannot_be_opened_is_named_and_read_later(models, new, folders, monkeypatch) -> None:
    watched, out = folders
    put(watched / "a.csv", new[:200])
    put(watched / "b.csv", new[:300])
    real = open

    def refusing(path, *options):
        if str(path).endswith("b.csv"):
            raise PermissionError(13, "Permission denied")
        return real(path, *options)

    monkeypatch.setattr(arrivals, "open", refusing, raising=False)
    steps, _ = run(models(), folders)
    assert {step.file: step.rows for step in steps} == {"a.csv": 200, "b.csv": 0}
    assert "b.csv cannot be opened: Permission denied" in next(s.in_words for s in steps if s.set_aside)
    assert run(models(), folders)[0] == []
    monkeypatch.undo()
    put(watched / "b.csv", new[200:])
    assert [step.rows for step in run(models(), folders)[0]] == [200]
    assert (out / SCORES).read_bytes() == csv_of(score(models(), table_of(new)).frame)


@pytest.mark.parametrize("fixes", [(), (Fix("missing-value", "s1", (-9999.0,)), Fix("forward-fill", "s1"))])
def test_two_machines_with_carried_values_are_followed_as_one_table(folders, tmp_path, fixes) -> None:
    watched, out = folders

    def plant(n_rows, seed, start):
        both = pd.concat(
            [frame(n_rows, seed + n, start).assign(machine=name) for n, name in enumerate("AB")]
        ).sort_values("time", kind="stable", ignore_index=True)
        both.loc[np.random.default_rng(seed).random(len(both)) < 0.3, "s1"] = -9999.0 if fixes else 0.0
        return both

    old, new = plant(600, 5, "2024-01-01"), plant(250, 9, "2024-03-01")
    raw = read_raw(old.to_csv(index=False).encode(), name="old.csv")
    schema = replace(
        table_of(old.drop(columns="machine")).schema, asset="machine", sensors=("s0", "s1", "s2", "s3")
    )
    recipe = Recipe(raw.reading, schema, fixes)
    table = apply_schema(apply_recipe(raw.frame, recipe), schema, name="old.csv", digest="")
    model = replace(trained_of(table, run_experiment(table, CONFIGS["pca"], workers=1)), recipe=recipe)
    text = new.to_csv(index=False).encode()
    whole = score(model, read_new(model, text, "new.csv").matched.ready())
    for number, piece in enumerate(in_pieces(new, 6)):
        put(watched / f"part-{number}.csv", piece)
        assert not [step.set_aside for step in run(model, folders)[0] if step.set_aside]
        on = {}
        for record in lines(out / ALARMS):
            on[record["machine"]] = record["start"] if record["event"] == "start" else ""
        position = followed.read_position(out)
        assert position is not None
        assert position.on == {machine: start for machine, start in on.items() if start}
        assert position.rows == len(pd.read_csv(out / SCORES))
    by = ["machine", "time"]
    scored = pd.read_csv(out / SCORES, parse_dates=["time"]).sort_values(by, ignore_index=True)
    expected = pd.read_csv(io.BytesIO(csv_of(whole.frame)), parse_dates=["time"])
    pd.testing.assert_frame_equal(scored, expected.sort_values(by, ignore_index=True), check_exact=True)
    ended = whole.alarms[whole.alarms["ended"] != "still on in the last row"]
    told = [record for record in lines(out / ALARMS) if record["event"] == "end"]
    assert sorted((r["machine"], r["start"], r["peak"]) for r in told) == sorted(
        (row["machine"], row["start"].isoformat(), row["peak"]) for row in ended.to_dict("records")
    )
    assert {record["machine"] for record in told} == {"A", "B"}
    ids = [record["id"] for record in lines(out / ALARMS)]
    assert len(ids) == len(set(ids))
