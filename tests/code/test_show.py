"""The lines behind a result are executed, and give the figures that are stored to the last bit."""

import io
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rare_event.checks.findings import Fix
from rare_event.cli.parser import main
from rare_event.code.show import (
    code_of_ablation,
    code_of_alarms,
    code_of_backtest,
    code_of_leakage,
    code_of_run,
    code_of_scoring,
    code_of_test,
    code_of_threshold,
    code_of_training,
)
from rare_event.compare.companions import create_ablation, create_leakage, over_folds
from rare_event.compare.today import today_row
from rare_event.config import (
    PRESETS,
    RECOMMENDED,
    AlarmPolicy,
    Costs,
    DenseModel,
    ExperimentConfig,
    LSTMModel,
    Representation,
    Rule,
    SplitPlan,
    Training,
    parse_sensor_rule,
    recipe,
)
from rare_event.errors import RunError
from rare_event.experiment.result import Result
from rare_event.jobs.scoring import score_in_worker
from rare_event.jobs.worker import execute, execute_ablation, execute_leakage
from rare_event.judge.evaluation import evaluate
from rare_event.judge.trailing import follow
from rare_event.prepare.corrections import NO_CORRECTIONS, Corrections
from rare_event.prepare.join import FILE
from rare_event.prepare.sample import sample_mill
from rare_event.read.source import Files
from rare_event.read.table import Reading
from rare_event.store.alarm_lists import add_alarms, add_rule
from rare_event.store.archive import import_archive, save_archive
from rare_event.store.datasets import Dataset, add_dataset
from rare_event.store.records import Committed
from rare_event.store.runs import Run, create_run
from rare_event.store.scorings import create_scoring
from tests.code.examples import executed
from tests.small import PCA, small_frame

SHORT = Training(epochs=2, patience=None)
ROLLING = replace(PCA, split=SplitPlan("rolling", folds=3))
DENSE = replace(RECOMMENDED, model=DenseModel(widths=(3,), dropout=0.1), training=SHORT, seed=4)
LSTM = replace(
    RECOMMENDED,
    name="lstm",
    shift=3,
    lookback=4,
    model=LSTMModel(encoder=(4,), decoder=(4,)),
    training=SHORT,
    representation=Representation("difference", lag=2),
)


def trained(dataset: Dataset, config: ExperimentConfig) -> Run:
    run = create_run(dataset, config)
    execute(run)
    return run


