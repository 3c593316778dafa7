"""New rows scored with a trained model: scores, alarms and, where a label tells, what they were worth."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from rare_event.experiment.facts import MOST_ROWS
from rare_event.experiment.listing import (
    Unscored,
    alarm_frame,
    counted_rows,
    n_open,
    score_frame,
    watch_frame,
)
from rare_event.experiment.machines import clock_of, machines_of, rows_of_machine
from rare_event.experiment.matching import Mismatch, fitted, mismatches, refuse
from rare_event.experiment.pieces import Piece, ScorePieces, score_here
from rare_event.experiment.regime import regime_of_new, untested_in_words
from rare_event.experiment.score_drift import ScoreDrift, score_drift
from rare_event.experiment.shelving import Hidden, hidden_by, shelved_until
from rare_event.experiment.stream import BLOCK, Block, Laid, Stream, conclude, lay_out
from rare_event.experiment.trained import Trained
from rare_event.experiment.worth import Worth, check_of, scores_of, worth_of
from rare_event.judge.kept import Check
from rare_event.judge.regime import Regime
from rare_event.judge.running import Alarm
from rare_event.judge.scores import Scores
from rare_event.judge.watching import WatchAlarm
from rare_event.prepare.drift import Apart, apart
from rare_event.prepare.table import Table
from rare_event.text import plural


@dataclass(frozen=True, eq=False)
class History:
    """What earlier rows leave behind, for the rows that follow them.

    Parameters
    ----------
    streams
        Of each machine by name; under the empty name for one machine.
    fresh
        Whether machines that are not named started with their first row.
    """

    streams: Mapping[str, Stream] = field(default_factory=dict)
    fresh: bool = False


# The first row of the table is known to be the first after a stop, as in training.
BEGINNING = History(fresh=True)


@dataclass(frozen=True, eq=False)
class Scored:
    """New rows, scored.

    Parameters
    ----------
    name
        Of the table.
    frame
        One row for each row of the table: `time` (or `row`, its number), `machine` where there are
        several, `score`, `threshold`, `alarm` (whether one is on) and `unscored` (why, else empty).
    alarms
        One row for each alarm, and for one that stood before the first row: `machine` where there are
        several, `start`, `end`, `rows` (alarmed), `peak`, `peak_at`, `sensors` and `ended`.
    n_scored
        Rows with a score.
    unscored
        Rows without, by reason.
    findings
        What is other than in training.
    apart
        Sensors that are far from their training level.
    drift
        How far the scores have moved.
    regime, since
        Since when normal rows score higher than on validation data; in words, empty if they do not.
    scores
        The scored windows as the judge takes them; without a label all are normal.
    worth
        What the alarms were worth; None without a label.
    check
        Whether they keep what was promised; None where the run does not say what that was.
    history
        For the rows that follow.
    hidden
        What the alarm policy suppresses, and what is shelved.
    watch
        The alarms of the watch level, as `alarms`, with `reached_warning`: the time of the first window in
        which an alarm of the warning level is on, missing if none is. None without a watch level.
    """

    name: str
    frame: pd.DataFrame
    alarms: pd.DataFrame
    n_scored: int
    unscored: tuple[Unscored, ...]
    findings: tuple[Mismatch, ...]
    apart: tuple[Apart, ...]
    drift: ScoreDrift
    regime: Regime
    since: str
    scores: Scores
    worth: Worth | None
    check: Check | None
    history: History
    hidden: Hidden = Hidden()
    watch: pd.DataFrame | None = None

    @property
    def n_open(self) -> int:
        """Alarms that are still on in the last row."""
        return n_open(self.alarms)

    @property
    def drift_in_words(self) -> str:
        """How far the scores have moved, and since when; or why that was not tested."""
        return f"{self.since or self.drift.in_words} {untested_in_words(self.regime)}".rstrip()

    @property
    def in_words(self) -> str:
        """Rows and alarms in one sentence."""
        still = f", {self.n_open} still on at the end" if self.n_open else ""
        rows = f"{self.n_scored:,} of {plural(len(self.frame), 'row')} scored"
        return f"{rows}; {plural(len(self.alarms), 'alarm')}{still}."


def _ignore(rows: int) -> None:
    """Report to nobody."""


def score(
    trained: Trained,
    table: Table,
    history: Table | History | None = None,
    pieces_by: ScorePieces = score_here,
    on_rows: Callable[[int], None] = _ignore,
    shelve_until: str | None = None,
) -> Scored:
    """Score new rows, and list the alarms at the committed threshold.

    Parameters
    ----------
    trained
        The model.
    table
        The new rows. Where it has the label of training, its events are counted.
    history
        The rows before, as a table or as `Scored.history` of them: then scores and alarms are those of
        one piece. None: it is not known what was before, so the first rows have no score where their
        inputs look back. `BEGINNING`: the machine started with the first row.
    pieces_by
        Scores the windows of pieces of the rows, for example on a cluster.
    on_rows
        Called with the number of rows scored so far; what it raises ends the scoring.
    shelve_until
        No alarm begins or goes on before this time of the rows; with its zone if theirs have one.

    Raises
    ------
    TableError
        If the table lacks what the model needs.
    ConfigError
        If alarms cannot be shelved until that time.
    DataError
        If no row can be scored, or the rows begin before the end of the history.
    """
    refuse(found := mismatches(trained, table))
    trained, table = shelved_until(trained, table, shelve_until), fitted(trained, table)
    known = history_of(trained, history) if isinstance(history, Table) else history or History()
    streams, blocks, alarms, watch, clock = _score_machines(trained, table, known, pieces_by, on_rows)
    counted, n_scored = counted_rows(trained, table, blocks, needed=history is None)
    scores, level = scores_of(trained, table, clock, blocks)
    worth = worth_of(trained, table, scores, level, blocks) if table.schema.label is not None else None
    return Scored(
        table.name,
        score_frame(table, clock, blocks),
        alarm_frame(trained, table, alarms),
        n_scored,
        counted,
        tuple(found),
        tuple(_apart(trained, table)),
        score_drift(trained, table, scores),
        *regime_of_new(trained, table, scores),
        scores,
        worth,
        check_of(trained, scores, level, worth),
        History(streams, known.fresh),
        hidden_by(trained, scores, shelve_until),
        watch_frame(trained, table, watch) if trained.watch else None,
    )


def _score_machines(
    trained: Trained,
    table: Table,
    known: History,
    pieces_by: ScorePieces,
    on_rows: Callable[[int], None],
) -> tuple[dict[str, Stream], list[Block], list[tuple[str, Alarm]], list[tuple[str, WatchAlarm]], np.ndarray]:
    streams, blocks, alarms, watch, clocks = dict(known.streams), [], [], [], []
    for machine, rows in machines_of(table):
        stream = known.streams.get(machine) or Stream(fresh=known.fresh)
        clock = clock_of(trained, table, rows, stream)
        found = _score_machine(trained, table, machine, rows, clock, stream, pieces_by, on_rows)
        streams[machine], own, heard, watched = found
        blocks += own
        alarms += [(machine, alarm) for alarm in heard]
        watch += [(machine, alarm) for alarm in watched]
        clocks.append(clock)
    return streams, blocks, alarms, watch, np.concatenate(clocks)


def history_of(trained: Trained, table: Table) -> History:
    """Score rows only for the sake of those that follow them."""
    refuse(mismatches(trained, table))
    table, streams = fitted(trained, table), {}
    for machine, rows in machines_of(table):
        clock = clock_of(trained, table, rows, Stream())
        streams[machine] = _score_machine(trained, table, machine, rows, clock, Stream())[0]
    return History(streams)


def _past(trained: Trained, machine: str, first: float) -> np.ndarray:
    """Scores of the run before the first new row, which a threshold that follows them looks back on."""
    if not trained.rule.trailing:
        return np.empty(0)
    past = trained.past
    earlier = past.machine == machine
    if not trained.time_unit.reason:
        earlier &= past.clock < first
    scores: np.ndarray = past.y_score[earlier]
    return scores


def _score_machine(
    trained: Trained,
    table: Table,
    machine: str,
    rows: slice,
    clock: np.ndarray,
    stream: Stream,
    pieces_by: ScorePieces = score_here,
    on_rows: Callable[[int], None] = _ignore,
) -> tuple[Stream, list[Block], list[Alarm], list[WatchAlarm]]:
    cut = np.zeros(rows.stop - rows.start, bool)
    cuts = np.asarray(table.cuts, np.int64)
    cut[cuts[(cuts >= rows.start) & (cuts < rows.stop)] - rows.start] = True
    if stream.rows == 0:
        stream = replace(stream, past=_past(trained, machine, float(clock[0])))
    first, waiting = stream, deque[tuple[Stream, Laid]]()

    def pieces() -> Iterator[Piece]:
        before, step = first, trained.facts.steps.get(machine, trained.facts.step)
        for begin in range(rows.start, rows.stop, BLOCK):
            part = slice(begin, min(begin + BLOCK, rows.stop))
            own = slice(part.start - rows.start, part.stop - rows.start)
            new = rows_of_machine(trained, table, machine, part, clock[own])
            before, laid = lay_out(before, trained, new, cut[own], step)
            waiting.append((before, laid))
            yield laid.piece

    blocks: list[Block] = []
    alarms: list[Alarm] = []
    watch: list[WatchAlarm] = []
    known = stream
    for windows in pieces_by(trained.part, pieces()):
        after, laid = waiting.popleft()
        known, block = conclude(known, trained, laid, windows)
        stream = replace(after, **known.heard)
        blocks.append(block)
        if alarms and not alarms[-1].ended:
            # The next block continues it.
            alarms.pop()
        alarms += block.alarms
        if watch and not watch[-1].alarm.ended:
            watch.pop()
        watch += block.watch
        on_rows(min(rows.start + BLOCK * len(blocks), rows.stop))
    return stream, blocks, alarms, watch


def _apart(trained: Trained, table: Table) -> Iterator[Apart]:
    """Find the sensors of each machine that are far from its training level."""
    for machine, rows in machines_of(table):
        level = trained.facts.levels.get(machine)
        if level is not None:
            every = -(-(rows.stop - rows.start) // MOST_ROWS)
            values = replace(table, frame=table.frame.iloc[rows.start : rows.stop : every]).values
            for one in apart(values, level.mean, level.deviation, table.schema.sensors):
                yield replace(one, asset=machine)
