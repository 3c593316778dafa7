"""One alarm: its score, the sensors that moved, and their courses against what is normal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from rare_event.plots.marks import add_events, note, ringed, time_title
from rare_event.plots.palette import COLOURS, faint, plain, short, style
from rare_event.plots.scales import log_axis, long_tailed
from rare_event.plots.sensors import add_sensor, broken_line

MOST_COURSES = 4
COURSE_PIXELS, AROUND = 150, 226
SPACE = 0.04  # of the height, between two sensors
EDGE = 0.02  # of the time that is shown, to either side
LONGEST_TITLE = 16  # what fits along the height of one sensor
BAR_PIXELS, AROUND_BARS, LEAST_BARS = 30, 120, 3
NO_SENSOR = "No sensor is singled out here."
NO_WINDOW = "No window was scored here."


@dataclass(frozen=True, eq=False)
class Course:
    """A sensor around an alarm.

    Parameters
    ----------
    name
        Of the sensor.
    values
        Shape (n_rows,); may have missing values.
    low, high
        Between which nine in ten of its normal training values lie.
    corrected
        What the model expects of it in the row of the highest score; NaN if that is not drawn.
    """

    name: str
    values: np.ndarray
    low: float
    high: float
    corrected: float = np.nan


def score_around_figure(
    when: np.ndarray,
    level: np.ndarray,
    at: object,
    events_when: np.ndarray,
    *,
    part: str,
    what: str = "alarm",
    height: int = 300,
) -> go.Figure:
    """Draw the score around an alarm, in multiples of the threshold.

    Parameters
    ----------
    when
        Time of each window, datetime64 or numbers of rows, shape (n,).
    level
        Score of each window over its threshold, shape (n,).
    at
        Time of the window that is explained.
    events_when
        Times of the events, shape (n_events,).
    part, what
        For the title: of the data, and alarm or event.
    height
        Of the figure, in pixels.
    """
    figure = go.Figure()
    x, y = broken_line(when, np.asarray(level, dtype=float))
    if len(x):
        figure.add_scatter(
            x=x,
            y=y,
            mode="lines+markers",
            line={"color": COLOURS["normal"], "width": 1.5},
            marker={"color": COLOURS["normal"], "size": 4},
            name="score",
            hovertemplate="%{y:.3g} times the threshold<extra></extra>",
        )
        _add_marks(figure, when, level, at)
        _add_line(figure, when, 1.0)
    else:
        note(figure, NO_WINDOW)
    add_events(figure, events_when)
    style(
        figure,
        title=f"{part}: score around the {what}",
        x=time_title(when),
        y="Score (multiples<br>of the threshold)",
        height=height,
        hovermode="x unified",
    )
    finite = y[np.isfinite(y) & (y > 0)] if len(x) else np.empty(0)
    if len(finite) and len(finite) == np.isfinite(y).sum() and long_tailed(np.append(finite, 1.0)):
        highest, lowest = max(finite.max(), 1.0), min(finite.min(), 1.0)
        figure.update_layout(yaxis=log_axis(float(np.log10(highest / lowest))))
    return figure.update_layout(showlegend=True)


def _add_marks(figure: go.Figure, when: np.ndarray, level: np.ndarray, at: object) -> None:
    """Mark the windows that reach the threshold, and the one that is explained."""
    alarm = {"color": COLOURS["alarm"], "size": 9}
    marks: tuple[tuple[str, np.ndarray, dict[str, Any]], ...] = (
        ("at or above the threshold", level >= 1, alarm),
        ("highest score", (when == at) & np.isfinite(level), ringed("positive", "circle-open", 15)),
    )
    for name, mine, marker in marks:
        if mine.any():
            figure.add_scatter(
                x=when[mine], y=level[mine], mode="markers", marker=marker, name=name, hoverinfo="skip"
            )


def _add_line(figure: go.Figure, when: np.ndarray, level: float) -> None:
    figure.add_scatter(
        x=[when.min(), when.max()],
        y=[level, level],
        mode="lines",
        line={"color": COLOURS["threshold"], "dash": "dash", "width": 2.5},
        name="threshold",
        hoverinfo="skip",
    )


def show_times(figure: go.Figure, when: np.ndarray) -> go.Figure:
    """Let the horizontal axis show these times and a little more, alike in all figures around an alarm."""
    if not len(when):
        return figure
    more = EDGE * (when.max() - when.min())
    if when.dtype.kind == "M":
        more = more.astype("timedelta64[ms]")
    return figure.update_xaxes(range=[when.min() - more, when.max() + more])


def shares_figure(sensors: Sequence[str], shares: Sequence[float], *, title: str, x: str) -> go.Figure:
    """Draw shares of sensors as bars, the largest on top.

    Parameters
    ----------
    sensors
        Their names.
    shares
        0 to 1.
    title, x
        Of the figure, and what is shared, with its unit.
    """
    figure = go.Figure()
    percent = [100 * share for share in shares]
    if sensors:
        figure.add_bar(
            x=percent[::-1],
            y=list(range(len(sensors))),
            orientation="h",
            width=0.65,
            marker={"color": COLOURS["sensor"]},
            text=[f"{value:.0f}%" for value in percent[::-1]],
            textposition="auto",
            customdata=[plain(name) for name in sensors[::-1]],
            hovertemplate="%{customdata}: %{x:.1f}%<extra></extra>",
            name="share of each sensor",
        )
    else:
        note(figure, NO_SENSOR)
    rows = max(len(sensors), LEAST_BARS)
    height = AROUND_BARS + BAR_PIXELS * rows
    style(figure, title=title, x=x, y="Sensor", height=height)
    figure.update_yaxes(
        tickvals=list(range(len(sensors))),
        ticktext=[short(name, LONGEST_TITLE + 6) for name in sensors[::-1]],
        title_text="Sensor",
        # Few bars are no thicker than many.
        range=[len(sensors) - rows - 0.5, max(len(sensors), 1) - 0.5],
        showgrid=False,
    )
    figure.update_layout(margin={"b": 56})
    return figure.update_xaxes(range=[0, 100])


def courses_figure(
    when: np.ndarray,
    courses: Sequence[Course],
    at: object,
    events_when: np.ndarray,
    *,
    reading: str,
    what: str = "alarm",
) -> go.Figure:
    """Draw sensors around an alarm one below the other, each with the band of its normal values.

    Parameters
    ----------
    when
        Time of each row, datetime64 or numbers of rows, shape (n_rows,).
    courses
        The sensors, at most `MOST_COURSES` of which are drawn.
    at
        Time of the window that is explained.
    events_when
        Times of the events.
    reading, what
        For the title: what is drawn of a sensor, and alarm or event.
    """
    figure = go.Figure()
    drawn = courses[:MOST_COURSES]
    count = max(len(drawn), 1)
    for number, course in enumerate(reversed(drawn)):
        axis = "y" if number == 0 else f"y{number + 1}"
        _add_course(figure, when, course, at, axis, legend=number == 0)
    if not drawn:
        note(figure, NO_SENSOR)
    _add_event_lines(figure, events_when, f"y{count + 1}")
    style(
        figure,
        title=f"Sensors around the {what}: {reading[:1].lower()}{reading[1:]}",
        x=time_title(when),
        height=AROUND + COURSE_PIXELS * count,
        hovermode="x unified",
    )
    figure.update_layout(
        {
            "yaxis" if number == 0 else f"yaxis{number + 1}": {
                "domain": [number / count, (number + 1) / count - (SPACE if number < count - 1 else 0)],
                "title": {"text": short(name, LONGEST_TITLE)},
            }
            for number, name in enumerate(reversed([course.name for course in drawn] or ["Value"]))
        }
    )
    figure.update_layout(
        {
            f"yaxis{count + 1}": {"domain": [0, 1], "range": [0, 1], "visible": False, "fixedrange": True},
            "xaxis": {"anchor": "y"},
        }
    )
    return figure.update_layout(hoversubplots="axis", showlegend=True)


def _add_course(
    figure: go.Figure, when: np.ndarray, course: Course, at: object, yaxis: str, *, legend: bool
) -> None:
    x, y = broken_line(when, np.asarray(course.values, dtype=float))
    shown = {"yaxis": yaxis, "showlegend": legend}
    if len(when) and np.isfinite([course.low, course.high]).all():
        ends = [when.min(), when.max()]
        figure.add_scatter(
            x=[*ends, *ends[::-1]],
            y=[course.low, course.low, course.high, course.high],
            mode="lines",
            line={"width": 0},
            fill="toself",
            fillcolor=faint("change", 0.2),
            name="middle 90% of the normal training rows",
            hoverinfo="skip",
            **shown,
        )
    if len(x):
        add_sensor(figure, x, y, course.name, 1.5, **shown)
        figure.data[-1].name = "measured"
    values = np.asarray(course.values, dtype=float)
    mine = np.flatnonzero((when == at) & np.isfinite(values))
    if len(mine):
        figure.add_scatter(
            x=when[mine],
            y=values[mine],
            mode="markers",
            marker=ringed("positive", "circle-open", 13),
            name="row with the highest score",
            hoverinfo="skip",
            **shown,
        )
        if np.isfinite(course.corrected):
            figure.add_scatter(
                x=when[mine],
                y=[course.corrected],
                mode="markers",
                marker=ringed("curve", "diamond", 10),
                name="what the other sensors suggest",
                hovertemplate="expected %{y:.4g}<extra></extra>",
                **shown,
            )


def _add_event_lines(figure: go.Figure, events_when: np.ndarray, yaxis: str) -> None:
    if len(events_when):
        figure.add_scatter(
            x=np.repeat(events_when, 3),
            y=np.tile([0.0, 1.0, np.nan], len(events_when)),
            yaxis=yaxis,
            mode="lines",
            line={"color": COLOURS["event"], "width": 1.5},
            name="event",
            hoverinfo="skip",
        )
