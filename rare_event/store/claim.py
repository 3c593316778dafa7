"""One follower for a folder of results: who follows now, and how others are kept out."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from rare_event.errors import ConfigError, RunError
from rare_event.store.processes import alive

CLAIM = "follower-"
# A follower renews its claim so often; one of another computer that has not for so long is taken for dead.
RENEWAL_SECONDS = 10.0
LEASE_SECONDS = 60.0


@dataclass(frozen=True)
class Claimant:
    """A process that follows into a folder.

    Parameters
    ----------
    pid
        Its id.
    host
        Name of its computer; empty for this one.
    """

    pid: int
    host: str = ""

    @property
    def in_words(self) -> str:
        """The process, and its computer if it is another."""
        return f"Process {self.pid} on computer {self.host}" if self.host else f"Process {self.pid}"


class Claim:
    """The claim of this process on a folder, renewed until it is given up.

    Parameters
    ----------
    path
        Its file.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._given_up = path, threading.Event()
        threading.Thread(target=self._renew, name="claim of the follower", daemon=True).start()

    def _renew(self) -> None:
        while not self._given_up.wait(RENEWAL_SECONDS):
            with ignoring_errors():
                os.utime(self._path)

    def require(self) -> None:
        """Stop where another follower has taken over, which removes this claim.

        Raises
        ------
        RunError
            If the file of the claim is gone.
        """
        if not self._path.exists():
            raise RunError(
                f"Another follower took over {self._path.parent}, or its claim was removed: this one had not "
                f"been heard of for {LEASE_SECONDS:.0f} s. It stops here. Look which one follows now."
            )

    def give_up(self) -> None:
        """Let others follow."""
        self._given_up.set()
        with ignoring_errors():
            self._path.unlink(missing_ok=True)


@contextmanager
def claimed(folder: Path) -> Iterator[Claim]:
    """Keep other followers out of a folder while this process follows, also those of other computers.

    Each follower writes a file of its own before it looks for others, so of two that start at once at least
    one sees the other. A follower that was killed leaves its file; the next one finds it dead.

    Raises
    ------
    ConfigError
        If another one is at work.
    RunError
        If the folder cannot be written.
    """
    own = folder / f"{CLAIM}{os.getpid()}-{uuid.uuid4().hex[:8]}.json"
    created = psutil.Process().create_time()
    try:
        folder.mkdir(exist_ok=True)
        own.write_text(json.dumps({"pid": os.getpid(), "created": created, "host": socket.gethostname()}))
        # The time of the disk: clocks of two computers differ.
        now = own.stat().st_mtime
    except (FileNotFoundError, FileExistsError, NotADirectoryError) as error:
        raise ConfigError(
            f"{folder} is not a folder, and none can be created there. Choose another folder."
        ) from error
    except OSError as error:
        own.unlink(missing_ok=True)
        raise unwritable(folder, error) from error
    claim = Claim(own)
    try:
        for other in folder.glob(f"{CLAIM}*.json"):
            if other == own:
                continue
            if claimant := _claimant(other, now):
                raise ConfigError(_refusal(claimant, folder))
            with ignoring_errors():
                if now - other.stat().st_mtime >= LEASE_SECONDS:
                    other.unlink()
        yield claim
    finally:
        claim.give_up()


def _refusal(claimant: Claimant, folder: Path) -> str:
    said = f"{claimant.in_words} already follows into {folder}. Stop it first, or choose another folder."
    if claimant.host:
        said += f" If that computer has stopped, try again in {LEASE_SECONDS:.0f} s."
    return said


def _claimant(claim: Path, now: float) -> Claimant | None:
    """Return the process of a claim that is alive: of this computer by its id, of another by its renewals."""
    try:
        about = json.loads(claim.read_text(encoding="utf-8"))
        pid, created, host = int(about["pid"]), float(about["created"]), str(about.get("host", ""))
        renewed = claim.stat().st_mtime
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        # Half-written: by a process that is killed, or that is about to look for others.
        pid = int(claim.name.removeprefix(CLAIM).split("-")[0])
        return Claimant(pid) if psutil.pid_exists(pid) else None
    if host in ("", socket.gethostname()):
        if alive(pid, created):
            return Claimant(pid)
        claim.unlink(missing_ok=True)
        return None
    return Claimant(pid, host) if now - renewed < LEASE_SECONDS else None


def follower_of(folder: Path) -> Claimant | None:
    """Return the process that follows into a folder; None without one."""
    now = time.time()
    claimants = (_claimant(claim, now) for claim in folder.glob(f"{CLAIM}*.json"))
    return next(filter(None, claimants), None)


def unwritable(folder: Path, error: OSError) -> RunError:
    """Return the sentence for a folder that cannot be written to."""
    return RunError(
        f"{folder} cannot be written to: {error.strerror}. Free some space there and start again: nothing is "
        "lost, and scoring resumes where it stopped."
    )


@contextmanager
def ignoring_errors() -> Iterator[None]:
    """Clean up as far as the disk allows."""
    try:
        yield
    except OSError:
        return
