"""Curve shift: label the rows before an event as positive, and drop the event rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rare_event.errors import ConfigError
from rare_event.text import plural


@dataclass(frozen=True)
class Shifted:
    """Labels after the curve shift.

    Parameters
    ----------
    rows
        Positions of the rows kept, rising, shape (n_kept,).
    y
        1 for positive, 0 for normal, int8, shape (n_kept,).
    """

    rows: np.ndarray
    y: np.ndarray


def kept_rows(label: np.ndarray, shift: int) -> np.ndarray:
    """Return the positions of the rows that are scored: all but those of events, which a shift of 0 keeps."""
    return np.flatnonzero(label == 0) if shift else np.arange(len(label))


def curve_shift(label: np.ndarray, shift: int, stretch: np.ndarray | None = None) -> Shifted:
    """Mark the `shift` rows before each event as positive and drop the event rows.

    A warning during an event comes too late, so its rows are dropped (Ranjan 2019, "LSTM Autoencoder
    for Extreme Rare Event Classification"). Sensors are taken along as ``X[shifted.rows]``. A Pipeline of
    scikit-learn can neither drop rows nor change labels between its steps: shift before it. `EarlyWarning`
    shifts by itself.

    Parameters
    ----------
    label
        1 in event rows, shape (n_rows,).
    shift
        Rows before an event that become positive; with 0 the rows of events are kept as the positives.
    stretch
        Stretch id of each row. A positive row must lie in the stretch of its event. None counts
        rows across stops, as the articles do.

    Raises
    ------
    ConfigError
        If the shift is below 0 or not shorter than the table.

    Examples
    --------
    >>> curve_shift(np.array([0, 0, 0, 1, 0]), shift=2)
    Shifted(rows=array([0, 1, 2, 4]), y=array([0, 1, 1, 0], dtype=int8))
    """
    label = np.asarray(label)
    n_rows = len(label)
    if not 0 <= shift < n_rows:
        raise ConfigError(
            f"The shift is {plural(shift, 'row')} and the table has {plural(n_rows, 'row')}. "
            f"Choose a shift of {'0' if n_rows < 2 else f'0 to {n_rows - 1:,}'}."
        )
    if shift == 0:
        return Shifted(np.arange(n_rows), (label == 1).astype(np.int8))
    event_row = np.where(label == 1, np.arange(n_rows), n_rows)
    next_event = np.minimum.accumulate(event_row[::-1])[::-1]
    near = (next_event - np.arange(n_rows) <= shift) & (next_event < n_rows)
    if stretch is not None:
        near &= stretch[np.minimum(next_event, n_rows - 1)] == stretch
    rows = kept_rows(label, shift)
    return Shifted(rows, near[rows].astype(np.int8))
