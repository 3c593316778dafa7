"""Logs of jobs: one line for each phase, in key=value form, with ids, counts and seconds only.

Nothing that comes from a file is logged: no data, no names of columns or files, no sentence that may quote
them. The logger is `rare_event`; it is silent unless `set_up` is called or a handler is added.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from time import perf_counter

from rare_event.errors import Cancelled, ConfigError

LOG = logging.getLogger("rare_event")
VARIABLE = "RARE_EVENT_LOG"
OFF, ON = "off", "info"
# Our own words, ids and the names of exceptions; anything else might come from a file.
SAFE = re.compile(r"[A-Za-z0-9_-]{1,64}")
_job: ContextVar[Mapping[str, str] | None] = ContextVar("job", default=None)


@dataclass
class Outcome:
    """How a job ends, to be corrected by a job that tells it otherwise than by an exception."""

    state: str = "done"


def log(phase: str, **fields: str | float) -> None:
    """Log a phase of the job at hand.

    Parameters
    ----------
    phase
        Its name, one of our own words.
    **fields
        Ids, counts, and seconds with a decimal point. A text that is no id is left out.
    """
    parts = {"phase": phase, **(_job.get() or {}), **fields}
    LOG.info("%s", " ".join(f"{name}={_written(value)}" for name, value in parts.items()))


def _written(value: str | float) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    return str(value) if SAFE.fullmatch(str(value)) else "?"


@contextmanager
def logged_job(**ids: str) -> Iterator[Outcome]:
    """Log when a job begins and how it ends; lines in between carry its ids.

    Parameters
    ----------
    **ids
        What the job works on, such as the id of a run.
    """
    began, outcome = perf_counter(), Outcome()
    token = _job.set({**(_job.get() or {}), **ids})
    error = ""
    log("began")
    try:
        yield outcome
    except BaseException as raised:
        error = type(raised).__name__
        ends = {Cancelled: "cancelled", KeyboardInterrupt: "interrupted"}
        outcome.state = next((state for kind, state in ends.items() if isinstance(raised, kind)), "failed")
        raise
    finally:
        why = {"error": error} if error else {}
        log("ended", state=outcome.state, **why, seconds=perf_counter() - began)
        _job.reset(token)


class _ToStandardError(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes to what is standard error at that time; a line that cannot be written stops nothing."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, above the progress bars if there are any."""
        self.stream = sys.stderr
        # Only a command that draws bars has imported it.
        bars = sys.modules.get("tqdm")
        try:
            with nullcontext() if bars is None else bars.tqdm.external_write_mode(file=sys.stderr):
                super().emit(record)
        except (OSError, ValueError, AttributeError):
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Go on."""


def set_up(level: str | None = None) -> None:
    """Write logs to standard error from now on, in this process and those that it starts.

    Parameters
    ----------
    level
        ``info`` or ``off``; None takes that of the environment variable `RARE_EVENT_LOG`, or ``off``.

    Raises
    ------
    ConfigError
        If it is neither.
    """
    wanted = (level or os.environ.get(VARIABLE) or OFF).lower()
    if wanted not in (OFF, ON):
        raise ConfigError(f"{VARIABLE} is {wanted[:40]!r}. Set it to {ON} or to {OFF}.")
    if level is not None:
        os.environ[VARIABLE] = level
    ours = [handler for handler in LOG.handlers if isinstance(handler, _ToStandardError)]
    if wanted == ON and not ours:
        handler = _ToStandardError()
        form = logging.Formatter("time=%(asctime)sZ level=%(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S")
        form.converter = time.gmtime
        handler.setFormatter(form)
        LOG.addHandler(handler)
        LOG.setLevel(logging.INFO)
    elif wanted == OFF:
        for handler in ours:
            LOG.removeHandler(handler)
            LOG.setLevel(logging.NOTSET)


def set_up_in_worker() -> None:
    """Write logs where the process that started this one does; what it cannot understand turns none on."""
    with suppress(ConfigError):
        set_up()