def quietly(code: str, folder: Path) -> dict[str, Any]:
    """Execute lines; what they print is not empty."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        found = executed(code, folder)
    assert printed.getvalue().strip()
    return found


def assert_same_scores(result: Result, run: Run) -> None:
    for part in ("validation", "test"):
        ours, stored = getattr(result, part), run.scores(part)
        assert np.array_equal(ours.y_score, stored.y_score) and np.array_equal(ours.row, stored.row)
        assert np.array_equal(ours.y_true, stored.y_true) and np.array_equal(ours.fold, stored.fold)


def assert_reproduced(run: Run, folder: Path) -> None:
    """Training, Threshold and Evaluate, with what is committed now."""
    found = quietly(code_of_training(run), folder)
    stored = run.evaluation()
    assert replace(found["summary"], seconds={}, run="") == replace(stored, seconds={}, run="")
    assert_same_scores(found["result"], run)
    committed = run.committed()
    found = quietly(code_of_test(run), folder)
    assert found["thresholds"] == committed.thresholds and found["policy"] == committed.policy
    history = run.scores("validation")
    validation, test = follow(history, committed.rule), follow(run.scores("test"), committed.rule, history)
    for part, scores in (("validation", validation), ("test", test)):
        wanted = evaluate(scores.once(), committed.thresholds, committed.policy)
        assert found[f"on_{part}"] == wanted
    found = quietly(code_of_threshold(run, committed), folder)
    assert found["on_validation"] == evaluate(validation.once(), committed.thresholds, committed.policy)
    # The page of the threshold leaves the test data closed.
    assert "on_test" not in found and "test" not in code_of_threshold(run, committed)
    assert found.get("watch") == (None if committed.watch is None else committed.watch.thresholds)


@pytest.fixture
def folder(tmp_path: Path, workspace: Path) -> Path:
    here = tmp_path / "files"
    here.mkdir()
    return here


@pytest.fixture
def plain(folder: Path, small_csv: bytes) -> Dataset:
    (folder / "small.csv").write_bytes(small_csv)
    return add_dataset(folder / "small.csv", "small.csv")


CONFIGS = {
    "pca": PCA,
    "rolling": ROLLING,
    "dense": DENSE,
    "lstm": LSTM,
    "stretch": replace(PCA, split=SplitPlan("stretch", folds=3, seed=5)),
    "random": replace(PCA, split=SplitPlan("random"), article_mode=True),
    "k of n": replace(ROLLING, policy=AlarmPolicy(k=2, n=3, cooldown=20.0, mute=1, lead=6.0)),
    "costs": replace(PCA, rule=Rule("cost", costs=Costs(event=5000.0, false_alarm=70.0))),
    "trailing": replace(ROLLING, rule=Rule("trailing-quantile", 0.9, days=0.2)),
    "watch level": replace(ROLLING, rule=Rule("quantile", 0.95), watch=Rule("quantile", 0.8)),
    "during": replace(PCA, shift=0),
    "deviation": replace(PCA, representation=Representation("deviation", scaler="robust", clip=3.0)),
    "boosting": replace(recipe("boosting", RECOMMENDED), split=SplitPlan("rolling", folds=3)),
    "blend": recipe("average", replace(PCA, name="custom")),
}


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_the_lines_give_the_figures_of_a_run(plain: Dataset, folder: Path, config: ExperimentConfig) -> None:
    assert_reproduced(trained(plain, config), folder)


def test_every_preset_is_written_as_it_is(plain: Dataset, folder: Path) -> None:
    for config in PRESETS.values():
        code = code_of_training(create_run(plain, config))
        found = executed(code.partition("result =")[0], folder)
        assert found["config"] == config and found["config"].name == config.name


def test_a_threshold_of_a_person_is_a_number(plain: Dataset, folder: Path) -> None:
    run = trained(plain, ROLLING)
    assert "thresholds = result.thresholds" in code_of_test(run)
    before = run.committed()
    policy = replace(before.policy, k=2, n=2)
    run.commit(Committed(dict.fromkeys(before.thresholds, 1.25), Rule("fixed", 1.25), policy, by_person=True))
    assert "result.thresholds" not in code_of_test(run) and "1.25" in code_of_test(run)
    # The ledger of the result is that of its own thresholds.
    assert "ledger" not in code_of_test(run)
    assert_reproduced(run, folder)


def test_a_trailing_threshold_of_a_person(plain: Dataset, folder: Path) -> None:
    run = trained(plain, PCA)
    rule = Rule("trailing-quantile", 0.95, days=0.3)
    run.commit(Committed({0: 1.1}, rule, run.committed().policy, by_person=True))
    assert_reproduced(run, folder)


def test_the_ledger_is_that_of_the_run(plain: Dataset, folder: Path) -> None:
    run = create_run(plain, ROLLING)
    ledger = execute(run).ledger()
    found = quietly(code_of_test(run), folder)
    pd.testing.assert_frame_equal(found["result"].ledger(), ledger)


def dated(frame: pd.DataFrame) -> bytes:
    """Days first, decimal commas, semicolons."""
    written = frame.assign(time=frame["time"].dt.strftime("%d.%m.%Y %H:%M"))
    return written.to_csv(index=False, sep=";", decimal=",").encode("cp1252")


def test_a_file_in_another_notation_with_a_recipe_of_fixes(folder: Path) -> None:
    frame = small_frame().assign(s4=lambda f: f["s0"].where(f.index % 50 != 7, -9999.0), grün="a")
    frame.loc[10:12, "s1"] = np.nan
    (folder / "plant ü.csv").write_bytes(dated(frame))
    dataset = add_dataset(folder / "plant ü.csv", "plant ü.csv")
    for fix in (
        Fix("missing-value", "s4", (-9999.0,)),
        Fix("forward-fill", "s4"),
        Fix("forward-fill", "s1"),
        Fix("ignore", "s2"),
        Fix("leave-out-lines", None, (100, 110)),
        Fix("leave-out-dates", None, ("2024-01-01T02:00:00", "2024-01-01T02:10:00")),
    ):
        dataset = dataset.with_fix(fix)
    run = trained(dataset, ROLLING)
    assert "read_corrected" in code_of_training(run) and "cp1252" in code_of_training(run)
    assert_reproduced(run, folder)
    found = quietly(code_of_training(run), folder)
    pd.testing.assert_frame_equal(found["table"].frame, dataset.table().frame)
    assert found["table"].schema == dataset.schema and "s2" not in found["table"].schema.sensors


def test_roles_and_answers_of_the_analyst(folder: Path) -> None:
    frame = small_frame()
    state = np.where(frame["y"] == 1, "BREAK", np.where(frame.index % 97 == 5, "TEST", "OK"))
    frame = frame.drop(columns="y").assign(state=state, other=0)
    frame["time"] = frame["time"].dt.strftime("%d/%m/%Y %H:%M:%S")
    (folder / "states.csv").write_text(frame.to_csv(index=False))
    said = Corrections(
        Reading(time_format="%d/%m/%Y %H:%M:%S"),
        label=("state",),
        event=("BREAK",),
        leave_out=("TEST",),
        normal=("OK",),
        ignore=("s3",),
    )
    dataset = add_dataset(folder / "states.csv", "states.csv", said)
    run = trained(dataset, PCA)
    assert_reproduced(run, folder)
    assert quietly(code_of_training(run), folder)["table"].n_rows == dataset.table().n_rows < len(frame)


def test_a_file_without_a_label_and_without_times(folder: Path) -> None:
    (folder / "bare.csv").write_text(small_frame().drop(columns=["y", "time"]).to_csv(index=False))
    run = trained(add_dataset(folder / "bare.csv", "bare.csv", Corrections(no_label=True)), PCA)
    assert_reproduced(run, folder)


def add_files(folder: Path, said: Corrections = NO_CORRECTIONS, **contents: pd.DataFrame) -> Dataset:
    names = []
    for name, frame in contents.items():
        if name != "events":
            names.append(f"{name}.csv")
        (folder / f"{name}.csv").write_text(frame.to_csv(index=False))
    events = (folder / "events.csv", "events.csv") if "events" in contents else (None, "")
    source = Files(tuple(folder / name for name in names), tuple(names), *events)
    return add_dataset(source, source.name, said)


def test_several_files_that_are_joined(folder: Path) -> None:
    frame = small_frame()
    # The second is named first, and they share rows.
    dataset = add_files(folder, late=frame[280:], early=frame[:300])
    assert dataset.files == ("late.csv", "early.csv") and dataset.n_rows == 600
    assert_reproduced(trained(dataset, ROLLING), folder)


def test_files_of_which_only_some_have_a_column_that_is_not_used(folder: Path) -> None:
    frame = small_frame()
    said = Corrections(ignore=("note",))
    dataset = add_files(folder, said, early=frame[:300].assign(note="x"), late=frame[300:])
    assert_reproduced(trained(dataset, PCA), folder)


def test_a_file_of_events(folder: Path) -> None:
    frame = small_frame()
    events = pd.DataFrame({"when": frame.loc[frame["y"] == 1, "time"], "what": "break"})
    dataset = add_files(folder, mill=frame.drop(columns="y"), events=events)
    run = trained(dataset, ROLLING)
    assert "events_name" in code_of_training(run)
    assert_reproduced(run, folder)
    assert quietly(code_of_training(run), folder)["table"].label.sum() == 10


def machines(n_rows: int = 600) -> pd.DataFrame:
    first, second = small_frame(n_rows), small_frame(n_rows)
    second[["s0", "s1"]] += 3.0
    return pd.concat([first.assign(pump="P1"), second.assign(pump="P2")]).sort_values("time", kind="stable")


PER_ASSET = replace(PCA, representation=replace(PCA.representation, per_asset=True))


@pytest.mark.parametrize(
    "config", [ROLLING, PER_ASSET, replace(PCA, split=SplitPlan("asset"))], ids=["time", "own", "asset"]
)
def test_several_machines(folder: Path, config: ExperimentConfig) -> None:
    (folder / "pumps.csv").write_text(machines().to_csv(index=False))
    dataset = add_dataset(folder / "pumps.csv", "pumps.csv", Corrections(assets="pump"))
    assert_reproduced(trained(dataset, config), folder)


def test_one_machine_for_each_file(folder: Path) -> None:
    dataset = add_files(folder, Corrections(assets=FILE), one=small_frame(), two=small_frame())
    run = trained(dataset, PCA)
    assert run.evaluation().assets == ("one.csv", "two.csv")
    assert_reproduced(run, folder)


def test_machines_in_files_with_events_of_a_second_file(folder: Path) -> None:
    frame = machines()
    breaks = frame[frame["y"] == 1]
    dataset = add_files(
        folder,
        Corrections(assets="pump"),
        a=frame.drop(columns="y")[:500],
        b=frame.drop(columns="y")[500:],
        events=pd.DataFrame({"when": breaks["time"], "pump": breaks["pump"]}),
    )
    assert_reproduced(trained(dataset, ROLLING), folder)


@pytest.mark.parametrize("kind", ["rolling", "asset"])
def test_the_backtest(folder: Path, kind: Any) -> None:
    (folder / "pumps.csv").write_text(machines().to_csv(index=False))
    dataset = add_dataset(folder / "pumps.csv", "pumps.csv", Corrections(assets="pump"))
    run = trained(dataset, replace(PCA, split=replace(PCA.split, folds=3)))
    tested = trained(dataset, over_folds(run.config(), kind))
    judged = tested.judged()
    assert judged is not None
    for each in (run, tested):
        found = quietly(code_of_backtest(each, kind), folder)
        model, *trivial = found["judgements"]
        assert_same_judgement(model, judged.model)
        for ours, stored in zip(trivial, judged.trivial, strict=True):
            assert_same_judgement(ours, stored)


def assert_same_judgement(ours: Any, stored: Any) -> None:
    for name, value in vars(stored).items():
        if name != "name":
            assert (
                np.array_equal(getattr(ours, name), value)
                if isinstance(value, np.ndarray)
                else (getattr(ours, name) == value)
            ), name


def test_the_leakage_meter(folder: Path) -> None:
    sample_mill(4000).to_csv(folder / "mill.csv", index=False)
    dataset = add_dataset(folder / "mill.csv", "mill.csv")
    run = trained(dataset, replace(PCA, split=replace(PCA.split, folds=3)))
    meter = create_leakage(run)
    execute_leakage(meter)
    assert quietly(code_of_leakage(run), folder)["readings"] == meter.leakage()


def test_the_ablation(folder: Path) -> None:
    sample_mill(4000).to_csv(folder / "mill.csv", index=False)
    dataset = add_dataset(folder / "mill.csv", "mill.csv")
    run = trained(dataset, replace(PCA, split=replace(PCA.split, folds=3)))
    ablation = create_ablation(run)
    execute_ablation(ablation)
    assert quietly(code_of_ablation(run), folder)["found"] == ablation.ablation()
    assert code_of_run(ablation) == code_of_ablation(ablation) != code_of_leakage(run)


@pytest.mark.parametrize(
    "change", [lambda f: f, lambda f: f.rename(columns={"s1": "flow"})], ids=["same", "renamed"]
)
def test_a_scoring(plain: Dataset, folder: Path, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    run = trained(plain, PCA)
    new = change(small_frame(300)).assign(time=lambda f: f["time"] + pd.Timedelta(days=30))
    (folder / "new.csv").write_text(new.to_csv(index=False))
    with (folder / "new.csv").open("rb") as content:
        scoring = create_scoring(run, [(content, "new.csv")])
    if "flow" in new:
        scoring.queue({"flow": "s1"})
    score_in_worker(scoring.id)
    found = quietly(code_of_scoring(scoring), folder)
    pd.testing.assert_frame_equal(found["scored"].frame, scoring.frame())
    pd.testing.assert_frame_equal(found["scored"].alarms, scoring.alarms())
    run.commit(replace(run.committed(), thresholds={0: 99.0}))
    with pytest.raises(RunError, match="Score the file again"):
        code_of_scoring(scoring)


def test_several_new_files(plain: Dataset, folder: Path) -> None:
    run = trained(plain, PCA)
    new = small_frame(300).assign(time=lambda f: f["time"] + pd.Timedelta(days=30))
    (folder / "b.csv").write_text(new[150:].to_csv(index=False))
    (folder / "a.csv").write_text(new[:150].to_csv(index=False))
    with (folder / "b.csv").open("rb") as late, (folder / "a.csv").open("rb") as early:
        scoring = create_scoring(run, [(late, "b.csv"), (early, "a.csv")])
    score_in_worker(scoring.id)
    found = quietly(code_of_scoring(scoring), folder)
    pd.testing.assert_frame_equal(found["scored"].frame, scoring.frame())


def test_new_rows_with_the_rows_before(plain: Dataset, folder: Path) -> None:
    run = trained(plain, PCA)
    new = small_frame(300).assign(time=lambda f: f["time"] + pd.Timedelta(days=30))
    (folder / "may.csv").write_text(new[155:].to_csv(index=False))
    (folder / "april.csv").write_text(new[:155].to_csv(index=False))
    with (folder / "may.csv").open("rb") as late, (folder / "april.csv").open("rb") as early:
        scoring = create_scoring(run, [(late, "may.csv")], [(early, "april.csv")], "2024-01-31 09:00")
    score_in_worker(scoring.id)
    code = code_of_scoring(scoring)
    assert 'history = "april.csv"' in code and 'shelve_until="2024-01-31 09:00")' in code
    found = quietly(code, folder)
    assert found["scored"].hidden.shelved > 0
    pd.testing.assert_frame_equal(found["scored"].frame, scoring.frame())
    pd.testing.assert_frame_equal(found["scored"].alarms, scoring.alarms())


@pytest.mark.parametrize("listed", [True, False], ids=["list", "rule"])
def test_an_alarm_list(plain: Dataset, folder: Path, listed: bool) -> None:
    run = trained(plain, ROLLING)
    if listed:
        times = small_frame()["time"].iloc[[48, 109, 200, 348, 410, 588]]
        content = pd.DataFrame({"at": times.dt.strftime("%d.%m.%Y %H:%M")}).to_csv(index=False).encode()
        (folder / "today's alarms.csv").write_bytes(content)
        reading = Reading(time_format="%d.%m.%Y %H:%M")
        stored = add_alarms(plain.digest, "today's alarms.csv", content, reading)
    else:
        stored = add_rule(plain.digest, parse_sensor_rule("s1 > 0.4 for 2 rows"))
    found = quietly(code_of_alarms(run, stored, 6.0), folder)
    policy = run.config().policy.with_lead(6.0)
    row = today_row(stored, plain.table(), run.scores("test").once(), policy)
    today = found["today"]
    assert today.judged.evaluation == row.today.judged.evaluation
    assert today.judged.chance == row.today.judged.chance
    pd.testing.assert_frame_equal(today.judged.intervals, row.today.judged.intervals)
    pd.testing.assert_frame_equal(today.ledger, row.today.ledger)
    assert today.judged.evaluation.alarms > 0


def test_a_model_that_came_in_a_bundle_says_so(plain: Dataset, tmp_path: Path) -> None:
    run = trained(plain, PCA)
    save_archive(run, tmp_path / "model.zip")
    imported = import_archive(tmp_path / "model.zip")
    for write in (code_of_training, code_of_test, code_of_leakage, code_of_ablation):
        with pytest.raises(RunError, match="came in a bundle without its data"):
            write(imported)
    assert code_of_training(run)


def test_names_from_files_are_values_only(folder: Path) -> None:
    """A name that would end a text, or a line, in the source stays a name."""
    odd = "s0\"'\n__import__('os')#"
    (folder / "odd.csv").write_text(small_frame().rename(columns={"s0": odd}).to_csv(index=False))
    dataset = add_dataset(folder / "odd.csv", "odd.csv")
    run = trained(dataset, PCA)
    found = quietly(code_of_training(run), folder)
    assert set(found["table"].schema.sensors) == set(dataset.schema.sensors)
    assert "os" not in found


def test_lines_fit_the_drawer(plain: Dataset) -> None:
    run = trained(plain, ROLLING)
    for code in (code_of_training(run), code_of_test(run), code_of_leakage(run)):
        assert max(map(len, code.splitlines())) <= 96
        # The file is the first thing that a reader changes.
        assert code.index('file = "small.csv"') < code.index("read_table(")


def test_model_settings_of_every_kind_are_public(plain: Dataset, folder: Path) -> None:
    for name in ("forest", "knn", "mahalanobis", "isolation-forest", "svm", "one-class-svm"):
        config = recipe(name, RECOMMENDED)
        code = code_of_training(create_run(plain, config))
        assert executed(code.partition("result =")[0], folder)["config"] == config


def test_the_command_prints_the_lines(
    plain: Dataset, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = trained(plain, PCA)
    assert main(["code", run.id]) == 0
    printed = capsys.readouterr()
    assert printed.out == f"{code_of_test(run)}\n" and not printed.err
    for wrong, said in ((create_run(plain, PCA).id, "is not finished"), ("nothing", "There is no run")):
        assert main(["code", wrong]) == 2
        refused = capsys.readouterr()
        assert said in refused.err and not refused.out
