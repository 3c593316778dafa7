"""The rows of one machine, scored block by block: a row depends on rows before it only.

So rows that come in several files, or in blocks that fit into memory, are scored as in one piece.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from rare_event.experiment.pieces import Piece, Windows
from rare_event.experiment.trained import Part, Trained
from rare_event.judge.ledger import shares_in_words
from rare_event.judge.running import Alarm, following, hear, kept_windows, windows_of
from rare_event.judge.scores import Scores
from rare_event.judge.trailing import memory, trailing_threshold
from rare_event.prepare.features import history_rows
from rare_event.prepare.history import ages
from rare_event.prepare.labels import kept_rows
from rare_event.prepare.prepared import Rows
from rare_event.prepare.stretches import stretches

# Rows scored at once: their inputs and windows take a few hundred megabytes at most.
BLOCK = 50_000

# Why a row has no score, or no threshold.
SCORED, OF_EVENT, NO_HISTORY, RESTARTED, MISSING, TOO_LARGE, NO_PAST = range(7)


@dataclass(frozen=True, eq=False)
class Stream:
    """What the next rows of a machine need of its rows before.

    Parameters
    ----------
    rows
        Number of rows before.
    fresh
        Whether the machine started with the first of them; else what came before is not known.
    tail
        The last of them, as many as inputs and windows depend on; None before the first row.
    cut
        Which rows of the tail begin a stretch whatever the clock says.
    stretch
        Stretch of the last row.
    windows
        Scored windows that alarms depend on.
    past
        Scores that a threshold that follows them looks back on.
    standing
        The alarm that has not ended.
    """

    rows: int = 0
    fresh: bool = False
    tail: Rows | None = None
    cut: np.ndarray = field(default_factory=lambda: np.empty(0, bool))
    stretch: int = 0
    windows: Scores | None = None
    past: np.ndarray = field(default_factory=lambda: np.empty(0))
    standing: Alarm | None = None

    @property
    def n_tail(self) -> int:
        """Rows in the tail."""
        return 0 if self.tail is None else len(self.tail.clock)

    @property
    def last(self) -> float | None:
        """Time of the last row on the clock; None before the first."""
        return None if self.tail is None else float(self.tail.clock[-1])


@dataclass(frozen=True, eq=False)
class Block:
    """What comes of a block of rows; arrays have shape (n_rows,).

    Parameters
    ----------
    y_score
        Scores; missing where a row has none.
    level
        What is compared with the threshold: the score, or its multiple of the limit that follows.
    limit
        The threshold in the unit of the score.
    on
        Whether an alarm is on.
    why
        Why a row has no score: one of the codes above.
    stretch
        Number of its stretch.
    alarms
        The alarms, with the one that had not ended.
    contributions
        The sensors' shares of each scored row, with its number `row`.
    """

    y_score: np.ndarray
    level: np.ndarray
    limit: np.ndarray
    on: np.ndarray
    why: np.ndarray
    stretch: np.ndarray
    alarms: list[Alarm]
    contributions: pd.DataFrame


def needed_rows(part: Part) -> tuple[int, int]:
    """Return the earlier rows that inputs depend on and the lookback, the most of all models."""
    leaves = [leaf.config for leaf in part.leaves()]
    return max(history_rows(leaf.representation) for leaf in leaves), max(leaf.lookback for leaf in leaves)


@dataclass(frozen=True, eq=False)
class Laid:
    """The next rows of a machine, laid out behind those that they look back on.

    Parameters
    ----------
    before
        What was known of the rows before.
    piece
        What is scored.
    cuts, absolute
        Which rows of the piece begin a stretch whatever the clock says, and the stretch of each.
    step
        Usual step of the machine in minutes.
    """

    before: Stream
    piece: Piece
    cuts: np.ndarray
    absolute: np.ndarray
    step: float


def lay_out(stream: Stream, trained: Trained, new: Rows, cut: np.ndarray, step: float) -> tuple[Stream, Laid]:
    """Prepare the next rows of a machine for scoring; what follows them need not wait for their scores.

    Parameters
    ----------
    stream
        What is known of the rows before.
    trained
        The model.
    new
        The rows; their stretches are not used.
    cut
        Which of them begin a stretch whatever the clock says, shape (n_rows,).
    step
        Usual step of the machine in minutes.
    """
    own, cuts = stream.n_tail, np.concatenate([stream.cut, cut])
    rows = _joined(stream.tail, new)
    local = stretches(rows.clock, rows.label, None, np.flatnonzero(cuts), [step])
    rows = replace(rows, stretch=local)
    absolute = local - (local[own - 1] if own else 0) + stream.stretch
    begun = not stream.fresh and stream.rows == own
    tail, tail_cut = _tail(trained, rows, cuts)
    after = replace(
        stream,
        rows=stream.rows + len(new.clock),
        tail=tail,
        cut=tail_cut,
        stretch=int(absolute[-1]),
        windows=None,
    )
    return after, Laid(stream, Piece(rows, own, begun), cuts, absolute, step)


def conclude(known: Stream, trained: Trained, laid: Laid, windows: Windows) -> tuple[Stream, Block]:
    """Find the alarms of rows that were laid out and scored.

    Parameters
    ----------
    known
        Of the rows before: the windows, scores and the alarm that later alarms depend on.
    trained
        The model.
    laid
        The rows.
    windows
        What `score_piece` returned for them.
    """
    rows, own, absolute = laid.piece.rows, laid.piece.own, laid.absolute
    stream = replace(laid.before, windows=known.windows, past=known.past, standing=known.standing)
    ends, y_score, contributions = windows
    finite = np.isfinite(y_score)
    why = _reasons(stream, trained, rows, own, absolute)
    why[ends - own] = np.where(finite, SCORED, TOO_LARGE)
    ends, y_score, contributions = ends[finite], y_score[finite], contributions[finite]
    level, limit, past, judged = _judged(stream, trained, y_score)
    why[ends[~judged] - own] = NO_PAST
    scored = windows_of(
        stream.rows + ends - own, rows.clock[ends], absolute[ends], level, laid.step, trained.time_unit
    )
    contributions = contributions.assign(row=scored.row)
    before = stream.windows if stream.windows is not None else scored.where(np.zeros(len(scored), bool))
    listed, on = _heard(stream, trained, before, scored, rows, absolute)
    listed = _with_sensors(listed, contributions, trained.part, stream.rows)
    n_rows = len(rows.clock) - own
    block = Block(
        _spread(y_score, ends - own, n_rows, np.nan),
        _spread(np.where(judged, level, 0.0), ends - own, n_rows, np.nan),
        _spread(limit, ends - own, n_rows, np.nan),
        _spread(on, ends - own, n_rows, False),
        why,
        absolute[own:],
        listed,
        contributions,
    )
    left = kept_windows(following(before, scored), trained.policy, int(absolute[-1]))
    standing = listed[-1] if listed and not listed[-1].ended else None
    return replace(stream, windows=left, past=past, standing=standing), block


def _heard(
    stream: Stream,
    trained: Trained,
    before: Scores,
    windows: Scores,
    rows: Rows,
    absolute: np.ndarray,
) -> tuple[list[Alarm], np.ndarray]:
    """Find the alarms of new windows; the tail tells which stretches ended with an event."""
    closed = np.append(absolute[1:] != absolute[:-1], False) & (rows.label == 1)
    ended_by_event = set(absolute[closed].tolist())
    current = int(absolute[-1])
    return hear(before, windows, trained.threshold, trained.policy, stream.standing, current, ended_by_event)


def input_names(part: Part) -> tuple[str, ...]:
    """Names of the inputs that contributions speak of: of the first model."""
    representation = next(part.leaves()).representation
    return () if representation is None else representation.names


def _with_sensors(listed: list[Alarm], contributions: pd.DataFrame, part: Part, first: int) -> list[Alarm]:
    """Name the sensors at the peaks of the alarms that lie in this block."""
    if "sensor_1" not in contributions:
        return listed
    rows, names = contributions["row"].to_numpy(), input_names(part)
    sensors = contributions.filter(like="sensor_").to_numpy()
    shares = contributions.filter(like="share_").to_numpy()

    def named(alarm: Alarm) -> Alarm:
        if alarm.peak_row < first:
            return alarm
        place = int(np.searchsorted(rows, alarm.peak_row))
        return replace(alarm, sensors=shares_in_words(sensors[place], shares[place], names))

    return [named(alarm) for alarm in listed]


def _spread(values: np.ndarray, at: np.ndarray, n_rows: int, rest: float | bool) -> np.ndarray:
    spread = np.full(n_rows, rest)
    spread[at] = values
    return spread


def _joined(tail: Rows | None, new: Rows) -> Rows:
    """Put the tail before new rows."""
    if tail is None:
        return new
    clock, label, values = (
        np.concatenate([getattr(tail, name), getattr(new, name)]) for name in ("clock", "label", "values")
    )
    grades = {column: np.concatenate([tail.grades[column], grade]) for column, grade in new.grades.items()}
    asset = None if new.asset is None else np.zeros(len(clock), np.int64)
    return replace(new, clock=clock, label=label, values=values, grades=grades, asset=asset, base=tail.base)


def _reasons(stream: Stream, trained: Trained, rows: Rows, own: int, absolute: np.ndarray) -> np.ndarray:
    """Return why each new row has no score, should it have none."""
    reach, lookback = needed_rows(trained.part)
    why = np.full(len(rows.clock), MISSING, np.int8)
    if not trained.config.article_mode:
        why[ages(rows.stretch) < lookback - 1] = RESTARTED
    place = stream.rows - own + np.arange(len(rows.clock))
    if not stream.fresh:
        why[(absolute == 0) & (place < reach + lookback - 1)] = NO_HISTORY
    elif trained.config.article_mode:
        why[place < lookback - 1] = NO_HISTORY
    if trained.config.shift:
        why[rows.label == 1] = OF_EVENT
    return why[own:]


def _judged(
    stream: Stream, trained: Trained, y_score: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return level and limit of each score, the scores that later ones look back on, and who has a limit."""
    rule, unit, n = trained.rule, trained.time_unit, len(y_score)
    if not rule.trailing:
        return y_score, np.full(n, trained.threshold), stream.past, np.ones(n, bool)
    row, none = np.arange(len(stream.past) + n), np.zeros(len(stream.past) + n, np.int64)
    every = windows_of(
        row, row.astype(float), none, np.concatenate([stream.past, y_score]), trained.facts.step, unit
    )
    old = len(stream.past)
    at_most, at_least = memory(rule.days, every)
    past = every.y_score[-(at_most + 1) :]
    if not n:
        return y_score, y_score, past, np.ones(0, bool)
    limit = trailing_threshold(every.where(row >= old), rule, every.where(row < old))
    judged = old + np.arange(n) >= at_least
    level = np.where(judged, y_score / limit, -np.inf)
    return level, np.where(judged, trained.threshold * limit, np.nan), past, judged


def _tail(trained: Trained, rows: Rows, cuts: np.ndarray) -> tuple[Rows, np.ndarray]:
    """Keep the rows that inputs and windows of later rows depend on."""
    reach, lookback = needed_rows(trained.part)
    first = len(rows.clock) - (lookback - 1)
    if trained.config.article_mode and lookback > 1:
        # Windows cross stops there, and the rows of events between them are left out.
        kept = kept_rows(rows.label, trained.config.shift)
        first = int(kept[1 - lookback]) if len(kept) >= lookback - 1 else 0
    first = max(0, min(first - reach, len(rows.clock) - 1))
    begin = int(np.searchsorted(rows.stretch, rows.stretch[first]))
    base = rows.base if begin == 0 and rows.base is not None else rows.values[begin]
    part = slice(first, None)
    tail = replace(
        rows,
        clock=rows.clock[part].copy(),
        label=rows.label[part].copy(),
        stretch=rows.stretch[part].copy(),
        values=rows.values[part].copy(),
        grades={column: grade[part].copy() for column, grade in rows.grades.items()},
        asset=None if rows.asset is None else rows.asset[part].copy(),
        base=base.copy(),
    )
    return tail, cuts[part].copy()
