"""The Train page: the form made from the configs, the drawn model, the files of a run."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block

from rare_event.config import PRESETS, RECOMMENDED, AlarmPolicy, DenseModel, LSTMModel, Training
from rare_event.detect.summary import describe
from rare_event.errors import ConfigError
from rare_event.jobs import export, worker
from rare_event.prepare.sample import sample_mill
from rare_event.store.datasets import Dataset, add_dataset
from rare_event.store.records import Status
from rare_event.store.runs import create_run, list_runs
from rare_event.ui import network
from rare_event.ui.state import draft_of
from tests.app.conftest import PCA, Deferred, finished, open_drawer
from tests.app.test_pages import OpenPage, button, metric, texts, titles
from tests.small import small_frame

NETWORK = DenseModel(widths=(6, 3, 6))
DENSE = replace(PCA, model=NETWORK, training=Training(epochs=2, patience=None))


def open_train(open_page: OpenPage, dataset: Dataset) -> AppTest:
    app = open_page("pages/2_Train.py", dataset=dataset.digest)
    assert not app.exception
    return app


def said(app: AppTest) -> str:
    """What the page says, as it is read."""
    return texts(app).replace("\\", "")


def downloads(app: AppTest) -> list[str]:
    return [str(offered.proto.label) for offered in app.get("download_button")]


def drawn(app: AppTest) -> list[str]:
    """Layers of the drawn model, from top to bottom."""
    specs = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]
    return next(
        (
            list(s["layout"]["yaxis"]["ticktext"])
            for s in specs
            if "layer by layer" in s["layout"]["title"]["text"]
        ),
        [],
    )


def elements(block: Block, path: tuple[int, ...] = ()) -> Iterator[tuple[Any, tuple[int, ...]]]:
    """All elements of a block, each with the numbers of the places around it and its own."""
    for number, node in block.children.items():
        if isinstance(node, Block):
            yield from elements(node, (*path, number))
        else:
            yield node, (*path, number)


def places(app: AppTest) -> dict[str, tuple[int, ...]]:
    """Where each chart stands, as the number of each place around it, by its title's last words."""

    charts = [(node, place) for node, place in elements(app.main) if node.type == "plotly_chart"]
    titles = [json.loads(node.proto.spec)["layout"]["title"]["text"] for node, _ in charts]
    return {title.rpartition("model, ")[2]: place for title, (_, place) in zip(titles, charts, strict=True)}


def buttons(app: AppTest) -> dict[str, tuple[int, ...]]:
    """Where each button stands, by its label."""
    return {node.proto.label: place for node, place in elements(app.main) if node.type == "button"}


def test_what_stands_on_the_page_keeps_its_place_while_a_run_goes_on(
    open_page: OpenPage, dataset: Dataset, executor: Deferred
) -> None:
    app = open_train(open_page, dataset)
    executor.run_all()
    before = places(app.run())
    run = create_run(dataset, DENSE)
    app = open_page("pages/2_Train.py", run=run.id)
    executor.run_all()
    queued = places(app.run())
    run.write_status(Status("running", epoch=1, epochs=2))
    running = places(app.run())
    worker.execute(run)
    assert "Files of this run" not in [expander.label for expander in app.expander]
    done = places(app.run())
    assert "Files of this run" in [expander.label for expander in app.expander]
    assert "layer by layer" in before and "Training: loss by epoch" in queued
    assert queued == running
    assert queued["Training: loss by epoch"] == done["Training: loss by epoch"]
    # The place on the page; one that is waited for stands in a fragment there.
    outer = [{title: place[:3] for title, place in shown.items()} for shown in (queued, done)]
    assert outer[0] == outer[1]
    assert all(outer[0][title] == place[:3] for title, place in before.items())
    assert len(set(done.values())) == len(done)


def test_the_page_polls_while_a_run_or_an_answer_is_awaited(
    open_page: OpenPage, dataset: Dataset, executor: Deferred, polling: Callable[[], set[str]]
) -> None:
    app = open_train(open_page, dataset)
    assert polling() == {"train_network"}
    executor.run_all()
    app.run()
    assert not polling()
    app.toggle(key="train_baselines").set_value(False).run()
    app.number_input(key="train_0_epochs").set_value(1).run()
    button(app, "Train").click().run()
    assert "train_run" in polling()
    executor.run_all()
    app.run()
    assert not polling()
    button(app, "Prepare the ONNX model").click().run()
    assert polling() == {"train_onnx"}
    executor.run_all()
    app.run()
    assert not polling()


