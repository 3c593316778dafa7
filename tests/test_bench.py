"""The bench measures what it says; how fast it is, is not asserted here."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from rare_event import bench
from rare_event.bench import command_line, data, long_files, many, reading, scoring, stages, timing, training
from rare_event.bench.averages import Pace as AveragesPace
from rare_event.bench.averages import averages
from rare_event.bench.floor import Product, floor_of, operations_of, products_of
from rare_event.bench.machine import machine_in_words, this_machine
from rare_event.bench.promise import MILL_CSV
from rare_event.bench.pytorch import has_torch
from rare_event.bench.session import Session
from rare_event.cli.parser import main
from rare_event.config import (
    ARTICLE_DENSE,
    ARTICLE_LSTM,
    RECOMMENDED,
    AlarmPolicy,
    DenseModel,
    LSTMModel,
    Training,
)
from rare_event.detect.models import LONGEST_UNROLLED, build
from rare_event.detect.programs import epoch_programs
from rare_event.errors import ConfigError
from rare_event.judge.thresholds import operating_points
from rare_event.store.archive import open_bundle
from tests import naive


def test_an_unknown_row_is_a_sentence(capsys) -> None:
    with pytest.raises(
        ConfigError, match="There is no benchmark 'train-gru'. The benchmarks are train-dense, "
    ):
        bench.names_of(["prepare", "train-gru"])
    assert main(["bench", "train-gru", "--json"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and len(err.splitlines()) == 1 and "Traceback" not in err


def test_the_quick_rows_are_some_of_all(capsys) -> None:
    usual = bench.names_of([])
    assert set(usual) == set(bench.ROWS) - {
        "score-large",
        "load",
        "cluster",
        "cluster-score",
        "promise",
        "averages",
    }
    assert usual == [name for name in bench.ROWS if name in usual]
    assert bench.names_of(["prepare", "load"]) == ["prepare", "load"]
    assert set(bench.names_of([], quick=True)) < set(bench.ROWS)
    assert main(["bench", "prepare", "--quick"]) == 2
    assert "--quick chooses the benchmarks itself" in capsys.readouterr().err


def test_the_machine_is_named_before_any_row_is_measured(capsys, monkeypatch) -> None:
    seen = []

    def measured() -> timing.Row:
        seen.append(capsys.readouterr().out)
        return timing.row(1.0, 2.0, "nothing")

    monkeypatch.setattr(bench, "ROWS", {"one": measured, "two": measured})
    assert main(["bench"]) == 0
    machine = this_machine()
    assert seen[0] == f"{machine_in_words(machine)}\n{bench.HEADER}"
    assert seen[1].startswith("one ") and capsys.readouterr().out.startswith("two "), "as each is measured"
    assert machine["cores"] >= 1 and machine["memory"] > 1e8 and machine["instruction_sets"]
    assert machine["packages"]["numpy"] == np.__version__ and machine["processor"]
    assert not any(str(Path.home()) in text for text in seen)


def test_the_floor_counts_the_products_of_each_layer() -> None:
    dense = build(DenseModel(widths=(6, 3)), lookback=2, n_features=4, batch_size=8, seed=0)
    # 8 inputs of a window to 6, to 3 and back to 8.
    widths = [8, 6, 3, 8]
    assert products_of(dense, 2) == [Product(a, b, 1) for a, b in zip(widths, widths[1:], strict=False)]
    lstm = build(LSTMModel(encoder=(3,), decoder=(5,)), lookback=2, n_features=4, batch_size=8, seed=0)
    # Inputs and state of each layer to its four gates, in each row.
    gates = [Product(4, 12, 2), Product(3, 12, 2), Product(3, 20, 2), Product(5, 20, 2), Product(5, 4, 2)]
    found = products_of(lstm, 2)
    assert found == gates
    assert operations_of([Product(2, 3, 5)], n_train=7, n_validation=11) == 2 * 2 * 3 * 5 * (3 * 7 + 11)
    assert 0 < floor_of(found, 8, 8, batch=8) < floor_of([*found, Product(512, 512, 2)], 8, 8, batch=8)


def test_the_start_of_the_command_line_is_that_of_whole_runs(monkeypatch) -> None:
    commands = []
    monkeypatch.setattr(command_line, "_run", lambda *command: commands.append(command))
    figures = command_line.start()
    runs = [command for command, _ in commands if command[0] == "-m"]
    assert {command[-1] for command in runs} == {"pca", "dense"}
    assert len(runs) == len(commands) / 2 == 2 * command_line.TURNS
    home = Path(commands[0][1]["RARE_EVENT_HOME"])
    assert not home.exists(), "nothing is left behind, and the workspace of the user is not touched"
    assert set(figures["dense"]) == {"ours", "reference"} and "TensorFlow" in figures["notes"][0]


def test_large_files_are_measured_from_the_csv_to_the_figures(monkeypatch) -> None:
    measured = {"pca": long_files.COMMANDS["pca"], "backtest": ("backtest", "--model", "pca")}
    monkeypatch.setattr(long_files, "COMMANDS", measured)
    monkeypatch.setattr(long_files, "SHARES", (0.5, 1.0))
    before = set(Path.cwd().iterdir())
    figures = long_files.large(40_000)
    found = figures["commands"]
    assert list(found["pca"]) == [20_000, 40_000] and list(found["backtest"]) == [40_000]
    assert all(it["seconds"] > 0 and it["peak"] > 5e7 for of in found.values() for it in of.values())
    assert figures["ours"] == found["pca"][40_000]["seconds"] and figures["reference"] > 0
    assert figures["notes"][0].startswith("pca: 20,000 rows ") and "GB" in figures["notes"][0]
    assert set(Path.cwd().iterdir()) == before


def test_a_command_that_fails_is_no_figure(tmp_path) -> None:
    (tmp_path / "large.csv").write_text("time,x\n2024-01-01,1\n")
    peak = tmp_path / "peak"
    with pytest.raises(SystemExit):
        long_files.measure(str(peak), ["run", str(tmp_path / "large.csv"), "--label", "y"])
    assert not peak.exists()


def test_the_rows_that_exist() -> None:
    assert set(bench.ROWS) >= {
        "train-dense",
        "train-lstm",
        "train-many",
        "prepare",
        "operating-points",
        "train-memory",
        "score",
        "backtest",
    }


def test_preparing_is_measured_against_the_loops(capsys, monkeypatch) -> None:
    monkeypatch.setattr(stages, "in_turn", once := Once())
    assert main(["bench", "prepare", "--json"]) == 0
    out, _ = capsys.readouterr()
    told = json.loads(out)
    rows = told["rows"]
    assert list(rows) == ["prepare"] and told["machine"] == this_machine()
    figures = rows["prepare"]
    assert set(figures) == {"ours", "reference", "ratio", "reference_is"}
    assert figures["ours"] > 0 and figures["reference"] > 0
    assert figures["ratio"] == figures["reference"] / figures["ours"]
    assert isinstance(figures["reference_is"], str) and figures["reference_is"]
    assert once.calls == 1


def test_reading_a_large_file_is_measured_with_its_memory(capsys, monkeypatch) -> None:
    monkeypatch.setattr(reading, "INGEST_ROWS", 3000)
    monkeypatch.setattr(reading, "in_turn", once := Once())
    assert main(["bench", "ingest", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)["rows"]["ingest"]
    assert figures["ours"] > 0 and figures["megabytes_per_second"] > 0 and figures["peak_over_frame"] >= 0
    assert "MB/s" in figures["reference_is"] and once.calls == 1


class Once:
    """Measure one turn only: the figures are not looked at."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, ours, reference, turns):
        self.calls += 1
        return timing.seconds(ours), timing.seconds(reference)


