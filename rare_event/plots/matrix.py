"""The confusion matrix."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from rare_event.plots.palette import BLUE, style

CLASSES = ("normal", "positive")
# Opaque: Plotly writes the numbers in black or white to suit the cell's colour.
SCALE = [[0.0, "#E3EEF6"], [1.0, BLUE]]


def confusion_figure(
    tn: int, fp: int, fn: int, tp: int, *, part: str, classes: tuple[str, str] = CLASSES
) -> go.Figure:
    """Draw the confusion matrix; the colour is the share of the row."""
    counts = np.array([[tn, fp], [fn, tp]])
    of_row = counts.sum(axis=1, keepdims=True)
    share = counts / np.maximum(of_row, 1)
    text = [[_cell(counts[i, j], share[i, j], of_row[i, 0]) for j in (0, 1)] for i in (0, 1)]
    figure = go.Figure(
        go.Heatmap(
            z=share,
            x=list(classes),
            y=list(classes),
            text=text,
            texttemplate="%{text}",
            textfont={"size": 15},
            colorscale=SCALE,
            zmin=0,
            zmax=1,
            showscale=False,
            xgap=4,
            ygap=4,
            name="number of windows, and their share of the true class (%)",
            hovertemplate="true class %{y}, predicted %{x}: %{text}<extra></extra>",
        )
    )
    style(
        figure,
        title=f"{part}: confusion matrix",
        x="Predicted class",
        y="True class (% of its windows)",
        height=340,
    )
    figure.update_xaxes(showgrid=False)
    figure.update_yaxes(showgrid=False, autorange="reversed")
    figure.update_layout(margin_b=64)
    return figure


def _cell(count: int, share: float, of_row: int) -> str:
    return f"{count:,}<br>{share:.1%}" if of_row else f"{count:,}<br>–"