def test_the_button_that_starts_keeps_its_place(open_page: OpenPage, dataset: Dataset) -> None:
    app = open_train(open_page, dataset)
    plain = buttons(app)["Train"]
    app.segmented_control(key="train_0_preset").set_value("article-lstm").run()
    assert "Random split: optimistic" in said(app)
    assert buttons(app)["Train"] == plain
    app.text_input(key="train_1_lstm_encoder").set_value("9, x").run()
    assert app.error and "Random split: optimistic" in said(app)
    assert buttons(app)["Train"] == plain


def test_the_form_is_that_of_the_architecture(open_page: OpenPage, dataset: Dataset) -> None:
    app = open_train(open_page, dataset)
    assert app.text_input(key="train_0_dense_widths").value == "32, 16, 16, 32"
    app.selectbox(key="train_0_model").select("attention").run()
    assert app.number_input(key="train_0_attention_heads").value == 4
    assert "attention heads" in str(app.number_input(key="train_0_attention_heads").help)
    assert not [field for field in app.text_input if "dense" in str(field.key)]
    assert "a window of one row has none" in said(app)
    app.number_input(key="train_0_lookback").set_value(5).run()
    assert "a window of one row has none" not in said(app)
    button(app, "Train").click().run()
    (run,) = list_runs()
    assert run.config().model.kind == "attention"


def test_what_is_set_in_the_form_is_trained(open_page: OpenPage, dataset: Dataset) -> None:
    app = open_train(open_page, dataset)
    assert "train_0_seed" not in app.session_state, "fields of a closed drawer are not drawn"
    for label in ("Options", "Expert settings"):
        app = open_drawer(app, label)
    app.text_input(key="train_0_dense_widths").set_value("8,4 8").run()
    app.number_input(key="train_0_dense_dropout").set_value(0.1).run()
    app.checkbox(key="train_0_dense_tied").check().run()
    app.number_input(key="train_0_training_learning_rate").set_value(0.002).run()
    app.number_input(key="train_0_training_networks").set_value(3).run()
    assert "This network is trained 3 times, each time from another seed" in said(app)
    app.number_input(key="train_0_seed").set_value(7).run()
    assert "Options in use: Tie the decoder's weights to the encoder's; Dropout: 0" in said(app)
    button(app, "Train").click().run()
    config = list_runs()[0].config()
    assert config.model == DenseModel(widths=(8, 4, 8), dropout=0.1, tied=True)
    assert (config.training.learning_rate, config.seed) == (0.002, 7)
    assert config.training.networks == 3 and config.detector.seeds == (7, 8, 9)
    assert config.score.top_k == 5, "what was not touched must stay as the preset has it"


def test_a_number_of_networks_is_neither_asked_of_nor_kept_for_another_model(
    open_page: OpenPage, dataset: Dataset, executor: Deferred
) -> None:
    app = open_drawer(open_train(open_page, dataset), "Expert settings")
    app.number_input(key="train_0_training_networks").set_value(3).run()
    app.selectbox(key="train_0_model").set_value("pca").run()
    assert not app.exception and not app.error
    with pytest.raises(KeyError):
        app.number_input(key="train_0_training_networks")
    button(app, "Train").click().run()
    config = list_runs()[0].config()
    assert (config.model.kind, config.training.networks) == ("pca", 1)


def test_where_no_window_is_positive_none_is_shown(open_page: OpenPage, executor: Deferred) -> None:
    early = small_frame().assign(y=lambda f: (f.index == 1).astype(int))
    dataset = add_dataset(early.to_csv(index=False).encode(), "early.csv")
    app = open_train(open_page, dataset)
    app.number_input(key="train_0_lookback").set_value(5).run()
    assert not app.exception and "No window is positive" in said(app)
    assert "First positive window" not in said(app)


