"""What the workspace knows of its followers, against what stands in their logs."""

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from rare_event.config import Rule
from rare_event.errors import RunError
from rare_event.experiment.run import run_experiment
from rare_event.experiment.trained import Trained, trained_of
from rare_event.jobs.follow import Follower, Step, follow
from rare_event.store.claim import CLAIM, Claimant, claimed
from rare_event.store.followed import ALARMS, FILES, SCORES, STATE, Position, write_sent
from rare_event.store.followers import (
    LATEST_BYTES,
    FollowerNote,
    Progress,
    forget_follower,
    list_followers,
    note_follower,
    progress_of,
    when,
)
from tests.experiment.test_score import table_of
from tests.small import PCA, small_frame


@pytest.fixture(scope="module")
def trained() -> Trained:
    table = table_of(small_frame())
    config = replace(PCA, rule=Rule("quantile", 0.9))
    return trained_of(table, run_experiment(table, config, workers=1))


@pytest.fixture
def note(workspace: Path, trained: Trained, tmp_path: Path) -> FollowerNote:
    for name in ("in", "out"):
        (tmp_path / name).mkdir()
    return note_follower(trained, tmp_path / "in", tmp_path / "out", webhook=True)


@pytest.fixture
def new() -> pd.DataFrame:
    return small_frame(300).assign(time=lambda f: f["time"] + pd.Timedelta(days=30))


def catch_up(trained: Trained, note: FollowerNote) -> None:
    steps: list[Step] = []
    follower = Follower(trained, note.watched, note.out)
    follow(follower, lambda: False, steps.append, lambda _: None, lambda _: None, once=True)


def test_nothing_is_said_of_a_follower_before_its_first_file(note: FollowerNote) -> None:
    progress = progress_of(note)
    assert progress.process is None and progress.position is None
    assert progress.done == "No row has been scored yet." and progress.held_up == ()
    assert progress.files == progress.alarms == ()


def test_the_figures_are_those_of_the_logs_after_each_piece(
    note: FollowerNote, trained: Trained, new: pd.DataFrame
) -> None:
    ever_on = 0
    edges = [0, *range(7, 300, 23), 300]
    for begin, end in zip(edges, edges[1:], strict=False):
        new[begin:end].to_csv(note.watched / f"{begin:03}.csv", index=False)
        catch_up(trained, note)
        progress, scores = progress_of(note), pd.read_csv(note.out / SCORES)
        records = [json.loads(line) for line in (note.out / ALARMS).read_text().splitlines()]
        assert progress.position is not None
        assert progress.position.rows == len(scores) == end
        assert progress.position.scored == scores["score"].notna().sum()
        assert progress.position.last == scores["time"].iloc[-1]
        begun = {one["alarm"]: one["start"] for one in records if one["event"] == "start"}
        for one in records:
            if one["event"] == "end":
                del begun[one["alarm"]]
        assert list(progress.position.on.values()) == list(begun.values())
        assert sum(progress.position.alarms.values()) == sum(one["event"] == "start" for one in records)
        assert list(progress.alarms) == records[::-1]
        assert ("none is still on in the last row" in progress.done) != bool(begun)
        assert progress.files[0]["file"] == f"{begin:03}.csv" and not progress.waiting
        ever_on += len(begun)
    assert 0 < ever_on < len(edges) - 1


def test_what_was_not_committed_is_never_shown(
    note: FollowerNote, trained: Trained, new: pd.DataFrame
) -> None:
    new.to_csv(note.watched / "new.csv", index=False)
    catch_up(trained, note)
    before = progress_of(note)
    for log in (ALARMS, SCORES, FILES):
        with (note.out / log).open("a") as file:
            file.write('{"event": "start", "half')
    assert progress_of(note) == before