def test_actions_take_turns() -> None:
    order = []
    ours, reference = timing.in_turn(lambda: order.append("ours"), lambda: order.append("reference"), 3)
    assert order == ["ours", "reference"] * 3
    assert ours >= 0 and reference >= 0


def test_a_ratio_above_one_means_ours_takes_less() -> None:
    found = timing.row(2.0, 6.0, "the loop", unit="bytes")
    assert found == {"ours": 2.0, "reference": 6.0, "ratio": 3.0, "reference_is": "the loop", "unit": "bytes"}


def test_the_table_for_people() -> None:
    first = bench.describe("prepare", timing.row(0.5, 2.0, "loops"))
    second = bench.describe("train-memory", timing.row(2e6, 4e6, "less", unit="bytes", notes=["a note"]))
    header, second, note = bench.HEADER, *second.splitlines()
    assert header.split() == ["ours", "reference", "ratio", "reference", "is"]
    assert first.split() == ["prepare", "0.5", "s", "2", "s", "4.00", "loops"]
    assert second.split() == ["train-memory", "2", "MB", "4", "MB", "2.00", "less"]
    assert note == "  a note"


def test_rows_to_train_on_are_standardised_and_seeded() -> None:
    X = data.correlated_rows(500, 7, seed=1)
    assert X.shape == (500, 7) and X.dtype == np.float32
    np.testing.assert_allclose(X.std(axis=0), 1, rtol=1e-3)
    assert (data.correlated_rows(500, 7, seed=1) == X).all()
    assert (data.correlated_rows(500, 7, seed=2) != X).any()
    assert np.abs(np.corrcoef(X.T) - np.eye(7)).max() > 0.2


