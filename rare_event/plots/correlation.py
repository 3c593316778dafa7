"""Which sensors go together: a map of rank correlations."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from rare_event.plots.marks import note
from rare_event.plots.palette import plain, short, style
from rare_event.text import plural

# Beyond it, a row of the map is thinner than its name.
MOST_READABLE = 80
LONGEST_TICK = 14
SORTED = ", similar ones next to each other"
ROW_PIXELS, AROUND = 11, 190
# Blue and vermilion as elsewhere; in the middle a transparent grey, so that it reads on either page.
SCALE = [
    [0.0, "rgb(0, 114, 178)"],
    [0.5, "rgba(128, 128, 128, 0.08)"],
    [1.0, "rgb(213, 94, 0)"],
]


def correlation_figure(found: pd.DataFrame) -> go.Figure:
    """Draw the rank correlations of all pairs of sensors, in the order in which they are given.

    Parameters
    ----------
    found
        Square, as `correlation.correlations` returns it.
    """
    figure = go.Figure()
    n, names = len(found), list(map(str, found.index))
    full = np.array([plain(name, len(name)) for name in names], dtype=object)
    place = np.arange(n)
    if n:
        figure.add_heatmap(
            z=found.to_numpy().round(3),
            x=place,
            y=place,
            zmin=-1,
            zmax=1,
            colorscale=SCALE,
            xgap=1 if n <= 40 else 0,
            ygap=1 if n <= 40 else 0,
            hoverongaps=False,
            text=np.broadcast_to(full, (n, n)),
            customdata=np.broadcast_to(full[:, None], (n, n)),
            colorbar={"title": {"text": "Correlation"}, "thickness": 12, "len": 0.9},
            hovertemplate="%{customdata} and %{text}: %{z:.2f}<extra></extra>",
            name="correlation",
        )
    else:
        note(figure, "There are no sensors.")
    style(
        figure,
        title=f"Rank correlation of {plural(n, 'sensor')}{SORTED if n > 2 else ''}",
        x="Sensor",
        y="Sensor",
        height=max(320, AROUND + ROW_PIXELS * n),
    )
    ticks = {
        "tickvals": place,
        "ticktext": [short(name, LONGEST_TICK) for name in names],
        "tickfont": {"size": 9 if n > 25 else 12},
        "showgrid": False,
    }
    figure.update_xaxes(ticks, tickangle=-90)
    figure.update_yaxes(ticks, autorange="reversed")
    return figure
