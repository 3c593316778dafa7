"""Follow as a real process that is killed: the same alarms as of one file."""

import json
import os
import random
import signal
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from rare_event.cli.parser import main
from rare_event.config import RECOMMENDED, PCAModel, Rule
from rare_event.jobs.worker import execute
from rare_event.judge.alarms import alarms
from rare_event.store.claim import claimed
from rare_event.store.datasets import add_dataset
from rare_event.store.runs import create_run
from tests.small import PCA, small_frame

PIECES = 13
STILL_ON = "still on in the last row"


def trained_on(path, config):
    run = create_run(add_dataset(path.read_bytes(), path.name), config)
    execute(run)
    return run


def start(run, watched, out):
    arguments = ["follow", run.id, "--watch", str(watched), "--out", str(out), "--interval", "0.02"]
    return subprocess.Popen(
        [sys.executable, "-m", "rare_event", *arguments], stdout=subprocess.PIPE, text=True, env=os.environ
    )


def arrive(watched, name, text):
    (watched / f"{name}.tmp").write_text(text)
    (watched / f"{name}.tmp").rename(watched / name)


def records(out):
    return [json.loads(line) for line in (out / "alarms.jsonl").read_text().splitlines()]


def wait_for(process, name):
    """Read what the process prints until it has scored a file."""
    for line in process.stdout:
        if line.startswith(f"{name}: "):
            return
    pytest.fail(f"the follower ended before it scored {name}")


def in_one_and_in_pieces(run, text, tmp_path, seed):
    """Score a file in one piece, and in 13 through a follower that is killed in the middle."""
    header, *rows = text.splitlines(keepends=True)
    new = tmp_path / "new.csv"
    new.write_text(text)
    assert main(["score", run.id, str(new), "--out", str(tmp_path / "one")]) == 0
    watched, out = tmp_path / "in", tmp_path / "out"
    watched.mkdir()
    chance = random.Random(seed)
    edges = [0, *sorted(chance.sample(range(1, len(rows)), PIECES - 1)), len(rows)]
    names = [f"part-{number:02}.csv" for number in range(PIECES)]
    killed_at = chance.randrange(3, PIECES - 2)
    process = start(run, watched, out)
    try:
        for number, name in enumerate(names):
            arrive(watched, name, header + "".join(rows[edges[number] : edges[number + 1]]))
            if number == killed_at:
                # At any moment of this piece: before, while or after it is scored.
                os.kill(process.pid, signal.SIGKILL)
                process.wait()
                process.stdout.close()
                process = start(run, watched, out)
            wait_for(process, name) if number != killed_at else None
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
    # Nothing is left to score, and the dead follower's claim is no obstacle.
    before = (out / "alarms.jsonl").read_bytes()
    arguments = ["follow", run.id, "--watch", str(watched), "--out", str(out), "--once", "--interval", "0.02"]
    assert main(arguments) == 0
    assert (out / "alarms.jsonl").read_bytes() == before
    return pd.read_csv(tmp_path / "one" / "alarms.csv"), out


def assert_same_alarms(one, out, tmp_path, capsys):
    assert (out / "scores.csv").read_bytes() == (tmp_path / "one" / "scores.csv").read_bytes()
    told = records(out)
    assert len({record["id"] for record in told}) == len(told)
    begun = [record["start"].replace("T", " ") for record in told if record["event"] == "start"]
    assert begun == one["start"].tolist()
    ended = [record for record in told if record["event"] == "end"]
    expected = one[one["ended"] != STILL_ON]
    assert len(ended) == len(expected) >= len(one) - 1
    for column in ("rows", "peak", "ended"):
        assert [record[column] for record in ended] == expected[column].tolist()
    assert [record["sensors"] for record in ended] == expected["sensors"].fillna("").tolist()


@pytest.mark.parametrize("seed", [1, 2])
def test_a_follower_that_is_killed_tells_the_alarms_of_one_piece(
    workspace, sample_csv, tmp_path, capsys, seed
) -> None:
    text = sample_csv.read_text()
    header, *rows = text.splitlines(keepends=True)
    old = tmp_path / "old.csv"
    old.write_text(header + "".join(rows[:8000]))
    config = replace(RECOMMENDED, model=PCAModel(), rule=Rule("quantile", 0.98))
    run = trained_on(old, config)
    one, out = in_one_and_in_pieces(run, header + "".join(rows[8000:]), tmp_path, seed)
    assert len(one) > 20
    assert_same_alarms(one, out, tmp_path, capsys)


