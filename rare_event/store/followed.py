"""The folder of a follower: logs that only grow, and one small file that says how far they count.

A step appends to the logs and then replaces the state by rename: that rename commits the step. Whatever
stands in a log after the committed length comes from a step that was cut off. It is cut off too when the
folder is opened again, and the step is repeated; so no line is lost and none is written twice.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from rare_event.errors import ConfigError, RunError
from rare_event.experiment.score import History
from rare_event.experiment.trained import Trained
from rare_event.store.arrivals import Seen
from rare_event.store.claim import CLAIM, ignoring_errors, unwritable
from rare_event.store.serial import dump, explain
from rare_event.store.streams import pack, unpack

SCORES, ALARMS, FILES = "scores.csv", "alarms.jsonl", "files.jsonl"
# Of a model with a watch level only.
WATCH = "watch_alarms.jsonl"
LOGS = (SCORES, ALARMS, FILES, WATCH)
STATE, SENT = "state.npz", "webhook.json"
# Files that have left the watched folder are remembered, the last of them, so that they are not read again.
MOST_GONE = 1000


@dataclass(frozen=True)
class Position:
    """How far a follower is.

    Parameters
    ----------
    follower
        A name of its own, with which the ids of its alarms begin.
    model
        What it scores with; the folder is not used with anything else.
    lengths
        Committed bytes of each log.
    files
        How far each file was scored.
    alarms
        Alarms so far of each machine.
    columns
        Of the scores.
    rows, scored
        Rows so far, and those with a score.
    last
        Time of the last row, or its number in a file without times; empty before the first row.
    on
        When each alarm that has not ended began, by machine.
    watch_alarms, watch_on
        The same of the watch level as `alarms` and `on`.
    suppressed
        What the alarm policy suppresses, in words; empty if it suppresses nothing.
    """

    follower: str
    model: str
    lengths: Mapping[str, int] = field(default_factory=lambda: dict.fromkeys(LOGS, 0))
    files: Mapping[str, Seen] = field(default_factory=dict)
    alarms: Mapping[str, int] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    rows: int = 0
    scored: int = 0
    last: str = ""
    on: Mapping[str, str] = field(default_factory=dict)
    watch_alarms: Mapping[str, int] = field(default_factory=dict)
    watch_on: Mapping[str, str] = field(default_factory=dict)
    suppressed: str = ""


@dataclass(frozen=True, eq=False)
class State:
    """Position, and what earlier rows leave behind.

    Parameters
    ----------
    position
        How far the follower is.
    history
        For the rows that follow.
    before
        Rows that fixes look back on.
    """

    position: Position
    history: History = field(default_factory=History)
    before: pd.DataFrame = field(default_factory=pd.DataFrame)


def model_key(trained: Trained) -> str:
    """Tell models apart, and the thresholds and alarm policies they were committed with."""
    said = {"run": trained.source, "threshold": trained.threshold}
    watch = "" if trained.watch is None else dump(trained.watch)
    return json.dumps(said) + dump(trained.rule) + dump(trained.policy) + watch


def open_followed(folder: Path, trained: Trained) -> State:
    """Return the state of a folder, with its logs cut to what was committed; a new one begins.

    Raises
    ------
    ConfigError
        If the folder holds other things, or belongs to another model.
    RunError
        If the state is damaged or the disk cannot be written.
    """
    if not (folder / STATE).exists():
        others = [path.name for path in sorted(folder.iterdir()) if not _own(path.name)]
        if others:
            raise ConfigError(f"{folder} holds other files, such as {others[0]!r}. Choose another folder.")
        state = State(Position(uuid.uuid4().hex[:8], model_key(trained)))
        _cut(folder, state.position.lengths)
        return state
    with (
        explain("state", f"the follower in {folder}", "Choose another folder."),
        np.load(folder / STATE, allow_pickle=False) as stored,
    ):
        arrays = {name: stored[name] for name in stored.files}
        position = _position(str(arrays["position"]))
        history, before = unpack(arrays, trained)
    if position.model != model_key(trained):
        raise ConfigError(
            f"{folder} belongs to another model, or to another threshold or alarm policy of this one. "
            "Choose another folder."
        )
    _cut(folder, position.lengths)
    return State(position, history, before)


def commit(folder: Path, state: State, lines: Mapping[str, bytes]) -> State:
    """Append lines to the logs and make them count.

    Parameters
    ----------
    folder
        Of the follower.
    state
        After these lines, but for the lengths of the logs.
    lines
        By log.

    Raises
    ------
    RunError
        If the disk is full or cannot be written; then the logs are as before.
    """
    # A folder of an older version does not know every log.
    lengths = dict.fromkeys(LOGS, 0) | dict(state.position.lengths)
    made = {name: lengths[name] + len(lines.get(name, b"")) for name in LOGS}
    position = Position(**{**vars(state.position), "lengths": made})
    try:
        for name, added in lines.items():
            if added:
                _append(folder / name, lengths[name], added)
        _replace_state(folder, State(position, state.history, state.before))
    except OSError as error:
        with ignoring_errors():
            _cut_logs(folder, lengths)
        raise unwritable(folder, error) from error
    return State(position, state.history, state.before)


def write_sent(folder: Path, delivered: int) -> None:
    """Remember how many bytes of the alarms were delivered."""
    draft = folder / f"{SENT}.new"
    with draft.open("w", encoding="utf-8") as file:
        json.dump({"delivered": delivered}, file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(folder / SENT)


def read_sent(folder: Path) -> int:
    """Return how many bytes of the alarms were delivered; of a damaged file none, so that none is lost."""
    try:
        return int(json.loads((folder / SENT).read_text(encoding="utf-8"))["delivered"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def read_position(folder: Path) -> Position | None:
    """Return how far the follower into a folder is; None before its first file.

    Raises
    ------
    RunError
        If its state is damaged.
    """
    if not (folder / STATE).exists():
        return None
    with (
        explain("state", f"the follower in {folder}", "Choose another folder."),
        np.load(folder / STATE, allow_pickle=False) as stored,
    ):
        return _position(str(stored["position"]))


def forgotten(files: Mapping[str, Seen], there: set[str]) -> dict[str, Seen]:
    """Forget files that left the watched folder, all but the last of them."""
    gone = [name for name in files if name not in there]
    drop = set(gone[:-MOST_GONE])
    return {name: seen for name, seen in files.items() if name not in drop}


def _own(name: str) -> bool:
    return name in (*LOGS, SENT, f"{SENT}.new", f"{STATE}.new") or name.startswith(CLAIM)


def _position(text: str) -> Position:
    from pydantic import TypeAdapter

    return TypeAdapter(Position).validate_json(text)


def _replace_state(folder: Path, state: State) -> None:
    arrays = pack(state.history, state.before) | {"position": np.array(dump(state.position))}
    draft = folder / f"{STATE}.new"
    with draft.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(folder / STATE)


def _append(path: Path, length: int, added: bytes) -> None:
    with path.open("r+b" if path.exists() else "w+b") as file:
        file.seek(length)
        file.write(added)
        file.truncate()
        file.flush()
        os.fsync(file.fileno())


def _cut(folder: Path, lengths: Mapping[str, int]) -> None:
    """Cut logs to their committed lengths.

    Raises
    ------
    RunError
        If one is shorter, or cannot be written.
    """
    for name, length in lengths.items():
        path = folder / name
        if (path.stat().st_size if path.exists() else 0) < length:
            raise RunError(
                f"{path} is shorter than what was written to it. Put the file back, or choose another folder."
            )
    try:
        _cut_logs(folder, lengths)
    except OSError as error:
        raise unwritable(folder, error) from error


def _cut_logs(folder: Path, lengths: Mapping[str, int]) -> None:
    for name, length in lengths.items():
        path = folder / name
        if path.exists() and path.stat().st_size > length:
            os.truncate(path, length)
    (folder / f"{STATE}.new").unlink(missing_ok=True)
