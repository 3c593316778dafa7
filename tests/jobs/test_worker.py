"""A run executed in this process: what its folder says when it is done, failed or cancelled."""

from dataclasses import replace

import numpy as np
import psutil
import pytest
from onnxruntime import InferenceSession
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util.tensor_util import make_ndarray

from rare_event.config import Rule, recipe
from rare_event.detect.detector import Autoencoder
from rare_event.detect.scoring import score
from rare_event.detect.summary import layers_of
from rare_event.detect.training import Epoch
from rare_event.errors import Cancelled, ConfigError, DataError, RunError
from rare_event.experiment.run import run_experiment
from rare_event.jobs import worker
from rare_event.jobs.export import export_network, export_onnx_in_worker, network_summary, onnx_file
from rare_event.jobs.worker import Reporter, execute, execute_in_worker
from rare_event.prepare.table import read_table
from rare_event.store.bundle import load_bundle
from rare_event.store.datasets import add_dataset
from rare_event.store.records import Purpose
from rare_event.store.runs import create_run, open_run
from rare_event.store.serial import to_plain
from tests.records import stored
from tests.small import DENSE, ENDLESS, PCA

RESULTS = {
    "digests.json",
    "looks.json",
    "contributions.parquet",
    "inputs.json",
    "scores.parquet",
    "scores.json",
    "threshold.json",
    "evaluation.json",
    "folds.json",
    "judgement.json",
    "scaler.npz",
    "trained.json",
}


@pytest.fixture
def make_run(workspace, small_csv):
    dataset = add_dataset(small_csv, "small.csv")
    return lambda config: create_run(dataset, config)


def files(run):
    return {path.name for path in run.folder.iterdir() if path.name[0] != "."}


@pytest.mark.parametrize(
    ("config", "model"), [(PCA, "pca.npz"), (DENSE, "model.keras")], ids=["pca", "dense"]
)
def test_a_run_that_is_done(make_run, small_csv, config, model) -> None:
    run = make_run(config)
    result = execute(run)
    run = open_run(run.id)
    status = run.status()
    assert status.state == "done" and status.message == "" and status.ended
    assert (status.pid, status.pid_created) == (psutil.Process().pid, psutil.Process().create_time())
    recipe = {"config.json", "dataset.json", "purpose.json", "status.json", "history.csv"}
    layers = {"layers.json"} if config == DENSE else set()
    assert files(run) == RESULTS | recipe | {model} | layers
    # What stands in the folder is what the experiment gives.
    direct = run_experiment(read_table(small_csv), config)
    assert run.scores("test").y_score.tobytes() == direct.test.y_score.tobytes()
    assert run.scores("validation").y_score.tobytes() == direct.validation.y_score.tobytes()
    assert run.committed().thresholds == result.thresholds == direct.thresholds
    evaluation = run.evaluation()
    assert evaluation.run == run.id and evaluation.threshold == direct.thresholds[0]
    history = run.history()
    assert history["epoch"].tolist() == [epoch.number for epoch in direct.folds[0].history]
    assert history["loss"].tolist() == [epoch.loss for epoch in direct.folds[0].history]
    # The bundle scores the test part alike.
    representation, detector = load_bundle(run.folder, run.config())
    X = representation.transform(direct.prepared.derived)
    test = np.sort(direct.prepared.folds[0].test)
    assert (score(detector, X, test, config.score) == direct.test.y_score).all()


def test_a_run_cancelled_while_it_trains(make_run) -> None:
    run, told = make_run(ENDLESS), []

    def cancel(fold, folds, epoch):
        told.append(epoch.number)
        assert run.status().state == "running"
        run.request_cancel()

    with pytest.raises(Cancelled):
        execute(run, cancel)
    status = run.status()
    assert status.state == "cancelled" and status.message == "The run was cancelled."
    assert told == [1] and status.epoch == 1
    # What was trained so far can be looked at; there are no results.
    assert run.history()["epoch"].tolist() == [1] and not files(run) & RESULTS


def test_a_run_cancelled_before_it_began(make_run) -> None:
    run = make_run(DENSE)
    run.request_cancel()

    def never(*_):
        raise AssertionError("It was trained.")

    with pytest.raises(Cancelled):
        execute(run, never)
    assert run.status().state == "cancelled" and run.history().empty and not files(run) & RESULTS


def test_a_run_that_fails_says_why(make_run) -> None:
    run = make_run(replace(PCA, lookback=500))
    with pytest.raises(DataError):
        execute(run)
    assert run.status().state == "failed"
    assert run.status().message.startswith("No window of 500 rows fits") and not files(run) & RESULTS


def test_a_run_that_fails_late_keeps_its_epochs(make_run) -> None:
    run = make_run(DENSE)

    def fail_in_the_second(fold: int, folds: int, epoch: Epoch) -> None:
        if epoch.number == 2:
            raise DataError("The loss became NaN.")

    with pytest.raises(DataError, match="NaN"):
        execute(run, fail_in_the_second)
    assert run.history()["epoch"].tolist() == [1, 2] and run.status().state == "failed"
    assert not files(run) & RESULTS - {"history.csv"}


