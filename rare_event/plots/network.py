"""A network layer by layer: the size of each layer's output and its number of parameters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from rare_event.detect.summary import Layer
from rare_event.plots.marks import note
from rare_event.plots.palette import COLOURS, plain, style

ROW = 26
AROUND = 150
# Minimum width of a bar: a layer with one output must stay visible next to one with thousands.
LEAST_WIDTH = 0.02
# Room for the shape of each output, to the right of the bars (pixels).
RIGHT = 128
HEADING = "output · parameters"
NAMES = {True: "layer with parameters", False: "layer without parameters"}


def network_figure(layers: Sequence[Layer], *, title: str) -> go.Figure:
    """Draw a network from top to bottom; the width of a layer is the size of its output."""
    figure = go.Figure()
    sizes = np.array([np.prod(layer.shape) for layer in layers], float)
    # Square roots keep an autoencoder's narrow middle visible next to a long window.
    widths = np.maximum(np.sqrt(sizes / sizes.max()), LEAST_WIDTH) if len(layers) else sizes
    rows = range(len(layers))
    for does, name in NAMES.items():
        mine = [row for row in rows if learns(layers[row]) == does]
        if mine:
            figure.add_bar(
                x=widths[mine],
                base=-widths[mine] / 2,
                y=mine,
                orientation="h",
                width=0.72,
                marker={"color": COLOURS["model" if does else "other"]},
                name=name,
                customdata=[in_words(layers, row) for row in mine],
                hovertemplate="%{customdata}<extra></extra>",
            )
    style(figure, title=title, x="Size of the output", y="Layer", height=AROUND + ROW * max(4, len(layers)))
    figure.update_layout(margin_r=RIGHT, bargap=0)
    figure.update_xaxes(showticklabels=False, showgrid=False, range=[-0.52, 0.52])
    figure.update_yaxes(
        tickvals=list(rows),
        ticktext=[plain(layer.kind) for layer in layers],
        range=[len(layers) - 0.4, -1.4],
        showgrid=False,
    )
    labels = [shape_in_words(layer) + (f" · {layer.parameters:,}" * learns(layer)) for layer in layers]
    for row, text in enumerate([HEADING, *labels] if labels else [], -1):
        figure.add_annotation(x=1, xref="paper", y=row, text=text, xanchor="left", showarrow=False)
    if not len(layers):
        note(figure, "There is no network to show.")
    return figure


def learns(layer: Layer) -> bool:
    """Whether a layer has parameters that training sets."""
    return layer.parameters > 0


def shape_in_words(layer: Layer) -> str:
    """Write the shape of a layer's output for one window.

    Examples
    --------
    >>> shape_in_words(Layer("LSTM", (5, 32), 1000))
    '5 × 32'
    """
    return " × ".join(f"{size:,}" for size in layer.shape)


def in_words(layers: Sequence[Layer], row: int) -> str:
    """Describe a layer in one line; name its inputs where they are not the layer above."""
    layer = layers[row]
    told = f"{plain(layer.kind)}: {shape_in_words(layer)}, {layer.parameters:,} parameters"
    if not layer.inputs or layer.inputs == (row - 1,):
        return told
    return f"{told}, from {' and '.join(f'{plain(layers[i].kind)} ({i + 1})' for i in layer.inputs)}"
