"""The rows of one machine, scored block by block: a row depends on rows before it only.

So rows that come in several files, or in blocks that fit into memory, are scored as in one piece.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from rare_event.config import AlarmPolicy
from rare_event.experiment.hearing import hear_rows
from rare_event.experiment.pieces import Piece, Windows
from rare_event.experiment.tail import joined, needed_rows, tail_of
from rare_event.experiment.trained import Trained
from rare_event.judge.category import Category
from rare_event.judge.running import Alarm, windows_of
from rare_event.judge.scores import Scores
from rare_event.judge.suppression import Tally, hears_nothing
from rare_event.judge.trailing import memory, trailing_threshold
from rare_event.judge.watching import WatchAlarm
from rare_event.prepare.grades import Grade, LastGrade, next_grade
from rare_event.prepare.history import ages
from rare_event.prepare.prepared import Rows
from rare_event.prepare.stretches import running_minutes, stretches

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
    grade
        The category column that suppresses alarms, in the last row.
    watching
        The alarm of the watch level that has not ended.
    tally
        How many windows are suppressed so far.
    """

    rows: int = 0
    fresh: bool = False
    tail: Rows | None = None
    cut: np.ndarray = field(default_factory=lambda: np.empty(0, bool))
    stretch: int = 0
    windows: Scores | None = None
    past: np.ndarray = field(default_factory=lambda: np.empty(0))
    standing: Alarm | None = None
    grade: LastGrade = field(default_factory=LastGrade)
    watching: WatchAlarm | None = None
    tally: Tally = field(default_factory=Tally)

    @property
    def n_tail(self) -> int:
        """Rows in the tail."""
        return 0 if self.tail is None else len(self.tail.clock)

    @property
    def heard(self) -> dict[str, Any]:
        """What alarms leave behind, by field."""
        return {name: getattr(self, name) for name in ("windows", "past", "standing", "watching", "tally")}

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
    grade
        The category column that suppresses alarms; None where none does.
    watch
        The alarms of the watch level, with the one that had not ended.
    """

    y_score: np.ndarray
    level: np.ndarray
    limit: np.ndarray
    on: np.ndarray
    why: np.ndarray
    stretch: np.ndarray
    alarms: list[Alarm]
    contributions: pd.DataFrame
    grade: Grade | None = None
    watch: tuple[WatchAlarm, ...] = ()


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
    grade
        The category column that suppresses alarms, in the new rows; None where none does.
    """

    before: Stream
    piece: Piece
    cuts: np.ndarray
    absolute: np.ndarray
    step: float
    grade: Grade | None = None


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
    rows = joined(stream.tail, new)
    local = stretches(rows.clock, rows.label, None, np.flatnonzero(cuts), [step])
    rows = replace(rows, stretch=local)
    absolute = local - (local[own - 1] if own else 0) + stream.stretch
    begun = not stream.fresh and stream.rows == own
    tail, tail_cut = tail_of(trained, rows, cuts)
    grade, last, column = None, stream.grade, trained.policy.suppress_column
    if column:
        grade, last = next_grade(new.grades[column], new.clock, stream.grade)
    after = replace(
        stream,
        rows=stream.rows + len(new.clock),
        tail=tail,
        cut=tail_cut,
        stretch=int(absolute[-1]),
        windows=None,
        grade=last,
    )
    return after, Laid(stream, Piece(rows, own, begun), cuts, absolute, step, grade)


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
    stream = replace(laid.before, **known.heard)
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
    policy = trained.policy.of_machine(*rows.assets) if rows.assets else trained.policy
    scored = _with_grade(scored, trained, laid.grade, ends - own)
    tally = _tallied(known.tally, trained, laid, ends, scored, policy)
    heard = hears_nothing(scored, policy)
    contributions = contributions.assign(row=scored.row)
    before = stream.windows if stream.windows is not None else scored.where(np.zeros(len(scored), bool))
    known_alarms = stream.standing, stream.watching
    told = hear_rows(trained, policy, before, heard, known_alarms, rows, absolute)
    told = told.with_sensors(contributions, trained.part, stream.rows)
    n_rows = len(rows.clock) - own
    block = Block(
        _spread(y_score, ends - own, n_rows, np.nan),
        _spread(np.where(judged, level, 0.0), ends - own, n_rows, np.nan),
        _spread(limit, ends - own, n_rows, np.nan),
        _spread(told.on, ends - own, n_rows, False),
        why,
        absolute[own:],
        told.alarms,
        contributions,
        laid.grade,
        told.watch,
    )
    left_behind = replace(
        stream,
        windows=told.windows,
        past=past,
        standing=told.standing,
        watching=told.watching,
        tally=tally,
    )
    return left_behind, block


def _tallied(
    known: Tally, trained: Trained, laid: Laid, ends: np.ndarray, scored: Scores, policy: AlarmPolicy
) -> Tally:
    """Count new windows; the next row of a stretch tells how long the row before it ran."""
    rows, own = laid.piece.rows, laid.piece.own
    minutes = running_minutes(rows.clock, laid.absolute, trained.facts.step)
    runs = (rows.label == 0) | (trained.config.shift > 0)
    counted = np.where(runs, minutes, 0.0)
    if own and runs[own - 1]:
        known = known.later(minutes[own - 1] - trained.facts.step)
    on_last = bool(len(ends)) and bool(ends[-1] == len(rows.clock) - 1)
    return known.more(counted[ends], scored.suppressed(policy), scored.shelved(policy), on_last)


def _with_grade(scored: Scores, trained: Trained, grade: Grade | None, place: np.ndarray) -> Scores:
    """Add the column that suppresses alarms to windows, by their places among the new rows."""
    if grade is None:
        return scored
    own = grade.take(place)
    category = Category.of_text(own.values, own.since)
    return replace(scored, categories={trained.policy.suppress_column: category})


def _spread(values: np.ndarray, at: np.ndarray, n_rows: int, rest: float | bool) -> np.ndarray:
    spread = np.full(n_rows, rest)
    spread[at] = values
    return spread


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
