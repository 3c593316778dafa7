"""Running time, stops, events and the parts of a split, on a time line."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from rare_event.plots.decimate import LIMIT, thin
from rare_event.plots.marks import as_minutes, axis_duration, is_time, note, ringed, time_title
from rare_event.plots.palette import COLOURS, Role, style
from rare_event.plots.tracks import Machines, name_tracks, tested_in, tracks_of
from rare_event.prepare.split import Fold
from rare_event.prepare.stretches import find_events, median_step
from rare_event.text import plural

# A bar is worth three points of a line: corners that the browser has to draw.
MOST_SPANS = LIMIT // 3
BINS = 120
TRACK = 0.8
# A track with its own events is lower and leaves room above.
LOW_TRACK, BELOW = 0.5, 0.15
EVENTS_ABOVE = 0.27
_NONE = np.zeros(0, np.int64)
PARTS: tuple[Role, ...] = ("train", "validation", "test")


def stretch_figure(when: np.ndarray, stretch: np.ndarray, label: np.ndarray) -> go.Figure:
    """Draw the stretches as bars on one time line, stops as the gaps between them, events above.

    Parameters
    ----------
    when
        Time of each row, datetime64 or numbers of rows, rising, shape (n_rows,).
    stretch
        Stretch id of each row, never falling, shape (n_rows,).
    label
        1 in event rows, shape (n_rows,).
    """
    figure = go.Figure()
    n_stretches, merged = add_running(figure, when, stretch)
    if not n_stretches:
        note(figure, "The table has no rows.")
    events = find_events(as_minutes(when), label, stretch)
    _add_event_ticks(figure, when[events.row], 1.7, "triangle-down")
    counted = f", {_count(len(events), 'event', 'events')}" if len(events) else ""
    what = "Running time" if is_time(when) else "Running rows"
    left_out = f" ({_count(merged, 'short stop', 'short stops')} not drawn)" if merged else ""
    style(
        figure,
        title=f"{what}: {_count(n_stretches, 'stretch', 'stretches')}{counted}{left_out}",
        x=time_title(when),
        y="State",
        height=200,
    )
    # The axis names what is drawn.
    figure.update_layout(showlegend=False, margin={"t": 40, "b": 44})
    names = ["running", "event"] if len(events) else ["running"]
    figure.update_yaxes(
        tickvals=[1, 1.7][: len(names)], ticktext=names, range=[0.5, 2], showgrid=False, fixedrange=True
    )
    return figure


def add_running(
    figure: go.Figure, when: np.ndarray, stretch: np.ndarray, yaxis: str = "y"
) -> tuple[int, int]:
    """Draw the stretches as bars at height 1 of an axis, stops as the gaps between them.

    Parameters
    ----------
    figure
        Changed in place.
    when
        Time of each row, datetime64 or numbers of rows, rising, shape (n_rows,).
    stretch
        Stretch id of each row, never falling, shape (n_rows,).
    yaxis
        The axis.

    Returns
    -------
    tuple of int
        Number of stretches, and of the stops between them that are too short to be drawn.
    """
    first = np.flatnonzero(np.diff(stretch, prepend=stretch[:1] - 1))
    last = np.append(first[1:], len(stretch))[: len(first)] - 1
    begins, ends = _longest_gaps(as_minutes(when), first, last)
    _add_spans(figure, "running", when, begins, ends, np.ones(len(begins)), ends - begins + 1, yaxis=yaxis)
    return len(first), len(first) - len(begins)


def split_figure(
    when: np.ndarray, folds: Sequence[Fold], events_when: np.ndarray, machines: Machines | None = None
) -> go.Figure:
    """Draw which rows train, validate and test, one track for each fold and machine.

    Parts of whole spans are drawn as bars. Where rows are scattered, as in a random split, a track
    shows the share of each part in every time slice instead.

    Parameters
    ----------
    when
        Time of each row, datetime64 or numbers of rows, shape (n_rows,).
    folds
        Of the split plan, as positions among these rows.
    events_when
        Times of the events, shape (n_events,).
    machines
        None for one machine.
    """
    figure, events_when = go.Figure(), np.asarray(events_when)
    names, tracks = tracks_of(folds, machines)
    if machines is None:
        scattered = _add_parts(figure, when, tracks, TRACK, 0.0)
        _add_event_ticks(figure, events_when, 0.3, "line-ns")
    else:
        scattered = _add_parts(figure, when, tracks, LOW_TRACK, BELOW)
        first = len(machines.names) * np.arange(len(folds))[:, None] + 1 - EVENTS_ABOVE
        again = np.tile(events_when, len(folds))
        _add_event_ticks(figure, again, (first + machines.of_event).ravel(), "line-ns")
    what = "share of the rows in each part, by fold and time" if scattered else "rows of each part"
    style(figure, title=f"Split: {what}", x=time_title(when), height=200 + 32 * min(len(tracks), 20))
    name_tracks(figure, names, folds, machines)
    if machines is None and len(events_when):
        figure.update_yaxes(
            tickvals=[0.3, *figure.layout.yaxis.tickvals],
            ticktext=["events", *figure.layout.yaxis.ticktext],
            range=[len(folds) + 0.5, 0],
        )
    return figure


def folds_figure(
    when: np.ndarray,
    folds: Sequence[Fold],
    events_when: np.ndarray,
    events_caught: np.ndarray,
    events_row: np.ndarray,
    machines: Machines | None = None,
) -> go.Figure:
    """Draw the folds on a time line, one track for each and its machines, with the events caught or missed.

    Parameters
    ----------
    when, folds
        As in `split_figure`.
    events_when
        Times of the events of the test parts, shape (n_events,).
    events_caught
        Whether each was caught, bool, shape (n_events,).
    events_row
        Position among these rows of the last one up to each event, shape (n_events,).
    machines
        None for one machine.
    """
    figure = go.Figure()
    caught, events_when = np.asarray(events_caught, bool), np.asarray(events_when)
    names, tracks = tracks_of(folds, machines)
    _add_parts(figure, when, tracks, LOW_TRACK, BELOW)
    track = tested_in(tracks, np.asarray(events_row), machines) - EVENTS_ABOVE
    marks: tuple[tuple[Role, np.ndarray, str], ...] = (
        ("missed", ~caught, "x-thin"),
        ("caught", caught, "triangle-down"),
    )
    for role, mine, symbol in marks:
        _add_event_ticks(figure, events_when[mine], track[mine], symbol, role)
    style(
        figure,
        title=f"Test folds: {int(caught.sum()):,} of {_count(len(caught), 'event', 'events')} caught",
        x=time_title(when),
        height=200 + 40 * min(len(tracks), 20),
    )
    return name_tracks(figure, names, folds, machines)


def _add_parts(
    figure: go.Figure, when: np.ndarray, folds: Sequence[Fold], height: float, below: float
) -> bool:
    """Draw the parts of each fold in its track; return whether they are too scattered for bars."""
    spans = {part: [_spans(getattr(fold, part), when) for fold in folds] for part in PARTS}
    scattered = sum(len(begins) for tracks in spans.values() for begins, _ in tracks) > MOST_SPANS
    if scattered:
        _add_shares(figure, when, folds, height, below)
    else:
        for part, tracks in spans.items():
            begins, ends = (np.concatenate([_NONE, *(track[i] for track in tracks)]) for i in (0, 1))
            track = np.repeat(np.arange(1, len(folds) + 1), [len(b) for b, _ in tracks]) + below
            _add_spans(figure, part, when, begins, ends, track, ends - begins + 1, height)
    if not len(folds):
        note(figure, "The split has no folds.")
    return scattered


def _count(n: int, one: str, many: str) -> str:
    return f"{n:,} {one if n == 1 else many}"


def _spans(rows: np.ndarray, when: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find the first and last row of each run of neighbouring rows; time falls where an asset begins."""
    rows = np.sort(rows)
    cut = np.flatnonzero((np.diff(rows) > 1) | (when[rows[1:]] < when[rows[:-1]]))
    return rows[np.append([0], cut + 1)[: len(rows)]], rows[np.append(cut, len(rows) - 1)[: len(rows)]]