def test_made_up_scores_are_counted_like_any_others() -> None:
    scores = data.synthetic_scores(800, seed=3)
    assert len(scores) == 800 and 2 <= len(scores.total_events) < 8 + 8
    assert ((scores.to_event <= 4) == (scores.y_true == 1)).all() and scores.n_positive > 0
    assert (np.diff(scores.clock) >= 2).all()
    policy = AlarmPolicy()
    points = operating_points(scores, policy)
    for i in range(0, len(points), 200):
        figures = naive.alarm_figures(scores, points.threshold[i], policy)
        assert (points.caught[i], points.false_alarms[i]) == (figures["caught"], figures["false_alarms"])


def test_a_training_is_measured_cold_and_against_its_own_model(monkeypatch) -> None:
    monkeypatch.setattr(training, "N_ROWS", 1_000)
    pace = training.Pace(epochs=30, turns=2, epochs_per_turn=1)
    keys = {"ours", "reference", "ratio", "reference_is", "epoch_ratio", "first_call", "warm_epoch", "others"}
    keys |= {"floor", "notes", "validation_loss_after_equal_epochs", "second_training_starts_in"}
    dense, again = training.train(ARTICLE_DENSE, pace), training.train(ARTICLE_DENSE, pace)
    # What another row compiled is forgotten; only the second training finds its programs.
    assert epoch_programs.cache_info()[:2] == (1, 1)
    assert dense["others"] == again["others"] == {}
    tiny = LSTMModel(encoder=(3,), decoder=(3,))
    lstm = training.train(replace(ARTICLE_LSTM, model=tiny, lookback=2), pace)
    assert set(lstm["others"]) == {"articles_layers"} | ({"pytorch"} if has_torch() else set())
    assert lstm["others"]["articles_layers"]["ratio"] != lstm["ratio"]
    for found in (dense, again, lstm):
        assert set(found) == keys
        first, epoch = found["first_call"], found["warm_epoch"]
        assert found["ours"] == first["ours"] + 29 * epoch["ours"]
        assert found["reference"] == first["reference"] + 29 * epoch["reference"]
        assert found["epoch_ratio"] == epoch["reference"] / epoch["ours"]
        losses = found["validation_loss_after_equal_epochs"]
        assert losses["ours"] == pytest.approx(losses["reference"], rel=0.01)


def test_layers_that_are_not_unrolled_are_fitted_once(monkeypatch) -> None:
    monkeypatch.setattr(training, "N_ROWS", 400)
    tiny = LSTMModel(encoder=(2,), decoder=(2,))
    config = replace(ARTICLE_LSTM, model=tiny, lookback=LONGEST_UNROLLED + 1)
    found = training.train(config, training.Pace(epochs=2, turns=1, epochs_per_turn=1))
    assert found["others"] == {}, "the article's layers are these"


def test_the_articles_layers_are_not_unrolled() -> None:
    model = build(LSTMModel(encoder=(3,), decoder=(3,)), lookback=2, n_features=4, batch_size=8, seed=0)
    assert model.layers[0].unroll
    plain = model.__class__.from_config(training._rolled(model.get_config()))
    assert not any(getattr(layer, "unroll", False) for layer in plain.layers)
    assert plain.count_params() == model.count_params() and plain.input_shape == model.input_shape
    assert model.layers[0].unroll  # the model itself stays


