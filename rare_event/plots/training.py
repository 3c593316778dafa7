"""Training and validation loss over the epochs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from rare_event.plots.decimate import LIMIT, decimate
from rare_event.plots.marks import note
from rare_event.plots.palette import COLOURS, Role, style
from rare_event.plots.scales import log_axis

# Losses that fall by more powers of ten than this are read better on a logarithmic axis.
WIDE = 1.0
LINES: tuple[tuple[str, Role], ...] = (("loss", "loss"), ("validation_loss", "validation loss"))


def loss_figure(history: pd.DataFrame, *, fold_column: str = "fold") -> go.Figure:
    """Draw training and validation loss, with the best epoch of each fold and network marked.

    Parameters
    ----------
    history
        One row per epoch, with the columns ``epoch``, ``loss`` and ``validation_loss``, in the
        order of training; may be empty. A column ``network`` tells several networks of a fold apart.
    fold_column
        Column that tells the fold of each row; without such a column all rows are of one fold.
    """
    figure = go.Figure()
    trainings = _trainings(history, fold_column)
    for of, one in trainings.items():
        for column, role in LINES:
            _add_line(figure, of, one, column, role, LIMIT // len(trainings))
    _mark_best(figure, [*trainings.values()])
    style(figure, title="Training: loss by epoch", x="Epoch", y="Loss")
    figure.update_xaxes(tickformat="d", rangemode="tozero")
    decades = _decades(history)
    if decades > WIDE:
        figure.update_yaxes(**log_axis(decades))
    if not len(history):
        note(figure, "No epoch has finished yet.")
        figure.update_xaxes(showticklabels=False)
        figure.update_yaxes(showticklabels=False)
    return figure


def _trainings(history: pd.DataFrame, fold_column: str) -> dict[str, pd.DataFrame]:
    """Return the epochs of each fold and network, by words that tell them apart."""
    if not len(history):
        return {}
    # Folds are counted from 0.
    told = {name: first for name, first in ((fold_column, 1), ("network", 0)) if name in history}
    several = [name for name in told if history[name].nunique() > 1]
    if not several:
        return {"": history}
    return {
        "".join(f"{name} {one[name].iloc[0] + told[name]}, " for name in several): one
        for _, one in history.groupby(several, sort=True)
    }


def _add_line(figure: go.Figure, of: str, one: pd.DataFrame, column: str, role: Role, limit: int) -> None:
    known = one[np.isfinite(one[column].to_numpy(float))]
    if not len(known):
        return
    x, y = decimate(known["epoch"].to_numpy(), known[column].to_numpy(float), max(4, limit))
    figure.add_scatter(
        x=x,
        y=y,
        mode="lines" if len(x) > 1 else "markers",
        line={"color": COLOURS[role], "width": 2},
        marker={"color": COLOURS[role]},
        name=role,
        legendgroup=role,
        showlegend=all(trace.name != role for trace in figure.data),
        hovertemplate=f"{of}epoch %{{x}}: {role} %{{y:.4g}}<extra></extra>",
    )


def _mark_best(figure: go.Figure, trainings: list[pd.DataFrame]) -> None:
    known = [one for one in trainings if one["validation_loss"].notna().any()]
    if not known:
        return
    best = pd.DataFrame([one.iloc[int(np.nanargmin(one["validation_loss"]))] for one in known])
    figure.add_scatter(
        x=best["epoch"].to_numpy(),
        y=best["validation_loss"].to_numpy(float),
        mode="markers",
        marker={"color": COLOURS["validation loss"], "size": 11, "symbol": "diamond"},
        name=_name_of_best(best),
        hovertemplate="best epoch %{x}: validation loss %{y:.4g}<extra></extra>",
    )


def _name_of_best(best: pd.DataFrame) -> str:
    if len(best) == 1:
        return "best epoch"
    several = "network" in best and best["network"].nunique() > 1
    return f"best epoch of each {'network' if several else 'fold'}"


def _decades(history: pd.DataFrame) -> float:
    """Powers of ten between the lowest and the highest loss; 0 where one is not positive."""
    values = history[["loss", "validation_loss"]].to_numpy(float).ravel() if len(history) else np.zeros(0)
    values = values[np.isfinite(values)]
    if not len(values) or values.min() <= 0:
        return 0.0
    return float(np.log10(values.max()) - np.log10(values.min()))
