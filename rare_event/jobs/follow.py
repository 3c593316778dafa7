"""A folder followed: each new row scored once, in the order of time, whatever stops the process.

A step is one piece of one file: read, score, append to the logs, commit. All that a step depends on is in
the committed state, so a step that was cut off is repeated with the same result.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rare_event.errors import ConfigError, RareEventError, TableError
from rare_event.experiment.score import History, score
from rare_event.experiment.shelving import ShelvingError, check_shelving
from rare_event.experiment.trained import Trained
from rare_event.jobs.alarm_records import alarm_records, watch_records
from rare_event.judge.suppression import tallied_in_words
from rare_event.prepare.table import Table
from rare_event.store.arrivals import Arrivals, Look, Piece, beginning, head_bytes
from rare_event.store.carried import next_rows
from rare_event.store.followed import ALARMS, FILES, SCORES, WATCH, State, commit, forgotten, open_followed
from rare_event.store.scored import csv_of
from rare_event.text import plural

INTERVAL = 0.2


@dataclass(frozen=True)
class Step:
    """The result of a piece of a file.

    Parameters
    ----------
    file
        The piece.
    rows, scored
        Its rows, and those with a score.
    alarms
        Records of alarms that began or ended.
    set_aside
        Why none of it was scored; empty if it was.
    findings
        How it differs from the training file: sentences, by what they are about.
    watch
        Records of alarms of the watch level that began or ended; None without a watch level.
    shelved
        Rows with a score in which alarms are shelved.
    """

    file: str
    rows: int
    scored: int
    alarms: tuple[dict[str, Any], ...] = ()
    set_aside: str = ""
    findings: Mapping[str, str] = field(default_factory=dict)
    watch: tuple[dict[str, Any], ...] | None = None
    shelved: int = 0

    @property
    def in_words(self) -> str:
        """The step in one sentence."""
        if self.set_aside:
            return f"{self.file} is set aside: {self.set_aside}"
        rows = f"{self.scored:,} of {plural(self.rows, 'row')} scored"
        watch = "" if self.watch is None else f" At the watch level, {_begun(self.watch)}."
        shelved = f"; alarms shelved in {plural(self.shelved, 'row')}" if self.shelved else ""
        return f"{self.file}: {rows}; {_begun(self.alarms)}{shelved}.{watch}"


def _begun(records: Sequence[Mapping[str, Any]]) -> str:
    """Say how many alarms began and ended."""
    began = sum(record["event"] == "start" for record in records)
    ended = len(records) - began
    return f"{plural(began, 'alarm')} began" + (f", {ended} ended" if ended else "")


class Follower:
    """A model that scores what comes into a folder.

    Parameters
    ----------
    trained
        The model.
    watched
        The folder into which files come.
    out
        The folder of the logs and the state, `claimed` by this process.
    mapping
        Names of columns of the files, and what each was called in training.
    whole
        Whether files come whole and never grow.
    shelve_until
        Time before which no alarm begins or goes on; see `score`.

    Raises
    ------
    ConfigError
        If a folder cannot be used.
    RunError
        If the state is damaged.
    """

    def __init__(
        self,
        trained: Trained,
        watched: Path,
        out: Path,
        mapping: Mapping[str, str] | None = None,
        *,
        whole: bool = False,
        shelve_until: str | None = None,
    ) -> None:
        if not watched.is_dir():
            raise ConfigError(f"The folder {watched} does not exist. Create it, or choose another one.")
        if watched.resolve() == out.resolve():
            raise ConfigError(f"{out} is the folder that is followed. Choose another one for the results.")
        self.trained, self.watched, self.out, self.mapping = trained, watched, out, mapping or {}
        self.shelve_until = check_shelving(trained, shelve_until)
        self.state = open_followed(out, trained)
        self._arrivals = Arrivals(watched, whole)

    @property
    def committed(self) -> int:
        """Committed bytes of the alarms."""
        return self.state.position.lengths[ALARMS]

    def look(self) -> Look:
        """Find what is new in the folder."""
        return self._arrivals.look(self.state.position.files)

    def steps(self, look: Look) -> Iterator[Step]:
        """Score the new pieces in the order of their first rows, and commit each.

        While a file is being written nothing is scored: its rows may be the earlier ones.
        """
        if look.growing:
            return
        pieces = list(look.pieces)
        if len(pieces) > 1:
            pieces.sort(key=lambda piece: (self._first_time(piece), piece.file))
        for piece in pieces:
            yield self._step(piece)

    def _first_time(self, piece: Piece) -> float:
        """Return the time of a piece's first row; pieces that cannot be read come first."""
        try:
            content = beginning(piece.content)
            table = next_rows(self.trained, content, piece.name, pd.DataFrame(), self.mapping)[0].ready()
        except RareEventError:
            return -np.inf
        times = table.time
        if self.trained.time_unit.reason or times is None or not len(times):
            return 0.0
        return float(times.min().astype("datetime64[ns]").astype(np.int64))

    def _step(self, piece: Piece) -> Step:
        before = self.state
        try:
            step, state, lines = self._scored(piece)
        except ShelvingError:
            # It holds for every file, and none would be scored.
            raise
        except RareEventError as error:
            step, state, lines = self._set_aside(piece, error.on_command_line)
        except (OSError, ArithmeticError, LookupError, TypeError, ValueError, MemoryError) as error:
            # One file that nobody foresaw must not keep the others from being scored.
            why = f"it cannot be scored ({type(error).__name__}: {error}). Look at the file, or leave it out."
            step, state, lines = self._set_aside(piece, why)
        files = {**before.position.files, **state.position.files}
        there = (
            {path.name for path in self.watched.iterdir()}
            if len(files) > len(before.position.files)
            else set(files)
        )
        position = replace(state.position, files=forgotten(files, there))
        log = {FILES: _line(_record(step)), ALARMS: b"".join(map(_line, step.alarms)), **lines}
        self.state = commit(self.out, replace(state, position=position), log)
        return step

    def _scored(self, piece: Piece) -> tuple[Step, State, dict[str, bytes]]:
        if piece.refused:
            raise TableError(piece.refused)
        state, trained = self.state, self.trained
        matched, before, first = next_rows(trained, piece.content, piece.name, state.before, self.mapping)
        table = matched.ready()
        seen = piece.seen
        if seen.head is not None and not piece.after:
            # Of a long table the rows of one time may come in two pieces, so it is taken as a whole.
            long = trained.recipe.reading.layout == "long"
            seen = replace(seen, head=None if long else head_bytes(piece.content, first))
        files = {piece.file: seen}
        position = replace(state.position, files=files)
        if not table.n_rows:
            return Step(piece.name, 0, 0), replace(state, position=position), {}
        _require_later(trained, table, state.history)
        scored = score(trained, table, state.history, shelve_until=self.shelve_until)
        columns = tuple(map(str, scored.frame))
        if position.columns and columns != position.columns:
            raise TableError(
                f"{piece.name} has the columns {', '.join(columns)}, but earlier files had "
                f"{', '.join(position.columns)}. Write it like the earlier ones."
            )
        told = alarm_records(scored.alarms, position, state.history, trained.source)
        watch = watch_records(scored.watch, position, state.history, trained.source)
        csv = csv_of(scored.frame)
        lines = {SCORES: csv if not position.columns else csv[csv.index(b"\n") + 1 :]}
        lines[WATCH] = b"".join(map(_line, watch.records))
        position = replace(
            position,
            columns=columns,
            alarms=told.counts,
            rows=position.rows + len(scored.frame),
            scored=position.scored + scored.n_scored,
            last=str(scored.frame.iloc[-1, 0]),
            on=told.on,
            watch_alarms=watch.counts,
            watch_on=watch.on,
            suppressed=self._suppressed(scored.history),
        )
        found = {f"{one.kind} {one.column}": one.what for one in scored.findings}
        rows = len(scored.frame), scored.n_scored
        of_watch = None if trained.watch is None else watch.records
        step = Step(piece.name, *rows, told.records, "", found, of_watch, scored.hidden.shelved)
        return step, State(position, scored.history, before), lines

    def _suppressed(self, history: History) -> str:
        policy = self.trained.policy
        shelves = bool(policy.shelved or self.shelve_until)
        return tallied_in_words((one.tally for one in history.streams.values()), policy.suppresses, shelves)

    def _set_aside(self, piece: Piece, why: str) -> tuple[Step, State, dict[str, bytes]]:
        seen = piece.seen
        if not piece.after:
            # Nothing of it was scored, or it is another file now: it is read again once it changes.
            known = self.state.position.files.get(piece.file)
            begun = known is not None and known.scored
            seen = replace(seen, size=piece.size, head=None, scored=begun)
        position = replace(self.state.position, files={piece.file: seen})
        return Step(piece.name, 0, 0, set_aside=why), replace(self.state, position=position), {}


