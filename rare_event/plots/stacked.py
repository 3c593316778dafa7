"""Several sensors over time, one below the other, with one time axis for all."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from rare_event.plots.decimate import LIMIT, thin
from rare_event.plots.marks import faintness, note, time_title
from rare_event.plots.palette import COLOURS, short, style
from rare_event.plots.sensors import add_sensor, broken_line
from rare_event.plots.timeline import add_running

MOST_SENSORS = 4
TRACK_PIXELS, SENSOR_PIXELS, AROUND = 34, 150, 130
SPACE = 0.03  # of the height, between two sensors
LONGEST_TITLE = 20  # what fits along the height of one sensor


def stacked_figure(
    when: np.ndarray,
    sensors: Mapping[str, np.ndarray],
    stretch: np.ndarray,
    events_when: np.ndarray,
) -> go.Figure:
    """Draw sensors one below the other; zooming into one zooms into all.

    Parameters
    ----------
    when
        Time of each row, datetime64 or numbers of rows, rising, shape (n_rows,).
    sensors
        Values of each sensor, shape (n_rows,); may have missing values. At most four are drawn.
    stretch
        Stretch id of each row, drawn above the sensors: stops are gaps.
    events_when
        Times of the events, shape (n_events,).
    """
    figure = go.Figure()
    drawn = dict(list(sensors.items())[:MOST_SENSORS])
    height = AROUND + TRACK_PIXELS + SENSOR_PIXELS * max(len(drawn), 1)
    top = 1 - TRACK_PIXELS / (height - AROUND)
    each = top / max(len(drawn), 1)
    running = max(len(drawn), 1) + 1
    axes = {
        # From the lowest to the highest: the first axis is the one above the time axis.
        "yaxis" if number == 0 else f"yaxis{number + 1}": {
            "domain": [number * each, (number + 1) * each - SPACE],
            "title": {"text": short(name, LONGEST_TITLE)},
        }
        for number, name in enumerate(reversed(list(drawn) or ["Value"]))
    }
    for axis, (name, values) in zip(axes, reversed(drawn.items()), strict=False):
        _add_sensor(figure, when, values, name, axis.replace("axis", ""))
    add_running(figure, when, stretch, yaxis=f"y{running}")
    _add_events(figure, events_when, f"y{running + 1}")
    if not drawn:
        note(figure, "Choose at least one sensor.")
    figure.update_layout(axes)
    names = ", ".join(short(name, LONGEST_TITLE) for name in drawn)
    style(figure, title=f"Over time: {names}" if drawn else "Over time", x=time_title(when), height=height)
    hidden = {"showgrid": False, "zeroline": False, "fixedrange": True}
    figure.update_layout(
        {
            f"yaxis{running}": {**hidden, "domain": [top, 1], "range": [0.4, 1.6], "showticklabels": False},
            f"yaxis{running + 1}": {**hidden, "domain": [0, 1], "range": [0, 1], "visible": False},
            "xaxis": {"anchor": "y", "showspikes": True, "spikemode": "across", "spikethickness": 1},
        }
    )
    return figure.update_layout(hovermode="x unified", hoversubplots="axis", showlegend=True)


def _add_sensor(figure: go.Figure, when: np.ndarray, values: np.ndarray, name: str, yaxis: str) -> None:
    x, y = broken_line(when, np.asarray(values, dtype=float))
    if not len(x):
        figure.add_annotation(
            text="This sensor has no values here.",
            x=0.5,
            y=0.5,
            xref="paper",
            yref=f"{yaxis} domain",
            showarrow=False,
        )
        return
    add_sensor(figure, x, y, name, 1.2, yaxis=yaxis, showlegend=False)


def _add_events(figure: go.Figure, events_when: np.ndarray, yaxis: str) -> None:
    shown = thin(np.asarray(events_when), LIMIT // 3)
    if len(shown):
        figure.add_scatter(
            x=np.repeat(shown, 3),
            y=np.tile([0.0, 1.0, np.nan], len(shown)),
            yaxis=yaxis,
            mode="lines",
            line={"color": COLOURS["event"], "width": 1},
            opacity=faintness(len(shown)),
            name="event",
            hoverinfo="skip",
        )
