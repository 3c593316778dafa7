"""What the AUC of a model loses without each group of its inputs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from rare_event.plots.intervals import name_rows
from rare_event.plots.marks import note
from rare_event.plots.palette import COLOURS, Role, faint, plain, style, wrapped

# Colour, and the sign of the bar with its interval, tell them apart.
NAMES: tuple[tuple[Role, str, bool], ...] = (
    ("model", "difference seen", True),
    ("other", "no difference can be seen", False),
)


def ablation_figure(rows: pd.DataFrame) -> go.Figure:
    """Draw the fall of the AUC without each group of inputs as a bar with its 95% interval.

    Parameters
    ----------
    rows
        One row per group, from the top down, with the columns ``name``, ``fall``, ``low``, ``high`` and
        ``seen`` (whether the interval leaves 0 out).
    """
    figure = go.Figure()
    fall, low, high = (rows[column].to_numpy(float) for column in ("fall", "low", "high"))
    seen, names = rows["seen"].to_numpy(bool), [plain(name) for name in rows["name"]]
    for role, name, wanted in NAMES:
        mine = np.flatnonzero(seen == wanted)
        if not len(mine):
            continue
        figure.add_bar(
            x=fall[mine],
            y=mine,
            orientation="h",
            width=0.6,
            marker={"color": faint(role, 0.4), "line": {"color": COLOURS[role], "width": 1.5}},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": high[mine] - fall[mine],
                "arrayminus": fall[mine] - low[mine],
                "color": COLOURS[role],
                "thickness": 2.5,
            },
            customdata=[
                f"{names[row]}<br>{fall[row]:+.3f} ({low[row]:+.3f} to {high[row]:+.3f})" for row in mine
            ],
            hovertemplate="%{customdata}<extra></extra>",
            name=name,
        )
    if not len(rows):
        note(figure, "Nothing was left out.")
    style(
        figure,
        title="What the model loses without some inputs",
        x="Fall of the mean fold AUC, 95% interval",
        y="Left out",
    )
    name_rows(figure, [wrapped(name) for name in rows["name"]])
    return figure