def test_scoring_a_file_gives_what_its_reference_gives(tmp_path) -> None:
    scoring.write_rows_and_model(tmp_path, 1500)
    trained = open_bundle(tmp_path / "model.zip")
    ours, listed = scoring._ours(trained, tmp_path / "new.parquet")
    reference, above = scoring._reference(trained, tmp_path / "new.parquet")
    assert len(ours) == 1490 and np.allclose(ours, reference, rtol=1e-3, atol=1e-6)
    assert 0 < len(listed) <= len(above)


def test_averages_are_compared_with_the_single_networks_of_the_same_seeds(monkeypatch) -> None:
    monkeypatch.delenv(MILL_CSV, raising=False)
    small = replace(RECOMMENDED, model=DenseModel(widths=(4,)), training=Training(epochs=2, patience=None))
    found = averages(AveragesPace(seeds=2, size=2, config=small))
    measured = found["sample mill"]
    assert [one["seed"] for one in measured["single"]] == [0, 1]
    assert [one["seed"] for one in measured["average"]] == [0]
    assert found["reference"] == pytest.approx(np.mean([one["auc"] for one in measured["single"]]))
    assert found["ours"] == measured["average"][0]["auc"] not in [one["auc"] for one in measured["single"]]
    assert found["notes"][-1] == f"real mill: not measured, because {MILL_CSV} is not set"
    assert "real mill" not in found


def test_many_trainings_are_measured_against_one() -> None:
    figures = many.train_many(many.Pace(rows=300, dense_epochs=1, lstm_epochs=1, turns=1))
    assert figures["ratio"] == figures["reference"] / figures["ours"] > 0
    assert (figures["dense"]["trainings"], figures["lstm"]["trainings"]) == (18, 6)
    for each in (figures["dense"], figures["lstm"]):
        assert each["processor_seconds"]["ours"] > each["processor_seconds"]["reference"] > 0
    assert [note.split(" trainings")[0] for note in figures["notes"]] == ["18 dense", "6 LSTM"]
    assert "cores" in figures["reference_is"]


class Stream:
    """A connection that sends nothing by itself."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.coming: asyncio.Queue[bytes] = asyncio.Queue()

    async def send(self, data: bytes) -> None:
        self.sent.append(data)

    def __aiter__(self) -> "Stream":
        return self

    async def __anext__(self) -> bytes:
        return await self.coming.get()


def begun(*fragments: str) -> bytes:
    message = ForwardMsg()
    message.new_session.page_script_hash = "page"
    message.new_session.app_pages.add(page_name="Data", page_script_hash="page")
    message.metadata.run.fragment_ids.extend(fragments)
    return bytes(message.SerializeToString())


def test_a_page_is_whole_though_a_poll_begins_before_its_end_is_told() -> None:
    failed = ForwardMsg()
    failed.delta.new_element.exception.type, failed.delta.new_element.exception.message = "KeyError", "'x'"

    async def talk() -> tuple[list[bool], Session, Stream]:
        stream = Stream()
        session = Session(stream)
        listening = asyncio.create_task(session.listen())
        opened, known = asyncio.create_task(session.open("Data", "run=1")), []
        for message in (begun("tray"), begun(), bytes(failed.SerializeToString()), begun("tray")):
            await stream.coming.put(message)
            while not stream.coming.empty():
                await asyncio.sleep(0)
            await asyncio.sleep(0)
            known.append(session.answered)
        assert await opened > 0
        listening.cancel()
        return known, session, stream

    # In a thread of its own: a browser test before it may have left its loop running in this one.
    with ThreadPoolExecutor(1) as thread:
        known, session, stream = thread.submit(asyncio.run, talk()).result()
    assert known == [False, False, False, True], "a poll alone is no answer"
    assert session.errors == ["KeyError: 'x'"]
    asked = BackMsg()
    asked.ParseFromString(stream.sent[0])
    assert (asked.rerun_script.page_name, asked.rerun_script.query_string) == ("Data", "run=1")
