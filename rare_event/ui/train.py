"""Pieces of the Train page: the settings and what they do to the data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, get_args

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from rare_event.config import (
    PRESETS,
    AttentionModel,
    BiLSTMModel,
    CNNLSTMModel,
    ConvModel,
    DenseModel,
    ExperimentConfig,
    GRUModel,
    LSTMModel,
    ModelConfig,
    PCAModel,
    Representation,
    RepresentationKind,
    ScalerKind,
    Score,
    SplitKind,
    SplitPlan,
    Training,
    VAEModel,
)
from rare_event.plots.timeline import split_figure
from rare_event.prepare.preview import first_positive_window, rows_after_shift, rows_before_shift
from rare_event.prepare.stretches import median_step, minutes
from rare_event.store.datasets import Dataset
from rare_event.store.runs import create_run
from rare_event.ui.cache import jobs, prepared_of, table_of
from rare_event.ui.forms import help_of
from rare_event.ui.metrics import show_metrics
from rare_event.ui.state import update_state
from rare_event.ui.text import number, plural, share
from rare_event.work.beside import create_baselines

GENERATION = "train_generation"
PRESET_NAMES = {
    "recommended": "Recommended",
    "article-lstm": "Articles' LSTM",
    "article-dense": "Articles' dense",
}
SPLIT_NAMES: dict[SplitKind, str] = {
    "chronological": "By time, once (64 / 16 / 20 %)",
    "rolling": "By time, rolling origin",
    "stretch": "Whole stretches held out",
    "random": "Random rows (optimistic)",
    "shuffled": "Random rows, each tested once (optimistic)",
}
MODEL_NAMES = {
    "dense": "Dense autoencoder",
    "lstm": "LSTM autoencoder",
    "gru": "GRU autoencoder",
    "bilstm": "Bidirectional LSTM autoencoder",
    "cnn-lstm": "CNN-LSTM autoencoder",
    "conv": "Convolutional autoencoder",
    "attention": "Self-attention autoencoder",
    "vae": "Variational autoencoder",
    "pca": "PCA reconstruction",
}
MODELS: dict[str, ModelConfig] = {
    model.kind: model
    for model in (
        DenseModel(),
        LSTMModel(),
        GRUModel(),
        BiLSTMModel(),
        CNNLSTMModel(),
        ConvModel(),
        AttentionModel(),
        VAEModel(),
        PCAModel(),
    )
}


def choose_config(dataset: Dataset, draft: ExperimentConfig) -> ExperimentConfig:
    """Let the user make the settings of a run.

    Parameters
    ----------
    dataset
        Tells the minutes of a row.
    draft
        The settings so far.
    """
    # Widgets keep their value by key: a preset sets them all, so it begins new ones.
    generation = st.session_state.setdefault(GENERATION, 0)
    key = f"train_{generation}"
    preset = st.segmented_control(
        "Preset",
        list(PRESETS),
        default=draft.name if draft.name in PRESETS else None,
        format_func=PRESET_NAMES.__getitem__,
        key=f"{key}_preset",
        required=True,
        wrap=True,
    )
    if preset and preset != draft.name:
        st.session_state[GENERATION] = generation + 1
        update_state(draft=PRESETS[preset])
        st.rerun()
    step = prepared_step(dataset)
    left, right = st.columns(2)
    shift = left.number_input(
        "Shift (rows)", 1, 10_000, draft.shift, key=f"{key}_shift", help=help_of(ExperimentConfig, "shift")
    )
    left.caption(f"warns up to {number(shift * step)} minutes ahead")
    lookback = right.number_input(
        "Lookback (rows)",
        1,
        10_000,
        draft.lookback,
        key=f"{key}_lookback",
        help=help_of(ExperimentConfig, "lookback"),
    )
    right.caption(f"looks at the last {number(lookback * step)} minutes")
    # A baseline that was opened keeps its model, though it is not on offer.
    names = {**MODEL_NAMES, draft.model.kind: MODEL_NAMES.get(draft.model.kind, draft.model.kind)}
    kind = _select("Split", SPLIT_NAMES, draft.split.kind, f"{key}_split", help_of(SplitPlan, "kind"))
    model = _select("Model", names, draft.model.kind, f"{key}_model", None)
    representation = st.segmented_control(
        "Representation",
        get_args(RepresentationKind),
        default=draft.representation.kind,
        key=f"{key}_representation",
        help=help_of(Representation, "kind"),
        required=True,
        wrap=True,
    )
    epochs = st.number_input(
        "Epochs, at most" if draft.training.patience else "Epochs",
        1,
        100_000,
        draft.training.epochs,
        key=f"{key}_epochs",
        disabled=model == "pca",
    )
    changed = replace(
        draft,
        shift=shift,
        lookback=lookback,
        split=replace(draft.split, kind=kind),
        model=draft.model if model == draft.model.kind else MODELS[model],
        representation=replace(draft.representation, kind=representation),
        training=replace(draft.training, epochs=epochs),
    )
    with st.expander("Expert settings"):
        return _expert_settings(changed, key)


def _expert_settings(draft: ExperimentConfig, key: str) -> ExperimentConfig:
    left, right = st.columns(2)
    scaler = left.selectbox(
        "Scaler",
        get_args(ScalerKind),
        index=get_args(ScalerKind).index(draft.representation.scaler),
        key=f"{key}_scaler",
        help=help_of(Representation, "scaler"),
    )
    clip = right.number_input(
        "Clip at",
        0.5,
        None,
        draft.representation.clip,
        key=f"{key}_clip",
        placeholder="no clipping",
        help=help_of(Representation, "clip"),
    )
    batch_size = left.number_input(
        "Batch size", 1, 65_536, draft.training.batch_size, key=f"{key}_batch_size"
    )
    learning_rate = right.number_input(
        "Learning rate",
        1e-6,
        1.0,
        draft.training.learning_rate,
        format="%.5f",
        step=1e-4,
        key=f"{key}_learning_rate",
    )
    patience = left.number_input(
        "Patience (epochs)",
        1,
        None,
        draft.training.patience,
        key=f"{key}_patience",
        placeholder="never stop early",
        help=help_of(Training, "patience"),
    )
    top_k = right.number_input(
        "Largest sensor errors in the score",
        1,
        None,
        draft.score.top_k,
        key=f"{key}_top_k",
        placeholder="all",
        help=help_of(Score, "top_k"),
    )
    folds = left.number_input(
        "Folds", 2, 50, draft.split.folds, key=f"{key}_folds", help=help_of(SplitPlan, "folds")
    )
    seed = right.number_input("Seed", 0, 2**31 - 1, draft.seed, key=f"{key}_seed")
    article_mode = st.checkbox(
        "Count rows across stops, as the articles do",
        draft.article_mode,
        key=f"{key}_article_mode",
        help=help_of(ExperimentConfig, "article_mode"),
    )
    return replace(
        draft,
        representation=replace(draft.representation, scaler=scaler, clip=clip),
        training=replace(
            draft.training, batch_size=batch_size, learning_rate=learning_rate, patience=patience
        ),
        score=replace(draft.score, top_k=top_k),
        split=replace(draft.split, folds=folds),
        seed=seed,
        article_mode=article_mode,
    )


def _select(label: str, names: Mapping[Any, str], chosen: str, key: str, help: str | None) -> Any:
    options = list(names)
    index = options.index(chosen)
    return st.selectbox(label, options, index, format_func=names.__getitem__, key=key, help=help)


def prepared_step(dataset: Dataset) -> float:
    """Minutes of one row of a dataset.

    Parameters
    ----------
    dataset
        The dataset.
    """
    table = table_of(dataset)
    return median_step(minutes(table.time, table.n_rows))


def start_button(dataset: Dataset, config: ExperimentConfig) -> None:
    """Let the user start a run; it goes on in the background.

    Parameters
    ----------
    dataset, config
        What to train on, and how.
    """
    if config.split.optimistic:
        st.caption(
            "Random split: optimistic. Neighbours of a test row are trained on; later data tell the truth."
        )
    beside = st.toggle(
        "Train the baselines beside it",
        True,
        key="train_beside",
        help="In the background; they tell on the Evaluate page whether this model is worth more.",
        persist_state="session",
    )
    if st.button("Train", type="primary", key="train_start", icon=":material/play_arrow:", width="stretch"):
        # What cannot work is said here, not by a worker later.
        prepared_of(dataset, config)
        run = create_run(dataset, config)
        jobs().submit(run)
        if beside:
            jobs().submit_beside(create_baselines(run))
        update_state(run_id=run.id)
        st.rerun()


def show_split(dataset: Dataset, config: ExperimentConfig) -> None:
    """Draw which rows train, validate and test.

    Parameters
    ----------
    dataset, config
        The dataset and the settings.
    """
    prepared = prepared_of(dataset, config)
    table = table_of(dataset)
    when = prepared.clock if table.time is None else table.time[prepared.row]
    events_when = prepared.events.clock if table.time is None else table.time[prepared.events.row]
    st.plotly_chart(split_figure(when, prepared.folds, events_when), key="train_split_figure")


def show_sizes(dataset: Dataset, config: ExperimentConfig) -> None:
    """Show how many windows there are, and how many are positive.

    Parameters
    ----------
    dataset, config
        The dataset and the settings.
    """
    prepared = prepared_of(dataset, config)
    show_metrics(
        [
            ("Windows", f"{len(prepared.ends):,}", None),
            ("Positive", f"{prepared.n_positive:,}", "Windows whose last row is positive."),
            ("Share positive", share(prepared.n_positive, len(prepared.ends)), None),
            (
                "Unused rows",
                f"{len(prepared.row) - len(prepared.ends):,}",
                "Too near a restart, or beside missing values.",
            ),
        ]
    )


def show_shift(dataset: Dataset, config: ExperimentConfig) -> None:
    """Show the rows around the first event before and after the shift, and the first positive window.

    Parameters
    ----------
    dataset, config
        The dataset and the settings.
    """
    table, prepared = table_of(dataset), prepared_of(dataset, config)
    if not len(prepared.events):
        return
    st.subheader("What the shift and the lookback do")
    first = int(prepared.events.row[0])
    before, after = st.columns(2)
    before.markdown("**Before the shift**: the first event")
    _show_rows(before, rows_before_shift(table, first), "train_before")
    after.markdown(f"**After the shift** by {config.shift}: positives marked, the event row gone")
    _show_rows(after, rows_after_shift(table, first, prepared.row, prepared.y), "train_after")
    st.markdown(f"**First positive window**: {plural(config.lookback, 'row')}; its time is that of the last")
    excerpt = first_positive_window(table, prepared.row, prepared.y, prepared.ends, config.lookback)
    _show_rows(st.container(), excerpt, "train_window")


def _show_rows(place: DeltaGenerator, rows: pd.DataFrame, key: str) -> None:
    clock = st.column_config.DatetimeColumn(format="D MMM HH:mm")
    times = rows.select_dtypes("datetime").columns
    place.dataframe(rows, column_config=dict.fromkeys(times, clock), key=key)