def _require_later(trained: Trained, table: Table, history: History) -> None:
    """Refuse rows that are older than what was scored, with both times.

    Raises
    ------
    TableError
        If a machine's first row lies before its last scored one.
    """
    origin = trained.facts.origin
    if trained.time_unit.reason or table.time is None or origin is None:
        return
    asset = table.schema.asset
    names = np.full(table.n_rows, "") if asset is None else table.frame[asset].astype(str).to_numpy()
    for machine, stream in history.streams.items():
        own = table.time[names == machine]
        if stream.last is None or not len(own):
            continue
        last = origin + np.round(stream.last * 60_000).astype("timedelta64[ms]")
        if own.min() < last:
            first, end = (f"{pd.Timestamp(time):%Y-%m-%d %H:%M:%S}" for time in (own.min(), last))
            of = f" for {machine}" if machine else ""
            raise TableError(
                f"{table.name} begins at {first}{of}, and rows up to {end} were scored before. Rows are "
                "never scored out of order, nor twice. To score older rows, use another folder for the "
                "results."
            )


def _record(step: Step) -> dict[str, Any]:
    about: dict[str, Any] = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "file": step.file}
    if step.set_aside:
        return about | {"set_aside": step.set_aside}
    return about | {
        "rows": step.rows,
        "scored": step.scored,
        "alarm_records": len(step.alarms),
        "findings": list(step.findings.values()),
        **({"shelved": step.shelved} if step.shelved else {}),
    }


