"""How a model fares day by day: its score, the sensors that carry it, and the alarms it gives."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from rare_event.clock import MINUTES, TimeUnit, rate_of
from rare_event.config.labels import ScoreLabel
from rare_event.plots.decimate import LIMIT, extremes, thin
from rare_event.plots.marks import note, ringed
from rare_event.plots.palette import COLOURS, DISTINCT, Role, distinct, plain, style
from rare_event.plots.scales import log_axis, long_tailed
from rare_event.text import capital, counted, number, plural

# A bar is worth three points of a line: corners that the browser has to draw.
MOST_BARS = LIMIT // 3
OTHER = "other"
# Sensors beyond the distinct colours come in the same ones, hatched.
PATTERNS = ("", "/")
MOST_SENSORS = len(DISTINCT) * len(PATTERNS)
# Days that ran for less give rates so high that an axis which shows them flattens all others.
SHORT_DAY = 6.0
LONGEST_WORDS = 28
# Dash and shape of the points of each line.
LINES = {"90% quantile": ("dash", "triangle-up"), "median": ("solid", "circle")}


def error_by_day_figure(
    days: pd.DataFrame,
    *,
    when: object = None,
    part: str,
    score: ScoreLabel,
    changes: Sequence[tuple[object, str]] = (),
    time_unit: TimeUnit = MINUTES,
) -> go.Figure:
    """Draw the score of normal windows day by day, with what changed in between.

    Parameters
    ----------
    days
        One row per day with windows, with the columns ``day`` (days since the start, rising),
        ``normal`` (number of normal windows), ``median`` and ``high`` (90% quantile) of their score.
    when
        Time of day 0, or of each day, shape (n_days,); None draws over the number of the day.
    part
        Part of the data, for the title.
    score
        What the scores are.
    changes
        When something changed, as a time or a number of a day like the axis, and what.
    time_unit
        Where it is rows, 1,000 of them stand for a day.
    """
    figure = go.Figure()
    day = days["day"].to_numpy()
    x = _times(day, when)
    for column, name in (("high", "90% quantile"), ("median", "median")):
        windows = time_unit.reword("normal windows")
        _add_line(figure, x, day, days[column].to_numpy(float), days["normal"].to_numpy(), name, windows)
    if not figure.data:
        note(figure, time_unit.reword(f"No {_day_of(time_unit)} has normal windows."))
    _add_changes(figure, changes)
    style(
        figure,
        title=time_unit.reword(f"{part}: {score.name} by day (normal windows)"),
        x=_since_start(time_unit) if when is None else "Time (date)",
        y=score.short_axis,
        height=400,
    )
    values = days[["median", "high"]].to_numpy(float).ravel()
    if long_tailed(values):
        decades = float(np.log10(np.nanmax(values)) - np.log10(np.nanmin(values)))
        figure.update_yaxes(**log_axis(decades))
    return figure


def carriers_figure(carriers: pd.DataFrame, time_unit: TimeUnit = MINUTES) -> go.Figure:
    """Draw the share of each sensor in the error, day by day; those beyond the largest are "other".

    Parameters
    ----------
    carriers
        Long form with the columns ``day`` (days since the start), ``sensor`` and ``share`` (0 to 1).
    time_unit
        See `error_by_day_figure`.
    """
    figure = go.Figure()
    table, block = _shares(carriers)
    shown = distinct(table.columns)
    for position, (sensor, name) in enumerate(zip(table.columns, shown, strict=True)):
        pattern, colour = divmod(position, len(DISTINCT))
        grey = sensor == OTHER
        figure.add_bar(
            x=table.index.to_numpy() + (block - 1) / 2,
            y=100 * table[sensor].to_numpy(),
            width=block,
            marker={
                "color": COLOURS["other"] if grey else DISTINCT[colour],
                "pattern": {"shape": "" if grey else PATTERNS[pattern]},
                "line": {"width": 0},
            },
            name=name,
            hovertemplate=f"{_day_of(time_unit)} %{{x:.0f}}: %{{y:.0f}}%",
        )
    if not len(table):
        note(figure, f"No {_day_of(time_unit)} has scored windows.")
    style(
        figure,
        title="Score by sensor over time",
        x=_since_start(time_unit),
        y="Share of the score (%)",
        height=400,
    )
    figure.update_layout(barmode="stack", bargap=0, legend_traceorder="normal")
    return figure.update_yaxes(range=[0, 100])


def false_alarms_by_day_figure(
    days: pd.DataFrame, budget: float | None, time_unit: TimeUnit = MINUTES
) -> go.Figure:
    """Draw the false alarms of each day of running time, with the days that caught events.

    A bar is as wide as the day ran, so that its area is the number of false alarms. Several machines run for
    more than a day: the widest bar is then a day, and areas are in proportion to the numbers.

    Parameters
    ----------
    days
        One row per day, with the columns ``day`` (days since the start), ``hours`` (of running),
        ``false_alarms``, ``caught`` (events) and ``false_alarms_per_day`` (of running time).
    budget
        False alarms a day that were meant; None draws no line.
    time_unit
        See `error_by_day_figure`.
    """
    figure, alarms = go.Figure(), capital(time_unit.false_alarms)
    days = days[np.isfinite(days["false_alarms_per_day"].to_numpy(float))]
    top = _top(days, budget)
    _add_bars(figure, days, time_unit)
    _add_marks(
        figure, days[days["caught"] > 0], 1.1 * top, "caught", "triangle-down", "event caught", time_unit
    )
    above = days[days["false_alarms_per_day"] > top]
    _add_marks(figure, above, 0.96 * top, "false alarm", "triangle-up-open", "above the axis", time_unit)
    if not len(days):
        note(figure, f"No {_day_of(time_unit)} {'' if time_unit.reason else 'of running time '}is scored.")
    elif budget is not None:
        first, last = float(days["day"].min()) - 0.5, float(days["day"].max()) + 0.5
        figure.add_scatter(
            x=[first, last],
            y=[budget, budget],
            mode="lines",
            line={"color": COLOURS["threshold"], "dash": "dash", "width": 2.5},
            name=f"budget: {budget:g} {time_unit.a_day}",
            hoverinfo="skip",
        )
    style(
        figure,
        title=time_unit.reword("False alarms by day"),
        x=_since_start(time_unit),
        y=f"{alarms}<br>{time_unit.per_day}"
        if time_unit.reason or time_unit.machines
        else f"{alarms} per day<br>of running time",
        height=420,
    )
    return figure.update_yaxes(range=[0, 1.18 * top])


def _day_of(time_unit: TimeUnit) -> str:
    return "block" if time_unit.reason else "day"


def _since_start(time_unit: TimeUnit) -> str:
    return "Rows since the start (thousands)" if time_unit.reason else "Time since the start (days)"


def _times(day: np.ndarray, when: object) -> np.ndarray:
    if when is None:
        return day
    start = np.asarray(when, "datetime64[us]")
    return start if start.ndim else start + day.astype("timedelta64[D]")


def _add_line(
    figure: go.Figure,
    x: np.ndarray,
    day: np.ndarray,
    values: np.ndarray,
    normal: np.ndarray,
    name: str,
    windows: str,
) -> None:
    known = np.flatnonzero(np.isfinite(values))
    if not len(known):
        return
    kept = known[extremes(values[known], LIMIT // 4)]
    # Days without windows break the line, unless it is thinned out.
    breaks = np.flatnonzero(np.diff(day[kept]) > 1) + 1 if len(kept) == len(known) else kept[:0]
    figure.add_scatter(
        x=np.insert(x[kept], breaks, x[kept][breaks]),
        y=np.insert(values[kept], breaks, np.nan),
        customdata=np.insert(normal[kept], breaks, 0),
        mode="lines+markers",
        line={"color": COLOURS["normal"], "width": 2, "dash": LINES[name][0]},
        marker={"color": COLOURS["normal"], "size": 7, "symbol": LINES[name][1]},
        connectgaps=False,
        name=name,
        hovertemplate=f"{name} %{{y:.4g}} of %{{customdata:,}} {windows}<extra></extra>",
    )


def _add_changes(figure: go.Figure, changes: Sequence[tuple[object, str]]) -> None:
    """Mark changes by lines over the whole height, with words written along them."""
    for position, (at, words) in enumerate(changes):
        text = " ".join(words.split())
        short = text if len(text) <= LONGEST_WORDS else text[: LONGEST_WORDS - 1] + "…"
        moment = np.asarray(at)
        is_day = np.issubdtype(moment.dtype, np.number)
        place = float(moment) if is_day else str(moment.astype("datetime64[s]"))
        figure.add_shape(
            type="line",
            x0=place,
            x1=place,
            yref="y domain",
            y0=0,
            y1=1,
            line={"color": COLOURS["change"], "width": 1.5},
            name="change",
            legendgroup="change",
            showlegend=position == 0,
        )
        figure.add_annotation(
            text=plain(short),
            hovertext=plain(text),
            x=place,
            yref="y domain",
            y=0.99,
            xanchor="right",
            yanchor="top",
            textangle=-90,
            showarrow=False,
            font_size=11,
        )


def _shares(carriers: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Lay shares out as days x sensors, the largest first; many days are grouped into blocks."""
    if not len(carriers):
        return pd.DataFrame(), 1
    sensor = carriers["sensor"].astype(str)
    total = carriers["share"].groupby(sensor).sum().drop(OTHER, errors="ignore").sort_values(ascending=False)
    largest = list(total.index[:MOST_SENSORS])
    by_day = carriers["share"].groupby([carriers["day"], sensor.where(sensor.isin(largest), OTHER)]).sum()
    wide = by_day.unstack(fill_value=0)
    wide = wide[[*largest, *({OTHER} & set(wide.columns))]]
    first = int(wide.index.min())
    block = -(-(int(wide.index.max()) - first + 1) * wide.shape[1] // MOST_BARS)
    return wide.groupby(first + (wide.index - first) // block * block).mean(), block


def _top(days: pd.DataFrame, budget: float | None) -> float:
    """Highest rate that the axis shows: the budget, and all days but short ones."""
    whole = days[days["hours"] >= SHORT_DAY]
    rate = (whole if len(whole) else days)["false_alarms_per_day"].to_numpy(float)
    return max(1.0, budget or 0.0, float(rate.max(initial=0.0)))


def _add_bars(figure: go.Figure, days: pd.DataFrame, time_unit: TimeUnit) -> None:
    rate = days["false_alarms_per_day"].to_numpy(float)
    kept = extremes(rate, MOST_BARS)
    if not len(kept):
        return
    shown = days.iloc[kept]
    hours = shown["hours"].to_numpy(float)
    figure.add_bar(
        x=shown["day"].to_numpy(),
        y=rate[kept],
        width=hours / (max(24.0, hours.max()) if time_unit.machines else 24),
        # An outline keeps a day visible that ran for less than a pixel.
        marker={"color": COLOURS["false alarm"], "line": {"color": COLOURS["false alarm"], "width": 1}},
        hovertext=_counted(shown, time_unit),
        name=time_unit.false_alarms
        if len(kept) == len(days)
        else f"{time_unit.false_alarms} ({plural(len(kept), _day_of(time_unit))} drawn)",
        hovertemplate=f"{_day_of(time_unit)} %{{x}}: %{{hovertext}}<extra></extra>",
    )


def _counted(days: pd.DataFrame, time_unit: TimeUnit) -> list[str]:
    """Write the false alarms of each day, with a rate where it ran long enough to have one."""
    words, hour = [], "machine-hours" if time_unit.machines else "hours"
    for false, hours in zip(days["false_alarms"], days["hours"], strict=True):
        rate = rate_of(false, round(hours / 24, 6))  # 8,640 steps of 10 s sum up to a little less
        ran = (
            f"{hours * time_unit.period / 24:,.0f} rows" if time_unit.reason else counted(number(hours), hour)
        )
        tail = "" if rate is None else f", {number(rate)} {time_unit.a_day}"
        words.append(f"{plural(int(false), time_unit.false_alarms.removesuffix('s'))} in {ran}{tail}")
    return words


def _add_marks(
    figure: go.Figure,
    days: pd.DataFrame,
    y: float,
    role: Role,
    symbol: str,
    words: str,
    time_unit: TimeUnit,
) -> None:
    """Mark days at one height, as far as the limit goes."""
    shown = days.iloc[thin(np.arange(len(days)), MOST_BARS)]
    if not len(shown):
        return
    counted = "%{customdata:,} caught, " if days["caught"].any() else ""
    figure.add_scatter(
        x=shown["day"].to_numpy(),
        y=np.full(len(shown), y),
        mode="markers",
        marker=ringed(role, symbol, 10),
        customdata=shown["caught"].to_numpy(),
        hovertext=_counted(shown, time_unit),
        name=words,
        hovertemplate=f"{_day_of(time_unit)} %{{x}}: {counted}%{{hovertext}}<extra></extra>",
    )
