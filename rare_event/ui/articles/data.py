"""The steps before training: first rows, columns, shift, windows, split, scaling."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from rare_event.config import PRESETS
from rare_event.experiment.folds import part_sizes
from rare_event.plots.timeline import split_figure
from rare_event.prepare.preview import (
    first_positive_window,
    first_rows,
    rows_after_shift,
    rows_before_shift,
    scaled_moments,
)
from rare_event.store.datasets import Dataset
from rare_event.text import number, plain, plural, share
from rare_event.ui.articles.step import step
from rare_event.ui.articles.texts import COLUMNS, READ, SCALING, SHIFT, SPLIT, WINDOWS
from rare_event.ui.cache import prepared_of, table_of
from rare_event.ui.charts import draw
from rare_event.ui.train import show_rows

HEAD = 5
SENSOR_WIDTH = 80  # pixels; hovering shows a longer name in full


def show_data(dataset: Dataset, article: str) -> None:
    """Show the steps before training on the open data."""
    _show_rows_and_columns(dataset, article)
    _show_shift(dataset, article)
    _show_windows(dataset, article)
    _show_split(dataset, article)
    _show_scaling(dataset, article)


def _show_rows_and_columns(dataset: Dataset, article: str) -> None:
    table = table_of(dataset)
    with step(READ, article):
        rows = first_rows(table.frame, HEAD)
        widths = {name: st.column_config.Column(width=SENSOR_WIDTH) for name in table.schema.sensors}
        st.dataframe(rows, key="articles_rows", alt="First rows", column_config=widths)
        prepared = prepared_of(dataset, PRESETS[article])
        positive = int((table.label > 0).sum())
        st.markdown(
            f"**Here:** {plural(table.n_rows, 'row')}, {plural(len([*table.schema.roles()]), 'column')}, "
            f"{plural(positive, 'event row')} ({share(positive, table.n_rows)}) in "
            f"{plural(len(prepared.events), 'event')}."
        )
    with step(COLUMNS, article):
        left = [(column, role) for column, role in table.schema.roles() if role != "sensor"]
        named = ", ".join(f"{plain(column)} ({role})" for column, role in left)
        st.markdown(
            f"**Here:** {plural(len(table.schema.sensors), 'sensor')}. Other columns: {named or 'none'}."
        )


def _show_shift(dataset: Dataset, article: str) -> None:
    table, prepared = table_of(dataset), prepared_of(dataset, PRESETS[article])
    with step(SHIFT, article):
        if not len(prepared.events):
            st.markdown("**Here:** this file has no events, so nothing is shifted.")
            return
        first = int(prepared.events.row[0])
        before, after = st.columns(2)
        before.markdown("**Before the shift:** the first event")
        show_rows(before, rows_before_shift(table, first), "articles_before")
        after.markdown(
            "**After the shift:** the rows before the event are positive; its own rows are removed"
        )
        show_rows(after, rows_after_shift(table, first, prepared.row, prepared.y), "articles_after")


def _show_windows(dataset: Dataset, article: str) -> None:
    table, prepared, config = table_of(dataset), prepared_of(dataset, PRESETS[article]), PRESETS[article]
    with step(WINDOWS, article):
        rows, inputs = plural(config.lookback, "row"), plural(prepared.derived.values.shape[1], "sensor")
        st.markdown(
            f"**Here:** {plural(len(prepared.ends), 'window')} of {rows} and {inputs} (samples x lookback x "
            f"features); {prepared.n_positive:,} {'is' if prepared.n_positive == 1 else 'are'} positive."
            f"{' The first positive window:' if prepared.n_positive else ''}"
        )
        if prepared.n_positive:
            excerpt = first_positive_window(table, prepared.row, prepared.y, prepared.ends, config.lookback)
            show_rows(st.container(), excerpt, "articles_window")


def _show_split(dataset: Dataset, article: str) -> None:
    table, prepared = table_of(dataset), prepared_of(dataset, PRESETS[article])
    with step(SPLIT, article):
        st.dataframe(
            part_sizes(prepared, PRESETS[article].shift),
            key="articles_sizes",
            alt="Rows and events of each part",
        )
        when = table.when
        figure = split_figure(when[prepared.row], prepared.folds, when[prepared.events.row])
        draw(figure, key="articles_split")


def _show_scaling(dataset: Dataset, article: str) -> None:
    config = PRESETS[article]
    with step(SCALING, article):
        moments = scaled_moments(prepared_of(dataset, config), config.representation)
        mean, variance = moments["mean"].abs().max(), (moments["variance"] - 1).abs().max()
        st.markdown(
            f"**Here:** in the normal training rows, all means are within {_rounded(mean)} of 0 and all "
            f"variances within {_rounded(variance)} of 1."
        )
        with st.expander("Mean and variance of each sensor"):
            st.dataframe(
                _named(moments), key="articles_moments", alt="Mean and variance of the scaled sensors"
            )


def _rounded(distance: float) -> str:
    """Round a distance up to three decimals, so that none is larger."""
    return number(math.ceil(1000 * distance) / 1000) if math.isfinite(distance) else number(None)


def _named(moments: pd.DataFrame) -> pd.DataFrame:
    return moments.rename_axis("sensor").round(6)
