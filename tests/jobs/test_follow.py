"""A folder followed: every row once, in any pieces, whatever stops the process and wherever."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from rare_event.errors import ConfigError, RunError
from rare_event.experiment.run import run_experiment
from rare_event.experiment.score import score
from rare_event.experiment.trained import trained_of
from rare_event.jobs import follow as module
from rare_event.jobs.follow import Follower, follow
from rare_event.jobs.webhook import Webhook, check_url
from rare_event.store import followed
from rare_event.store.followed import ALARMS, FILES, SCORES, claimed
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
    steps, said = [], []
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
        self.answers, self.taken, self.asked = [], [], 0
        self.changed, self.released = threading.Condition(), threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/alarms"

    def wait(self, condition) -> None:
        with self.changed:
            assert self.changed.wait_for(condition, timeout=60)


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.changed:
            self.server.asked += 1
            answer = self.server.answers.pop(0) if self.server.answers else 200
        if answer == "slow":
            self.server.released.wait(60)
            return
        self.send_response(answer)
        self.send_header("Content-Length", "0")
        self.end_headers()
        with self.server.changed:
            if answer == 200:
                self.server.taken.append(json.loads(body))
            self.server.changed.notify_all()

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
    said = []
    hook = Webhook(out, receiver.url, said.append, timeout=0.2, wait=0.001, longest=0.002)
    put(watched / "a.csv", new)
    steps = []
    # Scoring ends though nothing was delivered yet, or all: it never waits for the webhook.
    follow(Follower(models(), *folders), lambda: False, steps.append, hook.offer, said.append, once=True)
    assert [step.rows for step in steps] == [400]
    receiver.wait(lambda: len(receiver.taken) == len(lines(out / ALARMS)))
    while not hook.settle():
        pass
    hook.stop()
    assert receiver.taken == lines(out / ALARMS)
    assert receiver.asked == len(receiver.taken) + 5
    assert any("answers 500" in sentence for sentence in said)
    # A new start delivers nothing again.
    again = Webhook(out, receiver.url, said.append)
    again.offer((out / ALARMS).stat().st_size)
    assert again.settle()
    again.stop()
    assert receiver.asked == len(receiver.taken) + 5


def test_alarms_that_no_webhook_took_are_delivered_after_a_restart(models, new, folders, receiver) -> None:
    watched, out = folders
    receiver.answers = [500] * 3
    put(watched / "a.csv", new)
    hook = Webhook(out, receiver.url, lambda _: None, wait=600)
    follow(Follower(models(), *folders), lambda: False, lambda _: None, hook.offer, lambda _: None, once=True)
    assert not hook.settle()
    hook.stop()
    assert not receiver.taken
    receiver.answers = []
    hook = Webhook(out, receiver.url, lambda _: None)
    hook.offer((out / ALARMS).stat().st_size)
    assert hook.settle()
    hook.stop()
    assert receiver.taken == lines(out / ALARMS)


@pytest.mark.parametrize("url", ["", "mill", "ftp://host/a", "http://", "file:///etc/passwd", "http://a:b/"])
def test_an_address_that_is_none(url) -> None:
    with pytest.raises(ConfigError, match="not the address of a webhook"):
        check_url(url)


def test_a_folder_that_vanishes_is_said_once(models, folders, monkeypatch) -> None:
    follower, said, looks = Follower(models(), *folders), [], iter([False] * 4 + [True])

    def gone():
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(follower, "look", gone)
    follow(follower, lambda: next(looks), pytest.fail, lambda _: None, said.append)
    assert len(said) == 1 and "Input/output error" in said[0]
    with pytest.raises(ConfigError, match="cannot be read"):
        module.follow(follower, lambda: False, pytest.fail, lambda _: None, said.append, once=True)
