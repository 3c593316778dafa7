"""Followers that this workspace knows: with which model, from which folder into which.

A follower is a process of its own, which may have been started from a bundle on the plant's computer; it
leaves a note here when it starts, and the Score page reads the rest in the folder of its results.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rare_event.errors import RunError
from rare_event.experiment.trained import Trained
from rare_event.store.arrivals import waiting_names
from rare_event.store.claim import Claimant, follower_of
from rare_event.store.followed import ALARMS, FILES, WATCH, Position, read_position, read_sent
from rare_event.store.serial import dump_kept, explain, load
from rare_event.store.workspace import home, write_text
from rare_event.text import listed, plural

FOLDER = "followers"
AGAIN = "Start the follower again."
# What is shown of a log: the whole lines among its last bytes.
LATEST_BYTES = 1 << 16


@dataclass(frozen=True)
class FollowerNote:
    """What a follower is for.

    Parameters
    ----------
    run, name
        Id of the run of its model, and the name of the model for people.
    watched, out
        The folder into which files come, and that of the results.
    webhook
        Whether alarms are posted to an address.
    started
        When it was started last, in UTC.
    """

    run: str
    name: str
    watched: Path
    out: Path
    webhook: bool
    started: datetime

    @property
    def id(self) -> str:
        """Tells followers apart: one for each folder of results."""
        return hashlib.sha256(os.fsencode(self.out)).hexdigest()[:16]


@dataclass(frozen=True)
class Progress:
    """How far a follower is.

    Parameters
    ----------
    process
        The one that follows now; None if it has stopped.
    position
        What it has done; None before the first file.
    waiting
        Names of files in the folder that are not scored yet.
    unreadable
        Why the folder cannot be listed; empty if it can.
    undelivered
        Whether records of alarms wait for the webhook.
    files, alarms
        Its latest records of files and of alarms, the latest first.
    watch
        Those of alarms of the watch level.
    """

    process: Claimant | None
    position: Position | None
    waiting: tuple[str, ...] = ()
    unreadable: str = ""
    undelivered: bool = False
    files: tuple[Mapping[str, Any], ...] = ()
    alarms: tuple[Mapping[str, Any], ...] = ()
    watch: tuple[Mapping[str, Any], ...] = ()

    @property
    def done(self) -> str:
        """What it has done so far, in words."""
        position = self.position
        if position is None or not position.rows:
            return "No row has been scored yet."
        rows = f"{position.scored:,} of {plural(position.rows, 'row')} scored"
        # A folder that an earlier version began has no time of its last row yet.
        rows += f"; the last is from {when(position.last)}." if position.last else "."
        return f"{rows} {_so_far(position.alarms, position.on)}"

    @property
    def watched(self) -> str:
        """What it has done at the watch level; empty where it has met no alarm of it."""
        position = self.position
        if position is None or not position.watch_alarms:
            return ""
        return f"At the watch level: {_so_far(position.watch_alarms, position.watch_on)}"

    @property
    def held_up(self) -> tuple[str, ...]:
        """What waits and why, in sentences."""
        said = []
        if self.unreadable:
            said.append(f"The folder cannot be read: {self.unreadable}. Make it readable again.")
        if self.waiting:
            names = listed(self.waiting, 3)
            while_what = "while it is being written, or while its last line has no line break"
            if self.process is None:
                while_what = "until the follower is started again"
            said.append(f"Not scored yet: {names}. A file waits {while_what}.")
        files = {} if self.position is None else self.position.files
        if aside := [name for name, seen in files.items() if not seen.scored]:
            said.append(f"Set aside: {listed(aside, 3)}. The list of files says why.")
        if self.undelivered:
            again = "" if self.process else " once it is started again"
            kept = f"They are kept; the follower sends them in order{again}."
            said.append(f"Some alarms have not reached the webhook yet. {kept}")
        return tuple(said)


def _so_far(alarms: Mapping[str, int], on: Mapping[str, str]) -> str:
    """Say how many alarms there were, and which of them are on."""
    so_far = f"{plural(sum(alarms.values()), 'alarm')} so far; "
    if not on:
        return f"{so_far}none is still on in the last row."
    since = [
        (f"one of {machine}" if machine else "one") + f" has been on since {when(start)}"
        for machine, start in on.items()
    ]
    return f"{so_far}{', '.join(since)}."


def when(moment: str) -> str:
    """Write the time of a row for people; without times, its number; anything else as it is."""
    if moment.isdecimal():
        return f"row {int(moment):,}"
    try:
        return f"{datetime.fromisoformat(moment):%-d %b %Y, %H:%M}"
    except ValueError:
        return moment


def note_follower(trained: Trained, watched: Path, out: Path, webhook: bool) -> FollowerNote:
    """Let the workspace know of a follower that starts.

    Raises
    ------
    RunError
        If the workspace cannot be written.
    """
    note = FollowerNote(
        trained.source, trained.name, watched.resolve(), out.resolve(), webhook, datetime.now(UTC)
    )
    write_text(home() / FOLDER / f"{note.id}.json", dump_kept(note))
    return note


def list_followers() -> list[FollowerNote]:
    """Return the followers whose results are still there, the one started last first."""
    notes = []
    for path in (home() / FOLDER).glob("*.json"):
        # A damaged note is no reason to hide the others.
        with suppress(RunError):
            notes.append(load(FollowerNote, path, "note", f"the follower {path.stem}", AGAIN))
    there = [note for note in notes if note.out.is_dir()]
    return sorted(there, key=lambda note: note.started, reverse=True)


def forget_follower(note: FollowerNote) -> None:
    """Show a follower no longer; its results stay."""
    (home() / FOLDER / f"{note.id}.json").unlink(missing_ok=True)


def progress_of(note: FollowerNote) -> Progress:
    """Return how far a follower is.

    Raises
    ------
    RunError
        If its state or a log is damaged.
    """
    process, position = follower_of(note.out), read_position(note.out)
    waiting: tuple[str, ...] = ()
    unreadable = ""
    try:
        waiting = waiting_names(note.watched, {} if position is None else position.files)
    except OSError as error:
        unreadable = error.strerror or "unknown error"
    if position is None:
        return Progress(process, None, waiting, unreadable)
    files, alarms, watch = (
        tuple(json.loads(line) for line in _latest(note.out, log, position)) for log in (FILES, ALARMS, WATCH)
    )
    return Progress(
        process,
        position,
        waiting,
        unreadable,
        undelivered=note.webhook and read_sent(note.out) < position.lengths[ALARMS],
        files=files,
        alarms=alarms,
        watch=watch,
    )


def _latest(folder: Path, log: str, position: Position) -> list[str]:
    """Return the last committed lines of a log, the latest first."""
    length = position.lengths.get(log, 0)
    begin = max(0, length - LATEST_BYTES)
    if not length:
        return []
    with explain("log", f"the follower in {folder}", AGAIN), (folder / log).open("rb") as file:
        file.seek(begin)
        lines = file.read(length - begin).decode(errors="replace").rstrip("\n").split("\n")
    # The first line has lost its beginning.
    return lines[1:][::-1] if begin else lines[::-1]
