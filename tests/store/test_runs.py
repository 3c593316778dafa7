"""A run folder tells everything about its run, or says in a sentence what it cannot tell."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from types import SimpleNamespace

import numpy as np
import pandas as pd
import psutil
import pytest

from rare_event.compare.titles import name_of_run, title_of
from rare_event.config import PRESETS, RECOMMENDED, AlarmPolicy, PCAModel, Rule
from rare_event.errors import ConfigError, RunError
from rare_event.experiment.ablation import Ablation, Alone, Without
from rare_event.experiment.leakage import Reading
from rare_event.judge.promise import Promise
from rare_event.judge.scores import COLUMNS, Scores
from rare_event.store import folders
from rare_event.store import runs as runs_module
from rare_event.store.datasets import add_dataset
from rare_event.store.deleting import delete_run
from rare_event.store.judged import Judged
from rare_event.store.records import ENDED, About, Committed, Look, Part, Purpose, Status
from rare_event.store.runs import Run, create_run, list_runs, mark, open_run
from rare_event.store.seal import is_open, open_at_threshold
from rare_event.store.serial import to_plain
from tests.naive import random_scores
from tests.records import as_older_version, stored
from tests.small import judgement_of, summary_of


@pytest.fixture
def run(workspace, upload) -> Run:
    return create_run(add_dataset(upload, "mill.csv"), RECOMMENDED)


def test_a_new_run_is_queued_and_holds_its_recipe(run, upload) -> None:
    assert run.status() == Status(state="queued", epochs=RECOMMENDED.training.epochs)
    assert run.config() == RECOMMENDED and run.dataset() == add_dataset(upload, "")
    assert sorted(path.name for path in run.folder.iterdir()) == [
        "config.json",
        "dataset.json",
        "purpose.json",
        "status.json",
    ]
    assert run.history().empty and list(run.history()) == [
        "fold",
        "network",
        "epoch",
        "loss",
        "validation_loss",
        "seconds",
    ]
    assert not run.cancel_requested
    assert open_run(run.id) == run


@pytest.mark.parametrize("config", PRESETS.values(), ids=PRESETS)
def test_every_preset_survives_the_run_folder(run, config) -> None:
    other = create_run(run.dataset(), config)
    assert open_run(other.id).config() == config and open_run(other.id).config().name == config.name


def test_the_dataset_stays_as_it_was_when_the_run_was_made(run) -> None:
    from rare_event.store.datasets import save_dataset

    changed = replace(run.dataset(), schema=replace(run.dataset().schema, sensors=("s0",)))
    save_dataset(changed)
    assert run.dataset().schema.sensors == ("s0", "s1", "s2", "s3")


def test_ids_sort_in_the_order_of_making(run) -> None:
    runs = [run, *(create_run(run.dataset(), RECOMMENDED) for _ in range(5))]
    ids = [each.id for each in runs]
    assert ids == sorted(ids) and len(set(ids)) == 6
    assert list_runs() == runs[::-1]
    assert list_runs(run.dataset().digest) == runs[::-1] and list_runs("0" * 64) == []


def test_an_empty_workspace_has_no_runs(workspace) -> None:
    assert list_runs() == []


def test_a_run_that_cannot_be_read_is_not_listed(run, workspace) -> None:
    other = create_run(run.dataset(), RECOMMENDED)
    (other.folder / "status.json").write_text("{")
    (workspace / "runs" / "notes").mkdir()
    (workspace / "runs" / "readme.txt").write_text("")
    assert list_runs() == [run]


@pytest.mark.parametrize(
    "run_id",
    ["", ".", "..", "../datasets", "/etc", "notes", "20240101-000000-000000", "20240101-000000-00000x", "\0"],
)
def test_what_is_no_run_is_a_sentence(run, workspace, run_id) -> None:
    (workspace / "runs" / "notes").mkdir()
    with pytest.raises(RunError, match="There is no run .* Open one from the home page"):
        open_run(run_id)
    with pytest.raises(RunError) as refused:
        open_run(run.id + "/../" + run.id)
    assert len(str(refused.value)) < 120


def test_progress_and_the_time_left() -> None:
    # The third of four folds, a quarter through: (2 + 1/4) / 4 = 9/16 of all epochs.
    status = Status("running", fold=2, folds=4, epoch=5, epochs=20, seconds=90.0)
    assert status.progress == 9 / 16
    assert status.seconds_left == pytest.approx(70.0)  # 90 s for 9 sixteenths, 7 to go
    assert status.time_left == "about 70 s left"
    alone = replace(status, fold=0, folds=1)
    assert alone.time_left.startswith("at most "), "one training can only end sooner"
    assert replace(alone, networks=2).time_left.startswith("about ")
    assert Status("queued").time_left == ""
    assert Status("queued").progress == 0 and Status("queued").seconds_left is None
    assert Status("running", epoch=30, epochs=20).progress == 1
    assert not Status("queued").ended and not Status("running").ended
    assert all(Status(state).ended for state in ENDED)


def test_marking_keeps_the_rest_of_the_status(run) -> None:
    me = psutil.Process()
    status = Status("running", fold=1, folds=6, epoch=3, epochs=100, seconds=2.5, pid=me.pid)
    status = replace(status, pid_created=me.create_time())
    assert run.write_status(status) == status == run.status()
    for state in ("done", "failed", "cancelled", "interrupted"):
        mark(run, state, "Why.")
        assert run.status() == replace(status, state=state, message="Why.")
        assert run.status().ended


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[1]", b"null", b"{}", b'{"state": "paused"}', b'{"state": []}']
)
def test_a_damaged_or_newer_status_is_a_sentence(run, content) -> None:
    (run.folder / "status.json").write_bytes(content)
    with pytest.raises(
        RunError, match=r"(missing or damaged|cannot be read; it may come from a newer version)"
    ):
        run.status()
    with pytest.raises(RunError):
        mark(run, "failed")


def test_what_a_newer_version_adds_to_a_status_is_passed_over(run) -> None:
    (run.folder / "status.json").write_text(json.dumps({"state": "done", "epoch": 4, "gpu": "yes"}))
    assert run.status() == Status("done", epoch=4)


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b'{"shift": "many"}'])
def test_damaged_settings_are_a_sentence(run, content) -> None:
    (run.folder / "config.json").unlink()
    if content is not None:
        (run.folder / "config.json").write_bytes(content)
    with pytest.raises(
        (RunError, ConfigError),
        match="settings (file of run .* cannot be read: the file is missing|of this run cannot be read)",
    ):
        run.config()


def test_history_grows(run) -> None:
    rows = pd.DataFrame({"fold": [0, 0], "network": [1, 2], "epoch": [1, 1], "loss": [0.5, 1 / 3]})
    rows = rows.assign(validation_loss=[0.6, 0.1 + 0.2], seconds=[0.1, 0.2])
    run.write_history(rows[:1])
    run.write_history(rows)
    pd.testing.assert_frame_equal(run.history(), rows)
    # Older versions had one network in each fold, and no column for it.
    run.write_history(rows.drop(columns="network"))
    pd.testing.assert_frame_equal(run.history(), rows.assign(network=1))


def test_the_progress_of_an_average_counts_its_networks(run) -> None:
    config = replace(RECOMMENDED, training=replace(RECOMMENDED.training, epochs=20, networks=4))
    queued = create_run(run.dataset(), config).status()
    assert (queued.networks, queued.progress) == (4, 0.0)
    second = replace(queued, state="running", fold=1, folds=2, network=2, epoch=10)
    assert second.progress == pytest.approx((1 + (1 + 10 / 20) / 4) / 2)
    alone = create_run(run.dataset(), config.with_model(PCAModel())).status()
    assert alone.networks == 1, "only networks are averaged"


def test_cancel_is_a_file(run) -> None:
    other = create_run(run.dataset(), RECOMMENDED)
    run.request_cancel()
    run.request_cancel()
    assert run.cancel_requested and open_run(run.id).cancel_requested
    assert not other.cancel_requested


def test_scores_come_back_bit_equal(run) -> None:
    rng = np.random.default_rng(0)
    parts: dict[Part, Scores] = {}
    sizes: dict[Part, int] = {"validation": 60, "test": 90}
    for part, n_rows in sizes.items():
        scores = random_scores(rng, n_rows, n_folds=2)
        parts[part] = scores.with_score(rng.gamma(1, size=len(scores)) * 1e-7)
    run.save_scores({name: [scores.of_fold(0), scores.of_fold(1)] for name, scores in parts.items()})
    for name, expected in parts.items():
        again = open_run(run.id).scores(name)
        for column in (*COLUMNS, "total_events"):
            found, wanted = getattr(again, column), getattr(expected, column)
            assert found.dtype == wanted.dtype and found.tobytes() == wanted.tobytes(), column
        assert again.step == expected.step
    assert len(run.scores("test")) != len(run.scores("validation"))


@pytest.mark.parametrize("file", ["scores.json", "scores.parquet"])
@pytest.mark.parametrize("content", [None, b"", b"PAR1", b"{}"])
def test_damaged_scores_are_a_sentence(run, file, content) -> None:
    scores = random_scores(np.random.default_rng(0))
    run.save_scores({"validation": [scores], "test": [scores]})
    (run.folder / file).unlink()
    if content is not None:
        (run.folder / file).write_bytes(content)
    with pytest.raises(RunError, match="missing or damaged"):
        run.scores("test")


def test_thresholds_are_committed(run) -> None:
    first = Committed({0: 0.1 + 0.2, 1: 1e-300, 2: 5.0}, Rule("fa-per-day", 2), AlarmPolicy(k=2, n=3))
    run.commit(first)
    again = open_run(run.id)
    assert again.committed() == first and again.committed().common is None
    run.commit(Committed({0: 7.0}, Rule("trailing-quantile", 0.997), AlarmPolicy()))
    assert again.committed().thresholds == {0: 7.0} and again.committed().common == 7.0
    assert again.committed().in_words() == (
        "7 times the trailing 0.997 quantile of the scores over the last 3 days"
    )
    assert stored(run.folder / "threshold.json")["part"] == "validation"


def test_an_older_commitment_and_look_name_their_thresholds_folds(run) -> None:
    committed = Committed({0: 1.0, 1: 2.0, 2: 9.0}, Rule("trailing-quantile", 0.99), AlarmPolicy())
    run.commit(committed)
    run.look()
    as_older_version(run.folder)
    for name in ("threshold.json", "looks.json"):
        written = (run.folder / name).read_text()
        assert '"thresholds"' in written and '"folds"' not in written
        (run.folder / name).write_text(written.replace('"thresholds"', '"folds"'))
    assert run.committed() == committed and run.looks()[0].committed == committed
    assert run.committed().middle == 2.0 and run.committed().trailing == committed.rule
    assert Committed({0: 1.0}, Rule(), AlarmPolicy()).trailing is None


def test_an_older_commitment_has_no_promise(run) -> None:
    promise = Promise(2.5, 0.1, caught=3, n_events=9, false_alarms=4, running=5.0, dispersion=1.25)
    committed = Committed({0: 1.0}, Rule(), AlarmPolicy(), promise=promise)
    run.commit(committed)
    run.look()
    assert run.committed().promise == promise == run.looks()[0].committed.promise
    older = stored(run.folder / "threshold.json")
    del older["promise"]
    (run.folder / "threshold.json").write_text(json.dumps(older))
    # What is promised has no part in whether the test data are open at the threshold.
    assert run.committed().promise is None and run.committed() == run.looks()[0].committed


def test_when_and_under_what_name_makes_no_difference() -> None:
    committed = Committed({0: 1.0}, Rule(), AlarmPolicy(), time="2020-01-01T00:00:00+00:00")
    assert committed == replace(committed, time="2021-01-01T00:00:00+00:00")
    assert Look(committed, "2020") == Look(committed, "2021")
    assert committed != replace(committed, thresholds={0: 2.0})
    named = replace(RECOMMENDED, name="mine")
    assert named == RECOMMENDED and hash(named) == hash(RECOMMENDED)
    assert named != replace(RECOMMENDED, shift=3) and named.name != RECOMMENDED.name


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"null", b'{"folds": {"a": 1}}', b"\xff"])
def test_a_damaged_commitment_is_a_sentence(run, content) -> None:
    (run.folder / "threshold.json").write_bytes(content)
    with pytest.raises(RunError, match="committed threshold .* damaged. Train the run again"):
        run.committed()


@pytest.mark.parametrize("file", ["evaluation.json", "scores.json", "history.csv", "status.json"])
@pytest.mark.parametrize("content", [b"", b"[1]", b"null", b"\xff\x00", b'{"epochs": "x"}', b"a,b\n1,2,3\n"])
def test_a_damaged_file_is_a_sentence(run, file, content) -> None:
    (run.folder / file).write_bytes(content)
    read = {
        "evaluation.json": run.evaluation,
        "scores.json": lambda: run.scores("test"),
        "history.csv": run.history,
        "status.json": run.status,
    }[file]
    with pytest.raises(RunError, match="missing or damaged"):
        read()


def test_what_is_not_there_yet_is_a_sentence(run) -> None:
    for read in (run.committed, run.evaluation, lambda: run.scores("test")):
        with pytest.raises(RunError, match="missing or damaged"):
            read()


def test_the_evaluation_comes_back(run) -> None:
    summary = summary_of(auc=0.1 + 0.2)
    run.save_evaluation(summary)
    assert open_run(run.id).evaluation() == summary


def test_an_evaluation_of_the_first_version_opens(run) -> None:
    figures = to_plain(summary_of(auc=0.5))
    for later in ("rule", "policy", "ledger_rows", "run"):
        del figures[later]
    del figures["test"]["interval"]
    (run.folder / "evaluation.json").write_text(json.dumps(figures))
    assert run.evaluation() == summary_of(auc=0.5)
    del figures["test"]["auc"]
    (run.folder / "evaluation.json").write_text(json.dumps(figures))
    with pytest.raises(RunError, match="evaluation of run .* cannot be read: the file is missing or damaged"):
        run.evaluation()


def test_the_readings_of_the_leakage_meter_come_back(run) -> None:
    past, none = Reading(0.1 + 0.2, (0.25, 0.5), 10, 2, 1), Reading(None, None, 10, 0, 0)
    readings = {"random": none, "stretch": none, "past": past, "placebo": none}
    run.save_leakage(readings)
    assert open_run(run.id).leakage() == readings
    # One without all of them is no meter.
    run.save_leakage({"past": past})
    with pytest.raises(RunError, match="leakage meter of run"):
        run.leakage()
    (run.folder / "leakage.json").write_text('{"past": {"auc": "high"}}')
    with pytest.raises(RunError, match="leakage meter of run"):
        run.leakage()


def test_an_ablation_comes_back(run) -> None:
    without = (
        Without("sensors", ("x15", "x5"), 0.58, 0.1 + 0.2, 0.03, 0.12),
        Without("categories", ("grade",), 0.6, 0, -0.1, 0.1),
    )
    alone = (Alone("clock", 0.53, (0.4, 0.6), 10, 1), Alone("missing", None, None, 12, 0))
    found = Ablation(0.66, None, 10, 2, 1, 6, without, alone)
    run.save_ablation(found)
    assert open_run(run.id).ablation() == found
    (run.folder / "ablation.json").write_text('{"auc": "high"}')
    with pytest.raises(RunError, match="ablation of run"):
        run.ablation()


def test_a_run_has_a_name_and_a_note(run) -> None:
    other = create_run(run.dataset(), RECOMMENDED)
    assert run.about() == About() and name_of_run(run) == title_of(run.config())
    run.describe(About(" Ünder *load* ", "with\ntwo lines "))
    assert open_run(run.id).about() == About("Ünder *load*", "with\ntwo lines")
    assert name_of_run(run) == "Ünder *load*" and name_of_run(other) == title_of(other.config())
    assert run.config() == other.config(), "a name is no setting"
    run.describe(About("x" * 100))
    assert len(run.about().name) == 60 and run.about().note == ""
    (run.folder / "about.json").write_text("{")
    assert name_of_run(run) == title_of(run.config()), "a damaged name stops no page"


def test_a_threshold_is_suggested_until_a_person_commits_it(run) -> None:
    suggested = Committed({0: 1.0}, Rule(), AlarmPolicy())
    run.commit(suggested)
    run.look()
    record = stored(run.folder / "threshold.json")
    assert not record.pop("by_person")
    (run.folder / "threshold.json").write_text(json.dumps(record))
    assert not run.committed().by_person, "a record of an older version does not say who committed"
    run.commit(replace(suggested, by_person=True))
    assert run.committed().by_person and run.committed() == suggested
    assert is_open(run), "the same threshold needs no second look"


@pytest.mark.parametrize("state", ["queued", "running"])
def test_only_a_run_that_has_ended_is_deleted(run, state) -> None:
    other = create_run(run.dataset(), RECOMMENDED)
    mark(run, state)
    with pytest.raises(RunError, match="has not ended. Cancel it first"):
        delete_run(run)
    assert list_runs() == [other, run]
    mark(run, "interrupted")
    delete_run(run)
    assert list_runs() == [other] and not run.folder.exists()


def test_runs_of_each_purpose_are_listed_apart(run) -> None:
    baseline = create_run(run.dataset(), RECOMMENDED, Purpose("baseline", run.id))
    assert run.purpose() == Purpose() and baseline.purpose() == Purpose("baseline", run.id)
    assert list_runs() == [run] and list_runs(role="baseline") == [baseline]
    assert list_runs(role=None) == [baseline, run] and list_runs(role="leakage") == []
    (run.folder / "purpose.json").unlink()
    assert open_run(run.id).purpose() == Purpose()
    (baseline.folder / "purpose.json").write_text('{"role": "spy", "of": ""}')
    with pytest.raises(RunError, match="purpose of run"):
        baseline.purpose()
    assert baseline not in list_runs(role=None)


def test_every_look_at_the_test_data_is_kept(run) -> None:
    assert run.looks() == []
    first, second = (Committed({0: value}, Rule(), AlarmPolicy()) for value in (1.0, 2.0))
    run.commit(first)
    run.look()
    run.commit(second)
    assert [look.committed for look in run.looks()] == [first]
    run.look()
    run.look()
    assert [look.committed for look in run.looks()] == [first, second, second]
    (run.folder / "looks.json").write_text("[{}]")
    with pytest.raises(RunError, match="record of looks"):
        run.looks()


def test_a_judgement_is_kept_with_the_run(run) -> None:
    assert run.judged() is None
    run.save_judged(Judged(judgement_of(0.6, np.zeros(3)), (judgement_of(0.5, name="chance"),)))
    kept = run.judged()
    assert to_plain(kept.model) == to_plain(judgement_of(0.6, np.zeros(3)))
    assert kept.trivial[0].name == "chance" and not len(kept.trivial[0].auc_draws)
    for damaged in ("{", "[1]", "null"):
        (run.folder / "judgement.json").write_text(damaged)
        with pytest.raises(
            RunError,
            match="judgement of run .* cannot be read: the file is missing or damaged. Train the run again",
        ):
            run.judged()


def test_looks_are_counted_exactly_by_many_at_once(run) -> None:
    run.commit(Committed({0: 1.0}, Rule(), AlarmPolicy()))
    with ThreadPoolExecutor(8) as threads:
        for done in [threads.submit(open_run(run.id).look) for _ in range(80)]:
            done.result()
    assert len(run.looks()) == 80


def test_the_test_data_are_opened_once_by_many_at_once(run) -> None:
    run.commit(Committed({0: 1.0}, Rule(), AlarmPolicy()))
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(open_at_threshold, [open_run(run.id) for _ in range(40)]))
    assert len(run.looks()) == 1 and is_open(run)


@pytest.mark.parametrize("step", [0, -1], ids=["stands still", "goes back"])
def test_no_two_runs_share_a_folder_whatever_the_clock_does(workspace, upload, step, monkeypatch) -> None:
    dataset = add_dataset(upload, "mill.csv")
    times = (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(microseconds=step * n) for n in count())
    monkeypatch.setattr(folders, "datetime", SimpleNamespace(now=lambda _: next(times)))
    runs = [create_run(dataset, RECOMMENDED) for _ in range(20)]
    assert len({run.folder for run in runs}) == 20 and {*list_runs()} == {*runs}


def test_a_cache_may_be_damaged_or_impossible(run, monkeypatch) -> None:
    frame = pd.DataFrame({"x": [1.0, 2.0]})
    assert run.cached_frame(("key",), lambda: frame).equals(frame)
    (path,) = run.folder.glob("cache-*")
    assert run.cached_frame(("key",), lambda: frame * 2).equals(frame), "it was computed again"
    path.write_bytes(path.read_bytes()[:-9] + b"123456789")
    assert run.cached_frame(("key",), lambda: frame * 2).equals(frame * 2)

    def full(*_: object) -> None:
        raise RunError("The workspace cannot be written to.")

    monkeypatch.setattr(runs_module, "write", full)
    assert run.cached_frame(("other",), lambda: frame).equals(frame)