def test_of_a_long_log_the_whole_lines_at_its_end_are_read(
    note: FollowerNote, trained: Trained, new: pd.DataFrame
) -> None:
    new[:50].to_csv(note.watched / "a.csv", index=False)
    for number in range(300):
        (note.watched / f"b\u2028{number:03} {'long ' * 30}.csv").write_text("x;y\n1;2\n")
    catch_up(trained, note)
    assert (note.out / FILES).stat().st_size > LATEST_BYTES
    records = [json.loads(line) for line in (note.out / FILES).read_text().split("\n")[:-1]]
    shown = list(progress_of(note).files)
    assert 100 < len(shown) < len(records)
    assert shown == records[::-1][: len(shown)]


def test_a_file_that_waits_is_named_and_one_set_aside_is_not(
    note: FollowerNote, trained: Trained, new: pd.DataFrame
) -> None:
    (note.watched / "a.csv").write_text(new[:9].to_csv(index=False).split("\n")[0])
    (note.watched / "b.csv").write_text("x;y\n1;2\n")
    (note.watched / "c.csv.tmp").write_text("")
    catch_up(trained, note)
    progress = progress_of(note)
    assert progress.waiting == ("a.csv",)
    assert progress.held_up[0].startswith("Not scored yet: a.csv. ")
    assert progress.held_up[1:] == ("Set aside: b.csv. The list of files says why.",)
    assert progress.files[0]["file"] == "b.csv" and progress.files[0]["set_aside"]
    assert progress.done == "No row has been scored yet."


def test_alarms_that_the_webhook_has_not_taken_are_said(
    note: FollowerNote, trained: Trained, new: pd.DataFrame
) -> None:
    new.to_csv(note.watched / "new.csv", index=False)
    catch_up(trained, note)
    assert progress_of(note).undelivered and "webhook" in progress_of(note).held_up[-1]
    # A follower that has stopped sends nothing until it is started again.
    stopped = replace(progress_of(note), process=None).held_up[-1]
    running = replace(progress_of(note), process=Claimant(1)).held_up[-1]
    assert stopped.endswith("in order once it is started again.") and "again" not in running
    write_sent(note.out, (note.out / ALARMS).stat().st_size)
    assert not progress_of(note).undelivered and progress_of(note).held_up == ()
    (note.out / "webhook.json").unlink()
    assert not progress_of(replace(note, webhook=False)).undelivered


def test_a_follower_is_at_work_while_its_process_lives(note: FollowerNote) -> None:
    (note.out / f"{CLAIM}1-dead.json").write_text(json.dumps({"pid": 1, "created": 0.0}))
    assert progress_of(note).process is None
    with claimed(note.out):
        assert progress_of(note).process is not None
    assert progress_of(note).process is None


def test_a_folder_that_is_gone_or_damaged_is_said(note: FollowerNote) -> None:
    note.watched.rmdir()
    assert progress_of(note).held_up == (
        "The folder cannot be read: No such file or directory. Make it readable again.",
    )
    (note.out / STATE).write_bytes(b"PK")
    with pytest.raises(RunError, match="The state of the follower in .* cannot be read"):
        progress_of(note)


def test_followers_are_listed_until_forgotten_or_without_results(
    note: FollowerNote, trained: Trained, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    other = note_follower(trained, note.watched, tmp_path / "other", webhook=False)
    assert note_follower(trained, note.watched, note.out, webhook=True).id == note.id
    assert [each.id for each in list_followers()] == [note.id, other.id]
    assert list_followers()[1] == other
    (tmp_path / "other").rmdir()
    assert [each.id for each in list_followers()] == [note.id]
    forget_follower(note)
    assert list_followers() == [] and note.out.is_dir()


def test_a_folder_begun_before_the_last_row_was_kept_has_no_time_of_it() -> None:
    done = Progress(None, Position("a", "b", rows=700, scored=695)).done

    assert done == "695 of 700 rows scored. 0 alarms so far; none is still on in the last row."
    assert "the last of" not in done
    assert when("no time") == "no time"


def test_times_and_row_numbers_are_written_for_people() -> None:
    assert when("2024-02-01T09:58:00") == when("2024-02-01 09:58:00") == "1 Feb 2024, 09:58"
    assert when("1234") == "row 1,234"
