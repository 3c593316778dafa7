"""Marks that several figures share: the threshold, events, notes and time axes."""

from __future__ import annotations

from textwrap import wrap
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go

from rare_event.clock import MS_PER_MINUTE
from rare_event.plots.decimate import LIMIT, thin
from rare_event.plots.palette import COLOURS, Role
from rare_event.prepare.stretches import minutes

# Characters in a line: two figures side by side on a narrow screen hold so many.
NOTE_WIDTH = 34


def note(figure: go.Figure, text: str) -> None:
    """Write a sentence in the middle of a figure that has little or nothing to show, in short lines."""
    text = "<br>".join(wrap(text, NOTE_WIDTH))
    figure.add_annotation(text=text, x=0.5, y=0.5, xref="paper", yref="paper", showarrow=False, font_size=14)


def add_steps(figure: go.Figure, role: Role, edges: np.ndarray, share: np.ndarray, **more: Any) -> None:
    """Draw the share in each bin as filled steps; `more` goes to the trace."""
    figure.add_scatter(
        # A step ends where the next begins, and the last at the end of its bin.
        x=edges,
        y=np.append(share, share[-1]),
        mode="lines",
        line={"color": COLOURS[role], "width": 2, "shape": "hv"},
        fill="tozeroy",
        **more,
    )


def ringed(role: Role, symbol: str, size: int) -> dict[str, Any]:
    """Describe markers with an outline, so that open symbols show too."""
    return {
        "color": COLOURS[role],
        "symbol": symbol,
        "size": size,
        "line": {"width": 1.5, "color": COLOURS[role]},
    }


def threshold_name(threshold: float, folds: int = 1) -> str:
    """Name the threshold in a legend; of folds with a threshold each, the median is drawn.

    Examples
    --------
    >>> threshold_name(0.43219), threshold_name(0.43219, 6)
    ('threshold 0.4322', 'median threshold of 6 folds 0.4322')
    """
    return f"{'threshold' if folds == 1 else f'median threshold of {folds} folds'} {threshold:.4g}"


def add_threshold(
    figure: go.Figure,
    threshold: float,
    across: tuple[object, object],
    along: Literal["x", "y"],
    folds: int = 1,
) -> None:
    """Draw the threshold as a dashed line."""
    if not np.isfinite(threshold):
        return
    here, there = np.full(2, float(threshold)), np.array(across)
    figure.add_trace(
        go.Scatter(
            x=here if along == "x" else there,
            y=here if along == "y" else there,
            mode="lines",
            line={"color": COLOURS["threshold"], "dash": "dash", "width": 2.5},
            name=threshold_name(threshold, folds),
            hoverinfo="skip",
        )
    )


def add_events(figure: go.Figure, events_when: np.ndarray, limit: int = LIMIT) -> None:
    """Draw events as thin lines over the whole height, whatever the vertical axis shows.

    Parameters
    ----------
    figure
        Changed in place; gets a second, invisible vertical axis.
    events_when
        Times of the events, shape (n_events,).
    limit
        Largest number of points of all lines; events beyond it are thinned out evenly.
    """
    # The data's axis lies over the events' one, so that events stay behind the data.
    figure.update_layout(
        yaxis2={"range": [0, 1], "visible": False, "fixedrange": True},
        yaxis={"overlaying": "y2", "tickmode": "auto"},
    )
    shown = thin(np.asarray(events_when), limit // 3)
    if not len(shown):
        return
    figure.add_scatter(
        x=np.repeat(shown, 3),
        y=np.tile([0.0, 1.0, np.nan], len(shown)),
        yaxis="y2",
        mode="lines",
        line={"color": COLOURS["event"], "width": 1},
        opacity=faintness(len(shown)),
        name="event",
        hoverinfo="skip",
    )


def faintness(n_lines: int) -> float:
    """Opacity of the lines of events: many would hide what they are drawn with.

    Examples
    --------
    >>> faintness(10), faintness(200), faintness(5000)
    (0.6, 0.3, 0.15)
    """
    return min(0.6, max(0.15, 60 / max(n_lines, 1)))


def is_time(when: np.ndarray) -> bool:
    """Whether an array holds dates and times rather than numbers."""
    return bool(np.issubdtype(when.dtype, np.datetime64))


def as_minutes(when: np.ndarray) -> np.ndarray:
    """Convert times to minutes since the first; numbers of rows stay.

    Parameters
    ----------
    when
        datetime64 or numbers of rows, shape (n,).
    """
    if not len(when):
        return np.zeros(0)
    return minutes(when, len(when)) if is_time(when) else when.astype(float)


def time_title(when: np.ndarray) -> str:
    """Name the time axis."""
    return "Date and time" if is_time(when) else "Row number"


def axis_duration(when: np.ndarray) -> float:
    """Length of a minute in the unit of the axis: Plotly counts milliseconds on an axis of dates."""
    return float(MS_PER_MINUTE) if is_time(when) else 1.0