@pytest.mark.mill
def test_the_last_part_of_the_real_mill_in_pieces(workspace, mill_csv, tmp_path, capsys) -> None:
    # The file's last line has no end.
    header, *rows = f"{mill_csv.read_text(encoding='utf-8-sig').rstrip()}\n".splitlines(keepends=True)
    cut = int(0.7 * len(rows))
    old = tmp_path / "old.csv"
    old.write_text(header + "".join(rows[:cut]))
    run = trained_on(old, replace(RECOMMENDED, model=PCAModel()))
    one, out = in_one_and_in_pieces(run, header + "".join(rows[cut:]), tmp_path, 70)
    assert len(one) > 5
    assert_same_alarms(one, out, tmp_path, capsys)


@pytest.mark.mill
def test_rows_that_the_run_was_tested_on_are_scored_and_alarmed_alike(workspace, mill_csv, tmp_path) -> None:
    header, *rows = f"{mill_csv.read_text(encoding='utf-8-sig').rstrip()}\n".splitlines(keepends=True)
    run = trained_on(mill_csv, replace(RECOMMENDED, model=PCAModel()))
    cut = int(0.7 * len(rows))
    watched, out = tmp_path / "in", tmp_path / "out"
    watched.mkdir()
    edges = np.linspace(cut, len(rows), PIECES + 1).astype(int)
    for number, (begin, end) in enumerate(pairwise(edges)):
        (watched / f"{number:02}.csv").write_text(header + "".join(rows[begin:end]))
    assert command(run, watched, out) == 0
    test, committed = run.scores("test"), run.committed()
    scores = pd.read_csv(out / "scores.csv", parse_dates=["time"])
    assert len(scores) == len(rows) - cut and len(test) > 3000
    mine = scores["score"].to_numpy()[test.row - cut]
    # Other numbers of rows are summed in another order.
    np.testing.assert_allclose(mine, test.y_score, rtol=1e-12, atol=0)
    threshold, policy = committed.last, committed.policy
    wanted = alarms(test, threshold, policy)
    first = scores["time"].iloc[test.row[0] - cut]
    begun = [pd.Timestamp(record["start"]) for record in records(out) if record["event"] == "start"]
    told = {moment for moment in begun if moment >= first}
    assert told == set(scores["time"].iloc[wanted["first_row"] - cut]) and len(told) > 5


@pytest.fixture
def small_run(workspace, tmp_path):
    path = tmp_path / "small.csv"
    small_frame().to_csv(path, index=False)
    return trained_on(path, PCA)


def command(run, watched, out, *more):
    return main(
        ["follow", run.id, "--watch", str(watched), "--out", str(out), "--once", "--interval", "0.01", *more]
    )


def test_alarms_are_printed_as_json_lines_and_findings_on_stderr(small_run, tmp_path, capsys) -> None:
    watched, out = tmp_path / "in", tmp_path / "out"
    watched.mkdir()
    new = small_frame(300).assign(time=lambda f: f["time"] + pd.Timedelta(days=30))
    new.iloc[:200].assign(s1=lambda f: np.where(f.index == 100, 90.0, f["s1"])).to_csv(
        watched / "a.csv", index=False
    )
    (watched / "b.csv").write_text("x;y\n1;2\n")
    assert command(small_run, watched, out, "--json") == 0
    said = capsys.readouterr()
    printed = [json.loads(line) for line in said.out.splitlines()]
    assert printed == records(out) and printed
    assert "b.csv is set aside" in said.err
    assert "b.csv" not in said.out


def test_a_second_follower_and_bad_options_are_refused(small_run, tmp_path, capsys) -> None:
    watched, out = tmp_path / "in", tmp_path / "out"
    watched.mkdir()
    with claimed(out):
        assert command(small_run, watched, out) == 2
        assert "already follows into" in capsys.readouterr().err
    assert command(small_run, watched, out, "--interval", "nan") == 2
    assert command(small_run, watched, out, "--webhook", "mill") == 2
    assert command(small_run, tmp_path / "none", out) == 2
    assert not [path for path in out.iterdir() if path.suffix != ".json"]


def test_the_last_line_without_an_end_is_said_and_waits(small_run, tmp_path, capsys) -> None:
    watched, out = tmp_path / "in", tmp_path / "out"
    watched.mkdir()
    new = small_frame(100).assign(time=lambda f: f["time"] + pd.Timedelta(days=30))
    text = new.to_csv(index=False)
    (tmp_path / "whole").mkdir()
    (tmp_path / "whole" / "a.csv").write_text(text[:-1])
    assert command(small_run, tmp_path / "whole", tmp_path / "other", "--whole") == 0
    assert "of 100 rows scored" in capsys.readouterr().out
    (watched / "a.csv").write_text(text[:-3])
    assert command(small_run, watched, out) == 0
    said = capsys.readouterr()
    assert "of 99 rows scored" in said.out
    assert "The last line of a.csv has no line end" in said.err
    with (watched / "a.csv").open("a") as file:
        file.write(text[-3:])
    assert command(small_run, watched, out) == 0
    said = capsys.readouterr()
    assert "a.csv (rows after line 100): 1 of 1 row scored" in said.out
    assert not said.err
