"""Points with their intervals, one row each, from the top down."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from rare_event.judge.comparison import Comparison
from rare_event.plots.marks import note
from rare_event.plots.palette import COLOURS, Role, plain, style, wrapped

# Room for a name of two lines.
ROW_HEIGHT = 44
HEIGHT_WITHOUT_ROWS = 240
CHANCE_AUC = 0.5
NO_MODELS = "There are no models to compare yet."


def differences_figure(names: Sequence[str], found: Sequence[Comparison | None], reference: str) -> go.Figure:
    """Draw by how much the AUC of each model is above that of one of them, with its 95% interval.

    Parameters
    ----------
    names
        Of the models that are compared with the reference.
    found
        Their differences to it; None where the data cannot show one.
    reference
        Name of the model they are compared with.
    """
    figure = go.Figure()
    missing = (np.nan, np.nan, np.nan)
    figures = [(each.difference, each.low, each.high) if each else missing for each in found]
    value, low, high = np.array(figures, float).reshape(-1, 3).T
    hover = [
        f"{plain(name)}<br>{number:+.3f} ({start:+.3f} to {end:+.3f})"
        for name, (number, start, end) in zip(names, figures, strict=True)
    ]
    _add_reference_line(figure, len(names), np.concatenate([value, low, high]), 0.0, "no difference", "other")
    add_intervals(figure, "model", "circle", np.arange(len(names)), value, low, high, hover)
    for row in np.flatnonzero(~np.isfinite(value)):
        figure.add_annotation(text="cannot be shown", x=0, y=row, showarrow=False)
    style(
        figure,
        title="Test: difference in AUC",
        x=f"Test AUC minus that of<br>“{wrapped(reference, 40)}”<br>(95% interval)",
        y="Model",
    )
    if not names:
        note(figure, NO_MODELS)
    name_rows(figure, [wrapped(name) for name in names])
    return figure.update_layout(showlegend=False)


def add_intervals(
    figure: go.Figure,
    role: Role,
    symbol: str,
    rows: np.ndarray,
    value: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    hover: Sequence[str],
) -> None:
    """Draw points with their intervals, each in its row.

    Parameters
    ----------
    figure
        Changed in place.
    role, symbol
        Name and colour, and shape of the points.
    rows
        Which of the values to draw; also their place on the vertical axis.
    value, low, high
        Of all rows, shape (n_rows,); a missing one is not drawn.
    hover
        What is said of each row.
    """
    whole = rows[np.isfinite(low[rows]) & np.isfinite(high[rows])]
    if len(whole):
        figure.add_scatter(
            x=np.column_stack([low, high, np.full(len(low), np.nan)])[whole].ravel(),
            y=np.repeat(whole, 3),
            mode="lines",
            line={"color": COLOURS[role], "width": 2.5},
            name=role,
            legendgroup=role,
            showlegend=False,
            hoverinfo="skip",
        )
    known = rows[np.isfinite(value[rows])]
    if len(known):
        figure.add_scatter(
            x=value[known],
            y=known,
            mode="markers",
            marker={"color": COLOURS[role], "symbol": symbol, "size": 11},
            text=[hover[row] for row in known],
            name=role,
            legendgroup=role,
            hovertemplate="%{text}<extra></extra>",
        )


def add_chance_line(figure: go.Figure, n_rows: int, values: np.ndarray) -> None:
    """Draw the AUC of chance over all rows, and let the axis show it with all values."""
    _add_reference_line(figure, n_rows, values, CHANCE_AUC, "chance", "chance")


def _add_reference_line(
    figure: go.Figure, n_rows: int, values: np.ndarray, at: float, name: str, role: Role
) -> None:
    shown = np.append(values[np.isfinite(values)], at)
    pad = max(0.05 * float(np.ptp(shown)), 0.02)
    figure.update_xaxes(range=[float(shown.min()) - pad, float(shown.max()) + pad])
    figure.add_scatter(
        x=[at, at],
        y=[-0.5, max(n_rows, 1) - 0.5],
        mode="lines",
        line={"color": COLOURS[role], "dash": "dot", "width": 2},
        name=name,
        legendrank=2000,
        hoverinfo="skip",
    )


def name_rows(figure: go.Figure, names: Sequence[str], row_height: float = ROW_HEIGHT) -> None:
    """Name the rows from the top down, and make the figure as high as they ask.

    Parameters
    ----------
    figure
        Changed in place.
    names
        Safe to show; may repeat.
    row_height
        In pixels.
    """
    n_rows = len(names)
    figure.update_layout(height=HEIGHT_WITHOUT_ROWS + round(row_height * max(n_rows, 1)))
    # Names take half of a narrow page: the legend begins below them.
    figure.update_layout(legend={"xref": "container", "x": 0})
    figure.update_yaxes(
        tickvals=list(range(n_rows)),
        ticktext=list(names),
        range=[max(n_rows, 1) - 0.5, -0.5],
        showgrid=False,
        fixedrange=True,
    )


def auc_in_words(auc: float, low: float, high: float) -> str:
    """Put an AUC with its interval in words.

    Parameters
    ----------
    auc, low, high
        Any may be missing (not a number).

    Examples
    --------
    >>> auc_in_words(0.6543, 0.61, 0.7)
    'AUC 0.654 (0.610 to 0.700)'
    """
    interval = f" ({low:.3f} to {high:.3f})" if np.isfinite(low) and np.isfinite(high) else ""
    return f"AUC {auc:.3f}{interval}"
