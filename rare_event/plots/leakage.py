"""What a split that lets the past see the future adds to a model's figures."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from rare_event.plots.intervals import add_chance_line, add_intervals, auc_in_words, name_rows
from rare_event.plots.marks import note
from rare_event.plots.palette import Role, plain, style, wrapped

# Shape as well as colour tells the two apart.
SYMBOLS: dict[Role, str] = {"optimistic split": "diamond", "honest split": "circle"}


def leakage_figure(rows: pd.DataFrame) -> go.Figure:
    """Draw the AUC of one model under several splits, one row for each, in the order given.

    Parameters
    ----------
    rows
        One row per split, with the columns ``name``, ``optimistic`` (whether its figures are),
        ``auc``, ``low`` and ``high`` (the last two may be missing).
    """
    figure = go.Figure()
    auc, low, high = (rows[column].to_numpy(float) for column in ("auc", "low", "high"))
    optimistic = rows["optimistic"].to_numpy(bool)
    hover = [
        f"{plain(name)}<br>{auc_in_words(*figures)}"
        for name, *figures in zip(rows["name"], auc, low, high, strict=True)
    ]
    add_chance_line(figure, len(rows), np.concatenate([auc, low, high]))
    groups: tuple[tuple[Role, np.ndarray], ...] = (
        ("optimistic split", optimistic),
        ("honest split", ~optimistic),
    )
    for role, mine in groups:
        add_intervals(figure, role, SYMBOLS[role], np.flatnonzero(mine), auc, low, high, hover)
        for row in np.flatnonzero(mine & np.isfinite(auc)):
            figure.add_annotation(text=f"{auc[row]:.2f}", x=auc[row], y=row, yshift=15, showarrow=False)
    if not len(rows):
        note(figure, "The model was not tried with other splits.")
    style(figure, title="The same model with three splits", x="ROC AUC, 95% interval", y="Split of the rows")
    name_rows(figure, [wrapped(name) for name in rows["name"]], 48)
    return figure