@pytest.mark.parametrize("drawn", [False, True])
@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_is_trained_as_it_is_whether_its_drawers_are_opened_or_not(
    open_page: OpenPage, dataset: Dataset, preset: str, drawn: bool
) -> None:
    app = open_train(open_page, dataset)
    app.segmented_control(key="train_0_preset").select(preset).run()
    for label in ("Options", "Expert settings") if drawn else ():
        app = open_drawer(app, label)
    assert not app.exception and not app.error
    button(app, "Train").click().run()
    assert list_runs()[0].config() == draft_of(preset)


def test_a_bad_value_is_said_and_nothing_can_be_started(open_page: OpenPage, dataset: Dataset) -> None:
    app = open_train(open_page, dataset)
    app.text_input(key="train_0_dense_widths").set_value("32, x").run()
    assert [error.value.replace("\\", "") for error in app.error] == [
        "“Units of the hidden layers” is '32, x'; give whole numbers with commas between, for example 32, 16."
    ]
    assert button(app, "Train").disabled
    assert not app.exception
    # The page goes on with the last settings that were good.
    assert any("Split" in title for title in titles(app))
    app.text_input(key="train_0_dense_widths").set_value("9000").run()
    assert "give one or more whole numbers from 1 to 4,096" in said(app)
    app.text_input(key="train_0_dense_widths").set_value("32, 8, 32").run()
    assert not app.error
    assert not button(app, "Train").disabled
    assert not list_runs()


def test_nothing_typed_is_lost(open_page: OpenPage, dataset: Dataset) -> None:
    app = open_train(open_page, dataset)
    app.text_input(key="train_0_dense_widths").set_value("12, x").run()
    app.selectbox(key="train_0_model").select("lstm").run()
    assert not app.error, "what is wrong with another architecture is no matter"
    app.text_input(key="train_0_lstm_encoder").set_value("8").run()
    app.number_input(key="train_0_shift").set_value(3).run()
    app.switch_page("pages/1_Data.py").run()
    app.switch_page("pages/2_Train.py").run()
    assert app.text_input(key="train_0_lstm_encoder").value == "8"
    assert app.number_input(key="train_0_shift").value == 3
    app.selectbox(key="train_0_model").select("dense").run()
    assert app.text_input(key="train_0_dense_widths").value == "12, x"
    assert button(app, "Train").disabled
    app.segmented_control(key="train_0_preset").set_value("article-dense").run()
    assert app.text_input(key="train_1_dense_widths").value == "32, 16, 16, 32", "a preset sets it all"
    assert "L1 penalty on the first layer's outputs: 0.001" in said(app)
    assert not app.error


def test_the_model_is_drawn_as_keras_builds_it(
    open_page: OpenPage, dataset: Dataset, executor: Deferred
) -> None:
    app = open_train(open_page, dataset)
    assert "Building the model for the diagram" in said(app)
    assert not drawn(app)
    executor.run_all()
    app.run()
    layers = describe(DenseModel(), 1, len(dataset.schema.sensors))
    assert drawn(app) == [layer.kind for layer in layers]
    parameters = sum(layer.parameters for layer in layers)
    assert metric(app, "Parameters") == f"{parameters:,}"
    windows = int(metric(app, "Training windows").replace(",", ""))
    prepared = network.prepared_of(dataset, app.session_state["app_state"].draft)
    train = prepared.folds[-1].train
    assert windows == (prepared.y[train] == 0).sum()
    assert "in line with the rule of thumb of at most about 0.5" in said(app)
    assert "Ranjan" in said(app)
    assert "Building" not in said(app)
    # Another model is asked for anew, and the same one is not.
    app.number_input(key="train_0_epochs").set_value(9).run()
    assert drawn(app) and not executor.waiting
    app.text_input(key="train_0_dense_widths").set_value("400, 400").run()
    assert not drawn(app) and len(executor.waiting) == 1
    executor.run_all()
    app.run()
    assert "Use fewer units, or use dropout" in said(app)


def test_a_model_that_cannot_be_built_is_a_sentence_and_asked_for_again(
    open_page: OpenPage, dataset: Dataset, executor: Deferred
) -> None:
    app = open_train(open_page, dataset)
    future, _ = executor.waiting.pop()
    future.set_exception(RuntimeError("the worker was ended"))
    app.run()
    assert "cannot be drawn. Reload the page" in said(app) and "the worker was ended" not in said(app)
    assert not app.exception
    app.run()
    executor.run_all()
    app.run()
    assert drawn(app)


