"""The network: its diagram, its size compared with the training windows, and its files."""

from __future__ import annotations

from concurrent.futures import Future
from contextlib import suppress

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from rare_event.config import ExperimentConfig, NetworkConfig
from rare_event.detect.export import EXPORTER, can_export_onnx
from rare_event.detect.summary import Layer, describe, weigh
from rare_event.detect.tensorboard import tensorboard_command
from rare_event.errors import RareEventError
from rare_event.jobs.export import (
    KERAS,
    export_onnx_in_worker,
    needs_own_layers,
    network_file,
    onnx_file,
)
from rare_event.plots.network import network_figure, shape_in_words
from rare_event.prepare.prepared import Prepared
from rare_event.store.datasets import Dataset
from rare_event.store.runs import Run, open_run
from rare_event.text import number, plain
from rare_event.ui.cache import jobs, prepared_of
from rare_event.ui.charts import draw
from rare_event.ui.frame import in_place
from rare_event.ui.live import poll_until_ended
from rare_event.ui.metrics import show_metrics
from rare_event.ui.prepared_file import PreparedFile, offer_prepared
from rare_event.ui.state import get_state

# A diagram with more layers scrolls, so that the page stays short.
MOST_LAYERS, HEIGHT = 24, 640
RULE = (
    "A good size is about half as many parameters as training windows; a larger network needs dropout or "
    "penalties. The LSTM article gives 5,331 parameters, but the network that it lists has 25,243."
)
SOURCE = "Rule of thumb: C. Ranjan, *LSTM Autoencoder for Extreme Rare Event Classification in Keras*."
AVERAGE = "This network is trained {} times, each time from another seed, and the errors are averaged."
OUTPUTS = "The model has {} outputs, one for each network; their squared errors are averaged."
LOAD = "from rare_event.detect.layers import import_keras\n\nmodel = import_keras().saving.load_model({!r})"


@in_place
def show_network(dataset: Dataset, config: ExperimentConfig) -> None:
    """Draw the network of the settings. A worker builds it; the page does not wait.

    Parameters
    ----------
    dataset, config
        The dataset and the settings. If they match the run in use, its saved model is drawn.
    """
    if not isinstance(config.model, NetworkConfig):
        return
    n_windows, n_features = _sizes(prepared_of(dataset, config))
    if (networks := len(config.detector.seeds)) > 1:
        st.caption(plain(AVERAGE.format(networks)))
    if layers := _trained_layers(dataset, config):
        _show_layers(layers, n_windows, "The trained model, layer by layer")
        return
    answer = _asked(config.model, config.lookback, n_features)
    done = answer.done()
    poll_until_ended(
        lambda: _show_answer(answer, n_windows), lambda: [] if answer.done() else ["answer"], "train_network"
    )
    if done and answer.exception() is not None:
        # The next rerun asks again: the worker may have been stopped for another reason.
        _asked.clear(config.model, config.lookback, n_features)


def _sizes(prepared: Prepared) -> tuple[int, int]:
    """Count the normal training windows of the last fold, whose model is kept, and the model's inputs."""
    derived, fold = prepared.derived, prepared.folds[-1]
    window = np.zeros(len(prepared.y), bool)
    window[prepared.ends] = True
    normal = fold.train[window[fold.train] & (prepared.y[fold.train] == 0)]
    return len(normal), derived.values.shape[1] + sum(
        len(np.unique(grades[normal])) for grades in derived.grades.values()
    )


def _trained_layers(dataset: Dataset, config: ExperimentConfig) -> list[Layer]:
    run_id = get_state().shown
    # If the record is damaged, the model is built again.
    with suppress(RareEventError):
        if run_id is not None:
            run = open_run(run_id)
            if run.status().state == "done" and (run.config(), run.dataset()) == (config, dataset):
                return run.layers()
    return []


@st.cache_resource(max_entries=64, show_spinner=False)
def _asked(model: NetworkConfig, lookback: int, n_features: int) -> Future[list[Layer]]:
    return jobs().ask(describe, model, lookback, n_features)


def _show_answer(answer: Future[list[Layer]], n_windows: int) -> None:
    if not answer.done():
        st.caption("Building the model for the diagram. If a model is being trained, that takes priority.")
        return
    if error := answer.exception():
        why = str(error) if isinstance(error, RareEventError) else "Reload the page to try again."
        st.caption(plain(f"The diagram cannot be drawn. {why}"))
        return
    _show_layers(answer.result(), n_windows, "The model, layer by layer")


# Drawing it takes half of the page's time, and most reruns draw the same network.
@st.cache_resource(max_entries=64, show_spinner=False)
def _figure_of(layers: tuple[Layer, ...], title: str) -> go.Figure:
    return network_figure(layers, title=title)


def _show_layers(layers: list[Layer], n_windows: int, title: str) -> None:
    parameters = sum(layer.parameters for layer in layers)
    figure = _figure_of(tuple(layers), title)
    with st.container(height=HEIGHT if len(layers) > MOST_LAYERS else "content", border=False):
        draw(figure, key="train_network", config={"displayModeBar": False})
    show_metrics(
        [
            ("Parameters", f"{parameters:,}", "Numbers that training adjusts."),
            (
                "Training windows",
                f"{n_windows:,}",
                "Normal windows that the model learns from; with several folds, those of the last fold.",
            ),
            ("Per window", number(parameters / n_windows if n_windows else None, 2), RULE),
        ],
        narrow=True,
    )
    st.markdown(plain(weigh(parameters, n_windows)))
    st.caption(SOURCE)
    with st.expander("Layers as a table"):
        rows = [(layer.kind, shape_in_words(layer), layer.parameters) for layer in layers]
        st.dataframe(
            pd.DataFrame(rows, columns=["layer", "output for one window", "parameters"]),
            key="train_layers",
            alt="Layers of the network",
            hide_index=True,
        )


@in_place
def show_saved() -> None:
    """Offer the files of the run in use."""
    run_id = get_state().shown
    if run_id is not None:
        show_files(open_run(run_id))


def show_files(run: Run) -> None:
    """Offer the files of a run: its network and its TensorBoard logs."""
    logs = run.tensorboard.is_dir()
    network = run.status().state == "done" and isinstance(run.config().model, NetworkConfig)
    if not (logs or network):
        return
    with st.expander("Files of this run"):
        if network:
            _offer_network(run)
        if logs:
            st.markdown("Run this command to view the **TensorBoard** logs on this machine:")
            st.code(tensorboard_command(run.tensorboard), language="bash", wrap_lines=True)


def _offer_network(run: Run) -> None:
    path = network_file(run)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "Keras model", path.read_bytes, f"{run.id}{KERAS}", on_click="ignore", key="train_keras"
        )
        if can_export_onnx():
            offer_prepared(
                PreparedFile(
                    onnx_file(run),
                    export_onnx_in_worker,
                    run.id,
                    "Prepare the ONNX model",
                    "ONNX model",
                    "The ONNX model",
                    "train_onnx",
                )
            )
    if needs_own_layers(run.config().model):
        st.caption("The model uses layers of the package *rare_event*, so load it like this:")
        st.code(LOAD.format(f"{run.id}{KERAS}"), language="python")
    else:
        st.caption("Load the Keras model with *keras.saving.load_model*; only Keras is needed.")
    if (networks := len(run.config().detector.seeds)) > 1:
        st.caption(plain(OUTPUTS.format(networks)))
    if not can_export_onnx():
        st.caption(f"To export ONNX, also install the package {EXPORTER}.")