def test_a_run_whose_data_are_gone_says_so(make_run, workspace) -> None:
    run = make_run(PCA)
    (workspace / "datasets" / run.dataset().digest / "raw.parquet").unlink()
    with pytest.raises(RunError):
        execute(run)
    assert run.status().state == "failed" and "Upload the file again" in run.status().message


@pytest.mark.parametrize(("config", "state"), [(PCA, "done"), (replace(PCA, lookback=500), "failed")])
def test_a_worker_outlives_what_the_analyst_can_mend(make_run, config, state) -> None:
    run = make_run(config)
    assert execute_in_worker(run.id).state == state == run.status().state
    with pytest.raises(RunError):
        execute_in_worker("no run")


def test_progress_is_written_at_once_and_then_now_and_then(make_run, monkeypatch) -> None:
    run, also = make_run(ENDLESS), []
    now = [100.0]
    monkeypatch.setattr(worker, "monotonic", lambda: now[0])
    reporter = Reporter(run, lambda *all_of_it: also.append(all_of_it))
    seen = []
    for number, later in ((1, 0.0), (2, 0.1), (3, 0.1), (4, 0.1), (5, 0.1)):
        now[0] += later
        reporter(1, 4, Epoch(number, 0.5, 0.25, number / 10))
        seen.append((run.status().epoch, len(run.history())))
    # Epochs 2 and 3 come within 0.25 s of the report before; epoch 4 is reported again, 5 is not.
    assert seen == [(1, 1), (1, 1), (1, 1), (4, 4), (4, 4)]
    status = run.status()
    assert (status.fold, status.folds) == (0, 4) and status.seconds == pytest.approx(0.3)
    assert len(also) == 5 and also[0] == (1, 4, Epoch(1, 0.5, 0.25, 0.1))
    reporter.write()
    assert run.history()["epoch"].tolist() == [1, 2, 3, 4, 5] and set(run.history()["fold"]) == {1}


def test_progress_counts_the_folds_in_the_order_in_which_they_are_told(make_run) -> None:
    run = make_run(ENDLESS)
    reporter = Reporter(run)
    seen = []
    for fold in (3, 0, 2):
        reporter(fold, 4, Epoch(1, 0.5, 0.25, 0.1))
        seen.append((run.status().fold, run.status().progress))
    assert [place for place, _ in seen] == [0, 1, 2]
    assert [progress for _, progress in seen] == sorted(progress for _, progress in seen)
    assert run.history()["fold"].tolist() == [0, 2, 3], "the record is by fold"


def test_the_log_says_once_a_fold_that_epochs_ran_uncompiled(make_run) -> None:
    run = make_run(ENDLESS)
    reporter = Reporter(run)
    for fold in (0, 1, 2):
        for number in (1, 2):
            reporter(fold, 3, Epoch(number, 0.5, 0.25, 0.1, compiled=fold == 1))
    assert run.log() == f"Fold 1: {worker.UNCOMPILED}\nFold 3: {worker.UNCOMPILED}\n"
    assert make_run(PCA).log() == ""


def test_the_rule_in_words(make_run) -> None:
    run = make_run(PCA)
    execute(run)
    assert run.committed().in_words() == "at most 2 false alarms a day on validation data"
    fixed = make_run(replace(PCA, rule=Rule("fixed", 0.3)))
    execute(fixed)
    assert fixed.committed().in_words() == "given in the settings of the run"
    by_hand = replace(fixed.committed(), by_person=True)
    assert by_hand.in_words() == "set by hand on validation data"
    assert fixed.committed().thresholds == {0: 0.3} and fixed.committed().policy == PCA.policy.with_lead(4.0)
    assert stored(fixed.folder / "evaluation.json")["threshold"] == 0.3


def test_a_run_is_judged_and_so_is_what_needs_no_model(make_run) -> None:
    run = make_run(PCA)
    result = execute(run)
    kept = run.judged()
    assert to_plain(kept.model) == to_plain(result.judgement())
    assert kept.model.auc_draws.tolist() == result.judgement().auc_draws.tolist()
    assert [row.name for row in kept.trivial] == ["chance", "since-restart"]
    assert {row.windows for row in kept.trivial} == {kept.model.windows}
    assert run.looks() == []