def _line(record: Mapping[str, Any]) -> bytes:
    return (json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n").encode()


def follow(
    follower: Follower,
    pause: Callable[[], bool],
    tell: Callable[[Step], None],
    offer: Callable[[int], None],
    warn: Callable[[str], None],
    once: bool = False,
) -> None:
    """Score what comes until told to stop.

    Parameters
    ----------
    follower
        The follower.
    pause
        Waits for the interval between two looks; returns whether to stop.
    tell, offer, warn
        Take a step; the committed bytes of the alarms; a sentence for people.
    once
        Whether to stop when there is nothing new.

    Raises
    ------
    RunError
        If the results cannot be written.
    ConfigError
        If the folder cannot be read, with `once`.
    """
    waiting: set[str] = set()
    lost = False
    offer(follower.committed)
    while True:
        try:
            look = follower.look()
        except OSError as error:
            why = f"The folder {follower.watched} cannot be read: {error.strerror}."
            if once:
                raise ConfigError(f"{why} Make it readable, or choose another one.") from error
            if not lost:
                warn(f"{why} It is tried again.")
            lost, look = True, Look((), False, tuple(waiting))
        else:
            lost = False
        for step in follower.steps(look):
            offer(follower.committed)
            tell(step)
        for name in set(look.unended) - waiting:
            warn(
                f"The last line of {name} has no line end. It may be half-written, so it waits: end it, or "
                "follow with --whole if files come whole."
            )
        waiting = set(look.unended)
        if once and look.quiet:
            return
        if pause():
            return
