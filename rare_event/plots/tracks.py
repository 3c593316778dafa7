"""Tracks of a time line: one for each fold, and in each fold one for each machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from rare_event.plots.palette import plain
from rare_event.prepare.prepared import Prepared
from rare_event.prepare.split import Fold

MOST_LABELS = 40


@dataclass(frozen=True)
class Machines:
    """Names of machines that share the hours, and the number of each row's and each event's machine."""

    names: tuple[str, ...]
    asset: np.ndarray
    of_event: np.ndarray


def machines_of(prepared: Prepared, events: np.ndarray | None = None) -> Machines | None:
    """Return the machines of prepared data, with those of some events or of all; None for one machine."""
    of_event = prepared.events.asset
    if prepared.asset is None or of_event is None:
        return None
    return Machines(prepared.assets, prepared.asset, of_event if events is None else of_event[events])


def tracks_of(folds: Sequence[Fold], machines: Machines | None) -> tuple[list[str], list[Fold]]:
    """Name the tracks, and divide the folds among them: fold by fold, in each machine by machine."""
    if machines is None:
        return [str(number) for number in range(1, len(folds) + 1)], list(folds)
    names, tracks = [], []
    for number, fold in enumerate(folds, 1):
        for asset, name in enumerate(machines.names):
            names.append(plain(name) if len(folds) == 1 else f"{number} · {plain(name)}")
            own = (rows[machines.asset[rows] == asset] for rows in (fold.train, fold.validation, fold.test))
            tracks.append(Fold(*own))
    return names, tracks


def tested_in(tracks: Sequence[Fold], events_row: np.ndarray, machines: Machines | None) -> np.ndarray:
    """Find the track, counted from 1, that tested the last row up to each event, of its own machine."""
    last = np.full((max(len(tracks), 1), len(events_row)), -1)
    for number, track in enumerate(tracks):
        rows = np.sort(track.test)
        before = np.searchsorted(rows, events_row, side="right") - 1
        if len(rows):
            last[number] = np.where(before >= 0, rows[np.maximum(before, 0)], -1)
        if machines is not None:
            last[number, machines.of_event != number % len(machines.names)] = -2
    found: np.ndarray = last.argmax(axis=0) + 1
    return found


def name_tracks(
    figure: go.Figure, names: Sequence[str], folds: Sequence[Fold], machines: Machines | None
) -> go.Figure:
    """Label the tracks, the first on top."""
    labelled = range(0, len(names), max(1, -(-len(names) // MOST_LABELS)))
    figure.update_layout(barmode="overlay", bargap=0)
    both = "Machine" if len(folds) == 1 else "Fold and machine"
    return figure.update_yaxes(
        title="Fold" if machines is None else both,
        tickvals=[number + 1 for number in labelled],
        ticktext=[names[number] for number in labelled],
        range=[len(names) + 0.5, 0.5],
        showgrid=False,
        fixedrange=True,
    )
