"""One sensor over time, and its mean course before an event."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from rare_event.clock import MINUTES, TimeUnit
from rare_event.plots.decimate import LIMIT, extremes
from rare_event.plots.marks import add_events, as_minutes, note, time_title
from rare_event.plots.palette import COLOURS, faint, plain, short, style
from rare_event.prepare.stretches import stretches

# What fits above a third of the page, and along the height of a figure.
IN_TITLE = 17


def sensor_figure(
    when: np.ndarray,
    values: np.ndarray,
    name: str,
    unit: str | None = None,
    events_when: np.ndarray | None = None,
    height: int = 360,
    limit: int = LIMIT,
    label: str = "",
) -> go.Figure:
    """Draw one sensor over time; the line breaks at stops and at missing values.

    Parameters
    ----------
    when
        Time of each row, datetime64 or numbers of rows, shape (n_rows,).
    values
        Of the sensor, shape (n_rows,); may have missing values.
    name
        Of the sensor, shown as it is.
    unit
        Of the values, if known.
    events_when
        Times of the events, shape (n_events,).
    height
        Of the figure, in pixels.
    limit
        Largest number of points of the line.
    label
        Stands for the name where it has little room; empty: the name.
    """
    figure = go.Figure()
    x, y = broken_line(when, np.asarray(values, dtype=float), limit)
    if len(x):
        add_sensor(figure, x, y, name, 1.5)
    else:
        note(figure, "This sensor has no values.")
    if events_when is not None:
        add_events(figure, events_when)
    style(
        figure,
        title=f"{short(label or name, IN_TITLE)} over time",
        x=time_title(when),
        y=_with_unit(label or name, unit),
        height=height,
        hovermode="x unified",
    )
    return figure.update_layout(showlegend=True)


def add_sensor(figure: go.Figure, x: np.ndarray, y: np.ndarray, name: str, width: float, **more: Any) -> None:
    """Draw the line of a sensor, as `broken_line` returns it; `more` goes to the trace."""
    figure.add_scatter(
        x=x,
        y=y,
        mode="lines" if len(x) > 1 else "markers",
        line={"color": COLOURS["sensor"], "width": width},
        marker={"color": COLOURS["sensor"]},
        connectgaps=False,
        name=short(name),
        meta=[plain(name, len(name))],
        hovertemplate="%{meta[0]}: %{y:.4g}<extra></extra>",
        **more,
    )


def course_figure(
    offsets: np.ndarray,
    mean: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    name: str,
    n_events: int,
    *,
    unit: str | None = None,
    measure: str = "",
    band: str = "band",
    time_unit: TimeUnit = MINUTES,
    height: int = 360,
    label: str = "",
) -> go.Figure:
    """Draw the mean course of a sensor before an event, with its band.

    Parameters
    ----------
    offsets
        Minutes, or rows, to the event, negative before it, rising, shape (n_offsets,).
    mean, low, high
        Mean over the events and the limits of the band, each of shape (n_offsets,).
    name
        Of the sensor, shown as it is.
    n_events
        Number of events that the mean is of.
    unit
        Of the values, if known.
    measure
        What of the sensor is averaged, such as "Size of jumps"; empty for its values.
    band
        What the band is, for the legend, such as "10 to 90% of the events".
    time_unit
        Of the offsets.
    height
        Of the figure, in pixels.
    label
        Stands for the name where it has little room; empty: the name.
    """
    figure = go.Figure()
    known = np.isfinite(mean) & np.isfinite(low) & np.isfinite(high)
    reached, offsets = len(offsets), np.asarray(offsets)[known]
    if len(offsets):
        figure.add_trace(_band(offsets, low[known], high[known], band))
        _add_course(figure, offsets, mean[known], name, n_events, time_unit)
        add_events(figure, np.zeros(1))
    else:
        found = "The sensor has no values in the rows before events."
        note(figure, found if reached else "No event has enough rows before it.")
    return style(
        figure,
        title=f"{measure or 'Values'} before an event",
        x=f"Time to the event ({time_unit.name})" if not time_unit.reason else "Rows to the event",
        y=f"{f'{measure} in<br>' if measure else ''}{_with_unit(label or name, unit)}",
        height=height,
    )


def _add_course(
    figure: go.Figure,
    offsets: np.ndarray,
    mean: np.ndarray,
    name: str,
    n_events: int,
    time_unit: TimeUnit,
) -> None:
    figure.add_scatter(
        x=offsets,
        y=mean,
        mode="lines+markers",
        line={"color": COLOURS["sensor"], "width": 2},
        marker={"size": 5},
        name=f"mean of {n_events:,} event{'' if n_events == 1 else 's'}",
        meta=[plain(name, len(name))],
        hovertemplate=f"%{{meta[0]}}<br>%{{x:.4g}} {time_unit.name}: %{{y:.4g}}<extra></extra>",
    )


def _band(x: np.ndarray, low: np.ndarray, high: np.ndarray, name: str) -> go.Scatter:
    """Area along the upper limit and back along the lower one."""
    return go.Scatter(
        x=np.concatenate([x, x[::-1]]),
        y=np.concatenate([high, low[::-1]]),
        mode="lines",
        line={"width": 0},
        fill="toself",
        fillcolor=faint("sensor", 0.25),
        name=name,
        hoverinfo="skip",
    )


def _with_unit(name: str, unit: str | None) -> str:
    return f"{short(name, IN_TITLE)} ({plain(unit)})" if unit else short(name, IN_TITLE)


def broken_line(when: np.ndarray, values: np.ndarray, limit: int = LIMIT) -> tuple[np.ndarray, np.ndarray]:
    """Choose the points to draw of a sensor: at most the limit, a missing value wherever the line breaks.

    Lowest and highest values are kept, and so is every stop between two points that are.

    Parameters
    ----------
    when, values
        Time and value of each row, shape (n,).
    limit
        Largest number of points.
    """
    finite = np.isfinite(values)
    # Stops alone break the line; an event without a stop behind it does not.
    piece = stretches(as_minutes(when), np.zeros(len(values), np.int64)) if len(values) else values
    piece = (piece + np.cumsum(~finite))[finite]
    when, values = when[finite], values[finite]
    for most in (limit, limit // 2):
        kept = extremes(values, most)
        breaks = np.flatnonzero(np.diff(piece[kept])) + 1
        if len(kept) + len(breaks) <= limit:
            break
    return np.insert(when[kept], breaks, when[kept][breaks]), np.insert(values[kept], breaks, np.nan)
