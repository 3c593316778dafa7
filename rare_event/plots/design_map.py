"""The design-space map: what each setting is worth, one field for each model and representation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from rare_event.plots.marks import note
from rare_event.plots.matrix import SCALE
from rare_event.plots.palette import plain, style

ROW_HEIGHT = 44
# Between two rows of fields, for the names of the lower ones.
GAP = 48
ABOVE, BELOW = 88, 132
# What a cell shows that has no figure yet.
STATE_MARKS = {"failed": "✕", "running": "…", "cancelled": "–", "interrupted": "–", "queued": "…"}


def map_figure(cells: pd.DataFrame, *, title: str, unit: str, chance: float | None, digits: int) -> go.Figure:
    """Draw the figure of each cell as colour and text; the colour bar marks chance.

    Parameters
    ----------
    cells
        One row for each cell: ``model``, ``representation``, ``lookback`` and ``shift`` (rows),
        ``state``, ``value`` with ``low`` and ``high`` (its 95% interval; each may be missing), and
        ``level``, whether it is statistically tied with the best: those are bold.
    title, unit
        Of the figure, and of the values.
    chance
        What no skill gives; None where that is not known.
    digits
        After the point.
    """
    # A column in which every figure is missing holds None.
    cells = cells.astype(dict.fromkeys(("value", "low", "high"), float))
    models, kinds = (list(dict.fromkeys(cells[name])) for name in ("model", "representation"))
    # The first row is the lowest, which has the titles of the axes.
    models.reverse()
    lookbacks, shifts = (sorted(cells[name].unique()) for name in ("lookback", "shift"))
    n_rows = max(len(models), 1)
    inner = n_rows * ROW_HEIGHT * max(len(shifts), 1) + (n_rows - 1) * GAP
    figure = make_subplots(
        n_rows,
        max(len(kinds), 1),
        subplot_titles=[plain(f"{model} · {kind}") for model in models for kind in kinds],
        start_cell="bottom-left",
        shared_xaxes=True,
        shared_yaxes=True,
        horizontal_spacing=0.02,
        vertical_spacing=GAP / inner if n_rows > 1 else 0,
    )
    for row, model in enumerate(models, 1):
        for column, kind in enumerate(kinds, 1):
            mine = cells[(cells["model"] == model) & (cells["representation"] == kind)]
            figure.add_trace(_field(mine, lookbacks, shifts, unit, digits), row, column)
    known = cells["value"].to_numpy(float)
    known = np.append(known[np.isfinite(known)], [] if chance is None else chance)
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    style(figure, title=title, x="", y="", height=inner + ABOVE + BELOW)
    figure.update_xaxes(_categories(lookbacks))
    figure.update_yaxes(_categories(shifts))
    figure.update_xaxes(title_text="Lookback (rows)", row=1)
    figure.update_yaxes(title_text="Shift (rows)", col=1)
    figure.update_annotations(font_size=13)
    figure.update_layout(
        coloraxis={
            "colorscale": SCALE,
            "cmin": low,
            "cmax": high if high > low else low + 1,
            "colorbar": _colour_bar(low, high, chance, unit, digits),
        },
        margin={"t": ABOVE, "b": BELOW},
    )
    if not len(cells):
        note(figure, "There are no cells to show.")
    return figure


def _categories(values: Sequence[int]) -> dict[str, Any]:
    """Axis with a tick for each value, also where a field has no figure yet."""
    return {
        "type": "category",
        "showgrid": False,
        "categoryorder": "array",
        "categoryarray": [str(value) for value in values],
        "range": [-0.5, len(values) - 0.5],
    }


def _field(
    cells: pd.DataFrame, lookbacks: Sequence[int], shifts: Sequence[int], unit: str, digits: int
) -> go.Heatmap:
    """Draw the cells of one model and representation."""
    at = {(row["shift"], row["lookback"]): row for row in cells.to_dict("records")}
    # Where cells were drawn at random, some of the grid are none.
    grid = [[at.get((shift, lookback)) for lookback in lookbacks] for shift in shifts]
    return go.Heatmap(
        z=[[np.nan if row is None else row["value"] for row in line] for line in grid],
        x=[str(lookback) for lookback in lookbacks],
        y=[str(shift) for shift in shifts],
        text=[["" if row is None else _text(row, digits) for row in line] for line in grid],
        texttemplate="%{text}",
        # Plotly's own choice would make what is bold smaller than the rest.
        textfont={"size": 12},
        customdata=[["" if row is None else _hover(row, unit, digits) for row in line] for line in grid],
        hovertemplate="%{customdata}<extra></extra>",
        hoverongaps=True,
        coloraxis="coloraxis",
        xgap=3,
        ygap=3,
        name=" · ".join(plain(str(cells[name].iloc[0])) for name in ("model", "representation"))
        if len(cells)
        else "no cells",
    )


def _text(row: Mapping[Any, Any], digits: int) -> str:
    value = row["value"]
    if not isinstance(value, float | int) or not np.isfinite(value):
        return STATE_MARKS.get(str(row["state"]), "")
    text = f"{value:.{digits}f}"
    return f"<b>{text}</b>" if row["level"] is True else text


def _hover(row: Mapping[Any, Any], unit: str, digits: int) -> str:
    setting = (
        f"{plain(str(row['model']))} · {plain(str(row['representation']))}<br>"
        f"lookback {row['lookback']}, shift {row['shift']} (rows)<br>"
    )
    value, low, high = (float(str(row[name])) for name in ("value", "low", "high"))
    if not np.isfinite(value):
        return f"{setting}{plain(str(row['state']))}"
    between = f" (95% interval {low:.{digits}f} to {high:.{digits}f})" if np.isfinite(low) else ""
    level = "<br>statistically tied with the best" if row["level"] is True else ""
    return f"{setting}{plain(unit)} {value:.{digits}f}{between}{level}"


def _colour_bar(low: float, high: float, chance: float | None, unit: str, digits: int) -> dict[str, object]:
    """Give the ends of the scale, and chance between them."""
    # The unit stands with the highest: a title would lie over the bar.
    ticks = {low: f"{low:.{digits}f}", high: f"{high:.{digits}f} {plain(unit)}"}
    if chance is not None:
        room = 0.08 * (high - low)
        # Labels that would lie over one another are left out for that of chance.
        ticks = {at: text for at, text in ticks.items() if abs(at - chance) > room}
        ticks[chance] = f"chance {chance:.{max(digits, 1)}f}"
    return {
        "orientation": "h",
        "x": 0,
        "xanchor": "left",
        "yref": "container",
        "y": 0.01,
        "yanchor": "bottom",
        "len": 0.6,
        "tickvals": list(ticks),
        "ticktext": list(ticks.values()),
        "thickness": 14,
        "outlinewidth": 0,
    }