def test_a_blend_keeps_each_member_to_score_with(make_run) -> None:
    run = make_run(recipe("average", PCA))
    result = execute(run)
    fold = result.folds[-1]
    assert fold.detector is None and list(fold.members) == ["pca", "difference-5", "forecast"]
    assert {"pca", "difference-5", "forecast"} <= files(run) and "pca.npz" not in files(run)
    for name, member in fold.members.items():
        representation, detector = load_bundle(run.folder / name, recipe(name, PCA))
        assert representation.config == member.representation.config
        assert isinstance(detector, type(member.detector))
    members = np.array([member.test.y_score for member in fold.members.values()])
    # Scores of next to nothing are raised to the least that counts.
    plain = members.min(axis=0) > 1e-3
    assert plain.mean() > 0.5
    assert fold.test.y_score[plain] == pytest.approx(np.exp(np.log(members[:, plain]).mean(axis=0)))


def test_what_the_network_is_made_of_is_kept(make_run) -> None:
    run = make_run(DENSE)
    execute(run)
    assert [layer.kind for layer in run.layers()] == ["Input", "Flatten", "Dense", "Dense", "Reshape"]
    assert run.layers() == layers_of(Autoencoder.load(run.folder).model)
    assert network_summary(run).count("Dense") == 2
    (run.folder / "layers.json").write_text("{")
    with pytest.raises(RunError):
        run.layers()
    pca = make_run(PCA)
    execute(pca)
    assert pca.layers() == []
    with pytest.raises(RunError, match="not a neural network .PCA, squared error.. Only neural networks"):
        network_summary(pca)


def test_logs_are_written_on_request_and_change_nothing(make_run) -> None:
    run, logged = make_run(DENSE), make_run(DENSE)
    logged.request_tensorboard()
    told = []
    execute(run)
    execute(logged, lambda *all_of_it: told.append(all_of_it))
    assert len(told) == DENSE.training.epochs
    events = EventAccumulator(str(logged.tensorboard / "validation"))
    events.Reload()
    written = [float(make_ndarray(event.tensor_proto)) for event in events.Tensors("epoch_loss")]
    assert written == pytest.approx(run.history()["validation_loss"].tolist(), rel=1e-6)
    assert logged.config() == run.config()
    assert logged.scores("test").y_score.tobytes() == run.scores("test").y_score.tobytes()
    assert not run.tensorboard.exists()


def test_a_network_leaves_the_workspace(make_run, tmp_path) -> None:
    run = make_run(DENSE)
    with pytest.raises(RunError, match="no saved network"):
        export_network(run, tmp_path / "early.keras")
    execute(run)
    export_network(run, tmp_path / "out.keras")
    assert (tmp_path / "out.keras").read_bytes() == (run.folder / "model.keras").read_bytes()
    export_onnx_in_worker(run.id)
    session = InferenceSession(onnx_file(run))
    windows = np.ones((3, 1, 4), np.float32)
    expected = Autoencoder.load(run.folder).model(windows)
    assert session.run(None, {"window": windows})[0] == pytest.approx(np.asarray(expected), abs=1e-4)
    with pytest.raises(ConfigError, match="End the file name with .keras or .onnx"):
        export_network(run, tmp_path / "out.h5")
    (run.folder / "model.keras").write_bytes(b"PK no more")
    with pytest.raises(RunError, match="damaged"):
        export_network(run, tmp_path / "damaged.onnx")
    assert sorted(path.name for path in tmp_path.glob("*.*")) == ["out.keras"]


def test_the_leakage_meter_writes_its_readings_and_no_scores(workspace, sample_csv) -> None:
    config = replace(PCA, split=replace(PCA.split, folds=3))
    asked_for = create_run(add_dataset(sample_csv, "sample.csv"), config)
    run = create_run(asked_for.dataset(), asked_for.config(), Purpose("leakage", asked_for.id))
    assert execute_in_worker(run.id).state == "done"
    assert set(run.leakage()) == {"random", "stretch", "past", "placebo"}
    assert "scores.parquet" not in files(run)
    assert run.leakage()["past"].n > 0


def test_an_ablation_writes_what_it_found_and_no_scores(workspace, sample_csv) -> None:
    config = replace(PCA, split=replace(PCA.split, folds=3))
    asked_for = create_run(add_dataset(sample_csv, "sample.csv"), config)
    run = create_run(asked_for.dataset(), asked_for.config(), Purpose("ablation", asked_for.id))
    assert execute_in_worker(run.id).state == "done"
    found = run.ablation()
    assert found.folds == 3 and len(found.without) > 3
    assert not {"scores.parquet", "leakage.json"} & set(files(run))


def test_an_ablation_of_too_few_events_fails_with_a_sentence(make_run) -> None:
    asked_for = make_run(PCA)
    run = create_run(asked_for.dataset(), asked_for.config(), Purpose("ablation", asked_for.id))
    status = execute_in_worker(run.id)
    assert status.state == "failed" and "at least 10 are needed" in status.message


def test_a_leakage_meter_without_quiet_times_fails_with_a_sentence(make_run) -> None:
    asked_for = make_run(PCA)
    run = create_run(asked_for.dataset(), asked_for.config(), Purpose("leakage", asked_for.id))
    status = execute_in_worker(run.id)
    assert status.state == "failed" and "Use a file with longer stretches" in status.message
