"""A follower with a watch level: a list of its own, in any pieces and after every restart."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rare_event.config import Rule
from rare_event.errors import ConfigError
from rare_event.experiment.run import run_experiment
from rare_event.experiment.score import score
from rare_event.experiment.trained import trained_of
from rare_event.judge.watch import Watch
from rare_event.store.followed import ALARMS, SCORES, WATCH, open_followed
from rare_event.store.followers import list_followers, note_follower, progress_of
from tests.experiment.test_score import CONFIGS, frame, table_of
from tests.jobs.test_follow import in_pieces, lines, put, run


@pytest.fixture(scope="module")
def models():
    table, known = table_of(frame()), {}

    def get(name):
        if name not in known:
            config = replace(CONFIGS[name], watch=Rule("quantile", 0.7))
            known[name] = trained_of(table, run_experiment(table, config, workers=1))
        return known[name]

    return get


@pytest.fixture(scope="module")
def new():
    columns = frame(400, 1, "2024-02-01")
    columns.loc[[57, 58, 203], "s2"] = np.nan
    return columns


def follow_in(model, folders, parts):
    for folder in folders:
        folder.mkdir(parents=True)
    for number, part in enumerate(parts):
        put(folders[0] / f"part-{number:02}.csv", part)
        # A new follower for each file: nothing is kept in memory.
        steps, _ = run(model, folders)
    return steps


@pytest.mark.parametrize("name", ["pca", "held, k of n", "trailing"])
def test_files_are_followed_as_one_table_and_the_warnings_stay_as_they_are(
    models, new, tmp_path, name
) -> None:
    both = models(name)
    follow_in(both, (tmp_path / "in", tmp_path / "out"), in_pieces(new))
    follow_in(replace(both, watch=None), (tmp_path / "in2", tmp_path / "out2"), in_pieces(new))
    whole = score(both, table_of(new))
    ends = [record for record in lines(tmp_path / "out" / WATCH) if record["event"] == "end"]
    assert whole.watch is not None
    ended = whole.watch[whole.watch["ended"] != "still on in the last row"]
    assert len(ended) > 3
    for column in ("peak", "rows", "sensors", "ended"):
        assert [record[column] for record in ends] == ended[column].tolist()
    for column in ("start", "end", "reached_warning"):
        wanted = [None if pd.isna(time) else time.isoformat() for time in ended[column]]
        assert [record[column] for record in ends] == wanted
    assert not (tmp_path / "out2" / WATCH).exists()
    assert (tmp_path / "out" / SCORES).read_bytes() == (tmp_path / "out2" / SCORES).read_bytes()
    warnings, alone = (lines(tmp_path / folder / ALARMS) for folder in ("out", "out2"))
    names = {"id", "alarm"}
    assert [{k: v for k, v in one.items() if k not in names} for one in warnings] == [
        {k: v for k, v in one.items() if k not in names} for one in alone
    ]
    ids = [record["id"] for record in warnings + lines(tmp_path / "out" / WATCH)]
    assert len(ids) == len(set(ids))


def test_a_step_says_what_began_at_the_watch_level(models, new, tmp_path) -> None:
    (step,) = follow_in(models("pca"), (tmp_path / "in", tmp_path / "out"), [new])
    records = lines(tmp_path / "out" / WATCH)
    began = sum(record["event"] == "start" for record in records)
    assert f"At the watch level, {began} alarms began, {len(records) - began} ended." in step.in_words
    alone = replace(models("pca"), watch=None)
    (plain,) = follow_in(alone, (tmp_path / "in2", tmp_path / "out2"), [new])
    assert "watch" not in plain.in_words and step.in_words.startswith(plain.in_words)


def test_a_folder_goes_with_its_watch_level(models, new, tmp_path) -> None:
    both = models("pca")
    follow_in(both, (tmp_path / "in", tmp_path / "out"), [new])
    other = replace(both, watch=Watch({0: both.watch.last / 2}, both.watch.rule))
    for model in (other, replace(both, watch=None)):
        with pytest.raises(ConfigError, match="belongs to another model, or to another threshold"):
            open_followed(tmp_path / "out", model)
    assert open_followed(tmp_path / "out", both).position.watch_alarms


def test_a_folder_of_an_older_version_goes_on(models, new, tmp_path, monkeypatch) -> None:
    from rare_event.store import followed, streams

    alone = replace(models("pca"), watch=None)
    real_dump, real_pack = followed.dump, streams._pack_stream

    def older(value):
        said = json.loads(real_dump(value))
        if isinstance(said, dict) and "lengths" in said:
            del said["lengths"][WATCH], said["watch_alarms"], said["watch_on"]
        return json.dumps(said) if isinstance(said, dict) and "lengths" in said else real_dump(value)

    def older_stream(stream):
        about, arrays = real_pack(stream)
        del about["watching"]
        return about, arrays

    folders = (tmp_path / "in", tmp_path / "out")
    with monkeypatch.context() as patch:
        patch.setattr(followed, "dump", older)
        patch.setattr(streams, "_pack_stream", older_stream)
        follow_in(alone, folders, [new[:150]])
    put(folders[0] / "later.csv", new[150:])
    run(alone, folders)
    whole = score(alone, table_of(new))
    assert len((folders[1] / SCORES).read_text().splitlines()) == len(whole.frame) + 1
    assert not (folders[1] / WATCH).exists() and len(lines(folders[1] / ALARMS)) > 3


def test_the_workspace_knows_both_lists(models, new, tmp_path, workspace) -> None:
    both, folders = models("pca"), (tmp_path / "in", tmp_path / "out")
    follow_in(both, folders, [new])
    note_follower(both, *folders, webhook=False)
    (note,) = list_followers()
    progress = progress_of(note)
    assert list(progress.watch) == lines(folders[1] / WATCH)[::-1] != list(progress.alarms)[:1]
    began = sum(record["event"] == "start" for record in progress.watch)
    assert progress.watched.startswith(f"At the watch level: {began} alarms so far; ")
    assert "watch" not in progress.done