def test_a_model_without_layers_is_not_drawn(
    open_page: OpenPage, dataset: Dataset, executor: Deferred
) -> None:
    app = open_train(open_page, dataset)
    app.selectbox(key="train_0_model").select("pca").run()
    assert app.number_input(key="train_0_pca_components").value == 16
    assert "Building" not in said(app)
    assert "Parameters" not in [metric.label for metric in app.metric]


def test_logs_are_written_where_they_were_asked_for(
    open_page: OpenPage, dataset: Dataset, executor: Deferred
) -> None:
    app = open_train(open_page, dataset)
    app.toggle(key="train_baselines").set_value(False).run()
    app.checkbox(key="train_tensorboard").check().run()
    app.number_input(key="train_0_epochs").set_value(1).run()
    button(app, "Train").click().run()
    (run,) = list_runs()
    assert any(f"--logdir {run.tensorboard} --host 127.0.0.1" in code.value for code in app.code)
    executor.run_all()
    assert run.status().state == "done"
    assert len(list(run.tensorboard.glob("fold */train/events*"))) == 6
    app.run().checkbox(key="train_tensorboard").uncheck().run()
    button(app, "Train").click().run()
    other = list_runs()[0]
    assert other.id != run.id and other.config() == run.config(), "logs are no part of what is trained"
    assert not other.tensorboard.exists()
    assert not any("tensorboard" in code.value for code in app.code)


def test_a_done_run_shows_and_offers_its_saved_model(
    open_page: OpenPage, dataset: Dataset, executor: Deferred
) -> None:
    run = finished(dataset, DENSE)
    app = open_page("pages/2_Train.py", run=run.id)
    assert drawn(app) == [layer.kind for layer in run.layers()]
    assert "The trained model, layer by layer" in titles(app)
    assert not executor.waiting, "nothing is built that stands in the run"
    assert downloads(app) == ["Keras model"]
    assert "only Keras is needed" in said(app)
    button(app, "Prepare the ONNX model").click().run()
    assert button(app, "Prepare the ONNX model").disabled
    executor.run_all()
    app.run()
    assert downloads(app) == ["Keras model", "ONNX model"]
    assert export.onnx_file(run).stat().st_size > 0
    assert not app.exception
    # Other settings are drawn as they would be built.
    app.number_input(key="train_0_lookback").set_value(2).run()
    assert "The trained model, layer by layer" not in titles(app)


def test_an_average_shows_one_of_its_networks_and_says_how_many_there_are(
    open_page: OpenPage, dataset: Dataset
) -> None:
    config = replace(DENSE, training=replace(DENSE.training, networks=2))
    run = finished(dataset, config)
    app = open_page("pages/2_Train.py", run=run.id)
    assert drawn(app) == [layer.kind for layer in run.layers()] == drawn_alone(dataset, open_page)
    assert "This network is trained 2 times, each time from another seed" in said(app)
    assert "The model has 2 outputs, one for each network" in said(app)
    assert "Done." in said(app) and not app.exception


def drawn_alone(dataset: Dataset, open_page: OpenPage) -> list[str]:
    """Layers of the same network without an average, which says nothing of one."""
    app = open_page("pages/2_Train.py", run=finished(dataset, DENSE).id)
    assert "times, each time from another seed" not in said(app) and "outputs" not in said(app)
    return drawn(app)


def test_a_run_with_layers_of_its_own_says_how_to_load_it(
    open_page: OpenPage, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "can_export_onnx", lambda: False)
    run = finished(dataset, replace(DENSE, model=DenseModel(widths=(4,), tied=True)))
    app = open_page("pages/2_Train.py", run=run.id)
    assert any("import_keras().saving.load_model" in code.value for code in app.code)
    assert "only Keras is needed" not in said(app)
    assert "also install the package tf2onnx" in said(app)
    assert not [b for b in app.button if "ONNX" in b.label]


def test_an_onnx_model_that_cannot_be_written_is_a_sentence(
    open_page: OpenPage, dataset: Dataset, executor: Deferred
) -> None:
    run = finished(dataset, DENSE)
    app = open_page("pages/2_Train.py", run=run.id)
    button(app, "Prepare the ONNX model").click().run()
    future: Future[None] = executor.waiting.pop()[0]
    future.set_exception(OSError("no space left"))
    app.run()
    assert "cannot be written: no space left" in said(app)
    assert not button(app, "Prepare the ONNX model").disabled
    assert not app.exception