def _longest_gaps(clock: np.ndarray, first: np.ndarray, last: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find the first and last row of each stretch; above the limit, only the longest stops separate them."""
    if len(first) <= MOST_SPANS:
        return first, last
    stop = clock[first[1:]] - clock[last[:-1]]
    cut = np.sort(np.argsort(-stop, kind="stable")[: MOST_SPANS - 1])
    return first[np.append(0, cut + 1)], last[np.append(cut, len(last) - 1)]


def _add_spans(
    figure: go.Figure,
    role: Role,
    when: np.ndarray,
    begins: np.ndarray,
    ends: np.ndarray,
    track: np.ndarray,
    n_rows: np.ndarray,
    height: float = TRACK,
    yaxis: str = "y",
) -> None:
    """Draw a bar from the first row of each span to the end of its last."""
    if not len(begins):
        return
    clock = as_minutes(when)
    length = np.maximum(clock[ends] - clock[begins], 0) + median_step(clock)
    figure.add_bar(
        orientation="h",
        base=when[begins],
        x=length * axis_duration(when),
        y=track,
        width=height,
        yaxis=yaxis,
        marker={"color": COLOURS[role], "line": {"width": 0}},
        customdata=np.column_stack([n_rows, length / 60]),
        name=role,
        hovertext=[plural(int(n), "row") for n in n_rows],
        hovertemplate=f"{role}: %{{hovertext}}"
        + (" over %{customdata[1]:,.1f} hours" if is_time(when) else "")
        + "<extra></extra>",
    )
    figure.update_xaxes(type="date" if is_time(when) else "linear")


def _add_shares(
    figure: go.Figure, when: np.ndarray, folds: Sequence[Fold], height: float, below: float
) -> None:
    """Draw the shares of the parts as stacked bars, one stack for each track and time slice."""
    clock = as_minutes(when)
    edges = np.histogram_bin_edges(clock, BINS)
    counts = np.array([[np.histogram(clock[getattr(f, p)], edges)[0] for f in folds] for p in PARTS])
    share = counts / np.maximum(counts.sum(axis=0), 1)
    # The vertical axis points down, so that fold 1 is on top: a stack begins at the foot of its track.
    foot = np.arange(1, len(folds) + 1)[:, None] + below + height / 2
    unit = axis_duration(when)
    middle = (edges[:-1] + edges[1:]) / 2
    x = when.min() + (middle * unit).astype("timedelta64[ms]") if is_time(when) else middle
    for number, part in enumerate(PARTS):
        used = share[number] > 0
        figure.add_bar(
            x=np.broadcast_to(x, used.shape)[used],
            y=-height * share[number][used],
            base=(foot - height * share[:number].sum(axis=0))[used],
            width=float(edges[1] - edges[0]) * unit,
            marker={"color": COLOURS[part], "line": {"width": 0}},
            customdata=share[number][used],
            name=part,
            hovertemplate=f"{part}: %{{customdata:.0%}} of the rows<extra></extra>",
        )


def _add_event_ticks(
    figure: go.Figure,
    events_when: np.ndarray,
    track: float | np.ndarray,
    symbol: str,
    role: Role = "event",
) -> None:
    kept = thin(np.arange(len(events_when)), LIMIT)
    if not len(kept):
        return
    shown, name = events_when[kept], role if role == "event" else f"event {role}"
    figure.add_scatter(
        x=shown,
        y=np.broadcast_to(track, len(events_when))[kept],
        mode="markers",
        marker=ringed(role, symbol, 9),
        name=name,
        hovertemplate=f"{name}, "
        + ("%{x|%Y-%m-%d %H:%M}" if is_time(shown) else "row %{x:,.0f}")
        + "<extra></extra>",
    )
