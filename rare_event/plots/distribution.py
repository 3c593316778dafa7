"""The values of one sensor in normal rows and before events."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from rare_event.plots.marks import add_steps, note
from rare_event.plots.palette import OPACITY, Role, plain, short, style

BINS = 40
# Few values far outside would leave all others in one bin: they are counted in the bins at the ends.
OUTSIDE = 0.005


def distribution_figure(normal: np.ndarray, positive: np.ndarray, name: str, before: str) -> go.Figure:
    """Draw the shares of normal rows and of rows before events in the same bins.

    Parameters
    ----------
    normal, positive
        Values in rows of either class; may have missing values.
    name
        What the values are, shown as it is.
    before
        What the positive rows are, for the legend, such as "2 rows before an event".
    """
    figure = go.Figure()
    normal, positive = (np.asarray(v, dtype=float)[np.isfinite(v)] for v in (normal, positive))
    edges = _edges(normal, positive)
    classes: tuple[tuple[Role, np.ndarray, str], ...] = (
        ("normal", normal, "normal rows"),
        ("positive", positive, before),
    )
    for role, values, words in classes:
        if len(values):
            share = np.histogram(values.clip(edges[0], edges[-1]), edges)[0] / len(values)
            add_steps(
                figure,
                role,
                edges,
                share,
                opacity=OPACITY,
                meta=[plain(name, len(name))],
                name=f"{words} ({len(values):,})",
                hovertemplate=f"%{{meta[0]}} from %{{x:.4g}}: %{{y:.1%}} of the {words}<extra></extra>",
            )
    if not figure.data:
        note(figure, "There are no values.")
    style(
        figure,
        title=f"{short(name)}: normal rows and rows before events",
        x=short(name),
        y="Share of the rows in each class",
    )
    return figure.update_yaxes(tickformat=".0%", rangemode="tozero")


def _edges(normal: np.ndarray, positive: np.ndarray) -> np.ndarray:
    every = np.concatenate([normal, positive])
    if not len(every):
        return np.array([0.0, 1.0])
    low, high = np.quantile(every, [OUTSIDE, 1 - OUTSIDE])
    if low == high:
        low, high = every.min(), every.max()
    # Wide enough for different edges even where values are so large that steps of 1 are lost.
    room = 0.5 if low == high else 0.0
    low, high = low - max(room, abs(low) * room * 1e-6), high + max(room, abs(high) * room * 1e-6)
    return np.linspace(low, high, BINS + 1)