def test_damaged_layers_are_built_anew(open_page: OpenPage, dataset: Dataset, executor: Deferred) -> None:
    run = finished(dataset, DENSE)
    (run.folder / "layers.json").write_text("[{}]")
    app = open_page("pages/2_Train.py", run=run.id)
    assert not app.error
    assert len(executor.waiting) == 1
    executor.run_all()
    app.run()
    assert drawn(app) == [layer.kind for layer in describe(NETWORK, 1, len(dataset.schema.sensors))]


def test_a_model_of_another_kind_that_was_opened_keeps_its_settings(
    open_page: OpenPage, dataset: Dataset
) -> None:
    run = finished(dataset, replace(DENSE, model=LSTMModel((4,), (4,)), lookback=2))
    app = open_page("pages/2_Train.py", run=run.id)
    assert app.text_input(key="train_0_lstm_encoder").value == "4"
    assert not app.error


def test_parts_with_few_events_are_said_before_training(open_page: OpenPage, dataset: Dataset) -> None:
    app = open_train(open_page, dataset)
    words = " ".join(element.value for element in (*app.warning, *app.error))
    assert "The validation part of fold" in words
    app.selectbox(key="train_0_split").select("chronological").run()
    assert not app.warning and not app.error, "each part of the only fold has ten events or more"
    short = add_dataset(sample_mill(3000).to_csv(index=False).encode(), "short.csv")
    app = open_train(open_page, short)
    app.selectbox(key="train_0_split").select("chronological").run()
    words = " ".join(element.value for element in (*app.warning, *app.error))
    assert "The validation part holds" in words and "event" in words
    assert not list_runs() and not button(app, "Train").disabled


def test_a_policy_whose_value_no_row_has_is_not_trained(
    open_page: OpenPage, dataset: Dataset, executor: Deferred
) -> None:
    column = dataset.schema.categories[0]
    policy = AlarmPolicy(suppress_column=column, suppress_values=("clean",))
    run = create_run(dataset, replace(PCA, policy=policy))
    why = f"while '{column}' is 'clean': no row of sample-mill.csv has this value. The values of '{column}' "
    with pytest.raises(ConfigError, match=why):
        worker.execute(run)
    app = open_page("pages/2_Train.py", run=run.id)
    assert not app.exception and why in said(app)
    button(app, "Train").click().run()
    assert why in " ".join(each.value.replace("\\", "") for each in app.error)
    assert [each.id for each in list_runs()] == [run.id] and not executor.waiting


def test_the_page_begins_with_periods_by_time_and_the_preset_keeps_its_split(
    open_page: OpenPage, dataset: Dataset
) -> None:
    app = open_train(open_page, dataset)
    split = app.selectbox(key="train_0_split")
    assert (split.value, split.options[:2]) == (
        "rolling",
        ["Rolling split by time, 6 folds", "Split by time (quick)"],
    )
    assert "in one validation part" not in said(app)
    assert RECOMMENDED.split.kind == "chronological", "a run from the command line keeps its figures"
    app.segmented_control(key="train_0_preset").set_value("article-lstm").run()
    assert app.selectbox(key="train_1_split").value == "random"
    app.segmented_control(key="train_1_preset").set_value("recommended").run()
    assert app.selectbox(key="train_2_split").value == "rolling"


def test_events_of_each_part_are_said_before_training(open_page: OpenPage, dataset: Dataset) -> None:
    app = open_train(open_page, dataset)
    app.selectbox(key="train_0_split").select("chronological").run()
    prepared = network.prepared_of(dataset, app.session_state["app_state"].draft)
    (fold,) = prepared.folds
    # An event belongs to a part that holds the row before it.
    before = np.searchsorted(prepared.row, prepared.events.row) - 1
    for name, rows in (("training", fold.train), ("validation", fold.validation), ("test", fold.test)):
        assert metric(app, name.capitalize()) == str(np.isin(before, rows).sum())
    held = metric(app, "Validation")
    assert f"on which the threshold is chosen, has {held} event" in said(app)
    assert not list_runs()
